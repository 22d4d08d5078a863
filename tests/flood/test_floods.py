#!/usr/bin/env python3
"""A hostile network floods the daemon. EARSHOT_FLOOD_LONG=1: as long as the goals say."""
import os
import time

import flooding
import lab
from flooding import FILES, LONG, Scene, rss_kib, told, withstand
from tap import add_case, case, check, note, run

HANDSHAKES = 50       # a second, with all strangers (LIMIT_HANDSHAKES)
STRANGERS = 256       # streams open to them (LIMIT_STREAMS_STRANGERS)
PER_MESSAGE = 1024    # bytes on disk, with what finds it again
NOTICES = 3           # a second, of all strangers (LIMIT_NOTICES)
CLOSED_WITHIN = 15.0  # s, whatever a stranger does not say


def sockets(mode):
    """10,000 connections that come to nothing."""
    def play(l):
        scene = Scene(l)
        count = 10000 if LONG else 3000
        began = time.monotonic()
        flood = scene.flood(mode, count, seconds=40 if LONG else 16)
        report = withstand(scene, mode, flood, 30)
        check(report["connected"] + report["failed"] == count, f"all were tried: {report}")
        check(report["open"] == 0, f"all were closed: {report}")
        check(report["longest_ms"] <= 1000 * CLOSED_WITHIN, f"in time: {report}")
        note(f"{mode}: all closed after {time.monotonic() - began:.1f} s")
        lab.wait_for(lambda: scene.streams() == 1, 5, "bob's stream alone")
        note(f"{mode}: afterwards RSS {rss_kib(scene.alice.process.pid)} KiB")
    return play


for each in ("silent", "slow", "header"):
    add_case(f"n10-10000-sockets-{each}", sockets(each))
add_case("n10-10000-sockets-stopped-in-tls", sockets("tls"))
add_case("n10-10000-sockets-stopped-in-message", sockets("message"))


def handshakes(l):
    """More TLS handshakes than can be computed."""
    scene = Scene(l)
    seconds = 60 if LONG else 10
    flood = scene.flood("handshake", 10 ** 9, rate=2000, seconds=seconds)
    report = withstand(scene, "handshake", flood, seconds + 20)
    check(report["hellos"] > seconds, f"handshakes were begun: {report}")
    check(report["answered"] <= HANDSHAKES * (seconds + 3), f"and few computed: {report}")


add_case("n11-handshake-flood", handshakes)


def churn(l):
    """Connect and disconnect, a million times if the machine is fast enough for that. Bob talks only
    before and after: what SQLite remembers of his words grows by itself, to 5 MiB."""
    scene = Scene(l)
    pid, total = scene.alice.process.pid, 0
    count = 50000 if LONG else 4000

    def batch():
        return scene.flood("churn", count, seconds=100)

    withstand(scene, f"churn {count}", batch(), 120)  # its memory is as large as it gets
    before, files = rss_kib(pid), flooding.files(pid)
    over = time.monotonic() + (480 if LONG else 1)
    while total < 1000000 and time.monotonic() < over:
        total += told(batch(), 120)["ended"]
    time.sleep(0.5)
    drift = rss_kib(pid) - before
    note(f"churn: after {total} more RSS drift {drift} KiB, files {files} -> {flooding.files(pid)}")
    check(drift <= 1024, f"RSS drifted by {drift} KiB")
    check(flooding.files(pid) <= files + 2, "no descriptor is lost")
    withstand(scene, f"churn {count}", batch(), 120)


add_case("n10-connect-disconnect-1000000", churn)


@case
def n18_1000_strangers(l):
    """Each says ten things at once."""
    scene = Scene(l)
    alice, count = scene.alice, 1000 if LONG else 300
    announced = scene.mallory.spawn(os.path.join(lab.BUILD, "fake-peers"), "eth0", str(count),
                                    "200", "0", "0", label="fake-peers")
    told(announced, 30)
    alice.client.events.until(lambda: len(alice.client.names()) >= count * 0.9, 60, "strangers")
    database = alice.host.path("/run/home/alice/.local/state/earshot/earshot.db")
    before = os.path.getsize(database)
    mark, began = alice.client.mark(), time.monotonic()
    flood = scene.flood("speak", count, rate=50, sources=count, seconds=count // 50 + 5)
    withstand(scene, "strangers", flood, count // 50 + 20, files=FILES + STRANGERS)
    seconds = time.monotonic() - began
    events = [e for e in alice.client.events.since(mark) if e["event"] == "message"]
    theirs = [e for e in events if e["peer"].startswith("fake")]
    loud = [e for e in theirs if not e.get("quiet")]
    grown = os.path.getsize(database) - before
    note(f"strangers: the write-ahead log is {os.path.getsize(database + '-wal') // 1024} KiB")
    note(f"strangers: {len(theirs)} messages in {seconds:.0f} s, {len(loud)} of them may disturb; "
         f"database + {grown // 1024} KiB")
    check(len(theirs) >= count, f"strangers are heard: {len(theirs)}")
    check(len(loud) <= NOTICES * (seconds + 1), f"and few disturb: {len(loud)}")
    check(grown <= len(theirs) * PER_MESSAGE, f"the database grew by {grown} bytes")
    check(not [e for e in events if e["peer"] == scene.bob.name and e.get("quiet")],
          "bob is no stranger")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
