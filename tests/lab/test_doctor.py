#!/usr/bin/env python3
"""`earshot doctor` names the cause: each is really made, and its id must be among what is found;
where all is well nothing is."""
import json
import os
import signal

import lab
from earshot import EARSHOT, Daemon, meet
from tap import Skip, case, check, run

WELL, UNKNOWN_COMMAND, PROBLEM, WARNING = 0, 2, 12, 13
LONGEST = 12.0  # s; it promises ten, and this machine may be busy
SHIM = os.path.join(lab.BUILD, "clock-shim.so")
# What only root may do is not done; the user's id stays, as there is but one here.
POWERLESS = ("setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")


class Findings:
    """What it found, by id."""

    def __init__(self, daemon, *words, root=True):
        done = daemon.host.run(*(() if root else POWERLESS), EARSHOT, "--json", "doctor", *words,
                               env=daemon.env, timeout=LONGEST)
        self.status = done.returncode
        self.text = f"{done.stdout}\n{done.stderr}"
        self.report = json.loads(done.stdout)
        self.worst = self.report["worst"]
        self.by_id = {finding["id"]: finding for finding in self.report["findings"]}
        self.seen = {look["id"]: look.get("seen", "") for look in self.report["checks"]}

    def bad(self):
        return sorted(f["id"] for f in self.report["findings"]
                      if f["severity"] in ("problem", "warning"))

    def named(self, name, severity="problem"):
        check(name in self.by_id, f"{name} is among {sorted(self.by_id)}\n{self.text}")
        finding = self.by_id[name]
        check(finding["severity"] == severity, f"{name} is a {severity}: {finding}")
        check(self.status == {"problem": PROBLEM, "warning": WARNING}.get(self.worst, WELL),
              f"the status {self.status} fits {self.worst}")
        return finding

    def well(self):
        check(not self.bad() and self.status == WELL, f"all is well: {self.bad()}\n{self.text}")
        return self


class User:
    """Somebody whose daemon does not run."""

    def __init__(self, host, name="juliet"):
        self.host = host
        home = f"/run/home/{name}"
        self.env = {"HOME": home, "XDG_RUNTIME_DIR": f"/run/user/{name}",
                    "XDG_STATE_HOME": f"{home}/.local/state", "XDG_CONFIG_HOME": f"{home}/.config"}
        host.must("mkdir", "-p", home)
        host.must("mkdir", "-p", "-m", "700", f"/run/user/{name}")


def two(l, avahi=False, **options):
    juliet = Daemon(l.host("verona", avahi=avahi, **options), "juliet")
    romeo = Daemon(l.host("mantua", avahi=avahi, **options), "romeo")
    meet(juliet, romeo)
    return juliet, romeo


def connected(l, **options):
    """The two have a stream."""
    juliet, romeo = two(l, **options)
    check(juliet.cli("ping", "-c", "1", romeo.name).returncode == 0, "romeo answers")
    return juliet, romeo


def filters(host, *rules):
    """A firewall of these rules for what comes in."""
    host.must("nft", "add table inet filter;"
              " add chain inet filter input { type filter hook input priority 0; };"
              + "".join(f"add rule inet filter input {rule};" for rule in rules))


def conf(host, **sections):
    """An avahi-daemon.conf in the place where the system has it."""
    text = "".join(f"[{section}]\n{lines}\n" for section, lines in sections.items())
    with open(host.path("/run/avahi-daemon.conf"), "w", encoding="utf-8") as file:
        file.write(text)
    if not os.path.exists("/etc/avahi/avahi-daemon.conf"):
        raise Skip("avahi-daemon is not installed")
    host.must("mount", "--bind", "/run/avahi-daemon.conf", "/etc/avahi/avahi-daemon.conf")


def vpn(host):
    """A tunnel that leads nowhere."""
    if host.run("ip", "tuntap", "add", "wg0", "mode", "tun").returncode != 0:
        raise Skip("no tunnels here")
    host.must("ip", "addr", "add", "10.99.0.2/32", "dev", "wg0")
    host.must("ip", "link", "set", "wg0", "up")


# ---- all is well ----

@case
def nothing_is_wrong_where_all_is_well(l):
    juliet, romeo = connected(l)
    for found in (Findings(juliet), Findings(juliet, "romeo"), Findings(romeo, juliet.name),
                  Findings(juliet, f"{romeo.host.address()}:{romeo.status()['port']}")):
        found.well()
    check("connect back" in Findings(juliet).seen["people"], "romeo connected back")
    check("connect back" in Findings(juliet, "romeo").seen["person"], "and so when asked for")


@case
def nothing_is_wrong_without_root(l):
    juliet, _ = connected(l)
    found = Findings(juliet, root=False).well()
    check(found.by_id["firewall-unseen"]["severity"] == "unknown", "it says what it cannot see")


@case
def nothing_is_wrong_beside_avahi(l):
    juliet, romeo = connected(l, avahi=True)
    Findings(juliet).well()
    Findings(romeo, root=False).well()


@case
def it_changes_nothing_and_starts_nothing(l):
    juliet = User(l.host("verona"))
    found = Findings(juliet)
    check("command" in found.named("daemon-stopped"), "there is a command to copy")
    left = juliet.host.run("find", "/run/home", "/run/user", "-type", "f").stdout
    check(not left, f"no file was made: {left}")
    check(juliet.host.run("pgrep", "earshotd").returncode != 0, "no daemon was started")


@case
def the_words_of_a_terminal_hold_the_same(l):
    juliet, _ = two(l)
    filters(juliet.host, "udp dport 5353 drop")
    done = juliet.cli("doctor", timeout=LONGEST)
    check(done.returncode == PROBLEM, f"status {done.returncode}")
    check("UDP 5353" in done.stdout and "sudo " in done.stdout, done.stdout)
    check(juliet.cli("doctor", "a", "b").returncode == UNKNOWN_COMMAND, "two names are one too many")


# ---- the daemon ----

@case
def settings_that_keep_others_out_are_told(l):
    host = l.host("verona")
    juliet = Daemon(host, "juliet", settings=("[network]", "mdns = no", "[privacy]",
                                              "strangers = deny", "plain = off"), published=False)
    found = Findings(juliet)
    found.named("mdns-off")
    found.named("strangers-deny", "warning")
    found.named("plain-off", "note")


@case
def a_helper_that_does_not_work_is_told(l):
    juliet = Daemon(l.host("verona"), "juliet", args=("--helper", "/nowhere/helper"),
                    published=False)
    juliet.wait_state(discovery="failed")
    found = Findings(juliet)
    found.named("discovery-failed")
    found.named("helper-restarts", "warning")
    found.named("not-announced", "warning")


@case
def a_full_disk_is_told(l):
    host = l.host("verona")
    host.must("mkdir", "-p", "/run/home/juliet/.local/state/earshot")
    host.must("mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs",
              "/run/home/juliet/.local/state/earshot")
    juliet = Daemon(host, "juliet")
    Findings(juliet).named("disk-low", "warning")
    host.run("dd", "if=/dev/zero", "of=/run/home/juliet/.local/state/earshot/fill", "bs=64k")
    finding = Findings(juliet).named("disk-full")
    check(finding["evidence"]["free"] < 1 << 20, f"{finding}")


@case
def downloads_that_cannot_be_written_are_told(l):
    host = l.host("verona")
    host.must("mkdir", "-p", "/run/home/juliet/Downloads")
    juliet = Daemon(host, "juliet")
    Findings(juliet).well()
    host.must("mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", "/run/home/juliet/Downloads")
    Findings(juliet).named("downloads-unwritable", "warning")


# ---- the network ----

@case
def no_interface_at_all_is_told(l):
    juliet = Daemon(l.host("verona", nics=0), "juliet", published=False)
    Findings(juliet).named("no-interface")


@case
def an_interface_that_is_down_is_told(l):
    juliet, _ = two(l)
    juliet.host.nic_down()
    check(Findings(juliet).named("interface-down")["command"] == "sudo ip link set eth0 up",
          "and how to switch it on")


@case
def an_interface_without_an_address_is_told(l):
    juliet = Daemon(l.host("verona", ipv4=False, ipv6=False), "juliet", published=False)
    Findings(juliet).named("no-address")


@case
def a_cable_that_is_not_plugged_in_is_told(l):
    juliet = Daemon(l.host("verona"), "juliet")
    lab._must("ip", "link", "set", juliet.host.port(), "down")
    lab.wait_for(lambda: "LOWER_UP" not in juliet.host.must("ip", "link", "show", "eth0"),
                 what="no carrier")
    Findings(juliet).named("no-carrier")


@case
def multicast_that_is_off_is_told(l):
    juliet, _ = two(l)
    juliet.host.must("ip", "link", "set", "eth0", "multicast", "off")
    Findings(juliet).named("multicast-off")


@case
def a_missing_route_for_multicast_is_told(l):
    juliet, _ = two(l, ipv4=False)
    Findings(juliet).well()
    juliet.host.must("ip", "-6", "route", "del", "multicast", "ff00::/8", "dev", "eth0",
                     "table", "local")
    finding = Findings(juliet).named("no-multicast-route")
    juliet.host.must("sh", "-c", finding["command"].removeprefix("sudo "))
    check("no-multicast-route" not in Findings(juliet).by_id, "the command is the remedy")


@case
def a_vpn_that_holds_the_default_route_is_told(l):
    juliet, _ = two(l)
    vpn(juliet.host)
    juliet.host.must("ip", "route", "add", "default", "dev", "wg0")
    found = Findings(juliet)
    check(found.named("vpn-default-route", "warning")["evidence"]["interface"] == "wg0", "wg0")
    check("vpn-takes-lan" not in found.by_id, "the local network is left alone")


@case
def a_vpn_that_takes_the_local_network_is_told(l):
    juliet, romeo = two(l)
    vpn(juliet.host)
    for half in ("10.77.0.0/25", "10.77.0.128/25"):
        juliet.host.must("ip", "route", "add", half, "dev", "wg0")
    found = Findings(juliet, romeo.name)
    found.named("vpn-takes-lan")


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


# ---- people ----

@case
def somebody_who_has_crashed_is_told_from_one_who_is_absent(l):
    juliet, romeo = two(l)
    # nobody says goodbye
    romeo.process.signal(signal.SIGSTOP)
    os.kill(romeo.client.state["helper_pid"], signal.SIGKILL)
    romeo.kill()
    Findings(juliet, "romeo").named("peer-refuses")
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
