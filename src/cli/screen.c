#include "cli/screen.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char reset[] = "\033[0m";

static const char *
style_code(enum style style)
{
	switch (style) {
	case STYLE_NAME:
		return "\033[1m";
	case STYLE_DIM:
		return "\033[2m";
	case STYLE_GOOD:
		return "\033[32m";
	case STYLE_WARN:
		return "\033[33m";
	case STYLE_BAD:
		return "\033[31m";
	case STYLE_PLAIN:
		break;
	}
	return "";
}

const char *
screen_env(const char *name)
{
	const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe): never set after start
	return value && *value ? value : NULL;
}

void
screen_measure(struct screen *s)
{
	struct winsize w = {0};
	s->columns = 80;
	s->rows = 24;
	if (s->tty && ioctl(s->fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0) {
		s->columns = w.ws_col;
		s->rows = w.ws_row;
	}
}

void
screen_init(struct screen *s, int fd, bool no_colour)
{
	const char *term = screen_env("TERM");
	const char *refused = screen_env("NO_COLOR"); /* no-color.org */
	*s = (struct screen){.fd = fd};
	s->tty = isatty(fd) && term && strcmp(term, "dumb") != 0;
	s->colour = s->tty && !no_colour && !refused;
	screen_measure(s);
}

void
screen_style(const struct screen *s, struct buf *out, enum style style, const char *text)
{
	bool on = s->colour && style != STYLE_PLAIN && *text;
	if (on)
		buf_str(out, style_code(style));
	buf_str(out, text);
	if (on)
		buf_str(out, reset);
}

int
screen_write(const struct screen *s, struct buf *b)
{
	int err = buf_err(b);
	const char *p = buf_cstr(b);
	size_t left = err ? 0 : b->len;
	while (left > 0) {
		ssize_t n = write(s->fd, p, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = -errno;
			break;
		}
		p += n;
		left -= (size_t)n;
	}
	buf_clear(b);
	return err;
}

/* The part of a line that fits into `room` columns, cut behind the last blank if there is one. */
static size_t
row_length(const char *line, size_t len, size_t room)
{
	size_t n = text_fit(line, len, room);
	if (n == len)
		return n;
	for (size_t i = n; i > 0; i--)
		if (line[i] == ' ')
			return i;
	return n;
}

size_t
screen_wrap(const struct screen *s, struct buf *out, const char *text, size_t column, size_t indent)
{
	size_t rows = 1;
	size_t len = strlen(text);
	if (!s->tty) {
		buf_add(out, text, len);
		buf_char(out, '\n');
		return rows;
	}
	if (indent > s->columns / 2)
		indent = indent > 0; /* never none: a row that is not indented begins a message */
	/* the last column stays free: a full row would leave the cursor in doubt */
	size_t width = s->columns > 1 ? s->columns - 1 : 1;
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;
		size_t room = width > column ? width - column : 0;
		size_t n = row_length(text, line, room);
		if (n == 0 && line > 0 && column <= indent)
			n = line; /* a character wider than the screen: give it to the terminal */
		buf_add(out, text, n);
		while (n < line && text[n] == ' ')
			n++;
		if (n == line && end)
			n++;
		text += n;
		len -= n;
		if (len == 0)
			break;
		buf_fmt(out, "\n%*s", (int)indent, "");
		column = indent;
		rows++;
	}
	buf_char(out, '\n');
	return rows;
}
