#!/usr/bin/env python3
"""A file goes on through pulled cables and the death of both sides, and little of it is sent twice:
bytes are counted on the sender's cable. EARSHOT_FLOOD_LONG=1: 4 GiB, as the goals say."""
import json
import os
import subprocess
import time

import flooding  # noqa: F401 (finds the lab)
import lab
from earshot import meet
from filing import MIB, accept, files, offered, same, send, two
from flooding import LONG
from tap import case, check, note, run

SIZE = (4096 if LONG else 64) * MIB
RATE = (64 if LONG else 8) * MIB
AGAIN = 64 * MIB          # what may be sent twice, all outages together
HEADERS = 0.01            # of Ethernet, IP, TCP and TLS, in the kernel's big segments
EVENTS = ("pull", "sender", "pull", "receiver", "pull") if LONG else ("pull", "sender", "receiver")
DARK = 15 if LONG else 2  # s without a cable


def make_sparse(daemon, name, size):
    """A block of noise in every 16 MiB, elsewhere a hole; its path for that host."""
    path = f"{daemon.env['HOME']}/{name}"
    with open(daemon.host.path(path), "wb") as file:
        for at in range(0, size, 16 * MIB):
            file.seek(at)
            file.write(os.urandom(MIB))
        file.truncate(size)
    return path


def on_the_wire(host):
    """Bytes that have come from that host into its cable."""
    shown = subprocess.run(["ip", "-json", "-statistics", "link", "show", host.port()],
                           capture_output=True, check=True).stdout
    return json.loads(shown)[0]["stats64"]["rx"]["bytes"]


def suffer(event, juliet, romeo):
    if event == "pull":
        romeo.host.pull_cable()
        time.sleep(DARK)
        romeo.host.plug_cable()
        return
    one = juliet if event == "sender" else romeo
    one.kill()
    one.start()


@case
def f6_a_file_outlives_pulled_cables_and_both_deaths(l):
    settings = ("[files]", "keep_free = 0", f"limit = {RATE}")
    juliet, romeo = two(l, juliet=settings, romeo=settings)
    meet(juliet, romeo)
    path = make_sparse(juliet, "long.bin", SIZE)
    before = on_the_wire(juliet.host)
    out = send(juliet, romeo, path)["id"]
    number = offered(romeo, "long.bin")
    accept(romeo, number)
    for turn, event in enumerate(EVENTS, 1):
        at = SIZE * turn // (len(EVENTS) + 1)
        lab.wait_for(lambda at=at: files(romeo)[number]["done"] >= at, 60 + SIZE / RATE,
                     f"{at // MIB} MiB, before {event}")
        sent = on_the_wire(juliet.host)
        suffer(event, juliet, romeo)
        note(f"{event} at {files(romeo)[number]['done'] / MIB:.1f} MiB, {sent / MIB:.1f} MiB sent")
    same(juliet, romeo, path, out, number, 120 + SIZE / RATE)
    again = on_the_wire(juliet.host) - before - SIZE
    note(f"{again / MIB:.1f} MiB more than the file were on the wire")
    check(again <= AGAIN + SIZE * HEADERS, f"little was sent twice: {again / MIB:.1f} MiB")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
