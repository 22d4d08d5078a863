#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/stamp.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_LIMIT = 2048, LINE_LIMIT = 5 * TEXT_LIMIT };

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static atomic_int threshold = LOG_INFO;

void
log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

int
log_level_parse(const char *name, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (strcmp(level_names[i], name) == 0) {
			*out = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Inside quotes: nothing can end the string, start a line or move a terminal's cursor.
 * Bytes above 0x7f are shown as they are only if no C1 control can hide in them, so they are
 * escaped too: a log is read with tools that do not agree on encodings. */
static void
add_quoted(struct buf *b, const char *s)
{
	buf_char(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_fmt(b, "\\x%02x", c);
		else
			buf_char(b, (char)c);
	}
	buf_char(b, '"');
}

/* "src/stream/engine.c" -> "stream" */
static void
add_module(struct buf *b, const char *file)
{
	const char *end = strrchr(file, '/');
	const char *start = end;
	while (start && start > file && start[-1] != '/')
		start--;
	if (end)
		buf_add(b, start, (size_t)(end - start));
	else
		buf_str(b, file);
}

void
log_write(enum log_level level, const char *file, const char *peer, const char *fmt, ...)
{
	if ((int)level > atomic_load(&threshold))
		return;
	struct buf text = BUF_INIT(TEXT_LIMIT), line = BUF_INIT(LINE_LIMIT);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&text, fmt, ap);
	va_end(ap);

	char stamp[STAMP_SIZE];
	stamp_write(stamp, clock_wall());
	buf_fmt(&line, "%s level=%s module=", stamp, level_names[level]);
	add_module(&line, file);
	if (peer) {
		buf_str(&line, " peer=");
		add_quoted(&line, peer);
	}
	buf_str(&line, " msg=");
	add_quoted(&line, buf_err(&text) ? "(a line too long to log)" : buf_cstr(&text));
	buf_char(&line, '\n');
	if (!buf_err(&line))
		(void)!write(STDERR_FILENO, line.data, line.len);
	buf_finish(&text);
	buf_finish(&line);
}
