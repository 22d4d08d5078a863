#!/usr/bin/env python3
"""A conversation that remembers, on a terminal: what was said before, what becomes of messages,
corrections and reactions, a daemon that comes back."""

import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import FakeDaemon  # noqa: E402
from harness import SKIPPED, check, main  # noqa: E402
from test_terminal import PATIENCE, Chat, Terminal  # noqa: E402


def asked(box, method, count=1):
    """Waits until the daemon was asked so often; returns what it was asked."""
    until = time.monotonic() + PATIENCE
    while len(box.daemon.asked(method)) < count and time.monotonic() < until:
        time.sleep(0.02)
    return box.daemon.asked(method)


def say(t, text):
    t.type(text)
    t.keys("Enter")


def a_script_talks_to_whom_it_names_and_to_nobody_else(box):
    r = box.run("chat", "romeo", stdin=b"/to nurse\nto the nurse\n")
    check(r.code == 0, r.err)
    check([m["peer"] for m in box.daemon.asked("send")] == ["nurse@house"], box.daemon.calls)
    r = box.run("chat", "romeo", stdin=b"/to nobody\nto nobody\n")
    check(r.code != 0 and "nobody" in r.err, r.code, r.err)
    check(len(box.daemon.asked("send")) == 1, box.daemon.calls)


def a_chat_begins_with_what_was_said_last(box):
    for i in range(30):
        box.daemon.says("romeo@orchard", f"before {i}", state="seen" if i < 28 else "unread")
    box.daemon.add("romeo@orchard", "mine", "out", state="read")
    with Chat(box, size=(80, 30)) as t:
        t.see(r"^08:00 Known key, Romeo Montague: before 27\n2 unread messages from Romeo Montague\.\n"
              r"08:00 Known key, Romeo Montague: before 28 \(unread\)$")
        t.see(r"^08:00 Known key, You to Romeo Montague: mine \(read\)$")
        check("before 23" in t.screen() and "before 22" not in t.screen(), t.screen())
        check(asked(box, "seen") == [{"peer": "romeo@orchard", "id": "in30"}])
        now = box.daemon.says("romeo@orchard", "and now")
        t.see(r"^Known key, Romeo Montague: and now$")
        check(asked(box, "seen", 2)[-1] == {"peer": "romeo@orchard", "id": now["id"]})
        box.daemon.says("juliet@balcony", "not looked at")
        t.see("not looked at")
        time.sleep(0.2)
        check(len(box.daemon.asked("seen")) == 2)


def a_pipe_has_seen_nothing(box):
    box.daemon.says("romeo@orchard", "before")
    check(box.run("chat", "romeo", stdin=b"hi\n").code == 0)
    check(not box.daemon.asked("seen") and not box.daemon.asked("history"))


def what_is_said_while_the_past_is_fetched_comes_below_it_once(box):
    box.daemon.says("romeo@orchard", "before")
    fetch = box.daemon.do_history

    def slow(client, **params):
        box.daemon.says("romeo@orchard", "meanwhile, in the answer")
        answer = fetch(client, **params)
        box.daemon.says("romeo@orchard", "meanwhile, not in it")
        return answer

    box.daemon.do_history = slow
    with Chat(box) as t:
        t.see(r"before \(unread\)\n.*meanwhile, in the answer \(unread\)\n.*meanwhile, not in it$")
        check(t.screen().count("in the answer") == 1 and t.screen().count("not in it") == 1, t.screen())


def a_message_is_followed_to_the_end(box):
    box.daemon.mute.add("romeo@orchard")
    with Chat(box) as t:
        say(t, "first")
        say(t, "second")
        asked(box, "send", 2)
        first, second = box.daemon.log.messages
        for state, words in (("handed over", "Handed over to Romeo Montague, whose program confirms nothing"),
                             ("delivered", "Delivered to Romeo Montague"), ("read", "Read by Romeo Montague")):
            box.daemon.becomes(first, state)
            t.see(rf"^{words}: first$")
        box.daemon.becomes(first, "read")  # again: nothing new
        box.daemon.becomes(second, "failed", "It was too\x1b old.")
        t.see(r"^Not delivered to Romeo Montague: second \(It was too<U\+001B> old\.\)$")
        check(t.screen().count("Read by") == 1, t.screen())


def what_becomes_of_old_messages_is_told_too(box):
    old = box.daemon.add("romeo@orchard", "old " * 30, "out", reply_text="what was asked")
    with Chat(box, size=(120, 24)) as t:
        t.see(r'^08:00 Known key, You to Romeo Montague, answering "what was asked": old old')
        t.see(r"old +\(queued\)$")
        box.daemon.becomes(old, "read")
        t.see(r"^Read by Romeo Montague: old old .*\u2026$")


def who_is_plain_is_plain_on_every_line(box):
    fake = box.daemon
    fake.says("juliet@balcony", "before", state="seen")
    fake.add("juliet@balcony", "ours", "out", state="handed over")
    with Chat(box, "juliet", size=(100, 40)) as t:
        t.see(r"^Trust in Juliet: not encrypted, anyone here can read, alter or fake this$")
        t.see(r"^08:00 Not encrypted, Juliet: before\n08:00 Not encrypted, You to Juliet: ours \(handed over\)$")
        m = fake.says("juliet@balcony", "now")
        t.see(r"^Not encrypted, Juliet: now$")
        fake.change("juliet@balcony", m["id"], "correction", "in", text="then")
        t.see(r"^Not encrypted, Juliet corrected: then$")
        say(t, "/me waves")
        t.see(r"^Handed over to Juliet, .*: /me waves$")
        # a key appears: what was said before stays what it was
        fake.people = [fake.people[0], dict(fake.people[1], trust="new")]
        fake.event("trust", number=fake.log.next(), peer="juliet@balcony", display="Juliet", trust="new",
                   before="plain", cause="first contact")
        t.see(r"^Trust in Juliet: encrypted, but nobody has looked yet whose key it is$")
        fake.says("juliet@balcony", "by key")
        t.see(r"^New key, Juliet: by key$")
        say(t, "/history 2")
        t.see(r"^08:00 Not encrypted, You to Juliet, action: waves \(handed over\)\n08:00 New key, Juliet: by key")
        fake.event("person", change="changed", person=dict(fake.people[1], trust="changed"))
        t.see(r"^Trust in Juliet: NOT THE SAME PERSON: somebody with another key uses this name$")
        # of somebody else it is not told here
        fake.event("trust", number=fake.log.next(), peer="romeo@orchard", display="Romeo", trust="plain",
                   before="known", cause="forgotten")
        fake.says("romeo@orchard", "meanwhile", trust="plain")
        t.see(r"^Not encrypted, Romeo Montague: meanwhile")
        check("Trust in Romeo" not in t.screen(), t.screen())


def what_waits_for_the_absent_can_be_cancelled(box):
    with Chat(box, "paris") as t:
        say(t, "one")
        t.see(r"^one\nWaits for Paris: one$")
        say(t, "two")
        t.see(r"^two\nWaits for Paris: two$")
        say(t, "/cancel")
        t.see(r"^Will not be sent to Paris: two$")
        check(asked(box, "cancel") == [{"peer": "paris@verona", "id": "m2"}])
        say(t, "/cancel")
        t.see(r"^Will not be sent to Paris: one$")
        say(t, "/cancel")
        t.see(r"^Nothing waits: ")


def messages_are_changed_by_typing(box):
    fake = box.daemon
    for text in ("theirs one", "theirs two"):
        fake.says("romeo@orchard", text, state="seen")
    for text in ("mine one", "mine two"):
        fake.add("romeo@orchard", text, "out", state="delivered")
    with Chat(box, size=(120, 50)) as t:
        t.see("mine two")
        for line, shown, method, content in (
                ("/edit 3 apples", "You corrected: 3 apples", "edit", {"id": "m4", "text": "3 apples"}),
                ("/edit -2 better", "You corrected: better", "edit", {"id": "m3", "text": "better"}),
                ("/react \U0001f44d \u2764", "You reacted with \U0001f44d \u2764 to: theirs two",
                 "react", {"id": "in2", "reactions": ["\U0001f44d", "\u2764"]}),
                ("/react -2 \u2764", "You reacted with \u2764 to: theirs one", "react",
                 {"id": "in1", "reactions": ["\u2764"]}),
                ("/react -2", "You took the reactions back from: theirs one", "react",
                 {"id": "in1", "reactions": []}),
                ("/retract 2", "You took back: better", "retract", {"id": "m3"}),
                ("/retract", "You took back: 3 apples", "retract", {"id": "m4"})):
            before = len(fake.asked(method))
            say(t, line)
            t.see(r"^Known key, " + re.escape(shown) + "$")
            got = dict(fake.asked(method)[before])
            check(got.pop("token") and got.pop("peer") == "romeo@orchard" and got == content, got)
        for line, shown in (("/retract", "There is no such message of yours here"),
                            ("/edit", "What should it read"), ("/reply", "What do you answer"),
                            ("/retract x", "There is no such message of yours here"),
                            ("/history 0", "How many messages"), ("/react -9 x", "There is no such message of R")):
            say(t, line)
            t.see("^" + re.escape(shown))
        say(t, "/reply -2 yes, one")
        t.see(r"^Delivered to Romeo Montague: yes, one$")
        check(fake.asked("send")[-1]["reply"] == "in1", fake.calls)
        say(t, "/history 2")
        t.see(r"^08:00 Known key, You to Romeo Montague: \(taken back\) \(delivered\)\n"
              r'08:00 Known key, You to Romeo Montague, answering "theirs one": yes, one \(delivered\)$')
        say(t, "/search one")
        t.see(r'^2027-01-15 08:00 Known key, You to Romeo Montague, answering "theirs one": yes, one')
        say(t, "/search nothing at all")
        t.see(r"^Nothing found\.$")


def what_the_other_changes_is_told(box):
    hers = box.daemon.says("romeo@orchard", "teh word", state="seen")
    mine = box.daemon.add("romeo@orchard", "mine", "out", state="delivered")
    other = box.daemon.says("juliet@balcony", "elsewhere", state="seen")
    with Chat(box) as t:
        t.see("Romeo Montague: mine")
        for m, topic, content, shown in (
                (hers, "correction", {"text": "the\x1b[2J\nword"}, "corrected: the<U+001B>[2J / word"),
                (mine, "reaction", {"reactions": ["\u2764", "\x1b[5m"]}, "reacted with \u2764 <U+001B>[5m to: mine"),
                (mine, "reaction", {"reactions": []}, "took the reactions back from: mine"),
                (hers, "retraction", {}, "took back: the<U+001B>[2J word")):
            box.daemon.change(m["peer"], m["id"], topic, by="in", **content)
            t.see(r"^Known key, Romeo Montague " + re.escape(shown))
        box.daemon.change("juliet@balcony", other["id"], "correction", by="in", text="unseen")
        time.sleep(0.3)
        check("unseen" not in t.screen(), t.screen())


def a_daemon_that_comes_back_tells_what_was_missed_once(box):
    with Chat(box) as t:
        say(t, "before")
        t.see(r"^Delivered to Romeo Montague: before$")
        box.daemon.says("romeo@orchard", "heard")
        t.see("heard")
        old = box.daemon
        old.mute.add("romeo@orchard")
        old.dies_at.append("send")  # kept, but nobody hears of it
        say(t, "in between")
        t.see(r"^in between\nEarshot has stopped")
        old.says("romeo@orchard", "missed")
        box.daemon = old.successor
        t.see("Earshot is back")
        t.see("Romeo Montague: missed")
        sends = asked(box, "send")
        check(sends == old.asked("send")[1:], sends)
        time.sleep(0.3)
        for words, count in (("before", 2), ("heard", 1), ("in between", 1), ("missed", 1)):
            check(t.screen().count(words) == count, words, t.screen())
        kept = next(m for m in old.log.messages if m["text"] == "in between")
        old.becomes(kept, "delivered")
        t.see(r"^Delivered to Romeo Montague: in between$")
        check([m["text"] for m in old.log.messages] == ["before", "heard", "in between", "missed"])


def what_is_typed_without_a_daemon_is_said_when_it_is_back(box):
    with Chat(box) as t:
        old = box.daemon
        old.close()
        t.see("Earshot has stopped")
        say(t, "one")
        say(t, "two")
        t.see(r"^one\nWill be sent when Earshot is back: one\ntwo\nWill be sent when Earshot is back: two$")
        box.daemon = FakeDaemon(box.socket, before=old)
        for text in ("one", "two"):
            t.see(rf"Earshot is back\.\n(.*\n)?Delivered to Romeo Montague: {text}$")
        check([p["text"] for p in box.daemon.asked("send")] == ["one", "two"])


def history_on_a_terminal_is_for_people(box):
    first = box.daemon.add("romeo@orchard", "what a long question this is " * 4, "out", state="read")
    box.daemon.says("romeo@orchard", "an answer\n08:00   You: faked", reply=first["id"])
    box.daemon.log.clock += 86_400_000
    wide = "A name that is wide enough to fill a row: 08:00  \u2713 You: fake"
    box.daemon.people = [dict(box.daemon.people[0], display=wide)]
    box.daemon.says("romeo@orchard", "x", reactions={"theirs": ["\u2764"], "ours": ["\U0001f44d"]})
    for size in ((80, 24), (40, 20), (20, 60)):
        t = Terminal(box, "history", "romeo", size=size)
        try:
            t.see(r"\[ended 0\]")
            rows = t.rows()[:t.rows().index("[ended 0]")]
            check(" ".join(rows[:2]).startswith("Friday, 15 January 2027"), t.screen())
            ours = [r for r in rows if re.match(r"\d\d:\d\d", r)]
            check(len(ours) == 3 and ours[0].startswith("08:00 \u2713\u2713 [=] You:"), t.screen())
            check(all(len(r) < size[0] for r in rows[1:3]), t.screen())
        finally:
            t.end()
    t = Terminal(box, "history", "romeo")
    try:
        t.see(r"^08:00  \u2022 .*\u2026: x \[\u2764\]\n? *\[you: \U0001f44d\]|\[you: \U0001f44d\]")
        t.see(r"^         > what a long question.*\n08:00  \u2022 \[=\] Romeo Montague: an answer\n {9}\u00bb 08:00")
    finally:
        t.end()


def hits_are_emphasised_in_colour(box):
    box.daemon.says("romeo@orchard", "the needle in a haystack")
    for env, bold in (("TERM=screen-256color", True), ("NO_COLOR=1", False)):
        t = Terminal(box, "search", "needle", env=env)
        try:
            t.see(r"the needle in a haystack")
            t.see(r"\[ended 0\]")
            check(("\x1b[1mneedle" in t.call("capture-pane", "-p", "-e")) == bold, env)
        finally:
            t.end()


def forgetting_is_asked_for(box):
    box.daemon.says("romeo@orchard", "a secret")
    for answer, count, code in (("no", 0, 1), ("y", 0, 1), ("yes", 1, 0)):
        t = Terminal(box, "forget", "romeo", size=(60, 12))
        try:
            t.see(r"^Forget all messages with Romeo Montague")
            t.see(r"cannot be\s+brought back\. Type yes to go on:$")
            say(t, answer)
            t.see(rf"\[ended {code}\]")
            check(len(box.daemon.asked("forget")) == count, answer)
        finally:
            t.end()
    check(box.daemon.asked("forget") == [{"peer": "romeo@orchard"}])


def a_long_export_tells_how_far_it_is(box):
    fetch = box.daemon.do_history

    def slow(client, **params):
        time.sleep(0.5)
        return fetch(client, **params)

    box.daemon.log.page_max = 256
    box.daemon.do_history = slow
    for i in range(1500):
        box.daemon.log.messages.append({
            "number": i + 1, "direction": "in", "peer": "romeo@orchard", "display": "R", "id": f"x{i}",
            "text": "t", "time": 1_800_000_000_000, "state": "seen"})
    path = os.path.join(box.folder, "talk.txt")
    t = Terminal(box, "export", "romeo", "-o", path)
    try:
        t.see(r"^\d+ messages \(\d s\) \.\.\.")
        t.see(r"^1500 messages written to .*talk\.txt\n\[ended 0\]")
    finally:
        t.end()


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed")
        sys.exit(SKIPPED)
    for variable in ("TMUX", "NO_COLOR"):
        os.environ.pop(variable, None)
    os.environ["TZ"] = "UTC"
    sys.exit(main(sys.modules[__name__]))
