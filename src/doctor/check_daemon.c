/* Whether the daemon runs, and how it says it does. */
#include "base/paths.h"
#include "base/str.h"
#include "doctor/exam.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_TAIL = 64 * 1024, RESTARTS_MANY = 3, LOG_LINE = 300 };

/* ---- its log ---- */

struct log_tail {
	struct buf text;
	size_t errors;
	const char *last; /* the last line that tells of an error */
	size_t last_len;
};

/* Lines look like "2026-11-26T07:00:00.123Z level=error module=stream ...". */
static bool
is_error(const char *line, size_t len)
{
	static const char mark[] = " level=error ";
	const char *blank = memchr(line, ' ', len);
	size_t left = blank ? len - (size_t)(blank - line) : 0;
	return left >= sizeof(mark) - 1 && memcmp(blank, mark, sizeof(mark) - 1) == 0;
}

static void
read_log(struct log_tail *t, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	t->text = BUF_INIT(LOG_TAIL);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (st.st_size > LOG_TAIL)
			(void)lseek(fd, -LOG_TAIL, SEEK_END);
		char *room = buf_reserve(&t->text, LOG_TAIL);
		ssize_t n = room ? read(fd, room, LOG_TAIL) : 0;
		if (n > 0)
			buf_grew(&t->text, (size_t)n);
	}
	(void)close(fd);
	const char *at = buf_cstr(&t->text), *end = at + t->text.len;
	/* only what this run of it has said */
	for (const char *next = at; (next = strstr(next, ", process ")); next++)
		at = next;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		if (is_error(at, len)) {
			t->errors++;
			t->last = at;
			t->last_len = len;
		}
		at += len + 1;
	}
}

static void
check_log(struct exam *e, const char *path)
{
	struct log_tail t = {0};
	if (str_empty(path))
		return;
	read_log(&t, path);
	if (t.errors) {
		char line[LOG_LINE];
		size_t len = t.last_len < sizeof(line) - 1 ? t.last_len : sizeof(line) - 1;
		memcpy(line, t.last, len);
		line[len] = '\0';
		found(e, DOCTOR_NOTE, "log-errors",
		    tr_n("Since it started the daemon has logged %zu error; the last: %s",
			"Since it started the daemon has logged %zu errors; the last: %s",
			t.errors),
		    t.errors, line);
		remedy(e, tr("Read its log: %s"), path);
		earshot_value_set_int(evidence(e), "errors", (int64_t)t.errors);
		earshot_value_set_str(evidence(e), "log", path);
	}
	buf_finish(&t.text);
}

/* ---- it does not run ---- */

static void
tell_failure(struct exam *e, int err)
{
	const char *sentence = earshot_strerror(err);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
	const char *user = e->root ? getenv("SUDO_USER") : NULL;
	if (err == EARSHOT_ERR_NOT_RUNNING && user) {
		found(e, DOCTOR_UNKNOWN, "daemon-unasked",
		    tr("With sudo the network and the firewall are looked at, and not the Earshot "
		       "of "
		       "%s."),
		    user);
		remedy(e, tr("For that:"));
		command(e, "earshot doctor");
		return;
	}
	switch (err) {
	case EARSHOT_ERR_NOT_RUNNING:
		found(e, DOCTOR_PROBLEM, "daemon-stopped",
		    tr("Earshot does not run, so nobody sees you and you see nobody."));
		remedy(e, tr("Start it."));
		command(e, "earshot daemon start");
		break;
	case EARSHOT_ERR_LOCKED:
		found(e, DOCTOR_PROBLEM, "daemon-locked",
		    tr("Earshot waits for the passphrase of your key."));
		remedy(e, tr("Unlock it."));
		command(e, "earshot id unlock");
		break;
	case EARSHOT_ERR_PROTOCOL:
		found(e, DOCTOR_PROBLEM, "daemon-version",
		    tr("The daemon that runs is of another version than this program."));
		remedy(e, tr("Start it anew."));
		command(e, "earshot daemon stop; earshot daemon start");
		break;
	case EARSHOT_ERR_REFUSED:
		found(e, DOCTOR_PROBLEM, "daemon-refused",
		    tr("The daemon's socket belongs to another user."));
		remedy(e, tr("Run this as the user the daemon runs as, without sudo."));
		break;
	default:
		found(e, DOCTOR_PROBLEM, "daemon-unreachable",
		    tr("The daemon does not answer as it should: %s"), sentence);
		remedy(e, tr("Start it anew."));
		command(e, "earshot daemon stop; earshot daemon start");
		break;
	}
	char *log = NULL;
	if (paths_get(PATHS_STATE, "earshotd.log", &log) == 0 && access(log, R_OK) == 0)
		earshot_value_set_str(evidence(e), "log", log);
	free(log);
}

/* ---- it runs ---- */

static void
check_helper(struct exam *e)
{
	const char *discovery = earshot_value_str(e->status, "discovery");
	const char *problem = earshot_value_str(e->status, "problem");
	int64_t restarts = earshot_value_int(e->status, "helper_restarts", 0);
	bool network = earshot_value_bool(e->status, "network", true);
	if (str_equal(discovery, "failed")) {
		found(e, DOCTOR_PROBLEM, "discovery-failed",
		    tr("The helper that looks for people does not work: %s"),
		    str_empty(problem) ? tr("it says nothing more.") : problem);
		remedy(e, tr("Start the daemon anew; if that does not help, see its log."));
		command(e, "earshot daemon stop; earshot daemon start");
	} else if (!str_empty(problem) && network) {
		found(e, DOCTOR_WARNING, "daemon-problem", tr("The daemon says: %s"), problem);
	}
	if (restarts >= RESTARTS_MANY) {
		found(e, DOCTOR_WARNING, "helper-restarts",
		    tr_n("The helper that looks for people has ended and was started again %lld "
			 "time.",
			"The helper that looks for people has ended and was started again %lld "
			"times.",
			(unsigned long)restarts),
		    (long long)restarts);
		remedy(e, tr("See the daemon's log for why; avahi-daemon may be ending, too."));
		earshot_value_set_int(evidence(e), "restarts", restarts);
	}
}

static void
check_state(struct exam *e)
{
	const char *sandbox = earshot_value_str(e->status, "sandbox");
	int64_t used = earshot_value_int(e->state, "files", 0);
	int64_t limit = earshot_value_int(e->state, "files_limit", 0);
	if (str_equal(sandbox, "none") || str_equal(sandbox, "off")) {
		found(e, DOCTOR_NOTE, "sandbox-none",
		    str_equal(sandbox, "off")
			? tr("The daemon is not confined, as its settings say.")
			: tr("This system cannot confine the daemon (Landlock, seccomp)."));
		earshot_value_set_str(evidence(e), "sandbox", sandbox);
	}
	if (limit && (limit < 256 || used * 10 > limit * 9)) {
		found(e, DOCTOR_WARNING, "few-files",
		    tr("The daemon may have %lld files and connections open at once, and has "
		       "%lld."),
		    (long long)limit, (long long)used);
		remedy(e, tr("Raise the limit of open files (ulimit -n, LimitNOFILE=)."));
		earshot_value_set_int(evidence(e), "limit", limit);
	}
}

void
check_daemon(struct exam *e)
{
	int err = earshot_connect(e->wish->socket, "earshot doctor", 0, &e->link);
	if (err)
		e->link = NULL;
	struct exam_call calls[] = {
	    {.method = "daemon.status"}, {.method = "who"}, {.method = "doctor.state"}};
	if (!err) {
		exam_calls(e, calls, ARRAY_LEN(calls), EXAM_CALL_MS);
		err = calls[0].err;
		if (err == EARSHOT_ERR_FAILED &&
		    str_equal(earshot_error_reason(calls[0].answer), "locked"))
			err = EARSHOT_ERR_LOCKED;
		struct earshot_value **slots[] = {&e->status, &e->who, &e->state};
		for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
			if (!calls[i].err)
				*slots[i] = calls[i].answer;
			else
				earshot_value_free(calls[i].answer);
		}
	}
	if (err) {
		tell_failure(e, err);
		return;
	}
	/* one that was installed over a running one is not in use yet */
	const char *version = earshot_value_str(e->status, "version");
	if (!str_equal(version, EARSHOT_VERSION)) {
		found(e, DOCTOR_WARNING, "daemon-version",
		    tr("The daemon that runs is version %s, this program is version %s."), version,
		    EARSHOT_VERSION);
		remedy(e, tr("Start it anew."));
		command(e, "earshot daemon stop; earshot daemon start");
	}
	seen(e, tr("runs, version %s"), version);
	check_helper(e);
	check_state(e);
	check_log(e, earshot_value_str(e->status, "log"));
}
