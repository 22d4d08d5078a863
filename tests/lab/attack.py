"""What the tests of attacks share: two people who know each other's keys, and the man between."""
import random
import tempfile
import time

import lab
import relay
from earshot import Daemon, meet, talk
from tap import Failure, check

ANSWER = 10.0


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


def pinned(l):
    """The same after they have talked, so that each knows the other's key."""
    a, b = two(l)
    meet(a, b)
    talk(a, b, "so that you know my key")
    talk(b, a, "and you mine")
    for one, other in ((a, b), (b, a)):
        seen = one.client.wait_here(other.name, encrypted=True)
        check(len(seen["id"]) == 64, f"{one.user} knows a key: {seen}")
    return a, b


def put_between(l, a, b, behaviour):
    between = relay.Between(l, a.host, b.host, behaviour, tempfile.mkdtemp(dir="/run"))
    for daemon in (a, b):
        between.watch(daemon.host, daemon.status()["port"])
    return between


def some_markers(count, seed):
    """Words that are nowhere by chance."""
    numbers = random.Random(seed)
    return [f"marker{numbers.getrandbits(96):024x}" for _ in range(count)]


def changed_ones(daemon, instance):
    """Who was refused under that name."""
    return [p for p in daemon.client.people.values()
            if p["trust"] == "changed" and p.get("instance") == instance]


def wait_changed(daemon, instance, timeout=15.0):
    return daemon.client.events.until(lambda: changed_ones(daemon, instance), timeout,
                                      f"{instance} shown as changed")[0]


def queued(daemon):
    return [m["text"] for m in daemon.client.call("outbox")["messages"]]


def texts(daemon, peer, direction):
    history = daemon.client.call("history", peer=peer, limit=1000)["messages"]
    return [m["text"] for m in history if m["direction"] == direction]


def wait_delivered(sender, receiver, words, timeout=20.0):
    """All of them, in order, once each; the seconds it took."""
    began = time.monotonic()
    lab.wait_for(lambda: not queued(sender), timeout, f"{sender.user}'s outbox is empty")
    took = time.monotonic() - began
    got = [t for t in texts(receiver, sender.name, "in") if t in words]
    if got != list(words):
        raise Failure(f"{receiver.user} has {got}, not {words}")
    return took
