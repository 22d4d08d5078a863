#!/usr/bin/env python3
"""earshot settings: the list, one setting, changing it and back."""

import os
import sys
import tempfile

from harness import check, main


def rows(result):
    return [line.split("\t") for line in result.out.splitlines()]


def in_a_pipe_a_setting_is_a_line_in_words_of_the_protocol(box):
    got = box.run("settings")
    check(got.code == 0, got)
    check(rows(got)[1] == ["network.port", "7000", "site", ""], got)
    check(rows(got)[2] == ["privacy.plain", "off", "policy", "policy"], got)
    check(len(rows(got)) == len(box.daemon.settings) and "\x1b" not in got.out, got)


def json_is_what_the_daemon_said(box):
    check(box.run("--json", "settings").json == box.daemon.do_settings(None))
    check(box.run("--json", "settings", "files.limit").json == box.daemon.setting("files.limit"))
    got = box.run("--json", "settings", "files.limit", "5M")
    check(got.json == box.daemon.setting("files.limit") and got.json["value"] == "5M", got)


def one_tells_what_it_means_and_where_it_is_from(box):
    got = box.run("settings", "privacy.plain")
    check(got.code == 0 and got.out.startswith("privacy.plain = off\n"), got)
    for words in ("Old programs.", "They cannot reach you.", "on (Talk), receive (Hear), off (Neither)", "(/etc/policy.conf:4)",
                  "administrator", "cannot be changed", "Ask the desk."):
        check(words in got.out, words, got)
    check("\x1b" not in got.out, got)
    got = box.run("settings", "network.port")
    check("a whole number from 0 to 65535" in got.out and "next start" in got.out, got)
    check("Until then\t5298" in got.out, got)


def part_of_a_key_is_enough_if_it_is_the_only_one(box):
    check(box.run("settings", "plain").out.startswith("privacy.plain = "))
    got = box.run("settings", "limit")
    check(got.code == 4 and "several" in got.err, got)
    got = box.run("settings", "pla")
    check(got.code == 3 and "earshot settings" in got.err, got)


def a_value_may_be_several_words(box):
    got = box.run("settings", "user.name", "Juliet", "Capulet")
    check(got.code == 0 and got.out.startswith("user.name = Juliet Capulet\n"), got)
    check(box.daemon.asked("settings.set") == [{"key": "user.name", "value": "Juliet Capulet"}], got)


def reset_asks_for_no_value(box):
    got = box.run("settings", "--reset", "network.port")
    check(got.code == 0 and got.out.startswith("network.port = 5298\n"), got)
    check(box.daemon.asked("settings.set") == [{"key": "network.port"}], got)
    for words in (("--reset",), ("--reset", "limit", "5")):
        check(box.run("settings", *words).code == 2)


def a_folder_is_handed_over_open(box):
    with tempfile.TemporaryDirectory() as folder:
        got = box.run("settings", "folder", folder)
        check(got.code == 0, got)
        check(box.daemon.asked("settings.set") == [{"key": "files.folder"}], got)
        fd = box.daemon.fds.pop()
        check(os.path.samestat(os.fstat(fd), os.stat(folder)), "that folder")
        os.close(fd)
    got = box.run("settings", "folder", folder)
    check(got.code == 2 and folder in got.err, got)
    got = box.run("settings", "folder", "/dev/null")
    check(got.code == 2 and "not a folder" in got.err, got)


def what_is_locked_stays(box):
    got = box.run("settings", "plain", "on")
    check(got.code == 1 and "administrator" in got.err and not got.out, got)


def keys_are_completed(box):
    got = box.run("__complete", "settings")
    check(got.out.split() == [s["key"] for s in box.daemon.settings], got)
    for shell in ("bash", "zsh", "fish"):
        check("__complete settings" in box.run("completion", shell).out or
              "_earshot_live settings" in box.run("completion", shell).out, shell)


if __name__ == "__main__":
    sys.exit(main(sys.modules[__name__]))
