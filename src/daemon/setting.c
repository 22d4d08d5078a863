#include "daemon/setting.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "base/utf8.h"
#include "daemon/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct config, field)

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

const struct setting setting_table[SETTING_COUNT] = {
    {.name = "user.name",
	.type = SETTING_TEXT,
	.most = LIMIT_NICK,
	.now = true,
	.title = TR("Full name"),
	.help =
	    TR("Your full name. Without it, the name you have set, or the one of your account."),
	.others = TR("Everybody on the network sees it, unless privacy.publish_name is no."),
	.offset = AT(full_name)},
    {.name = "user.user",
	.type = SETTING_TEXT,
	.most = 63,
	.title = TR("Name in your address"),
	.help = TR("The part of your address before the @."),
	.others = TR("Everybody on the network sees it."),
	.offset = AT(user)},
    {.name = "network.port",
	.type = SETTING_NUMBER,
	.most = 65535,
	.scale = 1,
	.fallback = "5298",
	.title = TR("Port"),
	.help = TR("The TCP port that others connect to; the next free one if it is taken."),
	.others = TR("Everybody on the network sees it."),
	.offset = AT(port)},
    {.name = "network.mdns",
	.type = SETTING_SWITCH,
	.choices = {"no", "yes"},
	.fallback = "yes",
	.title = TR("Local network"),
	.labels = {TR("No"), TR("Yes")},
	.help = TR("Announce yourself and look for others on the local network."),
	.others = TR("Without it only people at fixed addresses see you."),
	.offset = AT(mdns)},
    {.name = "network.peer",
	.type = SETTING_LIST,
	.title = TR("Fixed addresses"),
	.help = TR("Addresses (HOST:PORT) of people whom no announcement reaches."),
	.others = TR("Those who have these addresses see when you are here."),
	.offset = AT(peers)},
    {.name = "privacy.publish_name",
	.type = SETTING_SWITCH,
	.choices = {"no", "yes"},
	.fallback = "yes",
	.strictest = "no",
	.now = true,
	.title = TR("Tell others your name"),
	.labels = {TR("No"), TR("Yes")},
	.help = TR("Tell others your full name and nickname."),
	.others = TR("Without it others see your address alone."),
	.offset = AT(publish_name)},
    {.name = "privacy.tls",
	.type = SETTING_SWITCH,
	.choices = {"off", "on"},
	.fallback = "on",
	.strictest = "on",
	.by_hand = true,
	.title = TR("Encryption"),
	.labels = {TR("Off"), TR("On")},
	.help = TR(
	    "Encrypt. Without it nobody has a key, and anybody can read and invent what is said."),
	.others = TR("Without it others see you as a program that does not encrypt."),
	.offset = AT(tls)},
    {.name = "privacy.plain",
	.type = SETTING_CHOICE,
	.choices = {"on", "receive", "off"},
	.fallback = "on",
	.strictest = "off",
	.now = true,
	.title = TR("Programs that do not encrypt"),
	.labels = {TR("Talk to them"), TR("Only hear them"), TR("Neither")},
	.help = TR("Programs that do not encrypt: talk to them, only hear them, or neither."),
	.others = TR("Whoever uses such a program sees you in any case, but reaches you only if "
		     "you talk to them or hear them."),
	.offset = AT(policy.plain)},
    {.name = "privacy.strangers",
	.type = SETTING_CHOICE,
	.choices = {"allow", "quiet", "deny"},
	.fallback = "allow",
	.strictest = "deny",
	.now = true,
	.title = TR("Strangers"),
	.labels = {TR("Allow"), TR("Keep quiet"), TR("Deny")},
	.help = TR("People you have neither accepted nor written to: allow them, let them say one "
		   "thing without disturbing you, or deny them to connect."),
	.others =
	    TR("Strangers see you in any case, but if they are denied they cannot reach you."),
	.offset = AT(policy.strangers)},
    {.name = "messages.lifetime",
	.type = SETTING_NUMBER,
	.most = 3650,
	.scale = DAY_MS,
	.fallback = "30",
	.now = true,
	.title = TR("Days until a message is given up"),
	.help = TR("How many days a message is tried that nobody takes; 0 for ever."),
	.offset = AT(lifetime)},
    {.name = "files.folder",
	.type = SETTING_FOLDER,
	.title = TR("Folder for received files"),
	.help = TR("Where received files go. Without it, your download folder."),
	.offset = AT(downloads)},
    {.name = "files.accept",
	.type = SETTING_SWITCH,
	.choices = {"ask", "verified"},
	.fallback = "ask",
	.strictest = "ask",
	.now = true,
	.title = TR("Take files of verified people without asking"),
	.labels = {TR("No"), TR("Yes")},
	.help =
	    TR("Ask about every file, or take those of people you have verified without asking."),
	.offset = AT(files.accept_verified)},
    {.name = "files.accept_size",
	.type = SETTING_SIZE,
	.fallback = "1G",
	.strictest = "0",
	.now = true,
	.title = TR("Largest file taken without asking"),
	.help = TR("The largest file that is taken without asking."),
	.offset = AT(files.accept_size)},
    {.name = "files.accept_daily",
	.type = SETTING_SIZE,
	.fallback = "2G",
	.strictest = "0",
	.now = true,
	.title = TR("Most taken without asking in a day"),
	.help = TR("How much one person may send within a day without your being asked."),
	.offset = AT(files.accept_daily)},
    {.name = "files.limit",
	.type = SETTING_SIZE,
	.fallback = "0",
	.now = true,
	.title = TR("Most bytes a second"),
	.help =
	    TR("How much of the network all files together may use in a second; 0 for no limit."),
	.offset = AT(files.rate)},
    {.name = "files.keep_free",
	.type = SETTING_SIZE,
	.choices = {"auto"},
	.fallback = "auto",
	.now = true,
	.title = TR("Space to leave free"),
	.labels = {TR("Automatic")},
	.help = /* xgettext:no-c-format */ TR(
	    "What receiving files must leave free on the disk. With auto, 5 % of it, and at "
	    "least 1G."),
	.offset = AT(files.keep_free)},
    {.name = "files.old_clients",
	.type = SETTING_SWITCH,
	.choices = {"off", "on"},
	.fallback = "on",
	.strictest = "off",
	.now = true,
	.title = TR("Files with programs that do not encrypt"),
	.labels = {TR("No"), TR("Yes")},
	.help = TR("Files to and from programs that do not encrypt."),
	.offset = AT(files.old_clients)},
    {.name = "log.level",
	.type = SETTING_CHOICE,
	.choices = {"error", "warn", "info", "debug"},
	.fallback = "info",
	.now = true,
	.title = TR("Log"),
	.labels = {TR("Errors"), TR("Warnings"), TR("Normal"), TR("Everything")},
	.help = TR("How much is written to the log. No level writes what people say."),
	.offset = AT(log_level)},
    {.name = "daemon.sandbox",
	.type = SETTING_CHOICE,
	.choices = {"off", "on", "strict"},
	.hidden = 1,
	.fallback = "on",
	.strictest = "on",
	.by_hand = true,
	.title = TR("Sandbox"),
	.labels = {TR("Off"), TR("On"), TR("Strict")},
	.help =
	    TR("Confine the daemon and its helper to what they need, as far as the system can."),
	.offset = AT(sandbox)},
};

const struct setting *
setting_named(const char *name)
{
	for (size_t i = 0; name && i < SETTING_COUNT; i++)
		if (strcmp(setting_table[i].name, name) == 0)
			return &setting_table[i];
	return NULL;
}

const struct setting *
setting_find(const char *section, const char *key)
{
	size_t len = strlen(section);
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *name = setting_table[i].name;
		if (strncmp(name, section, len) == 0 && name[len] == '.' &&
		    strcmp(name + len + 1, key) == 0)
			return &setting_table[i];
	}
	return NULL;
}

size_t
setting_index(const struct setting *s)
{
	return (size_t)(s - setting_table);
}

const char *
setting_split(const struct setting *s, struct buf *section)
{
	const char *dot = strchr(s->name, '.');
	buf_add(section, s->name, (size_t)(dot - s->name));
	return dot + 1;
}

const char *
setting_type_word(enum setting_type type)
{
	static const char *const words[] = {[SETTING_TEXT] = "text",
	    [SETTING_CHOICE] = "choice",
	    [SETTING_SWITCH] = "switch",
	    [SETTING_NUMBER] = "number",
	    [SETTING_SIZE] = "size",
	    [SETTING_FOLDER] = "folder",
	    [SETTING_LIST] = "list"};
	return words[type];
}

/* ---- values ---- */

/* 1: yes, 0: no, negative: neither. */
static int
bool_word(const char *value)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
	for (int i = 0; i < (int)ARRAY_LEN(words); i++)
		if (strcmp(value, words[i]) == 0)
			return i % 2;
	return -EINVAL;
}

/* The place among the choices, of what may be another word for yes or no. Negative: none. */
static int
find_choice(const struct setting *s, const char *value)
{
	int on = bool_word(value);
	for (int i = 0; i < (int)ARRAY_LEN(s->choices) && s->choices[i]; i++)
		if (strcmp(s->choices[i], value) == 0)
			return i;
	for (int i = 0; on >= 0 && i < (int)ARRAY_LEN(s->choices) && s->choices[i]; i++)
		if (bool_word(s->choices[i]) == on)
			return i;
	return -EINVAL;
}

/* Bytes: a whole number, perhaps with K, M, G or T behind it, perhaps followed by B or iB. */
static int
parse_size(const char *value, uint64_t *out)
{
	static const char units[] = "KMGT";
	char digits[24];
	size_t len = strspn(value, "0123456789");
	int64_t n;
	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, value, len);
	digits[len] = '\0';
	const char *unit = value + len + strspn(value + len, " ");
	const char *at = *unit ? strchr(units, *unit & ~0x20) : NULL;
	unsigned shift = at ? 10 * (unsigned)(at - units + 1) : 0;
	unit += at != NULL;
	if (*unit && strcmp(unit, "B") != 0 && (!at || strcmp(unit, "iB") != 0))
		return -EINVAL;
	int err = str_to_int(digits, 0, INT64_MAX >> shift, &n);
	if (!err)
		*out = (uint64_t)n << shift;
	return err;
}

static size_t
count_words(const char *value)
{
	size_t count = 0;
	for (const char *p = value + strspn(value, " \t"); *p; p += strspn(p, " \t")) {
		p += strcspn(p, " \t");
		count++;
	}
	return count;
}

static void
add_words(struct buf *out, const char *value)
{
	const char *gap = "";
	for (const char *p = value + strspn(value, " \t"); *p; p += strspn(p, " \t")) {
		size_t len = strcspn(p, " \t");
		buf_str(out, gap);
		buf_add(out, p, len);
		gap = " ";
		p += len;
	}
}

int
setting_clean(const struct setting *s, const char *value, struct buf *out)
{
	int64_t number;
	uint64_t bytes;
	if (!utf8_valid(value, strlen(value)))
		return -EILSEQ;
	int choice = find_choice(s, value), err = 0;
	switch (s->type) {
	case SETTING_CHOICE:
	case SETTING_SWITCH:
		if (choice < 0)
			return -EINVAL;
		buf_str(out, s->choices[choice]);
		return buf_err(out);
	case SETTING_NUMBER:
		err = str_to_int(value, s->least, s->most, &number);
		break;
	case SETTING_SIZE:
		err = choice >= 0 && s->choices[0] ? 0 : parse_size(value, &bytes);
		break;
	case SETTING_FOLDER: /* of the daemon's own choosing nothing is relative */
		err = value[0] == '/' ? 0 : -EINVAL;
		break;
	case SETTING_LIST:
		if (count_words(value) > LIMIT_FIXED_PEERS)
			return -EINVAL;
		add_words(out, value);
		return buf_err(out);
	case SETTING_TEXT:
		err = !*value || (s->most && strlen(value) > (size_t)s->most) ? -EINVAL : 0;
		break;
	}
	if (err)
		return err;
	buf_str(out, value);
	return buf_err(out);
}

static int
take_list(const char *value, char ***list, size_t *count)
{
	for (const char *p = value; *p;) {
		size_t len = strcspn(p, " ");
		if (*count == LIMIT_FIXED_PEERS)
			return ERR_TOO_BIG;
		char **grown = realloc(*list, (*count + 1) * sizeof(char *));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		(*list)[*count] = strndup(p, len);
		if (!(*list)[*count])
			return -ENOMEM;
		++*count;
		p += len + (p[len] == ' ');
	}
	return 0;
}

int
setting_take(const struct setting *s, const char *value, struct config *c)
{
	void *at = (char *)c + s->offset;
	int64_t number = 0;
	switch (s->type) {
	case SETTING_TEXT:
	case SETTING_FOLDER:
		return str_replace(at, value);
	case SETTING_LIST:
		return value ? take_list(value, &c->peers, &c->peer_count) : 0;
	case SETTING_CHOICE:
		*(unsigned *)at = (unsigned)find_choice(s, value);
		return 0;
	case SETTING_SWITCH:
		*(bool *)at = find_choice(s, value) == 1;
		return 0;
	case SETTING_NUMBER:
		(void)!str_to_int(value, s->least, s->most, &number);
		*(int64_t *)at = number * s->scale;
		return 0;
	case SETTING_SIZE:
		*(uint64_t *)at = POLICY_KEEP_FREE_DEFAULT;
		return s->choices[0] && strcmp(value, s->choices[0]) == 0 ? 0
									  : parse_size(value, at);
	}
	return 0;
}

/* The file is read by lines that are not too long, blanks at both ends of a value go, and a
 * semicolon behind a blank begins a remark. */
static bool
is_writable(const char *value, size_t len)
{
	if (len > SETTING_VALUE_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];
		bool blank_before = i == 0 || value[i - 1] == ' ';
		if (c < ' ' || c == 0x7f || (c == ';' && blank_before))
			return false;
	}
	return len == 0 || (value[0] != ' ' && value[len - 1] != ' ');
}

bool
setting_is_writable(const struct setting *s, const char *value)
{
	if (s->type != SETTING_LIST)
		return is_writable(value, strlen(value));
	for (const char *p = value; *p;) {
		size_t len = strcspn(p, " ");
		if (!is_writable(p, len))
			return false;
		p += len + (p[len] == ' ');
	}
	return true;
}
