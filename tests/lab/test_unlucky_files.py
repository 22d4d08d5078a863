#!/usr/bin/env python3
"""What may go wrong with files between two daemons, through to what both people read of it: a disk
that is full, a source that changes, names that are meant to do harm."""
import os

import lab
from earshot import CallError, meet
from filing import (MIB, accept, digest, files, make, no_parts, offered, send, slow, two,
                    under_way, until, whole)
from tap import case, check, run

SENTINELS = 40
NAMES = 50000
PART = b".earshot-"  # what is still being received, which nobody sends on


def failed(people, *words):
    """Both have it as failed, and each reads a reason with one of these words."""
    for one, number in people:
        file = until(one, number, "failed", timeout=30)
        check(any(word in file["reason"] for word in words), f"{one.user} reads: {file['reason']}")


def stranger_proof(daemon):
    """A tree around the download folder; what it looks like, again and again."""
    home = daemon.host.path(daemon.env["HOME"])
    os.makedirs(f"{home}/Downloads", exist_ok=True)
    for number in range(SENTINELS):
        at = f"{home}/around/{number % 8}"
        os.makedirs(at, exist_ok=True)
        with open(f"{at}/{number}", "w", encoding="ascii") as file:
            file.write(f"untouched {number}\n")
    for name in (".bashrc", ".profile", "evil"):
        with open(f"{home}/{name}", "w", encoding="ascii") as file:
            file.write("mine\n")

    def look():
        seen = {}
        for at, folders, names in os.walk(home):
            # its own state changes, and the download folder is where files may come
            folders[:] = [f for f in folders if os.path.join(at, f) not in
                          (f"{home}/Downloads", f"{home}/.local", f"{home}/.cache")]
            for name in folders + names:
                info = os.lstat(os.path.join(at, name))
                seen[os.path.join(at, name)] = info.st_mode, info.st_size, info.st_mtime_ns
        return seen
    return look


@case
def f3_a_full_disk_is_freed_and_it_comes_the_next_time(l):
    juliet, romeo = two(l, romeo=("[files]", "keep_free = 0"))
    meet(juliet, romeo)
    folder = f"{romeo.env['HOME']}/Downloads"
    romeo.host.must("mkdir", folder)
    romeo.host.must("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder)
    path = make(juliet, "big.bin", 12 * MIB)
    slow(juliet, 8 * MIB)
    out = send(juliet, romeo, path)["id"]
    number = offered(romeo, "big.bin")
    accept(romeo, number)
    # there was room when it began
    lab.wait_for(lambda: files(romeo)[number]["done"] > MIB, 20, "it moves")
    with open(romeo.host.path(f"{folder}/other"), "wb") as other:
        other.write(bytes(8 * MIB))
    failed(((romeo, number), (juliet, out)), "full", "space")
    lab.wait_for(lambda: os.listdir(romeo.host.path(folder)) == ["other"], 5,
                 "nothing is left of it, nothing bears its name")
    os.unlink(romeo.host.path(f"{folder}/other"))
    try:
        romeo.client.call("resume", 10, id=number)
        check(False, "what has failed is over")
    except CallError as error:
        check(error.reason == "late", f"{error.reason}: {error}")
    slow(juliet, 0)
    send(juliet, romeo, path)
    again = romeo.client.wait("file", 10, name="big.bin", state="offered", id="f2")["id"]
    accept(romeo, again)
    file = until(romeo, again, "done")
    check(digest(romeo, file["where"]) == digest(juliet, path), "and now it is there")


@case
def f3_a_source_that_changes_is_told_to_both(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    for how in ("written to", "shorter", "longer"):
        path, out, number = under_way(juliet, romeo, 16 * MIB, 8 * MIB, f"{how}.bin")
        with open(juliet.host.path(path), "r+b") as file:
            if how == "written to":
                file.write(b"changed")
            else:
                file.truncate(4 * MIB if how == "shorter" else 20 * MIB)
        failed(((juliet, out), (romeo, number)), "changed")
        no_parts(romeo)
        left = os.listdir(romeo.host.path(f"{romeo.env['HOME']}/Downloads"))
        check(not left, f"{how}: nothing bears its name: {left}")


def hostile_names(count):
    """Every one is a name that a file system takes, and no two are equal."""
    kinds = (b"..\\..\\evil%d", b"-rf%d", b".bashrc%d", b"a\nb%d", b"\x1b[2J%d", b"\xff\xfe%d",
             b"C:\\evil%d", b"CON.%d", b"$(reboot)%d", b"`id`%d", b"%%s%%n%d", b"a b %d ",
             "\u202egnp.exe%d".encode(), b"~%d", b"|sh%d", b"...%d", PART + b"%d.part",
             "\u2024\u2024\u2215evil%d".encode(), b"%d" + b"x" * 240, b"..%d")
    for number in range(count):
        yield kinds[number % len(kinds)] % number


@case
def f1_50000_hostile_names_stay_in_the_folder(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    look = stranger_proof(romeo)
    top = os.fsencode(juliet.host.path(f"{juliet.env['HOME']}/things"))
    os.mkdir(top)
    wanted = {n for n, name in enumerate(hostile_names(NAMES)) if not name.startswith(PART)}
    for number, name in enumerate(hostile_names(NAMES)):
        with open(os.path.join(top, name), "wb") as file:
            file.write(b"%d" % number)
    before = look()
    out = send(juliet, romeo, f"{juliet.env['HOME']}/things")["id"]
    number = offered(romeo, "things", timeout=30)
    accept(romeo, number)
    file = until(romeo, number, "done", timeout=150)
    until(juliet, out, "done")
    check(look() == before, "nothing outside of the download folder has changed")
    got = romeo.host.path(file["where"])
    downloads = romeo.host.path(f"{romeo.env['HOME']}/Downloads")
    check(os.listdir(downloads) == ["things"], f"one folder: {os.listdir(downloads)}")
    names, contents = os.listdir(os.fsencode(got)), set()
    for name in names:
        path = os.path.join(os.fsencode(got), name)
        check(os.path.isfile(path) and not os.path.islink(path), f"a plain file: {name}")
        check(name[:1] not in b".-" and not any(c < 32 or c in b"\\/\x7f" for c in name),
              f"a clean name: {name}")
        with open(path, "rb") as content:
            contents.add(int(content.read()))
    check(contents == wanted, f"each came: {len(contents)} of {len(wanted)}")


@case
def f1_a_manifest_that_lies_is_told_to_both(l):
    """The sender's own list is turned into one of other names and sizes while it is away."""
    juliet, romeo = two(l)
    meet(juliet, romeo)
    look = stranger_proof(romeo)
    top = juliet.host.path(f"{juliet.env['HOME']}/things")
    os.mkdir(top)
    for number in range(100):
        with open(f"{top}/harmless{number:04}", "wb") as file:
            file.write(bytes(1000))
    before = look()
    out = send(juliet, romeo, f"{juliet.env['HOME']}/things")["id"]
    number = offered(romeo, "things")
    juliet.stop()
    state = juliet.host.path(f"{juliet.env['HOME']}/.local/state/earshot/transfers")
    trees = [name for name in os.listdir(state) if name.endswith(".tree")]
    check(len(trees) == 1, f"one manifest: {trees}")
    with open(f"{state}/{trees[0]}", "r+b") as file:
        lies = file.read().replace(b"harmless0007", b"../../../evi").replace(
            (1000).to_bytes(8, "big"), (1 << 40).to_bytes(8, "big"), 50)
        file.seek(0)
        file.write(lies)
    juliet.start()
    accept(romeo, number)
    failed(((juliet, out), (romeo, number)), "changed", "sense", "cannot be read")
    no_parts(romeo)
    check(not os.listdir(romeo.host.path(f"{romeo.env['HOME']}/Downloads")), "nothing came")
    check(look() == before, "nothing outside of the download folder has changed")
    whole(juliet, romeo, make(juliet, "after.bin", MIB))


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
