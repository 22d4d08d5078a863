#!/usr/bin/env python3
"""A hostile network floods the daemon. EARSHOT_FLOOD_LONG=1: as long as the goals say."""
import time

import flooding
import lab
from flooding import LONG, Scene, rss_kib, withstand
from tap import add_case, check, note, run

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


for each in ("silent", "slow", "header", "message"):
    add_case(f"n10-10000-sockets-{each}", sockets(each))


def churn(l):
    """Connect and disconnect, a million times."""
    scene = Scene(l)
    pid = scene.alice.process.pid

    def batch(count, rate):
        flood = scene.flood("churn", count, rate=rate, seconds=120)
        return withstand(scene, f"churn {count}", flood, 120)

    batch(20000, 0)  # its memory is as large as it gets
    before, files = rss_kib(pid), flooding.files(pid)
    for _ in range(10 if LONG else 1):
        batch(98000 if LONG else 20000, 0)
    time.sleep(0.5)
    drift = rss_kib(pid) - before
    note(f"churn: RSS drift {drift} KiB, files {files} -> {flooding.files(pid)}")
    check(drift <= 1024, f"RSS drifted by {drift} KiB")
    check(flooding.files(pid) <= files + 2, "no descriptor is lost")


add_case("n10-connect-disconnect-1000000", churn)


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
