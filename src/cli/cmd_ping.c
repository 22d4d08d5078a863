#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "front/words.h"

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
	struct buf peer = words_member(answer, "peer"), ms = BUF_INIT(64);
	words_decimal(&ms, answer_ms(answer));
	if (connect)
		buf_fmt(out, tr("%s took a connection in %s ms"), buf_cstr(&peer), buf_cstr(&ms));
	else
		buf_fmt(out, tr("%s answered in %s ms"), buf_cstr(&peer), buf_cstr(&ms));
	buf_finish(&peer);
	buf_finish(&ms);
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
	long long answered = t->answered, sent = t->sent;
	struct buf least = BUF_INIT(64), mean = BUF_INIT(64), most = BUF_INIT(64);
	words_decimal(&least, t->least);
	words_decimal(&mean, answered > 0 ? t->sum / (double)answered : 0);
	words_decimal(&most, t->most);
	if (answered > 0)
		buf_fmt(&b, tr("%lld of %lld answered; fastest %s, mean %s, slowest %s ms"),
		    answered, sent, buf_cstr(&least), buf_cstr(&mean), buf_cstr(&most));
	else
		buf_fmt(&b, tr("%lld of %lld answered"), answered, sent);
	buf_char(&b, '\n');
	buf_finish(&least);
	buf_finish(&mean);
	buf_finish(&most);
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
