"""What goes wrong on a virtual host, from one seed: each fault is done, lasts a while, and is
undone. Several may be there at once."""
import os
import random
import shutil
import signal
import struct
import time

from tap import Failure

CLOCK_RESTS = 6.0  # s between two steps: the helper looks every five whether there was one
DECADE = 10 * 365 * 86400
FULL = 16 << 20  # bytes of the disk that can be filled


class Victim:
    """One station, and what can be done to it. Each fault is a pair of methods: x and end_x."""

    def __init__(self, station, record, chance):
        self.station, self.host, self.record, self.chance = station, station.host, record, chance
        self.faults = ["kill", "stop", "cable", "helper", "clock", "disk"]
        if shutil.which("nft"):
            self.faults.append("loss")
        if self.host.avahi:
            self.faults.append("avahi")
        self.active = set()
        self.stopped = 0  # the helper that was
        self.shifted = 0  # s
        self.deaths = 0
        station.clock = "/run/clock-shift"
        self._shift(0)

    def own_disk(self):
        """The state folder on a file system of its own, small enough to be filled."""
        self.host.must("mount", "-t", "tmpfs", "-o", f"size={FULL},mode=700", "tmpfs",
                       self.station.state)

    def helper(self):
        """Its discovery helper's process, 0: none at present."""
        try:
            pid = self.station.process.pid
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                return int((children.read().split() or [0])[0])
        except OSError:
            return 0

    def look(self):
        """It must live, unless we killed it. It may refuse to start on a full disk."""
        status = self.station.process.poll()
        if status is None or "kill" in self.active:
            return
        if "disk" in self.active and status > 0:
            self.station.start()
            return
        raise Failure(f"{self.station.name} ended with {status}\n{self.station.log_tail()}")

    # ---- the daemon ----
    def kill(self):
        self.station.kill()
        self.deaths += 1

    def end_kill(self):
        self.record.images.append(self.station.image(f"death {self.deaths}"))
        self.station.start()

    def stop(self):
        self.station.process.send_signal(signal.SIGSTOP)

    def end_stop(self):
        self.station.process.send_signal(signal.SIGCONT)

    # ---- discovery ----
    def helper_signal(self):
        self.stopped = self.helper()
        self._signal_helper(self.chance.choice((signal.SIGKILL, signal.SIGSTOP)))

    def end_helper(self):
        """From being killed the daemon helps itself."""
        self._signal_helper(signal.SIGCONT)

    def _signal_helper(self, number):
        try:
            if self.stopped:
                os.kill(self.stopped, number)
        except ProcessLookupError:
            pass  # it ended meanwhile

    def avahi(self):
        self.host.stop_avahi(signal.SIGKILL)

    def end_avahi(self):
        self.host.start_avahi()

    # ---- the network ----
    def cable(self):
        self.host.pull_cable()

    def end_cable(self):
        self.host.plug_cable()

    def loss(self):
        self.host.must("nft", "add table inet loss; add chain inet loss in "
                              "{ type filter hook input priority 0; }; add rule inet loss in "
                              "iifname eth0 numgen random mod 100 < 30 drop")

    def end_loss(self):
        self.host.must("nft", "delete table inet loss")

    # ---- the machine ----
    def _shift(self, seconds):
        """In place: it is mapped."""
        with open(self.host.path(self.station.clock), "ab") as file:
            if file.tell() == 0:
                file.write(struct.pack("q", 0))
        with open(self.host.path(self.station.clock), "r+b") as file:
            file.write(struct.pack("q", seconds))

    def clock(self):
        self.shifted = self.chance.choice([s for s in (-DECADE, 0, DECADE) if s != self.shifted])
        self._shift(self.shifted)

    def end_clock(self):
        """It stays; only the next step may come now."""

    def disk(self):
        with open(self.host.path(f"{self.station.state}/filler"), "wb", buffering=0) as filler:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        filler.write(b"x" * size)
                except OSError:
                    pass  # full, to this size

    def end_disk(self):
        os.unlink(self.host.path(f"{self.station.state}/filler"))


class Nemesis:
    def __init__(self, victims, seed):
        self.victims, self.chance = victims, random.Random(seed)
        self.undo = []  # (when, victim, fault)
        self.story = []
        self.began = time.monotonic()

    def rage(self, seconds):
        """Until then; everything is healed on return."""
        end = self.began + seconds
        while time.monotonic() < end:
            self._do_one()
            pause = time.monotonic() + self.chance.uniform(0.05, 0.6)
            while time.monotonic() < pause:
                self._undo_until(time.monotonic())
                for victim in self.victims:
                    victim.look()
                time.sleep(0.02)
        self._undo_until(float("inf"))

    def _do_one(self):
        victim = self.chance.choice(self.victims)
        fault = self.chance.choice(victim.faults)
        lasts = self.chance.choice((0.02, 0.3, 1.0, 2.5)) * self.chance.uniform(0.5, 1.5)
        if fault == "clock":
            lasts = max(lasts, CLOCK_RESTS)
        # a dead or stopped daemon is neither stopped nor killed again before its time
        if fault in victim.active or (fault == "stop" and "kill" in victim.active):
            return
        if fault == "kill" and "stop" in victim.active:
            victim.end_stop()
        self._tell(victim, fault, f"for {lasts:.2f} s")
        getattr(victim, {"helper": "helper_signal"}.get(fault, fault))()
        victim.active.add(fault)
        self.undo.append((time.monotonic() + lasts, victim, fault))

    def _undo_until(self, when):
        for entry in sorted(self.undo, key=lambda e: e[0]):
            due, victim, fault = entry
            if due > when:
                return
            self.undo.remove(entry)
            self._tell(victim, fault, "ends")
            if not (fault == "stop" and victim.station.process.poll() is not None):
                getattr(victim, "end_" + fault)()
            victim.active.remove(fault)

    def _tell(self, victim, fault, what):
        after = time.monotonic() - self.began
        self.story.append(f"{after:7.3f} {victim.station.name} {fault} {what}")
