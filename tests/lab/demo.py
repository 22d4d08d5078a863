#!/usr/bin/env python3
"""Two machines, one cable, nothing set up: they find each other and talk, also when one is away.

Prints what the people type and see, with the seconds since the first start. Exits with 1 if
anything goes wrong."""
import os
import sys
import time

import lab
from earshot import Daemon, meet
from tap import Failure, check


class Person:
    """Somebody with a terminal."""

    def __init__(self, host, user, began):
        self.began = began
        self.daemon = Daemon(host, user)

    def tell(self, text):
        print(f"{time.monotonic() - self.began:6.2f} s  {self.daemon.name:15} {text}", flush=True)

    def types(self, *words):
        shown = " ".join(f"'{word}'" if " " in word else word for word in words)
        self.tell(f"$ earshot {shown}")
        done = self.daemon.cli(*words)
        for line in (done.stdout + done.stderr).splitlines():
            self.tell(line.replace("\t", "  "))
        check(done.returncode == 0, f"that ended with status {done.returncode}")

    def sees(self, peer, text):
        self.daemon.client.wait("message", direction="in", peer=peer.daemon.name, text=text)
        self.tell(f"{peer.daemon.user}: {text}")


def picture(person):
    """Something to send, as the person finds it."""
    path = person.daemon.env["HOME"] + "/garden.jpg"
    with open(person.daemon.host.path(path), "wb") as f:
        f.write(os.urandom(40 << 20))
    return path


def conversation(l):
    verona, mantua = l.host("verona"), l.host("mantua")
    began = time.monotonic()
    juliet, romeo = Person(verona, "juliet", began), Person(mantua, "romeo", began)
    meet(juliet.daemon, romeo.daemon)
    juliet.tell("(they see each other)")
    juliet.types("set", "nick", "Juliet")
    romeo.types("set", "nick", "Romeo")
    juliet.daemon.client.wait_here(romeo.daemon.name, display="Romeo")
    romeo.daemon.client.wait_here(juliet.daemon.name, display="Juliet")
    juliet.types("who")
    juliet.types("send", "romeo", "What man art thou?")
    romeo.sees(juliet, "What man art thou?")
    romeo.types("send", "juliet", "I know not how to tell thee <who> I am & why")
    juliet.sees(romeo, "I know not how to tell thee <who> I am & why")
    romeo.types("status", "away", "in the garden")
    juliet.daemon.client.wait_here(romeo.daemon.name, status="away", text="in the garden")
    juliet.types("who")
    romeo.types("send", "juliet", "--file", picture(romeo))
    juliet.daemon.client.wait("file", direction="in", state="offered")
    juliet.types("accept", "--wait")
    romeo.types("daemon", "stop")
    juliet.daemon.client.wait_gone(romeo.daemon.name)
    juliet.tell("(romeo has left)")
    juliet.types("send", "romeo", "Good night, good night!")
    romeo.daemon.start(published=False)
    romeo.tell("(is back)")
    romeo.sees(juliet, "Good night, good night!")
    romeo.types("search", "night")
    romeo.types("daemon", "stop")
    juliet.types("daemon", "stop")


def main():
    lab.enter()
    try:
        with lab.Lab() as l:
            conversation(l)
    except Failure as failure:
        print(f"demo: {failure}")
        sys.exit(1)


if __name__ == "__main__":
    main()
