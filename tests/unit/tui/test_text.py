#!/usr/bin/env python3
"""Text of all kinds in the terminal UI, on all kinds of terminals: what is shown, pasted, clicked; and
the plain lines that take its place."""

import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from terminal import PEOPLE, Screen, await_that, check, play  # noqa: E402
from harness import SKIPPED, main  # noqa: E402

ROMEO = "romeo@orchard"
UNUSUAL = (
    "שלום עולם, from right to left", "مرحبا", "日本語のテキストは折り返されるところならどこでも折り返される。句読点も、",
    "👨\u200d👩\u200d👧 family, 👋🏽 hand, ❤\ufe0f heart, 🇩🇪 flag, \U0001fae8 newer than the terminal",
    "e\u0301u\u0308 combining, Z\u0334\u0321\u0353\u031e\u0308a\u0338l\u0335g\u0336o", "नमस्ते, สวัสดี, 한국어, tiếng Việt",
    "https://example.org/a/path/without/any/blank/that/is/longer/than/the/row/of/the/conversation",
    "\u202egnp.exe \u2066isolated\u2069 a\u200bb soft\u00adhyphen", "tab\there, \x07bell, \x1b[31mred",
    "one\n\n  three, indented",
)


def furnish(daemon):
    daemon.people = [dict(p) for p in PEOPLE[:2]]
    for i, text in enumerate(UNUSUAL):
        daemon.add(ROMEO, text, "out" if i % 3 == 2 else "in", state="read" if i % 3 == 2 else "seen")


def unusual_text_is_where_it_belongs(box):
    furnish(box.daemon)
    for locale, lang in (("utf8", "C.UTF-8"), ("ascii", "C")):
        for size in ((80, 30), (45, 40)):
            with Screen(box, "tui", "romeo", size=size, lang=lang) as s:
                s.looks_like(f"text-{size[0]}x{size[1]}-{locale}")


def all_kinds_of_terminals_show_it(box):
    furnish(box.daemon)
    for term in ("xterm-256color", "linux", "vt100", "screen-256color"):
        with Screen(box, "tui", "romeo", size=(80, 30), term=term) as s:
            s.looks_like("text-80x30-utf8")
            s.keys("C-d")
            s.see(r"^\[ended 0\]\nicanon")
    for term in ("dumb", "no-such-terminal"):
        with Screen(box, "tui", "romeo", term=term) as s:
            s.see("^Enter sends, /help helps")
            s.keys("C-d")
            s.see(r"\[ended 0\]\nicanon")


def what_is_typed_over_wide_characters_stays_in_its_place(box):
    furnish(box.daemon)
    with Screen(box, "tui", "romeo", size=(80, 30)) as s:
        s.looks_like("text-80x30-utf8")
        s.type("日本語👋e\u0301")
        s.see("> 日本語👋e\u0301$")
        s.keys("Left", "Left", "BSpace")
        s.type("X")
        s.see("> 日本X👋e\u0301$")
        s.keys("End", "C-u")
        s.looks_like("text-80x30-utf8")


def a_pasted_text_is_one_message(box):
    play(box.daemon)
    for term in ("tmux-256color", "xterm-256color", "linux"):
        with Screen(box, "tui", "romeo", term=term) as s:
            s.see("Not yet here")
            s.call("set-buffer", "first line\n/quit\n\tthird \u65e5\u672c, no key: \x1b[A")
            s.call("paste-buffer", "-p")
            s.see("> first line")
            said = len(box.daemon.asked("send"))
            time.sleep(0.3)
            check(len(box.daemon.asked("send")) == said, "the paste was sent by itself")
            s.keys("Enter")
            await_that(lambda said=said: len(box.daemon.asked("send")) > said)
            text = box.daemon.asked("send")[-1]["text"]
            check(text.startswith("first line\n/quit\n\tthird \u65e5\u672c, no key: "), text)


def the_mouse_chooses_and_scrolls(box):
    box.daemon.people = [dict(p) for p in PEOPLE]
    for i in range(60):
        box.daemon.add(ROMEO, f"message {i}", state="seen")
    with Screen(box, "tui", "romeo", term="xterm-256color") as s:
        s.see("message 59")
        for _ in range(4):
            s.call("send-keys", "-H", *[f"{b:02x}" for b in b"\x1b[<64;50;10M"])  # the wheel, up
        s.see("message 59", gone=True)
        for _ in range(8):
            s.call("send-keys", "-H", *[f"{b:02x}" for b in b"\x1b[<65;50;10M"])
        s.see("message 59")
        row = next(i for i, r in enumerate(s.rows()) if "Juliet" in r) + 1
        for end in "Mm":
            s.call("send-keys", "-H", *[f"{b:02x}" for b in f"\x1b[<0;8;{row}{end}".encode()])
        s.see(r"│ Juliet|Earshot .*Juliet")


def a_storm_of_sizes_leaves_it_whole(box):
    furnish(box.daemon)
    with Screen(box, "tui", "romeo", size=(80, 30)) as s:
        s.looks_like("text-80x30-utf8")
        s.type("typed 日本")
        for i in range(60):
            s.resize(1 + i * 199 // 59, 1 + (i * 7) % 60)
            if i % 10 == 0:
                box.daemon.says("juliet@balcony", f"while it blows {i}")
        for size in ((1, 1), (200, 60), (2, 60), (200, 1), (80, 30)):
            s.resize(*size)
        s.see("> typed 日本$")
        s.keys("C-u")
        s.see("e\u0301u\u0308 combining")
        check("shown" not in s.text() and len(s.rows()) <= 30, s.text())


def plain_lines_read_like_this(box):
    """The whole screen, as promised in the manual."""
    furnish(box.daemon)
    with Screen(box, "--plain", size=(100, 30)) as s:
        s.see("Type a number")
        for line, seen in (("1", "/quit ends"), ("hi", "^Delivered"), ("/me waves", "^Delivered.*waves"),
                           ("/nudge", "^You nudged"), ("/history 2", "waves .delivered")):
            s.line(line)
            s.see(seen)
        box.daemon.says(ROMEO, UNUSUAL[4])
        box.daemon.says("juliet@balcony", "O Romeo\nRomeo")
        s.looks_like("plain-100x30-utf8")


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed")
        sys.exit(SKIPPED)
    for variable in ("TMUX", "NO_COLOR", "EARSHOT_PLAIN", "EARSHOT_THEME"):
        os.environ.pop(variable, None)
    sys.exit(main(sys.modules[__name__]))
