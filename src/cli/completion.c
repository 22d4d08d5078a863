/* Completion for shells, made from the table of commands. Each script completes commands and
 * options by itself and asks `earshot __complete` for names of people, which starts nothing. */
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"

#include <string.h>

/* ---- bash ---- */

static const char bash_head[] =
    "# Completion of earshot for bash, made by: earshot completion bash\n"
    "_earshot()\n"
    "{\n"
    "\tlocal cur=${COMP_LINE:0:COMP_POINT} cmd= sub= word i n=0 skip= words= people=\n"
    "\tcur=${cur##* }\n"
    "\tCOMPREPLY=()\n"
    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
    "\t\tword=${COMP_WORDS[i]}\n"
    "\t\tif [[ -n $skip ]]; then skip=; continue; fi\n"
    "\t\tcase $word in\n"
    "\t\t";

static const char bash_middle[] = ") skip=1 ;;\n"
				  "\t\t-*) ;;\n"
				  "\t\t*)\n"
				  "\t\t\tif [[ -z $cmd ]]; then cmd=$word\n"
				  "\t\t\telif [[ -z $sub && $cmd =~ ^(";
static const char bash_subcommands[] =
    ")$ ]]; then sub=$word\n"
    "\t\t\telif [[ ${COMP_WORDS[i + 1]} != @ && $word != @ ]]; then ((n++)); fi\n"
    "\t\t\t;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tcase $cmd${sub:+ $sub} in\n";

static const char bash_tail[] =
    "\tesac\n"
    "\tlocal IFS=$'\\n' candidate strip=\n"
    "\tif [[ $cur == -* ]]; then\n"
    "\t\twords=$options\n"
    "\tfi\n"
    "\t# bash takes @ for the end of a word: give back only what follows it\n"
    "\tif [[ $cur == *@* && $COMP_WORDBREAKS == *@* ]]; then strip=${cur%\"${cur##*@}\"}; fi\n"
    "\tfor candidate in ${words// /$'\\n'} $people; do\n"
    "\t\tif [[ $candidate == \"$cur\"* ]]; then\n"
    "\t\t\tprintf -v candidate %q \"${candidate#\"$strip\"}\"\n"
    "\t\t\tCOMPREPLY+=(\"$candidate\")\n"
    "\t\tfi\n"
    "\tdone\n"
    "}\n"
    "complete -o bashdefault -F _earshot earshot\n";

/* The words that may stand at an argument's place; "" if none are known. */
static const char *
argument_words(enum argument kind)
{
	switch (kind) {
	case ARG_STATUS:
		return "available away dnd";
	case ARG_SHELL:
		return "bash zsh fish";
	case ARG_NONE:
	case ARG_PERSON:
	case ARG_TWO_PEOPLE:
	case ARG_FILE:
	case ARG_COMMAND:
	case ARG_ADDRESS:
	case ARG_TRANSFER:
	case ARG_PERSON_FILES:
	case ARG_SETTING:
		break;
	}
	return "";
}

/* What `earshot __complete` is asked for at an argument's place; NULL if nothing. */
static const char *
argument_live(enum argument kind)
{
	if (kind == ARG_PERSON || kind == ARG_TWO_PEOPLE || kind == ARG_PERSON_FILES)
		return "people";
	if (kind == ARG_TRANSFER)
		return "files";
	if (kind == ARG_SETTING)
		return "settings";
	return kind == ARG_ADDRESS ? "addresses" : NULL;
}

static void
add_names(struct buf *out, const struct command *table)
{
	const char *gap = "";
	for (; table->name; table++)
		if (!(table->flags & COMMAND_HIDDEN)) {
			buf_fmt(out, "%s%s", gap, table->name);
			gap = " ";
		}
}

static void
add_options(struct buf *out, const struct option *o)
{
	for (; o && o->name; o++)
		buf_fmt(out, " --%s", o->name);
}

/* Options whose next word is their value, short forms too; the same one may come twice. */
static void
add_valued(struct buf *out, const struct option *o, const char *gap)
{
	for (; o && o->name; o++) {
		if (o->value)
			buf_fmt(out, "%s--%s", gap, o->name);
		if (o->value && o->letter)
			buf_fmt(out, "%s-%c", gap, o->letter);
	}
}

static void
add_all_valued(struct buf *out, const char *gap)
{
	struct buf list = BUF_INIT(SCREEN_MAX);
	add_valued(&list, command_globals, gap);
	for (const struct command *cmd = command_table; cmd->name; cmd++) {
		add_valued(&list, cmd->options, gap);
		for (const struct command *sub = cmd->children; sub && sub->name; sub++)
			add_valued(&list, sub->options, gap);
	}
	buf_str(out, buf_cstr(&list) + strlen(gap)); /* not before the first */
	buf_finish(&list);
}

static void
bash_case(struct buf *out, const char *path, const struct command *cmd)
{
	const char *live = argument_live(cmd->first);
	buf_fmt(out, "\t'%s')\n\t\toptions='", path);
	add_options(out, cmd->options);
	add_options(out, command_globals);
	buf_str(out, "'\n");
	if (cmd->children) {
		buf_str(out, "\t\twords='");
		add_names(out, cmd->children);
		buf_str(out, "'\n");
	} else if (cmd->first == ARG_COMMAND) {
		buf_str(out, "\t\t[[ $n == 0 ]] && words='");
		add_names(out, command_table);
		buf_str(out, "'\n");
	} else if (cmd->first == ARG_FILE) {
		buf_str(out, "\t\t[[ $cur != -* ]] && return\n");
	} else if (live) {
		buf_fmt(out,
		    "\t\t[[ $n -lt %d && $cur != -* ]] && "
		    "people=$(earshot __complete %s 2>/dev/null)\n",
		    cmd->first == ARG_TWO_PEOPLE ? 2 : 1, live);
	} else if (*argument_words(cmd->first)) {
		buf_fmt(out, "\t\t[[ $n == 0 ]] && words='%s'\n", argument_words(cmd->first));
	}
	buf_str(out, "\t\t;;\n");
}

/* Calls add() for every command people may type, with its path ("peers add"). */
static void
each_command(
    struct buf *out, void (*add)(struct buf *out, const char *path, const struct command *cmd))
{
	for (const struct command *cmd = command_table; cmd->name; cmd++) {
		if (cmd->flags & COMMAND_HIDDEN)
			continue;
		add(out, cmd->name, cmd);
		for (const struct command *sub = cmd->children; sub && sub->name; sub++) {
			struct buf path = BUF_INIT(256);
			buf_fmt(&path, "%s %s", cmd->name, sub->name);
			add(out, buf_cstr(&path), sub);
			buf_finish(&path);
		}
	}
}

/* Commands whose next word is a command. */
static void
add_parents(struct buf *out)
{
	const char *gap = "";
	for (const struct command *cmd = command_table; cmd->name; cmd++)
		if (cmd->children) {
			buf_fmt(out, "%s%s", gap, cmd->name);
			gap = "|";
		}
}

static void
write_bash(struct buf *out)
{
	buf_str(out, bash_head);
	add_all_valued(out, "|");
	buf_str(out, bash_middle);
	add_parents(out);
	buf_str(out, bash_subcommands);
	buf_str(out, "\t'')\n\t\toptions='");
	add_options(out, command_globals);
	buf_str(out, "'\n\t\twords='");
	add_names(out, command_table);
	buf_str(out, "'\n\t\t;;\n");
	each_command(out, bash_case);
	buf_str(out, bash_tail);
}

/* ---- zsh ---- */

/* Text for single quotes in a shell; `also` is escaped with a backslash in it. */
static void
add_quoted(struct buf *out, const char *text, const char *also)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_str(out, "'\\''");
		else {
			if (strchr(also, *text))
				buf_char(out, '\\');
			buf_char(out, *text);
		}
	}
}

static void
zsh_options(struct buf *out, const struct option *o)
{
	for (; o && o->name; o++) {
		buf_fmt(out, " '--%s%s[", o->name, o->value ? "=" : "");
		add_quoted(out, tr(o->help), "[]:");
		buf_str(out, o->value ? "]:value:'" : "]'");
		if (o->letter) {
			buf_fmt(out, " '-%c%s[", o->letter, o->value ? "+" : "");
			add_quoted(out, tr(o->help), "[]:");
			buf_str(out, o->value ? "]:value:'" : "]'");
		}
	}
}

static void
zsh_describe(struct buf *out, const struct command *table)
{
	buf_str(out, "(( CURRENT == 1 )) && { local -a list; list=(");
	for (; table->name; table++) {
		if (table->flags & COMMAND_HIDDEN)
			continue;
		buf_fmt(out, " '%s:", table->name);
		add_quoted(out, tr(table->help), ":");
		buf_char(out, '\'');
	}
	buf_str(out, " ); _describe command list; return }\n");
}

static void
zsh_case(struct buf *out, const char *path, const struct command *cmd)
{
	const char *live = argument_live(cmd->first);
	if (cmd->children)
		return;
	buf_fmt(out, "\t'%s') _arguments -s", path);
	zsh_options(out, cmd->options);
	zsh_options(out, command_globals);
	if (live)
		buf_fmt(out, " '1:name:{_earshot_live %s}'", live);
	if (cmd->first == ARG_TWO_PEOPLE)
		buf_fmt(out, " '2:name:{_earshot_live %s}'", live);
	else if (cmd->first == ARG_PERSON_FILES)
		buf_str(out, " '*:file:_files'");
	else if (cmd->first == ARG_FILE)
		buf_str(out, " '1:file:_files'");
	else if (cmd->first == ARG_COMMAND) {
		buf_str(out, " '1:command:(");
		add_names(out, command_table);
		buf_str(out, ")'");
	} else if (*argument_words(cmd->first))
		buf_fmt(out, " '1:word:(%s)'", argument_words(cmd->first));
	buf_str(out, " ;;\n");
}

static void
write_zsh(struct buf *out)
{
	buf_str(out,
	    "#compdef earshot\n"
	    "# Completion of earshot for zsh, made by: earshot completion zsh\n"
	    "_earshot_live()\n"
	    "{\n"
	    "\tlocal -a names\n"
	    "\tnames=(${(f)\"$(_call_program names earshot __complete $1 2>/dev/null)\"})\n"
	    "\t(( $#names )) && compadd -- $names\n"
	    "}\n"
	    "_earshot()\n"
	    "{\n"
	    "\tlocal where=\n"
	    "\tshift words; (( CURRENT-- ))\n"
	    "\twhile (( CURRENT > 1 )) && [[ $words[1] == -* ]]; do\n"
	    "\t\t[[ $words[1] == --socket ]] && { shift words; (( CURRENT-- )) }\n"
	    "\t\tshift words; (( CURRENT-- ))\n"
	    "\tdone\n"
	    "\tif [[ $words[CURRENT] == -* && $CURRENT == 1 ]]; then\n"
	    "\t\twords=(earshot $words); (( CURRENT++ ))\n"
	    "\t\t_arguments -s");
	zsh_options(out, command_globals);
	buf_str(out, "\n\t\treturn\n\tfi\n\t");
	zsh_describe(out, command_table);
	buf_str(out, "\twhere=$words[1]\n\tcase $where in\n");
	for (const struct command *cmd = command_table; cmd->name; cmd++)
		if (cmd->children) {
			buf_fmt(out, "\t%s)\n\t\tshift words; (( CURRENT-- ))\n\t\t", cmd->name);
			zsh_describe(out, cmd->children);
			buf_str(out, "\t\twhere+=\" $words[1]\"\n\t\t;;\n");
		}
	buf_str(out, "\tesac\n\tcase $where in\n");
	each_command(out, zsh_case);
	buf_str(out, "\tesac\n}\n"
		     "if [[ $funcstack[1] == _earshot ]]; then _earshot \"$@\"; "
		     "else compdef _earshot earshot; fi\n");
}

/* ---- fish ---- */

static void
fish_line(struct buf *out, const char *condition, const char *what, const char *help)
{
	buf_fmt(out, "complete -c earshot -n '%s' %s", condition, what);
	if (help) {
		buf_str(out, " -d '");
		add_quoted(out, tr(help), "");
		buf_char(out, '\'');
	}
	buf_char(out, '\n');
}

static void
fish_case(struct buf *out, const char *path, const struct command *cmd)
{
	const struct command *parent = command_parent(cmd);
	const char *live = argument_live(cmd->first);
	struct buf condition = BUF_INIT(1024), what = BUF_INIT(1024);
	if (parent)
		buf_fmt(&condition, "__earshot_at %s", parent->name);
	else
		buf_str(&condition, "__earshot_at");
	buf_fmt(&what, "-a %s", cmd->name);
	fish_line(out, buf_cstr(&condition), buf_cstr(&what), cmd->help);
	buf_clear(&condition);
	buf_fmt(&condition, "__earshot_in %s", path);
	for (const struct option *o = cmd->options; o && o->name; o++) {
		buf_clear(&what);
		buf_fmt(&what, "-l %s", o->name);
		if (o->letter)
			buf_fmt(&what, " -s %c", o->letter);
		buf_str(&what, o->value ? " -x" : "");
		fish_line(out, buf_cstr(&condition), buf_cstr(&what), o->help);
	}
	buf_clear(&condition);
	buf_fmt(&condition, "__earshot_%s %s", cmd->first == ARG_TWO_PEOPLE ? "in" : "at", path);
	buf_clear(&what);
	if (live)
		buf_fmt(&what, "-a '(earshot __complete %s 2>/dev/null)'", live);
	else if (cmd->first == ARG_FILE)
		buf_str(&what, "-F");
	else if (cmd->first == ARG_COMMAND) {
		buf_str(&what, "-a '");
		add_names(&what, command_table);
		buf_str(&what, "'");
	} else if (*argument_words(cmd->first))
		buf_fmt(&what, "-a '%s'", argument_words(cmd->first));
	if (what.len > 0)
		fish_line(out, buf_cstr(&condition), buf_cstr(&what), NULL);
	buf_finish(&condition);
	buf_finish(&what);
}

static void
write_fish(struct buf *out)
{
	buf_str(out, "# Completion of earshot for fish, made by: earshot completion fish\n"
		     "function __earshot_words\n"
		     "\tset -l skip\n"
		     "\tfor word in (commandline -opc)[2..-1]\n"
		     "\t\tif test -n \"$skip\"\n"
		     "\t\t\tset skip\n"
		     "\t\telse if contains -- $word ");
	add_all_valued(out, " ");
	buf_str(out, "\n"
		     "\t\t\tset skip 1\n"
		     "\t\telse if not string match -q -- '-*' $word\n"
		     "\t\t\techo $word\n"
		     "\t\tend\n"
		     "\tend\n"
		     "end\n"
		     "function __earshot_at -d 'exactly these words stand before the cursor'\n"
		     "\tset -l words (__earshot_words)\n"
		     "\ttest \"$argv\" = \"$words\"\n"
		     "end\n"
		     "function __earshot_in -d 'the command begins with these words'\n"
		     "\tset -l words (__earshot_words)\n"
		     "\tset -l n (count $argv)\n"
		     "\ttest (count $words) -ge $n; or return 1\n"
		     "\ttest \"$argv\" = \"$words[1..$n]\"\n"
		     "end\n"
		     "complete -c earshot -f\n");
	for (const struct option *o = command_globals; o->name; o++) {
		struct buf what = BUF_INIT(1024);
		buf_fmt(&what, "-l %s", o->name);
		if (o->letter)
			buf_fmt(&what, " -s %c", o->letter);
		buf_str(&what, o->value ? " -r -F" : "");
		fish_line(out, "true", buf_cstr(&what), o->help);
		buf_finish(&what);
	}
	each_command(out, fish_case);
}

int
cmd_completion(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (strcmp(argv[0], "bash") == 0)
		write_bash(&b);
	else if (strcmp(argv[0], "zsh") == 0)
		write_zsh(&b);
	else if (strcmp(argv[0], "fish") == 0)
		write_fish(&b);
	else
		return cli_usage(c, "There is completion for bash, zsh and fish.");
	return cli_print(c, &b);
}

/* Names a shell may put on the command line: those that are harmless as they are. */
static void
add_candidates(struct buf *out, const struct earshot_value *array, const char *key)
{
	for (size_t i = 0; i < earshot_value_count(array); i++) {
		const char *name = earshot_value_str(earshot_value_at(array, i), key);
		struct buf clean = BUF_INIT(4096);
		cli_add(&clean, name);
		if (!str_empty(name) && strcmp(buf_cstr(&clean), name) == 0)
			buf_fmt(out, "%s\n", name);
		buf_finish(&clean);
	}
}

int
cmd_complete(struct cli *c, int argc, char **argv)
{
	(void)argc;
	struct buf b = BUF_INIT(SCREEN_MAX);
	struct earshot_value *answer = NULL;
	static const struct {
		const char *what, *method, *list, *name;
	} kinds[] = {
	    {"people", "who", "people", "name"},
	    {"addresses", "peers.list", "peers", "address"},
	    {"files", "files", "files", "id"},
	    {"settings", "settings", "settings", "key"},
	};
	size_t i = 0;
	while (i < ARRAY_LEN(kinds) && strcmp(argv[0], kinds[i].what) != 0)
		i++;
	if (i == ARRAY_LEN(kinds))
		return cli_usage(c, "There are people, addresses, files and settings.");
	int code = cli_call(c, NULL, kinds[i].method, NULL, &answer);
	if (code)
		return code;
	add_candidates(&b, earshot_value_get(answer, kinds[i].list), kinds[i].name);
	earshot_value_free(answer);
	return cli_print(c, &b);
}
