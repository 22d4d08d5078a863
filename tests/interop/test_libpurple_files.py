#!/usr/bin/env python3
"""Files between Earshot and real libpurple, both ways.

The big one, 1.5 GB each way, takes a while: it is played when it is asked for by name."""
import hashlib
import os
import re
import sys

import purple
import lab
from earshot import Daemon
from tap import add_case, case, check, run

BLOCK = bytes(range(256)) * 4096
BIG = 1500 * 1000 * 1000
HOME = "/run/home/files"  # of either host: what is sent
INBOX = "/run/home/inbox"  # what libpurple was sent
SLOW = 2 * 1024 * 1024  # bytes a second
NAMES = ["a & b <c>.txt", "\"quoted\" 'twice'.txt", "\u00fcml\u00e4ut \u6587 \U0001f600.bin",
         "many  blanks.txt"]


def both(l):
    earshot = Daemon(l.host(), "alice", settings=("[files]", "folder = /run/home/got"))
    pidgin = purple.PurplePeer(l.host(avahi=True), "bob")
    earshot.client.wait_here(pidgin.name)
    pidgin.wait("buddy-on", earshot.name)
    for host in (earshot.host, pidgin.host):
        host.must("mkdir", "-p", HOME, INBOX)
    # what is said first to a libpurple that has just heard of us may be lost (facts)
    pidgin.send(earshot.name, "here I am")
    earshot.client.wait("message", 10, direction="in", peer=pidgin.name)
    return earshot, pidgin


def make(host, name, size, sparse=False):
    """A file with that many bytes; its path and its SHA-256."""
    path = f"{HOME}/{name}"
    digest = hashlib.sha256()
    with open(host.path(path), "wb") as file:
        if sparse:
            file.truncate(size)
        while not sparse and file.tell() < size:
            file.write(BLOCK[:size - file.tell()])
    with open(host.path(path), "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return path, digest.hexdigest()


def hash_of(host, path):
    digest = hashlib.sha256()
    with open(host.path(path), "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def offered(earshot, since=0):
    """What libpurple offers; the event."""
    return earshot.wait_file(since=since, direction="in", state="offered")


def to_earshot(size, timeout=15, sparse=False):
    def play(l):
        earshot, pidgin = both(l)
        path, digest = make(pidgin.host, "photo.bin", size, sparse)
        pidgin.send_file(earshot.name, path)
        offer = offered(earshot)
        check((offer["name"], offer["size"], offer["trust"], offer["encrypted"])
              == ("photo.bin", size, "plain", False), f"{offer}")
        earshot.client.call("accept", id=offer["id"])
        done = earshot.wait_file(timeout, id=offer["id"], state=("done", "failed"))
        check(done["state"] == "done", f"{done}")
        if size:  # of an empty one it never notices that it is sent
            pidgin.wait("file-done", earshot.name, timeout=timeout)
        check(hash_of(earshot.host, done["where"]) == digest, "every byte")
        check(earshot.host.must("stat", "-c", "%a", done["where"]).strip() == "600", "its mode")
    return play


def to_libpurple(size, timeout=15, sparse=False):
    def play(l):
        earshot, pidgin = both(l)
        path, digest = make(earshot.host, "photo.bin", size, sparse)
        file = earshot.send_file(pidgin.name, path)
        offer = pidgin.wait("file-offer", earshot.name)
        check((offer["name"], offer["size"]) == ("photo.bin", size), f"{offer}")
        pidgin.answer(INBOX)
        done = earshot.wait_file(timeout, id=file, state=("done", "failed"))
        check(done["state"] == "done", f"{done}")
        if size:  # to libpurple an empty one never ends: it believes that its size is not known
            pidgin.wait("file-done", earshot.name, timeout=timeout)
        check(hash_of(pidgin.host, f"{INBOX}/photo.bin") == digest, "every byte")
    return play


for how_many in (0, 1, 5 * 1000 * 1000):
    add_case(f"libpurple-sends-{how_many}", to_earshot(how_many))
for how_many in (0, 1, 5 * 1000 * 1000):
    add_case(f"libpurple-is-sent-{how_many}", to_libpurple(how_many))


@case
def names_arrive(l):
    earshot, pidgin = both(l)
    for name in NAMES:
        mark = pidgin.mark()
        path, _ = make(earshot.host, name, 10)
        file = earshot.send_file(pidgin.name, path)
        offer = pidgin.wait("file-offer", earshot.name, since=mark)
        # what no name may have on every system is another character, there and here
        plain = re.sub('[<>"]', "_", name)
        check(offer["name"] == plain, f"{name!r} came as {offer['name']!r}")
        pidgin.answer(INBOX)
        earshot.wait_file(id=file, state="done")
        mark = earshot.client.mark()
        path, _ = make(pidgin.host, name, 10)
        pidgin.send_file(earshot.name, path)
        offer = offered(earshot, mark)
        earshot.client.call("accept", id=offer["id"])
        done = earshot.wait_file(id=offer["id"], state="done")
        check(os.path.basename(done["where"]) == plain, f"{name!r}: {done['where']!r}")


@case
def earshot_declines(l):
    earshot, pidgin = both(l)
    path, _ = make(pidgin.host, "photo.bin", 1000)
    pidgin.send_file(earshot.name, path)
    offer = offered(earshot)
    earshot.client.call("decline", id=offer["id"])
    earshot.wait_file(id=offer["id"], state="declined")
    pidgin.wait("file-cancelled-there", earshot.name)


@case
def libpurple_declines(l):
    earshot, pidgin = both(l)
    path, _ = make(earshot.host, "photo.bin", 1000)
    file = earshot.send_file(pidgin.name, path)
    pidgin.wait("file-offer", earshot.name)
    pidgin.answer()
    earshot.wait_file(id=file, state="declined")


@case
def an_offer_of_ours_is_taken_back(l):
    earshot, pidgin = both(l)
    path, _ = make(earshot.host, "photo.bin", 1000)
    file = earshot.send_file(pidgin.name, path)
    pidgin.wait("file-offer", earshot.name)
    earshot.client.call("files.cancel", id=file)
    earshot.wait_file(id=file, state="cancelled")
    pidgin.wait("file-cancelled-there", earshot.name)


def flowing(earshot, pidgin, to_them):
    """50 MB on their slow way, more than fits between us; what the file is known by."""
    earshot.client.call("files.limit", rate=SLOW)
    sender = earshot if to_them else pidgin
    path, _ = make(sender.host, "photo.bin", 50 * 1000 * 1000, sparse=True)
    if to_them:
        file = earshot.send_file(pidgin.name, path)
        pidgin.wait("file-offer", earshot.name)
        pidgin.answer(INBOX)
    else:
        pidgin.send_file(earshot.name, path)
        file = offered(earshot)["id"]
        earshot.client.call("accept", id=file)
    earshot.client.wait("file-progress", 10, id=file)
    return file


def nothing_is_left(earshot):
    """No part, and nothing under the name."""
    def clean():
        got = earshot.host.run("ls", "-A", "/run/home/got").stdout.split()
        return not got
    lab.wait_for(clean, 5, "an empty folder")


def cancelled(to_them, by_us):
    def play(l):
        earshot, pidgin = both(l)
        file = flowing(earshot, pidgin, to_them)
        if by_us:
            earshot.client.call("files.cancel", id=file)
            earshot.wait_file(id=file, state="cancelled")
            pidgin.wait("file-cancelled-there", earshot.name)
        else:
            pidgin.process.say("cancel")
            # libpurple ends the connection, and says no more
            over = earshot.wait_file(id=file, state=("failed", "cancelled"))
            check(over.get("reason"), f"why? {over}")
        if not to_them:
            nothing_is_left(earshot)
        # it is no harm to what comes after
        pidgin.send(earshot.name, "still there")
        earshot.client.wait("message", 10, direction="in", text="still there")
    return play


for out in (False, True):
    for ours in (False, True):
        add_case(f"{'earshot' if ours else 'libpurple'}-cancels-what-"
                 f"{'libpurple-is-sent' if out else 'earshot-is-sent'}", cancelled(out, ours))


@case
def libpurple_leaves_and_what_it_offered_is_over(l):
    earshot, pidgin = both(l)
    path, _ = make(pidgin.host, "photo.bin", 1000)
    pidgin.send_file(earshot.name, path)
    offer = offered(earshot)
    pidgin.quit()
    over = earshot.wait_file(id=offer["id"], state="failed")
    check(over.get("reason"), f"why? {over}")


@case
def f6_old_clients_can_be_switched_off(l):
    earshot = Daemon(l.host(), "alice", settings=("[files]", "old_clients = off"))
    pidgin = purple.PurplePeer(l.host(avahi=True), "bob")
    earshot.client.wait_here(pidgin.name)
    pidgin.wait("buddy-on", earshot.name)
    for host in (earshot.host, pidgin.host):
        host.must("mkdir", "-p", HOME)
    pidgin.send(earshot.name, "here I am")
    earshot.client.wait("message", 10, direction="in", peer=pidgin.name)
    path, _ = make(pidgin.host, "photo.bin", 1000)
    pidgin.send_file(earshot.name, path)
    pidgin.wait("file-cancelled-there", earshot.name)
    check(not earshot.client.call("files", all=True)["files"], "nobody was asked")
    path, _ = make(earshot.host, "photo.bin", 1000)
    file = earshot.send_file(pidgin.name, path)
    earshot.wait_file(id=file, state="failed")


if any("big" in word for word in sys.argv[1:]):
    add_case("big-libpurple-sends", to_earshot(BIG, 120, sparse=True))
    add_case("big-libpurple-is-sent", to_libpurple(BIG, 120, sparse=True))


if __name__ == "__main__":
    purple.need()
    lab.enter()
    run(lab.Lab)
