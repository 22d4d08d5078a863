#include "mdns/names.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { USER_LEAST = 16, SUFFIX_SIZE = 12 }; /* bytes a long host leaves to the user */

void
names_instance(char out[NAMES_SIZE], const char *user, unsigned n, const char *host)
{
	char suffix[SUFFIX_SIZE] = "";
	if (n > 1)
		(void)snprintf(suffix, sizeof(suffix), "-%u", n);
	size_t suffix_len = strlen(suffix), user_len = strlen(user), host_len = strlen(host);
	size_t room = LIMIT_INSTANCE_NAME - 1 - suffix_len; /* 1: the @ */
	size_t least = user_len < USER_LEAST ? user_len : USER_LEAST;
	host_len = utf8_cut(host, host_len, room - least);
	user_len = utf8_cut(user, user_len, room - host_len);
	memcpy(out, user, user_len);
	memcpy(out + user_len, suffix, suffix_len);
	out[user_len + suffix_len] = '@';
	memcpy(out + user_len + suffix_len + 1, host, host_len);
	out[user_len + suffix_len + 1 + host_len] = '\0';
}
