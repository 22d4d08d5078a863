#!/usr/bin/env python3
"""Two daemons on two virtual hosts, each driven through the local socket as any front end does it:
what people would wait for, and what it costs. Prints one table; needs nothing but this tree.

    bench_pair.py [--runs N] [--count N] [--idle SECONDS] [--folder DIR] [--against BUILD]
                  [--only start|handshake|latency|burst|idle]

What encryption costs is measured in turns, encrypted, plain, encrypted, ...: what else the machine
does falls on both. So is another build of ours, with --against.

Times are CLOCK_MONOTONIC of one machine, from the sender's call to the receiver's event."""
import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))

import lab  # noqa: E402
import pcap  # noqa: E402
import tap  # noqa: E402

DRIVER = os.path.join(HERE, "driver")
SIZE = 200            # bytes of a message
PINGS, GAP = 200, 20  # messages, ms between them
PAGES, SYNCS = 5, 100  # of one commit; tries
NS = 1e9


class Variant:
    """What is measured beside what: an encrypted or a plain stream, of one build or another."""

    def __init__(self, label, settings="", build=lab.BUILD):
        self.label, self.settings, self.build = label, settings, build


TLS = Variant("TLS")
PLAIN = Variant("plain", "[privacy]\ntls = off\nplain = on\n")


class Driver:
    """tests/bench/driver on a host."""

    disk = None  # a folder on a real disk: what is durable costs an fsync there

    def __init__(self, host, user, *options, variant=TLS):
        self.name = f"{user}@{host.name}"
        statedir = os.path.join(self.disk, user)
        folder = os.path.join(statedir, "config/earshot")
        os.makedirs(folder, 0o700)
        with open(os.path.join(folder, "earshot.conf"), "w", encoding="utf-8") as file:
            file.write(variant.settings)
        self.began = time.monotonic_ns()
        self.process = host.spawn(DRIVER, self.name, statedir, *options, label=user, stdin=True,
                                  env={"EARSHOT_BUILD": variant.build})
        self.events = self.process.events

    def wait(self, ev, timeout=15, since=0, **wanted):
        return self.events.wait(
            lambda e: e["ev"] == ev and all(e.get(k) == v for k, v in wanted.items()),
            timeout, since, f"{ev} {wanted or ''}")

    def command(self, line):
        mark = self.events.mark()
        self.process.say(line)
        return mark

    def ask(self, line, ev, **wanted):
        return self.wait(ev, since=self.command(line), **wanted)

    def quit(self):
        self.command("quit")
        self.process.wait(10)

    @property
    def pids(self):
        """The daemon and its helper."""
        return self.wait("pids")["pids"]

    def cpu(self):
        """Of daemon and helper so far, all threads, ns."""
        spent = 0
        for pid in self.pids:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                    spent += int(stat.read().split()[0])
        return spent


def rss_mib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Rss:")) / 1024


class Table:
    def __init__(self):
        self.rows = {}

    def add(self, what, unit, value):
        self.rows.setdefault((what, unit), []).append(value)

    def show(self):
        print("| what | unit | n | min | median | max |\n|---|---|---|---|---|---|")
        for (what, unit), values in self.rows.items():
            cells = (f"{v:.0f}" if abs(v) >= 100 else f"{v:.3g}"
                     for v in (min(values), statistics.median(values), max(values)))
            print(f"| {what} | {unit} | {len(values)} | {' | '.join(cells)} |", flush=True)


def pair(hosts, number, *options, variant=TLS):
    b = Driver(hosts[1], f"bob{number}", *options, variant=variant)
    a = Driver(hosts[0], f"alice{number}", *options, variant=variant)
    a.wait("buddy-on", who=b.name)
    b.wait("buddy-on", who=a.name)
    return a, b


def meet(a, b):
    """b writes first: then a is no stranger there, of whom not everything would be read at once. us
    that this message took, for which the stream was opened."""
    b.command(f"ping {a.name} 1 {SIZE} 0")
    told = a.wait("msg", seq=0)
    return (told["t"] - told["sent"]) / 1e3


def end(*drivers):
    for driver in drivers:
        driver.quit()


def bench_start(table, hosts, number, _options, _variant):
    b = Driver(hosts[1], f"bob{number}")
    b.wait("online")
    time.sleep(1)
    a = Driver(hosts[0], f"alice{number}")
    seen = b.wait("buddy-on", who=a.name)["t"]
    sees = a.wait("buddy-on", who=b.name)["t"]
    table.add("start -> seen by the other host", "ms", (seen - a.began) / 1e6)
    table.add("start -> sees the other host", "ms", (sees - a.began) / 1e6)
    end(a, b)


def bench_handshake(table, hosts, number, _, variant):
    """From the SYN on the cable until the front ends of both have been told that the stream is ready:
    TCP, negotiation, TLS with both keys checked, authentication."""
    a, b = pair(hosts, number, variant=variant)
    time.sleep(1)
    capture = pcap.Capture(hosts[0].lab, hosts[0])
    a.ask(f"send {b.name} warm", "sent")
    ready = max(a.wait("buddy-connected", who=b.name)["t"], b.wait("buddy-connected", who=a.name)["t"])
    dialled = min(capture.stop().dialled.values()) - (time.time_ns() - time.monotonic_ns())
    table.add(f"{variant.label}: dialled -> both front ends know it is ready", "ms",
              (ready - dialled) / 1e6)
    end(a, b)


def sync_time(folder):
    """us that the disk takes for what one commit writes, at the pace of the latency bench and in
    place, as in a log that has been round once. Two of them are the floor of a message that is on
    disk at both ends when it is told."""
    block, times = b"x" * 4096 * PAGES, []
    with tempfile.TemporaryFile(dir=folder) as file:
        os.pwrite(file.fileno(), block * SYNCS, 0)
        os.fsync(file.fileno())
        for i in range(SYNCS):
            time.sleep(GAP / 1000)
            began = time.perf_counter()
            os.pwrite(file.fileno(), block, i * len(block))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1e6)
    return statistics.median(times)


def bench_latency(table, hosts, number, _, variant):
    a, b = pair(hosts, number, variant=variant)
    time.sleep(1)
    table.add("floor: the two syncs of a message alone", "us", 2 * sync_time(Driver.disk))
    table.add(f"{variant.label}: first message, opens the stream", "us", meet(a, b))
    a.command(f"ping {b.name} {PINGS} {SIZE} {GAP * 1000}")
    b.wait("msg", 30, seq=PINGS - 1)
    times = [(e["t"] - e["sent"]) / 1e3 for e in b.events.since(0, lambda e: e["ev"] == "msg")]
    if len(times) != PINGS:
        raise tap.Failure(f"{PINGS - len(times)} of {PINGS} messages were lost")
    what = f"{variant.label}: one-way latency, {SIZE} B, {1000 // GAP}/s"
    times.sort()
    table.add(f"{what}: median of a run", "us", times[len(times) // 2])
    table.add(f"{what}: 99th percentile of a run", "us", times[int(len(times) * 0.99)])
    end(a, b)


def bench_burst(table, hosts, number, options, variant):
    a, b = pair(hosts, number, "quiet=1", variant=variant)
    for one, other in ((b, a), (a, b)):  # then neither is a stranger to the other
        one.ask(f"send {other.name} warm", "sent")
        other.wait("msg", text="warm")
    b.command("reset")
    b.ask("stat", "stat", n=0)
    before = a.cpu() + b.cpu()
    began = a.ask(f"burst {b.name} {options.count} {SIZE}", "burst-start")["t"]
    a.wait("sent", 60, n=options.count)

    def all_here():
        stat = b.ask("stat", "stat")
        return stat if stat["n"] >= options.count else None
    stat = lab.wait_for(all_here, 30, f"{options.count} messages")
    if stat["ooo"] or stat["n"] != options.count:
        raise tap.Failure(f"out of order or twice: {stat}")
    spent = a.cpu() + b.cpu() - before
    what = f"{variant.label}: burst of {options.count} x {SIZE} B"
    table.add(f"{what}, none lost, in order", "msg/s",
              options.count / ((stat["last"] - began) / NS))
    table.add(f"{what}: CPU of both daemons a message", "us", spent / options.count / 1e3)
    table.add(f"{what}: sender's RSS after", "MiB", rss_mib(a.pids[0]))
    end(a, b)


def bench_idle(table, hosts, number, options, _variant):
    a, b = pair(hosts, number)
    time.sleep(8)  # announcements are over by then
    before, began = a.cpu(), time.monotonic()
    time.sleep(options.idle)
    part = (time.monotonic() - began) / 60
    table.add("idle CPU, daemon and helper, a minute", "ms", (a.cpu() - before) / 1e6 / part)
    for pid, name in zip(a.pids, ("daemon", "helper")):
        table.add(f"idle RSS of the {name}", "MiB", rss_mib(pid))
    end(a, b)


BENCHES = {"start": bench_start, "handshake": bench_handshake, "latency": bench_latency,
           "burst": bench_burst, "idle": bench_idle}
COMPARED = ("handshake", "latency", "burst")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--count", type=int, default=10000, help="messages of a burst")
    parser.add_argument("--idle", type=int, default=10, help="seconds")
    parser.add_argument("--folder", default="/var/tmp", help="where the daemons keep their state: "
                        "on a disk (the default) durability costs what it costs, on a tmpfs nothing")
    parser.add_argument("--only", choices=BENCHES)
    parser.add_argument("--against", help="a folder with another release build")
    options = parser.parse_args()
    lab.enter()
    table = Table()
    Driver.disk = tempfile.mkdtemp(prefix="earshot-", dir=options.folder)
    try:
        run(table, options)
    finally:
        shutil.rmtree(Driver.disk)
    table.show()


def run(table, options):
    with lab.Lab() as net:
        hosts = net.host(), net.host()
        number, variants = 0, [TLS, PLAIN]
        if options.against:
            variants += [Variant(f"other build, {v.label}", v.settings,
                                 os.path.realpath(options.against)) for v in variants]
        for name, bench in BENCHES.items():
            if options.only not in (None, name):
                continue
            for variant in options.runs * (variants if name in COMPARED else [TLS]):
                number += 1
                bench(table, hosts, number, options, variant)


if __name__ == "__main__":
    try:
        main()
    except tap.Failure as failure:
        sys.exit(str(failure))
