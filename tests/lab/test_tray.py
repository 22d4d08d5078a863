#!/usr/bin/env python3
"""The icon in the panel: what it shows, what its menu does, and that there is always a way to the
program, whatever panels come and go."""
import json

import earshot
import lab
from desktop import EARSHOT_TRAY, PYTHON, need
from seat import JULIET, ROMEO, Seat, seat
from tap import case, check, run

QUIT = "Quit (messages are still received)"


# ---- logic, without any panel ----

@case
def the_icon_says_how_we_stand():
    with seat() as s:
        s.icon.wait(iconname="earshot-tray-available", title="Earshot: available", status="Active")
        s.icon.choose("Status: available", "Away")
        s.wait_call("status", status="away")
        s.icon.wait(iconname="earshot-tray-away")
        s.icon.choose("Status: away", "Do not disturb")
        s.icon.wait(iconname="earshot-tray-dnd")
        message = s.says(ROMEO, "Hello")
        s.icon.wait(iconname="earshot-tray-unread", title="Earshot: 1 unread message")
        s.seen(message)
        s.icon.wait(iconname="earshot-tray-dnd")


@case
def the_menu_marks_the_status_there_is():
    with seat() as s:
        s.wait_ready()
        s.icon.choose("Status: available", "Away")
        s.icon.wait_entry("Status: away")
        choices = next(e for e in s.icon.menu if e[1] == "Status: away")[4]
        check([c[2] for c in choices[:3]] == ["radio", "radio on", "radio"], f"marks: {choices}")


@case
def the_menu_tells_who_is_here_and_who_wrote():
    with seat() as s:
        s.icon.wait_entry("Juliet")
        labels = s.icon.labels()
        check(labels[0] == "Open Earshot" and labels[-1] == QUIT, f"{labels}")
        check("Romeo Montague (away: under the balcony)" in labels, f"{labels}")
        check("Nurse (does not answer)" in labels, f"{labels}")
        check(not any(label.startswith("Paris") for label in labels), f"Paris has left: {labels}")
        s.says(JULIET, "Wherefore art thou?")
        s.says(JULIET, "Romeo?")
        s.icon.wait_entry("Juliet: 2 new messages")


@case
def l5_names_in_the_menu_are_neither_markup_nor_mnemonics_nor_controls():
    hostile = [dict(name="x@bad", display="<b>_A_</b>\x1b[31m\u202e&amp;", first="", last="",
                    nick="", status="available", text="", state="answered", age=1, client="?",
                    via=["mdns"], host="bad", port=1, addresses=[], connected=True,
                    encrypted=False, trust="plain", receipts=False)]
    with seat(people=hostile) as s:
        # two underscores are one that is shown
        s.icon.wait_entry("<b>__A__</b><U+001B>[31m<U+202E>&amp;amp;"
                          .replace("&amp;amp;", "&amp;"))


@case
def a_person_in_the_menu_opens_the_window_there():
    with seat() as s:
        s.says(ROMEO, "Hello")
        s.icon.wait_entry("Romeo Montague: 1 new message")
        s.icon.choose("Romeo Montague: 1 new message")
        s.wait_window()
        s.wait_call("seen", peer=ROMEO)
        s.icon.wait(iconname="earshot-tray-available")


@case
def files_are_accepted_and_declined_in_the_menu():
    with seat() as s:
        s.wait_ready()
        s.daemon.fate = None
        first, second = (s.daemon.file(ROMEO, name, at=s.daemon.log.clock) for name in ("a", "b"))
        for offer in (first, second):
            s.daemon.event("file", **offer)
        s.icon.wait(title="Earshot: 2 files wait for your answer")
        s.icon.choose("Romeo Montague wants to give you a (4.2 MB)", "Accept")
        s.wait_call("accept", id=first["id"])
        s.icon.choose("Romeo Montague wants to give you b (4.2 MB)", "Decline")
        s.wait_call("decline", id=second["id"])
        s.daemon.file_is(second, "declined")
        s.daemon.file_is(first, "active", done=2100000)
        s.icon.wait_entry("a (4.2 MB) from Romeo Montague: 50 %")
        s.icon.choose("a (4.2 MB) from Romeo Montague: 50 %", "Cancel")
        s.wait_call("files.cancel", id=first["id"])


@case
def what_is_wrong_stands_in_the_menu():
    with seat() as s:
        s.wait_ready()
        s.daemon.event("state", **{**s.daemon.state, "network": False})
        s.icon.wait(iconname="earshot-tray-offline")
        s.icon.wait_entry("No network: this computer is not connected to any.")
        s.daemon.event("state", **s.daemon.state)
        s.icon.wait(iconname="earshot-tray-available")


@case
def it_survives_the_end_of_the_daemon():
    with seat() as s:
        s.wait_ready()
        s.daemon.close()
        s.icon.wait(iconname="earshot-tray-offline")
        type(s.daemon)(s.host)
        s.icon.wait(iconname="earshot-tray-available", timeout=30)


@case
def many_events_are_few_changes():
    with seat() as s:
        s.wait_ready()
        before = s.icon.ask("changes")
        for number in range(200):
            s.daemon.event("person", change="changed",
                           person={**s.daemon.people[0], "age": number})
        s.says(ROMEO, "after all of them")
        s.icon.wait_entry("Romeo Montague: 1 new message")
        changes = s.icon.ask("changes") - before
        check(changes < 20, f"{changes} signals for 200 events that change nothing shown")


@case
def entries_do_not_move_under_the_pointer():
    with seat() as s:
        s.wait_ready()
        s.icon.wait_entry("Juliet")
        before = s.icon.labels()
        s.icon.ask("opening")
        s.says(JULIET, "Look!")
        s.icon.wait(iconname="earshot-tray-unread")
        check(s.icon.labels() == before, "while somebody chooses all stays")
        s.icon.choose("Nurse (does not answer)")
        s.icon.wait_entry("Juliet: 1 new message", 3)
        s.icon.ask("opening")
        s.says(JULIET, "Look again!")
        s.icon.wait_entry("Juliet: 2 new messages", 15)  # nobody said that it was closed


@case
def quit_ends_it_and_leaves_the_daemon():
    with seat() as s:
        s.wait_ready()
        s.icon.choose(QUIT)
        check(s.tray.wait() == 0, "it ends well")
        check(not s.daemon.asked("daemon.stop"), "the daemon was not stopped")


@case
def a_second_start_shows_the_window_of_the_first():
    with seat(panel="xfce4") as s:
        s.wait_ready()
        check(not s.windows(), "the icon is enough")
        check(s.start("--background", label="again").wait() == 0, "one in the background is enough")
        check(not s.windows(), "nobody asked for the window")
        check(s.start(label="again").wait() == 0, "the second ends well")
        s.wait_window()


@case
def its_version_and_options_are_told():
    with seat(arguments=None) as s:
        done = s.desk.run(EARSHOT_TRAY, "--version")
        check(done.returncode == 0 and done.stdout.startswith("earshot-tray "), f"{done}")
        done = s.desk.run(EARSHOT_TRAY, "--help")
        for option in ("--window", "--background", "--socket", "--version"):
            check(option in done.stdout, f"{option} is told of")
        check(s.desk.run(EARSHOT_TRAY, "--nonsense").returncode != 0, "nonsense is refused")


# ---- panels ----

def in_panel(s, timeout=15.0):
    lab.wait_for(lambda: s.icon.ask("registered"), timeout, "the icon in the panel")


@case
def a_click_in_the_panel_opens_the_window():
    with seat(panel="xfce4") as s:
        in_panel(s)
        s.wait_ready()

        def shown():
            return len(s.desk.run("xdotool", "search", "--onlyvisible", "--class", ".")
                       .stdout.split())
        alone = shown()
        s.desk.xdotool("mousemove", "16", "15", "click", "1")
        lab.wait_for(lambda: shown() > alone, 10, "the menu of the icon")
        s.desk.xdotool("key", "Down")
        s.desk.xdotool("key", "Return")
        s.wait_window()


@case
def the_middle_button_opens_the_window():
    with seat(panel="xfce4") as s:
        in_panel(s)
        s.wait_ready()
        s.icon.ask("middle")
        s.wait_window()


@case
def closing_the_window_leaves_the_icon():
    with seat(panel="xfce4", arguments=("--window",)) as s:
        in_panel(s)
        s.close_window()
        lab.wait_for(lambda: not s.windows(), 10, "no window")
        s.icon.choose("Open Earshot")
        s.wait_window()


@case
def it_comes_back_with_the_panel():
    with seat(panel="xfce4") as s:
        in_panel(s)
        s.desk.panel.end()
        lab.wait_for(lambda: not s.desk.has_tray_host(), 10, "no panel")
        s.desk.start_panel("xfce4")
        in_panel(s)
        check(not s.windows() + s.windows("Iconic"), "no window was needed meanwhile")


@case
def without_a_panel_for_long_there_is_a_window_to_find():
    with seat(panel="xfce4") as s:
        in_panel(s)
        s.stays_without_window(2)
        s.desk.panel.end()
        s.wait_window(15, "Iconic")


@case
def a_watcher_without_a_panel_shows_nothing():
    with seat(arguments=None) as s:
        watcher = s.desk.start(PYTHON, f"{lab.HERE}/watcher.py", label="watcher", stdin=True)
        watcher.events.wait(lambda e: e == "ready", 10, what="the watcher")
        s.tray = s.start("--background")
        in_panel(s)
        s.wait_window(15, "Iconic")
        s.desk.xdotool("windowactivate", "--sync", s.windows("Iconic")[0])
        watcher.say("host")
        s.wait_ready()
        s.close_window()
        lab.wait_for(lambda: not s.windows(), 10, "the icon is enough now")
        watcher.say("alone")
        s.wait_window(15, "Iconic")


@case
def an_old_tray_shows_it_too():
    with seat(panel="trayer") as s:
        lab.wait_for(lambda: "earshot-tray" in s.desk.run("xwininfo", "-root", "-tree").stdout, 10,
                     "the icon in the old tray")
        s.stays_without_window(3)


@case
def without_any_tray_there_is_a_window_and_closing_it_ends_the_program():
    with seat() as s:
        s.wait_window()
        s.close_window()
        check(s.tray.wait() == 0, "it ends well")


@case
def started_with_the_session_it_waits_for_the_panel():
    with seat(arguments=("--background",)) as s:
        s.stays_without_window(3)
        s.desk.start_panel("xfce4")
        in_panel(s)
        s.stays_without_window(10)


@case
def started_with_a_session_without_panel_it_is_found_among_the_windows():
    with seat(arguments=("--background",)) as s:
        s.wait_window(15, "Iconic")


@case
def without_a_session_bus_there_is_a_window():
    with seat(bus=False) as s:
        s.wait_window()
        s.close_window()
        check(s.tray.wait() == 0, "it ends well")


# ---- two daemons ----

@case
def two_people_talk_and_give_files_without_any_window():
    with lab.Lab() as l:
        juliet, romeo = (earshot.Daemon(l.host(host), user)
                         for host, user in (("verona", "juliet"), ("mantua", "romeo")))
        earshot.meet(juliet, romeo)
        s = Seat(juliet, (), {"panel": "xfce4", "notifications": ("actions", "inline-reply")})
        s.wait_ready()
        in_panel(s)
        romeo.send(juliet.name, "But soft!")
        notice = s.wait_notice(summary="Lab User: But soft!")
        mark = romeo.client.mark()
        s.desk.notices.say(json.dumps({"reply": [notice["notice"], "Ay me!"]}))
        romeo.client.wait("message", 10, mark, text="Ay me!")
        s.wait_ready()
        romeo.host.must("sh", "-c", "echo light >/run/home/window.txt")
        romeo.send_file(juliet.name, "/run/home/window.txt")
        s.icon.wait_entry("Lab User wants to give you window.txt (6 B)")
        mark = juliet.client.mark()
        s.icon.choose("Lab User wants to give you window.txt (6 B)", "Accept")
        done = juliet.wait_file(20, mark, state="done")
        check(juliet.host.must("cat", done["where"]) == "light\n", "what was given has arrived")
        s.wait_notice(summary="Lab User: You have received window.txt (6 B).")
        s.wait_ready()


# ---- cost ----

@case
def it_sleeps_when_nothing_happens():
    with seat(panel="xfce4") as s:
        in_panel(s)
        s.wait_ready()
        pid = str(s.tray.pid)
        s.wait_asleep()
        traced = s.host.run("timeout", "-s", "INT", "10", "strace", "-f", "-c", "-p", pid,
                            timeout=20)
        check("attached" in traced.stderr, f"it was looked at: {traced.stderr}")
        calls = [line for line in traced.stderr.splitlines() if line.strip().endswith("total")]
        check(not calls or int(calls[0].split()[-2]) == 0, f"system calls:\n{traced.stderr}")


if __name__ == "__main__":
    lab.enter()
    need("xfce4-panel", "trayer", "strace")
    run()
