"""The terminal UI in a tmux server of its own, against a fake daemon with fixed people and words."""

import difflib
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../cli"))
from fake_daemon import person  # noqa: E402
from harness import PROGRAM, check  # noqa: E402,F401  pylint: disable=unused-import

PATIENCE = 10  # seconds for something to appear
DAY = 24 * 3600 * 1000
MINUTE = 60 * 1000


class Screen:
    """One tmux server with one window; the program is its only command."""

    def __init__(self, box, *args, size=(80, 24), term="tmux-256color", lang="C.UTF-8", env="",
                 client="-u"):
        self.box = box
        server = os.path.join(box.folder, f"tmux{len(os.listdir(box.folder))}")
        self.tmux = ["tmux", client, "-S", server, "-f", "/dev/null"]
        words = " ".join(args) if args else "tui"
        command = (f"env -u LC_ALL -u NO_COLOR NCURSES_GPM_TERMS=none LANG={lang} TERM={term} TZ=UTC "
                   f"{env} {PROGRAM} "
                   f"--socket {box.socket} {words}; echo \"[ended $?]\"; "
                   "stty -a | grep -o '[-]*icanon'; sleep 60")
        self.call("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), command)
        self.call("set", "-g", "escape-time", "0")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def call(self, *args):
        return subprocess.run([*self.tmux, *args], capture_output=True, check=True).stdout.decode()

    def keys(self, *keys):
        for key in keys:
            self.call("send-keys", key)
            if key == "Escape":
                time.sleep(0.1)  # what comes sooner belongs to it: Alt and a key

    def type(self, text):
        self.call("send-keys", "-l", text)

    def line(self, text):
        self.type(text)
        self.keys("Enter")

    def text(self):
        rows = self.call("capture-pane", "-p").split("\n")
        return "\n".join(row.rstrip() for row in rows).rstrip("\n")

    def rows(self):
        return self.text().split("\n")

    def styled(self):
        return self.call("capture-pane", "-p", "-e")

    def see(self, pattern, gone=False):
        """Waits until the screen matches (or, gone, no longer does); returns the match."""
        until = time.monotonic() + PATIENCE
        while True:
            text = self.text()
            found = re.search(pattern, text, re.MULTILINE)
            if bool(found) != gone:
                return found
            if time.monotonic() > until:
                raise AssertionError(f"{'still' if gone else 'never'} there: {pattern}\n{text}")
            time.sleep(0.03)

    def looks_like(self, name):
        """Waits until the screen is the one of golden/NAME.txt; EARSHOT_GOLDEN=write makes it so."""
        path = os.path.join(HERE, "golden", name + ".txt")
        if os.environ.get("EARSHOT_GOLDEN") == "write":
            self.settle()
            with open(path, "w", encoding="utf-8") as f:
                f.write(self.text() + "\n")
            return
        with open(path, encoding="utf-8") as f:
            wanted = f.read().rstrip("\n")
        until = time.monotonic() + PATIENCE
        while (text := self.text()) != wanted:
            self.box.daemon.event("person", change="changed", person=PEOPLE[0])  # just answered
            if time.monotonic() > until:
                raise AssertionError("\n".join(difflib.unified_diff(
                    wanted.split("\n"), text.split("\n"), name, "the screen", lineterm="")))
            time.sleep(0.1)

    def settle(self):
        """Until nothing changes for a while."""
        last, since = None, time.monotonic()
        while time.monotonic() < since + 0.5:
            now = self.text()
            self.box.daemon.event("person", change="changed", person=PEOPLE[0])  # just answered
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.05)

    def resize(self, columns, rows):
        self.call("resize-window", "-x", str(columns), "-y", str(rows))

    def end(self):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True, check=False)


def await_that(fact, *shown):
    until = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > until:
            raise AssertionError(*shown)
        time.sleep(0.02)


def someone(name, display, age=None, **more):
    """age None: it is not known when there was the last evidence of them."""
    p = person(name, display, **more)
    if age is None:
        del p["age"]
    else:
        p["age"] = age
    return p


PEOPLE = [
    someone("romeo@orchard", "Romeo Montague", status="away", text="under the balcony", age=0),
    someone("juliet@balcony", "Juliet", state="announced", client="Pidgin (libpurple)",
           encrypted=False, trust="plain", receipts=False),
    someone("nurse@house", "Nurse", state="silent", connected=False, status="dnd",
           trust="verified"),
    someone("paris@verona", "Paris", state="gone", connected=False, trust="introduced"),
    someone("\u4e2d\u6587@lab", "\u4e2d\u6587\u5f20\u4f1f", client="Gajim", trust="new", age=0),
    someone("evil\x1b[2J@bad", "Ev\x1b]0;owned\x07il\u202eX", text="a\rb\x1b[31m", age=0),
]


def play(daemon):
    """A little of everything that can be in a conversation."""
    log = daemon.log

    def said(text, direction="in", after=1, **more):
        log.clock += after * MINUTE
        more.setdefault("state", "seen" if direction == "in" else "read")
        return daemon.add("romeo@orchard", text, direction, **more)

    said("But soft, what light through yonder window breaks? It is the east, and Juliet is the sun.")
    first = said("Arise, fair sun, and kill the envious moon.", reactions={
        "theirs": [], "ours": ["\u2764"]})
    said("Who is already sick and pale with grief", "out", state="delivered", reply=first["id"])
    said("", "out", retracted=True)
    said("is thinking", action=True, after=30)
    log.clock += DAY - 4 * MINUTE
    said("Two lines,\nand the second one is rather long so that it has to be broken somewhere",
         "out", edited=log.clock)
    said("\u65e5\u672c\u8a9e\u306e\u6587\u5b57 and caf\u00e9")
    said("This will not arrive", "out", state="failed", reason="Romeo's key has changed.")
    said("Not yet here", "out", state="queued")
    daemon.says("juliet@balcony", "O Romeo, Romeo!")
    daemon.says("juliet@balcony", "Wherefore art thou?")


def offer(daemon, what, state="offered", **more):
    """A file in the conversation, and in the list."""
    f = daemon.file("romeo@orchard", what, transfer=f"t-{what}", state=state, **more)
    daemon.log.clock += MINUTE
    daemon.add("romeo@orchard", what, f["direction"], file=True, id=f["transfer"],
               state="seen" if f["direction"] == "in" else "delivered")
    daemon.event("file", **f)
    return f
