#!/usr/bin/env python3
"""The preferences of earshot-tray, as somebody uses them who sees, and somebody who is read to: what
is changed holds in the daemon and is kept, what is locked is grey and says why."""
import os

import lab
from desktop import EARSHOT_TRAY, PYTHON, Desktop, need
from earshot import Daemon
from tap import case, check, run

POLICY = "/run/home/policy.conf"
PAGES = ("You", "This computer", "Privacy", "Files", "Advanced")


class Preferences:
    """Juliet's, open; she has a daemon with that policy."""

    def __init__(self, l, policy="", settings=(), language="en"):
        host = l.host("verona")
        host.must("mkdir", "-p", "/run/home")
        with open(host.path(POLICY), "w", encoding="utf-8") as file:
            file.write(policy)
        self.daemon = Daemon(host, "juliet", args=("--policy", POLICY), settings=settings)
        self.desk = Desktop(self.daemon, language=language)
        self.open()

    def open(self):
        self.tray = self.desk.start(EARSHOT_TRAY, "--background")
        lab.wait_for(lambda: self.desk.bus_has("org.earshot.Tray"), 10, "the tray is on the bus")
        self.desk.run("gdbus", "call", "--session", "--dest", "org.earshot.Tray", "--object-path",
                      "/org/earshot/Tray", "--method", "org.gtk.Actions.Activate", "preferences",
                      "[]", "{}")
        self.window = self.desk.window("Preferences")
        self.find("text", "Full name")

    def find(self, role, name, **more):
        return self.desk.accessible.find(role, name, **more)

    def page(self, name):
        """By the keyboard, from wherever the focus is."""
        self.find("page tab list", None).focus()
        self.desk.xdotool("key", "Home")
        for _ in range(PAGES.index(name)):
            self.desk.xdotool("key", "Down")

    def choose(self, title, path):
        """A file or folder, in the window where one does that."""
        self.desk.xdotool("windowfocus", "--sync", self.desk.window(title), "key", "slash")
        chooser = self.find("file chooser", title)
        self.find("text", None, within=chooser).type(path)
        self.find("push button", "Choose", within=chooser).act()

    def setting(self, key):
        return next(s for s in self.daemon.client.call("settings")["settings"] if s["key"] == key)

    def until(self, key, value):
        lab.wait_for(lambda: self.setting(key)["value"] == value, 5, f"{key} is {value}")

    def label(self, words):
        """Visible text with these words in it."""
        return self.find("label", None, contains=words)

    def enter(self, control, text):
        control.focus()
        control.type(text)
        self.desk.xdotool("key", "Return")


@case
def a_switch_a_choice_and_a_number_are_changed_at_once(l):
    p = Preferences(l)
    p.page("Privacy")
    p.find("toggle button", "Tell others your name").act()
    p.until("privacy.publish_name", "no")
    combo = p.find("combo box", "Programs that do not encrypt")
    check("Whoever uses such a program" in combo.description, "what others see is read, too")
    p.find("menu item", "Neither", showing=False, within=combo).act()
    p.until("privacy.plain", "off")
    p.page("Advanced")
    p.enter(p.find("text", "Days until a message is given up"), "7")
    p.until("messages.lifetime", "7")
    p.find("push button", "Back to the default: Days until a message is given up").act()
    p.until("messages.lifetime", "30")
    check(p.setting("messages.lifetime")["origin"] == "default", "and the file says nothing of it")


@case
def what_is_locked_is_grey_and_says_why(l):
    p = Preferences(l, "[policy]\nreason = Ask the desk.\n[privacy]\nplain = off\n[user]\nname = Juliet\n")
    check("sensitive" not in p.find("text", "Full name").states, "the name is grey")
    p.label("The administrator of this computer has set this: Ask the desk.")
    p.page("Privacy")
    combo = p.find("combo box", "Programs that do not encrypt")
    check("sensitive" not in combo.states, f"{combo.states}")
    check("Ask the desk." in combo.description, "who does not see it is told")
    p.label("Ask the desk.")
    check("sensitive" in p.find("toggle button", "Tell others your name").states, "others are not")
    p.label("earshot.conf alone")


@case
def an_error_stands_where_it_was_made(l):
    p = Preferences(l)
    p.page("Files")
    entry = p.find("text", "Most bytes a second")
    p.enter(entry, "much")
    p.label("files.limit cannot be")
    check(entry.text == "much", "what was typed can be put right")
    check("files.limit cannot be" in entry.description, "it is read, too")
    p.enter(entry, "5M")
    p.until("files.limit", "5M")
    lab.wait_for(lambda: not p.desk.accessible.all("label", contains="files.limit cannot be"), 5,
                 "the error is gone")


@case
def what_needs_a_new_start_gets_one(l):
    p = Preferences(l)
    pid = p.daemon.status()["pid"]
    p.page("Advanced")
    p.enter(p.find("text", "Port"), "5400")
    p.until("network.port", "5400")
    p.label("This holds when Earshot has been started again.")
    p.find("push button", "Start Earshot again").act()
    p.daemon.process.wait(10)
    p.daemon.client = p.daemon.client.__class__(_listening(p), "juliet")
    check(p.daemon.status()["pid"] != pid and p.daemon.status()["port"] == 5400, "another one runs")
    lab.wait_for(lambda: not p.desk.accessible.all("push button", "Start Earshot again"), 10,
                 "nothing more to start")


def _listening(p):
    """The socket, once the next daemon has it."""
    lab.wait_for(lambda: p.daemon.cli("daemon", "status").returncode == 0, 10, "a new daemon")
    return p.daemon.socket


@case
def names_and_picture_are_others_at_once(l):
    p = Preferences(l)
    p.enter(p.find("text", "Full name"), "Juliet Capulet")
    p.daemon.client.events.until(lambda: p.daemon.client.own["full_name"] == "Juliet Capulet", 5, "name")
    p.enter(p.find("text", "Nickname"), "Jule")
    p.daemon.client.events.until(lambda: p.daemon.client.own["nick"] == "Jule", 5, "nickname")
    path = f"{p.daemon.env['HOME']}/big.png"
    made = p.desk.run(PYTHON, "-c", "import gi, sys; gi.require_version('GdkPixbuf', '2.0')\n"
               "from gi.repository import GdkPixbuf as G\n"
               "g = G.Pixbuf.new(G.Colorspace.RGB, False, 8, 900, 600); g.fill(0x336699ff)\n"
               "g.savev(sys.argv[1], 'png', [], [])", path)
    check(made.returncode == 0, made.stderr)
    p.find("push button", "Choose your picture").act()
    p.choose("Choose your picture", path)
    p.daemon.client.events.until(lambda: p.daemon.client.own.get("avatar"), 10, "a picture")
    kept = p.daemon.client.call("avatar")
    check(len(kept["data"]) // 2 <= 8192 and kept["type"] == "image/png", f"{kept['type']}")
    p.find("icon", "Your picture")
    p.find("push button", "Remove your picture").act()
    p.daemon.client.events.until(lambda: not p.daemon.client.own.get("avatar"), 5, "no picture")
    p.find("icon", "You have no picture")


@case
def a_folder_is_chosen_and_handed_over(l):
    p = Preferences(l)
    path = f"{p.daemon.env['HOME']}/inbox"
    os.makedirs(p.daemon.host.path(path))
    p.page("Files")
    p.find("push button", None, contains="Folder for received files").act()
    p.choose("Folder for received files", path)
    lab.wait_for(lambda: p.setting("files.folder")["value"].endswith("/inbox"), 10, "the folder")
    p.find("push button", None, contains="Folder for received files: " + path)


@case
def the_session_is_told_when_to_start_us_and_the_tray_what_to_show(l):
    p = Preferences(l)
    config = p.daemon.host.path(p.daemon.env["XDG_CONFIG_HOME"])
    p.page("This computer")
    start = p.find("toggle button", "Start with the session")
    check("checked" not in start.states, "not before somebody says so")
    start.act()
    path = f"{config}/autostart/earshot-tray.desktop"
    lab.wait_for(lambda: os.path.exists(path), 5, "the desktop file")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check("earshot-tray\" --background" in text and "Hidden=true" not in text, text)
    start.act()
    lab.wait_for(lambda: "Hidden=true" in open(path, encoding="utf-8").read(), 5, "it is hidden")
    for word, said in (("status", "off"), ("on", "on"), ("status", "on"), ("off", "off")):
        done = p.desk.host.run(EARSHOT_TRAY, "--autostart", word, env=p.daemon.env)  # without a display
        check((done.returncode, done.stdout) == (0, f"{said}\n"), f"{word}: {done}")
    check(p.desk.host.run(EARSHOT_TRAY, "--autostart", "maybe", env=p.daemon.env).returncode == 1, "no")
    p.find("toggle button", "Show what was said in notifications").act()
    conf = f"{config}/earshot/tray.conf"
    lab.wait_for(lambda: os.path.exists(conf), 5, "the choice of the tray")
    with open(conf, encoding="utf-8") as file:
        check("preview=false" in file.read(), "it is kept")
    p.find("toggle button", "Do not disturb").act()
    p.daemon.client.events.until(lambda: p.daemon.client.own["status"] == "dnd", 5, "others see it")


@case
def the_keyboard_is_enough(l):
    p = Preferences(l)
    p.desk.xdotool("windowfocus", "--sync", p.window)
    p.page("Privacy")
    switch = p.find("toggle button", "Tell others your name")

    def reached():
        if "focused" in switch.states:
            return True
        p.desk.xdotool("key", "Tab")
        return False
    lab.wait_for(reached, 10, "Tab comes to the switch")
    p.desk.xdotool("key", "space")
    p.until("privacy.publish_name", "no")
    p.desk.xdotool("key", "Escape")
    lab.wait_for(lambda: not p.desk.run("xdotool", "search", "--onlyvisible", "--name",
                                        "Preferences").stdout.split(), 5, "the window is gone")
    check(lab.alive(p.tray.pid), "and the tray is not")


@case
def what_was_changed_elsewhere_is_seen_when_one_comes_back(l):
    p = Preferences(l)
    p.page("Privacy")
    check("checked" in p.find("toggle button", "Tell others your name").states, "on")
    p.daemon.client.call("settings.set", key="privacy.publish_name", value="no")
    p.desk.xdotool("windowminimize", "--sync", p.window)
    p.desk.xdotool("windowmap", p.window, "windowactivate", "--sync", p.window)
    lab.wait_for(lambda: "checked" not in p.find("toggle button", "Tell others your name").states, 5,
                 "off")


if __name__ == "__main__":
    lab.enter()
    need()
    run(lab.Lab)
