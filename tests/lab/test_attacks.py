#!/usr/bin/env python3
"""What an attacker on the network can learn, and whom they can pose as. Cases carry the row of the
threat they prove; those named tools_ prove that the tools would notice."""
import time

import lab
import pcap
import relay
from attack import (pinned, put_between, queued, some_markers, texts, two, wait_changed,
                    wait_delivered)
from earshot import meet, talk
from impostor import Impostor
from tap import case, check, note, run

MARKERS = 1000
TAG, PADDED = 16, 256  # bytes: of a record's seal; what the rest is padded to
FULL = 16384 + 1 + TAG  # no room for padding
PLAIN = "[privacy]\ntls = off\n"


# ---- the tools ----

@case
def tools_plain_words_are_found_on_the_wire(l):
    """A capture that finds nothing would prove nothing."""
    a, b = two(l, PLAIN)
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
    a, b = two(l, PLAIN)
    with put_between(l, a, b, relay.Conversation) as between:
        meet(a, b)
        talk(a, b, "for the relay to hear")
        talk(b, a, "and the answer")
        heard = between.heard()
        check(b"for the relay to hear" in heard and b"and the answer" in heard, heard[:2000])


# ---- N1: listening ----

def say_much(a, b, markers):
    """In every way there is to say something; the words that are in TXT records by design."""
    parts = {"bodies": markers[:700], "edits": markers[700:800], "replies": markers[800:850],
             "reactions": markers[850:950]}
    public = markers[950:]
    calls = [a.client.start("send", peer=b.name, text=text) for text in parts["bodies"]]
    ids = [call.result(30)["id"] for call in calls]
    b.client.wait("message", 60, direction="in", text=parts["bodies"][-1])
    calls = [a.client.start("edit", peer=b.name, id=id_, text=text)
             for id_, text in zip(ids, parts["edits"])]
    calls += [a.client.start("send", peer=b.name, text=text, reply=id_)
              for id_, text in zip(ids, parts["replies"])]
    calls += [b.client.start("react", peer=a.name, id=id_, reactions=[text])
              for id_, text in zip(ids, parts["reactions"])]
    for call in calls:
        call.result(30)
    lab.wait_for(lambda: not queued(a) and not queued(b), 60, "all of it delivered")
    # names and status are announced, if one wants; in streams they have to be hidden all the same
    for number, text in enumerate(public[:20]):
        a.client.call(("set.nick", "set.name")[number % 2], text=text)
        a.client.call("status", status="away", text=public[20 + number])
    talk(a, b, public[-1])
    return [m for part in parts.values() for m in part], public[:-1]


def check_tls(traffic):
    """Every flow with TLS: version, key exchange, and nothing but headers before it."""
    encrypted = b""
    hellos = 0
    for flow, data in traffic.flows.items():
        before = pcap.plain_part(data)
        for tag in (b"<message", b"<presence", b"<iq", b"<body"):
            check(tag not in before, f"{tag} before TLS on {flow}: {before[:3000]}")
        if len(before) == len(data):
            continue
        hello = pcap.server_hello(data)
        if hello:
            hellos += 1
            check(hello["version"] == pcap.TLS13, f"version {hello}")
            # a key of this connection alone: who has the long-term keys later reads nothing
            check(hello["group"] in (pcap.X25519, pcap.SECP256R1), f"key exchange {hello}")
            check(pcap.EXT_PSK not in hello["extensions"], f"no resumption {hello}")
        protected = [c for kind, c in pcap.records(data) if kind == pcap.APPLICATION]
        odd = [len(c) for c in protected if len(c) != FULL and (len(c) - TAG) % PADDED]
        check(not odd, f"lengths tell more than a multiple of {PADDED}: {odd[:10]}")
        encrypted += b"".join(protected)
    check(hellos > 0, "a TLS handshake was seen")
    bits = pcap.entropy(encrypted)
    note(f"{hellos} handshakes, {len(encrypted)} bytes encrypted, {bits:.4f} bits a byte")
    check(len(encrypted) > 100000 and bits > 7.99, "it looks like noise")


@case
def n1_no_marker_on_the_wire(l):
    a, b = two(l)
    capture = pcap.Capture(l, a.host)
    meet(a, b)
    talk(b, a, "you may say much")  # whom one has not written to may not
    secret, public = say_much(a, b, some_markers(MARKERS, 2))
    traffic = capture.stop()
    found = traffic.find(secret)
    check(not found, f"{len(found)} of {len(secret)} on the wire: {found[:5]}")
    found = traffic.find(public, datagrams=False)
    check(not found, f"{len(found)} of {len(public)} in streams: {found[:5]}")
    check_tls(traffic)


# ---- N3: announcing somebody else ----

@case
def n3_forged_mdns_variants(l):
    """A hundred false Bobs take nothing of what waits for him; he gets it when he is there, without a
    word of his: mostly at once, else after the pause that follows attempts which failed on them."""
    a, b = pinned(l)
    name, before = b.name, b.client.people and a.client.here(b.name)
    mark = a.client.mark()
    b.stop()
    a.client.wait_gone(name)
    words = some_markers(10, 3)
    for word in words:
        a.client.call("send", peer=name, text=word)
    with Impostor(l.host("mallory", ipv6=False), name, before["id"]) as impostor:
        impostor.announce()
        lab.wait_for(lambda: impostor.accepted, 30, "a false Bob was dialled")
        time.sleep(8)  # every one has been announced twice, and nothing is to happen
        note(f"{impostor.accepted} connections to {impostor.count} false Bobs")
        for word in words:
            check(word.encode() not in impostor.heard, "what waits for Bob went to somebody else")
        for tag in (b"<message", b"<body", b"<iq", b"<presence"):
            check(tag not in impostor.heard, f"{tag} to a false Bob: {impostor.heard[:3000]}")
        check(len(queued(a)) == len(words), "all of it still waits")
        began = time.monotonic()
        b.start()
        appeared = time.monotonic()
        wait_delivered(a, b, words, 30)  # the pause grew for eleven seconds: 24 s at most
        note(f"delivered {time.monotonic() - appeared:.1f} s after Bob was there,"
             f" {appeared - began:.1f} s to start")
    told = [e for e in a.client.events.since(mark) if e["event"] == "message"
            and e["direction"] == "in"]
    check(not told, f"somebody was heard in his name: {told}")


# ---- N4: ending TLS on both sides ----

@case
def n4_relay_terminates_tls(l):
    """Both see that it is not the other; the relay reads nothing at all from either."""
    a, b = pinned(l)
    words, answers = some_markers(5, 4), some_markers(5, 5)
    with put_between(l, a, b, relay.Terminator) as between:
        for word in words:
            a.client.call("send", peer=b.name, text=word)
        for word in answers:
            b.client.call("send", peer=a.name, text=word)
        for one, other in ((a, b), (b, a)):
            changed = wait_changed(one, other.name, 30)
            check(changed["name"] != other.name, "not the person one talks to")
            check(one.client.people[other.name]["trust"] == "known", "who keeps what they had")
        check(any(c.handshakes for c in between.conversations), "the relay did try")
        for c in between.conversations:
            check(not c.plain["dialler"] and not c.plain["other"],
                  f"the relay read {c.plain}, {c.handshakes}")
        for tag in (b"<message", b"<body", b"<iq", b"<presence"):
            check(tag not in between.heard(), f"{tag} in plain")
        check(len(queued(a)) == 5 and len(queued(b)) == 5, "nothing was handed to it")
        between.leave()
        wait_delivered(a, b, words, 40)
        wait_delivered(b, a, answers, 40)
    check(not [t for t in texts(a, b.name, "in") if "inject" in t], "nothing else came")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
