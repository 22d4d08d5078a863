"""Somebody at a desktop with earshot-tray, and a daemon of which only the socket is real: for
tests that look at what icon, menu and notices make of what they are told.

    with seat(panel="xfce4", notifications=["body"]) as s:
        s.daemon.says("romeo@orchard", "Hello")
        s.icon.wait(iconname="earshot-tray-unread")"""
import glob
import json
import os
import sys
import threading
import time
from contextlib import contextmanager

import lab
from desktop import EARSHOT_TRAY, PYTHON, Desktop
from lab import Lab
from tap import Failure, check

sys.path.insert(0, os.path.join(lab.TOP, "tests/unit/cli"))
from fake_daemon import FakeDaemon, Refused, person  # noqa: E402

USER = "alice"
ROMEO, JULIET = "romeo@orchard", "juliet@balcony"


def crowd(count, display="Somebody"):
    """That many strangers, without keys."""
    return [person(f"s{number}@crowd", display, trust="plain", encrypted=False)
            for number in range(count)]


class Daemon(FakeDaemon):
    """The fake one, in the folders of a user on a virtual host."""

    def __init__(self, host, people=None, before=None):
        self.host = host
        home, run = f"/run/home/{USER}", f"/run/user/{USER}"
        self.env = {
            "HOME": home, "XDG_RUNTIME_DIR": run, "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_STATE_HOME": f"{home}/.local/state", "XDG_DATA_HOME": f"{home}/.local/share",
            "XDG_CACHE_HOME": f"{home}/.cache", "EARSHOTD": "/bin/false",
        }
        host.must("mkdir", "-p", home)
        host.must("mkdir", "-p", "-m", "700", run, f"{run}/earshot")
        super().__init__(host.path(f"{run}/earshot/daemon.sock"), people, before)

    def refuse(self, method, reason, sentence):
        """From now on."""
        self.answers[method] = Refused(reason, sentence)

    def do_status(self, client, **params):
        if "status" in params:
            self.own["text"] = ""
        self.own.update(params)
        self.event("own", **self.own)
        return self.own


class Icon:
    """What a panel gets of the icon (sni.py)."""

    def __init__(self, desk):
        self.process = desk.start(PYTHON, f"{lab.HERE}/sni.py", label="sni", stdin=True)
        self.process.events.wait(lambda e: e == "ready", 10, what="the other side of the icon")
        self._lock = threading.Lock()

    def _ask(self, what, **more):
        with self._lock:
            mark = self.process.events.mark()
            self.process.say(json.dumps({"do": what, **more}))
            return self.process.events.wait(lambda e: isinstance(e, dict), 10, mark, what)

    def ask(self, what, **more):
        answer = self._ask(what, **more)
        if "error" in answer:
            raise Failure(f"{what} {more}: {answer['error']}")
        return answer["value"]

    def wait(self, timeout=10.0, **wanted):
        """Until the icon has these properties."""
        def fits():
            value = self._ask("icon").get("value", {})
            return value if all(value.get(k) == v for k, v in wanted.items()) else None
        return lab.wait_for(fits, timeout, f"an icon with {wanted}, not {self._ask('icon')}")

    @property
    def menu(self):
        return self.ask("menu")

    def labels(self):
        """Of the first level; what separates is "-"."""
        return ["-" if kind == "separator" else label for _, label, kind, _, _ in self.menu]

    def wait_entry(self, label, timeout=10.0):
        def fits():
            return any(entry[1] == label for entry in self._ask("menu").get("value", ()))
        lab.wait_for(fits, timeout, f"{label} in the menu")

    def choose(self, *labels):
        self.ask("click", label=list(labels))


class Seat:
    """daemon: the fake one, or a real one (earshot.py)."""

    def __init__(self, daemon, arguments, options):
        self.host = daemon.host
        self.daemon = daemon
        self.desk = Desktop(daemon, **options)
        self.tray = self.start(*arguments) if arguments is not None else None
        self._icon = None

    def start(self, *arguments, label="earshot-tray"):
        return self.desk.start(EARSHOT_TRAY, *arguments, label=label)

    @property
    def icon(self):
        if self._icon is None:
            self._icon = Icon(self.desk)
        return self._icon

    @property
    def notices(self):
        return self.desk.notices.events

    def wait_notice(self, since=0, timeout=10.0, **wanted):
        def fits(event):
            return isinstance(event, dict) and "notice" in event and all(
                event.get(k) == v for k, v in wanted.items())
        return self.notices.wait(fits, timeout, since, f"a notice {wanted}")

    def wait_call(self, method, timeout=10.0, **wanted):
        """Until the daemon was asked for that."""
        def asked():
            return any(all(p.get(k) == v for k, v in wanted.items())
                       for p in self.daemon.asked(method))
        lab.wait_for(asked, timeout, f"{method} {wanted}: {self.daemon.asked(method)}")

    def wait_ready(self):
        """The tray has been told all there is."""
        self.icon.wait(iconname="earshot-tray-available")

    def windows(self, state="Normal"):
        """Of the program, as the window manager has them. state: Normal, Iconic."""
        listed = self.desk.run("xprop", "-root", "_NET_CLIENT_LIST").stdout.partition("#")[2]
        found = []
        for window in filter(None, (word.strip() for word in listed.split(","))):
            about = self.desk.run("xprop", "-id", window, "WM_CLASS", "WM_STATE").stdout
            if "earshot-tray" in about and f"window state: {state}" in about:
                found.append(window)
        return found

    def wait_window(self, timeout=10.0, state="Normal"):
        return lab.wait_for(lambda: self.windows(state), timeout, f"a {state} window")[-1]

    def close_window(self):
        """As with the button of its frame."""
        self.desk.xdotool("windowactivate", "--sync", self.wait_window())
        self.desk.xdotool("key", "alt+F4")

    def wait_asleep(self, seconds=3.0, timeout=60.0, of=None):
        """Until the program (of: its number) has not been awake for that long."""
        pid = of or self.tray.pid

        def switches():
            found = []
            for task in glob.glob(f"/proc/{pid}/task/*/status"):
                try:
                    with open(task, encoding="ascii") as status:
                        found += [line for line in status if "ctxt_switches" in line]
                except OSError:
                    pass  # a thread that has ended meanwhile
            return found
        last, since = None, time.monotonic()

        def asleep():
            nonlocal last, since
            now = switches()
            if now != last:
                last, since = now, time.monotonic()
            return time.monotonic() - since > seconds
        lab.wait_for(asleep, timeout, "nothing is done any more")

    def stays_without_window(self, seconds):
        """None comes within that time."""
        try:
            lab.wait_for(lambda: self.windows() or self.windows("Iconic"), seconds, "a window")
        except Failure:
            return
        raise Failure(f"a window came within {seconds} s")

    def says(self, name, text, **more):
        return self.daemon.says(name, text, **more)

    def offers(self, name, what):
        """A file, just now."""
        offer = self.daemon.file(name, what, at=int(time.time() * 1000))
        self.daemon.event("file", **offer)
        return offer

    def seen(self, message):
        """Somewhere else, by the same user."""
        message["state"] = "seen"
        self.daemon.durable("seen", {key: message[key]
                                     for key in ("peer", "display", "id", "trust")})


@contextmanager
def seat(people=None, arguments=(), **options):
    """arguments: of earshot-tray; None: it is not started."""
    with Lab() as l:
        s = Seat(Daemon(l.host("verona"), people), arguments, options)
        try:
            yield s
        finally:
            # the far ends of its connections are the host's, and keep it alive
            s.daemon.close()
        if s.tray:
            check(s.tray.popen.poll() in (None, 0), f"it ended with {s.tray.popen.poll()}")
