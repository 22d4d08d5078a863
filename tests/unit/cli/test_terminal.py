#!/usr/bin/env python3
"""The program on a terminal, looked at through tmux: what a person sees while typing, while
others speak, when the window changes."""

import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import FakeDaemon, Refused, person  # noqa: E402
from harness import PROGRAM, SKIPPED, check, main  # noqa: E402

PATIENCE = 10  # seconds for something to appear


class Terminal:
    """One tmux server of its own with one window; the program is its only command."""

    def __init__(self, box, *args, size=(80, 24), env="TERM=screen-256color"):
        self.box = box
        server = os.path.join(box.folder, f"tmux{len(os.listdir(box.folder))}")
        self.tmux = ["tmux", "-S", server, "-f", "/dev/null"]
        command = (f"env {env} {PROGRAM} --socket {box.socket} {' '.join(args)}; "
                   "echo \"[ended $?]\"; stty -a | grep -o '[-]*icanon'; sleep 60")
        self.call("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), command)
        self.call("set", "-g", "set-clipboard", "on")

    def call(self, *args):
        return subprocess.run([*self.tmux, *args], capture_output=True, check=True).stdout.decode()

    def keys(self, *keys):
        self.call("send-keys", *keys)

    def type(self, text):
        self.call("send-keys", "-l", text)

    def screen(self):
        return self.call("capture-pane", "-p", "-S", "-200").rstrip("\n")

    def rows(self):
        return [row.rstrip() for row in self.screen().split("\n")]

    def see(self, pattern, gone=False):
        """Waits until the screen matches (or, gone, no longer does); returns the match."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = re.search(pattern, self.screen(), re.MULTILINE)
            if bool(found) != gone:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{'still' if gone else 'never'} there: {pattern}\n{self.screen()}")

    def resize(self, columns, rows):
        self.call("resize-window", "-x", str(columns), "-y", str(rows))

    def end(self):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True, check=False)


class Chat(Terminal):
    def __init__(self, box, name="romeo", **more):
        super().__init__(box, "--plain", "chat", name, **more)
        try:
            self.see(r"/quit\s+ends\.$")
        except AssertionError:
            self.end()
            raise

    def enter(self, text):
        self.type(text)
        self.keys("Enter")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def what_becomes_of_a_message_is_a_line_of_its_own(box):
    with Chat(box) as t:
        t.enter("O Romeo, wherefore art thou?")
        t.see(r"^O Romeo, wherefore art thou\?\nDelivered to Romeo Montague: O Romeo, wherefore art thou\?$")
        sent, = box.daemon.asked("send")
        check(sent["peer"] == "romeo@orchard" and len(sent["token"]) == 32, sent)
        check(sent["text"] == "O Romeo, wherefore art thou?", sent)
        box.daemon.event("receipt", peer="romeo@orchard", id=box.daemon.log.messages[-1]["id"], state="read")
        t.see(r"^Read by Romeo Montague: O Romeo, wherefore art thou\?$")
    with Chat(box, "juliet") as t:  # confirms nothing
        t.enter("hi")
        t.see(r"^hi\nHanded over to Juliet, whose program confirms nothing: hi$")


def the_talk_reads_like_this(box):
    """The wording that the manual promises, whole."""
    box.daemon.add("romeo@orchard", "seen before", state="seen")
    box.daemon.add("romeo@orchard", "I am not seen\nby you", state="unread")
    box.daemon.add("romeo@orchard", "nor I", state="unread")
    box.daemon.add("juliet@balcony", "hello", state="unread")
    with Chat(box, size=(120, 40)) as t:
        t.see("from Juliet")
        t.enter("first")
        t.see("^Delivered")
        box.daemon.says("romeo@orchard", "two\nlines")
        box.daemon.says("romeo@orchard", "waves", action=True)
        box.daemon.says("romeo@orchard", "soft", reply_text="first")
        box.daemon.event("correction", peer="romeo@orchard", by="in", id="x", text="new", trust="known")
        box.daemon.event("reaction", peer="romeo@orchard", by="in", id="x", reactions=["\U0001f44d"], trust="known")
        box.daemon.event("retraction", peer="romeo@orchard", by="in", id="x", trust="known")
        box.daemon.says("juliet@balcony", "who is there?")
        box.daemon.says("juliet@balcony", "hello?")
        box.daemon.event("typing", peer="romeo@orchard", display="R", state="composing")
        box.daemon.event("attention", peer="romeo@orchard", display="Romeo Montague")
        box.daemon.event("person", change="gone", person=box.daemon.find("romeo"))
        t.see("has left")
        check(t.rows() == """\
Talking with Romeo Montague, away: under the balcony, answered 3 s ago, with Earshot.
Trust in Romeo Montague: encrypted, the key it has always been
Enter sends, /help helps, /quit ends.
08:00 Known key, Romeo Montague: seen before
2 unread messages from Romeo Montague.
08:00 Known key, Romeo Montague: I am not seen / by you (unread)
08:00 Known key, Romeo Montague: nor I (unread)
1 unread message from Juliet.
first
Delivered to Romeo Montague: first
Known key, Romeo Montague: two / lines
Known key, Romeo Montague, action: waves
Known key, Romeo Montague, answering "first": soft
Known key, Romeo Montague corrected: new
Known key, Romeo Montague reacted with \U0001f44d to: ...
Known key, Romeo Montague took back: ...
Not encrypted, Juliet: who is there?
To answer: /to Juliet
Not encrypted, Juliet: hello?
Romeo Montague nudges you.
Romeo Montague has left.""".split("\n"), t.screen())


def nothing_that_was_written_changes(box):
    """Every byte that the program sends while others speak only adds rows."""
    with Chat(box) as t:
        t.call("pipe-pane", f"cat >{box.folder}/sent")
        box.daemon.answers["send"] = {"id": "late", "peer": "romeo@orchard", "state": "queued", "here": False}
        t.enter("wait")
        t.see("^Waits for Romeo Montague: wait$")
        for i in range(5):
            box.daemon.says("romeo@orchard", f"said {i}")
        box.daemon.event("receipt", peer="romeo@orchard", id="late", state="delivered")
        t.see(r"^Delivered to Romeo Montague: wait$")
        sent, until = b"", time.monotonic() + 10
        while b"Delivered" not in sent and time.monotonic() < until:  # the pipe may be behind
            with open(box.folder + "/sent", "rb") as f:
                sent = f.read()
            time.sleep(0.02)
        check(b"said 4" in sent, sent)
        told = sent[sent.index(b"Waits"):]
        check(b"\r" not in told.replace(b"\r\n", b"") and b"\x1b[A" not in told and
              b"\x1b[J" not in told and b"\x1b[K" not in told and b"\x08" not in told, told)


def words_appear_below_a_half_typed_line_and_it_goes_on(box):
    with Chat(box) as t:
        t.type("half a line")
        t.see("^half a line$")
        box.daemon.says("romeo@orchard", "I interrupt")
        t.see(r"^half a line\nKnown key, Romeo Montague: I interrupt\nhalf a line$")
        t.enter(" and the rest")
        t.see(r"^half a line and the rest\nDelivered to Romeo Montague: half a line and the rest$")


def words_appear_below_a_line_of_many_rows(box):
    with Chat(box, size=(40, 12)) as t:
        text = " ".join(f"word{i:02}" for i in range(16))
        t.type(text)
        t.see("word15")
        t.keys("Home")
        t.keys(*["C-f"] * 30)  # the cursor in the middle of it
        box.daemon.says("romeo@orchard", "I interrupt")
        t.see(r"I interrupt\n")
        t.see(r"(?s)I interrupt\n.*word00.*word15$")
        shown = "".join(t.screen().split("I interrupt")[1].split("\n"))
        check(shown.replace(" ", "") == text.replace(" ", ""), t.screen())
        t.type("X")
        t.see("Xd04|wXord|woXrd|worXd|worX")
        t.keys("Enter")
        t.see("^Delivered")
        check(box.daemon.asked("send")[0]["text"] == text[:30] + "X" + text[30:])


def a_failure_says_what_and_why(box):
    box.daemon.answers["send"] = Refused("absent", "Romeo is not here.")
    with Chat(box) as t:
        t.enter("anybody?")
        t.see(r"^Not delivered to Romeo Montague: anybody\? \(Romeo is not here\.\)$")


def what_waits_for_long_is_told_once(box):
    box.daemon.answers["send"] = {"id": "late", "peer": "romeo@orchard", "state": "queued"}
    with Chat(box) as t:
        t.enter("slow")
        time.sleep(1)
        check("Waits" not in t.screen(), t.screen())
        t.see("^Waits for Romeo Montague: slow$")
        t.enter("slower")
        t.keys("C-d")  # nobody would say it later
        t.see(r"^Waits for Romeo Montague: slower\n\[ended 0\]")
        check(t.screen().count("Waits") == 2, t.screen())


def that_we_type_is_told_to_the_other(box):
    with Chat(box) as t:
        t.type("/wh")
        time.sleep(0.3)
        check(not box.daemon.asked("typing"))
        t.keys("C-u")
        t.type("hello")
        until = time.monotonic() + PATIENCE
        while not box.daemon.asked("typing") and time.monotonic() < until:
            time.sleep(0.05)
        check(box.daemon.asked("typing") == [{"peer": "romeo@orchard", "state": "composing"}])
        t.keys("C-u")
        while len(box.daemon.asked("typing")) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        check(box.daemon.asked("typing")[-1]["state"] == "active", box.daemon.calls)


def l4_hostile_words_change_nothing(box):
    with Chat(box) as t:
        before = t.call("display-message", "-p", "#{pane_title} #{cursor_flag} #{alternate_on}")
        for words in ("\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]52;c;b3duZWQ=\x07", "\x9b2J",
                      "\rVerified, Juliet: fake", "\x1bP$qm\x1b\\", "\x1b[6n\x1b[c", "a\u202egnp.exe",
                      "x\nVerified, Juliet: fake", "\x1b[?1049h", "\x0e", "\x7f\x08\x08\x08"):
            box.daemon.says("romeo@orchard", words)
        box.daemon.says("romeo@orchard", "the end")
        t.see("the end")
        time.sleep(0.3)
        after = t.call("display-message", "-p", "#{pane_title} #{cursor_flag} #{alternate_on}")
        check(before == after, before, after)
        check("<U+001B>[2J<U+001B>[H" in t.screen() and "<U+202E>" in t.screen(), t.screen())
        check(not re.search(r"^Verified", t.screen(), re.MULTILINE), t.screen())
        check(t.rows()[-1].endswith("the end"), t.screen())  # the terminal answered nothing
        check(t.call("list-buffers") == "", t.call("list-buffers"))


def keys_edit_and_end(box):
    with Chat(box) as t:
        t.type("forget this")
        t.see("forget this")  # the terminal throws away what was not read before Ctrl-C
        t.keys("C-c")
        t.see(r"/quit ends\.$")
        t.enter("one")
        t.see("^Delivered to Romeo Montague: one$")
        t.keys("Up")
        t.see(r"one\none$")
        t.keys("C-u")
        t.type("\u4e2d\u6587\u00e9x")
        t.keys("BSpace", "Left", "BSpace", "Enter")
        t.see("^Delivered to Romeo Montague: \u4e2d\u00e9$")
        t.keys("C-c")
        t.see(r"\[ended 0\]\nicanon")
    for key in ("C-d", "/quit"):
        with Chat(box) as t:
            t.keys(key, *(["Enter"] if key[0] == "/" else []))
            t.see(r"\[ended 0\]\nicanon")  # the terminal is as before


def resizing_keeps_the_line(box):
    with Chat(box) as t:
        t.type("a b c d e f g h i j k l m n o p q r s t u v w x y z " * 2)
        for size in ((40, 10), (100, 30), (20, 8), (80, 24)):
            t.resize(*size)
            time.sleep(0.3)
            box.daemon.says("romeo@orchard", f"at {size[0]}")
            t.see(f"at\\s+{size[0]}")
        t.keys("Enter")
        t.see(r"^Delivered to Romeo Montague: a b c")
        check(box.daemon.asked("send")[0]["text"].startswith("a b c d e f g h"))


def suspension_gives_the_terminal_back(box):
    t = Terminal(box, size=(80, 24), env="true; PS1=ready: sh -i; true")
    try:
        t.see("ready:")
        t.type(f"{PROGRAM} --socket {box.socket} --plain chat romeo")
        t.keys("Enter")
        t.see(r"/quit ends\.$")
        t.type("kept")
        t.see(r"^kept$")  # read: the terminal drops what is not when C-z comes
        t.keys("C-z")
        t.see(r"Stopped|ready:$")
        t.type("echo back in the $0")
        t.keys("Enter")
        t.see("^back in the sh")
        t.type("fg")
        t.keys("Enter")
        t.see(r"fg\n(.*\n)*kept$")
        t.keys("Enter")
        t.see("^Delivered to Romeo Montague: kept$")
    finally:
        t.end()


def the_daemon_may_come_back(box):
    with Chat(box) as t:
        box.daemon.close()
        t.see("Earshot has stopped")
        t.type("patient")
        box.daemon = FakeDaemon(box.socket)
        t.see("Earshot is back")
        t.keys("Enter")
        t.see(r"^Delivered to Romeo Montague: patient$")


def a_terminal_that_can_nothing_has_the_same_lines(box):
    with Chat(box, env="TERM=dumb") as t:
        t.enter("hi")
        t.see("^hi\nDelivered to Romeo Montague: hi$")
        box.daemon.says("romeo@orchard", "hello")
        t.see("^Known key, Romeo Montague: hello$")
        t.keys("C-d")
        t.see(r"\[ended 0\]")


def slash_commands_do_what_they_say(box):
    with Chat(box) as t:
        for line, pattern in (("/help", r"^/nudge \[NAME\]"), ("/who", r"^1: Romeo Montague"),
                              ("/me waves", r"^Delivered to Romeo Montague: /me waves$"),
                              ("/foo", r"There is no /foo"), ("/info", r"^Address +romeo@orchard$"),
                              ("/ping", r"answered in 1\.2 ms"), ("/nudge", r"^You nudged"),
                              ("/status away at lunch", r"^You are .* away: at lunch"),
                              ("//usr", r"^Delivered to Romeo Montague: /usr$"),
                              ("/history 2", r"^\d\d:\d\d Known key, You to Romeo Montague: /usr \(delivered\)$"),
                              ("/search usr", r"^\d{4}-\d\d-\d\d \d\d:\d\d Known key, You to Romeo Montague: /usr"),
                              ("/to 2", r"^Talking with Juliet"),
                              ("/to nobody", r"^Nobody is called nobody"),
                              ("/to o", r"^o fits several")):
            t.enter(line)
            t.see(pattern)
        check(box.daemon.asked("attention") == [{"peer": "romeo@orchard"}])


def a_session_chooses_and_talks(box):
    box.daemon.add("juliet@balcony", "hello")
    t = Terminal(box, "session")
    try:
        t.see(r"^1: Romeo Montague, away: under the balcony, answered 3 s ago\. Known key\.$")
        t.see(r"^Type a number or a name to talk with somebody\.\n1 unread message from Juliet\.$")
        box.daemon.says("juliet@balcony", "Who is there?")
        t.see(r"^Not encrypted, Juliet: Who is there\?\nTo answer: /to Juliet$")
        box.daemon.says("juliet@balcony", "Hello?")
        t.see(r"Juliet: Hello\?$")
        t.type("1")
        t.keys("Enter")
        t.see(r"^Talking with Romeo Montague")
        t.type("hi")
        t.keys("Enter")
        t.see(r"^Delivered to Romeo Montague: hi$")
        t.type("/to")
        t.keys("Enter")
        t.see(r"^/to\n1: Romeo")
        t.type("Nurse")
        t.keys("Enter")
        t.see(r"^Talking with Nurse, .*not answering")
        t.keys("C-d")
        t.see(r"\[ended 0\]")
        sent, = box.daemon.asked("send")
        check((sent["peer"], sent["text"]) == ("romeo@orchard", "hi"), sent)
        check(t.screen().count("To answer") == 1, t.screen())  # said once is enough
    finally:
        t.end()


def what_changes_about_the_person_is_told(box):
    who = dict(box.daemon.find("romeo"))
    with Chat(box) as t:
        box.daemon.event("person", change="changed", person=who)  # as it was
        box.daemon.event("person", change="changed", person=dict(who, state="silent", age=9))
        t.see(r"^Romeo Montague is not answering\.$")
        box.daemon.event("person", change="changed", person=dict(who, status="available", text=""))
        t.see(r"^Romeo Montague is available\.$")
        box.daemon.event("person", change="gone", person=who)
        t.see(r"^Romeo Montague has left\.$")
        check(t.screen().count("under the balcony") == 1, t.screen())


def tables_fit_the_terminal(box):
    for columns in (100, 80, 40, 20):
        t = Terminal(box, "who", size=(columns, 30))
        try:
            t.see(r"\[ended 0\]")
            rows = t.rows()
            rows = rows[:rows.index("[ended 0]")]
            check(len(rows) == 6 and rows[0].startswith("Name"), t.screen())
        finally:
            t.end()


def n5_who_looks_like_somebody_known_is_told(box):
    evil = person("kim@nowhere", "Pr\u043ef. Kim", looks_like="Prof. Kim")
    box.daemon.people = [*box.daemon.people, evil]
    said = r'looks like "Prof\. Kim" but is not'
    for words, rows in ((("who",), rf"^kim@nowhere {said}\.$"), (("info", "kim"), rf"^Careful +{said}$"),
                        (("--plain", "chat", "kim"), rf"^Careful: Pr\u043ef\. Kim {said}\.$")):
        t = Terminal(box, *words)
        try:
            t.see(rows)
        finally:
            t.end()
    t = Terminal(box, "watch", size=(120, 24))
    try:
        until = time.monotonic() + PATIENCE
        while not any(c.subscribed for c in list(box.daemon.clients)) and time.monotonic() < until:
            time.sleep(0.02)
        box.daemon.event("person", change="new", person=evil)
        t.see(rf"Pr\u043ef\. Kim is here.*; {said}$")
    finally:
        t.end()


def colours_are_for_terminals_that_want_them(box):
    for env, coloured in (("TERM=screen-256color", True), ("NO_COLOR=1", False),
                          ("TERM=dumb", False)):
        t = Terminal(box, "who", env=env)
        try:
            t.see(r"\[ended 0\]")
            check(("\x1b[" in t.call("capture-pane", "-p", "-e")) == coloured, env)
        finally:
            t.end()


def l4_json_on_a_terminal_is_escaped(box):
    t = Terminal(box, "--json", "who", size=(200, 50))
    try:
        t.see(r"\[ended 0\]")
        joined = "".join(t.screen().split("\n"))
        check(r"\u202e\u009b31m" in joined and r"\u001b" in joined, t.screen())
        check("\u4e2d\u6587" in joined, t.screen())
    finally:
        t.end()


def what_takes_long_says_so_in_a_plain_line_once(box):
    box.daemon.answers["info"] = FakeDaemon.SILENT
    t = Terminal(box, "--plain", "info", "romeo")
    try:
        t.see(r"^Asking \.\.\.$")
        time.sleep(2.2)
        check(t.screen() == "Asking ...", t.screen())
        box.daemon.close()
        t.see(r"^Asking \.\.\.\n.*\n\[ended 7\]")
    finally:
        t.end()


def what_takes_long_shows_a_sign_of_life(box):
    box.daemon.answers["info"] = FakeDaemon.SILENT
    t = Terminal(box, "info", "romeo")
    try:
        t.see(r"^Asking \(\d s\) \.\.\.")
        box.daemon.close()
        t.see(r"\[ended 7\]")
        check("Asking" not in t.screen(), t.screen())
    finally:
        t.end()


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed")
        sys.exit(SKIPPED)
    for variable in ("TMUX", "NO_COLOR"):
        os.environ.pop(variable, None)
    sys.exit(main(sys.modules[__name__]))
