#!/usr/bin/env python3
"""Settings that are seen and changed while the daemon runs: what holds at once, what is written, and
what the administrator of the computer has locked."""
import os
import stat

import lab
from earshot import CallError, Daemon, meet, talk
from filing import accept, make, offered, send, two, until
from tap import case, check, run

POLICY = "/run/home/policy.conf"
SITE = "/run/home/site.conf"


def settings(daemon):
    return {s["key"]: s for s in daemon.client.call("settings")["settings"]}


def change(daemon, key, value=None, **more):
    return daemon.client.call("settings.set", 10, key=key, value=value, **more)


def written(daemon):
    path = daemon.host.path(f"{daemon.env['XDG_CONFIG_HOME']}/earshot/earshot.conf")
    with open(path, encoding="utf-8") as file:
        check(stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600, "nobody else may read it")
        return file.read()


def refused(reason, call, *args, **more):
    """The sentence."""
    try:
        call(*args, **more)
    except CallError as error:
        check(error.reason == reason, f"{error.error}")
        return str(error)
    check(False, "it was not refused")
    return None


def governed(l, policy, site="", **more):
    """Somebody on a computer with a policy and defaults of its own."""
    host = l.host()
    host.must("mkdir", "-p", "/run/home")
    for path, text in ((POLICY, policy), (SITE, site)):
        with open(host.path(path), "w", encoding="utf-8") as file:
            file.write(text)
    return Daemon(host, "alice", args=("--policy", POLICY, "--site", SITE), **more)


def connected(daemon, other):
    people = daemon.client.call("who", all=True)["people"]
    return next(p for p in people if p["name"] == other.name)["connected"]


def folder(daemon, name):
    path = f"{daemon.env['HOME']}/{name}"
    os.makedirs(daemon.host.path(path), exist_ok=True)
    return path


@case
def what_is_changed_is_written_told_and_there_after_a_restart(l):
    alice = Daemon(l.host(), "alice", settings=("# mine", "[privacy]", "strange = x", "tls = on"))
    before = settings(alice)
    check(before["privacy.plain"]["origin"] == "default", f"{before['privacy.plain']}")
    check(before["privacy.tls"]["line"] == 4 and before["privacy.tls"]["locked_by"] == "hand",
          f"{before['privacy.tls']}")
    check(before["user.user"]["locked_by"] == "option", f"{before['user.user']}")
    answer = change(alice, "privacy.plain", "receive")
    check((answer["value"], answer["origin"], answer["line"]) == ("receive", "user", 5), f"{answer}")
    check(alice.client.wait("setting", key="privacy.plain")["value"] == "receive", "front ends hear")
    check(written(alice) == "# mine\n[privacy]\nstrange = x\ntls = on\nplain = receive\n", "the rest stays")
    change(alice, "messages.lifetime", "7")
    alice.stop()
    alice.start()
    after = settings(alice)
    check(after["privacy.plain"]["value"] == "receive", f"{after['privacy.plain']}")
    check(after["messages.lifetime"]["value"] == "7", f"{after['messages.lifetime']}")
    back = change(alice, "privacy.plain")
    check((back["value"], back["origin"]) == ("on", "default"), f"{back}")
    check("plain" not in written(alice), "and it is gone from the file")


@case
def what_makes_no_sense_changes_nothing(l):
    alice = Daemon(l.host(), "alice")
    for key, value in (("privacy.plain", "perhaps"), ("network.port", "70000"), ("files.limit", "much"),
                       ("user.name", "x" * 65), ("user.name", "a\n[daemon]\nsandbox = off"),
                       ("user.name", "a ; b"), ("files.folder", "/tmp")):
        said = refused("invalid", change, alice, key, value)
        check(key in said, f"it says what it is about: {said}")
    refused("unknown", change, alice, "no.such", "x")
    for key, value in (("daemon.sandbox", "off"), ("privacy.tls", "off"), ("user.user", "bob")):
        refused("policy", change, alice, key, value)
    check(not os.path.exists(alice.host.path(f"{alice.env['XDG_CONFIG_HOME']}/earshot/earshot.conf")),
          "nothing was written")


@case
def a_name_is_withdrawn_and_told_at_once(l):
    alice, bob = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    change(alice, "user.name", "Alice Liddell")
    bob.client.wait_here(alice.name, display="Alice Liddell")
    change(alice, "privacy.publish_name", "no")
    seen = bob.client.wait_here(alice.name, first="", last="")
    check("Liddell" not in str(seen), f"{seen}")
    change(alice, "privacy.publish_name", "yes")
    bob.client.wait_here(alice.name, display="Alice Liddell")


@case
def strangers_who_are_denied_are_hung_up_on_at_once(l):
    alice, bob = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    meet(alice, bob)
    talk(bob, alice, "hello")
    check(connected(alice, bob), "by a stream of his")
    change(alice, "privacy.strangers", "deny")
    lab.wait_for(lambda: not connected(alice, bob), 5, "the end of his stream")
    change(alice, "privacy.strangers", "allow")
    talk(bob, alice, "hello again")


@case
def files_go_to_a_folder_that_was_handed_over_from_the_next_start_on(l):
    juliet, romeo = two(l)
    inbox = folder(juliet, "in")
    fd = os.open(juliet.host.path(inbox), os.O_RDONLY)
    answer = change(juliet, "files.folder", fds=(fd,))
    os.close(fd)
    check(answer["value"].endswith(inbox) and answer["applies"] == "restart", f"{answer}")
    check(answer["running"].endswith("Downloads"), f"{answer}")
    juliet.stop()
    juliet.start()
    check("running" not in settings(juliet)["files.folder"], "now it is")
    meet(juliet, romeo)
    send(romeo, juliet, make(romeo, "tale.txt", 100))
    number = offered(juliet, "tale.txt")
    accept(juliet, number)
    check(until(juliet, number, "done")["where"].endswith("/in/tale.txt"), "there it is")


@case
def a_folder_that_is_not_fit_is_refused(l):
    alice = Daemon(l.host(), "alice")
    home = alice.host.path(alice.env["HOME"])
    for path, flags in (("/etc", os.O_RDONLY), (home, os.O_PATH), (f"{home}/.local/state", os.O_RDONLY),
                        ("/dev/null", os.O_RDONLY)):
        os.makedirs(f"{home}/.local/state/earshot", exist_ok=True)
        if path.endswith("state"):
            path += "/earshot"
        fd = os.open(path, flags)
        refused("invalid", change, alice, "files.folder", fds=(fd,))
        refused("invalid", change, alice, "user.name", fds=(fd,))
        os.close(fd)


@case
def what_the_administrator_has_set_cannot_be_changed(l):
    alice = governed(l, "[policy]\nreason = Ask the desk.\n[privacy]\nplain = off\n[user]\n"
                        "name = Alice Liddell\n[files]\nlimit = 5M\naccept = ask\n",
                     site="[messages]\nlifetime = 3\n", settings=("[privacy]", "plain = on"))
    plain = settings(alice)["privacy.plain"]
    check((plain["value"], plain["origin"], plain["locked_by"], plain["reason"], plain["line"]) ==
          ("off", "policy", "policy", "Ask the desk.", 4), f"{plain}")
    said = refused("policy", change, alice, "privacy.plain", "on")
    check("administrator" in said and said.endswith("Ask the desk."), said)
    refused("policy", change, alice, "privacy.plain")
    refused("policy", alice.client.call, "files.limit", rate=0)
    refused("policy", alice.client.call, "set.name", text="Somebody")
    check(alice.client.own["full_name"] == "Alice Liddell", f"{alice.client.own}")
    lifetime = settings(alice)["messages.lifetime"]
    check((lifetime["value"], lifetime["origin"], lifetime["locked"]) == ("3", "site", False), f"{lifetime}")
    change(alice, "messages.lifetime", "4")
    check(change(alice, "messages.lifetime")["value"] == "3", "back to what this computer says")


@case
def a_policy_with_a_slip_is_taken_at_its_strictest_and_told(l):
    alice = governed(l, "[privacy]\nstrangers = deni\n")
    strangers = settings(alice)["privacy.strangers"]
    check((strangers["value"], strangers["locked"]) == ("deny", True), f"{strangers}")
    check("strangers = deni" in alice.status()["problem"], "daemon status tells")


@case
def the_command_line_shows_and_changes_them(l):
    alice = Daemon(l.host(), "alice")
    done = alice.cli("settings", "plain", "receive")
    check(done.returncode == 0 and "privacy.plain = receive" in done.stdout, f"{done}")
    inbox = folder(alice, "in")
    done = alice.cli("settings", "files.folder", inbox)
    check(done.returncode == 0, f"{done}")
    check(settings(alice)["files.folder"]["value"].endswith(inbox), "the folder was handed over")
    done = alice.cli("settings", "--reset", "plain")
    check(done.returncode == 0 and "privacy.plain = on" in done.stdout, f"{done}")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
