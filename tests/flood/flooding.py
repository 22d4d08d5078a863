"""Alice is flooded by mallory while bob, whom she knows, goes on talking to her; what that costs her
and him. A flood is tests/flood/flood.c on a host of its own, in namespaces."""
import os
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lab"))

import lab
from earshot import Daemon, meet, talk
from tap import check, note, skip_all

FLOOD = os.path.join(lab.BUILD, "flood")
LONG = bool(os.environ.get("EARSHOT_FLOOD_LONG"))

RSS_GROWTH = 16 * 1024  # KiB
FILES = 256
CONNECT = 1.0           # s, 99 % of the times bob connects
MESSAGE = 0.25          # s, 99 % of the messages on a stream that is there


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def p99(values):
    """Of fewer than 500 values a lower part: a few bad moments of a busy machine decide nothing."""
    ordered = sorted(values)
    return ordered[max(0, len(ordered) - max(5, len(ordered) // 100) - 1)]


class Watch:
    """The most of one process while it runs; looks every 50 ms."""

    def __init__(self, process):
        self.pid = process.pid
        self.before = rss_kib(self.pid)
        self.rss = self.files = 0
        self.cpu = -cpu_seconds(self.pid)
        self.began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self):
        while not self._over.wait(0.05):
            try:
                self.rss = max(self.rss, rss_kib(self.pid))
                self.files = max(self.files, files(self.pid))
            except (OSError, StopIteration):
                return  # it has ended; whoever waits for it says so

    def end(self):
        self._over.set()
        self._thread.join()
        try:
            self.cpu += cpu_seconds(self.pid)
        except OSError:
            self.cpu = 0.0  # it has ended
        self.seconds = time.monotonic() - self.began

    @property
    def growth(self):
        return self.rss - self.before


class Scene:
    """Alice and bob know each other; mallory has a network full of addresses."""

    def __init__(self, l):
        if not os.path.exists(FLOOD):
            skip_all("flood is not built (make build/release/flood)")
        self.lab = l
        self.alice = Daemon(l.host(), "alice")
        self.bob = Daemon(l.host(), "bob")
        self.mallory = l.host()
        self.mallory.must("ip", "route", "add", "local", "10.99.0.0/16", "dev", "lo")
        self.alice.host.must("ip", "route", "add", "10.99.0.0/16", "dev", "eth0")
        meet(self.alice, self.bob)
        for n in range(20):  # warm
            talk(self.alice, self.bob, f"warm {n}")
            talk(self.bob, self.alice, f"warm too {n}")
        self.reconnect()
        time.sleep(0.5)  # for the receipt: a stream that brings nothing is not tried anew at once
        self.floods = 0

    def flood(self, mode, count, rate=0, sources=250, seconds=20):
        self.floods += 1
        return self.mallory.spawn(
            FLOOD, mode, self.alice.host.address(), str(self.alice.status()["port"]), str(count),
            str(rate), str(sources), str(seconds), label=f"flood-{self.floods}")

    def reconnect(self):
        """Bob's streams to alice break; seconds until a message of his is there over a new one."""
        self.bob.host.must("ss", "-tKn", "dst", self.alice.host.address())
        return talk(self.bob, self.alice, f"again {time.monotonic()}")

    def talk_until(self, over):
        """Bob connects and talks, again and again; the seconds each took."""
        connects, messages = [], []
        while not over():
            connects.append(self.reconnect())
            for n in range(5):
                messages.append(talk(self.bob, self.alice, f"message {n} {time.monotonic()}"))
                messages.append(talk(self.alice, self.bob, f"answer {n} {time.monotonic()}"))
            time.sleep(0.2)
        return connects, messages

    def streams(self):
        return self.alice.status()["streams"]


def told(process, seconds):
    """What a flood says at its end."""
    return process.events.wait(lambda e: isinstance(e, dict), seconds, what="the end of the flood")


def withstand(scene, name, flood, seconds, files=FILES):
    """Measures until the flood is over, notes and checks."""
    watch = Watch(scene.alice.process)
    connects, messages = scene.talk_until(lambda: flood.popen.poll() is not None)
    report = told(flood, seconds)
    watch.end()
    note(f"{name}: {report}")
    note(f"{name}: {watch.seconds:.1f} s, RSS {watch.before} + {watch.growth} KiB, most files "
         f"{watch.files}, CPU {100 * watch.cpu / watch.seconds:.0f} %")
    note(f"{name}: connect median {1000 * statistics.median(connects):.1f} p99 "
         f"{1000 * p99(connects):.1f} ms of {len(connects)}; message median "
         f"{1000 * statistics.median(messages):.1f} p99 {1000 * p99(messages):.1f} ms "
         f"of {len(messages)}")
    check(watch.growth <= RSS_GROWTH, f"{name}: RSS grew by {watch.growth} KiB")
    check(watch.files <= files, f"{name}: {watch.files} files open")
    check(p99(connects) <= CONNECT, f"{name}: bob's connections took {sorted(connects)[-5:]} s")
    check(p99(messages) <= MESSAGE, f"{name}: bob's messages took {sorted(messages)[-5:]} s")
    return report
