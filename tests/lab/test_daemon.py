#!/usr/bin/env python3
"""One daemon per user: started on demand, never twice, and well behaved when it ends."""
import os
import signal
import time

import lab
from earshot import EARSHOT, EARSHOTD, CallError, Client, Daemon, meet, talk
from tap import case, check, run

STARTED_TWICE = 3
NO_DAEMON = 7
CLIENTS = 10


def daemons(host):
    """Process ids of every earshotd and porter on the host, by its network namespace."""
    network = os.readlink(f"/proc/{host.holder.pid}/ns/net")
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if (os.readlink(f"/proc/{pid}/ns/net") == network and lab.alive(pid)
                    and os.readlink(f"/proc/{pid}/exe") == os.path.realpath(EARSHOTD)):
                found.append(int(pid))
        except OSError:
            pass  # ended meanwhile
    return found


def is_porter(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
        return comm.read().strip() == "earshot-porter"


def the_only_daemon(host):
    """Its process id, None if there are others; each has its porter."""
    running = daemons(host)
    alone = [pid for pid in running if not is_porter(pid)]
    return alone[0] if len(alone) == 1 and len(running) == 2 else None


def user_without_daemon(host):
    """The environment of a user whose daemon is started on demand."""
    a = Daemon(host, "alice")
    a.stop()
    return a


@case
def a_second_daemon_is_refused(l):
    a = Daemon(l.host(), "alice")
    second = a.host.run(EARSHOTD, "--user", "alice", env=a.env)
    check(second.returncode == STARTED_TWICE, f"exit status {second.returncode}")
    check("running already" in second.stderr, f"it says why: {second.stderr}")
    check(a.client.call("daemon.status")["pid"] == a.process.pid, "the first one serves on")


@case
def l2_clients_in_a_race_start_one_daemon(l):
    a = user_without_daemon(l.host())
    racers = [a.host.spawn(EARSHOT, "--json", "who", env=a.env, label=f"racer-{n}")
              for n in range(CLIENTS)]
    for racer in racers:
        check(racer.wait(10) == 0, f"{racer.label}: {racer.log_tail()}")
    running = lab.wait_for(lambda: the_only_daemon(a.host), 5,
                           "exactly one daemon left of the race")
    client = Client(a.socket, "after the race")
    check(client.hello["pid"] == running, "and it is the one on the socket")
    client.call("daemon.stop")
    lab.wait_for(lambda: not daemons(a.host), 8, "its end")


@case
def l2_a_killed_daemon_leaves_nothing_in_the_way(l):
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    for _ in range(3):
        a.kill()
        check(os.path.exists(a.socket), "the dead socket is still there")
        a.start()
    meet(a, b)
    talk(b, a, "third time lucky")


@case
def without_a_runtime_folder_the_state_folder_serves(l):
    host = l.host()
    env = {"HOME": "/run/home/plain", "EARSHOTD": EARSHOTD}
    host.must("mkdir", "-p", env["HOME"])
    for command in (["who"], ["daemon", "status"], ["daemon", "stop"]):
        done = host.run(EARSHOT, *command, env=env)
        check(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
    folder = host.path(env["HOME"] + "/.local/state/earshot/run")
    check(os.stat(folder).st_mode & 0o777 == 0o700, "only the owner may enter")
    lab.wait_for(lambda: not daemons(host), 8, "its end")


@case
def l1_the_socket_and_its_folder_are_the_owners_alone(l):
    a = Daemon(l.host(), "alice")
    check(os.stat(os.path.dirname(a.socket)).st_mode & 0o777 == 0o700, "folder 0700")
    check(os.stat(a.socket).st_mode & 0o777 == 0o600, "socket 0600")


@case
def signals_end_it_politely(l):
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    for number in (signal.SIGTERM, signal.SIGINT):
        meet(a, b)
        helper = a.status()["helper_pid"]
        a.process.signal(number)
        check(a.process.wait(8) == 0, f"status after signal {number}")
        check(not os.path.exists(a.socket), "the socket is gone")
        check(not lab.alive(helper), "the helper is gone")
        b.client.wait_gone(a.name, 3)
        a.start()


@case
def without_mdns_it_talks_to_fixed_peers(l):
    a = Daemon(l.host(), "alice", ["--no-mdns", "--port", "5300"], published=False)
    b = Daemon(l.host(), "bob", ["--no-mdns", "--port", "5301"], published=False)
    check(a.status()["discovery"] == "off" and a.status()["helper_pid"] == 0, "no helper")
    # each names the other: a daemon takes no stream from an address that it has never heard of
    a.client.call("peers.add", address=f"{b.host.address()}:5301")
    b.client.call("peers.add", address=f"{a.host.address()}:5300")
    for this, that in ((a, b), (b, a)):
        this.client.events.until(this.client.names, what="the fixed peer listed")
        mark = that.client.mark()
        this.client.call("send", 10, peer=this.client.names()[0], text="by address")
        that.client.wait("message", 10, mark, direction="in", text="by address")
    check(a.client.names() == [b.name] and b.client.names() == [a.name],
          f"they learned their names: {a.client.names()}, {b.client.names()}")


@case
def a_wrong_command_line_is_said_so(l):
    host = l.host()
    for words in (["--nonsense"], ["--port", "70000"], ["--log-level", "loud"], ["stray"]):
        done = host.run(EARSHOTD, *words, env={"HOME": "/run/home"})
        check(done.returncode == 2, f"{words}: status {done.returncode}")
        check(done.stderr.strip(), f"{words}: silence")


def own_disk(host):
    """Of 1 MiB, for what alice's daemon keeps; its folder."""
    folder = "/run/home/alice/.local/state/earshot"
    host.must("mkdir", "-p", "-m", "700", folder)
    host.must("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", folder)
    return folder


@case
def on_a_full_disk_nothing_is_kept_and_nothing_lost(l):
    host = l.host()
    folder = own_disk(host)
    a, b = Daemon(host, "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    talk(a, b, "room enough")
    host.run("sh", "-c", f"cat /dev/zero > {folder}/filler")
    much = "no room for this " * 3000
    try:
        a.send(b.name, much)
        check(False, "kept on a full disk")
    except CallError as error:
        check(error.reason == "disk", error.error)
    check("full" in a.status()["problem"], a.status())
    mark = a.client.mark()
    b.send(a.name, much)
    time.sleep(1.5)  # nothing is to happen
    check(not a.client.messages(since=mark), "nothing is told that is not kept")
    check(len(b.client.call("outbox")["messages"]) == 1, "nor confirmed")
    host.must("rm", f"{folder}/filler")
    a.client.wait("message", 15, mark, direction="in", text=much)
    talk(a, b, "room again")
    a.wait_state(problem="")


@case
def a_history_that_may_not_be_written_is_said_at_the_start(l):
    host = l.host()
    folder = own_disk(host)
    a = Daemon(host, "alice")
    a.stop()
    host.must("mount", "-o", "remount,ro", folder)
    again = host.spawn(EARSHOTD, "--user", "alice", env=a.env, label="again")
    check(again.wait() == 1, "it does not start")
    said = again.log_tail()
    check("earshot.db cannot be opened: Read-only file system" in said, said)
    done = a.cli("who")
    check(done.returncode == NO_DAEMON and "earshot daemon run" in done.stderr, done)


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
