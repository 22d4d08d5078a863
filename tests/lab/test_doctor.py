#!/usr/bin/env python3
"""`earshot doctor` names the cause: each is really made, and its id must be among what is found;
where all is well nothing is. Here: daemon, disks, network."""
import lab
from doctoring import LONGEST, PROBLEM, USAGE, Findings, User, connected, filters, two, vpn
from earshot import Daemon
from tap import case, check, run


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
    check("unknown-responder" not in found.by_id, "it knows its own helper")


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
    check(juliet.cli("doctor", "a", "b").returncode == USAGE, "two names are one too many")


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
def errors_in_the_log_are_told(l):
    juliet = Daemon(l.host("verona"), "juliet")
    with open(juliet.host.path(juliet.status()["log"]), "a", encoding="utf-8") as log:
        log.write('2026-11-26T07:00:00.000Z level=error module=peer msg="it broke"\n')
    finding = Findings(juliet).named("log-errors", "note")
    check("it broke" in finding["cause"] and finding["evidence"]["errors"] == 1, f"{finding}")


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

if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
