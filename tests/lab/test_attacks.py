#!/usr/bin/env python3
"""What an attacker on the network can do: read, pose, replay, strip, inject, degrade. Cases carry
the row of the threat they prove; those named tools_ prove that the tools would notice."""
import os
import random
import tempfile

import lab
import pcap
import relay
from earshot import Daemon, meet, talk
from tap import case, check, run

MARKERS = 1000


def configured(host, user, text, **options):
    """A daemon with this in its configuration file."""
    folder = f"/run/home/{user}/.config/earshot"
    host.must("mkdir", "-p", folder)
    with open(host.path(f"{folder}/earshot.conf"), "w", encoding="utf-8") as file:
        file.write(text)
    return Daemon(host, user, **options)


def two(l, text=""):
    """Alice and Bob, on hosts with IPv4 alone, as that is what the relay is made for."""
    return tuple(configured(l.host(name, ipv6=False), user, text)
                 for name, user in (("verona", "alice"), ("mantua", "bob")))


def put_between(l, a, b, behaviour):
    between = relay.Between(l, a.host, b.host, behaviour, tempfile.mkdtemp(dir="/run"))
    for daemon in (a, b):
        between.watch(daemon.host, daemon.status()["port"])
    return between


def some_markers(count, seed):
    numbers = random.Random(seed)
    return [f"marker{numbers.getrandbits(96):024x}" for _ in range(count)]


@case
def tools_plain_words_are_found_on_the_wire(l):
    """A capture that finds nothing would prove nothing."""
    a, b = two(l, "[privacy]\ntls = off\n")
    capture = pcap.Capture(l, a.host)
    meet(a, b)
    words = some_markers(3, 1)
    for word in words:
        talk(a, b, word)
    traffic = capture.stop()
    found = {marker for marker, where in traffic.find(words) if where == "TCP"}
    check(found == set(words), f"found {found}")
    check(any(b"<stream:stream" in data for data in traffic.flows.values()), "flows in order")


@case
def tools_the_relay_hears_what_is_said_in_plain(l):
    a, b = two(l, "[privacy]\ntls = off\n")
    with put_between(l, a, b, relay.Conversation) as between:
        meet(a, b)
        talk(a, b, "for the relay to hear")
        talk(b, a, "and the answer")
        heard = between.heard()
        check(b"for the relay to hear" in heard and b"and the answer" in heard, heard[:2000])


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
