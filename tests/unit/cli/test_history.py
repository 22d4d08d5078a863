#!/usr/bin/env python3
"""What is kept, through the command line: sending for good, reading back, searching, changing,
exporting, forgetting. Against a fake daemon."""

import glob
import html.parser
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import FakeDaemon, Refused  # noqa: E402
from harness import PROGRAM, check, main, run  # noqa: E402
from test_commands import (AMBIGUOUS, DISK, ERROR, FAILED, HARMFUL, LATE, NO_DAEMON, OK,  # noqa: E402
                           UNKNOWN, USAGE, one_sentence)

DAY = 86_400_000  # ms


def conversation(box):
    """Some of everything, over two days."""
    fake = box.daemon
    first = fake.add("romeo@orchard", "O Romeo, wherefore art thou?", "out", state="read")
    fake.says("romeo@orchard", "Shall I hear more?\n2027-01-15 08:00\tYou\tread\tfaked",
              reply=first["id"], state="seen")
    fake.log.clock += DAY
    fake.add("romeo@orchard", "new words", "out", state="delivered", edited=1,
             reactions={"theirs": ["\U0001f44d"], "ours": []})
    fake.add("romeo@orchard", "lost", "out", state="failed", reason="It was too old.")
    fake.says("romeo@orchard", "waves", action=True)
    fake.add("romeo@orchard", "", "in", retracted=True, state="seen")
    fake.add("paris@verona", "Are you there?", "out")
    return first


# ---- send ----

def send_says_what_became_of_it(box):
    for name, words in (("romeo", "Delivered to Romeo Montague\n"), ("juliet", "Handed over to Juliet\n"),
                        ("paris", "Kept; will be delivered when Paris is back.\n"),
                        ("nurse", "Kept; will be delivered when Nurse is back.\n")):
        r = box.run("send", name, "hi")
        check(r.code == OK and r.out == words and r.err == "", r)


def send_waits_as_long_as_it_is_told(box):
    box.daemon.mute.add("romeo@orchard")
    kept = "Kept; Romeo Montague has not confirmed it yet, Earshot goes on trying.\n"
    for args, least, most in ((["--wait", "0"], 0, 0.9), (["--wait=1"], 1, 2), ([], 3, 4.5)):
        began = time.monotonic()
        r = box.run("send", *args, "romeo", "hi")
        check(r.code == OK and r.out == kept, r)
        check(least <= time.monotonic() - began < most, args, time.monotonic() - began)
    one_sentence(box.run("send", "--wait", "x", "romeo", "hi"), USAGE)


def send_tells_of_a_failure(box):
    box.daemon.mute.add("romeo@orchard")

    def fail():
        until = time.monotonic() + 5
        while not box.daemon.log.messages and time.monotonic() < until:
            time.sleep(0.02)
        box.daemon.becomes(box.daemon.log.messages[-1], "failed", "It is\x1b too long.")

    threading.Thread(target=fail).start()
    r = box.run("send", "romeo", "hi")
    check(r.code == FAILED and r.out == "Not delivered: It is<U+001B> too long.\n", r)
    token = box.daemon.asked("send")[0]["token"]
    r = box.run("send", "--token", token, "romeo", "hi")  # known by now
    check(r.code == FAILED and r.out == "Not delivered: It is<U+001B> too long.\n", r)
    r = box.run("--json", "send", "--token", token, "romeo", "hi")
    check(r.code == FAILED and r.json["state"] == "failed", r)


def send_gives_the_last_state_as_json(box):
    r = box.run("send", "--json", "romeo", "hi")
    check(r.json == {"number": 1, "id": "m1", "peer": "romeo@orchard", "state": "delivered",
                     "trust": "known", "here": True}, r)
    r = box.run("--json", "send", "paris", "hi")
    check(r.json["state"] == "queued" and not r.json["here"], r)


def send_hands_on_its_options(box):
    first = conversation(box)
    r = box.run("send", "--lifetime", "2h", "--token", "t", "--reply", "#2", "--wait", "0", "romeo", "x")
    check(r.code == OK, r)
    check(box.daemon.asked("send") == [{"peer": "romeo", "text": "x", "lifetime": 7200,
                                        "token": "t", "reply": "in2"}], box.daemon.calls)
    box.run("send", "--lifetime=0", "--reply", first["id"], "romeo", "x")
    sent = box.daemon.asked("send")[-1]
    check(sent["lifetime"] == 0 and sent["reply"] == first["id"], sent)
    for args in (["--lifetime", "x"], ["--token", ""], ["--token", "x" * 129], ["--reply", "#x"]):
        one_sentence(box.run("send", *args, "romeo", "x"), USAGE)
    check(len(box.daemon.asked("send")) == 2)


def an_answer_that_is_lost_doubles_nothing(box):
    box.daemon.dies_at.append("send")
    old = box.daemon
    r = box.run("send", "romeo", "only once")
    check(r.code == OK and r.out == "Delivered to Romeo Montague\n", r)
    first, = old.asked("send")
    second, = old.successor.asked("send")
    check(first == second, first, second)
    check([m["text"] for m in old.log.messages] == ["only once"], old.log.messages)


def a_daemon_that_stays_away_is_told(box):
    box.daemon.answers["send"] = FakeDaemon.SILENT
    threading.Timer(0.5, box.daemon.close).start()
    r = box.run("send", "romeo", "hi")
    check(r.code == NO_DAEMON and r.out == "", r)
    token = box.daemon.asked("send")[0]["token"]
    check(f"not known whether it was kept. The same again with --token {token} " in r.err, r)


def new_refusals_have_their_own_codes(box):
    for reason, code in (("disk", DISK), ("late", LATE)):
        box.daemon.answers["send"] = Refused(reason, "No.")
        one_sentence(box.run("send", "romeo", "hi"), code)


# ---- history ----

GOLDEN = """\
2027-01-15 08:00\t[=]\tYou\tread\tO Romeo, wherefore art thou?
2027-01-15 08:00\t[=]\tRomeo Montague\tseen\t> O Romeo, wherefore art thou?
\u00bb Shall I hear more?
\u00bb 2027-01-15 08:00    You    read    faked
2027-01-16 08:00\t[=]\tYou\tdelivered\tnew words (edited) [\U0001f44d]
2027-01-16 08:00\t[=]\tYou\tfailed\tlost (not delivered: It was too old.)
2027-01-16 08:00\t[=]\tRomeo Montague\tunread\t/me waves
2027-01-16 08:00\t[=]\tRomeo Montague\tseen\t(taken back)
"""


def history_is_one_line_a_message(box):
    conversation(box)
    r = box.run("history", "romeo")
    check(r.code == OK and r.out == GOLDEN, r)
    r = box.run("history")
    check(r.out.splitlines()[-1] == "2027-01-16 08:00\t[=]\tYou to Paris\tqueued\tAre you there?", r)
    r = box.run("history", "--ids", "--limit", "1")
    check(r.out.startswith("#7\tm7\t2027-01-16"), r)
    check(not box.daemon.asked("seen"), "only who looks has seen")


def history_as_json_is_exact(box):
    conversation(box)
    box.daemon.says("evil\x1b[2J@bad", "\x1b[31m\u202e\n")
    r = box.run("history", "--json")
    check([json.loads(line) for line in r.out.splitlines()] == box.daemon.log.messages, r)


def history_asks_for_the_times_it_is_given(box):
    conversation(box)
    for args, since, until in (
            (["--since", "2027-01-16"], 1_800_057_600_000, None),
            (["--until=2027-01-15"], None, 1_800_057_600_000),
            (["--since", "2027-01-15T08:00", "--until", "2027-01-15T08:00"],
             1_800_000_000_000, 1_800_000_060_000)):
        check(box.run("history", "romeo", *args).code == OK)
        asked = box.daemon.asked("history")[-1]
        check((asked.get("since"), asked.get("until")) == (since, until), args, asked)
    check(box.run("history", "--since", "2h").code == OK)
    ago = time.time() * 1000 - box.daemon.asked("history")[-1]["since"]
    check(7_200_000 <= ago < 7_220_000, ago)
    # New York: a day begins five hours later
    box.run("history", "--since", "2027-01-16", env={"TZ": "EST5"})
    check(box.daemon.asked("history")[-1]["since"] == 1_800_057_600_000 + 5 * 3_600_000)
    for args in (["--since", "tomorrow"], ["--until", "2027-02-30"], ["--limit", "0"], ["--limit", "x"]):
        one_sentence(box.run("history", *args), USAGE)
    one_sentence(box.run("history", "nobody"), UNKNOWN)


def long_histories_come_in_pages(box):
    for i in range(3500):
        box.daemon.log.messages.append({
            "number": 2 * i + 1, "direction": "in", "peer": "romeo@orchard", "display": "R",
            "id": f"x{i}", "text": f"t{i}", "time": 1_800_000_000_000, "state": "seen"})
    box.daemon.log.page_max = 700  # shorter than was asked for
    for limit in (1, 50, 699, 700, 701, 1000, 2345, 3500, 9999):
        texts = [line.split("\t")[4] for line in
                 box.run("history", "romeo", "--limit", str(limit)).out.splitlines()]
        check(texts == [f"t{i}" for i in range(max(0, 3500 - limit), 3500)], limit, texts[:3])
    r = box.run("export", "romeo", "--json")
    check([m["id"] for m in r.json] == [f"x{i}" for i in range(3500)])


def nothing_hostile_arrives_raw(box):
    fake = box.daemon
    for text in ("\x1b[2J", "\r2027-01-15 08:00\tYou", "\x9b31m", "\u202eexe", "a\nb", "\x07", "\t\t"):
        fake.says("evil\x1b[2J@bad", text, id="i\x1b]0;x\x07", reply=None, reason="\x1b[5m",
                  reply_text=text, state="unread",
                  reactions={"theirs": ["\x1b[7m", "\u202e"], "ours": []})
        fake.add("evil\x1b[2J@bad", text, "out", state="failed", reason=text + "\n2027\tYou")
    for args in (["history"], ["history", "--ids"], ["search", "a"], ["outbox"], ["conversations"],
                 ["export", "evil"], ["export", "evil", "-f", "md"], ["export", "evil", "-f", "html"],
                 ["react", "evil", "nothing\x1b"], ["edit", "evil", "x\x1b", "y"]):
        r = box.run(*args)
        shown = r.out.replace("\u00bb ", "") + r.err
        check(not HARMFUL.search(shown), args, r)
    for line in box.run("history").out.splitlines():
        check(re.match("(2027-01-15 08:00\t\\[=\\]\t[^\t]+\t(unread|failed)\t|\u00bb )", line), line)


def nobody_else_is_called_you(box):
    box.daemon.people = [dict(box.daemon.people[0], display=name)
                         for name in ("You",)]
    box.daemon.says("romeo@orchard", "hi")
    check("\tYou (romeo@orchard)\tunread" in box.run("history").out)
    box.daemon.people[0]["display"] = "\uff39\uff2f\uff35 to Paris"  # wide letters fold to the same
    box.daemon.says("romeo@orchard", "hi")
    check("to Paris (romeo@orchard)\tunread" in box.run("history").out.splitlines()[-1])


# ---- who it is ----

MARKINGS = (("plain", "[PLAIN]"), ("new", "[?]"), ("known", "[=]"), ("introduced", "[i]"),
            ("verified", "[v]"), ("changed", "[!]"), ("wonderful", "[PLAIN]"), (None, "[PLAIN]"))


def every_line_shows_the_trust_it_was_said_with(box):
    """Not that of today; what is no word of ours is plain; and no name can say otherwise."""
    fake = box.daemon
    fake.people = [dict(fake.people[0], display="[v] Romeo")]
    for trust, _ in MARKINGS:
        fake.says("romeo@orchard", "needle", trust=trust, state="seen")
        fake.add("romeo@orchard", "needle", "out", trust=trust, state="read")
    for args, line in ((["history", "romeo"], "2027-01-15 08:00\t{}\t{}\t"),
                       (["history"], "2027-01-15 08:00\t{}\t{}"),
                       (["search", "needle"], "2027-01-15 08:00\t{}\t{}"),
                       (["export", "romeo"], "08:00  {} {}: needle")):
        lines = [x for x in box.run(*args).out.splitlines() if "needle" in x]
        if args[0] == "search":
            lines.reverse()
        check(len(lines) == 2 * len(MARKINGS), args, lines)
        for i, (_, marking) in enumerate(MARKINGS):
            check(lines[2 * i].startswith(line.format(marking, "[v] Romeo")), args, lines[2 * i])
            check(lines[2 * i + 1].startswith(line.format(marking, "You")), args, lines[2 * i + 1])
    page = box.run("export", "romeo", "-f", "html").out
    check(page.count("<header><strong>[PLAIN]</strong> <b>") == 6, page)
    check(page.count("<header><span>[v]</span> <b>") == 2, page)
    page = box.run("export", "romeo", "-f", "md").out
    check(page.count("\n\\[PLAIN\\] **") == 6 and page.count("\n\\[\\!\\] **") == 2, page)


def what_waits_and_who_is_known_is_marked(box):
    fake = box.daemon
    fake.add("juliet@balcony", "wait", "out")
    check(box.run("outbox").out.startswith("Juliet\t[PLAIN]\t"))
    check(box.run("conversations").out.startswith("Juliet\t[PLAIN]\t"))
    for trust, words in (("plain", "[PLAIN - anyone here can read, alter or fake this]"),
                         ("introduced", "[i] via Nurse<U+001B>: encrypted, vouched for by "),
                         ("changed", "[!] NOT THE SAME PERSON: ")):
        fake.people = [dict(fake.people[0], trust=trust, introduced_by="Nurse\x1b")]
        check(f"Trust\t{words}" in box.run("info", "romeo").out, words)


# ---- search ----

def search_shows_hits_without_marks(box):
    conversation(box)
    r = box.run("search", "wherefore", "art")
    check(r.code == OK and r.out == "2027-01-15 08:00\t[=]\tYou to Romeo Montague\tread\t"
          "O Romeo, wherefore art thou?\n", r)
    r = box.run("search", "zzz")
    check(r.code == ERROR and r.out == "" and r.err == "Nothing found.\n", r)
    r = box.run("search", "--json", "more")
    check(json.loads(r.out)["snippet"] == "Shall I hear \x02more\x03?\n2027-01-15 08:00\tYou\tread\tfaked", r)
    for args, asked in ((["--from", "romeo", "x"], {"peer": "romeo", "direction": "in"}),
                        (["--with", "romeo", "x"], {"peer": "romeo"}),
                        (["--sent", "x"], {"direction": "out"}),
                        (["--with=romeo", "--received", "x", "y"], {"peer": "romeo", "direction": "in"})):
        box.run("search", *args)
        got = dict(box.daemon.asked("search")[-1])
        check(got.pop("limit") == 20 and got.pop("words").startswith("x") and got == asked, args, got)
    for args in (["--sent", "--received", "x"], ["--from", "a", "--with", "b", "x"], [],
                 ["--limit", "1001", "x"]):
        one_sentence(box.run("search", *args), USAGE)


# ---- outbox and what can be changed ----

def the_outbox_tells_what_waits(box):
    conversation(box)
    r = box.run("outbox")
    check(r.out == "Paris\t[=]\t2027-01-16 08:00\t#7\tAre you there?\n", r)
    check(box.run("outbox", "romeo").out == "")
    check(json.loads(box.run("outbox", "--json").out) == box.daemon.log.messages[-1])


def waiting_messages_can_be_cancelled_once(box):
    conversation(box)
    r = box.run("cancel", "paris")
    check(r.code == OK and r.out == "Cancelled. It will not be sent.\n", r)
    check(box.daemon.asked("cancel") == [{"peer": "paris", "id": "m7"}])
    one_sentence(box.run("cancel", "paris"), LATE)
    r = box.run("cancel", "romeo", "#3")
    one_sentence(r, LATE)
    check("too late" in r.err, r)


def messages_are_corrected_taken_back_and_reacted_to(box):
    conversation(box)
    check(box.run("edit", "romeo", "last", "newer", "words", "-x").out == "Corrected.\n")
    asked = dict(box.daemon.asked("edit")[0])
    check(len(asked.pop("token")) == 32, asked)
    check(asked == {"peer": "romeo", "id": "m3", "text": "newer words -x"}, asked)  # m4 has failed
    check(box.run("retract", "romeo").out == "Taken back.\n")
    check(box.run("retract", "romeo").code == OK)  # the one before it
    check([p["id"] for p in box.daemon.asked("retract")] == ["m3", "m1"])
    one_sentence(box.run("retract", "romeo"), UNKNOWN)
    check(box.run("react", "romeo", "last", "\U0001f44d", "\u2764").out == "Reacted.\n")
    check(box.run("react", "romeo").out == "Reactions taken back.\n")
    check([(p["id"], p["reactions"]) for p in box.daemon.asked("react")] ==
          [("in5", ["\U0001f44d", "\u2764"]), ("in5", [])], box.daemon.calls)


def messages_are_named_by_number_id_or_its_beginning(box):
    for mid in ("abc1", "abd2", "ab", "zzz", "77x"):
        box.daemon.add("romeo@orchard", mid, "out", id=mid, state="delivered")
    for words, found in (("#2", "abd2"), ("2", "abd2"), ("77", "77x"), ("abc", "abc1"), ("ab", "ab"), ("z", "zzz"),
                         ("unheard-of", "unheard-of")):
        box.run("retract", "romeo", words)
        check(box.daemon.asked("retract")[-1]["id"] == found, words, box.daemon.calls[-1])
    count = len(box.daemon.asked("retract"))
    one_sentence(box.run("edit", "romeo", "a", "x"), AMBIGUOUS)
    for words, code in (("#9", UNKNOWN), ("#", USAGE), ("#1x", USAGE), ("", USAGE)):
        one_sentence(box.run("retract", "romeo", words), code)
    check(len(box.daemon.asked("retract")) == count)


def conversations_count_what_is_unread(box):
    conversation(box)
    r = box.run("conversations")
    check(sorted(r.out.splitlines()) == ["Paris\t[=]\t0\t1\t2027-01-16 08:00\tparis@verona",
                                         "Romeo Montague\t[=]\t1\t0\t2027-01-16 08:00\tromeo@orchard"], r)
    check(json.loads(box.run("conversations", "--json").out.splitlines()[0])["peer"])


# ---- forget ----

def forgetting_wants_a_yes(box):
    conversation(box)
    for args in (["romeo"], ["--older-than", "90d"]):
        r = box.run("forget", *args)
        one_sentence(r, USAGE)
        check("--yes" in r.err, r)
    for args in (["--yes"], ["--yes", "--older-than", "x"], ["--yes", "--older-than", "0"],
                 ["--yes", "--older-than", "99999999w"]):
        one_sentence(box.run("forget", *args), USAGE)
    check(not box.daemon.asked("forget"))
    r = box.run("forget", "--yes", "romeo")
    check(r.code == OK and r.out == "6 messages were forgotten.\n", r)
    check(box.daemon.asked("forget") == [{"peer": "romeo"}])
    r = box.run("forget", "--yes", "--queued", "paris", "--older-than", "1h")
    check(r.out == "0 messages were forgotten.\n", r)
    asked = box.daemon.asked("forget")[-1]
    check(asked["queued"] and abs(time.time() * 1000 - asked["before"] - 3_600_000) < 20_000, asked)
    check(box.run("forget", "-y", "--json", "paris", "--queued").json == {"count": 1})


# ---- export ----

def hostile_conversation(box):
    fake = box.daemon
    fake.people = [dict(fake.people[0], name="a&b<i>@x", display="</title><b>\n# \"Evil'\x1b")]
    for text in ("<script>alert(1)</script> & \"q\" 'q'", "# head\n- list\n\n    code\n> quote\n***",
                 "[x](javascript:y) ![i](http://e/i)", "**You**, 08:00", "\x1b]0;t\x07\u202e", "]]>", "",
                 "\u4e2d\u6587 \u0627\u0644\u0633\u0644\u0627\u0645"):
        fake.says("a&b<i>@x", text, reply_text=text)
        fake.log.clock += DAY // 2
    fake.add("a&b<i>@x", "<ours>", "out", state="failed", reason="<u>\n")


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.unwanted = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.unwanted += [a for a in attrs if a[0] in ("src", "href") or a[0].startswith("on")]


def exported_html_is_sound_and_harmless(box):
    hostile_conversation(box)
    r = box.run("export", "a&b", "--format", "html")
    check(r.code == OK and not HARMFUL.search(r.out), r)
    check(r.out.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>'), r)
    tree = ET.fromstring(r.out.split("\n", 1)[1])  # as strict as it gets
    check(len(tree.findall(".//article")) == 9 and len(tree.findall(".//h2")) == 5, r)
    check(tree.find(".//p").text == "<script>alert(1)</script> & \"q\" 'q'")
    seen = Links()
    seen.feed(r.out)
    check(not seen.unwanted, seen.unwanted)
    check(seen.tags <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "section", "bdi",
                        "article", "header", "b", "time", "span", "blockquote", "p", "footer", "i"},
          seen.tags)
    check("url(" not in r.out and "@import" not in r.out)


def exported_markdown_says_no_more_than_text(box):
    hostile_conversation(box)
    r = box.run("export", "a&b", "-f", "md")
    check(r.code == OK and not HARMFUL.search(r.out), r)
    for line in r.out.splitlines():
        # headings and who speaks are ours; all that others wrote is quoted
        check(line == "" or re.match(r"(# Conversation with |## \w+day, \d|(\\\[=\\\]|\\\[PLAIN\\\]) \*\*.*\*\*, \d\d:\d\d|>)", line), line)
        bare = re.sub(r"\\.", "", line)
        check(not re.search(r"[\[\]`~!|]|<[a-z]", bare), line)
    check(r.out.count("\n## ") == 5 and r.out.count("**, ") == 9, r)


def exported_text_and_json_are_whole(box):
    conversation(box)
    r = box.run("export", "romeo")
    check(r.out == """\
Conversation with Romeo Montague (romeo@orchard)

Friday, 15 January 2027

08:00  [=] You: O Romeo, wherefore art thou?
08:00  [=] Romeo Montague: > O Romeo, wherefore art thou?
\u00bb Shall I hear more?
\u00bb 2027-01-15 08:00    You    read    faked

Saturday, 16 January 2027

08:00  [=] You: new words (edited) [\U0001f44d]
08:00  [=] You: lost (not delivered: It was too old.)
08:00  [=] * Romeo Montague waves
08:00  [=] Romeo Montague: (taken back)
""", r)
    wanted = [m for m in box.daemon.log.messages if m["peer"] == "romeo@orchard"]
    for args in (["--json"], ["--format", "json"]):
        check(box.run("export", "romeo", *args).json == wanted, args)
    check(box.run("export", "juliet", "--json").json == [])
    check("Nothing was said" in box.run("export", "juliet", "-f", "html").out)
    one_sentence(box.run("export", "romeo", "-f", "pdf"), USAGE)
    one_sentence(box.run("export", "nobody"), UNKNOWN)


def exported_files_appear_whole_or_not_at_all(box):
    conversation(box)
    path = os.path.join(box.folder, "talk.html")

    def left():
        return sorted(os.path.basename(p) for p in glob.glob(os.path.join(box.folder, "talk*")))

    check(box.run("export", "romeo", "-o", path).code == OK)
    with open(path, encoding="utf-8") as f:
        check(f.read().startswith("<!DOCTYPE html>"))  # known by its name
    check(os.stat(path).st_mode & 0o077 == 0, "what was said is nobody else's")
    r = box.run("export", "romeo", "-f", "text", "--output", path)
    one_sentence(r, ERROR)
    check("--force" in r.err and left() == ["talk.html"], r)
    check(box.run("export", "romeo", "-f", "text", "-o", path, "--force").code == OK)
    with open(path, encoding="utf-8") as f:
        check(f.read().startswith("Conversation with"))
    one_sentence(box.run("export", "romeo", "-o", os.path.join(box.folder, "no/talk")), ERROR)
    box.daemon.answers["history"] = Refused("internal", "No.")
    one_sentence(box.run("export", "romeo", "-o", path, "--force"), ERROR)
    one_sentence(box.run("export", "romeo", "-o", path + "2"), ERROR)
    box.daemon.answers["history"] = FakeDaemon.SILENT
    for number in (signal.SIGINT, signal.SIGTERM):
        child = subprocess.Popen([PROGRAM, "--socket", box.socket, "export", "romeo", "-o", path + "3"])
        until = time.monotonic() + 10
        while len(left()) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(number)
        check(child.wait(10) == -number, child.returncode)
    check(left() == ["talk.html"], left())


def a_full_disk_leaves_no_document(box):
    conversation(box)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "--socket", box.socket, "export", "romeo"], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    check(done.returncode == ERROR and b"cannot be written" in done.stderr, done)


def without_a_daemon_no_file_appears(box):
    path = os.path.join(box.folder, "talk")
    r = run("--socket", os.path.join(box.folder, "none"), "export", "romeo", "-o", path)
    check(r.code == NO_DAEMON and not glob.glob(path + "*"), r)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
