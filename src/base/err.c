#define _GNU_SOURCE /* strerrordesc_np: thread-safe and static, unlike strerror */
#include "base/err.h"

#include "base/tr.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* libuv's values that are not errno; base links no libuv, the numbers are part of its ABI. */
#define UV_RANGE_MAP(UV_TEXT) \
	UV_TEXT(-4095, "end of file") \
	UV_TEXT(-4094, "unknown error") \
	UV_TEXT(-3000, "address family not supported") \
	UV_TEXT(-3001, "temporary failure of name resolution") \
	UV_TEXT(-3004, "permanent failure of name resolution") \
	UV_TEXT(-3007, "no address for this name") \
	UV_TEXT(-3008, "the name does not exist") \
	UV_TEXT(-3010, "service not available for this socket type")

/* As glibc says it: here so that translators find what people meet. */
#define SYSTEM_MAP(SYSTEM_TEXT) \
	SYSTEM_TEXT(-EPERM, "Operation not permitted") \
	SYSTEM_TEXT(-ENOENT, "No such file or directory") \
	SYSTEM_TEXT(-EINTR, "Interrupted system call") \
	SYSTEM_TEXT(-EIO, "Input/output error") \
	SYSTEM_TEXT(-EAGAIN, "Resource temporarily unavailable") \
	SYSTEM_TEXT(-ENOMEM, "Cannot allocate memory") \
	SYSTEM_TEXT(-EACCES, "Permission denied") \
	SYSTEM_TEXT(-EBUSY, "Device or resource busy") \
	SYSTEM_TEXT(-EEXIST, "File exists") \
	SYSTEM_TEXT(-ENOTDIR, "Not a directory") \
	SYSTEM_TEXT(-EISDIR, "Is a directory") \
	SYSTEM_TEXT(-EINVAL, "Invalid argument") \
	SYSTEM_TEXT(-ENFILE, "Too many open files in system") \
	SYSTEM_TEXT(-EMFILE, "Too many open files") \
	SYSTEM_TEXT(-EFBIG, "File too large") \
	SYSTEM_TEXT(-ENOSPC, "No space left on device") \
	SYSTEM_TEXT(-EROFS, "Read-only file system") \
	SYSTEM_TEXT(-EPIPE, "Broken pipe") \
	SYSTEM_TEXT(-ENAMETOOLONG, "File name too long") \
	SYSTEM_TEXT(-ELOOP, "Too many levels of symbolic links") \
	SYSTEM_TEXT(-ENOTSUP, "Operation not supported") \
	SYSTEM_TEXT(-EPROTO, "Protocol error") \
	SYSTEM_TEXT(-EMSGSIZE, "Message too long") \
	SYSTEM_TEXT(-EADDRINUSE, "Address already in use") \
	SYSTEM_TEXT(-EADDRNOTAVAIL, "Cannot assign requested address") \
	SYSTEM_TEXT(-ENETDOWN, "Network is down") \
	SYSTEM_TEXT(-ENETUNREACH, "Network is unreachable") \
	SYSTEM_TEXT(-ECONNABORTED, "Software caused connection abort") \
	SYSTEM_TEXT(-ECONNRESET, "Connection reset by peer") \
	SYSTEM_TEXT(-ENOTCONN, "Transport endpoint is not connected") \
	SYSTEM_TEXT(-ETIMEDOUT, "Connection timed out") \
	SYSTEM_TEXT(-ECONNREFUSED, "Connection refused") \
	SYSTEM_TEXT(-EHOSTDOWN, "Host is down") \
	SYSTEM_TEXT(-EHOSTUNREACH, "No route to host") \
	SYSTEM_TEXT(-EDQUOT, "Disk quota exceeded") \
	SYSTEM_TEXT(-ECANCELED, "Operation canceled") \
	SYSTEM_TEXT(-ENOBUFS, "No buffer space available")

const char *
err_str(int err)
{
#define ERR_CASE(name, value, text) \
	case name: \
		return text;
#define PLAIN_CASE(value, text) \
	case value: \
		return text;
	switch (err) {
	case 0:
		return TR("no error");
		ERR_MAP(ERR_CASE)
		UV_RANGE_MAP(PLAIN_CASE)
		SYSTEM_MAP(PLAIN_CASE)
	default:
		break;
	}
	const char *text = strerrordesc_np(-err);
	return text ? text : TR("unknown error");
}
