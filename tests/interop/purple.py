"""Real libpurple on a virtual host: starts purple-peer, speaks its commands (purple-peer.c)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lab"))

import lab
import tap

PROGRAM = os.path.join(lab.BUILD, "purple-peer")


def need():
    """Ends the program with a skip where there is no libpurple."""
    if not os.path.exists(PROGRAM):
        tap.skip_all("purple-peer is not built (libpurple-dev is not installed)")


class PurplePeer:
    """One account, signed on when this returns; the host must run avahi-daemon."""

    def __init__(self, host, user):
        self.host = host
        self.name = f"{user}@{host.name}"
        statedir = f"/run/home/purple-{user}"
        host.must("mkdir", "-p", statedir)
        self.process = host.spawn(PROGRAM, self.name, statedir, env={"HOME": statedir},
                                  label=f"purple-{user}", stdin=True)
        self.events = self.process.events
        self.wait("online", timeout=10)

    def mark(self):
        return self.events.mark()

    def wait(self, kind, who=None, timeout=10, since=0, **wanted):
        """The first event of that kind, of that person, with those members."""
        def fits(event):
            return (isinstance(event, dict) and event.get("ev") == kind
                    and (who is None or event.get("who") == who)
                    and all(event.get(key) == value for key, value in wanted.items()))
        return self.events.wait(fits, timeout, since, f"{kind} {who or ''} {wanted or ''}")

    def send(self, who, text):
        mark = self.mark()
        self.process.say(f"send {who} {text}")
        tap.check(self.wait("sent", who, since=mark)["ok"], f"{self.name} could not send")

    def send_file(self, who, path):
        self.process.say(f"send-file {who} {path}")

    def answer(self, folder=None):
        """The oldest offer is accepted, to be put into that folder, or declined."""
        self.process.say(f"accept {folder}" if folder else "decline")

    def set_status(self, status, text=""):
        self.process.say(f"status {status} {text}".strip())

    def messages(self, who=None, since=0):
        """The texts so far."""
        return [event["text"] for event in self.events.since(since)
                if isinstance(event, dict) and event.get("ev") == "msg"
                and who in (None, event["who"])]

    def quit(self):
        self.process.say("quit")
        tap.check(self.process.wait(10) == 0, f"{self.name} ended badly")
