#!/usr/bin/env python3
"""People on one LAN find each other, whatever the network and the back ends."""
import time

import lab
from earshot import Daemon, meet, talk
from tap import add_case, case, check, note, run

GONE = 2.5  # s; a goodbye takes 1 s (RFC 6762 10.1), the rest is room for a busy machine


def backend(avahi):
    return "avahi-daemon" if avahi else "embedded"


def find_and_talk(first, second):
    def play(l):
        one_host, other_host = l.host(avahi=first), l.host(avahi=second)
        a = Daemon(one_host, "alice")
        began = time.monotonic()
        b = Daemon(other_host, "bob", published=False)
        a.client.wait_here("bob@h2")
        note(f"started -> seen: {time.monotonic() - began:.2f} s")
        meet(a, b)
        for d, avahi in ((a, first), (b, second)):
            check(d.status()["backend"] == backend(avahi), f"{d.name} uses the right back end")
            check(d.status()["problem"] == "", f"{d.name} has a problem: {d.status()['problem']}")
        check(a.name == "alice@h1" and b.name == "bob@h2", f"names: {a.name}, {b.name}")
        person = a.client.here("bob@h2")
        check(person["via"] == ["mdns"] and person["host"].startswith("h2"), f"as told: {person}")
        check("10.77.0.2" in person["addresses"], f"its address: {person['addresses']}")
        note(f"first message: {1000 * talk(a, b, 'hello'):.0f} ms")
        talk(b, a, "hello yourself")
        check(a.client.names() == ["bob@h2"], "nobody else is there, not even we ourselves")
    return play


def leave(avahi):
    def play(l):
        a = Daemon(l.host(avahi=avahi), "alice")
        b = Daemon(l.host(), "bob")
        meet(a, b)
        began = time.monotonic()
        a.stop()
        b.client.wait_gone(a.name, GONE)
        note(f"stopped -> gone: {time.monotonic() - began:.2f} s")
        a.start()
        meet(a, b)
        began = time.monotonic()
        a.kill()
        b.client.wait_gone(a.name, GONE)
        note(f"kill -9 -> gone: {time.monotonic() - began:.2f} s")
        # what a crash leaves behind does not keep the next daemon from starting
        a.start()
        meet(a, b)
        talk(a, b, "back from the dead")
    return play


for one in (True, False):
    for other in (True, False):
        add_case(f"find-each-other-{backend(one)}-{backend(other)}", find_and_talk(one, other))
    add_case(f"stop-and-kill-{backend(one)}", leave(one))


@case
def a_change_of_status_is_seen(l):
    a, b = Daemon(l.host(avahi=True), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    for this, that in ((a, b), (b, a)):
        for status, text in (("away", "gone fishing"), ("dnd", "& busy <now>"), ("available", "")):
            began = time.monotonic()
            this.client.call("status", status=status, text=text)
            that.client.wait_here(this.name, status=status, text=text)
            note(f"{status} seen after {time.monotonic() - began:.2f} s")
    a.client.call("set.nick", text="Al")
    b.client.wait_here(a.name, display="Al")


def collide(avahi):
    def play(l):
        host = l.host(avahi=avahi)
        a = Daemon(host, "alice")
        twin = Daemon(host, "alice", account="twin")
        check((a.name, twin.name) == ("alice@h1", "alice-2@h1"), f"names: {a.name}, {twin.name}")
        c = Daemon(l.host(), "carol")
        meet(a, twin, c)
        talk(c, twin, "you are the second")
        talk(c, a, "you are the first")
        talk(a, twin, "so we are two")
        a.stop()
        twin.client.wait_gone("alice@h1")
        check(twin.name == "alice-2@h1", "a name stays when the other one has left")
    return play


add_case("rename-on-collision-embedded", collide(False))
add_case("rename-on-collision-avahi-daemon", collide(True))


@case
def rename_when_two_machines_have_one_name(l):
    a, b = Daemon(l.host("twin"), "alice"), Daemon(l.host("twin"), "alice")
    a.client.events.until(lambda: a.name != b.name, 15, "two names")
    meet(a, b, timeout=15)
    talk(a, b, "which twin are you?")
    talk(b, a, "the other one")


@case
def two_users_on_one_machine(l):
    host = l.host()
    a, b, c = Daemon(host, "alice"), Daemon(host, "bob"), Daemon(l.host(), "carol")
    meet(a, b, c)
    talk(a, b, "across the desk")
    talk(c, a, "only for alice")
    talk(c, b, "only for bob")
    check(b.client.messages(c.name) == ["only for bob"], "each gets what is meant for them")


def two_interfaces(avahi):
    def play(l):
        a = Daemon(l.host(nics=2, avahi=avahi), "alice")
        b = Daemon(l.host(nics=2), "bob")
        meet(a, b)
        b.client.events.until(
            lambda: {"10.77.0.1", "10.77.1.1"} <= set(b.client.here(a.name)["addresses"]),
            10, "both addresses of alice")
        check(b.client.names() == [a.name], f"one person, not {b.client.names()}")
        talk(a, b, "through either")
        news = [e for e in b.client.events.since(0) if e["event"] == "person"
                and e["change"] == "new"]
        check(len(news) == 1, f"she came once: {news}")
        a.host.nic_down(1)
        # nothing tells the other side but ten seconds of silence on the stream (TCP); then the
        # message, not confirmed, goes out again over the interface that is left
        talk(b, a, "one is enough", timeout=20)
        check(b.client.here(a.name), "one interface less, still here")
    return play


add_case("two-interfaces-are-one-person-embedded", two_interfaces(False))
add_case("two-interfaces-are-one-person-avahi-daemon", two_interfaces(True))


@case
def ipv6_alone_suffices(l):
    a = Daemon(l.host(ipv4=False, avahi=True), "alice")
    b = Daemon(l.host(ipv4=False), "bob")
    meet(a, b)
    talk(a, b, "over IPv6")
    talk(b, a, "link-local only")


@case
def ipv4_alone_suffices(l):
    a, b = Daemon(l.host(ipv6=False), "alice"), Daemon(l.host(ipv6=False), "bob")
    meet(a, b)
    talk(a, b, "over IPv4")
    talk(b, a, "likewise")


@case
def no_interface_then_one_appears(l):
    a = Daemon(l.host(nics=0), "alice", published=False)
    a.wait_state(network=False)
    b = Daemon(l.host(), "bob")
    a.host.add_nic()
    a.wait_published(15)
    a.wait_state(network=True)
    meet(a, b, timeout=15)
    talk(a, b, "plugged in at last")


@case
def an_address_that_changes(l):
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    talk(a, b, "before")
    b.host.must("ip", "addr", "del", f"{b.host.address()}/24", "dev", "eth0")
    b.host.must("ip", "addr", "add", "10.77.0.200/24", "brd", "+", "dev", "eth0")
    a.client.events.until(lambda: "10.77.0.200" in a.client.here(b.name)["addresses"], 20,
                          "the new address of bob")
    talk(a, b, "after", timeout=20)


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
