#!/usr/bin/env python3
"""The discovery helper alone, earshot-mdns, on virtual hosts: both back ends, the change between
them, names, questions, and how it ends. EARSHOT_LAB_TIMES=1 prints how long things took."""
import os
import signal
import time

import lab
from tap import case, check, run

HELPER = os.path.join(lab.BUILD, "earshot-mdns")
TIMES = "EARSHOT_LAB_TIMES" in os.environ


def decode(field):
    return "".join(chr(int(part[:2], 16)) + part[2:] if n else part
                   for n, part in enumerate(field.split("%")))


def encode(field):
    return "".join(c if " " <= c <= "~" and c != "%" else f"%{ord(c):02X}" for c in field)


class Helper:
    """One earshot-mdns; .lines are what it said, split into fields."""

    def __init__(self, host, user=None, port=5298, txt=("txtvers=1",), embedded=False, wrap=()):
        self.host = host
        argv = [*wrap, HELPER] + (["--embedded"] if embedded else [])
        self.began = time.monotonic()
        self.process = host.spawn(*argv, label=f"mdns-{len(host.processes)}", stdin=True)
        self.events = self.process.events
        self.say("hello", "1")
        if user:
            self.publish(user, port, *txt)

    def say(self, *fields):
        self.process.say("\t".join(encode(str(f)) for f in fields))

    def publish(self, user, port=5298, *txt):
        self.say("publish", user, port, *txt)

    def wait(self, verb, *fields, timeout=6.0, since=0):
        """The first such line; the fields given are a prefix, None fits all."""
        def fits(line):
            got = [decode(f) for f in str(line).split("\t")]
            return got[0] == verb and len(got) > len(fields) and all(
                want is None or want == have for want, have in zip(fields, got[1:]))
        line = self.events.wait(fits, timeout, since, f"{verb} {fields}")
        return [decode(f) for f in str(line).split("\t")]

    def said(self, verb, *fields, since=0):
        return [line for line in self.events.since(since)
                if str(line).split("\t")[0] == verb and
                [decode(f) for f in str(line).split("\t")][1:len(fields) + 1] == list(fields)]

    def mark(self):
        return self.events.mark()

    def age(self):
        return time.monotonic() - self.began

    def quit(self):
        self.say("quit")
        check(self.process.wait() == 0, "quit ends it with status 0")


def took(what, began):
    if TIMES:
        print(f"# {what}: {time.monotonic() - began:.2f} s", flush=True)


def see_each_other(l, avahi_a, avahi_b, **options):
    a = l.host(avahi=avahi_a, **options)
    b = l.host(avahi=avahi_b, **options)
    alice = Helper(a, "alice", 5001, ("txtvers=1", "status=avail"))
    bob = Helper(b, "bob", 5002, ("txtvers=1", "msg=50% \t"))
    began = bob.began
    alice.wait("backend", "avahi-daemon" if avahi_a else "embedded")
    bob.wait("backend", "avahi-daemon" if avahi_b else "embedded")
    alice.wait("published", "alice@h1")
    bob.wait("published", "bob@h2")
    took("published", began)
    seen = alice.wait("service", "bob@h2")
    took("bob seen by alice", began)
    check(seen[3] in ("4", "6") and seen[4] == "h2.local" and seen[5] == "5002", "where bob is")
    check(seen[7:] == ["txtvers=1", "msg=50% \t"], f"bob's TXT record: {seen[7:]}")
    bob.wait("service", "alice@h1")
    check(not alice.said("found", "alice@h1"), "nobody finds himself")
    return alice, bob


@case
def embedded_and_embedded(l):
    see_each_other(l, False, False)


@case
def embedded_and_daemon(l):
    see_each_other(l, False, True)


@case
def daemon_and_embedded(l):
    see_each_other(l, True, False)


@case
def daemon_and_daemon(l):
    see_each_other(l, True, True)


@case
def ipv6_only(l):
    alice, bob = see_each_other(l, False, True, ipv4=False)
    check(alice.wait("service", "bob@h2", None, "6")[6] == "fe80::77:0:2", "the address")
    check(bob.wait("service", "alice@h1", None, "6")[6] == "fe80::77:0:1", "the address")


@case
def loopback_only(l):
    a = l.host(nics=0)
    alice, bob = Helper(a, "alice", 5001), Helper(a, "bob", 5002)
    check(alice.wait("network")[1] == "0", "no network")
    check(alice.wait("service", "bob@h1")[6] == "127.0.0.1", "bob on lo")
    check(bob.wait("service", "alice@h1")[6] == "127.0.0.1", "alice on lo")


@case
def no_interface_at_all(l):
    a = l.host(nics=0)
    a.must("ip", "link", "set", "lo", "down")
    alice = Helper(a, "alice")
    alice.wait("published", "alice@h1")
    a.add_nic()
    alice.wait("network", "1")
    bob = Helper(l.host(), "bob")
    bob.wait("service", "alice@h1")
    alice.wait("service", "bob@h2")


@case
def two_users_of_one_host(l):
    a, b = l.host(), l.host()
    alice, bob = Helper(a, "alice", 5001), Helper(a, "bob", 5002)
    carol = Helper(b, "carol")
    check(carol.wait("service", "alice@h1")[5] == "5001", "alice from afar")
    check(carol.wait("service", "bob@h1")[5] == "5002", "bob from afar")
    check(alice.wait("service", "bob@h1")[6] != "127.0.0.1", "not by lo where there is a LAN")
    mark = carol.mark()
    bob.quit()
    carol.wait("lost", "bob@h1", since=mark)
    time.sleep(1.5)
    check(not carol.said("lost", "alice@h1"), "one's goodbye is not the other's")


@case
def a_name_in_use_gets_a_number(l):
    a, b = l.host(name="pc"), l.host(name="other")
    first = Helper(a, "alice")
    first.wait("published", "alice@pc")
    second = Helper(a, "alice", 5001)
    second.wait("published", "alice-2@pc")
    third = Helper(a, "alice", 5002)
    third.wait("published", "alice-3@pc", timeout=8)
    second.wait("service", "alice@pc")
    check(not second.said("found", "alice-2@pc"), "nobody finds himself")
    check(not first.said("unpublished"), "the first is left alone")
    del b


@case
def a_name_in_use_on_one_daemon_gets_a_number(l):
    a = l.host(name="pc", avahi=True)
    first, second = Helper(a, "alice"), None
    first.wait("published", "alice@pc")
    second = Helper(a, "alice", 5001)
    second.wait("published", "alice-2@pc")
    second.wait("service", "alice@pc")


@case
def a_host_name_in_use_gets_a_number(l):
    a, b = l.host(name="pc"), l.host(name="pc")
    first = Helper(a, "alice")
    first.wait("published", "alice@pc")
    second = Helper(b, "bob")
    second.wait("machine", "pc-2")
    second.wait("published", "bob@pc-2")
    check(first.wait("service", "bob@pc-2")[4] == "pc-2.local", "its host")


@case
def a_new_txt_record_is_seen(l):
    for avahi in (False, True):
        a, b = l.host(avahi=avahi), l.host(avahi=avahi)
        alice, bob = Helper(a, "alice", 5001, ("status=avail",)), Helper(b, "bob")
        bob.wait("service", f"alice@{a.name}")
        time.sleep(2)
        mark, began = bob.mark(), time.monotonic()
        alice.publish("alice", 5001, "status=away")
        check(bob.wait("txt", f"alice@{a.name}", since=mark)[2:] == ["status=away"], "the news")
        took("TXT update", began)
        mark = bob.mark()
        for n in range(30):
            alice.publish("alice", 5001, f"status={n}")
            time.sleep(0.02)
        bob.wait("txt", f"alice@{a.name}", "status=29", since=mark)
        check(len(bob.said("txt", since=mark)) <= 3, "at most one a second")
        last = bob.said("service", since=mark)
        check(not last or last[-1].endswith("status%3D29") or last[-1].endswith("status=29"),
              f"no stale record after it: {last}")
        check(not bob.said("lost"), "an update is no goodbye")


@case
def quit_sigterm_and_end_of_line_say_goodbye(l):
    a, b = l.host(), l.host()
    watcher = Helper(b, "bob")
    for how in ("quit", "sigterm", "eof"):
        alice = Helper(a, "alice")
        mark = watcher.mark()
        watcher.wait("service", "alice@h1", since=mark)
        if how == "quit":
            alice.say("quit")
        elif how == "sigterm":
            alice.process.signal(signal.SIGTERM)
        else:
            alice.process.popen.stdin.close()
        check(alice.process.wait() == 0, f"{how} ends it with status 0")
        watcher.wait("lost", "alice@h1", since=mark, timeout=3)


@case
def nonsense_ends_it(l):
    a = l.host()
    for line in ("hello\t2", "ping\t1", "hello\t1\nfrob", "hello\t1\nping\t%G0", "hello\t1\n\t",
                 "hello\t1\npublish\talice\t0", "hello\t1\npublish\t\t5298", "hello\t1\nping",
                 "hello\t1\navatar\tabc", "hello\t1\npublish\ta%FF\t1",
                 "hello\t1\npublish\ta\t1\t" + 256 * "x"):
        process = a.spawn(HELPER, "--embedded", label="nonsense", stdin=True)
        process.say(line)
        check(process.wait() == 1, f"{line[:40]!r} ends it with status 1")
        process.events.wait(lambda said: str(said).startswith("note\twarn\t"), what="a note")


@case
def resolve_tells_all_addresses(l):
    for avahi in (False, True):
        a, b = l.host(nics=2, avahi=avahi), l.host(nics=2, avahi=avahi)
        a.must("ip", "addr", "add", f"fd77::{a.number}/64", "dev", "eth0", "nodad")
        a.must("ip", "addr", "add", f"10.77.0.{a.number + 100}/24", "dev", "eth0")
        time.sleep(0.5)
        Helper(a, "alice")
        bob = Helper(b, "bob")
        name = f"alice@{a.name}"
        bob.wait("service", name)
        time.sleep(1.5)
        mark, began = bob.mark(), time.monotonic()
        bob.say("resolve", name)
        check(bob.wait("resolved", name, since=mark, timeout=3.2)[2] == "1", "resolved")
        took("resolve", began)
        told = {str(line).split("\t")[3] for line in bob.said("address", name, since=mark)}
        for address in (a.address(), f"10.77.0.{a.number + 100}", f"fd77::{a.number}", a.address(1)):
            check(address in told, f"{address} is told, of {told}")
        check(bob.said("service", name, since=mark), "the service line again")
        mark, began = bob.mark(), time.monotonic()
        bob.say("resolve", "nobody@nowhere")
        check(bob.wait("resolved", "nobody@nowhere", since=mark, timeout=3.2)[2] == "0", "nobody")
        took("resolve of nobody", began)


@case
def avatars_are_published_and_fetched(l):
    for avahi in (False, True):
        a, b = l.host(avahi=avahi), l.host(avahi=avahi)
        alice, bob = Helper(a, "alice", 5001), Helper(b, "bob", 5002)
        name = f"alice@{a.name}"
        for size in (10, 3000, 8192):
            picture = "".join(f"{(n * 7 + size) % 256:02x}" for n in range(size))
            alice.say("avatar", picture)
            bob.wait("service", name)
            time.sleep(2)
            mark, began = bob.mark(), time.monotonic()
            bob.say("fetch", name)
            got = bob.wait("avatar", name, since=mark)[2]
            check(got == picture, f"{size} bytes: got {len(got) // 2}")
            took(f"fetch of {size} bytes", began)
        alice.say("avatar", "")
        time.sleep(2)
        mark = bob.mark()
        bob.say("fetch", name)
        check(bob.wait("avatar", name, since=mark)[2] == "", "taken back")


@case
def avahi_daemon_dies_and_returns(l):
    a, b = l.host(avahi=True), l.host()
    alice, bob = Helper(a, "alice", 5001), Helper(b, "bob", 5002)
    bob.wait("service", "alice@h1")
    alice.wait("service", "bob@h2")
    for how in (signal.SIGKILL, signal.SIGTERM):
        mark, seen, began = alice.mark(), bob.mark(), time.monotonic()
        a.stop_avahi(how)
        alice.wait("backend", "embedded", since=mark, timeout=3)
        took("embedded took over", began)
        alice.wait("published", "alice@h1", since=mark)
        took("published again", began)
        alice.wait("service", "bob@h2", since=mark)
        time.sleep(2)
        # even after avahi-daemon's goodbye: it holds for a second, and we are back before
        check(not bob.said("lost", since=seen), "nobody saw us go")
        mark, seen, began = alice.mark(), bob.mark(), time.monotonic()
        a.start_avahi()
        alice.wait("backend", "avahi-daemon", since=mark, timeout=8)
        alice.wait("published", "alice@h1", since=mark)
        took("avahi-daemon took over", began)
        alice.wait("service", "bob@h2", since=mark)
        time.sleep(3)
        lost = bob.said("lost", since=seen)
        check(not lost, f"nobody saw us go when it came back: {lost}")
        check(not alice.said("found", "alice@h1"), "nobody finds himself")


@case
def a_bus_that_comes_late_is_found(l):
    a = l.host()
    alice = Helper(a, "alice")
    alice.wait("backend", "embedded")
    alice.wait("published", "alice@h1")
    a.start_avahi()
    alice.wait("backend", "avahi-daemon", timeout=8)
    mark = alice.mark()
    alice.wait("published", "alice@h1", since=mark, timeout=8)


@case
def embedded_can_be_asked_for(l):
    a = l.host(avahi=True)
    alice = Helper(a, "alice", embedded=True)
    alice.wait("backend", "embedded")
    alice.wait("published", "alice@h1")
    check(not alice.said("backend", "avahi-daemon"), "it does not look for one")


@case
def a_hanging_avahi_daemon_hangs_only_the_helper(l):
    a, b = l.host(avahi=True), l.host()
    alice, bob = Helper(a, "alice", 5001), Helper(b, "bob", 5002)
    bob.wait("service", "alice@h1")
    a.avahi.signal(signal.SIGSTOP)
    alice.process.signal(signal.SIGKILL)
    again = Helper(a, "alice", 5001, embedded=True)
    again.wait("published", "alice@h1")
    again.wait("service", "bob@h2")
    again.say("ping", "7")
    again.wait("pong", "7", timeout=1)
    a.avahi.signal(signal.SIGCONT)


@case
def network_up_and_down_are_told(l):
    a, b = l.host(), l.host()
    alice, bob = Helper(a, "alice"), Helper(b, "bob")
    check(alice.wait("network")[1] == "1", "up at first")
    alice.wait("service", "bob@h2")
    mark = alice.mark()
    a.nic_down()
    alice.wait("network", "0", since=mark)
    alice.wait("lost", "bob@h2", since=mark)
    mark, began = alice.mark(), time.monotonic()
    a.nic_up()
    alice.wait("network", "1", since=mark)
    alice.wait("service", "bob@h2", since=mark)
    took("seen again after link up", began)
    bob.quit()


@case
def a_restarted_peer_with_a_new_port_is_seen(l):
    a, b = l.host(), l.host()
    alice, bob = Helper(a, "alice", 5001, ("port.p2pj=5001",)), Helper(b, "bob")
    bob.wait("service", "alice@h1")
    time.sleep(1.5)
    alice.process.end()
    mark, began = bob.mark(), time.monotonic()
    Helper(a, "alice", 6001, ("port.p2pj=6001",))
    bob.wait("txt", "alice@h1", "port.p2pj=6001", since=mark)
    bob.wait("service", "alice@h1", None, None, None, "6001", since=mark)
    took("new port", began)
    check(not bob.said("lost"), "it was never away")


def hall(l, count, *options):
    host = l.host(ipv6=False)
    people = host.spawn(os.path.join(lab.HERE, "mdns_peers.py"), str(count), "eth0", *options)
    people.events.wait(lambda line: line == "ready", what="the hall")


def cpu_ms(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


def rss_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


@case
def a_hall_of_200_is_listed_soon(l):
    for avahi, limit in ((False, 2.0), (True, 3.0)):
        with lab.Lab() as own:
            hall(own, 200)
            host = own.host(avahi=avahi)
            alice = Helper(host, "alice")
            alice.events.until(lambda: len(alice.said("service")) >= 200, 10, "all of them")
            age = alice.age()
            if TIMES:
                print(f"# avahi-daemon {avahi}: 200 in {age:.2f} s, {cpu_ms(alice.process)} ms CPU,"
                      f" {rss_kib(alice.process)} KiB", flush=True)
            check(age < limit, f"all within {limit} s: {age:.2f} s")
            alice.say("ping", "1")
            alice.wait("pong", "1", timeout=0.5)
            time.sleep(10 if TIMES else 0)
            took(f"settled, {cpu_ms(alice.process)} ms CPU, {rss_kib(alice.process)} KiB",
                 alice.began)
    del l


@case
def names_without_anybody_do_not_keep_others_out(l):
    hall(l, 500, "dead")
    alice = Helper(l.host(), "alice")
    alice.events.until(lambda: len(alice.said("found")) >= 500, 10, "the invented")
    bob = Helper(l.host(), "bob")
    name = f"bob@h{len(l.hosts)}"
    bob.wait("published", name)
    began = time.monotonic()
    alice.wait("service", name, timeout=5)
    took("a real one among 500 invented", began)


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
