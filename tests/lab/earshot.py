"""The daemon on a virtual host, and a client of its socket (docs/ipc.md)."""
import itertools
import json
import os
import signal
import socket
import threading
import time

import lab
from events import Events
from tap import Failure, check

EARSHOTD = os.path.join(lab.BUILD, "earshotd")
EARSHOT = os.path.join(lab.BUILD, "earshot")
SANDBOX = ("--sandbox", "strict")  # what it refuses ends the daemon, and so the test
STOP_TIME = 8.0  # helper's goodbye, streams' end, all bounded by a few seconds


class CallError(Exception):
    """The daemon answered with an error."""

    def __init__(self, error):
        super().__init__(error.get("message"))
        self.error = error
        self.reason = error.get("data", {}).get("reason")


class Call:
    """One call on its way; its answer may come at any time."""

    def __init__(self, client, method):
        self.client, self.method = client, method
        self.answer = None

    def outcome(self, timeout=5.0):
        """The whole answer, with "result" or "error"."""
        return self.client.events.until(lambda: self.answer, timeout, f"answer to {self.method}")

    def result(self, timeout=5.0):
        answer = self.outcome(timeout)
        if "error" in answer:
            raise CallError(answer["error"])
        return answer["result"]


class Client:
    """Subscribed to everything; keeps the people it was told of in .people, by name."""

    def __init__(self, path, who, subscribe=True):
        self.events = Events(who)
        self.people = {}
        self.own = self.state = None
        self._calls = {}
        self._ids = itertools.count(1)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        threading.Thread(target=self._read, daemon=True).start()
        self.hello = self.call("hello", protocol=1, client="lab")
        if subscribe:
            self.call("subscribe")
            self.call("who", all=True)

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the daemon was first
        self._socket.close()

    # ---- calls ----
    def start(self, method, fds=(), **params):
        call = Call(self, method)
        with self.events.changed:
            number = next(self._ids)
            self._calls[number] = call
        frame = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        line = json.dumps({**frame, "fds": len(fds)} if fds else frame)
        try:
            if fds:
                sent = socket.send_fds(self._socket, [line.encode() + b"\n"], fds)
                check(sent == len(line.encode()) + 1, f"{method} went out whole with its files")
            else:
                self._socket.sendall(line.encode() + b"\n")
        except OSError as error:
            raise Failure(f"{self.events.who}: {method}: {error}") from None
        return call

    def call(self, method, timeout=5.0, fds=(), **params):
        return self.start(method, fds, **params).result(timeout)

    # ---- what comes in (reader thread) ----
    def _read(self):
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    self._take(json.loads(line))
        except (OSError, ValueError) as error:
            self.events.add({"event": "broken", "error": str(error)})
        self.events.end()

    def _take(self, message):
        with self.events.changed:
            if "id" in message:
                call = self._calls.pop(message["id"])
                call.answer = message
                if "result" in message:
                    self._learn(call.method, message["result"])
                self.events.changed.notify_all()
                return
            event = dict(message["params"])
            event["t"] = time.monotonic()
            self._learn(event["event"], event)
            self.events.add(event)

    def _learn(self, what, value):
        if what == "who":
            self.people = {person["name"]: person for person in value["people"]}
            self.own, self.state = value["own"], value["state"]
        elif what == "person":
            self.people[value["person"]["name"]] = value["person"]
        elif what == "own":
            self.own = value
        elif what == "state":
            self.state = value

    # ---- waiting ----
    def mark(self):
        return self.events.mark()

    def wait(self, topic, timeout=5.0, since=0, **wanted):
        """The first event of that topic with those members."""
        return self.events.wait(
            lambda e: e["event"] == topic and all(e.get(k) == v for k, v in wanted.items()),
            timeout, since, f"{topic} {wanted or ''}")

    def here(self, name):
        """The person, unless gone or never seen."""
        person = self.people.get(name)
        return person if person and person["state"] != "gone" else None

    def wait_here(self, name, timeout=10.0, **wanted):
        """Until that person is listed, with those members."""
        def fits():
            person = self.here(name)
            return person if person and all(person.get(k) == v for k, v in wanted.items()) else None
        return self.events.until(fits, timeout, f"{name} listed {wanted or ''}")

    def wait_gone(self, name, timeout=10.0):
        self.events.until(lambda: not self.here(name), timeout, f"{name} gone")

    def names(self):
        """Who is listed now."""
        with self.events.changed:
            return sorted(name for name in self.people if self.here(name))

    def messages(self, peer=None, direction="in", since=0):
        return [e["text"] for e in self.events.since(since) if e["event"] == "message"
                and e["direction"] == direction and peer in (None, e["peer"])]


class Daemon:
    """One user's earshotd; published under .name when this returns, unless told not to wait.
    account: whose folders these are, where that is not the name on the network.
    settings: lines of the configuration file."""

    def __init__(self, host, user="alice", args=(), published=True, account=None, settings=()):
        self.host, self.user, self.args = host, user, tuple(args)
        self.account = account or user
        home, run = f"/run/home/{self.account}", f"/run/user/{self.account}"
        self.env = {
            "HOME": home, "XDG_RUNTIME_DIR": run, "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_STATE_HOME": f"{home}/.local/state", "XDG_DATA_HOME": f"{home}/.local/share",
            "XDG_CACHE_HOME": f"{home}/.cache", "EARSHOTD": EARSHOTD,
        }
        host.must("mkdir", "-p", home)
        host.must("mkdir", "-p", "-m", "700", run)
        if settings:
            self.configure(*settings)
        self.socket = host.path(f"{run}/earshot/daemon.sock")
        self.process = self.client = None
        self.start(published)

    def configure(self, *settings):
        """What its configuration file holds from the next start on."""
        folder = f"{self.env['XDG_CONFIG_HOME']}/earshot"
        self.host.must("mkdir", "-p", folder)
        with open(self.host.path(f"{folder}/earshot.conf"), "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in settings))

    # ---- life ----
    def start(self, published=True):
        self.process = self.host.spawn(EARSHOTD, "--user", self.user, *SANDBOX, *self.args,
                                       env=self.env, label=f"earshotd-{self.account}")
        self.client = self.connect()
        if published:
            self.wait_published()

    def connect(self, timeout=5.0, **options):
        """One more client, as soon as the daemon listens."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return Client(self.socket, f"{self.account} on {self.host.name}", **options)
            except OSError as error:
                if time.monotonic() > deadline or not lab.alive(self.process.pid):
                    raise Failure(f"{self.process.label} does not listen: {error}\n"
                                  + self.process.log_tail()) from None
                time.sleep(0.01)

    def wait_published(self, timeout=10.0):
        self.client.events.until(lambda: self.client.own["published"], timeout, "published")

    def stop(self):
        """Politely; Failure if it does not end well."""
        self.client.call("daemon.stop")
        status = self.process.wait(STOP_TIME)
        check(status == 0, f"{self.process.label} ended with {status}\n{self.process.log_tail()}")

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.process.wait()

    # ---- shorthand ----
    @property
    def name(self):
        return self.client.own["name"]

    def status(self):
        return self.client.call("daemon.status")

    def wait_state(self, timeout=10.0, **wanted):
        """Until the daemon's own state has those members."""
        self.client.events.until(
            lambda: all(self.client.state.get(k) == v for k, v in wanted.items()),
            timeout, f"state {wanted}")

    def cli(self, *words, timeout=10.0, text=None):
        """The `earshot` program as this user."""
        return self.host.run(EARSHOT, *words, env=self.env, timeout=timeout, text=text)

    # ---- files ----
    def send_file(self, peer, path, timeout=8.0, **more):
        """Of the host's; returns what files are known by."""
        fd = os.open(self.host.path(path), os.O_RDONLY)
        try:
            return self.client.call("send-file", timeout, [fd], peer=peer, **more)["id"]
        finally:
            os.close(fd)

    def wait_file(self, timeout=10.0, since=0, **wanted):
        """The first "file" event with those members, for which ("a", "b") is either."""
        def fits(event):
            return event["event"] == "file" and all(
                event.get(key) in value if isinstance(value, tuple) else event.get(key) == value
                for key, value in wanted.items())
        return self.client.events.wait(fits, timeout, since, f"file {wanted}")

    def send(self, peer, text, timeout=8.0):
        return self.client.call("send", timeout, peer=peer, text=text)


def meet(*daemons, timeout=10.0):
    """Until everyone sees everyone."""
    for one in daemons:
        for other in daemons:
            if one is not other:
                one.client.wait_here(other.name, timeout)


def talk(sender, receiver, text, timeout=8.0):
    """One message, there exactly once more than before; seconds it took."""
    mark = receiver.client.mark()
    began = time.monotonic()
    sender.send(receiver.name, text, timeout)
    event = receiver.client.wait("message", timeout, mark, direction="in", peer=sender.name,
                                 text=text)
    return event["t"] - began
