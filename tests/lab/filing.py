"""Two daemons that send files to each other, and what tests of that do again and again."""
import hashlib
import os

import lab
from earshot import Daemon
from tap import check

MIB = 1 << 20
ENDED = ("done", "declined", "cancelled", "failed", "expired")


def two(l, **settings):
    """juliet on verona, romeo on mantua; settings by name of the person."""
    return [Daemon(l.host(host), user, settings=settings.get(user, ()))
            for host, user in (("verona", "juliet"), ("mantua", "romeo"))]


def make(daemon, name, size, seed=1):
    """A file of that many bytes in the home folder; its path for that host."""
    path = f"{daemon.env['HOME']}/{name}"
    block = hashlib.sha256(f"{name} {seed}".encode()).digest() * (MIB // 32)
    with open(daemon.host.path(path), "wb") as file:
        for at in range(0, size, MIB):
            file.write(bytes([at // MIB & 255]) + block[1:min(MIB, size - at)])
        file.truncate(size)
    return path


def digest(daemon, path):
    with open(daemon.host.path(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(
            hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def send(daemon, other, path, **more):
    fd = os.open(daemon.host.path(path), os.O_RDONLY)
    try:
        return daemon.client.call("send-file", 10, fds=(fd,), peer=other.name, **more)
    finally:
        os.close(fd)


def files(daemon, **params):
    return {f["id"]: f for f in daemon.client.call("files", all=True, **params)["files"]}


def offered(daemon, name, timeout=10.0):
    """The number of what is offered under that name."""
    return daemon.client.wait("file", timeout, direction="in", name=name)["id"]


def until(daemon, number, *states, timeout=20.0):
    """FILE as soon as it is in one of these states."""
    def fits():
        file = files(daemon)[number]
        check(file["state"] in states or file["state"] not in ENDED, f"it ended: {file}")
        return file if file["state"] in states else None
    return lab.wait_for(fits, timeout, f"{number} {states}")


def accept(daemon, number):
    return daemon.client.call("accept", 10, id=number)


def whole(sender, receiver, path, name=None, timeout=30.0):
    """Sends it, accepts it, and looks whether it is the same; FILE of the receiver."""
    out = send(sender, receiver, path)
    number = offered(receiver, name or os.path.basename(path))
    accept(receiver, number)
    file = until(receiver, number, "done", timeout=timeout)
    until(sender, out["id"], "done")
    check(digest(receiver, file["where"]) == digest(sender, path), f"the same: {file}")
    return file


def slow(daemon, rate):
    daemon.client.call("files.limit", rate=rate)


def under_way(sender, receiver, size, rate, name="long.bin"):
    """A file half of which is there; (path, number out, number in)."""
    path = make(sender, name, size)
    slow(sender, rate)
    out = send(sender, receiver, path)["id"]
    number = offered(receiver, name)
    accept(receiver, number)
    lab.wait_for(lambda: files(receiver)[number]["done"] > size // 2, 30, "half of it")
    return path, out, number


def same(sender, receiver, path, out, number, timeout=60.0):
    file = until(receiver, number, "done", timeout=timeout)
    until(sender, out, "done", timeout=timeout)
    check(digest(receiver, file["where"]) == digest(sender, path), f"the same: {file}")
    return file


def parts(daemon):
    """What is hidden in the download folder."""
    folder = daemon.host.path(f"{daemon.env['HOME']}/Downloads")
    return [name for name in os.listdir(folder) if name.startswith(".")] if os.path.isdir(
        folder) else []


def no_parts(daemon):
    lab.wait_for(lambda: not parts(daemon), 5, f"nothing hidden left: {parts(daemon)}")


def verify(daemon, other):
    own = other.client.call("verify.number", peer=daemon.name)["own_id"]
    daemon.client.call("verify.confirm", peer=other.name, id=own)
