#!/usr/bin/env python3
"""Two daemons on two hosts, two people at two terminals, who compare the code that they see."""
import re
import shutil
import time

import lab
import relay
from attack import put_between
from earshot import EARSHOT, CallError, Daemon, meet
from tap import Failure, Skip, case, check, run

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
        try:
            lab.wait_for(lambda: re.search(pattern, self.screen(), re.MULTILINE), seconds)
        except Failure:
            raise Failure(f"{self.daemon.user} never sees {pattern}:\n{self.screen()}") from None

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
        lab.wait_for(lambda: juliet.client.call("verify.start", peer=romeo.name)["stage"] == "code", 10)
        check(juliet.client.call("verify.answer", peer=romeo.name, same=False)["stage"] == "ended", n)
        check(" s." in refusal(juliet, romeo) or n == 2, "not at once")
        if n < 2:
            time.sleep(3.2)
    check("minutes" in refusal(juliet, romeo) and "minutes" in refusal(romeo, juliet), "three an hour")


def refusal(one, other):
    """The daemon's sentence; Failure if it begins."""
    try:
        begun = one.client.call("verify.start", 10, peer=other.name)
    except CallError as error:
        check(error.reason == "busy", error)
        return str(error)
    raise Failure(f"it begins: {begun}")


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


@case
def n4_with_somebody_between_nobody_is_verified(l):
    """Who ends the encryption of both with keys of its own is not even talked to about codes."""
    juliet, romeo = two(l)
    with put_between(l, juliet, romeo, relay.Terminator) as between:
        done = juliet.cli("verify", "romeo", "--show")
        check(done.returncode != 0, "no key was shown yet")
        t = Terminal(juliet, "verify", "romeo")
        t.see(r"\[ended [1-9]\d*\]", 40)
        check(not re.search(QUESTION, t.screen()), t.screen())
        t.end()
        check(any(c.handshakes for c in between.conversations), "the relay did try")
        check(b"urn:earshot:verify" not in between.heard(), "and was told nothing")
        check("verified" not in (trust(juliet, romeo), trust(romeo, juliet)), "nobody is verified")


@case
def n5_who_looks_like_somebody_known_is_told(l):
    juliet, romeo = two(l)
    romeo.client.call("set.nick", text="Prof. Kim")
    check(encrypted(juliet, romeo), "they encrypt")
    juliet.client.call("trust.accept", 10, peer=romeo.name)
    juliet.client.wait_here(romeo.name, display="Prof. Kim", trust="known")
    mallory = Daemon(l.host("padua"), "mallory")
    mallory.client.call("set.nick", text="Pr\u043ef. K\u0456m")
    juliet.client.wait_here(mallory.name, looks_like="Prof. Kim")
    seen = juliet.cli("info", "mallory").stdout
    check('looks like "Prof. Kim" but is not' in seen, seen)
    check("looks_like" not in juliet.client.call("info", 10, peer=romeo.name), "it is the one")
    juliet.client.call("trust.forget", 10, peer=romeo.name)
    lab.wait_for(lambda: "looks_like" not in juliet.client.call("info", 10, peer=mallory.name), 5)


def encrypted(one, other):
    one.client.call("ping", 10, peer=other.name)
    return one.client.call("info", 10, peer=other.name)["encrypted"]


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
