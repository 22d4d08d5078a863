#!/usr/bin/env python3
"""Ends a daemon at every system call of a conversation, and checks that nothing was lost.

    sweep.py [--sample N | --seconds S] [--seed N] [--jobs N] [--mode kill|power|both]
             [--when before,after,half] [--side 0,1] [--kind CALL] [--point POINT] [--keep FOLDER]

Without --sample and --seconds: every call there is, one after the other, until a run ends before
its point. A point is SIDE:CALL:WHEN:MODE:SEED:KIND as it is printed with a violation; --point runs
that one. Records of runs with a violation are kept (default: proof/ beside the programs).

Each job is this program again, in namespaces of its own: one point a line on its input, one
result a line on its output."""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))

import checker  # noqa: E402
import clients  # noqa: E402
import dialogue  # noqa: E402
import lab  # noqa: E402
import meeting  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

BEYOND = 3        # runs in a row that ended before their point: there are no more calls
SHOWN = 5         # violations printed of one run
CALLS = "/run/calls"


# ---- a job: runs points ----
def be_patient_for(seconds):
    """With mistakes that make everything wait: how long anything may take."""
    meeting.DRAIN = meeting.ANSWER = clients.PATIENCE = dialogue.SPEAK = seconds


def serve(options):
    if options.patience:
        be_patient_for(options.patience)
    lab.enter()
    with lab.Lab() as net:
        hosts = [net.host("h1"), net.host("h2")]
        users = ["alice", "bob"]
        world.introduce(hosts, users)
        for number, line in enumerate(sys.stdin, 1):
            point = world.point_from(line.strip())
            stations = [world.Station(host, user, options.daemon or world.EARSHOTD)
                        for host, user in zip(hosts, users)]
            for station in stations:
                station.run = number - 1
            print(json.dumps(one(stations, point, number, options)), flush=True)


def one(stations, point, number, options):
    talk = dialogue.Talk(stations, f"run {number}:", point if point.at else None)
    began = time.monotonic()
    hit = talk.run(None if point.at else CALLS)
    found = checker.check(talk.record)
    calls = [0 if point.at else count_calls(station, point.kind) for station in stations]
    result = {"point": str(point), "hit": hit, "seconds": time.monotonic() - began, "calls": calls,
              "violations": [str(v) for v in found[:SHOWN]],
              "invariants": sorted({v.invariant for v in found})}
    if found:
        os.makedirs(options.keep, exist_ok=True)
        result["record"] = os.path.join(options.keep, str(point).strip(":").replace(":", "-"))
        talk.record.save(result["record"])
    return result


def count_calls(station, kind):
    """Of the run that was only counted; the log begins anew after that."""
    path = station.host.path(CALLS)
    with open(path, encoding="utf-8") as log:
        count = sum(1 for line in log if kind in ("", line.split()[1]))
    os.unlink(path)
    return count


# ---- the others: think of points, count results ----
class Job:
    def __init__(self, options):
        self.process = subprocess.Popen(
            [sys.executable, os.path.realpath(__file__), "--serve", "--keep", options.keep,
             "--patience", str(options.patience),
             *(["--daemon", options.daemon] if options.daemon else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, point):
        try:
            self.process.stdin.write(f"{point}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it says why below
        line = self.process.stdout.readline()
        if line.startswith("skip:"):
            tap.skip_all(line[5:].strip())
        if not line:
            raise tap.Failure(f"a job ended with {self.process.wait()} at {point}")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Sweep:
    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.results = []
        self.broken = []
        self.enough = False
        self.began = time.monotonic()
        self.jobs = [Job(options) for _ in range(options.jobs)]

    def close(self):
        for job in self.jobs:
            job.end()

    def calls(self):
        """How many calls either daemon makes in a run without any fault; the run must be right."""
        result = self.jobs[0].run(world.Point(kind=self.options.kind))
        self._take(result)
        return result["calls"]

    def lines(self):
        """(side, when, mode) that are swept."""
        modes = ["kill", "power"] if self.options.mode == "both" else [self.options.mode]
        return [(int(side), when, mode) for mode in modes
                for side in self.options.side.split(",") for when in self.options.when.split(",")]

    def everything(self):
        for side, when, mode in self.lines():
            number, beyond = 0, 0
            while beyond < BEYOND:
                number += 1
                result = yield world.Point(side, number, when, mode, self._part(mode, number),
                                           self.options.kind)
                # jobs run ahead of each other, so that these are only nearly in a row
                beyond = 0 if result is None or result["hit"] else beyond + 1

    @staticmethod
    def _part(mode, number):
        """Every second power cut loses all that was not synced, the others parts of it."""
        return number if mode == "power" and number % 2 else 0

    def sample(self, calls):
        chance = random.Random(self.options.seed)
        lines = self.lines()
        left = self.options.sample or sys.maxsize
        while left:
            left -= 1
            side, when, mode = lines[left % len(lines)]
            part = chance.randrange(2) * chance.randrange(1 << 30) if mode == "power" else 0
            yield world.Point(side, chance.randint(1, max(calls[side], 1)), when, mode, part,
                              self.options.kind)

    def run(self, points):
        """Until there are no more points, or the time is over."""
        points = _Shared(points)
        threads = [threading.Thread(target=self._work, args=(job, points)) for job in self.jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if sys.stderr.isatty():
            print(file=sys.stderr)

    def _work(self, job, points):
        last = None
        try:
            while not self._over():
                point = points.next(last)
                if point is None:
                    return
                last = job.run(point)
                self._take(last)
        except (tap.Failure, ValueError) as failure:
            with self.lock:
                self.broken.append(str(failure))

    def _over(self):
        limit = self.options.seconds
        return self.enough or (limit and time.monotonic() - self.began > limit)

    def _take(self, result):
        with self.lock:
            self.results.append(result)
            self.enough = self.enough or any(i in self.options.until for i in result["invariants"])
            if result["violations"] and not self.options.quiet:
                print(f"# at {result['point']}, record: {result['record']}")
                for violation in result["violations"]:
                    print("#   " + violation.replace("\n", "\n#   "), flush=True)
            if sys.stderr.isatty():
                print(f"\r{len(self.results)} runs, {self.bad()} with violations, "
                      f"at {result['point']}   ", end="", file=sys.stderr, flush=True)

    def bad(self):
        return sum(1 for r in self.results if r["violations"])

    def summary(self):
        runs = len(self.results)
        hits = sum(r["hit"] for r in self.results)
        seconds = time.monotonic() - self.began
        each = seconds / max(runs, 1) * 1000
        return (f"{runs} runs, {hits} deaths, {self.bad()} with violations, seed "
                f"{self.options.seed}, {seconds:.0f} s, {each:.0f} ms a run")


class _Shared:
    """A generator that several threads take from."""

    def __init__(self, generator):
        self.generator, self.lock, self.begun = generator, threading.Lock(), False

    def next(self, last):
        with self.lock:
            try:
                if self.begun:
                    return self.generator.send(last)
                self.begun = True
                return next(self.generator)
            except StopIteration:
                return None


def options_from(argv):
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 30))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--mode", choices=("kill", "power", "both"), default="both")
    parser.add_argument("--when", default="before,after,half")
    parser.add_argument("--side", default="0,1")
    parser.add_argument("--kind", default="", help="calls of this name only")
    parser.add_argument("--point")
    parser.add_argument("--keep", default=os.path.join(lab.BUILD, "proof"))
    parser.add_argument("--daemon", help="the program, if another")
    parser.add_argument("--patience", type=float, default=0, help="seconds; for slow mistakes")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(quiet=False, until=())  # until: invariants; the first one found ends it
    return parser.parse_args(argv)


def run(options):
    """The sweep these options ask for."""
    sweep = Sweep(options)
    try:
        if options.point:
            sweep.run(point for point in [world.point_from(options.point)])
        else:
            calls = sweep.calls()
            if not options.quiet:
                print(f"# calls in a run: {calls[0]}, {calls[1]}; seed {options.seed}", flush=True)
            sweep.run(sweep.sample(calls) if options.sample or options.seconds
                      else sweep.everything())
    finally:
        sweep.close()
    return sweep


def main():
    options = options_from(sys.argv[1:])
    if options.serve:
        serve(options)
        return
    try:
        sweep = run(options)
    except tap.Failure as failure:
        sys.exit(f"not ok sweep\n# {failure}")
    print(f"# {sweep.summary()}")
    for sentence in sweep.broken:
        print(f"# {sentence}")
    verdict = "not ok" if sweep.bad() or sweep.broken else "ok"
    print(f"{verdict} sweep")
    sys.exit(verdict != "ok")


if __name__ == "__main__":
    main()
