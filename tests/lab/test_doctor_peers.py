#!/usr/bin/env python3
"""`earshot doctor` names the cause, as in test_doctor.py. Here: firewalls, other responders,
people."""
import os
import signal

import lab
from doctoring import Findings, conf, connected, filters, two
from earshot import Daemon, meet
from tap import Skip, case, check, run

SHIM = os.path.join(lab.BUILD, "clock-shim.so")


# ---- firewalls ----

@case
def a_rule_that_drops_mdns_is_named(l):
    juliet, _ = two(l)
    filters(juliet.host, "tcp dport 22 accept", "iifname eth0 udp dport { 5350-5360 } drop")
    finding = Findings(juliet).named("firewall-drops-mdns")
    check("inet filter input, handle 3" in finding["cause"], finding["cause"])
    juliet.host.must("sh", "-c", finding["command"].removeprefix("sudo "))
    Findings(juliet).well()


@case
def what_drops_mdns_is_noticed_without_root(l):
    juliet, _ = two(l)
    filters(juliet.host, "udp dport 5353 drop")
    found = Findings(juliet, root=False)
    found.named("mdns-blocked")


@case
def a_rule_that_keeps_announcements_in_is_named(l):
    juliet, _ = two(l)
    juliet.host.must("nft", "add table inet filter;"
                     " add chain inet filter output { type filter hook output priority 0; };"
                     " add rule inet filter output meta l4proto udp drop")
    Findings(juliet).named("firewall-drops-mdns-out")
    Findings(juliet, root=False).named("mdns-blocked-out")


@case
def a_firewall_that_lets_nobody_in_is_named(l):
    juliet, romeo = connected(l)
    filters(juliet.host, "iif lo accept", "ct state vmap { established : accept, related : accept }",
            "udp dport 5353 accept", "icmpv6 type nd-neighbor-solicit accept")
    juliet.host.must("nft", "add chain inet filter input { policy drop; }")
    found = Findings(juliet)
    finding = found.named("firewall-drops-streams")
    check("policy" in finding["cause"], finding["cause"])
    check("firewall-drops-mdns" not in found.by_id, "mDNS is let through")
    found = Findings(juliet, root=False)
    finding = found.named("inbound-blocked")
    check(finding["evidence"]["peer"] == romeo.name, f"romeo tried: {finding}")
    found = Findings(juliet, "romeo", root=False)
    check(found.named("inbound-blocked")["check"] == "person", "also when asked for romeo")


@case
def a_firewall_that_refuses_is_told_from_one_that_drops(l):
    juliet, _ = connected(l)
    filters(juliet.host, f"tcp dport {juliet.status()['port']} ct state new reject with tcp reset")
    Findings(juliet, root=False).named("inbound-refused")


@case
def a_rule_of_iptables_is_named(l):
    juliet, _ = two(l)
    if juliet.host.run("iptables", "-S").returncode != 0:
        raise Skip("iptables is not installed")
    juliet.host.must("iptables", "-N", "PUBLIC")
    juliet.host.must("iptables", "-A", "INPUT", "-i", "eth+", "-j", "PUBLIC")
    juliet.host.must("iptables", "-A", "PUBLIC", "-p", "udp", "-m", "udp", "--dport", "5353",
                     "-m", "conntrack", "--ctstate", "NEW", "-j", "DROP")
    finding = Findings(juliet).named("firewall-drops-mdns")
    check("--ctstate NEW -j DROP" in finding["cause"], finding["cause"])


@case
def a_firewall_of_the_other_is_told_from_isolation(l):
    juliet, romeo = two(l)
    filters(romeo.host, f"tcp dport {romeo.status()['port']} drop")
    Findings(juliet, "romeo").named("peer-firewall")
    Findings(juliet).named("peers-unreachable")


@case
def a_network_that_keeps_devices_apart_is_told(l):
    juliet, romeo = two(l)
    try:
        lab._must("nft", "add table bridge apart;"
                  " add chain bridge apart forward { type filter hook forward priority 0; };"
                  " add rule bridge apart forward udp dport 5353 accept;"
                  " add rule bridge apart forward drop")
    except lab.Failure as error:
        raise Skip(f"no filter for bridges here: {error}") from None
    try:
        romeo.host.must("ip", "neigh", "flush", "all")
        juliet.host.must("ip", "neigh", "flush", "all")
        Findings(juliet).named("client-isolation")
        Findings(juliet, "romeo").named("client-isolation")
    finally:
        lab._must("nft", "delete table bridge apart")


# ---- mDNS ----

LISTENER = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 5353))
open("/proc/self/comm", "w").write("mdnsd")
print("ready", flush=True)
time.sleep(60)
"""


@case
def a_second_responder_is_told(l):
    juliet, _ = two(l)
    other = juliet.host.spawn("python3", "-c", LISTENER, label="other")
    other.events.wait(lambda line: line == "ready")
    check(Findings(juliet).named("second-responder", "warning")["evidence"]["program"] == "mdnsd",
          "and which it is")
    other.end()
    Findings(juliet).well()


@case
def an_avahi_that_remembers_too_few_is_told(l):
    host, hall = l.host("verona"), l.host("hall")
    conf(host, server="cache-entries-max=60\nuse-ipv6=no")
    host.start_avahi(conf="/etc/avahi/avahi-daemon.conf")
    juliet = Daemon(host, "juliet")
    people = hall.spawn(os.path.join(lab.HERE, "mdns_peers.py"), "80", "eth0")
    people.events.wait(lambda line: line == "ready")
    lab.wait_for(lambda: len(juliet.client.call("who")["people"]) >= 10, 15, "some of the hall")
    finding = Findings(juliet).named("avahi-cache-full")
    check(finding["evidence"]["limit"] == 60 and finding["evidence"]["announced"] == 80,
          f"{finding['evidence']}")


@case
def avahi_settings_that_hide_people_are_told(l):
    host = l.host("verona", avahi=True)
    juliet = Daemon(host, "juliet")
    conf(host, server="allow-interfaces=wlan7", publish="disable-user-service-publishing=yes")
    found = Findings(juliet)
    found.named("avahi-interface-excluded")
    found.named("avahi-no-user-services")


@case
def two_machines_of_one_name_are_told(l):
    first, second = l.host("verona", avahi=True), l.host("verona", avahi=True)
    juliet, romeo = Daemon(first, "juliet"), Daemon(second, "romeo")
    meet(juliet, romeo)
    renamed = [d for d in (juliet, romeo) if d.name.endswith("@verona-2")]
    check(len(renamed) == 1, f"one was renamed: {juliet.name}, {romeo.name}")
    Findings(renamed[0]).named("host-name-conflict", "warning")


@case
def a_machine_that_is_renamed_again_and_again_is_told(l):
    host = l.host("verona")
    conf(host, server="host-name=verona-17")
    host.start_avahi(conf="/etc/avahi/avahi-daemon.conf")
    juliet = Daemon(host, "juliet")
    check(juliet.name == "juliet@verona-17", juliet.name)
    Findings(juliet).named("host-name-loop")


@case
def somebody_else_of_the_same_name_is_told(l):
    host = l.host("verona")
    first = Daemon(host, "juliet", account="one")
    second = Daemon(host, "juliet", account="two")
    check(first.name != second.name, f"one was renamed: {first.name}, {second.name}")
    Findings(second).named("name-conflict", "note")


# ---- people ----

@case
def who_is_blocked_is_told(l):
    juliet, romeo = connected(l)
    juliet.client.call("trust.block", peer=romeo.name)
    Findings(juliet, "romeo").named("blocked", "warning")


@case
def people_at_fixed_addresses_can_connect_back(l):
    off = ("[network]", "mdns = no")
    juliet = Daemon(l.host("verona"), "juliet", settings=off, published=False)
    romeo = Daemon(l.host("mantua"), "romeo", settings=off, published=False)
    for one, other in ((juliet, romeo), (romeo, juliet)):
        one.client.call("peers.add", address=f"{other.host.address()}:{other.status()['port']}")
    juliet.client.events.until(lambda: any(p["connected"] for p in juliet.client.people.values()),
                               10, "a stream")
    found = Findings(juliet)
    check("can connect back" in found.seen["people"], f"{found.seen}")

@case
def somebody_who_has_crashed_is_told_from_one_who_is_absent(l):
    juliet, romeo = two(l)
    # nobody says goodbye
    romeo.process.signal(signal.SIGSTOP)
    os.kill(romeo.client.state["helper_pid"], signal.SIGKILL)
    romeo.kill()
    Findings(juliet, "romeo").named("peer-refuses")
    Findings(juliet).named("peers-refuse", "note")
    Findings(juliet, "tybalt").named("person-unknown")


@case
def an_address_where_something_else_answers_is_told(l):
    juliet, romeo = two(l)
    server = romeo.host.spawn("python3", "-m", "http.server", "8000", "--bind", "0.0.0.0",
                              label="web")
    lab.wait_for(lambda: ":8000 " in romeo.host.must("ss", "-ltn"), what="the web server")
    Findings(juliet, f"{romeo.host.address()}:8000").named("not-xmpp")
    server.end()
    Findings(juliet, f"{romeo.host.address()}:8000").named("peer-refuses")
    Findings(juliet, "192.0.2.77:5298").named("no-route")

@case
def an_address_may_be_a_name(l):
    juliet, romeo = two(l)
    with open(juliet.host.path("/run/hosts"), "w", encoding="ascii") as file:
        file.write(f"127.0.0.1 localhost\n{romeo.host.address()} mantua.example\n")
    juliet.host.must("mount", "--bind", "/run/hosts", "/etc/hosts")
    found = Findings(juliet, f"mantua.example:{romeo.status()['port']}").well()
    check("speaks XMPP" in found.seen["person"], f"{found.seen}")
    Findings(juliet, "mantua.example:9").named("peer-refuses")
    Findings(juliet, "nowhere.example:5298").named("person-unknown")


@case
def clocks_that_differ_are_told_and_break_nothing(l):
    if not os.path.exists(SHIM):
        raise Skip("clock-shim.so is not built")
    juliet, romeo = two(l)
    romeo.stop()
    clock = f"{romeo.env['HOME']}/.local/state/earshot/clock"
    with open(romeo.host.path(clock), "wb") as file:
        file.write((-3 * 3600).to_bytes(8, "little", signed=True))
    romeo.env |= {"LD_PRELOAD": SHIM, "CLOCK_SHIFT": clock}
    romeo.start()
    meet(juliet, romeo)
    finding = Findings(juliet, "romeo").named("clock-differs", "warning")
    check("180 min behind" in finding["cause"], finding["cause"])


@case
def nobody_there_is_no_problem(l):
    juliet = Daemon(l.host("verona"), "juliet")
    found = Findings(juliet).well()
    check(found.by_id["nobody"]["severity"] == "note", "it is told all the same")


@case
def somebody_whose_program_hangs_takes_it_no_longer_than_it_says(l):
    juliet, romeo = connected(l)
    romeo.process.signal(signal.SIGSTOP)
    found = Findings(juliet, "romeo")
    check("peer-silent" in found.by_id or "peer-firewall" in found.by_id, f"{found.by_id.keys()}")
    romeo.process.signal(signal.SIGCONT)

if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
