#!/usr/bin/env python3
"""An attacker between two people who know each other's keys: replays, strips, injects, degrades
(threats N6, N7). Whatever it does, nothing of theirs goes out in plain, and what was said arrives
when it is gone. And a stranger who offers less than TLS 1.3."""
import socket
import ssl
import time

import lab
import relay
from attack import pinned, put_between, queued, some_markers, texts, two, wait_delivered
from earshot import talk
from tap import Failure, case, check, note, run

STANZAS = (b"<message", b"<body", b"<iq", b"<presence")
HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
          "xmlns:stream='http://etherx.jabber.org/streams' from='{}' to='{}' version='1.0'>")


# ---- N6: once more ----

@case
def n6_a_recorded_connection_says_nothing_twice(l):
    a, b = pinned(l)
    words = some_markers(5, 6)
    with put_between(l, a, b, relay.Conversation) as between:
        for word in words:
            talk(a, b, word, 20)
        recorded = [dict(c.said) for c in between.conversations
                    if relay.STARTTLS.search(bytes(c.said["dialler"]))]
        check(recorded, "the connections were recorded")
        mark = b.client.mark()
        for said in recorded:
            for side, pause in ((bytes(said["dialler"]), 0), (bytes(said["dialler"]), 0.3)):
                replay(between, a, b, side, pause)
        time.sleep(1)  # nothing is to happen
        told = b.client.events.since(mark, lambda e: e["event"] in ("message", "typing", "attention"))
        check(not told, f"a replay had an effect: {told}")
        check(texts(b, a.name, "in").count(words[0]) == 1, "and nothing is there twice")
        talk(a, b, "the true one goes on", 20)


def replay(between, a, b, data, pause):
    """From a's address, at once or as it was: what came before TLS, then the rest."""
    port = b.status()["port"]
    connection = relay.connect(between.side_of(a.host), a.host.address(), b.host.address(), port)
    connection.settimeout(12)
    at = data.find(b"\x16\x03") if pause else 0
    try:
        if at > 0:
            connection.sendall(data[:at])
            time.sleep(pause)
        connection.sendall(data[at:])
        while connection.recv(65536):
            pass
    except OSError:
        pass  # refused in the middle of it
    connection.close()


@case
def n6_a_message_that_is_sent_again_is_there_once(l):
    """Its receipt is kept back, then the connection dies: it goes out again, with the same id."""
    a, b = pinned(l)
    with put_between(l, a, b, relay.Frozen) as between:
        talk(a, b, "through the relay", 20)
        between.frozen = a.host
        mark = b.client.mark()
        a.client.call("send", peer=b.name, text="sent twice")
        b.client.wait("message", 10, mark, direction="in", text="sent twice")
        time.sleep(0.5)
        check(queued(a) == ["sent twice"], "the receipt was kept back")
        between.frozen = None
        between.cut()
        lab.wait_for(lambda: not queued(a), 30, "it is confirmed on a new stream")
        talk(a, b, "behind it", 20)
    check(texts(b, a.name, "in").count("sent twice") == 1, texts(b, a.name, "in"))


# ---- N7: less than was agreed ----

def under_attack(l, behaviour, tries=2):
    """Messages wait as long as the attacker is there; returns the connections it took part in."""
    a, b = pinned(l)
    words, answers = some_markers(3, 7), some_markers(3, 8)
    with put_between(l, a, b, behaviour) as between:
        mark = b.client.mark()
        for word in words:
            a.client.call("send", peer=b.name, text=word)
        for word in answers:
            b.client.call("send", peer=a.name, text=word)
        between.until(lambda: len(between.conversations) >= tries, 30, f"{tries} connections")
        time.sleep(3)  # nothing is to happen
        check(queued(a) == words and queued(b) == answers, "everything still waits")
        told = b.client.events.since(
            mark, lambda e: e["event"] == "message" and e["direction"] == "in")
        check(not told, f"somebody was heard: {told}")
        heard = between.heard().replace(relay.INJECTED, b"")
        for tag in STANZAS:
            check(tag not in heard, f"{tag} in plain: {heard[:3000]}")
        for word in words + answers:
            check(word.encode() not in heard, "words in plain")
        plain = [c.plain for c in between.conversations if isinstance(c, relay.Terminator)]
        check(not any(p["dialler"] or p["other"] for p in plain), f"the relay read {plain}")
        conversations = list(between.conversations)
        between.leave()
        wait_delivered(a, b, words, 40)
        wait_delivered(b, a, answers, 40)
    check(any(getattr(c, "tampered", None) or getattr(c, "handshakes", None)
              for c in conversations), "the attack took place")
    for one, other in ((a, b), (b, a)):
        check("injected before TLS" not in texts(one, other.name, "in"), "nothing was injected")
        check(one.client.people[other.name]["trust"] == "known", "trust is what it was")
    return conversations


@case
def n7_starttls_stripped(l):
    under_attack(l, relay.Stripper)


@case
def n7_failure_instead_of_proceed(l):
    under_attack(l, relay.Refuser)


@case
def n7_injected_behind_proceed(l):
    under_attack(l, relay.InjectsToDialler)


@case
def n7_injected_behind_starttls(l):
    under_attack(l, relay.InjectsToOther)


@case
def n7_an_older_version_of_tls(l):
    conversations = under_attack(l, relay.OldVersion)
    tried = [said for c in conversations for said in c.handshakes.values()]
    check(tried and "TLSv1.2" not in tried, f"the handshakes ended with {tried}")


@case
def n7_a_group_that_is_not_offered(l):
    conversations = under_attack(l, relay.WeakGroup)
    tried = [said for c in conversations for said in c.handshakes.values()]
    check(tried and "TLSv1.3" not in tried, f"the handshakes ended with {tried}")


# ---- a stranger's offers ----

def stranger_says(l, daemon, context):
    """How far a stranger gets with this TLS: the version agreed on, or what refused it."""
    connection = socket.create_connection(
        (daemon.host.address(), daemon.status()["port"]), 10, (STRANGER, 0))
    connection.sendall(HEADER.format("stranger@nowhere", daemon.name).encode())
    heard = b""
    try:
        while b"</stream:features>" not in heard:
            data = connection.recv(65536)
            if not data:
                raise Failure(f"no features: {heard}")
            heard += data
        check(b"<starttls" in heard, f"TLS is offered: {heard}")
        connection.sendall(b"<starttls xmlns='" + relay.NS_TLS + b"'/>")
        while not relay.PROCEED.search(heard):
            data = connection.recv(65536)
            if not data:
                raise Failure(f"no <proceed/>: {heard}")
            heard += data
        try:
            wrapped = context.wrap_socket(connection)
            # in TLS 1.3 the server's refusal comes after the client's last word
            wrapped.sendall(HEADER.format("stranger@nowhere", daemon.name).encode())
            return wrapped.version() if wrapped.recv(1) else "hung up"
        except ssl.SSLError as error:
            return error.reason or str(error)
        except OSError as error:
            return str(error)
    finally:
        connection.close()


STRANGER = "10.77.0.200"


@case
def n7_a_stranger_with_less_than_tls13_is_refused(l):
    a, _ = two(l)
    l.add_address(STRANGER)
    folder = "/run"
    key, cert = relay.make_certificate(folder)
    said = {}
    for name, context in {
            "TLS 1.2": relay.tls_client(key, cert, newest=ssl.TLSVersion.TLSv1_2),
            "TLS 1.1": relay.tls_client(key, cert, newest=ssl.TLSVersion.TLSv1_1),
            "P-521": relay.tls_client(key, cert, curve="secp521r1"),
            "RSA": relay.tls_client(*relay.make_certificate(folder, "rsa", "rsa")),
            "no certificate": relay.tls_client(None, None)}.items():
        said[name] = stranger_says(l, a, context)
        check(not str(said[name]).startswith("TLSv"), f"{name}: {said[name]}")
    note(f"{said}")
    # what refuses them is not that nothing is accepted
    fine = stranger_says(l, a, relay.tls_client(key, cert))
    note(f"TLS 1.3 with Ed25519: {fine}")
    check(fine == "TLSv1.3" or "hung up" in fine, f"TLS 1.3 with Ed25519: {fine}")
    check(a.status()["pid"], "and the daemon is well")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
