#!/usr/bin/env python3
"""What other programs of the same machine can do to the daemon: start it twice, look into it, make
it start something else (L2, L8, L10)."""
import base64
import os
import re
import shutil
import signal

import lab
from earshot import EARSHOTD, SANDBOX, Client, Daemon
from tap import Skip, case, check, note, run

STARTED_TWICE = 3
STARTS = 200
HELPER = os.path.join(lab.BUILD, "earshot-mdns")
# root of this namespace without what makes it root: any program of the same user
PLAIN = ("setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all")


def need_plain_build():
    """Sanitizers catch crashes themselves, load first, and keep memory of their own."""
    with open(EARSHOTD, "rb") as file:
        if re.search(b"__[at]san_init", file.read()):
            raise Skip("a build with sanitizers")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")


def connected(path):
    """A client, as soon as somebody listens there."""
    def attempt():
        try:
            return Client(path, "alice")
        except OSError:
            return None
    return lab.wait_for(attempt, 15, "the daemon listens")


def folders(host, user):
    """The environment of a user who has no daemon yet."""
    env = {"HOME": f"/run/home/{user}", "XDG_RUNTIME_DIR": f"/run/user/{user}",
           "XDG_STATE_HOME": f"/run/home/{user}/state", "XDG_CONFIG_HOME": f"/run/home/{user}/config"}
    for folder in env.values():
        host.must("mkdir", "-p", "-m", "700", folder)
    return env


# ---- L2 ----
def race(host, env):
    """That many starts at once; the one that lives, and the shell that waits for all."""
    script = ('for i in $(seq "$1"); do ("$2" --no-mdns --log-level error >/dev/null 2>&1; '
              'echo $?) & done; wait')
    shell = host.spawn("sh", "-c", script, "sh", str(STARTS), EARSHOTD, env=env, label="race")
    lab.wait_for(lambda: len(shell.events.since(0)) == STARTS - 1, 60,
                 f"all but one of {STARTS} have ended")
    statuses = shell.events.since(0)
    check(set(statuses) == {STARTED_TWICE}, f"each says that it runs already: {set(statuses)}")
    return shell


@case
def l2_of_200_starts_at_once_one_lives(l):
    host = l.host()
    env = folders(host, "alice")
    path = host.path(f"{env['XDG_RUNTIME_DIR']}/earshot/daemon.sock")
    for last in (False, True):
        shell = race(host, env)
        client = connected(path)
        pid = client.hello["pid"]
        if last:
            client.call("daemon.stop")
        else:
            os.kill(pid, signal.SIGKILL)  # and the next race finds what it left
        check(shell.wait(15) == 0, "nobody is left of the race")
        lab.wait_for(lambda: not lab.alive(pid), 5, "its end")
        client.close()
    check(not os.path.exists(path), "no socket is left")


# ---- L8 ----
def died_with_core(argv, env, ready):
    """Whether this program left a core when it crashed; no limit keeps it from that."""
    pid = os.fork()
    if pid == 0:
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.execvpe("sh", ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", *argv],
                   {**os.environ, **env})
    try:
        ready(pid)
    finally:
        os.kill(pid, signal.SIGSEGV)
        _, status = os.waitpid(pid, 0)
    check(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, f"status {status:#x}")
    return os.WCOREDUMP(status)


@case
def l8_a_crash_leaves_no_core(l):
    need_plain_build()
    host = l.host()
    env = folders(host, "alice")
    socket = host.path(f"{env['XDG_RUNTIME_DIR']}/earshot/daemon.sock")
    cores = "/run/home/alice/cores"
    host.must("mkdir", cores)

    def inside(*argv):
        return host.inside("sh", "-c", f'cd {cores} && exec "$@"', "sh", *argv)

    def sleeps(pid):
        lab.wait_for(lambda: os.readlink(f"/proc/{pid}/exe").endswith("sleep"), 5, "sleep runs")

    if not died_with_core(inside("/bin/sleep", "60"), env, sleeps):
        raise Skip("no program leaves a core file here")
    for name in os.listdir(host.path(cores)):
        os.unlink(host.path(f"{cores}/{name}"))

    def listens(_pid):
        connected(socket).close()

    dumped = died_with_core(inside(EARSHOTD, "--no-mdns"), env, listens)
    check(not dumped and not os.listdir(host.path(cores)), "no core of the daemon")


def can_read(host, path):
    """Whether a program of the same user, with no privileges, can."""
    return host.run(*PLAIN, "head", "-c", "1", path).returncode == 0


@case
def l8_no_other_program_can_look_into_it(l):
    need("setpriv")
    host = l.host()
    env = folders(host, "alice")
    socket = host.path(f"{env['XDG_RUNTIME_DIR']}/earshot/daemon.sock")
    other = host.spawn(*PLAIN, "sleep", "60")
    daemon = host.spawn(*PLAIN, EARSHOTD, *SANDBOX, env=env)
    client = connected(socket)
    helper = client.call("daemon.status")["helper_pid"]
    check(can_read(host, f"/proc/{other.pid}/maps"), "an ordinary program can be looked into")
    for pid in (daemon.pid, helper):
        for file in ("maps", "environ", "auxv", "mem", "syscall", "fd/0"):
            check(not can_read(host, f"/proc/{pid}/{file}"), f"/proc/{pid}/{file} can be read")
        traced = host.run(*PLAIN, "strace", "-p", str(pid), "-o", "/dev/null", timeout=5) \
            if shutil.which("strace") else None
        check(traced is None or traced.returncode != 0, "it can be traced")


def private_key(pem):
    """The 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410)."""
    body = re.search("-----BEGIN PRIVATE KEY-----(.*?)-----END", pem, re.S).group(1)
    der = base64.b64decode(body)
    marker = bytes.fromhex("04220420")
    at = der.index(marker) + len(marker)
    return der[at:at + 32], body.strip().encode()


def memory(pid):
    """(flags, bytes) of each writable part of it, as a core file or a copy by gcore would hold it;
    flags "dd": left out of such a file."""
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as smaps, \
            open(f"/proc/{pid}/mem", "rb") as mem:
        where = None
        for line in smaps:
            begin = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r\S*)", line)
            if begin:
                where = int(begin.group(1), 16), int(begin.group(2), 16)
            elif re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                where = None
            elif line.startswith("VmFlags:") and where:
                mem.seek(where[0])
                try:
                    yield line.split()[1:], mem.read(where[1] - where[0])
                except OSError:
                    pass  # the kernel's own pages


@case
def l8_the_key_is_only_where_no_copy_of_memory_goes(l):
    need_plain_build()
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    path = a.host.path(f"{a.env['XDG_STATE_HOME']}/earshot/identity.pem")
    a.client.wait_here(b.name)
    b.client.wait_here(a.name)
    a.send(b.name, "after this the key has been used")
    b.client.wait("message", direction="in", peer=a.name)
    with open(path, encoding="ascii") as file:
        key, text = private_key(file.read())
    os.kill(a.process.pid, signal.SIGSTOP)
    try:
        parts = list(memory(a.process.pid))
    finally:
        os.kill(a.process.pid, signal.SIGCONT)
    dumped = [data for flags, data in parts if "dd" not in flags]
    kept = [data for flags, data in parts if "dd" in flags]
    check(sum(map(len, dumped)) > 1 << 20, "there is memory to look at")
    check(any(b"alice@" in data for data in dumped), "and what is in it can be found")
    check(any(key in data for data in kept), "the key is in the memory that no core file holds")
    check(not any(key in data for data in dumped), "and nowhere else")
    check(not any(text in data for data in dumped + kept), "nor as the text of its file")
    note(f"{sum(map(len, dumped)) >> 10} KiB looked at, {sum(map(len, kept)) >> 10} KiB apart")


# ---- L10 ----
@case
def l10_it_runs_its_helper_and_nothing_else(l):
    """Whatever PATH and the loader's variables say."""
    need("strace")
    need_plain_build()
    host = l.host()
    env = folders(host, "alice")
    traps, trace = "/run/traps", "/run/trace"
    host.must("mkdir", traps)
    for name in ("sh", "bash", "env", "earshot-mdns", "avahi-daemon", "true"):
        with open(host.path(f"{traps}/{name}"), "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\ntouch {traps}/sprung\n")
        os.chmod(host.path(f"{traps}/{name}"), 0o755)
    shim = os.path.join(lab.BUILD, "clock-shim.so")
    env |= {"PATH": f"{traps}:{os.environ['PATH']}", "LD_LIBRARY_PATH": traps, "SHELL": f"{traps}/sh"}
    if os.path.exists(shim):
        env["LD_PRELOAD"] = shim
    daemon = host.spawn(shutil.which("strace"), "-f", "-qq", "-s", "4096", "-o", trace, "-e",
                        "trace=execve,execveat", EARSHOTD, *SANDBOX, env=env, label="earshotd")
    socket = host.path(f"{env['XDG_RUNTIME_DIR']}/earshot/daemon.sock")
    client = connected(socket)
    first = helper = client.call("daemon.status")["helper_pid"]
    with open(f"/proc/{helper}/environ", "rb") as file:
        check(not re.search(rb"(^|\0)(PATH|LD_|SHELL)", file.read()), "the helper's environment")
    with open(f"/proc/{helper}/maps", encoding="ascii", errors="replace") as file:
        check("clock-shim" not in file.read(), "nothing is loaded into the helper")
    os.kill(helper, signal.SIGKILL)
    lab.wait_for(lambda: client.call("daemon.status")["helper_pid"] not in (0, first), 10,
                 "another helper")
    client.call("daemon.stop")
    check(daemon.wait(15) == 0, f"its end\n{daemon.log_tail()}")
    with open(host.path(trace), encoding="utf-8") as file:
        calls = [line for line in file if "execve" in line and "resumed" not in line]
    ran = [re.search(r'execve(?:at)?\("([^"]*)", \[(.*?)\]', line).groups() for line in calls]
    check(len(ran) >= 3 and ran[0][0] == EARSHOTD, f"{ran}")
    real = os.path.realpath(HELPER)
    for path, words in ran[1:]:
        check(path == real and words.startswith(f'"{real}"'), f"it ran {path} {words}")
    check(not os.path.exists(host.path(f"{traps}/sprung")), "nothing of PATH was run")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
