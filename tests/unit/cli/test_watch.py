#!/usr/bin/env python3
"""earshot watch: what it shows, where it begins, what the daemon is to remember, how it ends."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import FakeDaemon, Refused, person  # noqa: E402
from harness import PROGRAM, check, main  # noqa: E402

HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    check(condition(), condition)


class Watch:
    """The program, with its output read line by line."""

    def __init__(self, box, *args, out=subprocess.PIPE, settle=True):
        self.box, self.seen, self.rest = box, [], b""
        before = len(box.daemon.asked("subscribe"))
        # pylint: disable=consider-using-with
        self.child = subprocess.Popen([PROGRAM, "--socket", box.socket, "watch", *args],
                                      stdout=out, stderr=subprocess.PIPE,
                                      env=dict(os.environ, EARSHOTD="/nonexistent", TZ="UTC"),
                                      preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))
        until(lambda: len(box.daemon.asked("subscribe")) > before or self.child.poll() is not None)
        if settle:
            self.settle()

    def settle(self):
        """Until the daemon has a client that gets events, or the program has ended."""
        until(lambda: any(c.subscribed for c in list(self.box.daemon.clients)) or
              self.child.poll() is not None)

    def lines(self, count, seconds=10):
        """The next lines, at least so many."""
        end = time.monotonic() + seconds
        fd = self.child.stdout.fileno()
        new = []
        while len(new) < count and time.monotonic() < end:
            if select.select([fd], [], [], 0.1)[0]:
                data = os.read(fd, 65536)
                *lines, self.rest = (self.rest + data).split(b"\n")
                new += [line.decode() for line in lines]
                if not data:
                    break
        self.seen += new
        check(len(new) >= count, "too few lines", new)
        return new

    def numbers(self, count):
        return [json.loads(line)["number"] for line in self.lines(count)]

    def end(self, number=signal.SIGTERM):
        """Ends it; the exit code as Popen has it, what else came out, and stderr."""
        self.child.send_signal(number)
        out, err = self.child.communicate(timeout=20)
        return self.child.returncode, (self.rest + (out or b"")).decode(), err.decode()


def happen(daemon, count=1, **content):
    for _ in range(count):
        n = daemon.last() + 1
        daemon.event("message", **{"number": n, "direction": "in", "peer": "romeo@orchard",
                                   "display": "Romeo", "id": f"m{n}", "text": f"text {n}",
                                   "time": 1_500_000_000_000 + n, **content})


def all_events(daemon):
    daemon.says("romeo@orchard", "one\ntwo \x1b[31mred")
    daemon.says("evil\x1b[2J@bad", "waves\u202e", action=True)
    daemon.event("person", change="new", person=person("tybalt@x", "Tybalt\x1b"))
    daemon.event("person", change="gone", person=person("tybalt@x", "Tybalt"))
    daemon.event("typing", peer="romeo@orchard", display="Romeo", state="composing")
    daemon.event("typing", peer="romeo@orchard", display="Romeo", state="active")
    daemon.event("typing", peer="romeo@orchard", display="Romeo", state="paused")
    daemon.event("attention", peer="romeo@orchard", display="Romeo")
    voucher = {"voucher": "juliet@balcony", "voucher_display": "Juliet\x1b", "name": "nurse\x07@house",
               "tag": "0f0f0f0f"}
    daemon.event("introduction", **voucher)
    daemon.event("introduction", **voucher, peer="nurse@house", display="Nurse")
    daemon.event("own", **daemon.own)
    daemon.event("state", **dict(daemon.state, problem="No network", network=False))
    daemon.event("something newer", x=1)
    about = {"peer": "romeo@orchard", "display": "Romeo", "id": "0123abcd" * 4,
             "trust": "verified"}
    durable = [
        ("sent", dict(about, direction="out", text="hello", time=1_500_000_000_000)),
        ("receipt", dict(about, state="handed over")),
        ("receipt", dict(about, state="delivered")),
        ("receipt", dict(about, state="read")),
        ("receipt", dict(about, state="cancelled")),
        ("receipt", dict(about, state="failed", reason="gone\x07")),
        ("receipt", {"peer": "romeo@orchard", "id": "m", "state": "failed"}),
        ("trust", dict(about, trust="new", before="plain", cause="first\x07 contact")),
        ("trust", dict(about, before="verified", cause="blocked")),
        ("correction", dict(about, by="in", text="new\x1b words")),
        ("correction", dict(about, by="out", text="ours")),
        ("retraction", dict(about, by="in")),
        ("retraction", dict(about, by="out")),
        ("reaction", dict(about, by="in", reactions=["\U0001f44d", "\x1b!"])),
        ("reaction", dict(about, by="out", reactions=["\u2764"])),
        ("reaction", dict(about, by="in", reactions=[])),
        ("seen", about),
        ("message", dict(about, direction="in", text="", retracted=True)),
        ("retraction", dict(about, by="in", display="you")),
        ("forgotten", {"peer": "romeo@orchard", "before": 1_500_000_000_000}),
        ("forgotten", {}),
    ]
    for n, (topic, content) in enumerate(durable, 1):
        daemon.event(topic, number=n, **content)
    return 13 + len(durable)


def every_event_is_one_line(box):
    w = Watch(box)
    count = all_events(box.daemon)
    out = "\n".join(w.lines(count - 1))  # one has two lines, two are not for people
    check(not HARMFUL.search(out), out)
    for words in ("   [=] Romeo Montague: one\n\u00bb two <U+001B>[31mred\n", "* waves<U+202E>",
                  "   [=] Tybalt<U+001B> is here, available", "Tybalt has left", "   [PLAIN] Romeo is typing\n", "Romeo stopped typing\n",
                  "Juliet<U+001B> vouches for the key 0f0f0f0f of nurse<U+0007>@house, who has not been met",
                  "Juliet<U+001B> vouches for Nurse: earshot trust accept nurse@house\n",
                  "Romeo nudges you", "You are Mercutio", "No network",
                  "   [?] Romeo is new (was plain): first<U+0007> contact\n",
                  "   [v] Romeo stays verified: blocked\n",
                  "2017-07-14 02:40   [v] You to Romeo: hello\n",
                  "   [v] Handed over to Romeo: 0123abcd\n",
                  "   [v] Delivered to Romeo: 0123abcd\n",
                  "   [v] Read by Romeo: 0123abcd\n",
                  "   [v] Cancelled, not sent to Romeo: 0123abcd\n",
                  "   [v] Not delivered to Romeo: 0123abcd. gone<U+0007>\n",
                  "   [PLAIN] Not delivered to romeo@orchard: m\n",
                  "   [v] Romeo corrected 0123abcd: new<U+001B> words\n",
                  "   [v] You corrected 0123abcd to Romeo: ours\n",
                  "   [v] Romeo took back 0123abcd\n",
                  "   [v] You took back 0123abcd to Romeo\n",
                  "   [v] Romeo reacted with \U0001f44d <U+001B>! to 0123abcd\n",
                  "   [v] You reacted with \u2764 to 0123abcd, with Romeo\n",
                  "   [v] Romeo took the reactions back from 0123abcd\n",
                  "   [v] You have seen what Romeo said, up to 0123abcd\n",
                  "   [v] you (romeo@orchard) took back 0123abcd\n",
                  "   [v] Romeo: (taken back)\n",
                  "   Forgotten: the messages with romeo@orchard before 2017-07-14 02:40\n"):
        check(words in out, words, out)
    check(out.endswith("   Forgotten: everything"), out)
    check(w.end() == (-signal.SIGTERM, "", ""), "it ends without a word")


def json_is_what_the_daemon_said(box):
    w = Watch(box, "--json")
    count = all_events(box.daemon)
    events = [json.loads(line) for line in w.lines(count)]
    check(len(events) == count, events)
    check(events[0]["event"] == "message" and events[0]["text"] == "one\ntwo \x1b[31mred", events)
    check({"event": "something newer", "x": 1} in events, events)
    check(events[-1] == {"event": "forgotten", "number": 21}, events)
    w.end()


def plain_watch_is_live_and_remembered_nowhere(box):
    happen(box.daemon, 5)
    w = Watch(box, "--json")
    happen(box.daemon, 3)
    check(w.numbers(3) == [6, 7, 8], w.seen)
    time.sleep(1.2)
    w.end()
    check(box.daemon.cursors == {}, box.daemon.cursors)


def since_a_number(box):
    happen(box.daemon, 50)
    w = Watch(box, "--json", "--since", "45", "--cursor", "mine")
    check(w.numbers(5) == [46, 47, 48, 49, 50], w.seen)
    happen(box.daemon)
    check(w.numbers(1) == [51], w.seen)
    w.end()
    check(box.daemon.cursors == {"mine": 51}, box.daemon.cursors)


def old_events_without_a_time_show_none(box):
    box.daemon.event("receipt", number=1, peer="romeo@orchard", id="m1", state="read")
    w = Watch(box, "--since", "0")
    box.daemon.event("receipt", number=2, peer="romeo@orchard", id="m2", state="read")
    old, new = w.lines(2)
    check(old == "        [PLAIN] Read by romeo@orchard: m1", old)
    check(re.fullmatch(r"\d\d:\d\d   \[PLAIN\] Read by romeo@orchard: m2", new), new)
    w.end()


def last_goes_on_where_the_previous_one_stopped(box):
    happen(box.daemon, 10)
    w = Watch(box, "--json", "--since", "last")  # the first time: from now on
    until(lambda: box.daemon.cursors == {"watch": 10})
    w.end()
    happen(box.daemon, 3)
    w = Watch(box, "--json", "--since=last")
    check(w.numbers(3) == [11, 12, 13], w.seen)
    check(w.end(signal.SIGINT)[0] == -signal.SIGINT, "as if by the signal")
    check(box.daemon.cursors == {"watch": 13}, box.daemon.cursors)
    w = Watch(box, "--json", "--since", "last", "--cursor", "other")
    happen(box.daemon)
    check(w.numbers(1) == [14], w.seen)
    w.end(signal.SIGHUP)
    check(box.daemon.cursors == {"watch": 13, "other": 14}, box.daemon.cursors)


def a_crash_repeats_a_second_and_skips_nothing(box):
    happen(box.daemon, 3)
    w = Watch(box, "--json", "--since", "0")
    for _ in range(30):
        happen(box.daemon)
        time.sleep(0.05)
    w.lines(33)
    w.end(signal.SIGKILL)
    told = [json.loads(line)["number"] for line in w.seen]
    remembered = box.daemon.cursors["watch"]
    check(5 <= remembered <= told[-1], remembered, told)
    check(len([p for p in box.daemon.asked("cursor") if "number" in p]) <= 4, box.daemon.calls)
    w = Watch(box, "--json", "--since", "last")
    if remembered < told[-1]:
        check(w.numbers(1)[0] == remembered + 1, w.seen)
    w.end()


def what_cannot_be_written_is_not_remembered(box):
    happen(box.daemon, 5)
    box.daemon.cursors["watch"] = 1
    with open("/dev/full", "wb") as full:
        w = Watch(box, "--json", "--since", "last", out=full)
        out = w.child.communicate(timeout=20)
    check(w.child.returncode == 1 and b"cannot be written" in out[1], out)
    check(box.daemon.cursors == {"watch": 1}, box.daemon.cursors)


def a_reader_that_leaves_ends_it_and_the_cursor_stays(box):
    happen(box.daemon, 3000)
    w = Watch(box, "--json", "--since", "0", settle=False)
    w.lines(1)
    w.child.stdout.close()
    check(w.child.wait(timeout=20) == -signal.SIGPIPE, w.child.returncode)
    check(w.child.stderr.read() == b"", "quietly")
    w.child.stderr.close()
    check(box.daemon.cursors == {}, box.daemon.cursors)


def a_reader_that_stops_does_not_keep_it_from_ending(box):
    happen(box.daemon, 3000)
    read, write = os.pipe()
    w = Watch(box, "--json", "--since", "0", out=write, settle=False)
    os.close(write)
    time.sleep(0.5)  # the pipe is full by now
    w.child.send_signal(signal.SIGTERM)
    check(w.child.wait(timeout=10) == -signal.SIGTERM, w.child.returncode)
    with os.fdopen(read, "rb") as rest:
        lines = rest.read().splitlines()
    w.child.stderr.close()
    check(json.loads(lines[-1])["number"] == box.daemon.cursors["watch"] == len(lines),
          len(lines), box.daemon.cursors)


def a_restart_of_the_daemon_loses_nothing(box):
    for args in ([], ["--since", "last"]):
        happen(box.daemon, 4)
        w = Watch(box, "--json", *args)
        first = box.daemon.last()
        happen(box.daemon, 2)
        w.lines(2)
        old = box.daemon
        old.close()
        time.sleep(0.3)
        happen(old, 3)  # while it was away, as far as we can tell
        box.daemon = FakeDaemon(box.socket, before=old)
        until(lambda: box.daemon.asked("subscribe"))
        w.settle()
        happen(box.daemon)
        w.lines(4)
        told = [json.loads(line)["number"] for line in w.seen]
        check(told == list(range(first + 1, first + 7)), told)
        code, out, err = w.end()
        check(code == -signal.SIGTERM and out == "", code, out)
        check("ended" in err and "Connected again" in err, err)
    check(box.daemon.cursors == {"watch": box.daemon.last()}, box.daemon.cursors)


def it_waits_for_the_daemon_and_can_be_ended_meanwhile(box):
    w = Watch(box)
    box.daemon.close()
    time.sleep(0.5)
    check(w.child.poll() is None, "it waits")
    code, out, err = w.end(signal.SIGINT)
    check(code == -signal.SIGINT and out == "" and err.count("\n") == 1, code, out, err)


def one_that_is_cut_off_goes_on(box):
    happen(box.daemon, 3)
    w = Watch(box, "--json", "--since", "1")
    w.lines(2)
    box.daemon.cut_off("This program reads too slowly.", since=3)
    until(lambda: len(box.daemon.asked("subscribe")) == 2)
    w.settle()
    happen(box.daemon)
    check(w.numbers(1) == [4], w.seen)
    _, _, err = w.end()
    check("too slowly" in err and "Connected again" in err, err)


def a_log_begun_anew_is_shown_whole(box):
    happen(box.daemon, 30)
    w = Watch(box, "--json")
    box.daemon.close()
    time.sleep(0.3)
    box.daemon = FakeDaemon(box.socket, box.daemon.people)
    happen(box.daemon, 2)
    check(w.numbers(2) == [1, 2], w.seen)
    _, _, err = w.end()
    check("begun anew" in err, err)


def a_daemon_without_a_log_is_watched_live(box):
    box.daemon.answers["cursor"] = Refused("unsupported", "There is no log.")
    w = Watch(box, "--json")
    box.daemon.says("romeo@orchard", "one")
    w.lines(1)
    old = box.daemon
    old.close()
    box.daemon = FakeDaemon(box.socket, old.people)
    until(lambda: box.daemon.asked("subscribe"))
    w.settle()
    box.daemon.says("romeo@orchard", "two")
    w.lines(1)
    _, _, err = w.end()
    check("missing" in err, err)
    box.daemon.answers["cursor"] = Refused("unsupported", "There is no log.")
    r = box.run("watch", "--since", "last")
    check(r.code == 1 and "There is no log." in r.err, r)


def a_cursor_that_cannot_be_moved_is_told_once(box):
    happen(box.daemon, 2)

    def refuse(client, name, number=0):
        if number:
            raise Refused("disk", "The disk is full.")
        return {"number": 0, "last": 2}
    box.daemon.do_cursor = refuse
    w = Watch(box, "--json", "--since", "0")
    w.lines(2)
    time.sleep(1.3)
    _, _, err = w.end()
    check(err.count("The disk is full.") == 1, err)


def what_makes_no_sense_is_said(box):
    for args in (["--since", "yesterday"], ["--since", "-1"], ["--cursor", "x"],
                 ["--since", "last", "--cursor", ""], ["--since", "99"]):
        r = box.run("watch", *args)
        check(r.code == 2 and r.err.startswith("earshot: ") and r.out == "", args, r)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
