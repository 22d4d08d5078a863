/* The configuration file: whatever stands in it, it is read or refused with a sentence, and a value
 * that is used is within its limits. What is changed in it is read afterwards, and nothing else is
 * another. */
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/utf8.h"
#include "daemon/config.h"
#include "daemon/ini_edit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char path[] = "/tmp/fuzz-config-XXXXXX";
static bool begun;

static void
remove_file(void)
{
	(void)unlink(path);
}

static void
begin(void)
{
	int fd = mkstemp(path);
	if (fd < 0 || atexit(remove_file) != 0)
		abort();
	(void)close(fd);
	log_set_level(LOG_ERROR);
	begun = true;
}

static int
read_config(struct config *c)
{
	char *argv[] = {(char[]){"earshotd"}, (char[]){"--config"}, path, (char[]){"--site"},
	    (char[]){"/nonexistent"}, NULL};
	return config_read(c, 5, argv);
}

/* inih cuts longer lines in two, and ends them at a NUL. */
static bool
is_ordinary(const uint8_t *data, size_t len)
{
	size_t line = 0;
	for (size_t i = 0; i < len; i++) {
		line = data[i] == '\n' ? 0 : line + 1;
		if (line > 190 || !data[i])
			return false;
	}
	return true;
}

static void
change(const uint8_t *data, size_t len, const struct config *before)
{
	static const struct setting *wanted;
	const char *value = "x-y";
	struct buf text = BUF_INIT(1 << 20);
	struct config c;
	unsigned line;
	wanted = setting_named("user.user");
	if (ini_edit((const char *)data, len, "user", "user", &value, 1, &text, &line) ||
	    file_write(path, buf_cstr(&text), text.len) || read_config(&c) != CONFIG_OK)
		abort();
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *s = &setting_table[i];
		if (!str_equal(config_value(&c, s), s == wanted ? value : config_value(before, s)))
			abort();
	}
	if (c.words[setting_index(wanted)][CONFIG_USER].line != line)
		abort();
	config_finish(&c);
	buf_finish(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!begun)
		begin();
	int fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) != 0)
		abort();
	struct config c;
	int err = read_config(&c);
	if (err == CONFIG_OK) {
		if (!c.user || !utf8_valid(buf_cstr(&c.problem), c.problem.len) || c.lifetime < 0)
			abort();
		for (size_t i = 0; i < c.peer_count; i++)
			if (!c.peers[i])
				abort();
		if (is_ordinary(data, len))
			change(data, len, &c);
	}
	config_finish(&c);
	return 0;
}
