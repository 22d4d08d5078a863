#include "base/str.h"
#include "base/tr.h"
#include "cli/cli.h"
#include "cli/command.h"

#include <string.h>

const struct option command_globals[] = {
    {"json", 0, NULL, TR("Print JSON, exactly as the daemon gave it")},
    {"no-color", 0, NULL, TR("Print without colors, as with NO_COLOR set")},
    {"plain", 0, NULL, TR("Talk in plain lines, for screen readers, as with EARSHOT_PLAIN set")},
    {"socket", 0, "PATH", TR("Talk to the daemon at this socket")},
    {"help", 'h', NULL, TR("Show help, also for one command")},
    {"version", 0, NULL, TR("Show the version")},
    {0},
};

const struct exit_text command_exits[] = {
    {CLI_OK, TR("All went well")},
    {CLI_ERROR, TR("Something else went wrong; of search: nothing was found")},
    {CLI_USAGE, TR("The command line makes no sense")},
    {CLI_UNKNOWN, TR("Nobody of that name, or no such message, is known")},
    {CLI_AMBIGUOUS, TR("The name fits several people, or the id several messages")},
    {CLI_ABSENT, TR("The person is not here")},
    {CLI_NO_ANSWER, TR("No answer, from the person or from the daemon")},
    {CLI_NO_DAEMON, TR("The daemon is not running, or is of another version")},
    {CLI_REFUSED, TR("The daemon's socket belongs to another user")},
    {CLI_LATE, TR("It is too late: the message has gone out")},
    {CLI_DISK, TR("The daemon cannot keep it, as the disk is full, say; nothing was done")},
    {CLI_FAILED, TR("The message or the file was not delivered and was given up")},
    {CLI_PROBLEM, TR("doctor found something that keeps people from seeing each other")},
    {CLI_DOUBT, TR("doctor found nothing worse than what may get in the way")},
    {0, NULL},
};

static const struct option who_options[] = {
    {"all", 'a', NULL, TR("Everybody, also those who left")},
    {0},
};

static const struct option watch_options[] = {
    {"since", 0, "N|last", TR("First what happened since event N, or since the last time")},
    {"cursor", 0, "NAME", TR("Remember under this name how far it came (watch)")},
    {0},
};

static const struct option send_options[] = {
    {"wait", 0, "SECONDS", TR("How long to wait for the receipt (3)")},
    {"reply", 0, "ID", TR("The message that is answered: last, its number or its id")},
    {"lifetime", 0, "SPAN", TR("Give up after this time: 30d, 12h; 0 never")},
    {"token", 0, "TEXT", TR("The same token again sends nothing again")},
    {"name", 0, "FILE", TR("What a file is to be called (with --file)")},
    {0},
};

static const struct option send_file_options[] = {
    {"wait", 0, NULL, TR("Stay until the other has it all")},
    {"name", 0, "FILE", TR("What it is to be called, also for standard input (-)")},
    {0},
};

static const struct option record_options[] = {
    {"seconds", 0, "N", TR("Record so long, instead of until Enter is pressed")},
    {"wait", 0, NULL, TR("Stay until the other has it all")},
    {0},
};

static const struct option files_options[] = {
    {"all", 'a', NULL, TR("Also those that are over")},
    {"with", 0, "NAME", TR("Only from and to this person")},
    {0},
};

static const struct option accept_options[] = {
    {"to", 0, "DIR", TR("Put it into this folder, instead of your downloads")},
    {"wait", 0, NULL, TR("Stay until it is all here")},
    {0},
};

static const struct option resume_options[] = {
    {"wait", 0, NULL, TR("Stay until it is through")},
    {0},
};

static const struct option history_options[] = {
    {"since", 0, "TIME", TR("Only what was said from then on")},
    {"until", 0, "TIME", TR("Only what was said until then; a day is included")},
    {"limit", 0, "N", TR("How many messages, the newest (50)")},
    {"ids", 0, NULL, TR("With numbers and ids, for edit and the like")},
    {0},
};

static const struct option search_options[] = {
    {"from", 0, "NAME", TR("Only what this person said")},
    {"with", 0, "NAME", TR("Only what was said with this person")},
    {"sent", 0, NULL, TR("Only what you said")},
    {"received", 0, NULL, TR("Only what others said")},
    {"since", 0, "TIME", TR("Only what was said from then on")},
    {"until", 0, "TIME", TR("Only what was said until then; a day is included")},
    {"limit", 0, "N", TR("How many, the best (20)")},
    {0},
};

static const struct option conversations_options[] = {
    {"limit", 0, "N", TR("How many, the latest")},
    {0},
};

static const struct option export_options[] = {
    {"format", 'f', "FORMAT", TR("text, md, json or html; else what FILE ends in")},
    {"output", 'o', "FILE", TR("Where to write it, instead of standard output")},
    {"force", 0, NULL, TR("Replace FILE if it is there")},
    {0},
};

static const struct option forget_options[] = {
    {"older-than", 0, "SPAN", TR("Only what is older: 90d, 4w, 12h")},
    {"queued", 0, NULL, TR("Also what waits to be sent")},
    {"yes", 'y', NULL, TR("Do not ask")},
    {0},
};

static const struct option ping_options[] = {
    {"count", 'c', "N", TR("How often to ask (3)")},
    {0},
};

static const struct option nick_options[] = {
    {"clear", 0, NULL, TR("Have no nickname")},
    {0},
};

static const struct option avatar_options[] = {
    {"clear", 0, NULL, TR("Have no picture")},
    {0},
};

static const struct option status_options[] = {
    {"clear", 0, NULL, TR("Be available, without a text")},
    {0},
};

static const struct option id_options[] = {
    {"qr", 0, NULL, TR("Also as a QR code, for the camera of another device")},
    {"png", 0, "FILE", TR("Write the QR code to this picture instead")},
    {0},
};

static const struct option id_export_options[] = {
    {"no-passphrase", 0, NULL, TR("Do not ask for one: the file is open to whoever has it")},
    {0},
};

static const struct option id_import_options[] = {
    {"yes", 'y', NULL, TR("Do not ask")},
    {0},
};

static const struct option verify_options[] = {
    {"show", 0, NULL, TR("Print the safety number, to be compared by other means")},
    {"number", 0, "NUMBER", TR("The safety number as the other sees it: is it the same?")},
    {"id", 0, "ID", TR("The other's key, 64 hex digits from a source you trust: is it the same?")},
    {0},
};

static const struct option trust_options[] = {
    {"yes", 'y', NULL, TR("Do not ask")},
    {0},
};

static const struct option settings_options[] = {
    {"reset", 0, NULL, TR("Back to what holds without your word")},
    {0},
};

static const struct option help_options[] = {
    {"scdoc", 0, NULL, TR("Print the source of the manual page")},
    {0},
};

static const struct command peers_children[] = {
    {"add", "HOST:PORT", TR("Look for somebody at a fixed address too"),
	TR("For networks where people do not find each other by themselves. The address is kept "
	   "until it is removed."),
	ARG_NONE, COMMAND_START, 1, 1, NULL, NULL, cmd_peers_add},
    {"remove", "HOST:PORT", TR("Forget a fixed address"), NULL, ARG_ADDRESS, COMMAND_START, 1, 1,
	NULL, NULL, cmd_peers_remove},
    {"list", "", TR("Show the fixed addresses"), NULL, ARG_NONE, COMMAND_START, 0, 0, NULL, NULL,
	cmd_peers_list},
    {0},
};

static const struct command trust_children[] = {
    {"list", "", TR("Show whose keys are known"), NULL, ARG_NONE, COMMAND_START, 0, 0, NULL, NULL,
	cmd_trust_list},
    {"show", "NAME", TR("Show what is known of a person's key"), NULL, ARG_PERSON, COMMAND_START, 1,
	1, NULL, NULL, cmd_trust_show},
    {"accept", "NAME", TR("Accept a person whose key is new"),
	TR("As writing to them does. It says that you know them, not that their key was compared: "
	   "earshot verify does that. If somebody you have verified vouches for the key, this is "
	   "what "
	   "takes their word: the person is introduced then."),
	ARG_PERSON, COMMAND_START, 1, 1, NULL, NULL, cmd_trust_accept},
    {"introduce", "NAME TO", TR("Vouch for a person's key to somebody else"),
	TR("Both have to be verified by you, TO has to be here, and must have verified you. They "
	   "are "
	   "told the key and whose it is, and decide with earshot trust accept. They know it until "
	   "their daemon ends."),
	ARG_TWO_PEOPLE, COMMAND_START, 2, 2, NULL, NULL, cmd_trust_introduce},
    {"block", "NAME", TR("Neither hear a person nor talk to them"), NULL, ARG_PERSON, COMMAND_START,
	1, 1, NULL, NULL, cmd_trust_block},
    {"unblock", "NAME", TR("Hear a person again"), NULL, ARG_PERSON, COMMAND_START, 1, 1, NULL,
	NULL, cmd_trust_unblock},
    {"forget", "NAME", TR("Forget a person's key"),
	TR("Whoever shows a key under that name next is taken for them. Asks before."), ARG_PERSON,
	COMMAND_START | COMMAND_ASKS, 1, 1, trust_options, NULL, cmd_trust_forget},
    {"accept-new-key", "NAME", TR("Take another key for the one of a person"),
	TR("Somebody came under this name with another key and was refused. If they told you that "
	   "they have a new one, face to face or over the telephone, this makes it theirs. Asks "
	   "before."),
	ARG_PERSON, COMMAND_START | COMMAND_ASKS, 1, 1, trust_options, NULL,
	cmd_trust_accept_new_key},
    {0},
};

static const struct command set_children[] = {
    {"name", "TEXT...", TR("Change your full name"), NULL, ARG_NONE, COMMAND_START | COMMAND_TEXT,
	1, -1, NULL, NULL, cmd_set_name},
    {"nick", "TEXT...", TR("Change your nickname"), NULL, ARG_NONE, COMMAND_START | COMMAND_TEXT, 0,
	-1, nick_options, NULL, cmd_set_nick},
    {"avatar", "FILE", TR("Change your picture"),
	TR("A PNG, JPEG or GIF file of at most 8 KiB, as everybody's picture travels through the "
	   "whole network."),
	ARG_FILE, COMMAND_START, 0, 1, avatar_options, NULL, cmd_set_avatar},
    {0},
};

static const struct command id_children[] = {
    {"export", "FILE", TR("Write your key to a file"),
	TR("For safety, or to be the same person on another computer. The file is locked with a "
	   "passphrase if you give one. FILE must not be there yet."),
	ARG_FILE, COMMAND_START | COMMAND_ASKS, 1, 1, id_export_options, NULL, cmd_id_export},
    {"import", "FILE", TR("Use the key of a file from now on"),
	TR("The file is what export wrote. The daemon stops and begins with that key when it is "
	   "next "
	   "needed. The key you had is kept beside it. If the file has a passphrase, so has your "
	   "key "
	   "then."),
	ARG_FILE, COMMAND_START | COMMAND_ASKS, 1, 1, id_import_options, NULL, cmd_id_import},
    {"passphrase", "", TR("Lock your key with a passphrase, or change or remove it"),
	TR("It is asked for when the daemon is started. For a daemon that systemd starts it is the "
	   "credential earshot.passphrase, or it waits for unlock."),
	ARG_NONE, COMMAND_START | COMMAND_ASKS, 0, 0, NULL, NULL, cmd_id_passphrase},
    {"hand-over", "FILE", TR("Have your key succeed an earlier one"),
	TR("FILE is that earlier key, as export wrote it. Those who know you by it accept the new "
	   "one "
	   "by themselves, as the earlier one vouches for it. Up to four of them are remembered."),
	ARG_FILE, COMMAND_START | COMMAND_ASKS, 1, 1, NULL, NULL, cmd_id_hand_over},
    {"unlock", "", TR("Give the passphrase to a daemon that waits for it"),
	TR("One that systemd has started through its socket has no terminal to ask on: with a "
	   "locked "
	   "key it waits for this, and answers nothing else."),
	ARG_NONE, COMMAND_START | COMMAND_ASKS, 0, 0, NULL, NULL, cmd_id_unlock},
    {0},
};

static const struct command files_children[] = {
    {"limit", "[RATE|off]", TR("Show or change how fast files may travel"),
	TR("Bytes a second of all files together, both ways: 500k, 10M."), ARG_NONE, COMMAND_START,
	0, 1, NULL, NULL, cmd_files_limit},
    {"auto", "[NAME [SIZE [DAILY]|off]]",
	TR("Show or change whose files are accepted without asking"),
	TR("Only of people you have verified, up to SIZE for one file and DAILY for all of a day."),
	ARG_PERSON, COMMAND_START, 0, 3, NULL, NULL, cmd_files_auto},
    {"forget", "ID", TR("List a file no longer"), TR("The file itself stays where it is."),
	ARG_TRANSFER, COMMAND_START, 1, 1, NULL, NULL, cmd_files_forget},
    {0},
};

static const struct command daemon_children[] = {
    {"start", "", TR("Start the daemon if it is not running"),
	TR("There is seldom a need for it: the commands that talk to people do it by themselves."),
	ARG_NONE, COMMAND_START, 0, 0, NULL, NULL, cmd_daemon_start},
    {"stop", "", TR("Stop the daemon; others see you leave"), NULL, ARG_NONE, 0, 0, 0, NULL, NULL,
	cmd_daemon_stop},
    {"status", "", TR("Show how the daemon is doing"), NULL, ARG_NONE, 0, 0, 0, NULL, NULL,
	cmd_daemon_status},
    {"run", "[ARGUMENT...]", TR("Run the daemon in the foreground"),
	TR("Its log goes to this terminal. Arguments are the daemon's, see earshotd(1); those with "
	   "dashes follow --."),
	ARG_NONE, COMMAND_TEXT | COMMAND_ASKS, 0, -1, NULL, NULL, cmd_daemon_run},
    {0},
};

const struct command command_table[] = {
    {"who", "", TR("Show who is here"),
	TR("Says of everybody what is known and since when: \"answered\" (just now or a while "
	   "ago), "
	   "\"announced\" (the network says so, nobody has asked), \"not answering\", and with "
	   "--all "
	   "\"gone\". Shows 200 people at most without --all, those who have answered and whom you "
	   "know first. Into a file or a pipe goes one line a person: name, marking, evidence, "
	   "status, "
	   "program and address, with tabs between."),
	ARG_NONE, COMMAND_START, 0, 0, who_options, NULL, cmd_who},
    {"send", "NAME [TEXT...]", TR("Send a message"),
	TR("NAME is a name, a nickname, an address or a part of one that fits nobody else. All "
	   "after "
	   "it is the message, dashes too. Without a text, or with - in its place, the message is "
	   "read from standard input. \"/me waves\" says what you do. Success means that the "
	   "message "
	   "is kept on disk: it is delivered now, or when the person is back. If the person is "
	   "here "
	   "the receipt is waited for, so that you hear whether it arrived. With --file right "
	   "after "
	   "NAME files follow instead of words, see send-file."),
	ARG_PERSON, COMMAND_START | COMMAND_TEXT, 1, -1, send_options, NULL, cmd_send},
    {"send-file", "NAME PATH...", TR("Send files and folders"),
	TR("The other is asked before anything travels, unless they have verified you and said "
	   "otherwise. What is interrupted goes on by itself where it was, after a crash or a "
	   "restart "
	   "of "
	   "either side too, for seven days; earshot files shows how it stands. - is standard "
	   "input "
	   "and "
	   "wants a --name. On a terminal it stays while the file is on its way; Ctrl-C leaves "
	   "that "
	   "to "
	   "the background."),
	ARG_PERSON_FILES, COMMAND_START, 2, -1, send_file_options, NULL, cmd_send_file},
    {"record", "NAME", TR("Record a voice message and send it"),
	TR("With arecord, pw-record or ffmpeg, whichever is there. Enter ends it."), ARG_PERSON,
	COMMAND_START | COMMAND_ASKS, 1, 1, record_options, NULL, cmd_record},
    {"files", "", TR("Show the files that wait or are on their way"),
	TR("With the id that accept, decline, pause, resume and cancel take. Into a file or a pipe "
	   "goes "
	   "a line a file: id, direction, person, file, state and time, with tabs between."),
	ARG_NONE, COMMAND_START, 0, 0, files_options, files_children, cmd_files},
    {"accept", "[ID|NAME]", TR("Take a file that somebody wants to give you"),
	TR("ID as files shows it; a person's name, or nothing, if only one file waits. It goes "
	   "into "
	   "your "
	   "download folder under a name that is free there, and appears when it is whole and "
	   "its content has been checked."),
	ARG_TRANSFER, COMMAND_START, 0, 1, accept_options, NULL, cmd_accept},
    {"decline", "[ID|NAME]", TR("Refuse a file that somebody wants to give you"), NULL,
	ARG_TRANSFER, COMMAND_START, 0, 1, NULL, NULL, cmd_decline},
    {"pause", "[ID|NAME]", TR("Halt a file on its way, until resume"), NULL, ARG_TRANSFER,
	COMMAND_START, 0, 1, NULL, NULL, cmd_pause},
    {"resume", "[ID|NAME]", TR("Go on with a file that you paused"), NULL, ARG_TRANSFER,
	COMMAND_START, 0, 1, resume_options, NULL, cmd_resume},
    {"chat", "NAME", TR("Talk with somebody"),
	TR("On a terminal as tui does. With --plain, and where the terminal cannot show that, in "
	   "lines: what was not seen yet and a little before it, then what is said. What you type "
	   "is sent with Enter, and a line tells when it was delivered. /help shows what else can "
	   "be typed. When input is not a terminal every line of it is taken as if it were typed: "
	   "sent as a message unless it begins with a single /."),
	ARG_PERSON, COMMAND_START, 1, 1, NULL, NULL, cmd_tui},
    {"history", "[NAME]", TR("Show what was said"),
	TR("The newest messages, of one person or of all. A TIME is a day (2026-11-23), a minute "
	   "(2026-11-23T18:04, or 18:04 of today), today, yesterday, or how long ago: 90m, 2h, 3d, "
	   "1w. "
	   "Into a file or a pipe goes a line a message: time, marking, who, state and text with "
	   "tabs "
	   "between; "
	   "further lines of a text begin with \302\273, which nothing else does. With --json one "
	   "message a line."),
	ARG_PERSON, COMMAND_START, 0, 1, history_options, NULL, cmd_history},
    {"search", "WORDS...", TR("Find what was said"),
	TR("Messages that hold all the words, the best first. A word that ends in * stands for all "
	   "that begin so; words \"in quotation marks\" stand in a row. TIME is as in history. "
	   "Ends "
	   "with 1, like grep, when nothing is found."),
	ARG_NONE, COMMAND_START, 1, -1, search_options, NULL, cmd_search},
    {"conversations", "", TR("Show whom you talked with, and what is unread"), NULL, ARG_NONE,
	COMMAND_START, 0, 0, conversations_options, NULL, cmd_conversations},
    {"outbox", "[NAME]", TR("Show what waits to be sent"),
	TR("To whom, since when, its number and how it begins."), ARG_PERSON, COMMAND_START, 0, 1,
	NULL, NULL, cmd_outbox},
    {"cancel", "NAME [ID] | FILE-ID", TR("Do not send a message that still waits, or end a file"),
	TR("FILE-ID is the id of a file (f3), as files shows it. ID is last (the newest that "
	   "waits, "
	   "also without an ID), its number, or its id or how "
	   "that begins; outbox and history --ids show them."),
	ARG_PERSON, COMMAND_START, 1, 2, NULL, NULL, cmd_cancel},
    {"edit", "NAME ID [TEXT...]", TR("Correct a message of yours"),
	TR("ID is last, its number, or its id or how that begins (history --ids shows them). "
	   "Without "
	   "a "
	   "text, or with - in its place, it is read from standard input."),
	ARG_PERSON, COMMAND_START | COMMAND_TEXT, 2, -1, NULL, NULL, cmd_edit},
    {"retract", "NAME [ID]", TR("Take a message of yours back"),
	TR("ID is last (also without one), its number, or its id or how that begins. Programs that "
	   "do "
	   "not "
	   "know this still show it."),
	ARG_PERSON, COMMAND_START, 1, 2, NULL, NULL, cmd_retract},
    {"react", "NAME [ID [EMOJI...]]", TR("React to a message"),
	TR("ID is last (the other's newest), its number, or its id or how that begins. What you "
	   "name "
	   "replaces your reactions to it; without any they are taken back."),
	ARG_PERSON, COMMAND_START, 1, -1, NULL, NULL, cmd_react},
    {"export", "NAME", TR("Write a whole conversation as a document"),
	TR("As text, Markdown, JSON (one array, exactly as it is kept) or one HTML page that needs "
	   "nothing else and prints well. A FILE appears when it is whole, and is not replaced "
	   "unless you say so."),
	ARG_PERSON, COMMAND_START, 1, 1, export_options, NULL, cmd_export},
    {"forget", "[NAME]", TR("Delete messages from this computer"),
	TR("Of one person, or everybody's that are older than a span of time. It cannot be undone; "
	   "asks before, and in a script wants --yes. What others keep stays with them."),
	ARG_PERSON, COMMAND_START | COMMAND_ASKS, 0, 1, forget_options, NULL, cmd_forget},
    {"tui", "[NAME]", TR("Talk with everybody on one screen (\"earshot\" alone does this)"),
	TR("The people at the left, what was said at the right; F1 shows its keys, and all "
	   "commands "
	   "can be typed there after a slash. With --plain, and where the terminal cannot show it, "
	   "it is session or chat."),
	ARG_PERSON, COMMAND_START, 0, 1, NULL, NULL, cmd_tui},
    {"session", "", TR("Choose a person and talk, line by line"),
	TR("Shows who is here; a number or a name chooses whom to talk with. When input or output "
	   "is "
	   "not a terminal it shows your status and who is here, and ends."),
	ARG_NONE, COMMAND_START, 0, 0, NULL, NULL, cmd_session},
    {"watch", "", TR("Show all that happens, one line an event"),
	TR("Messages, people who come and go, receipts. With --json one object a line, for "
	   "programs. "
	   "When the daemon ends it waits for it to come back and goes on where it was. With "
	   "--since "
	   "it first shows what happened since the event of that number, or since it was "
	   "last used, with --since last. The daemon remembers that, as often as there is somebody "
	   "to read: an event may be shown again after a crash, none is left out."),
	ARG_NONE, COMMAND_START | COMMAND_ASKS, 0, 0, watch_options, NULL, cmd_watch},
    {"status", "[available|away|dnd [TEXT...]]", TR("Show or change how you are seen"),
	TR("A TEXT says more, at most 128 bytes of it: earshot status away at lunch"), ARG_STATUS,
	COMMAND_START | COMMAND_TEXT, 0, -1, status_options, NULL, cmd_status},
    {"info", "NAME", TR("Show all that is known about somebody"), NULL, ARG_PERSON, COMMAND_START,
	1, 1, NULL, NULL, cmd_info},
    {"ping", "NAME", TR("Measure how fast somebody's program answers"),
	TR("Succeeds if at least one answer came."), ARG_PERSON, COMMAND_START, 1, 1, ping_options,
	NULL, cmd_ping},
    {"doctor", "[NAME|HOST:PORT]", TR("Find out why people do not see each other"),
	TR("Looks at the daemon, the network, firewalls, mDNS and disks of this machine, and says "
	   "what "
	   "is the matter and what to do. With a NAME it goes step by step to that person, and "
	   "asks "
	   "their Earshot to connect back; with HOST:PORT to that address. It changes nothing and "
	   "needs no root; with sudo it also reads the rules of the firewall. --json gives "
	   "findings "
	   "with id, severity (ok, note, unknown, warning, problem), cause, remedy, command and "
	   "evidence."),
	ARG_PERSON, 0, 0, 1, NULL, NULL, cmd_doctor},
    {"verify", "NAME", TR("Make sure that nobody stands between you and somebody"),
	TR("Both run it at the same time; both see three words and eleven digits, and say them to "
	   "each "
	   "other, face to face or over the telephone. If they are the same, and both say so, the "
	   "other's "
	   "key is verified. It can be tried three times an hour. With --show, --number and --id "
	   "the "
	   "whole keys are compared instead, whenever it suits."),
	ARG_PERSON, COMMAND_START, 1, 1, verify_options, NULL, cmd_verify},
    {"trust", "", TR("Whose keys are known, and who is blocked"), NULL, ARG_NONE, 0, 0, 0, NULL,
	trust_children, NULL},
    {"set", "", TR("Change your name, nickname or picture"), NULL, ARG_NONE, 0, 0, 0, NULL,
	set_children, NULL},
    {"settings", "[KEY [VALUE...]]", TR("Show or change the settings"),
	TR("With a KEY it tells what that one means, what others see of it, and where its value "
	   "comes "
	   "from; a VALUE changes it. Part of a key that no other has is enough: earshot settings "
	   "plain off. What is changed is written to earshot.conf, and holds at once or from the "
	   "daemon's next start on, as is said. What the administrator of the computer has set "
	   "cannot "
	   "be changed. Into a file or a pipe goes a line a setting: key, value, where it comes "
	   "from "
	   "and who has locked it, with tabs between."),
	ARG_SETTING, COMMAND_START, 0, -1, settings_options, NULL, cmd_settings},
    {"id", "", TR("Show the key that others know you by"),
	TR("Two people who compare their keys know that nobody is between them."), ARG_NONE,
	COMMAND_START, 0, 0, id_options, id_children, cmd_id},
    {"peers", "", TR("People at fixed addresses"), NULL, ARG_NONE, 0, 0, 0, NULL, peers_children,
	NULL},
    {"daemon", "", TR("The program in the background"), NULL, ARG_NONE, 0, 0, 0, NULL,
	daemon_children, NULL},
    {"completion", "SHELL", TR("Print the completion for a shell: bash, zsh or fish"),
	TR("Add to ~/.bashrc: source <(earshot completion bash)"), ARG_SHELL, 0, 1, 1, NULL, NULL,
	cmd_completion},
    {"help", "[COMMAND...]", TR("Show help"), NULL, ARG_COMMAND, 0, 0, 2, help_options, NULL,
	cmd_help},
    {"version", "", TR("Show the versions of this program and of the daemon"), NULL, ARG_NONE, 0, 0,
	0, NULL, NULL, cmd_version},
    {"__complete", "WHAT", TR("Names for the completion"), NULL, ARG_NONE, COMMAND_HIDDEN, 1, 1,
	NULL, NULL, cmd_complete},
    {0},
};

const struct command *
command_find(const struct command *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* Edits (insert, drop, replace) that turn a into b: Levenshtein's distance, for short words. */
static size_t
distance(const char *a, const char *b)
{
	enum { WORD_MAX = 32 };
	size_t row[WORD_MAX + 1];
	size_t len = strlen(b);
	if (strlen(a) > WORD_MAX || len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

const struct command *
command_guess(const struct command *table, const char *name)
{
	const struct command *best = NULL;
	size_t nearest = 3; /* more than two slips is another word */
	for (; table->name; table++) {
		size_t d = distance(name, table->name);
		if (d < nearest && d < strlen(table->name) && !(table->flags & COMMAND_HIDDEN)) {
			nearest = d;
			best = table;
		}
	}
	return best;
}

const struct command *
command_parent(const struct command *child)
{
	for (const struct command *c = command_table; c->name; c++)
		for (const struct command *s = c->children; s && s->name; s++)
			if (s == child)
				return c;
	return NULL;
}

void
command_usage(const struct command *cmd, struct buf *out)
{
	const struct command *parent = command_parent(cmd);
	buf_str(out, "earshot");
	if (parent)
		buf_fmt(out, " %s", parent->name);
	buf_fmt(out, " %s", cmd->name);
	for (const struct option *o = cmd->options; o && o->name; o++)
		buf_fmt(out, " [--%s%s%s]", o->name, o->value ? " " : "", o->value ? o->value : "");
	for (const struct command *c = cmd->children; c && c->name; c++)
		buf_fmt(out, "%s%s", c == cmd->children ? " " : "|", c->name);
	if (!str_empty(cmd->args))
		buf_fmt(out, " %s", cmd->args);
	if (cmd->children)
		buf_str(out, " ...");
}
