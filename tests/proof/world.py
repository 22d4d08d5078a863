"""Virtual hosts whose daemons find each other at once and may be ended at a chosen call, over and
over, without the hosts being built anew."""
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))

import lab  # noqa: E402
from earshot import EARSHOTD, SANDBOX  # noqa: E402
from records import read_image  # noqa: E402

SHIM = os.path.join(lab.BUILD, "kill-shim.so")
HELPER = os.path.join(lab.BUILD, "neighbours")
CLOCK_SHIM = os.path.join(lab.BUILD, "clock-shim.so")
SECTOR = 512  # bytes a disk writes all or nothing of
STARTED_TWICE = 3  # exit status
TRIES = 20
DATABASE = "earshot.db"


@dataclass(frozen=True)
class Point:
    """Where a daemon is to end. mode: kill, or power: what was not synced is lost, wholly or (seed
    not 0) in parts."""
    side: int = 0          # which daemon
    at: int = 0            # which call; 0: never
    when: str = "before"   # before, after, half
    mode: str = "kill"
    seed: int = 0
    kind: str = ""

    def __str__(self):
        return ":".join(map(str, (self.side, self.at, self.when, self.mode, self.seed, self.kind)))


def point_from(text):
    side, at, when, mode, seed, kind = (text.split(":") + ["before", "kill", "0", ""])[:6]
    return Point(int(side), int(at), when, mode, int(seed), kind)


def cut(state, shadow, seed):
    """Makes of the files in `state` what a power cut would have left: what was synced, and, with a
    seed, any part of what was not."""
    chance = random.Random(seed)
    share = chance.choice((0.1, 0.5, 0.9)) if seed else 0
    for name in sorted(set(os.listdir(state)) | set(os.listdir(shadow))):
        now, kept = f"{state}/{name}", f"{shadow}/{name}"
        if name.endswith(".fresh") or os.path.isdir(now):
            continue
        old = _bytes(kept)
        new = _bytes(now) or b""
        if old is None and not (seed and chance.random() < share):
            os.unlink(now)
            continue
        with open(now, "wb") as file:
            file.write(_mixed(old or b"", new, chance, share) if seed else old)


def _bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _mixed(old, new, chance, share):
    size = len(new) if chance.random() < share else len(old)
    pieces = []
    for at in range(0, size, SECTOR):
        source = new if chance.random() < share else old
        piece = source[at:at + SECTOR] or (new[at:at + SECTOR] if at >= len(old) else b"")
        pieces.append(piece.ljust(min(SECTOR, size - at), b"\0"))
    return b"".join(pieces)[:size]


class Station:
    """One side: a host, and on it a daemon that is started, ended and started again."""

    def __init__(self, host, user, daemon=EARSHOTD, words=("--helper", HELPER)):
        self.host, self.user, self.daemon, self.words = host, user, daemon, words
        self.name = f"{user}@{host.name}"
        self.process = None
        self.run = 0
        self.log_level = os.environ.get("EARSHOT_LOG_LEVEL", "warn")
        self.clock = None  # a file on the host, for the clock shim

    def fresh(self):
        """A new user with nothing on disk; what was is removed."""
        for old in ("home", "user"):
            shutil.rmtree(self.host.path(f"/run/{old}/{self.user}{self.run}"), ignore_errors=True)
        self.run += 1
        home, run = f"/run/home/{self.user}{self.run}", f"/run/user/{self.user}{self.run}"
        self.env = {**os.environ, "HOME": home, "XDG_RUNTIME_DIR": run,
                    "XDG_CONFIG_HOME": f"{home}/.config", "XDG_STATE_HOME": f"{home}/state"}
        self.state = f"{home}/state/earshot"
        self.shadow = f"{self.state}/shadow"  # the shim is in the daemon's sandbox too
        for folder in (run, self.state, self.shadow):
            os.makedirs(self.host.path(folder), 0o700)
        self.log = self.host.path(f"{home}/log")
        self.socket = self.host.path(f"{run}/earshot/daemon.sock")

    def start(self, point=None, calls=None):
        """point: ends there. calls: a file on the host that gets a line a call."""
        env = dict(self.env)
        if self.clock:
            env |= {"LD_PRELOAD": CLOCK_SHIM, "CLOCK_SHIFT": self.clock}
        if point or calls:
            env |= {"LD_PRELOAD": SHIM, "KILL_PROGRAM": self.daemon}
        if calls:
            env["KILL_LOG"] = calls
        if point:
            env |= {"KILL_AT": str(point.at), "KILL_WHEN": point.when}
            if point.kind:
                env["KILL_KIND"] = point.kind
            if point.mode == "power":
                env |= {"KILL_STATE": self.state, "KILL_SHADOW": self.shadow}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.host.inside(self.daemon, "--user", self.user,
                                 "--log-level", self.log_level, *SANDBOX, *self.words),
                env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def power_cut(self, seed):
        cut(self.host.path(self.state), self.host.path(self.shadow), seed)

    def image(self, point=""):
        """What lies on its disk; the daemon is dead."""
        copy = f"/run/disk-of-{self.user}"  # on the test's own host: sqlite follows no /proc/N/root
        shutil.rmtree(copy, ignore_errors=True)
        os.mkdir(copy)
        for name in os.listdir(self.host.path(self.state)):
            if name.startswith(DATABASE):
                shutil.copy(f"{self.host.path(self.state)}/{name}", copy)
        return read_image(f"{copy}/{DATABASE}", self.name, time.monotonic(), point)

    def disk(self):
        """What its files take, and what is left, for people."""
        folder = self.host.path(self.state)
        sizes = {name: os.path.getsize(f"{folder}/{name}") >> 10 for name in os.listdir(folder)}
        left = os.statvfs(folder)
        return f"KiB {sizes}, {left.f_bavail * left.f_frsize >> 10} left"

    def log_tail(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()[-2000:]


class Watch(threading.Thread):
    """Waits for a daemon to die at its point, keeps what is then on its disk, and starts it again.
    Any other death, of it or its successors, is a problem."""

    def __init__(self, station, point, record):
        super().__init__(daemon=True)
        self.station, self.point, self.record = station, point, record
        self.hit = threading.Event()
        self.lock = threading.Lock()
        self.over = False
        self.tries = 0
        self.start()

    def run(self):
        while True:
            process = self.station.process
            status = process.wait()
            if self.over:
                return
            if status == STARTED_TWICE and self.hit.is_set() and self.tries < TRIES:
                # who died in the middle of a fork leaves a child that has the lock until it execs
                self.tries += 1
                time.sleep(0.01)
                self._start()
                continue
            if status != -9 or self.hit.is_set() or not self.point:
                self.record.problems.append(
                    f"{self.station.name} ended with {status}\n{self.station.log_tail()}")
                return
            if self.point.mode == "power":
                self.station.power_cut(self.point.seed)
            self.record.images.append(self.station.image(str(self.point)))
            self.hit.set()
            self._start()

    def _start(self):
        with self.lock:
            if not self.over:
                self.station.start()

    def end(self):
        """Kills what runs; returns when it is dead."""
        with self.lock:
            self.over = True
            self.station.kill()
        self.join()


def introduce(hosts, users):
    """Tells the discovery helpers of all hosts of each other. The first one's announces the others
    also while they are not there: its daemon has names to send to."""
    for host in hosts:
        link = json.loads(host.must("ip", "-j", "link", "show", "eth0"))
        words = [str(link[0]["ifindex"]), host.address()]
        for other, user in zip(hosts, users):
            if other is not host:
                words += [other.address(), f"{user}@{other.name}" if host is hosts[0] else "-"]
        os.symlink(" ".join(words), host.path("/run/neighbours"))
