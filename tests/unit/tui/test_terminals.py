#!/usr/bin/env python3
"""The screen on all kinds of terminals, looked at through tmux: what is drawn, which keys come
through, and that the terminal is as before after every way out. Shown by test_screen --show."""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
BUILD = os.environ.get("EARSHOT_BUILD", os.path.join(TOP, "build/release"))
PROGRAM = os.path.join(BUILD, "tests/unit/tui/test_screen")
PATIENCE = 15
TEXT = "ü日本👋🏽 שלום e\u0301\u0302 ❤️ end"


class Screen:
    """A tmux server of its own with one window, in which the program runs below a shell."""

    def __init__(self, term="tmux-256color", lang="C.UTF-8", size=(80, 12), text=TEXT, env=()):
        self.folder = tempfile.mkdtemp(prefix="t")
        self.tmux = ["tmux", "-u", "-S", os.path.join(self.folder, "s"), "-f", "/dev/null"]
        command = (f"stty -a >{self.folder}/before; "
                   # libgpm, which ncurses loads on the Linux console, loses some memory
                   f"env -u LC_ALL NCURSES_GPM_TERMS=none {' '.join(env)} LANG={lang} TERM={term} {PROGRAM} --show '{text}'; "
                   f"echo \"[ended $?]\"; stty -a >{self.folder}/after; echo done; sleep 60")
        self.call("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), command)

    def call(self, *args):
        return subprocess.run([*self.tmux, *args], capture_output=True, check=True).stdout.decode()

    def keys(self, *keys):
        self.call("send-keys", *keys)

    def type(self, text):
        self.call("send-keys", "-l", text)

    def raw(self, *bytes_):
        self.call("send-keys", "-H", *[f"{b:02x}" for b in bytes_])

    def rows(self, attributes=False):
        return self.call("capture-pane", "-p", *(["-e"] if attributes else [])).split("\n")

    def see(self, pattern):
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = re.search(pattern, "\n".join(self.rows()), re.MULTILINE)
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"never there: {pattern}\n" + "\n".join(self.rows()))

    def state(self, *names):
        return self.call("display-message", "-p", " ".join("#{%s}" % n for n in names)).split()

    def pid(self):
        shell = self.state("pane_pid")[0]
        children = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", shell], capture_output=True,
                                  check=True).stdout.decode()
        return int(next(line.split()[0] for line in children.splitlines() if "--show" in line))

    def ended(self, code):
        """The program has ended so, and the terminal is as it was."""
        self.see(r"\[ended %d\]" % code)
        self.see("^done")
        flags = self.state("alternate_on", "mouse_any_flag", "cursor_flag", "keypad_cursor_flag")
        check(flags == ["0", "0", "1", "0"], flags)
        before, after = [re.sub("rows.*columns [0-9]+;", "", open(f"{self.folder}/{name}").read())
                         for name in ("before", "after")]
        check("icanon" in before and before == after, "the modes of the terminal are others")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self.tmux, "kill-server"], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def check(condition, *shown):
    if not condition:
        raise AssertionError(*shown)


GOLDEN_UTF8 = """\
ready 80x12 utf8 default
────────────────────────────────────────────────────────────────────────────────
                    │ ─ │ … … · ✓ ✓✓! × ● ○ ↑ ↓ → · █ ░
ü日本👋🏽 שלום e\u0301\u0302 ❤ …│ ü日本👋🏽 שלום e\u0301\u0302 ❤ end
                    │ ü日本👋🏽 ש…
                    │ s s s s s s s s s s s s s s s s s s
                    │ selected
                    │"""

GOLDEN_ASCII = """\
ready 80x12 ascii default
--------------------------------------------------------------------------------
                    | - | ~ . - + ++! x * o ^ v > - # .
u???????? ???? e 3 ~| u???????? ???? e 3 end
                    | u???????? ?~
                    | s s s s s s s s s s s s s s s s s s
                    | selected
                    |"""


def golden(screen, expected, theme):
    screen.see("^ready 80x12")
    screen.see(r"^ {20}[│|]$")
    shown = "\n".join(row.rstrip() for row in screen.rows()[:8])
    check(shown == expected.replace("default", theme), f"\n{shown}\ninstead of\n{expected}")


def all_kinds_of_terminals_show_the_same():
    for term, theme in (("tmux-256color", "default"), ("xterm-256color", "default"),
                        ("screen-256color", "default"), ("linux", "default"), ("vt100", "mono")):
        with Screen(term) as s:
            golden(s, GOLDEN_UTF8, theme)
            s.keys("C-q")
            s.ended(0)


def without_utf8_all_is_spelled_in_ascii():
    for lang in ("C", "POSIX", "''"):
        with Screen(lang=lang) as s:
            golden(s, GOLDEN_ASCII, "default")
            s.keys("C-q")
            s.ended(0)
    with Screen(lang="de_DE.UTF-8") as s:  # not installed, and yet it says what there is
        golden(s, GOLDEN_UTF8, "default")


def where_nothing_can_be_drawn_lines_have_to_do():
    for term in ("dumb", "no-such-terminal", "''"):
        with Screen(term) as s:
            s.see("^lines only")
            s.ended(3)


def colours_only_where_they_are_wanted():
    for env, coloured in (((), True), (("NO_COLOR=1",), False), (("THEME=mono",), False),
                          (("THEME=contrast",), True)):
        with Screen(env=env) as s:
            s.see("^ready")
            s.see("selected")
            shown = "\n".join(s.rows(attributes=True))
            check(bool(re.search(r"\x1b\[(\d+;)*(3[1-7]|38;5;\d+|9[1-7])m", shown)) == coloured, env, shown)
            check("\x1b[1" in shown, "no bold", shown)
            found = next(row for row in s.rows(attributes=True) if "selected" in row)
            check(re.search(r"\x1b\[(\d+;)*7[;m]", found), "not reversed", found)
    with Screen(env=("THEME=pink",)) as s:
        s.see("^cannot: -22")
        s.ended(4)


KEYS = (("Up", "up"), ("Down", "down"), ("Left", "left"), ("Right", "right"), ("Home", "home"),
        ("End", "end"), ("PPage", "page-up"), ("NPage", "page-down"), ("IC", "insert"),
        ("DC", "delete"), ("BSpace", "backspace"), ("Enter", "enter"), ("Tab", "tab"),
        ("BTab", "S-tab"), ("Escape", "escape"), ("C-Left", "C-left"), ("C-Right", "C-right"),
        ("M-Up", "M-up"), ("M-Down", "M-down"), ("S-Left", "S-left"), ("C-Home", "C-home"),
        ("C-End", "C-end"), ("C-DC", "C-delete"), ("C-PPage", "C-page-up"), ("C-M-Right", "C-M-right"),
        ("M-x", "M-char U+0078"), ("M-Enter", "M-enter"), ("M-BSpace", "M-backspace"),
        ("C-a", "C-char U+0061"), ("C-j", "C-char U+006A"), ("C-c", "C-char U+0063"),
        ("C-s", "C-char U+0073"), ("C-_", "C-char U+005F"), ("F1", "F U+0001"),
        ("F12", "F U+000C"), ("a", "char U+0061"), ("ü", "char U+00FC"), ("👋", "char U+1F44B"))


def all_keys_come_through():
    for term in ("tmux-256color", "xterm-256color", "linux"):
        with Screen(term) as s:
            s.see("^ready")
            for key, name in KEYS:
                s.keys(key)
                pattern = name if "U+" in name else name + " U"
                s.see("^key " + re.escape(pattern))
            s.keys("C-q")
            s.ended(0)


def keys_sent_at_once_are_all_there():
    with Screen() as s:
        s.see("^ready")
        s.type("abc äöü 日本 👋 end" * 3)
        s.see("^" + "abc äöü 日本 👋 end" * 3)
        s.raw(0xc3)  # half a character now, the rest later
        time.sleep(0.1)
        s.raw(0xbc)
        s.see("endü")
        s.raw(0xff)
        s.see(r"^key char U\+FFFD")


def pasted_text_is_one_event():
    for term in ("tmux-256color", "xterm-256color", "linux", "vt100"):
        with Screen(term) as s:
            s.see("^ready")
            check(s.call("display-message", "-p", "#{pane_mode}").strip() == "")
            path = os.path.join(s.folder, "pasted")
            with open(path, "w") as f:
                f.write("line one äöü 👋\nline two\n\ttab /quit\n" * 1000)
            size = os.path.getsize(path)
            s.call("load-buffer", path)
            s.call("paste-buffer", "-p")
            s.see(rf"^paste {size} bytes 3001 lines good")
            s.call("set-buffer", "\x1b[A/\x1b[3~x")  # keys in it are no keys
            s.call("paste-buffer", "-p", "-r")
            s.see(r"^paste \d+ bytes 1 lines")
            s.keys("C-q")
            s.ended(0)


def a_paste_without_an_end_ends_by_itself():
    with Screen() as s:
        s.see("^ready")
        s.raw(*b"\x1b[200~lost")
        s.see(r"^paste 4 bytes")
        s.keys("x")
        s.see(r"^x$")


def the_mouse_is_understood():
    presses = {"xterm-256color": ((b"\x1b[<0;10;5M", "mouse 0 at 4,9"), (b"\x1b[<64;5;6M", "mouse 3 at 5,4"),
                                  (b"\x1b[<65;5;6M", "mouse 4 at 5,4"), (b"\x1b[<2;70;12M", "mouse 2 at 11,69")),
               "tmux-256color": ((b"\x1b[M *%", "mouse 0 at 4,9"), (b"\x1b[M`%&", "mouse 3 at 5,4"))}
    for term, events in presses.items():
        with Screen(term) as s:
            s.see("^ready")
            check(s.state("mouse_any_flag") == ["1"])
            for sent, seen in events:
                s.raw(*sent)
                s.see("^" + seen)
            s.keys("C-q")
            s.ended(0)
    with Screen("xterm-256color", env=("NO_MOUSE=1",)) as s:
        s.see("^ready")
        check(s.state("mouse_any_flag") == ["0"])


def any_size_can_be_drawn():
    with Screen(size=(80, 24)) as s:
        s.see("^ready 80x24")
        for columns, rows in ((1, 1), (2, 1), (1, 50), (3, 3), (200, 60), (10, 2), (40, 10), (1, 1), (21, 5),
                              (22, 8), (200, 1), (80, 24)):
            s.call("resize-window", "-x", str(columns), "-y", str(rows))
        s.see("^ready 80x24")
        for i in range(60):  # faster than anybody can draw
            s.call("resize-window", "-x", str(1 + i * 3), "-y", str(1 + i))
        s.call("resize-window", "-x", "80", "-y", "12")
        golden(s, GOLDEN_UTF8, "default")
        for columns, rows in ((1, 1), (5, 2), (30, 7)):
            s.call("resize-window", "-x", str(columns), "-y", str(rows))
            s.see("^" + f"ready {columns}x{rows}"[:columns - 1])
        s.keys("C-q")
        s.ended(0)


def every_way_out_leaves_the_terminal_as_it_was():
    for term in ("tmux-256color", "xterm-256color", "linux"):
        for key, code in (("C-q", 0), ("C-x", 9), ("C-g", 134)):
            with Screen(term) as s:
                s.see("^ready")
                s.keys(key)
                s.ended(code)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV):
            with Screen(term) as s:
                s.see("^ready")
                os.kill(s.pid(), number)
                s.ended(128 + number)


def another_program_can_have_the_terminal():
    with Screen() as s:
        s.see("^ready")
        s.keys("C-o")
        s.see("^others have it")
        s.see("^back with 0")
        golden(s, GOLDEN_UTF8, "default")
        s.keys("C-q")
        s.ended(0)


def it_can_be_stopped_and_continued():
    with Screen("tmux-256color", env=("sh -c 'PS1=ready: exec sh -i';true",)) as s:
        s.see("^ready:")
        s.type(f"TERM=tmux-256color LANG=C.UTF-8 {PROGRAM} --show '{TEXT}'")
        s.keys("Enter")
        s.see("^ready 80")
        for _ in range(2):
            s.keys("C-z")
            s.see("Stopped|ready:$")
            check(s.state("alternate_on", "mouse_any_flag") == ["0", "0"])
            s.type("stty -a | grep -o -- ' icanon'; echo 'in the shell'")
            s.keys("Enter")
            s.see("^ icanon\nin the shell")
            s.type("clear; fg")
            s.keys("Enter")
            golden(s, GOLDEN_UTF8, "default")
        s.keys("x")
        s.see("^x$")


def the_title_comes_and_goes():
    with Screen("xterm-256color") as s:
        s.see("^ready")
        before = s.state("pane_title")
        s.keys("C-t")
        until = time.monotonic() + PATIENCE
        while s.state("pane_title") != ["A", "title", "…"] and time.monotonic() < until:
            time.sleep(0.02)
        check(s.state("pane_title") == ["A", "title", "…"], s.state("pane_title"))
        s.keys("C-q")
        s.ended(0)
        check(s.state("pane_title") == before, s.state("pane_title"))


def on_a_pty(env):
    """The program on a pseudo terminal of ours; returns its end of it and its process."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (12, 80))
    process = subprocess.Popen([PROGRAM, "--show", TEXT], stdin=theirs, stdout=theirs, stderr=theirs,
                               start_new_session=True, env={**os.environ, **env})
    os.close(theirs)
    seen = b""
    until = time.monotonic() + PATIENCE
    while b"selected" not in seen and time.monotonic() < until:
        seen += os.read(ours, 65536)
    check(b"selected" in seen, seen)
    return ours, process


def a_terminal_that_goes_away_ends_it_at_once():
    ours, process = on_a_pty({"TERM": "xterm-256color"})
    os.close(ours)
    began = time.monotonic()
    process.wait(timeout=PATIENCE)
    check(time.monotonic() - began < 1, time.monotonic() - began)
    check(process.returncode == 7, process.returncode)


def nothing_to_read_ends_it_at_once():
    began = time.monotonic()
    done = subprocess.run([PROGRAM, "--show", TEXT], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=PATIENCE, check=False)
    check(done.returncode == 3 and time.monotonic() - began < 1, done)


def sent_until_quiet(ours):
    os.set_blocking(ours, False)
    sent, since = b"", time.monotonic()
    while time.monotonic() < since + 0.4:
        try:
            sent += os.read(ours, 65536)
            since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.02)
    return sent.decode()


def a_line_with_pictures_is_sent_whole():
    """A terminal that takes them for wider or narrower than we do has all of it where it belongs again."""
    ours, process = on_a_pty({"TERM": "xterm-256color"})
    sent_until_quiet(ours)
    os.write(ours, "ab👋c".encode())
    sent_until_quiet(ours)
    os.write(ours, b"d")
    sent = sent_until_quiet(ours)
    check("ab👋cd" in sent, sent)
    check("日" not in sent and "selected" not in sent, sent)  # and no line in which nothing changed
    os.write(ours, b"\x11")
    process.wait(timeout=PATIENCE)
    os.close(ours)


def an_idle_screen_sends_nothing():
    ours, process = on_a_pty({"TERM": "xterm-256color"})
    os.set_blocking(ours, False)
    time.sleep(1.5)
    try:
        while os.read(ours, 65536):
            pass
    except BlockingIOError:
        pass
    time.sleep(2.5)  # it draws twice in this time, the same
    try:
        sent = os.read(ours, 65536)
    except BlockingIOError:
        sent = b""
    check(sent == b"", sent)
    os.close(ours)
    process.wait(timeout=PATIENCE)


def run():
    failed = 0
    names = sys.argv[1:]
    for name, test in list(globals().items()):
        if not callable(test) or getattr(test, "__module__", "") != "__main__" or isinstance(test, type) or \
                test.__code__.co_argcount or name == "run" or (names and not any(n in name for n in names)):
            continue
        try:
            test()
            print(f"ok {name}", flush=True)
        except Exception as why:  # pylint: disable=broad-except
            failed += 1
            print(f"# {type(why).__name__}: {why}".replace("\n", "\n# "))
            print(f"not ok {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed")
        sys.exit(77)
    if not os.access(PROGRAM, os.X_OK):
        print(f"{PROGRAM} is not built")
        sys.exit(77)
    for variable in ("TMUX", "NO_COLOR", "LC_ALL", "LANG", "LC_CTYPE"):
        os.environ.pop(variable, None)
    os.environ["LANG"] = "C.UTF-8"
    sys.exit(run())
