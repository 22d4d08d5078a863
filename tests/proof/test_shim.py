#!/usr/bin/env python3
"""The shim counts what it should, ends a program where it should, and keeps what a power cut
would leave. The program is Python itself, which makes the calls it is told."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lab"))

from tap import case, check, run, skip_all  # noqa: E402
from world import SHIM, cut  # noqa: E402

WRITES = """
import os, socket, sys
os.chdir(sys.argv[1])
fd = os.open("data", os.O_RDWR | os.O_CREAT)
os.write(fd, b"one-")
os.pwrite(fd, b"two-", 4)
os.fsync(fd)
os.writev(fd, [b"thr", b"ee--"])
os.ftruncate(fd, 9)
os.fdatasync(fd)
a, b = socket.socketpair()
a.send(b"x")
a.sendmsg([b"y", b"z"])
os.write(os.pipe()[1], b"not counted")
os.rename("data", "other")
os.unlink("other")
"""
# Python opens and closes other files, but makes nothing
NAMES = ["open", "write", "pwrite", "fsync", "writev", "ftruncate", "fdatasync", "send", "sendmsg",
         "rename", "unlink"]


def play(folder, **wishes):
    """(status, names of the calls): the script under the shim."""
    exe = os.path.realpath(sys.executable)
    log = os.path.join(folder, "calls")
    done = subprocess.run(
        [exe, "-S", "-c", WRITES, os.path.join(folder, "state")], check=False,
        env={"LD_PRELOAD": SHIM, "KILL_PROGRAM": exe, "KILL_LOG": log, **wishes,
             "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", "")})
    if not os.path.exists(log):
        return done.returncode, []
    with open(log, encoding="utf-8") as lines:
        return done.returncode, [line.split()[1] for line in lines]


def in_folder(test):
    def inside():
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/state")
            os.mkdir(f"{folder}/shadow")
            test(folder)
    inside.__name__, inside.__doc__ = test.__name__, test.__doc__
    return inside


def content(folder, name="data"):
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()


@case
@in_folder
def every_call_is_counted_once(folder):
    status, names = play(folder)
    check(status == 0 and names == NAMES, f"status {status}, calls {names}")


@case
@in_folder
def it_ends_before_a_call(folder):
    status, names = play(folder, KILL_AT="3")
    check(status == -9 and names == NAMES[:3], f"status {status}, calls {names}")
    check(content(f"{folder}/state") == b"one-", "nothing of the third")


@case
@in_folder
def it_ends_after_a_call(folder):
    status, _ = play(folder, KILL_AT="3", KILL_WHEN="after")
    check(status == -9 and content(f"{folder}/state") == b"one-two-", "all of the third")


@case
@in_folder
def it_ends_in_the_middle_of_a_call(folder):
    status, _ = play(folder, KILL_AT="5", KILL_WHEN="half")
    check(status == -9, f"status {status}")
    # writev goes on where write was, and over what pwrite wrote
    check(content(f"{folder}/state") == b"one-thr-", f"half: {content(folder + '/state')}")


@case
@in_folder
def it_counts_one_kind(folder):
    status, names = play(folder, KILL_AT="1", KILL_KIND="fdatasync")
    check(status == -9 and names == ["fdatasync"], f"status {status}, calls {names}")


@case
@in_folder
def another_program_is_left_alone(folder):
    status, names = play(folder, KILL_AT="1", KILL_PROGRAM="/bin/sh")
    check(status == 0 and not names, f"status {status}, calls {names}")


@case
@in_folder
def the_shadow_is_what_was_synced(folder):
    where = {"KILL_STATE": f"{folder}/state", "KILL_SHADOW": f"{folder}/shadow"}
    play(folder, KILL_AT="3", **where)
    check(not os.listdir(f"{folder}/shadow"), "nothing was synced")
    cut(f"{folder}/state", f"{folder}/shadow", 0)
    check(not os.listdir(f"{folder}/state"), "and nothing is left")
    play(folder, KILL_AT="6", KILL_WHEN="after", **where)
    cut(f"{folder}/state", f"{folder}/shadow", 0)
    check(content(f"{folder}/state") == b"one-two-", "as it was at the first sync")
    play(folder, KILL_AT="10", KILL_WHEN="after", **where)
    check(os.listdir(f"{folder}/shadow") == ["other"], "a name follows at once")
    check(content(f"{folder}/shadow", "other") == b"one-three"[:9], "with what the last sync left")


@case
def a_power_cut_mixes_sectors():
    with tempfile.TemporaryDirectory() as folder:
        state, shadow = f"{folder}/state", f"{folder}/shadow"
        os.mkdir(state)
        os.mkdir(shadow)
        seen = set()
        for seed in range(1, 40):
            for place, byte, size in ((state, b"n", 4), (shadow, b"o", 3)):
                with open(f"{place}/data", "wb") as file:
                    file.write(byte * 512 * size)
            cut(state, shadow, seed)
            data = content(state)
            sectors = [data[at:at + 512] for at in range(0, len(data), 512)]
            check(len(sectors) in (3, 4) and all(
                s in (b"n" * 512, b"o" * 512, b"\0" * 512) for s in sectors), "whole sectors")
            seen.add(bytes(s[0] for s in sectors))
        check(len(seen) > 8, f"many different ones: {seen}")


if __name__ == "__main__":
    if not os.path.exists(SHIM):
        skip_all(f"{SHIM} was not built")
    run()
