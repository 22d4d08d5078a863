#!/usr/bin/env python3
"""Two daemons on two hosts, two people at two terminals, who compare the code that they see."""
import re
import shutil

import lab
from earshot import EARSHOT, CallError, Daemon, meet
from tap import Skip, case, check, run

QUESTION = r"Do both screens show the same\? \[y/N\]"


class Terminal:
    """The program in tmux on the host of a daemon."""

    def __init__(self, daemon, *words):
        self.daemon = daemon
        self.tmux = ["tmux", "-S", daemon.host.path(f"/run/tmux-{daemon.user}"), "-u", "-f", "/dev/null"]
        command = " ".join([EARSHOT, *words]) + "; echo \"[ended $?]\"; sleep 60"
        self.call("new-session", "-d", "-x", "80", "-y", "30", command)

    def call(self, *words):
        done = self.daemon.host.run(*self.tmux, *words, env=self.daemon.env)
        check(done.returncode == 0, f"{words}: {done}")
        return done.stdout

    def screen(self):
        return self.call("capture-pane", "-p", "-S", "-100").rstrip("\n")

    def see(self, pattern, seconds=15):
        lab.wait_for(lambda: re.search(pattern, self.screen(), re.MULTILINE), seconds,
                     f"{pattern} on the screen of {self.daemon.user}:\n{self.screen()}")
        return re.search(pattern, self.screen(), re.MULTILINE)

    def answer(self, word):
        self.see(QUESTION)
        self.call("send-keys", "-l", word)
        self.call("send-keys", "Enter")

    def code(self):
        self.see(QUESTION)
        found = re.findall("\u2502 +(\\S.*\\S) +\u2502", self.screen())
        return [row.replace(" ", "") for row in found]

    def end(self):
        self.daemon.host.run(*self.tmux, "kill-server", env=self.daemon.env)


def two(l):
    if not shutil.which("tmux"):
        raise Skip("tmux is not installed")
    juliet, romeo = Daemon(l.host("verona"), "juliet"), Daemon(l.host("mantua"), "romeo")
    meet(juliet, romeo)
    return juliet, romeo


def trust(daemon, other):
    return daemon.client.call("info", 10, peer=other.name)["trust"]


@case
def two_people_verify_each_other(l):
    juliet, romeo = two(l)
    one = Terminal(juliet, "verify", "romeo")
    romeo.client.wait("verify", 10, stage="begun", peer=juliet.name, initiator=False)
    other = Terminal(romeo, "verify", "juliet")
    check(one.code() == other.code() and len(one.code()) == 2, f"{one.code()}, {other.code()}")
    one.answer("y")
    one.see("Waiting for")
    check(trust(juliet, romeo) != "verified", "one human is not enough")
    other.answer("y")
    for t, name in ((one, "romeo"), (other, "juliet")):
        t.see(r"^\[v\] .* is verified")
        t.see(r"\[ended 0\]")
        t.end()
    check(trust(juliet, romeo) == trust(romeo, juliet) == "verified", "both have kept it")
    juliet.kill()
    juliet.start()
    meet(juliet, romeo)
    check(trust(juliet, romeo) == "verified", "it outlives the daemon")


@case
def who_sees_other_words_is_not_verified(l):
    juliet, romeo = two(l)
    one, other = Terminal(juliet, "verify", "romeo"), Terminal(romeo, "verify", "juliet")
    one.answer("y")
    other.answer("n")
    for t in (one, other):
        t.see(r"Not verified: ")
        t.see(r"\[ended 1\]")
        t.end()
    check("verified" not in (trust(juliet, romeo), trust(romeo, juliet)), "nobody is")


@case
def both_may_begin_at_the_same_moment(l):
    juliet, romeo = two(l)
    juliet.client.call("ping", 10, peer=romeo.name)
    calls = [d.client.start("verify.start", peer=o.name) for d, o in ((juliet, romeo), (romeo, juliet))]
    for call in calls:
        call.result(10)
    codes = [d.client.wait("verify", 10, stage="code") for d in (juliet, romeo)]
    check(codes[0]["words"] == codes[1]["words"], "they see the same words")
    check(codes[0]["initiator"] != codes[1]["initiator"], "one of them is the initiator")


@case
def it_cannot_be_tried_often(l):
    juliet, romeo = two(l)
    for n in range(3):
        juliet.client.call("verify.start", 10, peer=romeo.name)
        mark = juliet.client.mark()
        lab.wait_for(lambda: juliet.client.call("verify.start", peer=romeo.name)["stage"] == "code", 10)
        check(juliet.client.call("verify.answer", peer=romeo.name, same=False)["stage"] == "ended", n)
        romeo.client.wait("verify", 10, stage="ended")
        try:
            juliet.client.call("verify.start", peer=romeo.name)
            check(False, "not at once")
        except CallError as error:
            check(error.reason == "busy", error)
        del mark
        lab.wait_for(lambda: "seconds" not in busy(juliet, romeo), 10, "a pause")
    check("minutes" in busy(juliet, romeo) and "minutes" in busy(romeo, juliet), "three an hour")


def busy(one, other):
    """The daemon's sentence if it cannot begin; begins otherwise only after the pause."""
    try:
        number = one.client.call("verify.start", 10, peer=other.name)
        return "" if number else ""
    except CallError as error:
        return str(error)


@case
def the_safety_numbers_are_compared(l):
    juliet, romeo = two(l)
    romeo.client.call("ping", 10, peer=juliet.name)
    mine = juliet.cli("verify", "romeo", "--show").stdout
    theirs = romeo.cli("verify", "juliet", "--show").stdout
    check(mine == theirs and len(re.findall(r"\d{5}", mine)) == 12, f"{mine} and {theirs}")
    wrong = mine.strip()[:-1] + ("1" if mine.strip()[-1] == "0" else "0")
    check(juliet.cli("verify", "romeo", "--number", wrong).returncode == 1, "one digit is another")
    check(trust(juliet, romeo) != "verified", "and it does not count")
    check(juliet.cli("verify", "romeo", "--number", mine.strip()).returncode == 0, "the number fits")
    check(trust(juliet, romeo) == "verified", "and counts")
    key = juliet.client.call("info", peer=romeo.name)["id"]
    check(romeo.cli("verify", "juliet", "--id", key).returncode == 1, "that is their own")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
