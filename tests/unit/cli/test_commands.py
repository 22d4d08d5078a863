#!/usr/bin/env python3
"""Every command against a fake daemon: what it prints, what it asks, how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import FakeDaemon, Refused, person  # noqa: E402
from harness import PROGRAM, TOP, Skip, check, main, run  # noqa: E402

(OK, ERROR, USAGE, UNKNOWN, AMBIGUOUS, ABSENT, NO_ANSWER, NO_DAEMON, REFUSED, LATE, DISK,
 FAILED) = range(12)
# what must never reach a terminal: C0 but tab and newline, DEL, C1, bidi controls
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# commands that talk to the daemon, all of which end well
ALL = [
    ["who"], ["who", "--all"], ["send", "romeo", "hi"], ["status"], ["status", "away", "at lunch"],
    ["info", "romeo"], ["ping", "romeo", "-c", "1"], ["peers", "add", "host:5298"],
    ["peers", "list"], ["peers", "remove", "host:5298"], ["set", "name", "Tybalt"],
    ["set", "nick", "cat"], ["set", "nick", "--clear"], ["set", "avatar", "--clear"],
    ["id"], ["daemon", "status"], ["version"], ["daemon", "start"], ["help"], [],
]


def one_sentence(result, code):
    check(result.code == code, result)
    check(result.err.startswith("earshot: "), result)
    check(result.out == "", result)


def all_commands_succeed_quietly(box):
    for command in ALL:
        r = box.run(*command)
        check(r.code == OK and r.err == "", command, r)


def all_commands_speak_json(box):
    for command in ALL:
        for args in (["--json", *command], [*command, "--json"]):
            if args[-1] == "--json" and command[:1] in (["send"], ["set"], ["status"]):
                continue  # there it would be text
            r = box.run(*args)
            check(r.code == OK, args, r)
            check(isinstance(r.json, dict), args, r)


def json_is_what_the_daemon_gave(box):
    expected = box.daemon.do_who(None)
    check(box.run("who", "--json").json == json.loads(json.dumps(expected)))
    check(box.run("--json", "info", "romeo").json == box.daemon.do_info(None, peer="romeo"))


def who_gives_the_evidence_in_words(box):
    r = box.run("who")
    rows = [line.split("\t") for line in r.out.splitlines()]
    check([len(row) for row in rows] == [6] * 5, r)
    check(rows[0] == ["Romeo Montague", "[=]", "answered 3 s ago", "away: under the balcony", "Earshot",
                      "romeo@orchard"], r)
    check(rows[1][1:3] == ["[PLAIN]", "announced 2 min ago"], r)
    check(rows[2][2:4] == ["not answering for 10 s", "do not disturb"], r)
    check("Paris" not in r.out)
    gone = box.run("who", "-a").out.splitlines()[3].split("\t")
    check(gone[:3] == ["Paris", "[=]", "gone"], gone)
    check(box.daemon.asked("who")[-1] == {"all": True})


def who_waits_for_a_daemon_that_has_just_started(box):
    people, box.daemon.people = box.daemon.people, []
    box.daemon.state["uptime"] = 0

    def later():
        time.sleep(0.6)
        box.daemon.people = people
        box.daemon.state["uptime"] = 3

    threading.Thread(target=later).start()
    r = box.run("who")
    check("Romeo" in r.out and r.code == OK, r)


def who_tells_of_a_problem_on_stderr(box):
    box.daemon.state["problem"] = "No network \x1b[31minterface is up."
    r = box.run("who")
    check(r.code == OK and "No network" in r.err and "\x1b" not in r.err, r)


def hostile_words_never_arrive_raw(box):
    for args in (["who"], ["who", "--all"], ["info", "evil"], ["send", "e", "x"], ["info", "e"],
                 ["ping", "evil", "-c", "1"], ["send", "evil", "hi"], ["send", "no\x1b]0;x\x07", "x"],
                 ["status", "dnd\x1b", "x"], ["peers", "add", "\x9b1:2"], ["wh\x1b[1mo"],
                 ["--\x1b[1m"], ["who", "\x1b]0;x\x07"]):
        r = box.run(*args)
        check(not HARMFUL.search(r.out + r.err), args, r)
    check("<U+001B>" in box.run("who").out)


def one_person_is_one_line(box):
    check(len(box.run("who").out.splitlines()) == 5)


def send_joins_its_words(box):
    r = box.run("send", "romeo", "wherefore", "art", "--json", "-h")
    check(r.code == OK and r.out == "Delivered to Romeo Montague\n", r)
    sent, = box.daemon.asked("send")
    check(re.fullmatch("[0-9a-f]{32}", sent.pop("token")), sent)
    check(sent == {"peer": "romeo", "text": "wherefore art --json -h"}, sent)
    box.run("send", "romeo", "--", "-x")
    check(box.daemon.asked("send")[-1]["text"] == "-x")


def send_reads_standard_input(box):
    for args in (["send", "romeo", "-"], ["send", "romeo"]):
        r = box.run(*args, stdin="zwei\nZeilen \u4e2d\n\n".encode())
        check(r.code == OK, r)
        check(box.daemon.asked("send")[-1]["text"] == "zwei\nZeilen \u4e2d")


def send_refuses_what_is_no_message(box):
    for stdin, words in ((b"", "empty"), (b"\xff\xfe", "UTF-8"), (b"a\0b", "UTF-8"),
                         (b"x" * 65537, "64 KiB")):
        r = box.run("send", "romeo", stdin=stdin)
        one_sentence(r, USAGE)
        check(words in r.err, r)
    check(box.run("send", "romeo", stdin=b"x" * 65536).code == OK)
    check(len(box.daemon.asked("send")) == 1)


def errors_have_their_own_codes(box):
    for args, code in ((["send", "nobody", "x"], UNKNOWN), (["ping", "paris"], ABSENT),
                       (["ping", "nurse", "-c1"], USAGE),
                       (["ping", "nurse", "-c", "1"], NO_ANSWER), (["info", "nobody"], UNKNOWN),
                       (["chat", "nobody"], UNKNOWN), (["peers", "add", "x"], USAGE)):
        one_sentence(box.run(*args), code)


def ambiguous_names_list_who_is_meant(box):
    r = box.run("send", "o", "hi")
    one_sentence(r, AMBIGUOUS)
    check("romeo@orchard" in r.err and "juliet@balcony" in r.err, r)
    r = box.run("--json", "send", "o", "hi")
    check(r.code == AMBIGUOUS, r)
    error = r.json["error"]
    check(error["exit"] == AMBIGUOUS and error["data"]["reason"] == "ambiguous", r)
    check(len(error["data"]["candidates"]) > 1, r)


def other_refusals_are_plain_errors(box):
    for reason, code in (("unsupported", ERROR), ("busy", ERROR), ("internal", ERROR),
                         ("invalid", USAGE), ("unreachable", NO_ANSWER), ("new one", ERROR)):
        box.daemon.answers["attention"] = box.daemon.answers["ping"] = Refused(reason, "No.")
        r = box.run("ping", "romeo", "-c", "1")
        one_sentence(r, code)
        check(r.err == "earshot: No.\n", r)


def usage_errors_say_what_to_do(box):
    for args, words in ((["wohh"], 'Did you mean "who"?'), (["xyzzy"], "earshot help"),
                        (["info"], "earshot info NAME"), (["who", "--bad"], "--bad"),
                        (["peers"], "add|remove|list"), (["peers", "ad"], 'mean "add"'),
                        (["who", "x"], "too many"), (["ping", "romeo", "-c"], "needs a value"),
                        (["ping", "romeo", "-c", "0"], "not a number"),
                        (["status", "asleep"], "asleep"), (["completion", "tcsh"], "zsh"),
                        (["set", "nick"], "--clear"), (["set", "avatar"], "--clear"),
                        (["help", "nothing"], "nothing")):
        r = box.run(*args)
        one_sentence(r, USAGE)
        check(words in r.err and r.err.count("\n") == 1, args, r)
    check(box.daemon.calls == [], box.daemon.calls)


def without_a_daemon_there_is_one_sentence(box):
    nowhere = os.path.join(box.folder, "none")
    for args in (["daemon", "status"], ["__complete", "people"]):
        r = run("--socket", nowhere, *args)
        one_sentence(r, NO_DAEMON)
        check("earshot daemon start" in r.err, r)
    r = run("--socket", nowhere, "daemon", "stop")
    check(r.code == OK and r.out == "Earshot was not running.\n", r)
    r = run("--socket", nowhere, "version")
    check(r.code == OK and r.out.startswith("earshot ") and "daemon" not in r.out, r)


def a_daemon_that_cannot_be_started_is_told(box):
    r = run("--socket", os.path.join(box.folder, "none"), "who")
    one_sentence(r, NO_DAEMON)
    check("could not be started" in r.err, r)
    r = run("--socket", "/" + "x" * 200, "who")
    one_sentence(r, USAGE)
    check("too long" in r.err, r)
    r = run("--socket", os.path.join(box.folder, "none"), "--json", "who")
    check(r.json["error"]["exit"] == NO_DAEMON, r)


def a_daemon_that_stops_midway_is_told(box):
    box.daemon.answers["info"] = FakeDaemon.SILENT
    threading.Timer(0.5, box.daemon.close).start()
    one_sentence(box.run("info", "romeo"), NO_DAEMON)


def daemon_stop_waits_until_it_is_gone(box):
    r = box.run("daemon", "stop")
    check(r.code == OK and r.out == "Earshot has stopped.\n", r)
    check(not os.path.exists(box.socket))


def daemon_run_becomes_the_daemon(box):
    r = box.run("daemon", "run", "--", "--verbose", env={"EARSHOTD": "/bin/echo"})
    check(r.code == OK and r.out == f"--socket {box.socket} --verbose\n", r)
    one_sentence(box.run("daemon", "run"), NO_DAEMON)


def ping_counts_and_sums_up(box):
    r = box.run("ping", "romeo", "-c", "2")
    check(r.out.splitlines() == ["romeo@orchard answered in 1.2 ms"] * 2 +
          ["2 of 2 answered; fastest 1.2, mean 1.2, slowest 1.2 ms"], r)
    r = box.run("ping", "juliet", "-c", "1")
    check(r.out == "juliet@balcony took a connection in 1.2 ms\n", r)


def status_is_told_and_changed(box):
    check(box.run("status").out == "You are Mercutio (me@here), available\n")
    check(box.daemon.asked("status") == [{}])
    r = box.run("status", "away", "back", "at", "-1")
    check(r.out == "You are Mercutio (me@here), away: back at -1\n", r)
    check(box.daemon.asked("status")[-1] == {"status": "away", "text": "back at -1"})
    box.daemon.own["published"] = False
    check("cannot see you" in box.run("status", "--clear").out)


def avatars_are_checked_before_they_travel(box):
    def picture(data):
        path = os.path.join(box.folder, "picture")
        with open(path, "wb") as f:
            f.write(data)
        return path

    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 100
    check(box.run("set", "avatar", picture(png)).code == OK)
    check(box.daemon.asked("set.avatar")[-1] == {"data": png.hex()})
    full = png.ljust(8192, b"\1")
    check(box.run("set", "avatar", picture(full)).code == OK)
    check(box.daemon.asked("set.avatar")[-1] == {"data": full.hex()})
    for data, words in ((full + b"\1", "8"), (b"text", "not a PNG"), (b"", "not a PNG")):
        r = box.run("set", "avatar", picture(data))
        one_sentence(r, USAGE)
        check(words in r.err, r)
    one_sentence(box.run("set", "avatar", box.folder), USAGE)
    one_sentence(box.run("set", "avatar", "/nonexistent"), ERROR)
    check(len(box.daemon.asked("set.avatar")) == 2)


def bare_earshot_in_a_script_shows_and_ends(box):
    r = box.run()
    check(r.code == OK and r.out.startswith("You are Mercutio (me@here), available\n5 here\n"), r)
    check("romeo@orchard" in r.out)


def chat_sends_the_lines_of_a_file(box):
    r = box.run("chat", "romeo", stdin=b"first\r\n\n//slash\n/me waves\nlast, no newline")
    check(r.code == OK and r.err == "", r)
    check([p["text"] for p in box.daemon.asked("send")] ==
          ["first", "/slash", "/me waves", "last, no newline"], box.daemon.calls)


def chat_in_a_pipe_says_what_failed(box):
    for line in (b"/etc/fstab is wrong\n", b"/reply\n", b"/edit -9 what?\n"):
        one_sentence(box.run("chat", "romeo", stdin=line), USAGE)
    box.daemon.answers["send"] = Refused("absent", "Romeo is not here.")
    one_sentence(box.run("chat", "romeo", stdin=b"hello\n"), ABSENT)


def help_knows_every_command(box):
    listed = box.run("--json", "help").json["commands"]
    names = [c["name"] for c in listed]
    check("__complete" not in names and "who" in names and "session" in names, names)
    text = box.run("help").out
    for command in listed:
        check(f"\n  {command['name']}" in text, command)
        for path in [[command["name"]]] + [[command["name"], sub["name"]]
                                           for sub in command.get("commands", [])]:
            for args in (["help", *path], [*path, "--help"], [*path, "-h"]):
                r = box.run(*args)
                check(r.code == OK and r.out.startswith("earshot " + " ".join(path)), args, r)
    check(box.run("--version").out == box.run("version").out)


def the_manual_is_whole(box):
    r = box.run("help", "--scdoc")
    for command in box.run("--json", "help").json["commands"]:
        check(f"\n*{command['name']}" in r.out, command)
    try:
        page = subprocess.run(["scdoc"], input=r.raw, capture_output=True, check=True).stdout
        found = subprocess.run(["mandoc", "-T", "lint", "-W", "error"], input=page,
                               capture_output=True, check=False)
    except FileNotFoundError as e:
        raise Skip(f"{e.filename} is not installed") from e
    check(found.returncode == 0, found.stdout)


def the_manual_in_docs_is_the_tables(box):
    with open(os.path.join(TOP, "docs/earshot.1.scd"), "rb") as page:
        check(page.read() == box.run("help", "--scdoc").raw,
              "make it anew: earshot help --scdoc >docs/earshot.1.scd")


def completion_names_only_harmless_people(box):
    r = box.run("__complete", "people")
    check(r.out.splitlines() == ["romeo@orchard", "juliet@balcony", "nurse@house",
                                 "\u4e2d\u6587@lab"], r)


def complete_bash(box, line):
    script = (f'PATH={os.path.dirname(PROGRAM)}:$PATH; export EARSHOT_SOCKET={box.socket}; '
              f'source <(earshot completion bash); COMP_LINE=$1; COMP_POINT=${{#1}}; '
              # words as readline cuts them: @ is one of its own
              f'COMP_WORDS=(${{1//@/ @ }}); [[ $1 == *" " ]] && COMP_WORDS+=(""); '
              f'COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _earshot; printf "%s\\n" "${{COMPREPLY[@]}}"')
    done = subprocess.run(["bash", "-c", script, "bash", line], capture_output=True, check=False)
    check(done.stderr == b"", done.stderr)
    return done.stdout.decode().split("\n")[:-1]


def bash_completes(box):
    for line, found in (("earshot w", ["who", "watch"]), ("earshot peers ", ["add", "remove", "list"]),
                        ("earshot send ro", ["romeo@orchard"]), ("earshot send romeo@or", ["orchard"]),
                        ("earshot who --a", ["--all"]), ("earshot --js", ["--json"]),
                        ("earshot status a", ["available", "away"]),
                        ("earshot send romeo hello w", [""]), ("earshot completion z", ["zsh"]),
                        ("earshot history --since 2h ro", ["romeo@orchard"]),
                        ("earshot ping -c 3 ro", ["romeo@orchard"]),
                        ("earshot trust introduce ro", ["romeo@orchard"]),
                        ("earshot trust introduce romeo ju", ["juliet@balcony"]),
                        ("earshot trust introduce romeo juliet nu", [""]),
                        ("earshot --socket x pee", ["peers"]), ("earshot help sta", ["status"])):
        check(complete_bash(box, line) == found, line, complete_bash(box, line))


def completions_are_sound_shell(box):
    for shell, check_only in (("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")):
        script = os.path.join(box.folder, "script")
        with open(script, "w", encoding="utf-8") as f:
            f.write(box.run("completion", shell).out)
        try:
            done = subprocess.run([shell, check_only, script], capture_output=True, check=False)
        except FileNotFoundError:
            continue
        check(done.returncode == 0 and done.stderr == b"", shell, done.stderr)


def fish_completes(box):
    try:
        subprocess.run(["fish", "--version"], capture_output=True, check=True)
    except FileNotFoundError as e:
        raise Skip("fish is not installed") from e
    for line, found in (("earshot wa", ["watch"]), ("earshot peers ", ["add", "list", "remove"]),
                        ("earshot send rom", ["romeo@orchard"]), ("earshot who --al", ["--all"]),
                        ("earshot status a", ["available", "away"])):
        script = (f"set -x PATH {os.path.dirname(PROGRAM)} $PATH; set -x EARSHOT_SOCKET {box.socket};"
                  f" earshot completion fish | source; complete -C '{line}'")
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, check=False,
                              env=dict(os.environ, HOME=box.folder))
        got = sorted(x.split("\t")[0] for x in done.stdout.decode().splitlines())
        check(got == found, line, got, done.stderr)


def a_full_disk_is_told(box):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "--socket", box.socket, "who"], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    check(done.returncode == ERROR and b"cannot be written" in done.stderr, done)


def l1_a_socket_of_another_user_is_refused(box):
    path = os.path.join(box.folder, "theirs")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:  # whoever listens is the one the program sees
        try:
            os.setuid(12345)
            listener.listen(1)
            os.write(told, b"y")
            time.sleep(60)
        finally:
            os._exit(0)
    os.close(told)
    try:
        if os.read(ready, 1) != b"y":
            raise Skip("one user id is all there is here")
        r = run("--socket", path, "who")
        one_sentence(r, 8)
        check("belongs to another user" in r.err, r)
    finally:
        os.close(ready)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def pipes_end_quietly(box):
    box.daemon.people = [person(f"p{i}@host", "x" * 200) for i in range(2000)]
    done = subprocess.run(["sh", "-c", '"$0" --socket "$1" who | head -n 1', PROGRAM, box.socket],
                          capture_output=True, check=False, env=dict(os.environ))
    check(done.returncode == 0 and done.stderr == b"", done)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
