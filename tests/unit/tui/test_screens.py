#!/usr/bin/env python3
"""What the terminal UI looks like, compared with screens that were looked at and kept (golden/)."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from terminal import PEOPLE, Screen, await_that, check, offer, play  # noqa: E402
from harness import SKIPPED, main  # noqa: E402

SIZES = ((80, 24), (120, 40), (40, 10))
LOCALES = (("C.UTF-8", "utf8"), ("C", "ascii"))


def furnish(daemon):
    daemon.people = [dict(p) for p in PEOPLE]
    play(daemon)


def name(what, size, locale):
    return f"{what}-{size[0]}x{size[1]}-{locale}"


def a_conversation(box):
    furnish(box.daemon)
    for lang, locale in LOCALES:
        for size in SIZES:
            with Screen(box, "tui", "romeo", size=size, lang=lang) as s:
                s.looks_like(name("talk", size, locale))


def nobody_is_chosen_yet(box):
    furnish(box.daemon)
    for lang, locale in LOCALES:
        for size in SIZES:
            with Screen(box, size=size, lang=lang) as s:
                s.looks_like(name("people", size, locale))


def the_first_that_is_new_is_shown(box):
    furnish(box.daemon)
    for i in range(30):
        box.daemon.says("juliet@balcony", f"What is in name {i}?")
    with Screen(box, "tui", "juliet") as s:
        s.looks_like("new-80x24-utf8")
        s.see("30 unread|32 unread", gone=True)
        check(box.daemon.log.messages[-1]["state"] == "unread", "it has not been seen yet")
        s.keys("NPage", "NPage")
        s.see("What is in name 29")
        await_that(lambda: box.daemon.log.messages[-1]["state"] == "seen")


def files_in_the_conversation(box):
    furnish(box.daemon)
    offer(box.daemon, "balcony.jpg")
    offer(box.daemon, "sonnets", "active", folder=True, files=154, done=1900000, rate=1200000,
          left=2)
    offer(box.daemon, "letter.txt", "done", direction="out", done=4200000)
    offer(box.daemon, "poison.pdf", "failed", reason="The disk is full.")
    for lang, locale in LOCALES:
        with Screen(box, "tui", "romeo", lang=lang) as s:
            s.looks_like(name("files", (80, 24), locale))
            s.line("/files")
            s.looks_like(name("list-of-files", (80, 24), locale))


def what_lies_above(box):
    furnish(box.daemon)
    with Screen(box, "tui", "romeo") as s:
        s.see("Not yet here")
        s.keys("F1")
        s.looks_like("help-80x24-utf8")
        s.keys("Escape")
        s.line("/who")
        s.looks_like("who-80x24-utf8")
        s.keys("Escape")
        s.line("/search romeo")
        s.looks_like("search-80x24-utf8")
        s.keys("Escape", "F1", "NPage")
        s.resize(40, 10)
        s.looks_like("help-40x10-utf8")


def a_message_is_chosen_and_answered(box):
    furnish(box.daemon)
    with Screen(box, "tui", "romeo") as s:
        s.see("Not yet here")
        s.keys("Tab", "Up", "Up", "Up")
        s.looks_like("chosen-80x24-utf8")
        s.keys("e")
        s.looks_like("edit-80x24-utf8")


def any_size_will_do_and_the_old_one_looks_as_before(box):
    furnish(box.daemon)
    with Screen(box, "tui", "romeo") as s:
        s.looks_like("talk-80x24-utf8")
        for size in ((1, 1), (2, 1), (1, 3), (5, 2), (10, 5), (300, 100), (59, 7), (60, 3)):
            s.resize(*size)
            s.settle()
        s.resize(80, 24)
        s.looks_like("talk-80x24-utf8")


if __name__ == "__main__":
    if not shutil.which("tmux"):
        print("tmux is not installed")
        sys.exit(SKIPPED)
    for variable in ("TMUX", "NO_COLOR", "EARSHOT_PLAIN", "EARSHOT_THEME"):
        os.environ.pop(variable, None)
    sys.exit(main(sys.modules[__name__]))
