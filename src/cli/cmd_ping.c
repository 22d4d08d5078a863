#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

#include <inttypes.h>

enum { PINGS = 3, PINGS_MAX = 100000, PAUSE_MS = 1000 };

struct tally {
	int64_t sent, answered;
	double least, most, sum; /* ms */
};

static void
count(struct tally *t, double ms)
{
	if (t->answered == 0 || ms < t->least)
		t->least = ms;
	if (t->answered == 0 || ms > t->most)
		t->most = ms;
	t->sum += ms;
	t->answered++;
}

static double
answer_ms(const struct earshot_value *answer)
{
	double ms = earshot_value_real(answer, "ms", -1);
	int64_t whole = earshot_value_int(answer, "ms", 0);
	return ms < 0 ? (double)whole : ms; /* a whole number has no fraction in JSON */
}

void
ping_words(struct buf *out, const struct earshot_value *answer)
{
	bool connect = str_equal(earshot_value_str(answer, "how"), "connect");
	words_str(out, answer, "peer");
	buf_fmt(out, " %s %.1f ms", connect ? "took a connection in" : "answered in",
	    answer_ms(answer));
}

static int
print_answer(struct cli *c, struct tally *t, const struct earshot_value *answer)
{
	count(t, answer_ms(answer));
	if (c->json)
		return cli_print_json(c, answer);
	struct buf b = BUF_INIT(WORDS_MAX);
	ping_words(&b, answer);
	buf_char(&b, '\n');
	return cli_print(c, &b);
}

static int
print_tally(struct cli *c, const struct tally *t)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	buf_fmt(&b, "%" PRId64 " of %" PRId64 " answered", t->answered, t->sent);
	if (t->answered > 0)
		buf_fmt(&b, "; fastest %.1f, mean %.1f, slowest %.1f ms", t->least,
		    t->sum / (double)t->answered, t->most);
	buf_str(&b, "\n");
	return cli_print(c, &b);
}

int
cmd_ping(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct tally t = {0};
	int64_t wanted = PINGS;
	const char *given = cli_option(c, "count");
	if (given && str_to_int(given, 1, PINGS_MAX, &wanted))
		return cli_usage(c, "\"%s\" is not a number from 1 to %d.", given, PINGS_MAX);
	int code = CLI_OK, failed = CLI_OK;
	while (t.sent < wanted && !code) {
		struct earshot_value *answer = NULL;
		if (t.sent > 0)
			code = cli_pause(c, NULL, PAUSE_MS);
		if (code)
			return code;
		t.sent++;
		code = cli_call(c, "Waiting for the answer", "ping", cli_peer(argv[0]), &answer);
		if (!code)
			code = print_answer(c, &t, answer);
		else if (code == CLI_NO_ANSWER && c->link) {
			failed = code; /* told; the next may get through */
			code = CLI_OK;
		}
		earshot_value_free(answer);
	}
	if (!code && !c->json && wanted > 1)
		code = print_tally(c, &t);
	if (code)
		return code;
	return t.answered > 0 ? CLI_OK : failed;
}
