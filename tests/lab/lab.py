"""Virtual hosts on one machine, for tests that need a network.

enter() puts the calling program into user, network, mount, UTS and process namespaces of its
own; no privilege is needed. Hosts are network namespaces inside of that, hung by veth pairs on
bridges that have no uplink: nothing here can reach a real interface, and when the program ends,
in whatever way, the kernel ends every process it started.

A host has its own /run (tmpfs), and everything of it lives there: sockets, home folders, logs.
The test sees these files under host.path(). Optionally a system bus and a real avahi-daemon."""
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import tap
from events import Events
from tap import Failure

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("EARSHOT_BUILD", "build/release"))

REFUSED = "is not allowed here"  # src/base/confine_calls.c

_MARK = "EARSHOT_LAB_INSIDE"
_inside = False  # enter() has been through
_UNSHARE = ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child",
            "--mount-proc"]
_PR_SET_PDEATHSIG = 1


def _unshare_prefix():
    """The command that makes the namespaces, or ends the program with a skip."""
    reason = "unshare is not installed"
    for prefix in ([*_UNSHARE, "--user", "--map-root-user"], _UNSHARE):
        try:
            tried = subprocess.run([*prefix, "true"], stdin=subprocess.DEVNULL,
                                   capture_output=True, text=True, check=False)
        except OSError:
            break
        if tried.returncode == 0:
            return prefix
        reason = tried.stderr.strip()
        if os.geteuid() != 0:
            break
    return tap.skip_all(f"no namespaces here: {reason}")


def enter():
    """Returns inside the namespaces; the program starts anew to get there."""
    if _MARK not in os.environ:
        prefix = _unshare_prefix()
        os.environ[_MARK] = "1"
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        sys.stdout.flush()
        os.execvp(prefix[0], [*prefix, sys.executable, *sys.argv])
    # Facts, not the variable, decide that this is no real network.
    if os.getpid() != 1 or [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit(f"{_MARK} is set outside of a lab: unset it")
    for name in list(os.environ):
        if name.startswith(("XDG_", "DBUS_", "EARSHOT_SOCKET", "EARSHOTD")):
            del os.environ[name]
    _become_child_of_a_reaper()
    _must("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    _must("ip", "link", "set", "lo", "up")
    global _inside
    _inside = True


def _become_child_of_a_reaper():
    """Process 1 inherits every orphan and must collect them; the test goes on as its child."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xff)


def _must(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def wait_for(condition, timeout=5.0, what="it"):
    """For what can only be looked at, not listened to (a file, a process): looks every 10 ms."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"not in {timeout:g} s: {what}")
        time.sleep(0.01)


def alive(pid):
    """Zombies are dead."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Process:
    """A program on a host. Its standard output comes as lines in .events (JSON objects decoded,
    others as text); standard error goes to a file in the host's /run/log."""

    def __init__(self, host, argv, env, label, stdin=False):
        self.host = host
        self.label = f"{label} on {host.name}"
        self.events = Events(self.label)
        self.log = host.path(f"/run/log/{label}")
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                host.inside(*argv), env={**os.environ, **env}, stdout=subprocess.PIPE, stderr=log,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL)
        self.pid = self.popen.pid  # nsenter execs: this is the program's own
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for raw in self.popen.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            try:
                self.events.add(json.loads(line))
            except ValueError:
                self.events.add(line)
        self.events.end()

    def say(self, line):
        """One line to its standard input."""
        self.popen.stdin.write(line.encode() + b"\n")
        self.popen.stdin.flush()

    def signal(self, number):
        if self.popen.poll() is None:
            self.popen.send_signal(number)

    def wait(self, timeout=5.0):
        """Its exit status, negative for a signal."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.label} did not end within {timeout:g} s") from None

    def end(self):
        """Now, without ceremony."""
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def log_tail(self, lines=20):
        """The end of its log, or of a sanitizer's report the beginning."""
        text = self.log_text().splitlines(keepends=True)
        reports = [at for at, line in enumerate(text) if "ERROR: " in line or "runtime error" in line]
        return "".join(text[reports[0]:][:2 * lines] if reports else text[-lines:])


class Host:
    """One machine: made by Lab.host()."""

    def __init__(self, lab, number, name, nics, ipv4, ipv6):
        self.lab, self.number, self.name = lab, number, name
        self.ipv4, self.ipv6 = ipv4, ipv6
        self.nics = 0
        self.processes = []
        self.bus = self.avahi = None
        setup = ('hostname "$1"; mount -t tmpfs -o mode=755 tmpfs /run;'
                 ' mkdir -p /run/dbus /run/log /run/user /run/home; ip link set lo up;'
                 # one user has all names: avahi-daemon wants one that it can chown to
                 ' for f in passwd group; do mount --bind "$2/$f" "/etc/$f"; done;'
                 ' echo ready; exec cat')
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--uts", "sh", "-ec", setup, "host", name,
             f"{HERE}/etc"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            raise Failure(f"host {name} did not come up")
        for _ in range(nics):
            self.add_nic()

    # ---- commands ----
    def inside(self, *argv):
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "-u", "--", *argv]

    def path(self, path):
        """The same file, seen from the test."""
        return f"/proc/{self.holder.pid}/root{path}"

    def run(self, *argv, env=None, timeout=10.0, text=None):
        """Runs to its end; the result has returncode, stdout, stderr."""
        try:
            return subprocess.run(self.inside(*argv), env={**os.environ, **(env or {})}, input=text,
                                  stdin=None if text is not None else subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(argv)} took over {timeout:g} s") from None

    def must(self, *argv):
        return _must(*self.inside(*argv))

    def spawn(self, *argv, env=None, label=None, stdin=False):
        process = Process(self, argv, env or {}, label or os.path.basename(argv[0]), stdin)
        self.processes.append(process)
        return process

    # ---- network ----
    def address(self, nic=0):
        return f"10.77.{nic}.{self.number}"

    def address6(self, nic=0):
        return f"fe80::77:{nic}:{self.number}"

    def port(self, nic=0):
        """Our end of the cable, at the switch."""
        return f"sw{nic}-{self.number}"

    def add_nic(self):
        """eth0 is on the first LAN, eth1 on the second, ..."""
        nic = self.nics
        self.lab.need_switch(nic)
        _must("ip", "link", "add", self.port(nic), "type", "veth", "peer", "name", f"eth{nic}",
              "netns", str(self.holder.pid))
        _must("ip", "link", "set", self.port(nic), "addrgenmode", "none")
        _must("ip", "link", "set", self.port(nic), "master", f"br{nic}", "up")
        # One fixed link-local address instead of the kernel's: stable, no wait for DAD
        self.must("ip", "link", "set", f"eth{nic}", "addrgenmode", "none")
        self.nics += 1
        self.nic_up(nic)

    def nic_up(self, nic=0):
        self.must("ip", "link", "set", f"eth{nic}", "up")
        if self.ipv4:
            self.must("ip", "addr", "replace", f"{self.address(nic)}/24", "brd", "+",
                      "dev", f"eth{nic}")
        if self.ipv6:
            self.must("ip", "addr", "replace", f"{self.address6(nic)}/64", "dev", f"eth{nic}",
                      "nodad")

    def nic_down(self, nic=0):
        """The host itself notices."""
        self.must("ip", "link", "set", f"eth{nic}", "down")

    def pull_cable(self, nic=0):
        """At the switch: the host keeps its carrier and hears only silence."""
        _must("ip", "link", "set", self.port(nic), "nomaster")

    def plug_cable(self, nic=0):
        _must("ip", "link", "set", self.port(nic), "master", f"br{nic}")

    # ---- the system's responder ----
    def start_avahi(self, conf=f"{HERE}/etc/avahi-daemon.conf"):
        """A system bus, if there is none yet, and avahi-daemon; ready on return."""
        if self.bus is None:
            self.bus = self.spawn("dbus-daemon", f"--config-file={HERE}/etc/dbus.conf", "--nofork",
                                  "--nopidfile", "--nosyslog", "--print-address=1", label="dbus")
            self.bus.events.wait(lambda line: True, what="its address")
        # a killed one leaves its pid file, and its successor would believe it
        self.run("rm", "-f", "/run/avahi-daemon/pid")
        self.avahi = self.spawn("avahi-daemon", "-f", conf,
                                "--no-drop-root", "--no-chroot", "--no-rlimits", label="avahi")
        running = "int32 2"
        wait_for(lambda: running in self._ask_avahi().stdout, 10, "avahi-daemon running")

    def _ask_avahi(self):
        return self.run("dbus-send", "--system", "--print-reply=literal",
                        "--dest=org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server.GetState")

    def stop_avahi(self, number=signal.SIGTERM):
        """SIGTERM says goodbye on the network, SIGKILL does not."""
        self.avahi.signal(number)
        self.avahi.wait()

    def close(self):
        for process in reversed(self.processes):
            process.end()
        self.holder.kill()
        self.holder.wait()


class Lab:
    """The hosts of one case; `with Lab() as lab`."""

    def __init__(self):
        if not _inside:
            sys.exit("a lab is made inside of enter(), never in the machine's own network")
        self.hosts = []
        self.switches = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and not isinstance(error, tap.Skip):
            self._show_logs()
        refused = [process.label for host in self.hosts for process in host.processes
                   if REFUSED in process.log_text()]
        for host in self.hosts:
            host.close()
        # A closed socket that still waits for its peer keeps a namespace, and with it a cable,
        # alive for as long as TCP tries.
        for name in [name for _, name in socket.if_nameindex() if name.startswith("sw")]:
            # most are gone by themselves before their turn comes
            subprocess.run(["ip", "link", "del", name], capture_output=True, check=False)
        for nic in range(self.switches):
            _must("ip", "link", "del", f"br{nic}")
        self._wait_for_links_to_go()
        # a helper that died of it was started again, and nobody else would notice
        if refused and error is None:
            raise Failure(f"the sandbox is too narrow for {', '.join(refused)}")

    def _wait_for_links_to_go(self):
        """A network namespace is taken down a moment after its last process."""
        wait_for(lambda: [name for _, name in socket.if_nameindex()] == ["lo"], 10,
                 "the last cable is gone")

    def _show_logs(self):
        quiet = ("dbus", "avahi")  # theirs is a page each, and seldom the reason
        for host in self.hosts:
            for process in host.processes:
                lines = 3 if process.label.startswith(quiet) else 20
                for line in process.log_tail(lines).splitlines():
                    print(f"#   {process.label}: {line}")

    def need_switch(self, nic):
        while self.switches <= nic:
            bridge = f"br{self.switches}"
            _must("ip", "link", "add", bridge, "type", "bridge", "mcast_snooping", "0",
                  "stp_state", "0", "forward_delay", "0")
            _must("ip", "link", "set", bridge, "addrgenmode", "none", "up")
            self.switches += 1

    def add_address(self, address):
        """An address on the first switch, for a peer that is the test itself."""
        self.need_switch(0)
        _must("ip", "addr", "add", f"{address}/24", "dev", "br0")

    def host(self, name=None, nics=1, avahi=False, ipv4=True, ipv6=True):
        """One more machine, up when this returns."""
        number = len(self.hosts) + 1
        host = Host(self, number, name or f"h{number}", nics, ipv4, ipv6)
        self.hosts.append(host)
        if avahi:
            host.start_avahi()
        return host
