/* send-file: files and folders to one person; `send NAME --file` is the same. */
#include "base/str.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/follow.h"

#include <string.h>

static int
send_one(struct cli *c, struct follow *f, const char *peer, const char *path, const char *name)
{
	struct earshot_value *params = cli_peer(peer), *answer = NULL;
	int code = attach_path(c, params, path, name);
	if (code) {
		earshot_value_free(params);
		return code;
	}
	code = cli_call(c, "Offering", "send-file", params, &answer);
	if (!code)
		code = follow_add(f, answer);
	earshot_value_free(answer);
	return code;
}

int
send_files(struct cli *c, const char *peer, int count, char **paths)
{
	struct follow *f = NULL;
	const char *name = cli_option(c, "name");
	if (name && count > 1)
		return cli_usage(c, "--name is for one file.");
	if (name && (!*name || strchr(name, '/')))
		return cli_usage(c, "\"%s\" is no name of a file.", name);
	int code = follow_begin(c, &f);
	for (int i = 0; i < count && !code; i++)
		code = send_one(c, f, peer, paths[i], name);
	/* what was offered before something went wrong stays offered, and is told */
	if (f && c->link) {
		bool to_the_end = cli_option(c, "wait") && !code;
		int waited = follow_wait(f, to_the_end ? -1 : code ? 0 : FOLLOW_GLANCE_MS);
		code = follow_tell(f, code ? code : waited);
	}
	follow_end(f);
	return code;
}

int
cmd_send_file(struct cli *c, int argc, char **argv)
{
	return send_files(c, argv[0], argc - 1, argv + 1);
}
