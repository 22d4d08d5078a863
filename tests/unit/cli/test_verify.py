#!/usr/bin/env python3
"""verify and trust: what a person sees and is asked, in tmux, and what scripts get."""

import copy
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import NUMBER, PEOPLE, Refused  # noqa: E402
from harness import Skip, check, main  # noqa: E402
from test_terminal import Terminal  # noqa: E402

ROMEO = "romeo@orchard"
CODE = {"words": "bako tiru maso", "digits": "123 4567 8901"}
ERROR, USAGE = 1, 2


def keys(box, trusts=("known", "plain", "new", "verified", "changed", "introduced")):
    """The people, with keys."""
    box.daemon.people = copy.deepcopy(PEOPLE)
    for p, trust in zip(box.daemon.people, trusts):
        p["trust"] = trust
        if trust != "plain":
            p.update(id="0f" * 32, tag="0f0f0f0f")


class Verify(Terminal):
    def __init__(self, box, **more):
        if not shutil.which("tmux"):
            raise Skip("tmux is not installed")
        keys(box)
        super().__init__(box, "verify", "romeo", **more)
        try:
            self.see("Waiting for the program")
            box.daemon.event("verify", **box.daemon.compared(ROMEO, "code", **CODE))
            self.see(r"Do both screens show the same\?\s+\[y/N\]")
        except AssertionError:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def both_say_that_it_is_the_same(box):
    with Verify(box) as t:
        t.see(r"^    \u2502 +B A K O     T I R U     M A S O +\u2502$")
        t.see(r"^    \u2502 +123 4567 8901 +\u2502$")
        check(all(len(row) <= 80 for row in t.rows()), t.screen())
        check("program of" not in t.screen(), "signs of life go away")
        t.type("y")
        t.keys("Enter")
        t.see("Waiting for Romeo Montague to say so too")
        box.daemon.event("verify", **box.daemon.compared("nurse@house", "ended", reason="no matter"))
        box.daemon.event("verify", **box.daemon.compared(ROMEO, "ended", run=0))
        box.daemon.event("verify", **box.daemon.compared(ROMEO, "verified"))
        t.see(r"^\[v\] Romeo Montague is verified: nobody stands between you\.$")
        t.see(r"\[ended 0\]")
        check(box.daemon.asked("verify.answer") == [{"peer": ROMEO, "same": True}])


def the_other_may_be_first(box):
    box.daemon.answers["verify.answer"] = {"peer": ROMEO, "display": "Romeo", "run": 1, "stage": "verified"}
    with Verify(box) as t:
        box.daemon.event("verify", **box.daemon.compared(ROMEO, "confirmed"))
        t.type("yes")
        t.keys("Enter")
        t.see(r"\[ended 0\]")


def only_yes_is_yes(box):
    for typed in ("n", "", "ja", "why?"):
        with Verify(box) as t:
            t.type(typed + "\n")
            t.see(r"Not verified: You said that the codes are not the same\.")
            t.see(r"\[ended 1\]")
    check(all(not a["same"] for a in box.daemon.asked("verify.answer")))


def the_other_may_end_it_while_we_think(box):
    with Verify(box) as t:
        box.daemon.event("verify", **box.daemon.compared(
            ROMEO, "ended", reason="Romeo Montague says that the codes differ."))
        t.see(r"Not verified: Romeo Montague says that the codes differ\.")
        t.see(r"\[ended 1\]")
        check(not box.daemon.asked("verify.answer"))


def narrow_windows_show_it_too(box):
    with Verify(box, size=(30, 20)) as t:
        t.see(r"^bako tiru maso$")
        t.see(r"^123 4567 8901$")


def whoever_joins_later_is_shown_the_code(box):
    keys(box)
    box.daemon.answers["verify.start"] = box.daemon.compared(ROMEO, "confirmed", **CODE)
    t = Terminal(box, "verify", "romeo")
    try:
        t.see("B A K O")
        t.see("Romeo Montague says that they are the same")
    finally:
        t.end()


def what_others_begin_and_decide_is_told(box):
    keys(box)
    asked = {**box.daemon.compared(ROMEO, "begun"), "initiator": False}
    for words, rows in ((("watch",), (r"Romeo Montague wants to compare keys: earshot verify romeo@orchard$",
                                      r"\[v\] Romeo Montague is verified \(was known\): compared$")),
                        (("--plain", "chat", "romeo"), (r"^Romeo Montague wants to compare keys: earshot verify romeo@",
                                             r"^Trust in Romeo Montague: encrypted, and you have compared the key$"))):
        t = Terminal(box, *words, size=(120, 24))
        try:
            until = time.monotonic() + 10
            while not any(c.subscribed for c in list(box.daemon.clients)) and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(0.5)
            box.daemon.event("verify", **asked)
            t.see(rows[0])
            box.daemon.event("trust", number=box.daemon.log.next(), peer=ROMEO, display="Romeo Montague",
                             trust="verified", before="known", cause="compared")
            t.see(rows[1])
        finally:
            t.end()


def the_safety_number_is_printed_and_compared(box):
    keys(box)
    check(box.run("verify", "romeo", "--show").out == NUMBER + "\n")
    check(box.run("--json", "verify", "romeo", "--show").json["own_id"] == "1e" * 32)
    done = box.run("verify", "romeo", "--number", NUMBER)
    check(done.code == 0 and done.out.startswith("[v] Romeo Montague is verified"), done)
    check(box.run("verify", "romeo", "--id", "0f" * 32).code == 0)
    check(box.run("verify", "romeo", "--number", "1").code == ERROR)
    check(box.run("verify", "romeo", "--number", "1", "--id", "2").code == USAGE)
    check(box.run("verify", "romeo").code == USAGE, "nobody is there to compare")
    if shutil.which("tmux"):
        t = Terminal(box, "verify", "romeo", "--show")
        try:
            t.see(r"^    00000 01111 02222 03333$")
            t.see(r"^    08888 09999 11110 12221$")
        finally:
            t.end()


def keys_are_listed_and_shown(box):
    keys(box)
    rows = [row.split("\t") for row in box.run("trust", "list").out.splitlines()]
    check([row[0] for row in rows] == ["[=]", "[?]", "[v]", "[!]", "[i]"], rows)
    check(rows[0][1:] == ["Romeo Montague", "known", "0f0f0f0f", ROMEO])
    shown = box.run("trust", "show", "romeo").out
    check("Trust\t[=]" in shown and "Key\t" + " ".join(["0f0f0f0f"] * 8) in shown, shown)
    keys(box, ["plain"] * len(PEOPLE))
    check(box.run("trust", "list").out == "")


def what_is_decided_is_told(box):
    keys(box)
    for words, said in (("accept", "is accepted [=]"), ("block", "is blocked"),
                        ("unblock", "is heard again")):
        done = box.run("trust", words, "romeo")
        check(done.code == 0 and done.out.startswith("Romeo Montague " + said), done)
    check(box.run("trust", "forget", "romeo").code == USAGE, "nobody is there to be asked")
    check(box.run("trust", "forget", "--yes", "romeo").code == 0)
    check([asked["peer"] for asked in box.daemon.asked("trust.forget")] ==
          [box.daemon.people[0]["name"]], "who was asked about")
    # nobody was refused: whoever is while the user thinks about it was not asked about
    check(box.run("trust", "accept-new-key", "--yes", "romeo").code == ERROR)
    # the key that was shown is the one that is taken, whoever is refused meanwhile
    romeo = box.daemon.people[0]
    box.daemon.answers["trust.show"] = dict(romeo, changed={"name": romeo["name"] + "#1a2b3c4d"})
    check(box.run("trust", "accept-new-key", "romeo").code == USAGE, "nobody is there to be asked")
    box.daemon.answers["trust.accept-new-key"] = dict(romeo, trust="known")
    check(box.run("trust", "accept-new-key", "--yes", "romeo").code == 0)
    check([asked["peer"] for asked in box.daemon.asked("trust.accept-new-key")] ==
          [romeo["name"] + "#1a2b3c4d"])
    box.daemon.answers["trust.accept"] = Refused("trust", "There is no key to accept.")
    check(box.run("trust", "accept", "romeo").code == ERROR)


def who_is_vouched_for_is_shown_and_accepted(box):
    keys(box)
    done = box.run("trust", "introduce", "romeo", "juliet")
    check(done.code == 0 and done.out == "Romeo Montague is introduced to Juliet, who has to accept that.\n", done)
    check(box.daemon.asked("trust.introduce") == [{"peer": "romeo", "to": "juliet"}])
    check(box.run("trust", "introduce", "romeo").code == USAGE, "to whom?")
    romeo = box.daemon.people[0]
    romeo["vouched_by"] = "juliet@balcony"
    check("\tknown, vouched for\t" in box.run("trust", "list").out)
    shown = box.run("trust", "show", "romeo").out
    check("Vouched for\tby juliet@balcony, whom you have verified" in shown, shown)
    del romeo["vouched_by"]
    box.daemon.answers["trust.accept"] = dict(romeo, trust="introduced", introduced_by="juliet@balcony")
    said = box.run("trust", "accept", "romeo").out
    check(said.startswith("Romeo Montague is accepted [i] via juliet@balcony. "), said)
    romeo.update(trust="introduced", introduced_by="juliet@balcony")
    check("Trust\t[i] via juliet@balcony: " in box.run("trust", "show", "romeo").out)


def big_decisions_are_asked_about(box):
    keys(box)
    if not shutil.which("tmux"):
        raise Skip("tmux is not installed")
    romeo = box.daemon.people[0]
    box.daemon.answers["trust.show"] = dict(romeo, changed={"name": romeo["name"] + "#1a2b3c4d"})
    box.daemon.answers["trust.accept-new-key"] = dict(romeo, trust="known")
    for answer, code in (("no", 1), ("yes", 0)):
        t = Terminal(box, "trust", "accept-new-key", "romeo")
        try:
            t.see(r"romeo@orchard#1a2b3c4d: another key means another")
            t.type(answer + "\n")
            t.see(rf"\[ended {code}\]")
        finally:
            t.end()
    check(len(box.daemon.asked("trust.accept-new-key")) == 1)


if __name__ == "__main__":
    for variable in ("TMUX", "NO_COLOR"):
        os.environ.pop(variable, None)
    sys.exit(main(sys.modules[__name__]))
