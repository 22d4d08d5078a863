#!/usr/bin/env python3
"""Two people at two terminal UIs on two hosts: everything is done by keys and read on the screen."""
import os
import re
import shutil

import lab
from earshot import EARSHOT, Daemon, meet
from filing import MIB, make
from tap import Skip, case, check, run

PATIENCE = 15.0


class Screen:
    """The terminal UI in a tmux of its own, on the daemon's host."""

    def __init__(self, daemon, *words, size=(100, 30)):
        if not shutil.which("tmux"):
            raise Skip("tmux is not installed")
        self.daemon = daemon
        self.env = {**daemon.env, "LANG": "C.UTF-8", "LC_ALL": "", "TMUX": "", "NO_COLOR": ""}
        self.tmux = ["tmux", "-u", "-S", daemon.host.path("/run/tmux"), "-f", "/dev/null"]
        command = (f"env -u LC_ALL -u NO_COLOR TERM=tmux-256color {EARSHOT} {' '.join(words)}; "
                   "echo \"[ended $?]\"; sleep 60")
        self.call("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), command)

    def call(self, *words, ok=True):
        done = self.daemon.host.run(*self.tmux, *words, env=self.env)
        check(done.returncode == 0 or not ok, f"{words}: {done}")
        return done.stdout

    def keys(self, *keys):
        for key in keys:
            self.call("send-keys", key)

    def line(self, text):
        self.call("send-keys", "-l", text)
        self.keys("Enter")

    def text(self):
        return "\n".join(row.rstrip() for row in self.call("capture-pane", "-p").split("\n"))

    def see(self, pattern):
        try:
            lab.wait_for(lambda: re.search(pattern, self.text(), re.MULTILINE), PATIENCE, pattern)
        except lab.Failure as error:
            raise lab.Failure(f"{self.daemon.name}: {error}\n{self.text()}") from None

    def end(self):
        self.call("kill-server", ok=False)


class Pair:
    """Juliet and Romeo, who have met; each looks at the other on a screen."""

    def __init__(self, l):
        self.juliet = Daemon(l.host("balcony"), "juliet")
        self.romeo = Daemon(l.host("orchard"), "romeo")
        meet(self.juliet, self.romeo)
        for one, other, name in ((self.juliet, self.romeo, "Juliet"), (self.romeo, self.juliet, "Romeo")):
            one.client.call("set.name", text=name)
            other.client.wait_here(one.name, display=name)
        self.hers = Screen(self.juliet)  # nobody chosen yet
        self.his = Screen(self.romeo, "tui", "juliet")

    def __enter__(self):
        self.hers.see(r"Romeo")
        self.hers.keys("M-1")
        for screen in (self.hers, self.his):
            screen.see(r"answered")
        return self

    def __exit__(self, *_):
        self.hers.end()
        self.his.end()


@case
def what_one_types_the_other_reads(l):
    with Pair(l) as p:
        p.his.line("But soft, what light through yonder window breaks?")
        p.hers.see(r"\d\d:\d\d    But soft, what light through yonder window breaks\?")
        p.his.see(r"\u2713\u2713 But soft")  # she has it before her eyes
        p.hers.call("send-keys", "-l", "O Rom")
        p.his.see(r"Juliet is typing")
        p.hers.line("eo, Romeo!")
        p.his.see(r"O Romeo, Romeo!")
        p.his.keys("Tab", "r")
        p.his.line("Shall I hear more?")
        p.hers.see(r"O Romeo, Romeo!\n.*\u2502 O Romeo, Romeo!|\u2502 O Romeo, Romeo!")
        p.hers.see(r"Shall I hear more\?")
        p.his.keys("S-Up", "e", "C-e", "BSpace")
        p.his.line(" or speak?")
        p.hers.see(r"Shall I hear more or speak\? \(edited\)")
        p.hers.line("/react \u2764")
        p.his.see("\u2764")
        p.his.line("/retract")
        p.hers.see(r"\(taken back\)")


@case
def a_file_is_offered_and_accepted_on_the_screen(l):
    with Pair(l) as p:
        path = make(p.romeo, "sonnets.bin", 3 * MIB)
        p.his.line(f"/file {path}")
        p.hers.see(r"File: sonnets\.bin \(3\.1 MB\)")
        p.hers.see(r"1 file waits")
        p.hers.keys("Tab", "a")
        p.hers.see(r"received")
        p.his.see(r"delivered")
        got = p.juliet.host.path(next(f["where"] for f in p.juliet.client.call(
            "files", all=True)["files"]))
        with open(got, "rb") as a, open(p.romeo.host.path(path), "rb") as b:
            check(a.read() == b.read(), "it is the same file")
        second = make(p.romeo, "second.bin", MIB)
        p.his.line(f"/file {second}")
        p.hers.see(r"/accept f2 or /decline f2")
        p.hers.line("/decline")
        p.his.see(r"declined")


@case
def a_daemon_that_is_killed_is_waited_for(l):
    with Pair(l) as p:
        p.his.line("before")
        p.hers.see("before")
        p.romeo.kill()
        p.his.see(r"has stopped")
        p.his.line("while it was gone")
        p.his.see(r"\u2026  while it was gone")
        p.romeo.start()
        p.hers.see("while it was gone")
        p.his.see(r"\u2713\u2713 while it was gone")
        p.hers.line("welcome back")
        p.his.see("welcome back")
        said = [m["text"] for m in p.juliet.client.call("history", peer=p.romeo.name)["messages"]]
        check(said == ["before", "while it was gone", "welcome back"], f"each of it once: {said}")
        os.kill(p.juliet.process.pid, 9)
        p.hers.see(r"has stopped")
        p.juliet.start()
        p.his.line("and you")
        p.hers.see("and you")


@case
def both_compare_words_and_are_verified(l):
    with Pair(l) as p:
        p.his.line("/verify")
        p.hers.see(r"Romeo wants to compare keys with you")
        p.hers.line("/verify")
        codes = []
        for screen in (p.his, p.hers):
            screen.see(r"^ +(\w )+ +(\w )+ +(\w )*\w$")
            screen.see("Press y or n")
            codes.append(re.search(r"^ +((?:[A-Z] +)+[A-Z])$", screen.text(), re.MULTILINE).group(1))
        check(codes[0] == codes[1], f"{codes}")
        p.his.keys("y")
        p.his.see("Waiting for Juliet to say so")
        p.hers.see("Romeo says that they are the same")
        p.hers.keys("y")
        for screen in (p.his, p.hers):
            screen.see(r"\[v\] \w+ is verified")
            screen.keys("Escape")
            screen.see(r"\[v\]: encrypted, and you have compared the key")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
