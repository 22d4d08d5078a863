#!/usr/bin/env python3
"""Things break: cables, responders, the helper. What worked goes on working."""
import os
import signal
import time

import lab
from earshot import Daemon, meet, talk
from tap import add_case, case, check, note, run

SILENT = 12.0  # s; a pulled cable is shown by then
BACK = 5.0     # s; a plugged one


def pair(l, avahi=False):
    a, b = Daemon(l.host(avahi=avahi), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    talk(a, b, "all is well")
    return a, b


def new_helper(d, old, timeout=30):
    """The daemon has another helper than `old`, and is published again."""
    status = lab.wait_for(lambda: (lambda s: s["helper_pid"] not in (0, old) and s)(d.status()),
                          timeout, "a new helper")
    d.wait_state(timeout, discovery="running")
    d.wait_published(timeout)
    return status


def still_here(a, b, since):
    """Nothing of that outage was shown to people."""
    for d, other in ((a, b), (b, a)):
        left = [e for e in d.client.events.since(since[d]) if e["event"] == "person"
                and e["person"]["name"] == other.name and e["person"]["state"] != "answered"]
        check(not left, f"{d.name} saw {other.name} as {left}")


def helper_fails(number, timeout):
    def play(l):
        a, b = pair(l)
        marks = {d: d.client.mark() for d in (a, b)}
        before = a.status()
        os.kill(before["helper_pid"], number)
        began = time.monotonic()
        for n in range(5):
            talk(a, b, f"meanwhile {n}")
            talk(b, a, f"likewise {n}")
        after = new_helper(a, before["helper_pid"], timeout)
        note(f"a new helper after {time.monotonic() - began:.1f} s")
        check(after["helper_restarts"] == before["helper_restarts"] + 1, "restarted once")
        check(after["streams"] == before["streams"], "the stream stayed")
        check(not lab.alive(before["helper_pid"]), "the old one is gone")
        still_here(a, b, marks)
        c = Daemon(l.host(), "carol")
        meet(a, b, c)
        talk(c, a, "the new helper works")
    return play


add_case("helper-killed", helper_fails(signal.SIGKILL, 15))
add_case("helper-hangs", helper_fails(signal.SIGSTOP, 45))


@case
def helper_dies_with_a_killed_daemon(l):
    a = Daemon(l.host(), "alice")
    helper = a.status()["helper_pid"]
    a.kill()
    lab.wait_for(lambda: not lab.alive(helper), 5, "the end of the helper")


@case
def avahi_daemon_restarts_under_traffic(l):
    a, b = pair(l, avahi=True)
    streams = a.status()["streams"]
    sent = []

    def say(count):
        for _ in range(count):
            for this, that in ((a, b), (b, a)):
                text = f"{this.user} {len(sent)}"
                sent.append((this, that, text))
                this.send(that.name, text)

    say(10)
    a.host.stop_avahi(signal.SIGKILL)
    say(10)
    a.host.start_avahi()
    say(10)
    a.client.events.until(lambda: a.client.state["backend"] == "avahi-daemon"
                          and a.client.own["published"], 30, "published by avahi-daemon again")
    say(10)
    for this, that, text in sent:
        that.client.wait("message", direction="in", peer=this.name, text=text)
    for d, other in ((a, b), (b, a)):
        got = d.client.messages(other.name)[-40:]
        wanted = [text for this, _, text in sent if this is other]
        check([t for t in got if t in wanted] == wanted, f"in order, once: {got}")
    check(a.status()["streams"] == streams, "streams stayed")
    c = Daemon(l.host(), "carol")
    meet(a, b, c)


@case
def avahi_daemon_goes_for_good(l):
    a, b = pair(l, avahi=True)
    a.host.stop_avahi()
    a.client.events.until(lambda: a.client.state["backend"] == "embedded"
                          and a.client.own["published"], 30, "published by itself")
    c = Daemon(l.host(), "carol")
    meet(a, b, c)
    talk(c, a, "found you")


@case
def cable_pulled_and_plugged(l):
    a, b = pair(l)
    talk(b, a, "all is well here too")
    b.host.pull_cable()
    began = time.monotonic()
    a.client.wait_here(b.name, SILENT, state="silent")
    note(f"cable pulled -> silent: {time.monotonic() - began:.1f} s")
    b.client.wait_here(a.name, SILENT, state="silent")
    mark = b.client.mark()
    b.host.plug_cable()
    began = time.monotonic()
    a.client.wait_here(b.name, BACK, state="answered")
    note(f"plugged -> answers: {time.monotonic() - began:.1f} s")
    talk(a, b, "there you are")
    check(b.client.messages(a.name, since=mark) == ["there you are"], "nothing came twice")


@case
def a_message_into_a_pulled_cable_is_never_called_delivered(l):
    a, b = pair(l)
    b.host.pull_cable()
    mark = a.client.mark()
    there = b.client.mark()
    said = a.send(b.name, "into the void")
    check(said["state"] == "queued", f"too much promised: {said}")
    a.client.wait_here(b.name, SILENT, state="silent")
    check(not [e for e in a.client.events.since(mark) if e["event"] == "receipt"
               and e["id"] == said["id"] and e["state"] == "delivered"], "nobody confirmed it")
    said = a.send(b.name, "still the void")
    check(said["state"] == "queued", f"too much promised: {said}")
    b.host.plug_cable()
    began = time.monotonic()
    for text in ("into the void", "still the void"):
        b.client.wait("message", BACK, there, text=text)
    note(f"plugged -> both arrived: {time.monotonic() - began:.1f} s")
    talk(a, b, "and now?")
    check(b.client.messages(since=there) == ["into the void", "still the void", "and now?"],
          "each once, in order")


@case
def own_interface_down_and_up(l):
    a, b = pair(l)
    a.host.nic_down()
    a.wait_state(network=False)
    a.host.nic_up()
    a.wait_state(network=True)
    meet(a, b, timeout=20)
    talk(a, b, "my cable fell out", timeout=20)
    talk(b, a, "so I saw", timeout=20)


@case
def a_daemon_that_hangs_for_a_while_loses_nothing(l):
    a, b = pair(l)
    b.process.signal(signal.SIGSTOP)
    outcome = a.client.start("ping", peer=b.name).outcome(15)
    check(outcome.get("error", {}).get("data", {}).get("reason") == "timeout",
          f"it does not answer: {outcome}")
    mark = b.client.mark()
    for n in range(3):
        a.send(b.name, f"are you there? {n}")
    b.process.signal(signal.SIGCONT)
    b.client.wait("message", since=mark, text="are you there? 2")
    got = b.client.messages(a.name, since=mark)
    check(got == [f"are you there? {n}" for n in range(3)], f"each once, in order: {got}")
    talk(b, a, "good morning")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
