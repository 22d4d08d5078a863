#!/usr/bin/env python3
"""How fast the terminal UI is on a terminal of 120x40 that draws nothing: bytes until it is quiet.

    EARSHOT_BUILD=build/release tests/bench/bench_tui.py

Medians of 5. To be run in a network namespace, as `make bench` does."""
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../unit/cli"))
from fake_daemon import FakeDaemon, person  # noqa: E402
from harness import PROGRAM  # noqa: E402

TIMES = 5
QUIET = 0.06  # seconds; longer than a frame
MESSAGES, PEOPLE, RATE, FLOOD = 10000, 256, 2000, 5


class Terminal:
    def __init__(self, path, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [PROGRAM, "--socket", path, *words],
                      {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", "TZ": "UTC",
                       "EARSHOTD": "/nonexistent"})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.seen = b""

    def read(self, seconds):
        """What comes, at once; b"" after so long without."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return b""
        got = os.read(self.fd, 1 << 16)
        self.seen = (self.seen + got)[-(1 << 20):]
        return got

    def quiet(self, seconds=QUIET):
        """Seconds until the last byte that comes before it is quiet."""
        began = last = time.monotonic()
        while self.read(seconds):
            last = time.monotonic()
        return last - began

    def until(self, words, seconds=20.0):
        self.seen = b""
        end = time.monotonic() + seconds
        while words not in self.seen and time.monotonic() < end:
            self.read(0.5)
        return words in self.seen

    def key(self, key):
        os.write(self.fd, key)

    def cpu(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def tell(what, seconds, more=""):
    print(f"{what:<46} {statistics.median(seconds) * 1000:8.1f} ms  "
          f"({min(seconds) * 1000:.1f} to {max(seconds) * 1000:.1f}){more}", flush=True)


def keyed(t, key, times=TIMES):
    found = []
    for _ in range(times):
        t.key(key)
        found.append(t.quiet())
    return found


def history(daemon, path):
    text = "Words that are said in a conversation, wide \u65e5\u672c\u8a9e too, some of them twice. "
    for i in range(MESSAGES):
        daemon.add("romeo@orchard", f"{i} " + text * (1 + i % 3), "out" if i % 2 else "in",
                   state="read" if i % 2 else "seen")
    t = Terminal(path, "tui", "romeo")
    t.until(b"9999 ")
    t.quiet(0.5)
    began = time.monotonic()
    first = daemon.log.messages[0]["number"]
    while daemon.asked("history")[-1].get("before", first + MESSAGES) > first + 100:
        t.key(b"\x1b[5~")
        t.read(0.01)
    took = time.monotonic() - began
    t.quiet(0.5)
    print(f"{MESSAGES} messages loaded by Page Up in {took:.1f} s, {t.rss() / 1024:.1f} MiB",
          flush=True)
    tell("all drawn anew (Ctrl+L)", keyed(t, b"\x0c"))
    tell("a page up", keyed(t, b"\x1b[5~"))
    sizes = []
    for n in range(TIMES):
        fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100 + n, 0, 0))
        sizes.append(t.quiet())
    tell("another width", sizes)
    t.key(b"\x1b")
    t.quiet(0.3)
    tell("a letter typed at the end of it", keyed(t, b"x"))
    t.end()


def flood(daemon, path):
    t = Terminal(path, "tui", "romeo")
    t.quiet(0.5)
    late, typed = [], []
    for n in range(TIMES):
        used, began = t.cpu(), time.monotonic()

        def send(turn=n, began=began):
            for i in range(RATE * FLOOD // TIMES):
                daemon.add("romeo@orchard", f"flood {turn} {i} and some more words", state="seen")
                ahead = began + i / RATE - time.monotonic()
                if ahead > 0:
                    time.sleep(ahead)
            daemon.add("romeo@orchard", f"the last of {turn}", state="seen")
            sent.append(time.monotonic())

        sent = []
        sender = threading.Thread(target=send)
        sender.start()
        time.sleep(0.2)
        t.until(f"the last of {n}".encode())
        seen = time.monotonic()
        sender.join()
        late.append(seen - sent[0])
        typed.append((t.cpu() - used) / (seen - began))
    tell(f"{RATE} messages a second: the last is seen after", late,
         f", {statistics.median(typed) * 100:.0f} % of a core")
    t.end()


def people(path):
    t = Terminal(path, "tui")
    t.quiet(0.5)
    tell(f"{PEOPLE} people: the next one (Alt+Down)", keyed(t, b"\x1b[1;3B", 50))
    t.end()


def main():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "s")
    everybody = [person("romeo@orchard", "Romeo Montague")] + [
        person(f"p{n}@host{n}", f"Person {n}", age=n) for n in range(PEOPLE - 1)]
    daemon = FakeDaemon(path, everybody)
    try:
        people(path)
        flood(daemon, path)
        daemon.log.messages.clear()
        history(daemon, path)
    finally:
        daemon.close()


if __name__ == "__main__":
    main()
