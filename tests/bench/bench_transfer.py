#!/usr/bin/env python3
"""Files and folders from one daemon to another on two virtual hosts, offer to final name, beside
what else carries bytes between the same two hosts: a bare TLS stream of OpenSSL, scp, rsync's
daemon (in plain), libpurple (in plain). Prints one table.

    bench_transfer.py [--runs N] [--mib N] [--tools DIR] [--only speed|memory|folder|chat]

All in turns: what else the machine does falls on all. Sources, download folders and the state of
the daemons are on tmpfs. sshd and rsync are taken from PATH or from below --tools (packages that
are unpacked, not installed); what is missing is left out. Times are CLOCK_MONOTONIC of one
machine, from the call of `accept` until both people have been told that it is done."""
import argparse
import glob
import hashlib
import os
import resource
import shutil
import statistics
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(HERE, "../lab"), os.path.join(HERE, "../interop"), HERE]

import lab  # noqa: E402
import tap  # noqa: E402
from bench_pair import Driver, Table, Variant, end, pair, rss_mib  # noqa: E402
from earshot import Client  # noqa: E402

TLS_STREAM = os.path.join(lab.BUILD, "tls-stream")
MIB = 1 << 20
SMALL, BIG = 64, 4096       # MiB: of what memory is compared
FILES, FILE_SIZE = 10000, 4096
PINGS, GAP, SIZE = 500, 20, 200  # messages of a run and direction, ms between them, bytes
TIME = 300                  # s that any one thing may take
SSH_PORT, RSYNC_PORT, TLS_PORT = 2222, 8873, 4433


class Side:
    """One daemon: the driver of bench_pair for its chat, and a client of its own for files."""

    def __init__(self, driver):
        self.driver = driver
        self.name = driver.name
        user = driver.name.split("@")[0]
        self.home = os.path.join(Driver.disk, user)
        self.client = Client(f"{self.home}/run/earshot/daemon.sock", user, subscribe=False)
        self.client.call("subscribe", topics=["file"])

    def processes(self):
        """The daemon, and what it started of itself."""
        daemon = self.driver.pids[0]
        with open(f"/proc/{daemon}/task/{daemon}/children", encoding="ascii") as children:
            return [daemon, *map(int, children.read().split())]

    def cpu(self):
        """s of all of them so far, threads that have ended too."""
        return sum(map(cpu_of, self.processes()))

    def rss(self):
        return sum(rss_mib(pid) for pid in self.processes())


def cpu_of(pid):
    """s of it so far, and of those of its children that have ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        ticks = sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_of_ours():
    """s of what this program has run to its end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Peak(threading.Thread):
    """The most memory that a side had while this ran: looked at every 20 ms, and in between as the
    kernel remembers it."""

    def __init__(self, side):
        super().__init__(daemon=True)
        self.side, self.before, self.most = side, side.rss(), 0
        self.over = threading.Event()
        for pid in side.processes():
            with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
                refs.write("5")
        self.start()

    def run(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, self.side.rss())

    def growth(self):
        self.over.set()
        self.join()
        return max(self.most, sum(map(peak_mib, self.side.processes()))) - self.before


def peak_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def sides(net, number):
    """Two daemons that know each other; each has its home on the tmpfs."""
    variant = Variant("TLS", f"[files]\nfolder = {Driver.disk}/received\nkeep_free = 0\n")
    a, b = (Side(driver) for driver in pair(net.hosts[:2], number, variant=variant))
    for one, other in ((a, b), (b, a)):
        one.driver.ask(f"send {other.name} warm", "sent")
        other.driver.wait("msg", text="warm")
    return a, b


def offer(a, b, path):
    """Its numbers at the two ends, once it waits for an answer."""
    mark = b.client.mark()
    fd = os.open(path, os.O_RDONLY)
    out = a.client.call("send-file", 10, fds=(fd,), peer=b.name)["id"]
    os.close(fd)
    return out, b.client.wait("file", TIME, mark, direction="in", state="offered")["id"]


def carry(a, b, path):
    """s from accepting to done at both ends; where it is now."""
    out, there = offer(a, b, path)
    began = time.monotonic()
    b.client.call("accept", 10, id=there)
    ended = [finished(a, out), finished(b, there)]
    return max(e["t"] for e in ended) - began, ended[1]["where"]


def finished(side, number):
    over = ("done", "failed", "declined", "cancelled")
    event = side.client.events.wait(
        lambda e: e.get("event") == "file" and e["id"] == number and e["state"] in over, TIME,
        what=f"the end of {number}")
    tap.check(event["state"] == "done", f"it arrived: {event}")
    return event


def make_file(path, size):
    """Bytes that do not repeat within a block of any kind."""
    block = os.urandom(MIB)
    with open(path, "wb") as file:
        for number in range(size // MIB):
            file.write(number.to_bytes(8, "big") + block[8:])


def same(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        while True:
            x, y = a.read(MIB), b.read(MIB)
            if x != y:
                return False
            if not x:
                return True


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


# ---- what else carries files ----

# as root they want accounts and groups, which there are none of here
AS_NOBODY_SPECIAL = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


class Bare:
    name = "bare TLS stream, memory to memory"

    def __init__(self, net, _tools):
        self.a, b = net.hosts[:2]
        self.to = b.address()
        self.server = b.spawn(TLS_STREAM, "listen", str(TLS_PORT))
        self.server.events.wait(lambda line: True)

    def carry(self, path):
        mib = os.path.getsize(path) // MIB
        done = self.a.spawn(TLS_STREAM, "dial", self.to, str(TLS_PORT), str(mib))
        told = done.events.wait(lambda e: "seconds" in e, TIME)
        done.wait()
        return told["seconds"]


def program(tools, name):
    """The words that start it; a Skip where it is not."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin",
                            *([f"{tools}/usr/bin", f"{tools}/usr/sbin"] if tools else [])])
    found = shutil.which(name, path=path)
    if not found:
        raise tap.Skip(f"{name} is not installed")
    libraries = glob.glob(f"{tools}/usr/lib/*-linux-gnu") + glob.glob(f"{tools}/lib/*-linux-gnu")
    return ["env", f"LD_LIBRARY_PATH={':'.join(libraries)}", found] if tools else [found]


def timed(host, *argv):
    began = time.monotonic()
    done = host.run(*argv, timeout=TIME)
    took = time.monotonic() - began
    tap.check(done.returncode == 0, f"{' '.join(argv)}: {done.stderr}")
    return took


class Scp:
    name = "scp, aes128-gcm"

    def __init__(self, net, tools):
        self.scp, sshd = program(tools, "scp"), program(tools, "sshd")
        self.a, b = net.hosts[:2]
        self.folder = os.path.join(Driver.disk, "ssh")
        os.mkdir(self.folder)
        for key in ("host", "user"):
            b.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.folder}/{key}")
        with open(f"{self.folder}/passwd", "w", encoding="ascii") as passwd:
            passwd.write(f"root:x:0:0::/root:/bin/sh\nbench:x:1000:1000::{self.folder}:/bin/sh\n")
        for host in (self.a, b):
            host.must("mount", "--bind", f"{self.folder}/passwd", "/etc/passwd")
        settings = {"HostKey": f"{self.folder}/host", "Port": SSH_PORT, "StrictModes": "no",
                    "AuthorizedKeysFile": f"{self.folder}/user.pub", "PidFile": "none",
                    "UsePAM": "no", "Subsystem": "sftp internal-sftp"}
        self.server = b.spawn(
            *AS_NOBODY_SPECIAL, *sshd, "-D", "-e", "-f", "/dev/null",
            *[f"-o{key}={value}" for key, value in settings.items()], label="sshd")
        self.to = b.address()
        lab.wait_for(lambda: str(SSH_PORT) in b.run("ss", "-Hltn").stdout, 10, "sshd listens")

    def carry(self, path):
        to = f"{self.folder}/received"
        took = timed(self.a, *self.scp, "-q", "-c", "aes128-gcm@openssh.com", "-P", str(SSH_PORT),
                     "-i", f"{self.folder}/user", "-oStrictHostKeyChecking=no",
                     "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR", path,
                     f"bench@{self.to}:{to}")
        os.unlink(to)
        return took


class Rsync:
    name = "rsync daemon, in plain"

    def __init__(self, net, tools):
        self.rsync = program(tools, "rsync")
        self.a, b = net.hosts[:2]
        self.to = os.path.join(Driver.disk, "rsync")
        os.mkdir(self.to)
        config = f"{self.to}.conf"
        with open(config, "w", encoding="ascii") as file:
            file.write(f"use chroot = no\n[to]\npath = {self.to}\n"
                       "read only = no\n")
        self.server = b.spawn(
            *AS_NOBODY_SPECIAL, *self.rsync, "--daemon", "--no-detach", f"--port={RSYNC_PORT}",
            f"--config={config}", label="rsync")
        self.address = b.address()
        lab.wait_for(lambda: str(RSYNC_PORT) in b.run("ss", "-Hltn").stdout, 10, "rsync listens")

    def carry(self, path):
        took = timed(self.a, *self.rsync, "-a", "--whole-file", path,
                     f"rsync://{self.address}:{RSYNC_PORT}/to/")
        remove(os.path.join(self.to, os.path.basename(path)))
        return took


class Purple:
    """Two hosts of its own: it wants an avahi-daemon."""
    name = "libpurple, in plain"

    def __init__(self, net, _tools):
        import purple  # noqa: PLC0415
        if not os.path.exists(purple.PROGRAM):
            raise tap.Skip("libpurple is not installed")
        self.a, self.b = (purple.PurplePeer(net.host(name, avahi=True), user)
                          for name, user in (("verona", "juliet"), ("mantua", "romeo")))
        self.a.wait("buddy-on", self.b.name)
        self.b.wait("buddy-on", self.a.name)
        self.folder = os.path.join(Driver.disk, "purple")
        os.mkdir(self.folder)

    def carry(self, path):
        marks = self.a.mark(), self.b.mark()
        self.a.send_file(self.b.name, path)
        self.b.wait("file-offer", timeout=30, since=marks[1])
        began = time.monotonic()
        self.b.answer(self.folder)
        self.b.wait("file-done", timeout=TIME, since=marks[1])
        self.a.wait("file-done", timeout=TIME, since=marks[0])
        took = time.monotonic() - began
        remove(os.path.join(self.folder, os.path.basename(path)))
        return took


def rivals(net, tools, kinds):
    found = []
    for kind in kinds:
        try:
            found.append(kind(net, tools))
        except tap.Skip as skip:
            print(f"left out: {kind.name}: {skip}", flush=True)
    return found


# ---- benches ----

def measured(table, what, others, path):
    for other in others:
        pids = [p.pid for p in ((other.a.process, other.b.process) if isinstance(other, Purple)
                                else (other.server,))]
        before = cpu_of_ours() + sum(map(cpu_of, pids))
        yield other.name, other.carry(path)
        table.add(f"{what}, {other.name}: CPU of both ends", "s",
                  cpu_of_ours() + sum(map(cpu_of, pids)) - before)


def bench_speed(table, net, options):
    a, b = sides(net, 1)
    path = os.path.join(Driver.disk, "file")
    make_file(path, options.mib * MIB)
    others = rivals(net, options.tools, (Bare, Scp, Rsync, Purple))
    what, times = f"{options.mib} MiB", {}
    for _ in range(options.runs):
        before = a.cpu() + b.cpu()
        took, where = carry(a, b, path)
        table.add(f"{what}, Earshot: CPU of both ends", "s",
                  a.cpu() + b.cpu() - before)
        tap.check(same(path, where), "it is the same")
        remove(where)
        for who, seconds in (("Earshot", took), *measured(table, what, others, path)):
            times.setdefault(who, []).append(seconds)
            table.add(f"{what}, {who}", "MB/s", options.mib * MIB / 1e6 / seconds)
    for other in others:
        table.add(f"{what}, Earshot as against {other.name}", "x",
                  statistics.median(times[other.name]) / statistics.median(times["Earshot"]))
    os.unlink(path)
    end(a.driver, b.driver)


def bench_memory(table, net, _options):
    """The big one is a hole: read as any file, kept nowhere."""
    a, b = sides(net, 2)
    for mib in (SMALL, BIG):
        path = os.path.join(Driver.disk, "hole")
        with open(path, "wb") as file:
            file.truncate(mib * MIB)
        peaks = {"sender": Peak(a), "receiver": Peak(b)}
        remove(carry(a, b, path)[1])
        for which, peak in peaks.items():
            table.add(f"{mib} MiB: RSS of the {which} at its peak, more than before", "MiB",
                      peak.growth())
        os.unlink(path)
    end(a.driver, b.driver)


def digests(folder):
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(at, name), "rb") as file:
                found[os.path.relpath(os.path.join(at, name), folder)] = hashlib.sha1(
                    file.read()).digest()
    return found


def bench_folder(table, net, options):
    a, b = sides(net, 3)
    folder = os.path.join(Driver.disk, "folder")
    for number in range(FILES):
        at = os.path.join(folder, f"{number // 100:02}")
        os.makedirs(at, exist_ok=True)
        with open(os.path.join(at, f"{number:05}"), "wb") as file:
            file.write(os.urandom(FILE_SIZE))
    wanted = digests(folder)
    what = f"{FILES} files of {FILE_SIZE} B"
    others = rivals(net, options.tools, (Rsync,))
    for _ in range(options.runs):
        began = time.monotonic()
        out, there = offer(a, b, folder)
        table.add(f"{what}: sent -> offered", "ms", (time.monotonic() - began) * 1e3)
        began = time.monotonic()
        b.client.call("accept", 10, id=there)
        ended = [finished(a, out), finished(b, there)]
        took = max(e["t"] for e in ended) - began
        tap.check(digests(ended[1]["where"]) == wanted, "all are there and the same")
        remove(ended[1]["where"])
        table.add(f"{what}, Earshot, none missing", "files/s", FILES / took)
        for other in others:
            table.add(f"{what}, {other.name}", "files/s", FILES / other.carry(folder))
    remove(folder)
    end(a.driver, b.driver)


def percentiles(table, what, side, mark):
    events = side.driver.events.since(mark, lambda e: e["ev"] == "msg" and "seq" in e)
    times = sorted((e["t"] - e["sent"]) / 1e6 for e in events)
    tap.check(len(times) == PINGS, f"{len(times)} of {PINGS} messages are there")
    table.add(f"{what}: median of a run", "ms", times[len(times) // 2])
    table.add(f"{what}: 99th percentile of a run", "ms", times[int(len(times) * 0.99)])


def bench_chat(table, net, options):
    """Messages both ways, at first with nothing else, then while files go both ways."""
    a, b = sides(net, 4)
    path = os.path.join(Driver.disk, "hole")
    with open(path, "wb") as file:
        file.truncate(BIG * MIB)
    for busy in options.runs * ("nothing else", "a file one way", "a file each way"):
        ways = {"nothing else": (), "a file one way": ((a, b),),
                "a file each way": ((a, b), (b, a))}[busy]
        running = []
        for one, other in ways:
            out, there = offer(one, other, path)
            running.append((one, out, other, there))
        for _, _, other, there in running:
            other.client.call("accept", 10, id=there)
            other.client.events.wait(lambda e, n=there: e.get("id") == n and e.get("state")
                                     == "active", 20, what="it moves")
        marks = {}
        for one, other in ((a, b), (b, a)):
            marks[other] = other.driver.events.mark()
            one.driver.command(f"ping {other.name} {PINGS} {SIZE} {GAP * 1000}")
        for side, mark in marks.items():
            side.driver.wait("msg", 60, mark, seq=PINGS - 1)
        for _, _, other, there in running:
            still = other.client.call("files", all=True)["files"]
            state = next(f for f in still if f["id"] == there)
            tap.check(state["state"] == "active", f"it still ran at the last message: {state}")
            table.add(f"meanwhile ({busy}): rate of a file", "MB/s", state["rate"] / 1e6)
            other.client.call("files.cancel", 10, id=there)
        for side, mark in marks.items():
            percentiles(table, f"message beside {busy}", side, mark)
    os.unlink(path)
    end(a.driver, b.driver)


BENCHES = {"speed": bench_speed, "memory": bench_memory, "folder": bench_folder,
           "chat": bench_chat}


def run(table, options):
    for name, bench in BENCHES.items():
        if options.only not in (None, name):
            continue
        with lab.Lab() as net:
            net.host()
            net.host()
            bench(table, net, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--tools", help="a folder with unpacked packages: usr/bin, usr/sbin")
    parser.add_argument("--folder", default="/dev/shm", help="where everything is")
    parser.add_argument("--only", choices=BENCHES)
    options = parser.parse_args()
    lab.enter()
    table = Table()
    Driver.disk = tempfile.mkdtemp(prefix="earshot-", dir=options.folder)
    try:
        run(table, options)
    finally:
        shutil.rmtree(Driver.disk)
    table.show()


if __name__ == "__main__":
    try:
        main()
    except tap.Failure as failure:
        sys.exit(str(failure))
