#!/usr/bin/env python3
"""Files and folders between two daemons on two hosts: sent, answered, held, and gone on with after
anything that may happen meanwhile."""
import json
import os
import shutil
import time

import lab
from earshot import CallError, Daemon, meet
from filing import (MIB, accept, files, make, no_parts, offered, same, send, slow, two, under_way,
                    until, verify, whole)
from tap import Skip, case, check, note, run

@case
def a_file_goes_both_ways(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    for size in (MIB, 0, 1, 5 * MIB + 7):
        whole(juliet, romeo, make(juliet, f"to-romeo-{size}.bin", size))
        file = whole(romeo, juliet, make(romeo, f"to-juliet-{size}.bin", size))
        check(file["encrypted"] and file["size"] == size, f"{file}")
    said = juliet.client.call("history", peer=romeo.name)["messages"]
    check(len(said) == 8 and all(m.get("file") for m in said), f"the history tells of them: {said}")
    no_parts(juliet)
    no_parts(romeo)


@case
def what_will_be_encrypted_says_so_before_bytes_flow(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    out = send(juliet, romeo, make(juliet, "secret.bin", 1000))
    check(out["encrypted"], f"to somebody who has a key: {out}")
    number = offered(romeo, "secret.bin")
    check(files(romeo)[number]["encrypted"], f"{files(romeo)[number]}")


@case
def what_is_not_sent_of_a_folder_is_told_to_who_sends_it(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    path = f"{juliet.env['HOME']}/things"
    top = juliet.host.path(path)
    os.mkdir(top)
    for n in range(7):
        os.symlink("/etc/passwd", f"{top}/link{n}")
    os.mkfifo(f"{top}/pipe")
    with open(f"{top}/file", "w", encoding="ascii") as file:
        file.write("it")
    out = send(juliet, romeo, path)
    file = until(juliet, out["id"], "offered")
    check(file["left_out"] == 8, f"{file}")
    check(file["left_out_names"] == [f"link{n}" for n in range(5)], f"{file}")
    done = juliet.cli("send-file", romeo.name, path)
    check("8 things in things are not sent" in done.stderr and "link4, ..." in done.stderr, f"{done}")
    check("left_out" not in files(romeo)[offered(romeo, "things")], "it is not told to others")


@case
def f5_what_comes_is_marked_with_who_sent_it(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    file = whole(juliet, romeo, make(juliet, "run.desktop", 1000))
    path = romeo.host.path(file["where"])
    try:
        os.setxattr(romeo.host.path(romeo.env["HOME"]), "user.test", b"x")
    except OSError:
        raise Skip("this file system has no extended attributes") from None
    mark = os.getxattr(path, "user.xdg.origin.url").decode()
    check(mark == f"xmpp:{juliet.name}", f"it is {mark}")
    check(os.stat(path).st_mode & 0o7777 == 0o600, "and cannot be executed")


@case
def a_folder_comes_whole_with_its_empty_folders(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    top = juliet.host.path(f"{juliet.env['HOME']}/things")
    os.makedirs(f"{top}/empty/within")
    os.makedirs(f"{top}/full")
    for n in range(50):
        with open(f"{top}/full/{n}", "w", encoding="ascii") as file:
            file.write(f"{n}" * n)
    out = send(juliet, romeo, f"{juliet.env['HOME']}/things")
    number = offered(romeo, "things")
    accept(romeo, number)
    file = until(romeo, number, "done")
    until(juliet, out["id"], "done")
    check(file["folder"] and file["files"] == 50, f"{file}")
    got = romeo.host.path(file["where"])
    check(os.path.isdir(f"{got}/empty/within"), "empty folders, too")
    for n in range(50):
        with open(f"{got}/full/{n}", encoding="ascii") as content:
            check(content.read() == f"{n}" * n, f"file {n}")
    no_parts(romeo)


def resumed(l, victim):
    """One of both is killed in the middle, and nobody is asked again."""
    size, rate = 64 * MIB, 16 * MIB
    juliet, romeo = two(l)
    meet(juliet, romeo)
    path, out, number = under_way(juliet, romeo, size, rate)
    before = files(romeo)[number]["done"]
    one = juliet if victim == "sender" else romeo
    one.kill()
    one.start()
    slow(juliet, 0)
    again = lab.wait_for(lambda: files(romeo)[number], 5, "it is known")["done"]
    same(juliet, romeo, path, out, number)
    if victim == "receiver":
        note(f"at {before / MIB:.1f} MiB it died; on from {again / MIB:.1f} MiB")
    check(before - again <= 32 * MIB, f"no more than two checkpoints again: {before - again}")


@case
def a_transfer_outlives_the_death_of_its_sender(l):
    resumed(l, "sender")


@case
def a_transfer_outlives_the_death_of_its_receiver(l):
    resumed(l, "receiver")


@case
def a_transfer_outlives_a_pulled_cable(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    path, out, number = under_way(juliet, romeo, 64 * MIB, 16 * MIB)
    romeo.host.pull_cable()
    lab.wait_for(lambda: juliet.client.people[romeo.name]["state"] == "silent", 30, "noticed")
    before = files(romeo)[number]["done"]
    romeo.host.plug_cable()
    began = time.monotonic()
    lab.wait_for(lambda: files(romeo)[number]["done"] > before, 30, "more of it")
    note(f"on from {before / MIB:.1f} MiB {time.monotonic() - began:.1f} s after it was plugged in")
    slow(juliet, 0)
    same(juliet, romeo, path, out, number)


def sent_bytes(host):
    shown = host.run("ip", "-j", "-s", "link", "show", "eth0").stdout
    return json.loads(shown)[0]["stats64"]["tx"]["bytes"]


@case
def three_pulled_cables_and_a_death_on_each_side_cost_little(l):
    """EARSHOT_FILE_MIB: how big the file is."""
    size = int(os.environ.get("EARSHOT_FILE_MIB", "192")) * MIB
    juliet, romeo = two(l)
    meet(juliet, romeo)
    path = make(juliet, "big.bin", size)
    slow(juliet, size // 12)
    before = sent_bytes(juliet.host)
    out = send(juliet, romeo, path)["id"]
    number = offered(romeo, "big.bin")
    accept(romeo, number)
    done = lambda: files(romeo)[number]["done"]
    for n in range(5):
        lab.wait_for(lambda: done() > size * (n + 1) // 7, 60, f"{n + 1} of 7 parts")
        if n < 3:
            juliet.host.pull_cable()
            lab.wait_for(lambda: juliet.client.people[romeo.name]["state"] == "silent", 30,
                         "noticed")
            juliet.host.plug_cable()
        else:
            one = juliet if n == 3 else romeo
            one.kill()
            one.start()
            slow(juliet, size // 12)
    same(juliet, romeo, path, out, number)
    again = sent_bytes(juliet.host) - before - size
    note(f"{size // MIB} MiB: {again / MIB:.1f} MiB more than the file on the cable, "
         "headers included")
    check(again <= 64 * MIB + size // 25, f"sent again: {again}")


@case
def either_side_pauses_and_goes_on(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    path, out, number = under_way(juliet, romeo, 32 * MIB, 8 * MIB)
    for one, mine, other, theirs in ((juliet, out, romeo, number), (romeo, number, juliet, out)):
        check(one.client.call("pause", 10, id=mine)["paused_by"] == "us", "paused")
        check(until(other, theirs, "paused")["paused_by"] == "them", "they are told")
        held = files(romeo)[number]["done"]
        lab.wait_for(lambda: not files(one)[mine].get("rate"), 5, "nothing flows")
        one.client.call("resume", 10, id=mine)
        until(other, theirs, "active")
        lab.wait_for(lambda: files(romeo)[number]["done"] > held, 10, "more of it")
    juliet.client.call("pause", 10, id=out)
    until(romeo, number, "paused")
    romeo.client.call("pause", 10, id=number)
    check(files(romeo)[number]["paused_by"] == "both", "both want it later")
    juliet.client.call("resume", 10, id=out)
    lab.wait_for(lambda: files(juliet)[out].get("paused_by") == "them", 5, "one still does")
    slow(juliet, 0)
    romeo.client.call("resume", 10, id=number)
    same(juliet, romeo, path, out, number)


@case
def either_side_cancels(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    for canceller in (juliet, romeo):
        name = f"by-{canceller.user}.bin"
        _, out, number = under_way(juliet, romeo, 32 * MIB, 8 * MIB, name)
        mine = out if canceller is juliet else number
        canceller.client.call("files.cancel", 10, id=mine)
        until(juliet, out, "cancelled")
        until(romeo, number, "cancelled")
        no_parts(romeo)
    try:
        romeo.client.call("resume", id=number)
        check(False, "what is cancelled stays so")
    except CallError as error:
        check(error.reason == "late", f"{error}")


@case
def what_is_declined_or_cancelled_meanwhile_is_told(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    out = send(juliet, romeo, make(juliet, "no.bin", MIB))["id"]
    number = offered(romeo, "no.bin")
    romeo.client.call("decline", 10, id=number)
    until(juliet, out, "declined")
    out = send(juliet, romeo, make(juliet, "away.bin", MIB))["id"]
    number = offered(romeo, "away.bin")
    romeo.stop()
    until(juliet, out, "offered", "waiting")
    juliet.client.call("files.cancel", 10, id=out)
    romeo.start()
    until(romeo, number, "cancelled")


@case
def files_of_the_verified_are_accepted_by_rule(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    first = send(juliet, romeo, make(juliet, "hello.bin", 1))["id"]
    accept(romeo, offered(romeo, "hello.bin"))
    until(juliet, first, "done")
    try:
        romeo.client.call("files.auto", peer=juliet.name, size=2 * MIB, daily=5 * MIB)
        check(False, "not before she is verified")
    except CallError as error:
        check(error.reason == "trust", f"{error}")
    verify(romeo, juliet)
    rules = romeo.client.call("files.auto", peer=juliet.name, size=2 * MIB, daily=5 * MIB)["rules"]
    check([r["size"] for r in rules] == [2 * MIB], f"{rules}")
    for n in range(2):
        until(juliet, send(juliet, romeo, make(juliet, f"small{n}.bin", 2 * MIB))["id"], "done")
    big = send(juliet, romeo, make(juliet, "big.bin", 2 * MIB + 1))["id"]
    late = send(juliet, romeo, make(juliet, "late.bin", 2 * MIB))["id"]
    for name, out in (("big.bin", big), ("late.bin", late)):
        number = offered(romeo, name)
        check(files(romeo)[number]["state"] == "offered", f"{name} asks")
        check(files(juliet)[out]["state"] == "offered", f"{name} waits")
    romeo.stop()
    romeo.start()
    check(len(romeo.client.call("files.auto")["rules"]) == 1, "a restart keeps the rule")
    until(juliet, send(juliet, romeo, make(juliet, "again.bin", 1))["id"], "done")
    check(romeo.client.call("files.auto", peer=juliet.name, off=True)["rules"] == [], "off")


@case
def f5_offers_of_one_person_are_counted(l):
    juliet, romeo = two(l, romeo=("[privacy]", "strangers = quiet"))
    meet(juliet, romeo)
    path = make(juliet, "many.bin", 1)
    numbers = [send(juliet, romeo, path)["id"] for _ in range(3)]
    lab.wait_for(lambda: len(files(romeo)) == 1, 10, "a stranger may offer one")
    states = lab.wait_for(lambda: (lambda s: s if s.count("declined") == 2 else None)(
        [files(juliet)[n]["state"] for n in numbers]), 10, "the others are refused")
    check(sorted(states) == ["declined", "declined", "offered"], f"{states}")
    reason = [f["reason"] for f in files(juliet).values() if f["state"] == "declined"][0]
    check("too many files" in reason, f"she reads why: {reason}")


@case
def who_is_blocked_offers_nothing(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    out = send(juliet, romeo, make(juliet, "one.bin", 1))["id"]
    offered(romeo, "one.bin")
    romeo.client.call("trust.block", peer=juliet.name)
    try:
        send(romeo, juliet, make(romeo, "two.bin", 1))
        check(False, "nothing is sent to the blocked")
    except CallError as error:
        check(error.reason == "trust", f"{error}")
    send(juliet, romeo, make(juliet, "three.bin", 1))
    lab.wait_for(lambda: files(juliet)[out]["state"] in ("offered", "waiting"), 5, "it waits")
    check(len(files(romeo)) == 1, "nothing more is heard of her")


@case
def f3_a_full_disk_ends_it_with_a_reason_for_both(l):
    juliet, romeo = two(l, romeo=("[files]", "keep_free = 1M"))
    meet(juliet, romeo)
    folder = f"{romeo.env['HOME']}/small"
    romeo.host.must("mkdir", folder)
    romeo.host.must("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder)
    path = make(juliet, "big.bin", 16 * MIB)
    out = send(juliet, romeo, path)["id"]
    number = offered(romeo, "big.bin")
    fd = os.open(romeo.host.path(folder), os.O_RDONLY | os.O_DIRECTORY)
    romeo.client.call("accept", 10, fds=(fd,), id=number)
    os.close(fd)
    for one, mine in ((romeo, number), (juliet, out)):
        file = until(one, mine, "failed")
        check("space" in file["reason"] or "full" in file["reason"], f"{file['reason']}")
    lab.wait_for(lambda: not os.listdir(romeo.host.path(folder)), 5, "nothing is left of it")


def fill(host, path):
    """Leaves no byte on the file system of that file."""
    with open(host.path(path), "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


@case
def f3_a_store_without_room_refuses_files_and_lives(l):
    host, state = l.host("verona"), "/run/home/juliet/.local/state"
    host.must("mkdir", "-p", state)
    host.must("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", state)
    juliet, romeo = Daemon(host, "juliet"), Daemon(l.host("mantua"), "romeo")
    meet(juliet, romeo)
    path, theirs = make(juliet, "one.bin", 1), make(romeo, "two.bin", 1)
    fill(host, f"{state}/filled")
    reason = None
    for _ in range(100):
        try:
            send(juliet, romeo, path)
        except CallError as error:
            reason = error.reason
            break
    check(reason == "disk", f"she reads that it cannot be kept: {reason}")
    out = send(romeo, juliet, theirs)["id"]
    until(romeo, out, "declined")
    os.unlink(host.path(f"{state}/filled"))

    def sent():
        try:
            return send(juliet, romeo, path)
        except CallError:
            return None
    lab.wait_for(sent, 20, "then it can")


@case
def an_offer_expires_after_a_week_on_the_store_s_own_clock(l):
    juliet, romeo = two(l)
    meet(juliet, romeo)
    shim = os.path.join(lab.BUILD, "clock-shim.so")
    if not os.path.exists(shim):
        raise Skip("clock-shim.so is not built")
    number = None
    out = send(juliet, romeo, make(juliet, "old.bin", 1))["id"]
    number = offered(romeo, "old.bin")
    juliet.stop()
    clock = f"{romeo.env['HOME']}/.local/state/earshot/clock"
    romeo.env |= {"LD_PRELOAD": shim, "CLOCK_SHIFT": clock}
    for day in range(9):
        romeo.stop()
        with open(romeo.host.path(clock), "wb") as file:
            file.write(((day + 1) * 2 * 86400).to_bytes(8, "little", signed=True))
        romeo.start(published=False)
        state = files(romeo)[number]["state"]
        check(state == "offered" or day >= 6, f"day {day}: {state}")
        if state == "expired":
            break
    until(romeo, number, "expired")
    check(out is not None, "it was sent")


@case
def where_no_connection_comes_about_it_goes_over_the_stream(l):
    """A firewall on both sides lets nothing in but the port of the streams (XEP-0261)."""
    if not shutil.which("nft"):
        raise Skip("nft is not installed")
    juliet, romeo = two(l)
    for daemon in (juliet, romeo):
        port = daemon.status()["port"]
        daemon.host.must("nft", "add table inet t; add chain inet t in { type filter hook input "
                         "priority 0; }; add rule inet t in tcp flags & (syn | ack) == syn "
                         f"tcp dport != {port} reject with tcp reset")
    meet(juliet, romeo)
    send(juliet, romeo, make(juliet, "beside.bin", 8 * MIB))
    whole(juliet, romeo, make(juliet, "walled.bin", 4 * MIB))
    accept(romeo, offered(romeo, "beside.bin"))
    juliet.client.call("send", peer=romeo.name, text="while it flows")
    romeo.client.wait("message", 5, direction="in", text="while it flows")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
