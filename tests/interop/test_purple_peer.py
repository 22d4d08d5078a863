#!/usr/bin/env python3
"""libpurple with libpurple: the peer the other tests here rely on behaves as they expect."""
import purple
import lab
from tap import case, check, run


@case
def two_libpurple_clients_talk(l):
    alice = purple.PurplePeer(l.host(avahi=True), "alice")
    bob = purple.PurplePeer(l.host(avahi=True), "bob")
    alice.wait("buddy-on", bob.name)
    bob.wait("buddy-on", alice.name)
    alice.send(bob.name, "<b>bold</b> & brave")
    got = bob.wait("msg", alice.name)
    check(got["text"] == "<b>bold</b> & brave", f"text as sent, not {got['text']!r}")
    alice.set_status("away", "gone fishing")
    bob.wait("buddy-status", alice.name, status="away", text="gone fishing")
    alice.quit()
    bob.wait("buddy-off", alice.name)
    bob.quit()


if __name__ == "__main__":
    purple.need()
    lab.enter()
    run(lab.Lab)
