#!/usr/bin/env python3
"""The command line in German: whole sentences with values, plural forms, what the daemon says of
errors. And what scripts read, which is the same in every language. Against a fake daemon."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake_daemon import Refused, person  # noqa: E402
from harness import PROGRAM, SKIPPED, check, main, run  # noqa: E402

GERMAN = {"LC_ALL": "C.UTF-8", "LANGUAGE": "de"}
CATALOGUE = os.path.join(os.path.dirname(PROGRAM), "locale/de/LC_MESSAGES/earshot.mo")
USAGE, ABSENT = 2, 5


def german(box, *args, **more):
    return box.run(*args, env=GERMAN, **more)


def refuse(box, method, message, **data):
    box.daemon.answers[method] = Refused("absent", message, **data)


def said(box, method, *args):
    r = german(box, *args)
    box.daemon.answers.pop(method)
    return r.err


# ---- sentences ----

def sentences_are_german(box):
    check(german(box, "status").out == "Du bist Mercutio (me@here), verfügbar\n")
    check(german(box, "send", "romeo", "hello").out == "Zugestellt an Romeo Montague\n")
    check(german(box, "nonsense").err == 'earshot: Den Befehl „nonsense“ gibt es nicht. '
          'Siehe: earshot help\n')
    r = german(box, "send")
    check(r.code == USAGE and r.err.startswith("earshot: Nach send fehlt etwas. So geht es: earshot send "), r)
    check("Befehle:" in german(box, "help").out)
    r = german(box, "daemon", "status")
    check("Läuft         schon 66 min, Prozess " in r.out, r)
    check("Personen      5 (1 verbunden), 1 Programm von dir\n" in r.out, r)


def without_a_language_it_is_english(box):
    for env in ({"LC_ALL": "C", "LANGUAGE": "de"}, {"LC_ALL": "C.UTF-8", "LANGUAGE": ""},
                {"LC_ALL": "C.UTF-8", "LANGUAGE": "tlh"}):
        check(box.run("status", env=env).out == "You are Mercutio (me@here), available\n", env)


def values_stand_where_the_language_has_them(box):
    box.daemon.says("romeo@orchard", "hello")
    r = german(box, "export", "romeo")
    check(r.out.startswith("Unterhaltung mit Romeo Montague (romeo@orchard)\n\nFreitag, 15. Januar 2027\n"), r)
    check(german(box, "ping", "-c", "1", "romeo").out == "romeo@orchard hat in 1,2 ms geantwortet\n")
    page = german(box, "export", "romeo", "-f", "html").out
    check('<html lang="de">' in page and "<title>Unterhaltung mit Romeo Montague</title>" in page)


def plural_forms_are_right(box):
    for count, words in ((0, "0 Nachrichten wurden vergessen."), (1, "1 Nachricht wurde vergessen."),
                         (2, "2 Nachrichten wurden vergessen.")):
        box.daemon.answers["forget"] = {"count": count}
        r = german(box, "forget", "--yes", "romeo")
        check(r.out == words + "\n", r)
        english = box.run("forget", "--yes", "romeo").out
        check(english.startswith(f"{count} message{'' if count == 1 else 's'} w"), english)


def every_help_page_is_german(box):
    def pages(commands, path=()):
        for c in commands:
            yield [*path, c["name"]]
            yield from pages(c.get("commands", []), [*path, c["name"]])

    for path in pages(box.run("--json", "help").json["commands"]):
        english, german_page = box.run("help", *path).out, german(box, "help", *path).out
        same = set(english.splitlines()[2:]) & set(german_page.splitlines()[2:]) - {""}
        check(not {line for line in same if len(line.split()) > 3}, path, same)


# ---- what the daemon says ----

def errors_of_the_daemon_are_german(box):
    refuse(box, "send", "Nobody here.", words={"id": "%s is not here.", "args": ["Romeo"]})
    check(said(box, "send", "send", "romeo", "x") == "earshot: Romeo ist nicht da.\n")
    # values in another order, and one that is a text of ours
    refuse(box, "send", "f3 cannot be declined: it is done.",
           words={"id": "f%lld cannot be declined: it is %-s.", "args": ["3", {"id": "done"}]})
    check(said(box, "send", "send", "romeo", "x") == "earshot: f3 lässt sich nicht ablehnen: Zustand „fertig“.\n")
    refuse(box, "send", "Romeo cannot be reached: Connection refused.",
           words={"id": "%s cannot be reached: %-s.", "args": ["Romeo", {"id": "Connection refused"}]})
    check(said(box, "send", "send", "romeo", "x") == "earshot: Romeo ist nicht erreichbar: Verbindung abgelehnt.\n")
    # without values the sentence is the key
    refuse(box, "send", "There is nothing to send: the text is empty.")
    check(said(box, "send", "send", "romeo", "x") == "earshot: Es gibt nichts zu senden: Der Text ist leer.\n")
    # and in parts
    refuse(box, "send", "The message was not cancelled: the disk is full.")
    check(said(box, "send", "send", "romeo", "x") ==
          "earshot: Die Nachricht wurde nicht abgebrochen: der Datenträger ist voll.\n")


def what_is_not_known_stays_english(box):
    for words in ({"id": "%s is somewhere else.", "args": ["Romeo"]}, {"id": "", "args": ["x"]}, {}, [], "x", 7,
                  {"id": 7}, {"id": "%s is not here."}, {"id": "%s is not here.", "args": []},
                  {"id": "%s is not here.", "args": {"0": "x"}}, {"id": "%s is not here.", "args": [7]},
                  {"id": "%s is not here.", "args": [["x"]]}, {"id": "%s is not here.", "args": [{}]}):
        refuse(box, "send", "Romeo is elsewhere.", words=words)
        check(said(box, "send", "send", "romeo", "x") == "earshot: Romeo is elsewhere.\n", words)


def values_are_harmless(box):
    for value, shown in (("%n%s%1$s%%", "%n%s%1$s%%"), ("\x1b[31m", "<U+001B>[31m"),
                         ("Anna\nearshot: all is well", "Anna<U+000A>earshot: all is well"),
                         ("away", "away"), ("%", "%"), ("x" * 3000, "x" * 3000)):
        refuse(box, "send", "Hm.", words={"id": "%s is not here.", "args": [value]})
        err = said(box, "send", "send", "romeo", "x")
        check(err == f"earshot: {shown} ist nicht da.\n", value[:40], err[:200])
    # a sentence that would never end is not begun
    refuse(box, "send", "Hm.", words={"id": "%s is not here.", "args": ["x" * 10000]})
    check(said(box, "send", "send", "romeo", "x") == "earshot: Hm.\n")
    # a format of somebody else's stands in no catalogue
    refuse(box, "send", "Hm.", words={"id": "%n%n%n%s", "args": ["a", "b", "c", "d"]})
    check(said(box, "send", "send", "romeo", "x") == "earshot: Hm.\n")


def reasons_that_are_kept_are_german(box):
    for reason, shown in (("expired", "abgelaufen"), ("refused there: go away", "dort abgelehnt: go away"),
                          ("refused there: %n", "dort abgelehnt: %n"), ("because: so", "because: so"),
                          ("the connection failed: Connection refused", "die Verbindung ist gescheitert: Verbindung abgelehnt")):
        box.daemon.answers["send"] = {"id": "i1", "number": 1, "peer": "romeo@orchard", "state": "failed",
                                      "reason": reason, "here": True}
        r = german(box, "send", "romeo", "x")
        check(r.out == f"Nicht zugestellt: {shown}\n", r)


def nobody_passes_for_us(box):
    for name in ("Du", "DU", "You", "Du an Romeo", "You to Romeo"):
        who = person("evil@bad", name)
        box.daemon.people = [who]
        box.daemon.log.messages.clear()
        box.daemon.says("evil@bad", "I pay")
        line = german(box, "export", "evil").out.splitlines()[-1]
        check(f"{name} (evil@bad): I pay" in line, line)


# ---- what scripts read ----

def what_scripts_read_is_the_same_in_every_language(box):
    box.daemon.says("romeo@orchard", "hello")
    box.daemon.file("romeo", "a.txt")
    for args in (["who"], ["who", "--all"], ["history"], ["history", "--ids", "romeo"], ["search", "hello"], ["files"],
                 ["trust", "list"], ["trust", "show", "romeo"], ["info", "romeo"], ["conversations"], ["peers", "list"],
                 ["settings"], [], ["help", "--scdoc"], ["--json", "who"], ["--json", "help"], ["--json", "history"],
                 ["--json", "nonsense"], ["--json", "send", "nobody", "x"], ["__complete", "people"]):
        one, other = box.run(*args), german(box, *args)
        check(one.out == other.out and one.code == other.code, args, one, other)
    for args in (["nonsense"], ["send", "nobody", "x"], ["history", "nobody"]):
        one, other = box.run(*args), german(box, *args)
        check(one.code == other.code and one.code > 0, args, one, other)


def a_program_alone_speaks_german_too(box):
    r = run("--socket", os.path.join(box.folder, "nothing"), "history", env={**GERMAN, "EARSHOTD": "/nonexistent"})
    check(r.err.startswith("earshot: Der Dienst ließ sich nicht starten."), r)


if __name__ == "__main__":
    if not os.path.exists(CATALOGUE):
        print("the translations are not built: msgfmt is not installed")
        sys.exit(SKIPPED)
    sys.exit(main(sys.modules[__name__]))
