#!/usr/bin/env python3
"""The bench driver (tests/bench/driver.c) keeps its contract, so that figures mean something."""
import os

import lab
import tap
from tap import case, check, note, run

DRIVER = os.path.join(lab.TOP, "tests/bench/driver")
BURST = 2000


class Driver:
    def __init__(self, host, user, *options):
        self.name = f"{user}@{host.name}"
        statedir = f"/run/home/{user}"
        host.must("mkdir", "-p", statedir)
        self.process = host.spawn(DRIVER, self.name, statedir, *options, label=user, stdin=True,
                                  env={"EARSHOT_BUILD": lab.BUILD})
        self.events = self.process.events
        self.pids = self.wait("pids")["pids"]
        self.wait("online")

    def wait(self, ev, timeout=10, since=0, **wanted):
        return self.events.wait(
            lambda e: e["ev"] == ev and all(e.get(k) == v for k, v in wanted.items()),
            timeout, since, f"{ev} {wanted or ''}")

    def command(self, line):
        mark = self.events.mark()
        self.process.say(line)
        return mark


@case
def discovery_status_messages_and_goodbye(l):
    a, b = Driver(l.host(), "alice"), Driver(l.host(), "bob")
    check(len(a.pids) == 2 and all(map(lab.alive, a.pids)), f"daemon and helper: {a.pids}")
    a.wait("buddy-on", who=b.name)
    b.wait("buddy-on", who=a.name)
    a.command(f"send {b.name} two words")
    b.wait("msg", who=a.name, text="two words")
    a.command("status away gone fishing")
    b.wait("buddy-status", who=a.name, status="away", text="gone fishing")
    a.command("nonsense")
    a.wait("error")
    a.command("quit")
    check(a.process.wait(10) == 0, "it ends well")
    check(not any(map(lab.alive, a.pids)), "with its daemon")
    b.wait("buddy-off", who=a.name)


@case
def latency_and_bursts_are_measured(l):
    a, b = Driver(l.host(), "alice"), Driver(l.host(), "bob", "quiet=1")
    a.wait("buddy-on", who=b.name)
    b.wait("buddy-on", who=a.name)
    mark = b.command(f"ping {a.name} 20 200 5000")
    b.wait("sent", who=a.name, n=20)
    a.wait("msg", seq=19, kind="L", len=200)
    times = sorted(e["t"] - e["sent"] for e in a.events.since(0, lambda e: e["ev"] == "msg"))
    check(len(times) == 20 and times[0] > 0, f"twenty times: {times}")
    note(f"one way, median of 20: {times[10] / 1e3:.0f} us")
    start = a.events.mark()
    b.command("reset")
    a.command(f"burst {b.name} {BURST} 200")
    began = a.wait("burst-start", since=start)["t"]
    a.wait("sent", 30, start, n=BURST)

    def stat():
        mark = b.command("stat")
        return b.wait("stat", since=mark)
    last = lab.wait_for(lambda: (lambda s: s if s["n"] >= BURST else None)(stat()), 20, "all of them")
    check(last["ooo"] == 0 and last["n"] == BURST, f"all, in order: {last}")
    note(f"burst of {BURST}: {BURST / ((last['last'] - began) / 1e9):.0f} messages/s")
    check(not b.events.since(mark, lambda e: e["ev"] == "msg"), "quiet is quiet")
    check(a.events.since(0, lambda e: e["ev"] == "error") == [], "no errors")


@case
def killed_with_its_driver(l):
    a = Driver(l.host(), "alice")
    a.process.end()
    lab.wait_for(lambda: not any(map(lab.alive, a.pids)), 5, "the end of daemon and helper")


if __name__ == "__main__":
    if not os.path.exists(os.path.join(lab.BUILD, "bench-driver")):
        tap.skip_all("bench-driver is not built (make bench-driver)")
    lab.enter()
    run(lab.Lab)
