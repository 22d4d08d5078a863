#include "doctor/system_files.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE = 512 };

/* The next line without its end, cut to `size`; false: there is none. */
static bool
next_line(const char **at, char *line, size_t size)
{
	if (!**at)
		return false;
	size_t len = strcspn(*at, "\n"), kept = len < size - 1 ? len : size - 1;
	memcpy(line, *at, kept);
	line[kept] = '\0';
	*at += len + ((*at)[len] == '\n');
	return true;
}

static char *
trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	size_t len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

/* "key = value", or NULL: another line. Quotation marks around the value go. */
static char *
value_in(char *line, const char *key)
{
	char *at = trim(line);
	size_t len = strlen(key);
	if (*at == '#' || *at == ';' || strncasecmp(at, key, len) != 0)
		return NULL;
	at = trim(at + len);
	if (*at != '=')
		return NULL;
	at = trim(at + 1);
	len = strlen(at);
	if (len >= 2 && (*at == '"' || *at == '\'') && at[len - 1] == *at) {
		at[len - 1] = '\0';
		at++;
	}
	return at;
}

/* ---- ufw ---- */

static bool
shell_value(const char *text, const char *key, char *out, size_t size)
{
	char line[LINE];
	bool found = false;
	while (next_line(&text, line, sizeof(line))) {
		const char *value = value_in(line, key);
		if (value)
			found = str_copy(out, size, value) == 0;
	}
	return found;
}

bool
ufw_is_on(const char *text)
{
	char value[32];
	return shell_value(text, "ENABLED", value, sizeof(value)) && strcasecmp(value, "yes") == 0;
}

bool
ufw_denies_input(const char *text)
{
	char value[32];
	return !shell_value(text, "DEFAULT_INPUT_POLICY", value, sizeof(value)) ||
	       strcasecmp(value, "ACCEPT") != 0;
}

/* "5298", "5298:5307", "22,5298" */
static bool
holds_port(const char *list, uint16_t port)
{
	while (*list) {
		char one[32];
		size_t len = strcspn(list, ",");
		int low = 0, high = 0;
		(void)snprintf(one, sizeof(one), "%.*s", (int)(len < 31 ? len : 31), list);
		// NOLINTNEXTLINE(cert-err34-c): what is no number is no port of ours
		int n = sscanf(one, "%d:%d", &low, &high);
		if (n >= 1 && port >= low && port <= (n == 2 ? high : low))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

/* ### tuple ### allow tcp 5298 0.0.0.0/0 any 0.0.0.0/0 in */
bool
ufw_allows_tcp(const char *text, uint16_t port)
{
	char line[LINE];
	while (next_line(&text, line, sizeof(line))) {
		char action[16], proto[16], ports[128];
		if (sscanf(line, "### tuple ### %15s %15s %127s", action, proto, ports) != 3)
			continue;
		if (strncmp(action, "allow", 5) != 0 && strncmp(action, "limit", 5) != 0)
			continue;
		if ((str_equal(proto, "tcp") || str_equal(proto, "any")) &&
		    (str_equal(ports, "any") || holds_port(ports, port)))
			return true;
	}
	return false;
}

/* ---- firewalld ---- */

/* "5298-5307/tcp" holds "5298/tcp"; other words are the same or not. */
static bool
range_holds(const char *range, const char *word)
{
	int low, high, port;
	char proto[8], wanted[8];
	if (str_equal(range, word))
		return true;
	/* NOLINTBEGIN(cert-err34-c): what is no number is no port */
	return sscanf(range, "%d-%d/%7s", &low, &high, proto) == 3 &&
	       sscanf(word, "%d/%7s", &port, wanted) == 2 && str_equal(proto, wanted) &&
	       port >= low && port <= high;
	/* NOLINTEND(cert-err34-c) */
}

bool
firewalld_has(const char *text, const char *key, const char *word)
{
	char line[4096];
	size_t len = strlen(key);
	while (next_line(&text, line, sizeof(line))) {
		char *at = trim(line), *rest = NULL;
		if (strncmp(at, key, len) != 0 || at[len] != ':')
			continue;
		for (char *one = strtok_r(at + len + 1, " ", &rest); one;
		     one = strtok_r(NULL, " ", &rest))
			if (range_holds(one, word))
				return true;
	}
	return false;
}

/* ---- [section] key=value ---- */

bool
ini_value(const char *text, const char *section, const char *key, char *out, size_t size)
{
	char line[LINE], here[64] = "";
	bool found = false;
	while (next_line(&text, line, sizeof(line))) {
		char *at = trim(line);
		if (*at == '[') {
			size_t len = strcspn(at + 1, "]");
			(void)snprintf(
			    here, sizeof(here), "%.*s", (int)(len < 63 ? len : 63), at + 1);
			continue;
		}
		const char *value = strcasecmp(here, section) == 0 ? value_in(at, key) : NULL;
		if (value)
			found = str_copy(out, size, value) == 0;
	}
	return found;
}

bool
ini_list_has(const char *list, const char *word)
{
	size_t wanted = strlen(word);
	while (*list) {
		list += strspn(list, ", \t");
		size_t len = strcspn(list, ", \t");
		if (len == wanted && len && strncmp(list, word, len) == 0)
			return true;
		list += len;
	}
	return false;
}

bool
ini_yes(const char *value)
{
	return strchr("yYtT1", value[0]) && value[0];
}

/* ---- /proc/net/udp ---- */

size_t
udp_sockets(const char *text, uint16_t port, struct udp_socket *out, size_t max)
{
	char line[LINE], address[40];
	size_t count = 0;
	while (count < max && next_line(&text, line, sizeof(line))) {
		unsigned local, uid;
		unsigned long long inode;
		/* sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode */
		// NOLINTNEXTLINE(cert-err34-c): the kernel wrote it; other lines do not fit
		int n = sscanf(line, " %*u: %39[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %u %*s %llu",
		    address, &local, &uid, &inode);
		if (n != 4 || local != port)
			continue;
		out[count++] = (struct udp_socket){
		    .inode = inode, .uid = uid, .any = strspn(address, "0") == strlen(address)};
	}
	return count;
}

/* ---- /proc/PID/status ---- */

int64_t
status_uid(const char *text)
{
	char line[LINE];
	unsigned real;
	while (next_line(&text, line, sizeof(line)))
		// NOLINTNEXTLINE(cert-err34-c): likewise
		if (sscanf(line, "Uid: %u", &real) == 1)
			return real;
	return -1;
}

/* ---- names ---- */

unsigned
renamed(const char *now, const char *wanted)
{
	size_t len = strlen(wanted);
	int64_t number;
	if (str_casecmp(now, wanted) == 0)
		return 1;
	if (len && strncasecmp(now, wanted, len) == 0 && now[len] == '-' &&
	    str_to_int(now + len + 1, 2, 1000000, &number) == 0)
		return (unsigned)number;
	return 0;
}
