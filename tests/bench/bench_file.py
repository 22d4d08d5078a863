#!/usr/bin/env python3
"""A file of 1 GiB from one process to another on this machine, in turns: a bare TLS stream and our
carriers (build/.../bench_file), scp with aes128-gcm, and rsync from its daemon. Those that are not
installed are left out. Everything lies in $BENCH_FILE_DIR (default /dev/shm), in a network of its
own. Prints each round's MB/s, then medians.

    EARSHOT_BUILD=build/release tests/bench/bench_file.py [MIB [ROUNDS]]
"""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("EARSHOT_BUILD", "build/release")
SSH_PORT, RSYNC_PORT = 2222, 8730


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


class Scp:
    """scp to an sshd that lets only our fresh key in."""

    name = "scp aes128-gcm"

    def __init__(self, folder):
        self.folder, self.daemon = folder, None
        sshd = find("sshd")
        if not (sshd and find("scp") and find("ssh-keygen")):
            raise FileNotFoundError("sshd or scp is not installed")
        for name in ("host", "key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{name}"],
                           check=True)
        shutil.copy(f"{folder}/key.pub", f"{folder}/authorized")
        with open(f"{folder}/sshd.conf", "w", encoding="utf-8") as conf:
            conf.write(f"Port {SSH_PORT}\nListenAddress 127.0.0.1\nHostKey {folder}/host\n"
                       f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
                       f"PermitRootLogin yes\nPidFile none\nSubsystem sftp internal-sftp\n")
        with open(f"{folder}/sshd.log", "wb") as log:
            self.daemon = subprocess.Popen([sshd, "-D", "-e", "-f", f"{folder}/sshd.conf"], stderr=log)
        wait_for_port(SSH_PORT, self.daemon, f"{folder}/sshd.log")

    def run(self, source, target):
        subprocess.run(["scp", "-q", "-c", "aes128-gcm@openssh.com", "-P", str(SSH_PORT),
                        "-i", f"{self.folder}/key", "-o", "StrictHostKeyChecking=no",
                        "-o", f"UserKnownHostsFile={self.folder}/known", "-o", "BatchMode=yes",
                        source, f"127.0.0.1:{target}"], check=True)


class Rsync:
    """rsync, the whole file, from one process to a daemon: plain, with a hash of its own."""

    name = "rsync -W (plain)"

    def __init__(self, folder):
        self.folder, self.daemon = folder, None
        rsync = find("rsync")
        if not rsync:
            raise FileNotFoundError("rsync is not installed")
        self.rsync = rsync
        with open(f"{folder}/rsyncd.conf", "w", encoding="utf-8") as conf:
            conf.write(f"use chroot = no\nuid = 0\ngid = 0\n[to]\npath = {folder}\nread only = no\n")
        with open(f"{folder}/rsync.log", "wb") as log:
            self.daemon = subprocess.Popen(
                [rsync, "--daemon", "--no-detach", f"--config={folder}/rsyncd.conf",
                 f"--port={RSYNC_PORT}", "--address=127.0.0.1"], stderr=log)
        wait_for_port(RSYNC_PORT, self.daemon, f"{folder}/rsync.log")

    def run(self, source, target):
        subprocess.run([self.rsync, "-W", "--inplace", source,
                        f"rsync://127.0.0.1:{RSYNC_PORT}/to/{os.path.basename(target)}"], check=True)


def wait_for_port(port, daemon, log):
    for _ in range(100):
        if daemon.poll() is not None:
            with open(log, encoding="utf-8", errors="replace") as text:
                raise FileNotFoundError(text.read().strip() or "it does not start")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise FileNotFoundError(f"port {port} does not open")


def own(which, mib):
    out = subprocess.run([f"{BUILD}/tests/bench/bench_file", which, str(mib)], check=True,
                         stdout=subprocess.PIPE, timeout=600).stdout
    return float(out)


def copy(tool, folder, mib):
    target = f"{folder}/to"
    begun = time.monotonic()
    tool.run(f"{folder}/from", target)
    seconds = time.monotonic() - begun
    if os.path.getsize(target) != mib << 20:
        sys.exit(f"{tool.name}: the file is not whole")
    os.unlink(target)
    return (mib << 20) / 1e6 / seconds


def make(path, mib):
    block = os.urandom(1 << 20)
    with open(path, "wb") as out:
        for _ in range(mib):
            out.write(block)


def measure(folder, mib, rounds):
    tools = []
    for kind in (Scp, Rsync):
        try:
            tools.append(kind(folder))
        except FileNotFoundError as why:
            print(f"left out: {kind.name}: {why}", flush=True)
    contestants = [("bare TLS", lambda: own("bare", mib)), ("Earshot", lambda: own("ours", mib))]
    contestants += [(t.name, lambda t=t: copy(t, folder, mib)) for t in tools]
    figures = {name: [] for name, _ in contestants}
    try:
        make(f"{folder}/from", mib)
        for _ in range(rounds):
            for name, run in contestants:
                figures[name].append(run())
                print(f"{name:18} {figures[name][-1]:6.0f} MB/s", flush=True)
    finally:
        for tool in tools:
            tool.daemon.terminate()
    medians = {name: statistics.median(values) for name, values in figures.items()}
    print(f"\n{mib} MiB, medians of {rounds}:")
    for name, value in medians.items():
        print(f"{name:18} {value:6.0f} MB/s   Earshot is {medians['Earshot'] / value:.2f} times that")


def main():
    if os.environ.get("BENCH_FILE_NETWORK") != "own":
        os.environ["BENCH_FILE_NETWORK"] = "own"
        how = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
        os.execvp(how[0], [*how, sys.executable, os.path.abspath(__file__), *sys.argv[1:]])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FILE_DIR", "/dev/shm")) as folder:
        measure(folder, mib, rounds)


main()
