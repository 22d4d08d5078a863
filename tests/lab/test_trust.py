#!/usr/bin/env python3
"""Whose key it is: what two daemons make of each other, and of those who pose as somebody else."""
import lab
from earshot import Daemon, meet, talk
from tap import case, check, run


@case
def two_earshots_encrypt_from_the_first_word_on(l):
    a, b = Daemon(l.host(), "alice"), Daemon(l.host(), "bob")
    meet(a, b)
    check(a.client.here(b.name)["trust"] == "new", "a key that nobody has looked at")
    talk(a, b, "hello")
    seen = b.client.wait_here(a.name, encrypted=True)
    check(seen["trust"] == "new", "who spoke is new still")
    known = a.client.wait_here(b.name, encrypted=True)
    check(known["trust"] == "known", "whom one speaks to is known")
    talk(b, a, "hello yourself")


if __name__ == "__main__":
    lab.enter()
    run(lab.Lab)
