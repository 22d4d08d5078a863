"""Clients of a daemon that may die at any time: what a careful front end does, written down call
by call. Each runs in a thread of its own and ends when its work is done, or when stop() says so."""
import itertools
import json
import socket
import threading
import time
from dataclasses import dataclass, field

from records import Call, Told
from tap import Failure

PATIENCE = 20.0  # s without any progress: something hangs
RETRY = 0.005    # s between attempts to connect
LATER = 0.2      # s until what was refused for the moment is asked again
DURABLE = ("message", "sent", "receipt", "seen", "correction", "retraction", "reaction",
           "forgotten", "trust")


class Gone(Exception):
    """The daemon, or this client's time, is over."""


class Connection:
    """Lines of JSON on the local socket."""

    def __init__(self, path, timeout=PATIENCE):
        self._socket = socket.socket(socket.AF_UNIX)
        self._bytes = b""
        self._lines = []
        self._ids = itertools.count(1)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise Gone(str(error)) from None

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed on the other side
        self._socket.close()

    def start(self, method, **params):
        """The number of the call."""
        number = next(self._ids)
        line = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        try:
            self._socket.sendall(line.encode() + b"\n")
        except OSError as error:
            raise Gone(str(error)) from None
        return number

    def read(self):
        """The next line. What a dying daemon left of one is nothing."""
        while not self._lines:
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                raise Failure("a daemon neither answers nor ends") from None
            except OSError as error:
                raise Gone(str(error)) from None
            if not data:
                raise Gone("end of file")
            *self._lines, self._bytes = (self._bytes + data).split(b"\n")
        return json.loads(self._lines.pop(0))

    def call(self, method, **params):
        """Its result; other lines that come before the answer are passed over."""
        number = self.start(method, **params)
        while True:
            line = self.read()
            if line.get("id") == number:
                if "error" in line:
                    raise Failure(f"{method}: {line['error']}")
                return line["result"]


class Client(threading.Thread):
    def __init__(self, path, side, name, record):
        super().__init__(daemon=True)
        self.path, self.side, self.client, self.record = path, side, name, record
        self.conn = 0
        self.patience = PATIENCE
        self.stopping = threading.Event()
        self.connection = None
        self.problem = None

    def run(self):
        began = time.monotonic()
        try:
            while not self.stopping.is_set():
                try:
                    self.connection = Connection(self.path, self.patience)
                    self.conn += 1
                    self.connection.call("hello", protocol=1, client=self.client)
                    self.work()
                    break
                except Gone:
                    self.lost()
                    if self.conn == 0 and time.monotonic() - began > PATIENCE:
                        raise Failure("no daemon listens") from None
                    self.stopping.wait(RETRY)
                finally:
                    if self.connection:
                        self.connection.close()
        except Exception as error:  # whatever it is must end up in the record, not in a thread
            if not self.stopping.is_set():
                self.problem = f"{self.client} of {self.side}: {type(error).__name__}: {error}"
                self.record.problems.append(self.problem)

    def work(self):
        """On a new connection; Gone when it breaks."""
        raise NotImplementedError

    def lost(self):
        """The connection broke."""

    def stop(self):
        self.stopping.set()
        if self.connection:
            self.connection.close()


@dataclass
class Wish:
    """Something a speaker is to do. about: the wish whose message it is about, answered first.
    gate: it begins when that is set. done: is set when it was answered."""
    method: str
    text: str = ""
    token: str = ""
    about: "Wish" = None
    gate: threading.Event = None
    options: dict = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)
    id: str = ""


class Speaker(Client):
    """Works through its wishes, several calls at a time, in order. What was not answered is asked
    again on the next connection, with the same token. retry: reasons of errors that are no
    answer."""

    def __init__(self, path, side, name, record, peer, wishes=(), window=4, retry=("unknown",)):
        super().__init__(path, side, name, record)
        self.peer, self.window, self.retry = peer, window, retry
        self.source = iter(wishes)
        self.next = []    # wishes that were taken from it and not begun, or are to begin again
        self.flying = {}  # number of the call: (wish, Call)

    def work(self):
        self._wait_for_peer()
        while not self.stopping.is_set():
            while (len(self.flying) < self.window and self._has_next()
                   and self._may_begin(self.next[0])):
                self._begin(self.next.pop(0))
            if self.flying:
                self._take(self.connection.read())
            elif not self._has_next():
                return

    def _has_next(self):
        if not self.next:
            self.next = list(itertools.islice(self.source, 1))
        return bool(self.next)

    def _wait_for_peer(self):
        """A daemon that was just started learns who is there a moment later."""
        while not self.stopping.is_set():
            people = self.connection.call("who", all=True)["people"]
            if any(person["name"] == self.peer for person in people):
                return
            self.stopping.wait(RETRY)

    def _may_begin(self, wish):
        if wish.about and not wish.about.done.is_set():
            return False
        if wish.gate and not wish.gate.is_set():
            if self.flying:
                return False
            if not wish.gate.wait(PATIENCE):
                raise Failure("what it waits for does not come")
        return True

    def _begin(self, wish):
        call = Call(self.side, self.client, self.conn, wish.method, self.peer, time.monotonic(),
                    wish.text, wish.token, wish.about.id if wish.about else "")
        params = {"peer": self.peer, "text": wish.text, "token": wish.token, "id": call.target}
        params = {key: value for key, value in params.items() if value} | wish.options
        self.record.calls.append(call)
        # asked or not: if the connection breaks meanwhile nobody knows
        self.flying[None] = wish, call
        number = self.connection.start(wish.method, **params)
        self.flying[number] = self.flying.pop(None)

    def _take(self, line):
        if line.get("id") not in self.flying:
            return
        wish, call = self.flying.pop(line["id"])
        call.t1 = time.monotonic()
        if "error" in line:
            call.outcome = "error"
            call.reason = line["error"].get("data", {}).get("reason", line["error"]["message"])
            if call.reason in self.retry:
                self._again([wish])
                self.stopping.wait(RETRY if call.reason == "unknown" else LATER)
                return
        else:
            call.outcome = "ok"
            call.id, call.state = line["result"].get("id", ""), line["result"].get("state", "")
            call.number = line["result"].get("number", 0)
            wish.id = call.id
        wish.done.set()

    def lost(self):
        self._again([wish for wish, _ in self.flying.values()])
        self.flying = {}

    def _again(self, wishes):
        """Back to the front: nothing may overtake."""
        self.next[:0] = wishes


class Follower(Client):
    """Remembers the number of the last event it was told, and goes on from there."""

    def __init__(self, path, side, name, record):
        super().__init__(path, side, name, record)
        self.patience = None  # there may be nothing to tell
        self.last = 0
        self.receipts, self.messages = {}, set()  # id: state; ids

    def work(self):
        self.connection.start("subscribe", since=self.last)
        while True:
            line = self.connection.read()
            if line.get("method") == "cut-off":
                raise Gone("cut off")
            if "error" in line:
                raise Failure(f"subscribe: {line['error']}")
            event = line.get("params", {})
            if event.get("event") in DURABLE:
                self._take(event)

    def _take(self, event):
        told = Told(self.side, self.client, self.conn, time.monotonic(), event["event"],
                    event["number"], event.get("peer", ""), event.get("id", ""),
                    event.get("state", ""), event.get("direction", ""), event.get("text", ""))
        self.record.told.append(told)
        self.last = max(self.last, told.number)
        if told.topic in ("receipt", "sent"):
            self.receipts[told.id] = told.state
        elif told.topic == "message":
            self.messages.add(told.id)
