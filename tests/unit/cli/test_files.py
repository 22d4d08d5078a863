#!/usr/bin/env python3
"""Files, through the command line: sending, answering, watching them travel, rules. Against a fake
daemon, which looks at the descriptors it is handed."""

import base64
import os
import shutil
import stat
import struct
import sys
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import PEOPLE, Refused, person  # noqa: E402
from harness import Skip, check, main  # noqa: E402
from test_commands import (AMBIGUOUS, ERROR, FAILED, OK, UNKNOWN, USAGE,  # noqa: E402
                           one_sentence)
from test_terminal import Chat, Terminal  # noqa: E402
from test_watch import Watch, until  # noqa: E402


def made(box, name, content=b"content"):
    path = os.path.join(box.folder, name)
    with open(path, "wb") as f:
        f.write(content)
    return path


def png(width, height):
    """A picture, made here."""
    rows = b"".join(b"\0" + b"".join(bytes([x % 256, y % 256, 128]) for x in range(width))
                    for y in range(height))

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


# ---- sending ----

def a_file_is_handed_over_open(box):
    path = made(box, "a b.txt", b"words")
    r = box.run("send-file", "romeo", path)
    check(r.code == OK and r.err == "" and r.out == "Delivered to Romeo Montague: a b.txt (5 B)\n", r)
    asked, = box.daemon.asked("send-file")
    check(asked["peer"] == "romeo" and asked["name"] == "a b.txt", asked)
    check(box.daemon.sent_content == b"words", box.daemon.sent_content)


def send_with_file_is_the_same(box):
    one, two = made(box, "1"), made(box, "2")
    r = box.run("send", "romeo", "--file", one, two)
    check(r.code == OK and r.out.count("Delivered") == 2, r)
    check([a["name"] for a in box.daemon.asked("send-file")] == ["1", "2"])
    check(box.daemon.asked("send") == [])
    one_sentence(box.run("send", "romeo", "--file"), USAGE)


def a_folder_is_handed_over_by_its_own_name(box):
    folder = os.path.join(box.folder, "holidays")
    os.mkdir(folder)
    for typed in (folder, folder + "/", folder + "/."):
        r = box.run("--json", "send-file", "romeo", typed)
        check(r.code == OK and r.json["files"][0]["folder"], r)
    check([a["name"] for a in box.daemon.asked("send-file")] == ["holidays"] * 3,
          box.daemon.calls)


def what_is_not_sent_of_a_folder_is_told(box):
    folder = os.path.join(box.folder, "holidays")
    os.mkdir(folder)
    box.daemon.left_out = {"left_out": 7, "left_out_names": ["a/link", "b\x1b[2J"]}
    r = box.run("send-file", "romeo", folder)
    check(r.code == OK and "7 things in holidays are not sent" in r.err, r)
    check("a/link, b" in r.err and r.err.rstrip().endswith("...") and "\x1b" not in r.err, r)
    box.daemon.left_out = {"left_out": 1, "left_out_names": ["a/link"]}
    r = box.run("send-file", "romeo", folder)
    check("1 thing in holidays is not sent" in r.err and r.err.rstrip().endswith(": a/link"), r)
    box.daemon.fate = None  # they do not answer: it is told all the same
    r = box.run("--json", "send-file", "romeo", folder)
    check(r.json["files"][0]["left_out"] == 1, r)
    box.daemon.left_out = {}
    check(box.run("send-file", "romeo", folder).err == "")


def standard_input_needs_a_name_and_is_kept_whole(box):
    env = {"XDG_STATE_HOME": os.path.join(box.folder, "state")}
    one_sentence(box.run("send-file", "romeo", "-", stdin=b"x"), USAGE)
    content = os.urandom(700000)
    r = box.run("send-file", "--name", "out.bin", "romeo", "-", stdin=content, env=env)
    check(r.code == OK and "out.bin (700 kB)" in r.out, r)
    check(box.daemon.sent_content == content)
    asked = box.daemon.asked("send-file")[-1]
    check(asked["spooled"] is True and asked["name"] == "out.bin", asked)
    spool = os.path.join(box.folder, "state/earshot/spool")
    kept, = os.listdir(spool)
    check(stat.S_IMODE(os.stat(os.path.join(spool, kept)).st_mode) == 0o600)


def what_is_no_file_is_refused_before_anything_is_sent(box):
    fifo = os.path.join(box.folder, "fifo")
    os.mkfifo(fifo)
    for path in (fifo, "/dev/null", os.path.join(box.folder, "nothing")):
        one_sentence(box.run("send-file", "romeo", path), USAGE)
    one_sentence(box.run("send-file", "--name", "a/b", "romeo", made(box, "x")), USAGE)
    one_sentence(box.run("send-file", "--name", "x", "romeo", made(box, "x"), made(box, "y")), USAGE)
    check(box.daemon.asked("send-file") == [])


def a_name_that_is_no_text_is_made_one(box):
    path = os.path.join(box.folder.encode(), b"a\xffb")
    with open(path, "wb"):
        pass
    r = box.run("send-file", "romeo", os.fsdecode(path))
    check(r.code == OK and box.daemon.asked("send-file")[0]["name"] == "a_b", r)


def what_is_refused_or_fails_says_why(box):
    path = made(box, "x")
    for fate, words in (("declined", "declined: It was<U+001B> not wanted."),
                        ("failed", "failed: It was<U+001B> not wanted.")):
        box.daemon.fate = fate
        r = box.run("send-file", "romeo", path)
        check(r.code == FAILED and r.out == f"x (7 B) to Romeo Montague: {words}\n", r)
    box.daemon.answers["send-file"] = Refused("unsupported", "Romeo's program takes no files.")
    r = box.run("send-file", "romeo", path)
    check(r.code == ERROR and r.out == "", r)


def who_does_not_answer_is_not_waited_for(box):
    box.daemon.fate = None
    r = box.run("send-file", "romeo", made(box, "x"))
    check(r.code == OK and r.out == "f1: x (7 B) to Romeo Montague, waits for their answer\n", r)


def pictures_say_how_big_they_are(box):
    r = box.run("send-file", "romeo", made(box, "p.png", png(400, 200)))
    check(r.code == OK, r)
    asked = box.daemon.asked("send-file")[-1]
    if "media" not in asked:
        raise Skip("built without libmagic")
    check(asked["media"] == "image/png", asked)
    if "width" not in asked:
        raise Skip("built without gdk-pixbuf")
    check((asked["width"], asked["height"]) == (400, 200), asked)
    small = base64.b64decode(asked["thumbnail"])
    check(asked["thumbnail_media"] == "image/jpeg" and small[:2] == b"\xff\xd8", asked)
    check(len(small) <= 16384, len(small))


def a_broken_picture_is_a_file_like_any_other(box):
    whole = png(300, 300)
    for content in (whole[:200], whole[:-20], b"\x89PNG\r\n\x1a\n" + os.urandom(5000), png(1, 1)):
        r = box.run("send-file", "romeo", made(box, "p.png", content))
        small = base64.b64decode(box.daemon.asked("send-file")[-1].get("thumbnail", ""))
        check(r.code == OK and len(small) <= 16384 and box.daemon.sent_content == content, r)


def the_history_tells_that_it_was_a_file(box):
    box.daemon.says("romeo@orchard", "photo.jpg", file=True)
    r = box.run("history", "romeo")
    check(r.out.rstrip().endswith("\tphoto.jpg (file)"), r)


# ---- answering ----

def the_list_shows_how_everything_stands(box):
    fake = box.daemon
    r = box.run("files")
    check(r.code == OK and r.out == "" and r.err == "", r)
    fake.file("romeo", "photo.jpg")
    fake.file("juliet", "evil\x1b[2J\u202egpj.exe", trust="plain")
    fake.file("romeo", "holidays", "out", folder=True, files=12, state="active", done=2100000,
              rate=12300000, left=3)
    fake.file("romeo", "old", state="done")
    rows = [line.split("\t") for line in box.run("files").out.splitlines()]
    check(rows[0][:5] == ["f1", "from", "[=] Romeo Montague", "photo.jpg (4.2 MB)",
                          "waits for your answer"], rows)
    check(rows[1][2] == "[PLAIN] Juliet" and
          rows[1][3] == "evil<U+001B>[2J<U+202E>gpj.exe (4.2 MB)", rows)
    check(rows[2][1:5] == ["to", "[=] Romeo Montague", "holidays (12 files, 4.2 MB)",
                           "50 %, 12 MB/s, 3 s left"], rows)
    check(len(rows) == 3 and len(box.run("files", "--all").out.splitlines()) == 4, rows)
    check(len(box.run("files", "--with", "juliet").out.splitlines()) == 1)
    check(len(box.run("--json", "files").json["files"]) == 3)


def accept_needs_no_id_when_one_waits(box):
    one_sentence(box.run("accept"), UNKNOWN)
    box.daemon.file("romeo", "photo.jpg")
    box.daemon.file("romeo", "mine", "out")
    r = box.run("accept")
    check(r.code == OK and r.out.startswith(
        "You have photo.jpg (4.2 MB) from Romeo Montague: /run/me/Downloads/photo.jpg"), r)
    check(box.daemon.asked("accept") == [{"id": "f1"}], box.daemon.calls)


def accept_asks_which_when_several_wait(box):
    box.daemon.file("romeo", "a")
    box.daemon.file("juliet", "b")
    r = box.run("accept")
    check(r.code == AMBIGUOUS and box.daemon.asked("accept") == [], r)
    check(box.run("accept", "juliet").code == OK and box.daemon.asked("accept") == [{"id": "f2"}])
    check(box.run("accept", "f1").code == OK and box.daemon.asked("accept")[-1] == {"id": "f1"})
    one_sentence(box.run("accept", "f9"), UNKNOWN)


def accept_hands_over_the_folder(box):
    box.daemon.file("romeo", "photo.jpg")
    target = os.path.join(box.folder, "to here")
    os.mkdir(target)
    one_sentence(box.run("accept", "--to", made(box, "file"), "f1"), USAGE)
    one_sentence(box.run("accept", "--to", target + "/none", "f1"), USAGE)
    check(box.run("accept", "--to", target, "f1").code == OK)
    check(box.daemon.accepted_to == target, box.daemon.accepted_to)


def the_others_need_no_id_either(box):
    fake = box.daemon
    f = fake.file("romeo", "a")
    r = box.run("decline")
    check(r.code == OK and r.out == "a (4.2 MB) from Romeo Montague is declined.\n", r)
    f["state"] = "active"
    check(box.run("pause").out.endswith("pauses until: earshot resume\n") and f["state"] == "paused")
    r = box.run("resume", "--wait")
    check(r.code == OK and fake.asked("resume") == [{"id": "f1"}], r)
    one_sentence(box.run("resume"), UNKNOWN)
    f["state"] = "active"
    r = box.run("cancel", "f1")
    check(r.code == OK and fake.asked("files.cancel") == [{"id": "f1"}] and not fake.asked("cancel"), r)
    check(box.run("files", "forget", "f1").code == OK and not fake.files)


# ---- rules ----

def the_limit_is_shown_and_set(box):
    check(box.run("files", "limit").out == "Files travel as fast as they can.\n")
    for typed, rate in (("10M", 10_000_000), ("1.5 GB", 1_500_000_000), ("500k", 500_000),
                        ("2MiB", 2 << 20), ("off", 0)):
        r = box.run("files", "limit", typed)
        check(r.code == OK and box.daemon.rate == rate, typed, r)
    for typed in ("x", "10X", "-1", "1e9", "0", "nan", ""):
        one_sentence(box.run("files", "limit", "--", typed), USAGE)


def rules_are_for_the_verified(box):
    r = box.run("files", "auto", "romeo", "100M")
    check(r.code != OK and r.out == "", r)
    box.daemon.people = [person("romeo@orchard", "Romeo Montague", trust="verified")] + PEOPLE[1:]
    r = box.run("files", "auto", "romeo", "100M", "1G")
    check(r.out == "Romeo Montague: files up to 100 MB are accepted without asking, 1.0 GB a day\n", r)
    check(box.run("files", "auto").out == r.out)
    check(box.run("files", "auto", "romeo", "off").out == "")
    one_sentence(box.run("files", "auto", "romeo", "x"), USAGE)


# ---- a voice message ----

def a_voice_message_is_recorded_and_sent(box):
    tools = os.path.join(box.folder, "bin")
    os.mkdir(tools)
    with open(os.path.join(tools, "arecord"), "w", encoding="ascii") as f:
        # two seconds of noise, in pieces that cut samples in two
        f.write("#!/bin/sh\nfor i in 1 2 3; do head -c 63999 /dev/urandom; sleep 0.05; done\n"
                "head -c 3 /dev/urandom\n")
    os.chmod(f.name, 0o755)
    env = {"XDG_STATE_HOME": os.path.join(box.folder, "state"), "PATH": tools + ":/usr/bin:/bin"}
    r = box.run("record", "--seconds", "5", "romeo", env=env)
    if "libopusenc" in r.err:
        raise Skip("built without libopusenc")
    check(r.code == OK and "voice-" in r.out and ".ogg" in r.out, r)
    asked, = box.daemon.asked("send-file")
    check(asked["media"] == "audio/ogg" and asked["duration"] == 2000, asked)
    sound = box.daemon.sent_content
    check(sound[:4] == b"OggS" and b"OpusHead" in sound[:64], sound[:64])
    one_sentence(box.run("record", "romeo", env=env), USAGE)


def silence_and_missing_recorders_are_told(box):
    tools = os.path.join(box.folder, "bin")
    os.mkdir(tools)
    env = {"XDG_STATE_HOME": os.path.join(box.folder, "state"), "PATH": tools}
    r = box.run("record", "--seconds", "1", "romeo", env=env)
    if "libopusenc" in r.err:
        raise Skip("built without libopusenc")
    one_sentence(r, ERROR)
    os.symlink("/bin/true", os.path.join(tools, "arecord"))
    r = box.run("record", "--seconds", "1", "romeo", env=env)
    one_sentence(r, ERROR)
    check("arecord" in r.err and box.daemon.asked("send-file") == [], r)
    check(not os.listdir(os.path.join(box.folder, "state/earshot/spool")))


# ---- watching ----

def watch_tells_of_files(box):
    w = Watch(box)
    f = box.daemon.file("romeo", "photo.jpg")
    box.daemon.event("file", **f)
    box.daemon.event("file-progress", id="f1", done=1)
    box.daemon.file_is(f, "active")
    box.daemon.file_is(f, "done", where="/x/photo.jpg")
    lines = w.lines(2)
    w.end()
    check("[=] Romeo Montague wants to give you photo.jpg (4.2 MB): earshot accept f1" in lines[0], lines)
    check("You have photo.jpg (4.2 MB) from Romeo Montague: /x/photo.jpg" in lines[1], lines)


# ---- on a terminal ----

def a_bar_shows_how_far_it_is(box):
    if not shutil.which("tmux"):
        raise Skip("no tmux")
    f = box.daemon.file("romeo", "a long name of a picture.jpg")
    box.daemon.fate = None
    t = Terminal(box, "accept", "f1", "--wait")
    try:
        t.see("a long name of a picture.jpg accepted, waits .*Ctrl-C")
        box.daemon.file_is(f, "active")
        box.daemon.event("file-progress", id="f1", done=2100000, size=4200000, rate=12300000, left=3)
        t.see("a long name of .*\u2501\u2501+\u2500\u2500+ +50 %  12 MB/s")
        box.daemon.file_is(f, "done", done=4200000, where="/x/p.jpg")
        t.see("You have a long name of a picture.jpg .*: /x/p.jpg")
        t.see(r"\[ended 0\]")
        check(not any("50 %" in r for r in t.rows()), t.rows())
    finally:
        t.end()


def a_conversation_gives_and_takes_files(box):
    if not shutil.which("tmux"):
        raise Skip("no tmux")
    box.daemon.fate = None
    with Chat(box) as t:
        box.daemon.event("file", **box.daemon.file("romeo", "photo.jpg"))
        t.see(r"Romeo Montague wants to give you photo.jpg \(4.2 MB\): /accept f1")
        t.type("/accept")
        t.keys("Enter")
        until(lambda: box.daemon.asked("accept") == [{"id": "f1"}])
        t.type("/decline")
        t.keys("Enter")
        t.see("Romeo Montague offers no file at present")
        t.type("/file " + made(box, "mine.txt", b"words"))
        t.keys("Enter")
        until(lambda: box.daemon.asked("send-file"))
        check(box.daemon.sent_content == b"words" and box.daemon.asked("send-file")[0]["peer"] == "romeo@orchard")
        t.type("/file /nothing/there")
        t.keys("Enter")
        t.see("/nothing/there cannot be opened")
        box.daemon.file_is(box.daemon.files[1], "done")
        t.see(r"Romeo Montague has mine.txt \(5 B\)")


def the_bar_fits_into_any_terminal(box):
    if not shutil.which("tmux"):
        raise Skip("no tmux")
    box.daemon.fate = None
    for columns in (10, 20, 37, 60, 200):
        f = box.daemon.file("romeo", "a long name of a picture.jpg")
        t = Terminal(box, "accept", f["id"], "--wait", size=(columns, 10))
        try:
            t.see("a long" if columns > 10 else "a")
            box.daemon.file_is(f, "active", rate=12300000, left=3)
            for done in (2100000, 2200000, 2300000):
                box.daemon.event("file-progress", id=f["id"], done=done, size=4200000, rate=12300000,
                                 left=3)
            t.see("54 %")
            check(len([r for r in t.rows() if "%" in r or "\u2501" in r]) == 1, columns, t.rows())
        finally:
            t.end()


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
