#!/usr/bin/env python3
"""Programs that do not encrypt, under each of the settings for them (threat N19): what they may say
and be told, how they are marked, and that the limits hold for them, too."""
import json
import os
import socket
import sys
import threading
import time

import lab

sys.path.insert(0, os.path.join(lab.TOP, "tests", "dialogue"))

import wire
from attack import configured
from discovery import MACHINE, STUB, Announced, Discovery
from earshot import CallError
from tap import Failure, case, check, run

ROMEO, ADDRESS = "romeo@forza", "10.77.0.101"
TXT = ["txtvers=1", "1st=Romeo", "node=libpurple", "status=avail"]
HEADER = (f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
          f"xmlns:stream='http://etherx.jabber.org/streams' from='{ROMEO}' to='juliet@pronto'>")
WORDS = f"<message type='chat' from='{ROMEO}' to='juliet@pronto'><body>{{}}</body></message>"


class Plain:
    """Romeo, whose program is of 2010, and Juliet's daemon with that setting."""

    def __init__(self, l, setting):
        host = l.host(MACHINE, ipv6=False)
        link = json.loads(host.must("ip", "-j", "link", "show", "eth0"))
        self.discovery = Discovery(host, link[0]["ifindex"])
        self.daemon = configured(host, "juliet", f"[privacy]\nplain = {setting}\n",
                                 args=["--helper", STUB])
        self.client = self.daemon.client
        l.add_address(ADDRESS)
        self.dialled = []
        listener = socket.socket()
        listener.bind((ADDRESS, 0))
        listener.listen()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        port = listener.getsockname()[1]
        self.discovery.announce(Announced(ROMEO, ADDRESS, port, [*TXT, f"port.p2pj={port}"]))
        self.client.wait_here(ROMEO)

    def _accept(self, listener):
        while True:
            connection, _ = listener.accept()
            stream = wire.Stream(f"dialled-{len(self.dialled)}", connection)
            self.dialled.append(stream)
            stream.send(HEADER.encode())

    def dial(self):
        stream = wire.Stream("dials", socket.create_connection(
            (self.daemon.host.address(), self.daemon.status()["port"]), 5, (ADDRESS, 0)))
        stream.send(HEADER.encode())
        return stream

    def says(self, stream, text):
        stream.send(WORDS.format(text).encode())

    def heard(self):
        """What was said to Romeo."""
        return "".join(piece for s in self.dialled for piece in s.events.since(0))


def ends(stream, wanted, timeout=10):
    stream.events.until(lambda: stream.events.ended, timeout, "the stream ends")
    said = "".join(stream.events.since(0))
    check(wanted in said, f"it ends with {wanted}: {said}")
    for tag in ("<message", "<presence", "<iq"):
        check(tag not in said, f"{tag} before: {said}")


def refused(plain, text):
    """Sending to him is not taken, or waits for ever; either way not a word gets out."""
    try:
        plain.client.call("send", peer=ROMEO, text=text)
        check(False, "it was taken")
    except CallError as error:
        check(error.reason == "trust", error.error)
    time.sleep(2)  # nothing is to happen
    check(text not in plain.heard(), f"it was said all the same: {plain.heard()}")


@case
def n19_plain_on_hears_and_says_and_marks(l):
    plain = Plain(l, "on")
    stream = plain.dial()
    plain.says(stream, "in plain")
    event = plain.client.wait("message", 5, direction="in", text="in plain")
    check(event["trust"] == "plain" and not event["encrypted"], f"marked: {event}")
    check(plain.client.here(ROMEO)["trust"] == "plain", "he is, too")
    plain.client.call("send", peer=ROMEO, text="in plain to you")
    lab.wait_for(lambda: "in plain to you" in plain.heard()
                 + "".join(stream.events.since(0)), 10, "it is said")


@case
def n19_plain_receive_hears_but_does_not_say(l):
    plain = Plain(l, "receive")
    stream = plain.dial()
    plain.says(stream, "in plain")
    event = plain.client.wait("message", 5, direction="in", text="in plain")
    check(event["trust"] == "plain" and not event["encrypted"], f"marked: {event}")
    refused(plain, "never said in plain")
    check("never said" not in "".join(stream.events.since(0)), "nor on his own stream")


@case
def n19_plain_off_neither_hears_nor_says(l):
    plain = Plain(l, "off")
    mark = plain.client.mark()
    stream = plain.dial()
    try:
        plain.says(stream, "never heard")
    except OSError:
        pass  # refused before
    ends(stream, "<policy-violation")
    refused(plain, "never said in plain")
    told = plain.client.events.since(mark, lambda e: e["event"] == "message")
    check(not told, f"nothing of his was heard: {told}")


@case
def n19_limits_hold_in_plain(l):
    """What is too deep, too large, forbidden or forged ends the stream, and only that."""
    plain = Plain(l, "receive")
    for hostile, wanted in {
            "<message>" + "<a>" * 40: "<policy-violation",
            WORDS.format("x" * 300000): "<policy-violation",
            "<message " + " ".join(f"a{n}=''" for n in range(40)) + "/>": "<policy-violation",
            "<message><!-- x --></message>": "<restricted-xml",
            "<message><body>&ha;</body></message>": "<restricted-xml",
            "<message><body>\x01</body></message>": "<not-well-formed"}.items():
        stream = plain.dial()
        try:
            stream.send(hostile.encode())
        except OSError:
            pass  # cut off in the middle of it
        stream.events.until(lambda s=stream: s.events.ended, 10, "its end")
        said = "".join(stream.events.since(0))
        check(wanted in said or stream.problem == "reset", f"{hostile[:40]} ended with {said}")
    stream = plain.dial()
    plain.says(stream, "still in plain")
    plain.client.wait("message", 5, direction="in", text="still in plain")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
