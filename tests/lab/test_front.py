#!/usr/bin/env python3
"""The command line and the daemons together: what is said is kept, arrives, can be changed, found
and forgotten, whoever is away or killed meanwhile."""
import json

import lab
from earshot import EARSHOT, Daemon, meet
from tap import case, check, run

USAGE, UNKNOWN, LATE = 2, 3, 9


def two(l):
    juliet, romeo = Daemon(l.host("verona"), "juliet"), Daemon(l.host("mantua"), "romeo")
    meet(juliet, romeo)
    return juliet, romeo


def does(daemon, *words, status=0, text=None):
    """What the program prints."""
    done = daemon.cli(*words, text=text)
    check(done.returncode == status, f"{words} ends with {status}: {done}")
    return done.stdout


def texts(daemon, *words):
    return [json.loads(line)["text"] for line in does(daemon, "--json", *words).splitlines()]


def wait_for_history(daemon, wanted):
    lab.wait_for(lambda: texts(daemon, "history") == wanted, 10, f"{wanted} in the history")


@case
def what_is_said_to_somebody_who_is_away_waits(l):
    juliet, romeo = two(l)
    romeo.kill()
    for n in range(3):
        does(juliet, "send", "--wait", "0", "romeo", f"number {n}")
    juliet.kill()
    juliet.start()
    check(texts(juliet, "outbox") == ["number 0", "number 1", "number 2"], "all three wait")
    does(juliet, "cancel", "romeo")
    romeo.start()
    wait_for_history(romeo, ["number 0", "number 1"])
    lab.wait_for(lambda: not does(juliet, "outbox"), 5, "nothing waits")
    check("Delivered to" in does(juliet, "send", "romeo", "now"), "they talk on")
    does(juliet, "cancel", "romeo", status=LATE)


@case
def messages_are_changed_on_both_sides(l):
    juliet, romeo = two(l)
    does(juliet, "send", "romeo", "By any other nmae")
    does(juliet, "edit", "romeo", "last", "By any other name")
    does(romeo, "react", "juliet", "last", "\u2764")
    does(romeo, "send", "--reply", "last", "juliet", "/me agrees")
    does(juliet, "send", "romeo", "a secret")
    does(juliet, "retract", "romeo")
    wait_for_history(romeo, ["By any other name", "agrees", ""])
    mine, theirs, gone = (json.loads(line) for line in
                          does(juliet, "--json", "history", "romeo").splitlines())
    check(mine["reactions"] == {"theirs": ["\u2764"], "ours": []} and mine["edited"] > 0, mine)
    check(theirs["reply"] == mine["id"] and theirs["reply_text"] == "By any other name", theirs)
    check(theirs["action"] and gone["retracted"], "one acts, one is taken back")
    check(texts(romeo, "search", "other*") == ["By any other name"], "found as it reads now")
    check(does(romeo, "search", "nmae", status=1) == "", "and not as it was")


@case
def a_message_that_was_cancelled_is_not_told_by_its_correction(l):
    juliet, romeo = two(l)
    romeo.stop()
    for how in ("cancel", "retract"):
        does(juliet, "send", "--wait", "0", "romeo", "a secret")
        for n in range(40):
            juliet.client.call("edit", peer=romeo.name, text=f"a secret {n}",
                               id=juliet.client.call("outbox")["messages"][-1]["id"])
        does(juliet, how, "romeo")
    does(juliet, "send", "--wait", "0", "romeo", "no secret")
    romeo.start()
    wait_for_history(romeo, ["no secret"])
    check(does(juliet, "outbox") == "", "nothing else waits")


@case
def watch_goes_on_where_it_was(l):
    juliet, romeo = two(l)
    watch = [EARSHOT, "--json", "watch", "--since", "last"]
    first = romeo.host.spawn(*watch, env=romeo.env, label="watch-1")
    lab.wait_for(lambda: romeo.status()["clients"] == 2, 5, "it is connected")
    does(juliet, "send", "romeo", "one")
    first.events.wait(lambda e: e["event"] == "message" and e["text"] == "one", 5)
    romeo.kill()
    does(juliet, "send", "--wait", "0", "romeo", "two")
    romeo.start()
    first.events.wait(lambda e: e["event"] == "message" and e["text"] == "two", 10)
    first.signal(15)
    check(first.wait() == -15, "it ends by the signal")
    does(juliet, "send", "romeo", "three")
    second = romeo.host.spawn(*watch, env=romeo.env, label="watch-2")
    second.events.wait(lambda e: e["event"] == "message" and e["text"] == "three", 5)
    told = [e["text"] for w in (first, second) for e in w.events.since(0)
            if e["event"] == "message"]
    check(told == ["one", "two", "three"], f"each is told once: {told}")


@case
def what_is_forgotten_is_gone_here_and_stays_there(l):
    juliet, romeo = two(l)
    does(juliet, "send", "romeo", "Parting is such sweet sorrow")
    does(romeo, "forget", "juliet", status=USAGE)
    does(romeo, "forget", "--yes", "juliet")
    check(texts(romeo, "history") == [], "gone")
    does(romeo, "search", "sorrow", status=1)
    check(texts(juliet, "search", "sorrow") == ["Parting is such sweet sorrow"], "kept")
    exported = json.loads(does(juliet, "--json", "export", "romeo"))
    check([m["text"] for m in exported] == ["Parting is such sweet sorrow"], exported)
    does(juliet, "history", "nobody", status=UNKNOWN)


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
