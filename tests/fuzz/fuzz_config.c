/* The configuration file: whatever stands in it, it is read or refused with a sentence, and a value
 * that is used is within its limits. */
#include "base/log.h"
#include "base/utf8.h"
#include "daemon/config.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!begun)
		begin();
	int fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || close(fd) != 0)
		abort();
	char *argv[] = {(char[]){"earshotd"}, (char[]){"--config"}, path, NULL};
	struct config c;
	int err = config_read(&c, 3, argv);
	if (err == CONFIG_OK) {
		if (!c.user || !utf8_valid(buf_cstr(&c.problem), c.problem.len) || c.lifetime < 0)
			abort();
		for (size_t i = 0; i < c.peer_count; i++)
			if (!c.peers[i])
				abort();
	}
	config_finish(&c);
	return 0;
}
