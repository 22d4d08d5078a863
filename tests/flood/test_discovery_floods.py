#!/usr/bin/env python3
"""A hostile network, or a responder that fails, and what it does to discovery and to those who talk.
EARSHOT_FLOOD_LONG=1: as long as the goals say."""
import os
import signal
import statistics
import time

import flooding  # first: it knows where the lab is
import lab
from earshot import Daemon, meet, talk
from flooding import LONG, MESSAGE, RSS_GROWTH, Scene, Watch, p99, told
from tap import case, check, note, run

FAKE_PEERS = os.path.join(lab.BUILD, "fake-peers")
QUERY = os.path.join(os.path.dirname(os.path.realpath(__file__)), "query.py")
STRANGERS = 2048  # LIMIT_ENTRIES
AMPLIFIED = 1.5   # bytes answered for a byte asked


class Of:
    """What Watch looks at, by number."""

    def __init__(self, pid):
        self.pid = pid


@case
def n8_10000_fake_peers_500_changes_per_s(l):
    scene = Scene(l)
    daemon, helper = Watch(scene.alice.process), Watch(Of(scene.alice.status()["helper_pid"]))
    flood = scene.mallory.spawn(FAKE_PEERS, "eth0", "10000", "2000", "500",
                                str(60 if LONG else 6), label="fake-peers")
    calls, messages, most = [], [], 0
    while flood.popen.poll() is None:
        began = time.monotonic()
        most = max(most, scene.alice.status()["people"])
        calls.append(time.monotonic() - began)
        messages.append(talk(scene.bob, scene.alice, f"through the crowd {began}"))
        time.sleep(0.02)
    report = told(flood, 1)
    daemon.end()
    helper.end()
    check(report["failed"] == 0, f"all were sent: {report}")
    for name, watch in (("daemon", daemon), ("helper", helper)):
        note(f"{name}: RSS {watch.before} + {watch.growth} KiB, CPU "
             f"{100 * watch.cpu / watch.seconds:.0f} %")
        check(watch.growth <= RSS_GROWTH, f"the {name} grew by {watch.growth} KiB")
    note(f"calls: median {1000 * statistics.median(calls):.1f} p99 {1000 * p99(calls):.1f} ms; "
         f"messages: median {1000 * statistics.median(messages):.1f} p99 "
         f"{1000 * p99(messages):.1f} ms; most people at once {most}")
    for one in (scene.alice, scene.bob):
        check(one.status()["helper_restarts"] == 0, f"the helper of {one.user} was started anew")
    check(p99(messages) <= MESSAGE, f"bob's messages took {sorted(messages)[-5:]} s")
    check(p99(calls) <= MESSAGE, f"alice's calls took {sorted(calls)[-5:]} s")
    check(most <= STRANGERS + 2, f"too many are listed: {most}")
    check(scene.alice.client.here(scene.bob.name), "bob is still listed")


def survive(a, b, seconds, disturb):
    """They talk while something is done every three seconds; all of it arrives, once, in order."""
    marks = {d: d.client.mark() for d in (a, b)}
    streams, sent, calls = a.status()["streams"], {a: [], b: []}, []
    over = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < over:
        if time.monotonic() >= due:
            disturb()
            due = time.monotonic() + 3
        for this, that in ((a, b), (b, a)):
            text = f"{this.user} {len(sent[this])}"
            began = time.monotonic()
            this.send(that.name, text)
            calls.append(time.monotonic() - began)
            sent[this].append(text)
        time.sleep(0.02)
    for this, that in ((a, b), (b, a)):
        that.client.wait("message", 10, marks[that], direction="in", text=sent[this][-1])
        got = that.client.messages(this.name, since=marks[that])
        check(got == sent[this], f"{that.name}: {len(got)} of {len(sent[this])}, each once, in order")
    check(a.status()["streams"] == streams, "the streams stayed")
    note(f"{sum(map(len, sent.values()))} messages; calls: median "
         f"{1000 * statistics.median(calls):.1f} p99 {1000 * p99(calls):.1f} "
         f"longest {1000 * max(calls):.1f} ms")
    check(p99(calls) <= MESSAGE, f"calls took {sorted(calls)[-5:]} s")


@case
def n9_avahi_killed_and_hung(l):
    a, b = Daemon(l.host(avahi=True), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    talk(a, b, "all is well")
    talk(b, a, "so it is")

    def kill():
        a.host.stop_avahi(signal.SIGKILL)
        a.host.start_avahi()

    survive(a, b, 60 if LONG else 7, kill)
    hung = [a.host.avahi, a.host.bus]
    for process in hung:
        process.signal(signal.SIGSTOP)
    survive(a, b, 60 if LONG else 6, lambda: None)
    for process in hung:
        process.signal(signal.SIGCONT)
    a.wait_state(30, discovery="running")
    c = Daemon(l.host(), "carol")
    meet(a, c, timeout=20)
    talk(c, a, "and on it goes")


@case
def n20_no_amplification(l):
    scene = Scene(l)
    target = scene.alice.host.address()
    for source, allowed in ((scene.mallory.address(), AMPLIFIED), ("10.99.0.1", 0)):
        for how in ("multicast", "unicast", "legacy"):
            time.sleep(1 if LONG else 0)  # tokens come back
            asking = scene.mallory.spawn(QUERY, how, target, source, "2000" if LONG else "200",
                                         "10" if LONG else "1", label=f"query-{how}-{source}")
            report = told(asking, 20)
            note(f"{how} from {source}: {report}")
            check(report["asked"] > 0, "it asked")
            check(report["answered"] <= allowed * report["asked"],
                  f"{how} from {source}: {report['answered']} bytes for {report['asked']}")


@case
def n20_nothing_is_said_before_they_do(l):
    scene = Scene(l)
    wire = scene.mallory.run("python3", "-c", (
        "import socket, sys\n"
        f"s = socket.create_connection(('{scene.alice.host.address()}', {scene.alice.status()['port']}))\n"
        "s.settimeout(8)\n"
        "sys.stdout.write(repr(s.recv(100)))\n"))
    check(wire.stdout == "b''", f"closed without a word: {wire.stdout} {wire.stderr}")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
