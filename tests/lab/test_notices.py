#!/usr/bin/env python3
"""Notifications of the desktop: what deserves one, what is in it for which server, what its buttons
do, and that nobody can flood somebody with them."""
import json
import shutil

import lab
from desktop import need
from seat import JULIET, ROMEO, crowd, seat
from tap import Skip, case, check, run

BUTTONS = ("actions", "body")
ALL = ("actions", "body", "body-markup", "inline-reply", "persistence")
HOSTILE = '<b>bold</b> <img src="file:///etc/passwd"> <a href="x">y</a> &#x1b; &amp;'


def buttons(notice):
    return dict(zip(notice["actions"][::2], notice["actions"][1::2]))


def shown(s, since=0):
    return s.notices.since(since, lambda e: isinstance(e, dict) and "notice" in e)


def wait_closed(s, notice, since=0):
    s.notices.wait(lambda e: e == {"closed": notice["notice"]}, 10, since, "it is taken away")


# ---- what is in it (L5) ----

@case
def l5_markup_is_literal_where_the_server_knows_markup():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        s.says(ROMEO, HOSTILE)
        notice = s.wait_notice()
        check(notice["body"] == "&lt;b&gt;bold&lt;/b&gt; &lt;img src=&quot;file:///etc/passwd&quot;"
              "&gt; &lt;a href=&quot;x&quot;&gt;y&lt;/a&gt; &amp;#x1b; &amp;amp;", notice["body"])


@case
def l5_nothing_is_escaped_for_a_server_without_markup():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.says(ROMEO, HOSTILE)
        check(s.wait_notice()["body"] == HOSTILE, "as it was written")


@case
def l5_a_name_is_plain_text_and_clean():
    people = crowd(1, display="<b>R</b>\x1b[2J\u202eo &amp;")
    with seat(people=people, notifications=ALL) as s:
        s.wait_ready()
        s.says(people[0]["name"], "\x1b]0;owned\x07Hi")
        notice = s.wait_notice()
        check(notice["summary"] == "<b>R</b><U+001B>[2J<U+202E>o &amp;", notice["summary"])
        check("\x1b" not in notice["body"] and "Hi" in notice["body"], notice["body"])


@case
def l5_a_peer_brings_no_pictures_links_or_buttons():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        s.says(ROMEO, HOSTILE)
        notice = s.wait_notice()
        check(set(notice["hints"]) == {"desktop-entry", "category", "urgency"}, f"{notice}")
        check(set(buttons(notice)) == {"inline-reply", "default", "seen"}, f"{notice}")
        check("earshot" in notice["icon"], f"{notice}")


@case
def l5_a_long_message_is_cut():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        s.says(ROMEO, "<" * 60000)
        body = s.wait_notice()["body"]
        check(body == "&lt;" * 256 + "\u2026", f"{len(body)} bytes")


@case
def a_server_without_bodies_gets_all_in_the_summary():
    with seat(notifications=("sound",)) as s:
        s.wait_ready()
        s.says(ROMEO, "Hello\nthere")
        notice = s.wait_notice()
        check(notice["summary"].startswith("Romeo Montague: Hello ") and not notice["body"],
              f"{notice}")
        check(not notice["actions"], "no buttons where there are none")


# ---- buttons ----

@case
def reply_opens_the_window_where_nothing_can_be_written_in_the_notice():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.says(ROMEO, "Hello")
        notice = s.wait_notice()
        check(buttons(notice)["reply"] == "Reply", f"{notice}")
        s.desk.notices.say(json.dumps({"invoke": [notice["notice"], "reply"]}))
        s.wait_window()
        s.wait_call("seen", peer=ROMEO)


@case
def an_answer_written_in_the_notice_is_sent():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        s.says(ROMEO, "Hello")
        notice = s.wait_notice()
        s.desk.notices.say(json.dumps({"reply": [notice["notice"], "Hi <there>"]}))
        s.wait_call("send", peer=ROMEO, text="Hi <there>")
        s.wait_call("seen", peer=ROMEO)
        check(not s.windows(), "no window was needed")


@case
def an_answer_that_cannot_be_sent_is_told():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        s.says(ROMEO, "Hello")
        notice = s.wait_notice()
        s.daemon.refuse("send", "disk", "The disk is full.")
        s.desk.notices.say(json.dumps({"reply": [notice["notice"], "Hi"]}))
        s.wait_notice(body="The disk is full.")


@case
def marking_as_read_needs_no_window():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.says(ROMEO, "Hello")
        notice = s.wait_notice()
        s.desk.notices.say(json.dumps({"invoke": [notice["notice"], "seen"]}))
        s.wait_call("seen", peer=ROMEO)
        s.icon.wait(iconname="earshot-tray-available")
        check(not s.windows(), "no window was needed")


@case
def files_are_accepted_and_declined_in_the_notice():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.daemon.fate = None
        for name, answer in (("a.txt", "accept"), ("b.txt", "decline")):
            mark = s.notices.mark()
            offer = s.offers(ROMEO, name)
            notice = s.wait_notice(mark)
            check(notice["summary"] == "Romeo Montague" and name in notice["body"], f"{notice}")
            check({"accept", "decline"} < set(buttons(notice)), f"{notice}")
            s.desk.notices.say(json.dumps({"invoke": [notice["notice"], answer]}))
            s.wait_call(answer, id=offer["id"])


@case
def what_the_server_makes_up_does_nothing():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.says(ROMEO, "Hello")
        notice = s.wait_notice()
        for made_up in ([notice["notice"], "daemon.stop"], [4711, "reply"]):
            s.desk.notices.say(json.dumps({"invoke": made_up}))
        mark = s.notices.mark()
        s.says(JULIET, "and on")
        s.wait_notice(mark)
        check(not s.windows() and not s.daemon.asked("daemon.stop"), "nothing happened")


# ---- when ----

@case
def the_next_message_takes_the_place_of_the_last():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.says(ROMEO, "one")
        first = s.wait_notice(body="one")
        s.says(ROMEO, "two")
        second = s.wait_notice(body="two")
        check(second["replaces"] == first["notice"], f"{second}")
        check(second["summary"] == "Romeo Montague: 2 new messages", f"{second}")


@case
def it_goes_when_the_message_was_seen_elsewhere():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        message = s.says(ROMEO, "Hello")
        notice = s.wait_notice()
        s.seen(message)
        wait_closed(s, notice)


@case
def what_is_no_message_stays_though_nothing_is_unread():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.daemon.event("trust", peer=ROMEO, trust="changed", before="known")
        s.daemon.event("attention", peer=JULIET, display="Juliet", trust="plain")
        warning = s.wait_notice(summary="Romeo Montague")
        asks = s.wait_notice(summary="Juliet")
        message = s.says(JULIET, "Hello")
        notice = s.wait_notice(body="Hello")
        s.seen(message)
        wait_closed(s, notice)
        gone = s.notices.since(0, lambda e: isinstance(e, dict) and "closed" in e)
        check(gone == [{"closed": notice["notice"]}], f"{warning} {asks} {gone}")


@case
def an_offer_that_is_over_asks_no_more():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        offer = s.offers(ROMEO, "a.txt")
        notice = s.wait_notice()
        s.daemon.file_is(offer, "expired")
        wait_closed(s, notice)


@case
def what_one_looks_at_is_not_told():
    with seat(notifications=BUTTONS, arguments=("--window",)) as s:
        s.wait_ready()
        s.desk.xdotool("windowactivate", "--sync", s.wait_window())
        s.says(ROMEO, "Hello")
        s.icon.wait_entry("Romeo Montague: 1 new message")
        s.icon.choose("Romeo Montague: 1 new message")
        s.wait_call("seen", peer=ROMEO)
        mark = s.notices.mark()
        s.says(ROMEO, "I know that you see this")
        s.says(JULIET, "You do not see this")
        s.wait_notice(mark, summary="Juliet")
        check(len(shown(s, mark)) == 1, f"{shown(s, mark)}")


@case
def who_does_not_want_to_be_disturbed_is_not():
    with seat(notifications=BUTTONS) as s:
        s.daemon.people[0]["trust"] = "verified"
        s.wait_ready()
        s.icon.choose("Status: available", "Do not disturb")
        s.icon.wait(iconname="earshot-tray-dnd")
        s.says(JULIET, "Hello")
        s.offers(JULIET, "a.txt")
        s.daemon.event("attention", peer=JULIET, display="Juliet", trust="plain")
        s.daemon.event("attention", peer=ROMEO, display="Romeo Montague", trust="verified")
        notice = s.wait_notice()
        check(notice["body"] == "Romeo Montague asks for your attention.", f"{notice}")
        check(notice["hints"]["urgency"] == "2", f"{notice}")
        check(len(shown(s)) == 1, f"{shown(s)}")
        s.icon.wait(iconname="earshot-tray-unread")


@case
def quiet_messages_are_not_told():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.says(ROMEO, "hush", quiet=True)
        s.says(JULIET, "loud")
        s.wait_notice(body="loud")
        check(len(shown(s)) == 1, f"{shown(s)}")


@case
def offers_from_before_the_start_are_in_the_menu_alone():
    with seat(notifications=BUTTONS, arguments=None) as s:
        s.daemon.file(ROMEO, "old.txt", at=s.daemon.log.clock)
        s.tray = s.start()
        s.icon.wait(title="Earshot: 1 file waits for your answer")
        s.says(JULIET, "new")
        s.wait_notice(body="new")
        check(len(shown(s)) == 1, f"{shown(s)}")


# ---- floods ----

@case
def l5_a_thousand_strangers_are_five_notices_and_a_summary():
    people = crowd(1000)
    with seat(people=people, notifications=ALL) as s:
        s.wait_ready()
        for person in people:
            s.says(person["name"], "Buy now!")
        s.icon.wait(timeout=30, title="Earshot: 1000 unread messages")
        s.wait_notice(summary="More messages", timeout=30)
        summaries = [n for n in shown(s) if n["summary"] == "More messages"]
        check(len(shown(s)) - len(summaries) == 5, f"{len(shown(s))} notices")
        check(len({n["notice"] for n in summaries}) == 1 and len(summaries) <= 2, f"{summaries}")


@case
def one_person_who_says_a_lot_is_told_at_a_bearable_pace():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        for number in range(200):
            s.says(ROMEO, f"number {number}")
        s.wait_notice(body="number 199", timeout=15)
        check(len(shown(s)) <= 8, f"{len(shown(s))} notices for 200 messages")
        check(len({n["notice"] for n in shown(s)}) == 1, "all in one place")


# ---- servers ----

@case
def a_server_that_comes_later_is_used():
    with seat() as s:
        s.wait_ready()
        s.says(ROMEO, "nobody shows this")
        s.icon.wait(iconname="earshot-tray-unread")
        s.desk.start_notifications(BUTTONS)
        s.says(JULIET, "somebody shows this")
        s.wait_notice(body="somebody shows this")


@case
def another_server_is_asked_anew_what_it_can():
    with seat(notifications=ALL) as s:
        s.wait_ready()
        s.says(ROMEO, "<1>")
        s.wait_notice(body="&lt;1&gt;")
        s.desk.notices.end()
        lab.wait_for(lambda: not s.desk.bus_has("org.freedesktop.Notifications"), 10, "it is gone")
        s.desk.start_notifications(("body",))
        s.says(ROMEO, "<2>")
        notice = s.wait_notice(body="<2>")
        check(notice["replaces"] == 0 and not notice["actions"], f"{notice}")


@case
def dunst_shows_it():
    if not shutil.which("dunst"):
        raise Skip("dunst is not installed")
    with seat(notifications="dunst") as s:
        s.wait_ready()
        message = s.says(ROMEO, "a < b & c")

        def displayed():
            return s.desk.run("dunstctl", "count", "displayed").stdout.strip()
        lab.wait_for(lambda: displayed() == "1", 10, "dunst shows it")
        s.seen(message)
        lab.wait_for(lambda: displayed() == "0", 10, "dunst shows it no more")
        history = json.loads(s.desk.run("dunstctl", "history").stdout)["data"][0]
        check("a &lt; b &amp; c" in history[0]["message"]["data"], f"{history}")
        check(history[0]["summary"]["data"] == "Romeo Montague", f"{history}")


# ---- what is wrong ----

@case
def a_problem_that_lasts_is_told_once():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        for _ in range(2):
            s.daemon.event("state", **{**s.daemon.state, "network": False})
            s.icon.wait(iconname="earshot-tray-offline")
            notice = s.wait_notice(body="No network: this computer is not connected to any.")
            s.daemon.event("state", **s.daemon.state)
            s.icon.wait(iconname="earshot-tray-available")
            wait_closed(s, notice)
        check(len(shown(s)) == 1, f"{shown(s)}")


@case
def a_problem_that_is_over_at_once_is_not_told():
    with seat(notifications=BUTTONS) as s:
        s.wait_ready()
        s.daemon.event("state", **{**s.daemon.state, "network": False})
        s.icon.wait(iconname="earshot-tray-offline")
        s.daemon.event("state", **s.daemon.state)
        s.wait_asleep(6)  # longer than it waits before it tells
        s.says(ROMEO, "Hello")
        s.wait_notice(body="Hello")
        check(len(shown(s)) == 1, f"{shown(s)}")


if __name__ == "__main__":
    lab.enter()
    need()
    run()
