"""What `earshot doctor` finds on a virtual host, for its tests."""
import json
import os

import lab
from earshot import EARSHOT, Daemon, meet
from tap import Skip, check

WELL, USAGE, PROBLEM, WARNING = 0, 2, 12, 13
LONGEST = 12.0  # s; it promises ten, and this machine may be busy
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
    if host.run("nft", "list", "tables").returncode != 0:
        raise Skip("nft is not installed, or not allowed here")
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
