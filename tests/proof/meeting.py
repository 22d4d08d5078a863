"""Stations whose clients talk while things break: what every such run begins and ends with."""
import time

from clients import Connection, Follower, Gone
from records import Record
from tap import Failure

DRAIN = 10.0   # s until the outboxes must be empty
HEAR = 3.0     # s until the followers must have heard of everything
ANSWER = 10.0  # s until a daemon that was just started answers
POLL = 0.004


class Meeting:
    """record: what was seen so far. Speakers are added by whoever uses it."""

    def __init__(self, stations):
        self.record = Record()
        self.stations = stations
        self.speakers = []
        self.followers = {s.name: Follower(s.socket, s.name, "follower", self.record)
                          for s in stations}

    def start_clients(self):
        for client in (*self.speakers, *self.followers.values()):
            client.start()

    def ask(self, station, method, **params):
        """Once it answers: it may be dying."""
        deadline = time.monotonic() + ANSWER
        while True:
            try:
                connection = Connection(station.socket)
                try:
                    connection.call("hello", protocol=1, client="proof")
                    return connection.call(method, **params)
                finally:
                    connection.close()
            except Gone as gone:
                if time.monotonic() > deadline:
                    raise Failure(f"{station.name} does not answer: {gone}") from None
                time.sleep(POLL)

    def finish_speaking(self, limit):
        for speaker in self.speakers:
            speaker.join(limit)
            if speaker.is_alive():
                self.record.problems.append(f"{speaker.client} of {speaker.side} hangs")

    def settle(self):
        """Nothing is broken any more: now everything must arrive."""
        self.record.healed = time.monotonic()
        self._drain()
        self._until_all_is_heard()
        for station in self.stations:
            self.record.history[station.name] = self._history(station)

    def _drain(self):
        waiting = {}
        while time.monotonic() < self.record.healed + DRAIN:
            waiting = {s.name: self.ask(s, "outbox")["messages"] for s in self.stations}
            if not any(waiting.values()):
                self.record.drained = time.monotonic()
                return
            time.sleep(POLL)
        self.record.waiting = waiting

    def _until_all_is_heard(self):
        """What is not told in this time the checker will miss."""
        kept = [c for c in self.record.calls if c.method == "send" and c.outcome == "ok"]
        deadline = time.monotonic() + HEAR
        while time.monotonic() < deadline:
            kept = [call for call in kept if not self._heard(call)]
            if not kept:
                return
            time.sleep(POLL)

    def _heard(self, call):
        state = self.followers[call.side].receipts.get(call.id)
        if state == "cancelled":
            return True
        return state in ("delivered", "read") and call.id in self.followers[call.peer].messages

    def _history(self, station):
        messages, page = [], self.ask(station, "history", limit=1000)
        while True:
            messages = page["messages"] + messages
            if not page.get("more") or not page["messages"]:
                return messages
            page = self.ask(station, "history", limit=1000, before=page["messages"][0]["number"])

    def stop_clients(self):
        for client in (*self.speakers, *self.followers.values()):
            client.stop()

    def read_disks(self):
        """The daemons are dead."""
        for station in self.stations:
            self.record.ends[station.name] = station.image()
