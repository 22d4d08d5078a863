#!/usr/bin/env python3
"""Three hosts, three people: one vouches to another for a third."""
import time

import lab
from earshot import CallError, Daemon, meet, talk
from tap import check, case, run


def three(l, *names):
    daemons = [Daemon(l.host(), name) for name in names]
    meet(*daemons)
    return daemons


def verify(one, other):
    """`one` compares the key of the other, read from the other's screen."""
    one.client.call("ping", 10, peer=other.name)
    other.client.call("ping", 10, peer=one.name)
    key = other.client.call("verify.number", peer=one.name)["own_id"]
    now = one.client.call("verify.confirm", peer=other.name, id=key)
    check(now["trust"] == "verified", f"{now}")


def trust(daemon, other):
    return daemon.client.call("trust.show", peer=other.name)


def vouched(daemon):
    return daemon.client.call("trust.list")["introductions"]


def refused(voucher, one, other):
    try:
        voucher.client.call("trust.introduce", 15, peer=one.name, to=other.name)
    except CallError as error:
        return error
    check(False, "nobody minded")
    return None


@case
def alice_introduces_bob_to_carol(l):
    alice, bob, carol = three(l, "alice", "bob", "carol")
    verify(alice, bob)
    verify(alice, carol)
    error = refused(alice, bob, carol)
    check(error.reason == "trust" and "has not verified you" in str(error), f"{error}")
    check(not vouched(carol), "Carol knows nothing of Alice yet")
    verify(carol, alice)
    done = alice.cli("trust", "introduce", "bob", "carol")
    check(done.returncode == 0 and "is introduced to" in done.stdout, f"{done}")
    told = carol.client.wait("introduction", voucher=alice.name, name=bob.name)
    check("peer" not in told and len(vouched(carol)) == 1, "Bob has shown no key yet")

    mark = carol.client.mark()
    talk(bob, carol, "Alice says that you are Carol")
    met = carol.client.wait("introduction", 10, mark, peer=bob.name, voucher=alice.name)
    now = trust(carol, bob)
    check(now["trust"] == "new" and now["vouched_by"] == alice.name, f"by itself nothing: {now}")
    check(met["id"] == now["id"] == trust(alice, bob)["id"], "it is the key that Alice knows")

    done = carol.cli("trust", "accept", "bob")
    check(done.returncode == 0 and f"[i] via {alice.name}" in done.stdout, f"{done}")
    event = carol.client.wait("trust", peer=bob.name, trust="introduced")
    check(event["before"] == "new" and event["cause"] == "introduced", f"{event}")
    check(not vouched(carol), "that is done")
    carol.kill()
    carol.start()
    meet(bob, carol)
    now = trust(carol, bob)
    check(now["trust"] == "introduced" and now["introduced_by"] == alice.name, f"it is kept: {now}")
    talk(bob, carol, "still me")
    heard = carol.client.wait("message", text="still me")
    check(heard["trust"] == "introduced", f"{heard}")
    verify(carol, bob)
    alice.client.call("trust.introduce", 15, peer=bob.name, to=carol.name)
    carol.client.call("trust.accept", peer=bob.name)
    check(trust(carol, bob)["trust"] == "verified", "who is verified stays that")


@case
def n4_the_word_of_others_has_no_effect(l):
    mallory, bob, carol = three(l, "mallory", "bob", "carol")
    verify(mallory, bob)
    verify(mallory, carol)
    for known in (False, True):  # a stranger, and then somebody Carol talks to
        if known:
            talk(carol, mallory, "good evening")
        error = refused(mallory, bob, carol)
        check(error.reason == "trust", f"{error}")
    talk(bob, carol, "I am Bob")
    time.sleep(0.5)
    events = carol.client.events.since(0)
    check(not [e for e in events if e["event"] == "introduction"], "nobody was told")
    check(not vouched(carol) and "vouched_by" not in trust(carol, bob), "nothing is remembered")
    now = carol.client.call("trust.accept", peer=bob.name)
    check(now["trust"] == "known" and "introduced_by" not in now, f"{now}")


@case
def nobody_vouches_for_who_is_not_verified(l):
    alice, bob, carol = three(l, "alice", "bob", "carol")
    verify(alice, carol)
    verify(carol, alice)
    talk(alice, bob, "hello")
    check("earshot verify" in str(refused(alice, bob, carol)), "Bob is but known")
    verify(alice, bob)
    carol.stop()
    alice.client.wait_gone(carol.name)
    error = refused(alice, bob, carol)
    check(error.reason in ("absent", "unreachable"), f"{error}")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
