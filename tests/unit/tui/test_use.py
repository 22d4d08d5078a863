#!/usr/bin/env python3
"""Using the terminal UI: every key and command, with a daemon that comes and goes."""

import os
import pty
import re
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from terminal import PATIENCE, PEOPLE, Screen, await_that, check, offer, play  # noqa: E402
from fake_daemon import FakeDaemon, Refused  # noqa: E402
from harness import PROGRAM, SKIPPED, main  # noqa: E402

ROMEO = "romeo@orchard"


class Talk(Screen):
    """A conversation with Romeo, furnished."""

    def __init__(self, box, *args, furnished=True, **more):
        if furnished:
            box.daemon.people = [dict(p) for p in PEOPLE]
            play(box.daemon)
        super().__init__(box, *(args or ("tui", "romeo")), **more)
        try:
            self.see("Not yet here" if furnished else ">.*")
        except AssertionError:
            self.end()
            raise

    def sent(self):
        return self.box.daemon.asked("send")


def what_is_typed_is_said_and_gets_its_marks(box):
    with Talk(box) as t:
        t.line("O Romeo, wherefore art thou?")
        t.see(r"\d\d:\d\d \u2713  O Romeo, wherefore art thou\?$")
        sent, = t.sent()
        check(sent["peer"] == ROMEO and sent["token"], sent)
        check(sent["text"] == "O Romeo, wherefore art thou?", sent)
        m = box.daemon.log.messages[-1]
        box.daemon.becomes(m, "read")
        t.see(r"\u2713\u2713 O Romeo, wherefore art thou\?$")


def a_message_may_have_several_lines(box):
    with Talk(box) as t:
        t.type("one")
        t.keys("M-Enter")
        t.type("two")
        t.keys("C-j")
        t.type("three")
        t.see(r"> one\n.*  two\n.*  three$")
        t.keys("Enter")
        await_that(t.sent)
        check(t.sent()[0]["text"] == "one\ntwo\nthree", t.sent())
        t.keys("Up")
        t.see(r"> one\n.*  two\n.*  three$")


def what_others_say_is_there_and_is_seen(box):
    with Talk(box) as t:
        m = box.daemon.says(ROMEO, "I take thee at thy word")
        t.see("I take thee at thy word")
        await_that(lambda: m["state"] == "seen", box.daemon.calls)
        box.daemon.says("juliet@balcony", "What man art thou?")
        t.see(r"\[PLAIN\] Juliet +3\b")
        t.see("3 unread")
        t.keys("M-a")
        t.see("What man art thou")
        t.see("3 unread", gone=True)
        t.see("anyone here can read")


def what_changes_changes_in_place(box):
    daemon = box.daemon
    with Talk(box) as t:
        m = daemon.says(ROMEO, "Cal me but love")
        t.see("Cal me but love$")
        daemon.change(ROMEO, m["id"], "correction", by="in", text="Call me but love")
        t.see(r"Call me but love \(edited\)$")
        daemon.change(ROMEO, m["id"], "reaction", by="in", reactions=["\u2728"])
        t.see("\u2728")
        daemon.change(ROMEO, m["id"], "retraction", by="in")
        t.see(r"\d\d:\d\d +\(taken back\)$")
        t.see("Call me", gone=True)


def people_are_chosen_by_keys(box):
    with Talk(box) as t:
        t.type("a draft for Romeo")
        t.keys("M-1")
        t.see("O Romeo, Romeo!")
        t.see("> a draft", gone=True)
        t.keys("M-2")
        t.see("> a draft for Romeo$")
        seen = set()
        for key in ("C-n", "M-Down", "C-n", "M-Down", "C-n", "C-n"):
            t.keys(key)
            t.settle()
            seen.add(t.rows()[0][25:50])
        check(len(seen) == 6, seen)
        t.see("> a draft for Romeo$")
        t.keys("C-p")
        t.see("> a draft for Romeo$", gone=True)
        t.keys("M-Down")
        t.see("> a draft for Romeo$")


def a_chosen_message_is_answered_corrected_taken_back(box):
    daemon = box.daemon
    with Talk(box) as t:
        theirs = daemon.says(ROMEO, "Lady, by yonder moon I swear")
        t.see("by yonder moon")
        t.keys("Tab")
        t.see("r reply")
        t.keys("r")
        t.see(r"Reply to: Lady, by")
        t.line("O swear not by the moon")
        t.see(r"Lady, by yonder moon I swear\n.*\u2713  O swear not by the moon$")
        check(daemon.asked("send")[-1]["reply"] == theirs["id"], daemon.asked("send"))
        t.keys("S-Up", "e")
        t.see("edit> O swear not by the moon$")
        t.keys("C-u")
        t.line("O swear not by th'inconstant moon")
        t.see(r"inconstant moon \(edited\)$")
        t.keys("M-k", "d")
        t.see(r"\u2713  \(taken back\)$")
        t.keys("Tab", "Up", "t")
        t.see("> /react$")
        t.line("\u2764 \u2728")
        t.see("\u2764 .?\u2728")
        check(daemon.asked("react")[-1] == {
            **daemon.asked("react")[-1], "id": theirs["id"], "reactions": ["\u2764", "\u2728"]},
            daemon.asked("react"))


def the_mouse_chooses_and_scrolls(box):
    with Talk(box, term="xterm-256color") as t:
        def mouse(button, column, row):
            for last in "Mm" if button == 0 else "M":
                codes = f"\x1b[<{button};{column};{row}{last}".encode()
                t.call("send-keys", "-H", *(f"{c:02x}" for c in codes))

        mouse(0, 10, t.rows().index(next(r for r in t.rows() if "Juliet" in r)) + 1)
        t.see("Wherefore art thou")
        mouse(0, 10, t.rows().index(next(r for r in t.rows() if "[=] Romeo" in r)) + 1)
        t.see("Not yet here")
        mouse(66, 40, 10)  # a wheel that turns sideways
        for _ in range(3):
            mouse(64, 40, 10)
        t.see("more")
        t.see("But soft")
        for _ in range(5):
            mouse(65, 40, 10)
        t.see("Not yet here")
        mouse(0, 40, t.rows().index(next(r for r in t.rows() if "Not yet" in r)) + 1)
        t.see("e edit")


def slash_commands_about_messages(box):
    daemon = box.daemon
    with Talk(box) as t:
        theirs = daemon.says(ROMEO, "What shall I swear by?")
        t.see("What shall I swear by")
        t.line("/reply Do not swear at all")
        t.see(r"What shall I swear by\?\n.*Do not swear at all$")
        check(daemon.asked("send")[-1]["reply"] == theirs["id"])
        t.line("/me sighs")
        t.see(r"\* You sighs$")
        t.line("//usr")
        t.see(r"\d\d:\d\d .* /usr$")
        t.line("/edit -2 weeps")
        t.see(r"weeps \(edited\)$")
        t.line("/retract")
        t.see("/usr", gone=True)
        daemon.mute.add(ROMEO)
        t.line("too early")
        t.see("too early")
        t.line("/cancel")
        t.see(r"too early \(cancelled\)")
        t.line("/react -1 \u2728")
        t.see("\u2728")
        t.line("/seen")
        t.line("/msg Juliet Good night")
        t.see(r"Good night$")
        check(daemon.asked("send")[-1]["peer"] == "juliet@balcony", daemon.asked("send"))


def slash_commands_about_oneself(box):
    with Talk(box) as t:
        t.line("/status away at lunch")
        t.see(r"You are Mercutio.*away: at lunch")
        check(box.daemon.own["text"] == "at lunch")
        t.line("/nick Merc")
        await_that(lambda: box.daemon.own["nick"] == "Merc")
        t.line("/theme")
        t.see("The theme is .*mono")
        t.line("/theme nonesuch")
        t.see("There is no such theme")
        t.line("/theme contrast")
        t.line("/theme")
        t.see("The theme is contrast")
        t.line("/nudge")
        t.see("You nudged")
        check(box.daemon.asked("attention") == [{"peer": ROMEO}])


def refusals_are_told(box):
    with Talk(box) as t:
        for line, pattern in (("/foo", "There is no /foo"), ("/to nobody", "Nobody is called nobody"),
                              ("/to o", "o fits several"), ("/set 'name", "quotation mark"),
                              ("/file", "Which file"), ("/file /nonexistent", "cannot be opened"),
                              ("/file /dev/null", "neither a file nor"), ("/accept", "no file")):
            t.line(line)
            t.see(pattern)
        box.daemon.answers["send"] = Refused("absent", "Romeo is not here.")
        t.line("anybody?")
        t.see("Romeo is not here")


def other_commands_are_run_by_the_program(box):
    with Talk(box) as t:
        t.line("/info")
        t.see(r"^./info|^ /info")
        t.see(r"Address +romeo@orchard")
        t.keys("Escape")
        t.line("/ping")
        t.see(r"answered in 1\.2 ms")
        t.keys("Escape")
        t.line("/set name 'Mercutio the Second'")
        await_that(lambda: box.daemon.own["full_name"] == "Mercutio the Second")
        t.line("/trust list")
        t.see(r"known +romeo@orchard")
        t.keys("q")
        t.line("/who --all")
        t.see(r"Paris +\[i\] +gone")
        t.keys("Escape")
        t.line("/help send")
        t.see("Send a message")
        t.keys("Escape")
        t.see("Not yet here")
        box.daemon.answers["info"] = FakeDaemon.SILENT
        t.line("/info juliet")
        t.see("runs. Esc ends it")
        t.line("/ping")
        t.see("still runs, /ping comes next")
        t.keys("Escape", "Escape")
        t.see(r"answered in 1\.2 ms")


def commands_that_ask_have_the_terminal(box):
    with Talk(box) as t:
        t.line("/forget romeo")
        t.see(r"\[yes/no\]|yes")
        check("F1 help" not in t.text(), t.text())
        t.line("no")
        t.see("Press Enter")
        t.keys("Enter")
        t.see("Not yet here")
        t.see("F1 help")
        t.line("still there")
        t.see(r"\u2713  still there")


def words_are_found_and_gone_to(box):
    box.daemon.people = [dict(p) for p in PEOPLE]
    play(box.daemon)
    for i in range(400):
        box.daemon.says(ROMEO, f"line {i}", state="seen")
    box.daemon.says(ROMEO, "Not yet here", state="seen")
    with Talk(box, furnished=False) as t:
        t.see("Not yet here")
        t.keys("C-f")
        t.see("search>$")
        t.line("envious")
        t.see("1 message found")
        t.see("sun, and kill the envious")
        t.keys("Enter")
        t.see(r"\d\d:\d\d +Arise, fair sun, and kill the envious moon")
        t.keys("Escape", "Escape")
        t.see("Not yet here")
        t.line("/search nothing-like-that")
        t.see("Nothing was found")


def older_ones_are_loaded_when_the_first_is_seen(box):
    box.daemon.people = [dict(p) for p in PEOPLE]
    for i in range(300):
        box.daemon.says(ROMEO, f"line {i}", state="seen")
    with Talk(box, furnished=False) as t:
        t.see("line 299$")
        for _ in range(40):
            t.keys("PPage")
        t.see("line 0$")
        t.see("more")
        box.daemon.says(ROMEO, "a new one")
        t.settle()
        check("line 0" in t.text() and "a new one" not in t.text(), t.text())
        t.keys("Escape")
        t.see("a new one$")


def files_are_accepted_in_place(box):
    with Talk(box) as t:
        f = offer(box.daemon, "balcony.jpg")
        t.see(r"balcony.jpg \(4\.2 MB\)")
        t.see("1 file waits")
        t.keys("Tab")
        t.see("a accept")
        t.keys("a")
        t.see("received")
        check(f["state"] == "done", f)
        offer(box.daemon, "second.jpg")
        t.see("/accept f2 or /decline f2")
        t.line("/decline")
        await_that(lambda: box.daemon.asked("decline") == [{"id": "f2"}], box.daemon.calls)
        box.daemon.fate = None
        third = offer(box.daemon, "third.iso", "active", done=1000000, rate=500000, left=6)
        t.see(r"third.iso")
        t.see(r"23 %")
        box.daemon.event("file-progress", id="f3", done=3000000, size=4200000, rate=500000, left=2)
        t.see(r"71 %")
        t.line("/pause")
        await_that(lambda: third["state"] == "paused", third)
        t.line("/files")
        t.see("third.iso")
        t.keys("Home", "c")
        await_that(lambda: third["state"] == "cancelled", third)


def a_key_means_the_file_that_was_marked(box):
    with Talk(box) as t:
        offer(box.daemon, "first.jpg")
        t.see("first.jpg")
        t.line("/files")
        t.see("a accept")
        offer(box.daemon, "stranger.exe")
        t.see(r"stranger.exe(.|\n)*first.jpg")
        t.keys("x")
        await_that(lambda: box.daemon.asked("decline"), box.daemon.calls)
        check(box.daemon.asked("decline") == [{"id": "f1"}], box.daemon.calls)


def a_command_is_about_the_message_that_is_chosen(box):
    with Talk(box) as t:
        older = box.daemon.says(ROMEO, "the older one")
        box.daemon.says(ROMEO, "the newer one")
        t.see("the newer one")
        t.keys("Tab", "Up", "t")
        t.see("> /react$")
        t.line("\u2728")
        await_that(lambda: box.daemon.asked("react"), box.daemon.calls)
        check(box.daemon.asked("react")[-1]["id"] == older["id"], box.daemon.asked("react"))


def what_is_said_with_msg_may_have_apostrophes(box):
    with Talk(box) as t:
        t.line("/msg romeo I'll say yea")
        await_that(t.sent, box.daemon.calls)
        check(t.sent()[0]["text"] == "I'll say yea", t.sent())


def a_file_is_sent(box):
    path = os.path.join(box.folder, "a letter.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("Dear Juliet")
    with Talk(box) as t:
        t.type(f"/file {box.folder}/a")
        t.keys("Tab")
        t.see(r"a letter\.txt")
        t.keys("Enter")
        await_that(lambda: box.daemon.sent_content == b"Dear Juliet", box.daemon.calls)
        t.line(f"/file '{path}'")
        await_that(lambda: len(box.daemon.files) == 2, box.daemon.files)
        check(box.daemon.files[1]["name"] == "a letter.txt", box.daemon.files)
        t.line(f"/file {box.folder}/.")
        await_that(lambda: len(box.daemon.asked("send-file")) == 3, box.daemon.calls)
        check("name" not in box.daemon.asked("send-file")[-1], box.daemon.calls)


def keys_are_compared(box):
    daemon = box.daemon
    with Talk(box) as t:
        t.line("/verify")
        t.see("Waiting for the program of Romeo")
        code = {"words": "bako tiru gema", "digits": "123 4567 8901"}
        daemon.event("verify", **daemon.compared(ROMEO, "code", **code))
        t.see("B A K O +T I R U +G E M A")
        t.see("123 4567 8901")
        t.see("Press y or n")
        t.keys("j", "Enter", "Space", "Down")  # none of them says yes
        t.keys("y")
        t.see("Waiting for Romeo Montague to say so")
        check(daemon.asked("verify.answer") == [{"peer": ROMEO, "same": True}], daemon.calls)
        daemon.event("verify", **daemon.compared(ROMEO, "verified"))
        t.see("is verified: nobody stands between you")
        t.keys("Escape")
        daemon.event("verify", **{**daemon.compared(ROMEO, "begun"), "run": 2, "initiator": False})
        t.see("wants to compare keys with you:")
        daemon.answers["verify.start"] = {
            **daemon.compared(ROMEO, "code", **code), "run": 2, "initiator": False}
        t.line("/verify")
        t.see("B A K O")
        t.keys("n")
        t.see("Not verified: You said")


def typing_is_told_both_ways(box):
    daemon = box.daemon
    with Talk(box) as t:
        t.type("/wh")
        t.settle()
        check(not daemon.asked("typing"), daemon.calls)
        t.keys("C-u")
        t.type("hello")
        await_that(lambda: daemon.asked("typing") == [{"peer": ROMEO, "state": "composing"}],
                   daemon.calls)
        t.keys("C-u")
        await_that(lambda: len(daemon.asked("typing")) > 1, daemon.calls)
        daemon.event("typing", peer=ROMEO, display="R", trust="known", state="composing")
        t.see("Romeo Montague is typing")
        daemon.event("typing", peer=ROMEO, display="R", trust="known", state="paused")
        t.see("is typing", gone=True)


def the_daemon_may_go_and_come_back(box):
    with Talk(box) as t:
        old = box.daemon
        old.close()
        t.see("has stopped")
        t.line("patient")
        t.see("patient")
        box.daemon = FakeDaemon(box.socket, before=old)
        t.see(r"\u2713  patient$")
        check([m["text"] for m in box.daemon.log.messages].count("patient") == 1)
        box.daemon.says(ROMEO, "here again")
        t.see("here again$")


def names_and_commands_are_completed(box):
    with Talk(box) as t:
        t.type("/verif")
        t.keys("Tab")
        t.see(r"> /verify")
        t.keys("C-u")
        t.type("/to jul")
        t.keys("Tab")
        t.see(r"> /to Juliet")
        t.keys("Enter")
        t.see("O Romeo, Romeo!")
        t.type("/trust acc")
        t.keys("Tab")
        t.see(r"> /trust accept")


def hostile_words_change_nothing(box):
    with Talk(box) as t:
        before = t.call("display-message", "-p", "#{pane_title} #{alternate_on}")
        for words in ("\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x9b2J", "\r18:04 fake", "a\u202egnp.exe",
                      "\x1b[?1049l", "\x0e", "\x7f\x08\x08"):
            box.daemon.says(ROMEO, words)
        box.daemon.says(ROMEO, "the end")
        t.see("the end")
        check("<U+001B>[2J" in t.text() and "<U+202E>" in t.text(), t.text())
        after = t.call("display-message", "-p", "#{pane_title} #{alternate_on}")
        check(before.split()[-1] == after.split()[-1] and "owned" not in after, before, after)


def there_are_several_ways_out(box):
    for way in (("C-d",), ("C-c",), ("C-c", "C-c"), ("/quit", "Enter")):
        with Talk(box, furnished=way == ("C-d",)) as t:
            t.see("F1 help")
            if way == ("C-c", "C-c"):
                t.type("half a line")
                t.see("half a line")
            t.keys(*way)
            t.see(r"\[ended 0\]\nicanon")  # the terminal is as before


def processes(of):
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if f.read().startswith(f"{PROGRAM}\0--socket\0{of.socket}\0".encode()):
                    yield int(pid)
        except (OSError, ValueError):
            pass


def signals_give_the_terminal_back(box):
    for number in (signal.SIGTERM, signal.SIGHUP):
        with Talk(box, furnished=number == signal.SIGTERM) as t:
            t.see("F1 help")
            pid, = processes(box)
            os.kill(pid, number)
            t.see(rf"\[ended {128 + number}\]\nicanon")


def the_end_of_the_terminal_ends_it(box):
    pid, master = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, "--socket", box.socket, "tui", "romeo"],
                  {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"})
    seen = b""
    while b"F1" not in seen:
        seen += os.read(master, 65536)
    os.close(master)
    until = time.monotonic() + PATIENCE
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError("it is still there")
        time.sleep(0.01)


def switches(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", f.read()))


def nothing_happens_while_nothing_happens(box):
    box.daemon.people = [dict(p, age=400) for p in PEOPLE]
    with Talk(box, furnished=False) as t:
        t.see("last answered")
        t.settle()
        pid, = processes(box)
        before = switches(pid)
        time.sleep(3)
        check(switches(pid) == before, switches(pid) - before)


def suspension_gives_the_terminal_back(box):
    box.daemon.people = [dict(p) for p in PEOPLE]
    s = Screen(box, "--version; PS1=ready: sh -i")
    try:
        s.see("ready:")
        s.line(f"{PROGRAM} --socket {box.socket} tui romeo")
        s.see("F1 help")
        s.type("kept")
        s.see("> kept$")
        s.keys("C-z")
        s.see("Stopped|ready:$")
        s.line("echo back in the $0")
        s.see("^back in the sh")
        s.line("fg")
        s.see("> kept$")
    finally:
        s.end()


def lines_take_its_place_where_they_are_wanted(box):
    for words, more in ((("--plain", "chat", "romeo"), {}),
                        (("chat", "romeo"), {"env": "EARSHOT_PLAIN=1"})):
        with Screen(box, *words, **more) as s:
            s.see("^Enter sends, /help helps")
    with Screen(box, "--plain") as s:
        s.see("^Type a number or a name")
    with Screen(box, "tui", "</dev/null") as s:
        s.see(r"^You are Mercutio")
        s.see(r"^\[ended 0\]")


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed")
        sys.exit(SKIPPED)
    for variable in ("TMUX", "NO_COLOR", "EARSHOT_PLAIN", "EARSHOT_THEME"):
        os.environ.pop(variable, None)
    sys.exit(main(sys.modules[__name__]))
