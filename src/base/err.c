#define _GNU_SOURCE /* strerrordesc_np: thread-safe and static, unlike strerror */
#include "base/err.h"

#include <stddef.h>
#include <string.h>

/* libuv's values that are not errno; base links no libuv, the numbers are part of its ABI. */
#define UV_RANGE_MAP(X) \
	X(-4095, "end of file") \
	X(-4094, "unknown error") \
	X(-3000, "address family not supported") \
	X(-3001, "temporary failure of name resolution") \
	X(-3004, "permanent failure of name resolution") \
	X(-3007, "no address for this name") \
	X(-3008, "the name does not exist") \
	X(-3010, "service not available for this socket type")

const char *
err_str(int err)
{
#define ERR_CASE(name, value, text) \
	case name: \
		return text;
#define UV_CASE(value, text) \
	case value: \
		return text;
	switch (err) {
	case 0:
		return "no error";
		ERR_MAP(ERR_CASE)
		UV_RANGE_MAP(UV_CASE)
	default:
		break;
	}
	const char *text = strerrordesc_np(-err);
	return text ? text : "unknown error";
}
