#!/usr/bin/env python3
"""What could act on a terminal (L4), sent by a scripted peer as bodies, names and status texts, and
shown by the real program in tmux: the screen is the words with every control spelled out, and
nothing else happens. What no message can hold ends the stream, and nothing of it is shown."""
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))

import lab
import player
import tap
from earshot import EARSHOT
from tap import case, check

COLUMNS = 240
TITLE = "untouched"
CONTROLS = [*range(0x01, 0x20), 0x7f, *range(0x80, 0xa0)]
# What a terminal would do something about. {E}: how it begins, as ESC and a letter or as C1.
SEQUENCES = [
    ("]", 0x9d, "]0;owned\x07"), ("]", 0x9d, "]2;owned{ST}"), ("]", 0x9d, "]52;c;b3duZWQ={ST}"),
    ("]", 0x9d, "]8;;http://evil/{ST}click"), ("]", 0x9d, "]10;?{ST}"), ("[", 0x9b, "[6n"),
    ("[", 0x9b, "[c"), ("[", 0x9b, "[>c"), ("[", 0x9b, "[2J"), ("[", 0x9b, "[21t"),
    ("[", 0x9b, "[1;1H"), ("[", 0x9b, "[?2004h"), ("[", 0x9b, "[201~"), ("[", 0x9b, "[?1049h"),
    ("[", 0x9b, "[31m"), ("[", 0x9b, "[5i"), ("P", 0x90, "P$q\"p{ST}"), ("P", 0x90, "P+q544e{ST}"),
    ("P", 0x90, "Ptmux;\x07{ST}"), ("_", 0x9f, "_Gi=1;{ST}"), ("^", 0x9e, "^owned{ST}"),
    ("X", 0x98, "Xowned{ST}"), ("k", None, "kowned{ST}"), ("c", None, "c"), ("Z", 0x9a, "Z"),
]
HIDDEN = [0x200b, 0x200e, 0x200f, 0x202a, 0x202b, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069,
          0x2028, 0x2029, 0xfeff, 0xad, 0x61c, 0xe0041]


def golden(text):
    """The words as they have to stand on the screen."""
    hidden = set(HIDDEN) | set(CONTROLS)
    return "".join(f"<U+{ord(c):04X}>" if ord(c) in hidden else c for c in text)


def seven_bit():
    return [f"7bit {n} \x1b" + s.replace("{ST}", "\x1b\\") for n, (_, _, s) in enumerate(SEQUENCES)]


def eight_bit():
    return [f"8bit {n} " + chr(c1) + s[1:].replace("{ST}", "\x9c")
            for n, (_, c1, s) in enumerate(SEQUENCES) if c1]


def printable(text):
    """XML can hold it: all but C0, of which three are white space."""
    return all(ord(c) >= 0x20 for c in text)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


class Evil:
    """The scripted peer."""

    def __init__(self, actor, name, nick=None, msg=None):
        self.actor, self.name = actor, name
        actor.do_peer(name, ["txtvers=1", "status=avail",
                             *(f"{key}=" + "".join(f"\\x{byte:02x}" for byte in value)
                               for key, value in (("nick", nick), ("msg", msg)) if value)])
        self.stream = None

    def open(self):
        self.actor.do_dial(self.name)
        self.stream = self.actor.stream
        self.stream.send(f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/"
                         f"streams' from='{self.name}' to='{self.actor.daemon.name}'>".encode())
        self.stream.events.wait(lambda piece: "<stream:stream" in piece, what="a header")

    def say(self, number, body):
        self.stream.send(b"<message type='chat' id='m%d'><body>%b</body></message>" % (number, body))

    def says(self, bodies):
        """All of them arrive."""
        mark = self.actor.client.mark()
        self.open()
        for n, body in enumerate(bodies):
            self.say(n, escaped(body).encode())
        self.actor.client.events.until(
            lambda: len(self.actor.client.messages(self.name, since=mark)) == len(bodies), 10,
            f"{len(bodies)} messages")

    def is_refused(self, body):
        """The stream ends at it."""
        self.open()
        self.say(0, body)
        self.stream.events.wait(lambda piece: piece == "</stream:stream>", 5,
                                what=f"the end after {body!r}")
        self.stream.close()


class Terminal:
    """tmux on the daemon's host: runs a command, then waits for what the terminal answered."""

    def __init__(self, host, env):
        self.host, self.env = host, env
        self.server = ["tmux", "-S", host.path("/run/tmux"), "-u", "-f", "/dev/null"]

    def call(self, *words, ok=True):
        done = self.host.run(*self.server, *words, env=self.env)
        check(done.returncode == 0 or not ok, f"{words}: {done}")
        return done

    def show(self, *command, keys=(), until=r"\[stdin"):
        """The rows of the screen when it was over; nothing else may have happened."""
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
        script = (f"stty -echo; read go; stty -icanon; {quoted}; printf '[ended %d]\\n' $?; stty -icanon min 0 time 5;"
                  "printf '[stdin%s]\\n' \"$(dd bs=4096 count=1 2>/dev/null | od -An -tx1)\"; sleep 30")
        # the server of the session before may be about to end, and take this one along
        for last in (False, False, True):
            done = self.call("new-session", "-d", "-x", str(COLUMNS), "-y", "60", script, ok=last)
            if done.returncode == 0:
                break
            time.sleep(0.2)
        try:
            self.call("set", "-g", "set-clipboard", "on")
            self.call("set", "-g", "allow-rename", "on")
            self.call("select-pane", "-T", TITLE)
            self.call("send-keys", "Enter")
            if keys:
                time.sleep(1)
                self.call("send-keys", *keys)
            lab.wait_for(lambda: re.search(until, self.screen()), 15, f"the end of {command}")
            return (self.screen().rstrip("\n").split("\n"),
                    self.call("display", "-p", "#{pane_title} #{window_name}").stdout.split()[0],
                    self.call("show-buffer", ok=False).returncode == 0)
        finally:
            self.call("kill-server", ok=False)

    def screen(self):
        return self.call("capture-pane", "-p", "-J", "-S", "-500").stdout


def shows(terminal, *command, wanted=(), **more):
    """The real program: each of `wanted` stands in a row, and nothing else happened."""
    rows, title, clipboard = terminal.show(EARSHOT, *command, **more)
    text = "\n".join(rows)
    for words in wanted:
        check(any(words in row for row in rows), f"{command}: {words!r} is not in:\n{text}")
    check("[ended 0]" in text, f"{command} fails:\n{text}")
    check("[stdin]" in text, f"{command}: the terminal answers:\n{text}")
    check(title == TITLE, f"{command}: the title is {title}")
    check(not clipboard, f"{command}: the clipboard was written")
    return rows


def begin(l):
    if not shutil.which("tmux"):
        raise tap.Skip("tmux is not installed")
    actor = player.Player(l)
    return actor, Terminal(actor.daemon.host, actor.daemon.env)


@case
def l4_bodies_are_spelled_out(l):
    actor, terminal = begin(l)
    bodies = [f"one {c:02x} {chr(c)}x" for c in CONTROLS if c >= 0x20]
    bodies += [text for text in eight_bit() if printable(text)]
    bodies += [f"hidden {c:04x} {chr(c)}x" for c in HIDDEN]
    Evil(actor, "evil@pronto").says(bodies)
    wanted = [golden(body) for body in bodies]
    shows(terminal, "history", "--limit", "200", "evil@pronto", wanted=wanted)
    shows(terminal, "search", "--limit", "200", "hidden", wanted=[w for w in wanted if "hidden" in w])
    shows(terminal, "--plain", "chat", "evil@pronto", wanted=wanted[-15:], keys=("C-d",))
    for form in ("text", "json", "html"):
        rows = shows(terminal, "export", "--format", form, "evil@pronto")
        check(all(ord(c) >= 0x20 and not 0x7f <= ord(c) < 0xa0 for row in rows for c in row), form)
    rows = "".join(shows(terminal, "--json", "history", "--limit", "200", "evil@pronto"))
    for c in (0x7f, *range(0x80, 0xa0), *HIDDEN[:-1]):
        check(f"\\u{c:04x}x" in rows, f"{c:04x} is an escape in JSON")
    actor.close()


@case
def l4_lines_of_a_body_cannot_pass_for_a_speaker(l):
    actor, terminal = begin(l)
    Evil(actor, "evil@pronto").says(["hello\n12:00  Nurse: I lie\r\n12:01 \u2713 You: so do I",
                                     "a&#13;12:02  Nurse: over".replace("&#13;", "\r")])
    rows = shows(terminal, "history", "evil@pronto")
    said = [row for row in rows if "Nurse" in row or "You" in row]
    check(len(said) == 3, said)
    for row in said:
        check(row.startswith("         \u00bb 12:0") or row.startswith("         12:0") or
              re.match(r"^\d\d:\d\d +.*: a", row), f"a row of its own: {row}")
    actor.close()


@case
def l4_names_and_status_texts_are_spelled_out(l):
    actor, terminal = begin(l)
    parts = [CONTROLS[i:i + 24] for i in range(0, len(CONTROLS), 24)]
    for n, part in enumerate(parts):
        text = "".join(map(chr, part))
        Evil(actor, f"evil{n}@pronto", f"N{n}{text}".encode(), f"S{n}{text}".encode())
    for n, text in enumerate(seven_bit() + eight_bit()):
        Evil(actor, f"seq{n}@pronto", text.encode(), text.encode())
    for bad in (b"\x9b31m", b"\xc0\x9b31m", b"\xe0\x80\x9b31m", b"\xff\xfe", b"\xed\xa0\x9b"):
        Evil(actor, f"bad{bad.hex()}@pronto", bad, bad)
    rows = shows(terminal, "who")
    check(all(ord(c) >= 0x20 and not 0x7f <= ord(c) < 0xa0 for row in rows for c in row), rows)
    for n, part in enumerate(parts):
        shown = golden("".join(chr(c) if c >= 0x20 or c in (9, 10, 13) else "\ufffd" for c in part))
        shows(terminal, "info", f"evil{n}@pronto",
              wanted=[f"Nickname      N{n}{shown}", f"Status        available: S{n}{shown}"])
    shows(terminal, "session", keys=("C-d",))
    actor.close()


@case
def l4_what_no_message_can_hold_ends_the_stream(l):
    actor, terminal = begin(l)
    evil = Evil(actor, "evil@pronto")
    for c in CONTROLS:
        if c < 0x20 and c not in (0x09, 0x0a, 0x0d):
            evil.is_refused(bytes([c]) + b"x")
            evil.is_refused(b"&#x%x;x" % c)
        evil.is_refused(bytes([0xc0 | c >> 6, 0x80 | c & 0x3f]) + b"x" if c < 0x80 else bytes([c]) + b"x")
        evil.is_refused(bytes([0xe0, 0x80 | c >> 6, 0x80 | c & 0x3f]) + b"x")
    for text in seven_bit():
        evil.is_refused(text.encode())
    check(not actor.client.messages("evil@pronto"), "nothing was taken")
    shows(terminal, "history")
    actor.close()


@case
def l4_the_terminal_does_act_on_what_is_not_spelled_out(l):
    """The check of the check."""
    _, terminal = begin(l)
    raw = r"\033]2;owned\007\033]52;c;b3duZWQ=\007\033[6n\033[c"
    rows, title, clipboard = terminal.show("printf", raw)
    check(title == "owned" and clipboard, f"{title}, {clipboard}")
    check(any(row.startswith("[stdin 1b 5b") for row in rows), rows)


@case
def l6_the_log_holds_no_words_of_people(l):
    """Neither bodies nor nicknames nor status texts."""
    actor, terminal = begin(l)
    secrets = ["verbis-corporis", "nomen-secretum", "status-arcanus"]
    evil = Evil(actor, "evil@pronto", secrets[1].encode(), secrets[2].encode())
    evil.says([secrets[0], "a\u009b31m"])
    shows(terminal, "send", "--wait", "0", "evil@pronto", secrets[0])
    evil.is_refused(secrets[0].encode() + b"\x1b")
    log = actor.daemon.process.log_tail(100000)
    check(log and all(0x20 <= ord(c) < 0x7f or c == "\n" for c in log), "the log is plain")
    for secret in secrets:
        check(secret not in log, f"{secret} is in the log")
    actor.close()


if __name__ == "__main__":
    lab.enter()
    tap.run(lab.Lab)
