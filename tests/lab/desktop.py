"""A desktop on a virtual host: X server without a screen, session bus, window manager, and what of
panel and notification server a case wants. Everything dies with the host.

    with Lab() as lab:
        daemon = Daemon(lab.host("verona"), "juliet")
        desk = Desktop(daemon, panel="xfce4")
        tray = desk.start(EARSHOT_TRAY)
        desk.accessible.find("push button", "Send").act()
        desk.screenshot("/tmp/window.png")

Programs see the user's folders, so they find the daemon that runs there."""
import json
import os
import shutil
import threading

import lab
import tap
from events import Events
from tap import Failure

EARSHOT_TRAY = os.path.join(lab.BUILD, "earshot-tray")
PYTHON = "/usr/bin/python3"  # the system's own: another one has no GObject introspection
DISPLAY = ":7"
_NEEDED = ("Xvfb", "dbus-daemon", "openbox", "xdotool", "xdpyinfo", "import")
_ACTIVATED = ("org.a11y.Bus.service", "org.xfce.Xfconf.service")
_PANELS = {
    "xfce4": ("xfce4-panel", "--disable-wm-check"),
    "lxqt": ("lxqt-panel",),
    "trayer": ("trayer", "--edge", "top", "--align", "center", "--height", "24", "--SetDockType",
               "true"),
}


def need(*programs):
    """Skips everything where a desktop cannot be shown."""
    if not os.path.exists(EARSHOT_TRAY):
        tap.skip_all("earshot-tray is not built: GTK 3 or ayatana-appindicator is missing")
    for name in (*_NEEDED, *programs):
        if not shutil.which(name):
            tap.skip_all(f"{name} is not installed")


class Desktop:
    """panel: xfce4, lxqt, trayer or None. notifications: the capabilities of a server whose
    notices are in .notices, "dunst", or None. scale: 2 on a dense screen. language: as in
    LANGUAGE."""

    def __init__(self, daemon, size=(1024, 768), panel=None, notifications=None, language="en",
                 theme=None, scale=1, bus=True):
        self.daemon, self.host = daemon, daemon.host
        self.panel = self.notices = self._accessible = None
        self.env = {
            **daemon.env, "DISPLAY": DISPLAY, "LANG": "C.UTF-8", "LANGUAGE": language,
            "LC_ALL": "", "GDK_BACKEND": "x11", "GDK_SCALE": str(scale), "TZ": "UTC",
            "GTK_THEME": theme or "Adwaita", "NO_AT_BRIDGE": "0", "WAYLAND_DISPLAY": "",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/dbus/session" if bus else "unix:path=/none",
            "XDG_DATA_DIRS": "/usr/local/share:/usr/share", "XDG_CURRENT_DESKTOP": "XFCE",
            "LSAN_OPTIONS": f"suppressions={lab.HERE}/etc/lsan.supp:print_suppressions=0",
        }
        self._start_x(size)
        if bus:
            self._start_bus()
        self.start("openbox", wait=self._has_window_manager)
        self.xdotool("mousemove", "500", "700")
        if notifications == "dunst":
            self.start("dunst", wait=lambda: self.bus_has("org.freedesktop.Notifications"))
        elif notifications is not None:
            self.start_notifications(notifications)
        if panel:
            self.start_panel(panel)

    # ---- what belongs to a desktop ----
    def _start_x(self, size):
        # sockets of its own: other tests have desktops at the same time
        self.host.must("mkdir", "-p", "-m", "1777", "/tmp/.X11-unix")
        self.host.must("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp/.X11-unix")
        self.start("Xvfb", DISPLAY, "-screen", "0", f"{size[0]}x{size[1]}x24", "-nolisten", "tcp",
                   "-noreset", "-ac", "-nolock",
                   wait=lambda: self.run("xdpyinfo").returncode == 0)

    def _start_bus(self):
        self.host.must("mkdir", "-p", "/run/services", "/run/dbus")
        for name in _ACTIVATED:
            path = f"/usr/share/dbus-1/services/{name}"
            if os.path.exists(path):
                self.host.must("cp", path, "/run/services/")
        bus = self.host.spawn("dbus-daemon", f"--config-file={lab.HERE}/etc/session.conf",
                              "--nofork", "--nopidfile", "--nosyslog", "--print-address=1",
                              env=self.env, label="dbus-session")
        bus.events.wait(lambda line: True, what="the session bus's address")

    def _has_window_manager(self):
        return "not found" not in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK").stdout

    def start_panel(self, kind):
        """Its tray is there when this returns."""
        folder = f"{self.env['XDG_CONFIG_HOME']}/xfce4/xfconf/xfce-perchannel-xml"
        if kind == "xfce4":
            self.host.must("mkdir", "-p", folder)
            self.host.must("cp", f"{lab.HERE}/etc/xfce4-panel.xml", folder)
        elif kind == "lxqt":
            lxqt = f"{self.env['XDG_CONFIG_HOME']}/lxqt"
            self.host.must("mkdir", "-p", lxqt)
            self.host.must("cp", f"{lab.HERE}/etc/lxqt-panel.conf", f"{lxqt}/panel.conf")
        hosted = self._has_xembed if kind == "trayer" else self.has_tray_host
        self.panel = self.start(*_PANELS[kind], wait=hosted)
        return self.panel

    def has_tray_host(self):
        """A panel that shows status notifiers is there."""
        said = self.run("gdbus", "call", "--session", "--dest", "org.kde.StatusNotifierWatcher",
                        "--object-path", "/StatusNotifierWatcher", "--method",
                        "org.freedesktop.DBus.Properties.Get", "org.kde.StatusNotifierWatcher",
                        "IsStatusNotifierHostRegistered").stdout
        return "true" in said

    def _has_xembed(self):
        return self.run("xdotool", "search", "--class", "trayer").returncode == 0

    def start_notifications(self, capabilities):
        """A server of ours; what it is given comes as events of .notices."""
        self.notices = self.start(PYTHON, f"{lab.HERE}/notices.py", *capabilities,
                                  label="notices", stdin=True)
        self.notices.events.wait(lambda e: e == "ready", 10, what="the notification server")
        return self.notices

    # ---- programs ----
    def start(self, *argv, env=None, label=None, wait=None, timeout=15.0, stdin=False):
        process = self.host.spawn(*argv, env={**self.env, **(env or {})}, label=label, stdin=stdin)
        if wait:
            lab.wait_for(wait, timeout, f"{process.label} is up\n{process.log_tail()}")
        return process

    def run(self, *argv, timeout=10.0, env=None):
        return self.host.run(*argv, env={**self.env, **(env or {})}, timeout=timeout)

    def xdotool(self, *words):
        done = self.run("xdotool", *words)
        if done.returncode != 0:
            raise Failure(f"xdotool {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def window(self, name, timeout=10.0):
        """The id of a shown window with this in its title."""
        def shown():
            return self.run("xdotool", "search", "--onlyvisible", "--name", name).stdout.split()
        return lab.wait_for(shown, timeout, f"a window named {name}")[-1]

    def bus_has(self, name):
        return name in self.run("gdbus", "call", "--session", "--dest", "org.freedesktop.DBus",
                                "--object-path", "/", "--method",
                                "org.freedesktop.DBus.ListNames").stdout

    def screenshot(self, path, window=None):
        """PNG of the whole screen, or of one window, into a file of the test's."""
        done = self.run("import", "-window", window or "root", "png:/run/screenshot.png")
        if done.returncode != 0:
            raise Failure(f"no screenshot: {done.stderr.strip()}")
        shutil.copyfile(self.host.path("/run/screenshot.png"), path)

    @property
    def accessible(self):
        """What a screen reader finds (AT-SPI)."""
        if self._accessible is None:
            self._accessible = Accessible(self)
        return self._accessible


class Accessible:
    """A screen reader's eyes and hands; the work is done by atspi.py on the host."""

    def __init__(self, desk):
        self.process = desk.start(PYTHON, f"{lab.HERE}/atspi.py", label="atspi", stdin=True)
        self.process.events.wait(lambda e: e == "ready", 10, what="AT-SPI")
        self._lock = threading.Lock()

    def ask(self, what, patience=15.0, /, **more):
        with self._lock:
            mark = self.process.events.mark()
            self.process.say(json.dumps({"do": what, **more}))
            answer = self.process.events.wait(lambda e: isinstance(e, dict), patience, mark,
                                              f"answer to {what} {more}")
        if "error" in answer:
            raise Failure(f"{what} {more}: {answer['error']}")
        return answer.get("value")

    def find(self, role=None, name=None, timeout=5.0, contains=None, within=None, showing=True,
             app="earshot-tray"):
        """The first control of that role and name (or with `contains` in its name), waited for."""
        number = self.ask("find", timeout + 10, role=role, name=name, contains=contains,
                          within=within.number if within else None, showing=showing, app=app,
                          timeout=timeout)
        return Control(self, number)

    def all(self, role=None, name=None, contains=None, within=None, showing=True,
            app="earshot-tray"):
        """All that fit now."""
        return [Control(self, n) for n in
                self.ask("all", role=role, name=name, contains=contains, showing=showing, app=app,
                         within=within.number if within else None)]

    def tree(self, app="earshot-tray"):
        """Everything as indented lines: role, name, states."""
        return self.ask("tree", app=app)


class Control:
    """One control in the tree of a program."""

    def __init__(self, accessible, number):
        self.accessible, self.number = accessible, number

    def _ask(self, what, **more):
        return self.accessible.ask(what, number=self.number, **more)

    def act(self, index=0):
        """Presses, opens or chooses it, as a screen reader would."""
        return self._ask("act", index=index)

    def type(self, text):
        """Replaces what stands in it."""
        return self._ask("type", text=text)

    @property
    def text(self):
        return self._ask("text")

    @property
    def name(self):
        return self._ask("name")

    @property
    def description(self):
        return self._ask("description")

    @property
    def role(self):
        return self._ask("role")

    @property
    def states(self):
        return self._ask("states")

    @property
    def value(self):
        """Of a progress bar or slider."""
        return self._ask("value")

    @property
    def extents(self):
        """x, y, width, height on the screen."""
        return self._ask("extents")

    def focus(self):
        return self._ask("focus")
