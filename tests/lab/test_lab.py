#!/usr/bin/env python3
"""The lab itself: what the other tests take for granted."""
import signal
import subprocess

import lab
from tap import case, check, run


def ping(a, address):
    return a.run("ping", "-c", "1", "-W", "1", address).returncode == 0


@case
def hosts_hear_each_other_and_nobody_else(l):
    a, b = l.host(), l.host()
    check(a.must("hostname").strip() == "h1", "a host has its own name")
    check(ping(a, b.address()), "IPv4 between hosts")
    check(ping(a, b.address6() + "%eth0"), "IPv6 link-local between hosts")
    check(a.must("ip", "route", "show", "default") == "", "no way out")
    check(subprocess.run(["ip", "route", "show", "default"], capture_output=True, text=True,
                         check=True).stdout == "", "no way out of the switch either")


@case
def a_pulled_cable_is_silence(l):
    a, b = l.host(), l.host()
    b.pull_cable()
    check(not ping(a, b.address()), "no answer through a pulled cable")
    check("LOWER_UP" in b.must("ip", "-o", "link", "show", "eth0"), "the host keeps its carrier")
    b.plug_cable()
    lab.wait_for(lambda: ping(a, b.address()), what="an answer after the cable is back")
    b.nic_down()
    b.nic_up()
    for address in (b.address(), b.address6() + "%eth0"):
        lab.wait_for(lambda to=address: ping(a, to), what=f"{address} is back")


@case
def two_lans_are_separate(l):
    a, b = l.host(nics=2), l.host(nics=1)
    check(ping(a, b.address()), "the first LAN joins them")
    check(not ping(b, a.address(1)), "the second does not")


@case
def run_and_names_are_private(l):
    a, b = l.host(), l.host()
    a.must("touch", "/run/only-here")
    check(b.run("test", "-e", "/run/only-here").returncode != 0, "another host's /run is another")
    check(a.run("sh", "-c", "exit 3").returncode == 3, "exit status comes through")


@case
def avahi_finds_services_of_another_host(l):
    a, b = l.host(avahi=True), l.host(avahi=True)
    a.spawn("avahi-publish", "-s", "alice@h1", "_presence._tcp", "5298", "txtvers=1")
    browser = b.spawn("avahi-browse", "-p", "-r", "_presence._tcp")
    browser.events.wait(lambda line: line.startswith("=") and "alice\\064h1" in line and
                        ";5298;" in line, 10, what="the service")
    a.stop_avahi(signal.SIGKILL)
    a.start_avahi()


@case
def processes_end_with_the_host(l):
    a = l.host()
    sleeper = a.spawn("sleep", "100")
    a.close()
    l.hosts.remove(a)
    check(not lab.alive(sleeper.pid), "nothing survives")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
