#!/usr/bin/env python3
"""How soon everything works again: after kill -9, and after a cable was out. Two daemons on two
virtual hosts; prints one table of medians.

    bench_recovery.py [--runs N] [--kept N] [--only restart|outbox|cable]

Times are CLOCK_MONOTONIC of one machine."""
import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))

import lab  # noqa: E402
import tap  # noqa: E402
from bench_pair import Table  # noqa: E402
from earshot import Daemon, meet, talk  # noqa: E402

SILENT = 15.0  # s; a pulled cable is shown by then
LATEST = 60.0  # s; nothing takes longer


def restarted(daemon):
    """Seconds from the start of a new process to its first answer; .client is connected to it."""
    began = time.monotonic()
    daemon.start(published=False)
    return began, time.monotonic() - began


def bench_restart(table, a, b, number, options):
    """With history on disk, and killed while it is being written to."""
    calls = [a.client.start("send", peer=b.name, text=f"history {number}.{n}")
             for n in range(options.kept)]
    calls[len(calls) // 2].outcome(LATEST)
    a.kill()
    table.add("kill -9, started again -> answers a call", "ms", restarted(a)[1] * 1000)
    last = a.client.start("send", peer=b.name, text=f"history {number}, the end")
    last.result(LATEST)
    b.client.wait("message", LATEST, direction="in", text=f"history {number}, the end")


def bench_outbox(table, a, b, number, _):
    """What was said to the one who was dead."""
    talk(b, a, f"before {number}")
    mark = b.client.mark()
    a.kill()
    b.client.events.wait(lambda e: is_about(a, e) and e["person"]["state"] == "gone", SILENT, mark,
                         "gone")
    b.client.call("send", peer=a.name, text=f"meanwhile {number}")
    mark = b.client.mark()
    began, _ = restarted(a)
    here = b.client.events.wait(lambda e: is_about(a, e) and e["person"]["state"] != "gone",
                                LATEST, mark, "back")
    done = b.client.wait("receipt", LATEST, mark, state="delivered")
    table.add("kill -9, started again -> queued message confirmed", "s", done["t"] - began)
    table.add("peer is visible again -> queued message confirmed", "s", done["t"] - here["t"])


def is_about(daemon, event):
    return event["event"] == "person" and event["person"]["name"] == daemon.name


def bench_cable(table, a, b, number, _):
    talk(a, b, f"before {number}")
    b.host.pull_cable()
    pulled = time.monotonic()
    a.client.wait_here(b.name, SILENT, state="silent")
    table.add("cable pulled -> shown as silent", "s", time.monotonic() - pulled)
    text, mark = f"into the void {number}", b.client.mark()
    a.client.call("send", peer=b.name, text=text)
    time.sleep(1)
    b.host.plug_cable()
    plugged = time.monotonic()
    came = b.client.wait("message", LATEST, mark, direction="in", text=text)
    table.add("cable back -> queued message is there", "s", came["t"] - plugged)


BENCHES = {"restart": bench_restart, "outbox": bench_outbox, "cable": bench_cable}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kept", type=int, default=500, help="messages said before each kill")
    parser.add_argument("--only", choices=BENCHES)
    options = parser.parse_args()
    lab.enter()
    table = Table()
    with lab.Lab() as net:
        a, b = Daemon(net.host(), "alice"), Daemon(net.host(), "bob")
        meet(a, b)
        for name, bench in BENCHES.items():
            for number in range(options.runs if not options.only or options.only == name else 0):
                bench(table, a, b, number, options)
    table.show()


if __name__ == "__main__":
    try:
        main()
    except tap.Failure as failure:
        sys.exit(str(failure))
