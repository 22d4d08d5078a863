/* record: a voice message. Another program listens to the microphone, as it knows the machine's
 * sound; here it becomes Ogg/Opus (RFC 7845), and a file like any other. */
#define _GNU_SOURCE /* pipe2 */
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef EARSHOT_OPUS
#include <opus/opusenc.h>

enum {
	RATE = 48000, /* samples a second, one channel */
	LONGEST_S = 900,
	PART = 960,   /* samples: 20 ms */
	BITS = 24000, /* a second: speech is clear with it */
	LEVELS = 8,
	DRAW_MS = 100,
	TICK_MS = 50,
};

/* What gives raw samples on standard output, best first. */
struct recorder {
	const char *program;
	const char *command; /* for the shell */
};

static const struct recorder recorders[] = {
    {"arecord", "exec arecord -q -t raw -f S16_LE -r 48000 -c 1"},
    {"pw-record", "exec pw-record --raw --format s16 --rate 48000 --channels 1 -"},
    {"ffmpeg", "exec ffmpeg -nostdin -hide_banner -loglevel error -f pulse -i default "
	       "-f s16le -ar 48000 -ac 1 pipe:1"},
};

struct recording {
	struct cli *c;
	const struct recorder *by;
	pid_t pid;
	int sound; /* its output */
	int out;   /* the file */
	int64_t longest_ms;
	int64_t samples;
	char rest[sizeof(int16_t)]; /* the beginning of a sample */
	size_t rest_len;
	int level; /* loudest sample of late */
	uint64_t drawn;
	OggOpusEnc *encoder;
	bool broken; /* the file could not be written */
};

/* ---- the recorder ---- */

static bool
is_in_path(const char *program)
{
	struct buf file = BUF_INIT(4096);
	bool found = false;
	for (const char *at = screen_env("PATH"); at && *at && !found; at += *at == ':') {
		size_t n = strcspn(at, ":");
		buf_clear(&file);
		buf_add(&file, at, n);
		buf_fmt(&file, "/%s", program);
		found = !buf_err(&file) && access(buf_cstr(&file), X_OK) == 0;
		at += n;
	}
	buf_finish(&file);
	return found;
}

static const struct recorder *
find_recorder(void)
{
	for (size_t i = 0; i < ARRAY_LEN(recorders); i++)
		if (is_in_path(recorders[i].program))
			return &recorders[i];
	return NULL;
}

static int
start_recorder(struct recording *r)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r->pid = fork();
	if (r->pid == 0) {
		/* of its own group: Ctrl-C is for us */
		(void)setpgid(0, 0);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", "-c", r->by->command, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	r->sound = ends[0];
	return r->pid < 0 ? -errno : 0;
}

static void
stop_recorder(struct recording *r)
{
	close(r->sound);
	if (r->pid <= 0)
		return;
	(void)kill(r->pid, SIGTERM);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- the file ---- */

static int
on_write(void *ctx, const unsigned char *data, opus_int32 len)
{
	struct recording *r = ctx;
	while (len > 0 && !r->broken) {
		ssize_t n = write(r->out, data, (size_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		r->broken = n < 0;
		data += n > 0 ? n : 0;
		len -= (opus_int32)(n > 0 ? n : 0);
	}
	return r->broken;
}

static int
on_close(void *ctx)
{
	(void)ctx;
	return 0;
}

static int
begin_encoding(struct recording *r)
{
	static const OpusEncCallbacks callbacks = {on_write, on_close};
	int err = 0;
	OggOpusComments *comments = ope_comments_create();
	r->encoder = comments
			 ? ope_encoder_create_callbacks(&callbacks, r, comments, RATE, 1, 0, &err)
			 : NULL;
	if (comments)
		ope_comments_destroy(comments);
	if (!r->encoder)
		return cli_fail(r->c, CLI_ERROR, "The voice message cannot be encoded.");
	(void)ope_encoder_ctl(r->encoder, OPUS_SET_BITRATE(BITS)); /* else it is only bigger */
	(void)ope_encoder_ctl(r->encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	return CLI_OK;
}

/* ---- recording ---- */

static void
draw(struct recording *r)
{
	static const char *const bars[LEVELS] = {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83",
	    "\xe2\x96\x84", "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
	struct buf b = BUF_INIT(SCREEN_MAX);
	int64_t seconds = r->samples / RATE;
	int loud = 0;
	if (!r->c->err.tty || clock_now() < r->drawn + DRAW_MS)
		return;
	for (int level = r->level; level > 128 && loud < LEVELS - 1; level /= 2)
		loud++;
	r->drawn = clock_now();
	r->level = 0;
	buf_char(&b, '\r');
	screen_style(&r->c->err, &b, STYLE_BAD, tr("Recording"));
	buf_fmt(&b, " %" PRId64 ":%02d %s  %s\033[K", seconds / 60, (int)(seconds % 60), bars[loud],
	    tr("Enter sends it, Ctrl-C throws it away"));
	(void)screen_write(&r->c->err, &b);
	buf_finish(&b);
}

/* 1: there may be more; 0: the recorder has ended; negative: an error. */
static int
take_sound(struct recording *r)
{
	int16_t part[PART];
	char *bytes = (char *)part;
	memcpy(bytes, r->rest, r->rest_len); /* a pipe knows no samples: half of one may be over */
	ssize_t n = read(r->sound, bytes + r->rest_len, sizeof(part) - r->rest_len);
	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	size_t len = (size_t)n + r->rest_len;
	int count = (int)(len / sizeof(part[0]));
	r->rest_len = len % sizeof(part[0]);
	memcpy(r->rest, bytes + len - r->rest_len, r->rest_len);
	for (int i = 0; i < count; i++)
		if (abs(part[i]) > r->level)
			r->level = abs(part[i]);
	r->samples += count;
	if (count > 0 && ope_encoder_write(r->encoder, part, count) != OPE_OK)
		return -EIO;
	return n > 0;
}

/* Until Enter, or as long as was wanted. */
static int
record_sound(struct recording *r)
{
	bool typing = isatty(STDIN_FILENO);
	uint64_t until = clock_now() + (uint64_t)r->longest_ms;
	int got = 1;
	while (got > 0 && clock_now() < until) {
		struct pollfd fds[2] = {
		    {r->sound, POLLIN, 0}, {typing ? STDIN_FILENO : -1, POLLIN, 0}};
		if (poll(fds, 2, TICK_MS) < 0 && errno != EINTR)
			return -errno;
		if (fds[0].revents)
			got = take_sound(r);
		if (fds[1].revents) {
			char line[64];
			(void)!read(STDIN_FILENO, line, sizeof(line));
			break;
		}
		draw(r);
	}
	return got < 0 ? got : 0;
}

static int
fill(struct cli *c, int fd, void *ctx)
{
	struct recording *r = ctx;
	r->out = fd;
	int code = begin_encoding(r);
	if (code)
		return code;
	int err = start_recorder(r);
	if (!err)
		err = record_sound(r);
	stop_recorder(r);
	if (!err && r->samples > 0 && ope_encoder_drain(r->encoder) != OPE_OK)
		err = -EIO;
	ope_encoder_destroy(r->encoder);
	cli_quiet(c);
	if (err || r->broken)
		return cli_fail(c, CLI_DISK, "The voice message cannot be kept: %s.",
		    tr_error(err_str(err ? err : -EIO)));
	if (r->samples == 0)
		return cli_fail(
		    c, CLI_ERROR, "%s heard nothing. Is there a microphone?", r->by->program);
	return CLI_OK;
}

static int
take_seconds(struct cli *c, int64_t *ms)
{
	int64_t seconds = LONGEST_S;
	const char *typed = cli_option(c, "seconds");
	if (typed && str_to_int(typed, 1, LONGEST_S, &seconds))
		return cli_usage(
		    c, "\"%s\" is no number of seconds from 1 to %d.", typed, LONGEST_S);
	if (!typed && !isatty(STDIN_FILENO))
		return cli_usage(c, "There is nobody to press Enter: say how many --seconds.");
	*ms = seconds * 1000;
	return CLI_OK;
}

/* Not sent when the daemon cannot be reached: that is known before anybody speaks. */
static int
attach_voice(struct cli *c, struct earshot_value *params)
{
	struct recording r = {.c = c, .by = find_recorder()};
	char name[64];
	time_t now = (time_t)(clock_wall() / 1000);
	struct tm tm;
	int code = take_seconds(c, &r.longest_ms);
	if (code)
		return code;
	if (!r.by)
		return cli_fail(c, CLI_ERROR,
		    "There is no program here that records: arecord, pw-record or ffmpeg.");
	if (!localtime_r(&now, &tm) ||
	    strftime(name, sizeof(name), "voice-%Y-%m-%d-%H%M%S.ogg", &tm) == 0)
		(void)snprintf(name, sizeof(name), "voice.ogg");
	code = attach_made(c, params, name, fill, &r);
	earshot_value_set_int(params, "duration", r.samples * 1000 / RATE);
	earshot_value_set_str(params, "media", "audio/ogg");
	return code;
}

#else

static int
attach_voice(struct cli *c, struct earshot_value *params)
{
	(void)params;
	return cli_fail(
	    c, CLI_ERROR, "This Earshot was built without libopusenc and cannot record.");
}

#endif

int
cmd_record(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct follow *f = NULL;
	struct earshot_value *params = cli_peer(argv[0]), *answer = NULL;
	int code = follow_begin(c, &f);
	if (!code)
		code = attach_voice(c, params);
	if (code) {
		earshot_value_free(params);
		follow_end(f);
		return code;
	}
	code = cli_call(c, "Offering", "send-file", params, &answer);
	if (!code)
		code = follow_one(f, answer);
	earshot_value_free(answer);
	follow_end(f);
	return code;
}
