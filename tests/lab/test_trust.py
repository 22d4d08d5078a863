#!/usr/bin/env python3
"""Whose key it is: what daemons make of each other, and of those who pose as somebody else."""
import threading
import time

import lab
from attack import texts
from earshot import CallError, Daemon, meet, talk
from tap import case, check, note, run

CROSSINGS = 50
BURST = 700
BURST_SECONDS = 100  # 64 at once, then ten a second


def trust(daemon, name):
    return daemon.client.call("trust.show", peer=name)


def acquainted(l):
    """Two who have spoken with each other."""
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    talk(a, b, "hello")
    talk(b, a, "hello yourself")
    return a, b


def impostor_of(b):
    """Somebody else on the network under that very name, who has a key of their own."""
    b.stop()
    return Daemon(b.host, b.user, account="mallory")


def changed(daemon, name):
    """The contact that stands for who was refused under that name."""
    return daemon.client.events.until(
        lambda: next((p for p in daemon.client.people.values()
                      if p["instance"] == name and p["trust"] == "changed" and "id" in p), None),
        10, f"somebody shown as changed under {name}")


def refused(call):
    try:
        call()
    except CallError as error:
        check(error.reason == "trust", f"it says why: {error.error}")
        return
    check(False, "it was not refused")


@case
def two_earshots_encrypt_from_the_first_word_on(l):
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    check(a.client.here(b.name)["trust"] == "new", "a key that nobody has looked at")
    talk(a, b, "hello")
    seen = b.client.wait_here(a.name, encrypted=True)
    check(seen["trust"] == "new", "who spoke is new still")
    known = a.client.wait_here(b.name, encrypted=True)
    check(known["trust"] == "known", "whom one speaks to is known")
    talk(b, a, "hello yourself")
    check(trust(b, a.name)["trust"] == "known", "and so is whom one answers")
    check(a.client.wait("message", direction="in")["encrypted"], "the message says so, too")


@case
def i11_a_restart_keeps_whose_key_it_is(l):
    a, b = acquainted(l)
    key = trust(a, b.name)["id"]
    for end in (a.stop, a.kill):
        end()
        a.start()
        meet(a, b)
        now = trust(a, b.name)
        check(now["id"] == key and now["trust"] == "known", f"it is the same one: {now}")
        check(now["proven_at"], "where it was is known, too")
        talk(a, b, "still you")


@case
def n4_an_impostor_gets_nothing_and_is_shown(l):
    a, b = acquainted(l)
    name, key = b.name, trust(a, b.name)["id"]
    mallory = impostor_of(b)
    check(mallory.name == name, f"the same name: {mallory.name}")
    mallory.client.wait_here(a.name)
    secret = a.client.call("send", peer=name, text="only for you")
    other = changed(a, name)
    check(other["name"].startswith(f"{name}#") and other["id"] != key, f"another one: {other}")
    refused(lambda: a.send(other["name"], "nor this"))
    mallory.send(a.name, "it is me, bob")
    time.sleep(3)
    check(not mallory.client.messages(), "nothing was said to the impostor")
    check(a.client.messages(name) == ["hello yourself"], "nor heard of it")
    a.stop()  # and that is remembered
    a.start()
    check(changed(a, name)["id"] == other["id"], "after a restart it is shown still")
    mallory.stop()
    b.start()
    # it may be there before anybody listens to events
    lab.wait_for(lambda: texts(b, a.name, "in")[-1:] == ["only for you"], 15,
                 f"whom it was for has {secret}")


@case
def another_key_is_accepted_by_a_human(l):
    a, b = acquainted(l)
    name = b.name
    fresh = impostor_of(b)  # who has lost the key, in truth
    fresh.client.wait_here(a.name)
    fresh.send(a.name, "I lost my key")
    other = changed(a, name)
    now = a.client.call("trust.accept-new-key", peer=name)
    check(now["id"] == other["id"] and now["trust"] == "known", f"it is theirs now: {now}")
    a.client.wait("message", 15, text="I lost my key")
    talk(a, fresh, "welcome back")
    check(not [p for p in a.client.call("trust.list")["contacts"] if p["trust"] == "changed"],
          "nobody is left over")


@case
def who_is_renamed_is_followed_with_all_that_was_said(l):
    a, b = acquainted(l)
    old, key = b.name, trust(a, b.name)["id"]
    b.stop()
    a.client.call("send", peer=old, text="for whoever you are")
    robert = Daemon(b.host, "robert", account="bob")
    robert.client.wait("message", 15, text="for whoever you are")
    now = a.client.wait_here(robert.name)
    check(now["id"] == key and now["trust"] == "known", f"the same one: {now}")
    talk(robert, a, "it is me")
    texts = [m["text"] for m in a.client.call("history", peer=robert.name)["messages"]]
    check(texts == ["hello", "hello yourself", "for whoever you are", "it is me"], f"{texts}")
    check(old not in a.client.names(), "the old name is nobody's")


@case
def the_blocked_are_not_heard(l):
    a, b = acquainted(l)
    a.client.call("trust.block", peer=b.name)
    mark = a.client.mark()
    b.client.call("send", peer=a.name, text="can you hear me?")
    refused(lambda: a.send(b.name, "no"))
    time.sleep(3)
    check(not a.client.messages(b.name, since=mark), "nothing was heard")
    a.stop()
    a.start()
    check(trust(a, b.name)["blocked"], "a restart keeps that")
    a.client.call("trust.unblock", peer=b.name)
    a.client.wait("message", 90, text="can you hear me?")


@case
def strangers_may_be_refused(l):
    a = Daemon(l.host(), "alice", settings=("[privacy]", "strangers = deny"))
    b = Daemon(l.host(), "bob")
    meet(a, b)
    b.client.call("send", peer=a.name, text="hello?")
    time.sleep(2)
    check(not a.client.messages(), "nothing was heard")
    talk(a, b, "I begin")
    a.client.wait("message", 15, text="hello?")


@case
def n18_strangers_may_have_to_be_quiet(l):
    a = Daemon(l.host(), "alice", settings=("[privacy]", "strangers = quiet"))
    b = Daemon(l.host(), "bob")
    meet(a, b)
    words = [f"word {number}" for number in range(5)]
    for word in words:
        b.client.call("send", peer=a.name, text=word)
    first = a.client.wait("message", 10, text=words[0])
    check(first.get("quiet"), f"nobody is disturbed: {first}")
    time.sleep(2)
    check(a.client.messages() == words[:1], f"one is enough: {a.client.messages()}")
    states = [m["state"] for m in b.client.call("outbox")["messages"]]
    check(states == ["queued"] * 4, f"the others wait with the one who said them: {states}")
    a.client.call("trust.accept", peer=b.name)
    talk(a, b, "go on")
    last = a.client.wait("message", 10, text=words[-1])
    check(not last.get("quiet"), "and now somebody may be disturbed")
    check(a.client.messages() == words, f"all of them, in order: {a.client.messages()}")


@case
def n18_a_burst_of_a_stranger_arrives_whole(l):
    """Pasted to somebody who has not answered yet; who is known talks on meanwhile."""
    a, b = acquainted(l)
    c = Daemon(l.host(), "carol")
    meet(a, b, c)
    words = [f"line {number}" for number in range(BURST)]
    began = time.monotonic()
    for call in [c.client.start("send", peer=a.name, text=word) for word in words]:
        call.result(10)
    slowest = 0.0
    while (time.monotonic() < began + BURST_SECONDS
           and len(a.client.messages(c.name)) < BURST):
        slowest = max(slowest, talk(b, a, f"after {time.monotonic() - began} s"))
        time.sleep(1)
    seconds = time.monotonic() - began
    note(f"{BURST} messages of a stranger took {seconds:.0f} s; "
         f"one of somebody known at most {slowest * 1000:.0f} ms")
    time.sleep(2)  # nothing comes twice
    heard = a.client.messages(c.name)
    check(heard == words, f"all of them, once, in order: {len(heard)} of {BURST}")
    check(trust(a, c.name)["trust"] == "new", "nobody has answered")
    lab.wait_for(lambda: not c.client.call("outbox")["messages"], 10, "all are confirmed")
    check(slowest < 1, f"whom one knows is heard at once: {slowest}")
    for daemon in (a, c):
        log = daemon.process.log_text()
        check("resource-constraint" not in log and "too much" not in log, "no stream was ended")


@case
def n18_large_messages_of_a_stranger_keep_their_stream(l):
    """More than a kernel takes that is not read from, while the stranger owes for many words."""
    a, c = Daemon(l.host(), "alice"), Daemon(l.host(), "carol")
    meet(a, c)
    words = [f"line {number}" for number in range(110)]
    words += [f"{number} " + "x" * 60000 for number in range(8)]
    for word in words:
        c.client.call("send", peer=a.name, text=word)
    a.client.events.until(lambda: len(a.client.messages()) >= len(words), 60, "all of them")
    check(a.client.messages() == words, "once, in order")
    for daemon in (a, c):
        check("stream ended" not in daemon.process.log_text(), "on one stream")


@case
def n3_known_people_are_found_without_discovery(l):
    a, b = acquainted(l)
    name = b.name
    for daemon in (a, b):
        daemon.stop()
        daemon.args = ("--no-mdns",)
    a.start(published=False)
    b.start(published=False)
    a.client.call("send", peer=name, text="no multicast here")
    b.client.wait("message", 15, text="no multicast here")


@case
def crossing_streams_lose_nothing(l):
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    talk(a, b, "-1")
    talk(b, a, "-1")
    ended = 0
    for number in range(CROSSINGS):  # streams end, and both have something to say at once
        ended += bool(a.host.must("ss", "-K", "-H", "-t", "state", "established").strip())
        threads = [threading.Thread(target=one.send, args=(other.name, f"{number}"))
                   for one, other in ((a, b), (b, a))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for one in (a, b):
            one.client.wait("message", 15, direction="in", text=f"{number}")
    check(ended > CROSSINGS / 2, f"only {ended} times there was a stream to end")
    wanted = [str(number) for number in range(-1, CROSSINGS)]
    for one, other in ((a, b), (b, a)):
        one.client.wait("message", 30, direction="in", text=str(CROSSINGS - 1))
        got = one.client.messages(other.name)
        check(got == wanted, f"{one.name} heard {got}")
        one.client.events.until(lambda c=one.client: not c.call("outbox")["messages"], 15,
                                "everything confirmed")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
