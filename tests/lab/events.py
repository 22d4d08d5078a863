"""What another program tells us while it runs, kept in order, so that a test waits for the very
event it needs instead of sleeping and hoping."""
import json
import threading
import time

from tap import Failure


class Events:
    """Filled by a reader thread, read by the test. Positions only grow: mark() before an action,
    wait(..., since=mark) after it."""

    def __init__(self, who):
        self.who = who
        self.list = []
        self.ended = False
        self.changed = threading.Condition()

    def add(self, event):
        with self.changed:
            self.list.append(event)
            self.changed.notify_all()

    def end(self):
        """Nothing more will come."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def mark(self):
        with self.changed:
            return len(self.list)

    def since(self, mark, predicate=lambda event: True):
        with self.changed:
            return [event for event in self.list[mark:] if predicate(event)]

    def wait(self, predicate, timeout=5.0, since=0, what="an event"):
        """The first event from `since` on that fits; Failure when none came in time."""
        deadline = time.monotonic() + timeout
        at = since
        with self.changed:
            while True:
                while at < len(self.list):
                    if predicate(self.list[at]):
                        return self.list[at]
                    at += 1
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    why = "it ended" if self.ended else f"{timeout:g} s passed"
                    raise Failure(f"{self.who}: {what} did not come, {why}; came: {self._tail(since)}")
                self.changed.wait(left)

    def until(self, condition, timeout=5.0, what="it"):
        """Waits until condition() holds; it is asked again after each event."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                value = condition()
                if value:
                    return value
                left = deadline - time.monotonic()
                if left <= 0 or self.ended:
                    why = "it ended" if self.ended else f"{timeout:g} s passed"
                    raise Failure(f"{self.who}: not seen: {what}, {why}; last: {self._tail(0)}")
                self.changed.wait(left)

    def _tail(self, since):
        shown = [json.dumps(event)[:300] for event in self.list[since:][-6:]]
        return "nothing" if not shown else "\n  " + "\n  ".join(shown)
