"""A daemon that speaks docs/ipc.md and nothing else: no network, no people but those given here.

Tests run it in a thread and look at what it was asked (`calls`), or make things happen with
`event()`. What it is told by `answers` replaces its own answer to a method.
"""

import json
import os
import socket
import threading

HOSTILE = "Ev\x1b]0;owned\x07il\u202e\x9b31m\nX"


def person(name, display, **more):
    p = {
        "name": name, "display": display, "first": display, "last": "", "nick": "",
        "status": "available", "text": "", "state": "answered", "age": 3,
        "client": "Earshot", "via": ["mdns"], "host": name.split("@")[-1] + ".local",
        "port": 5298, "addresses": ["192.0.2.7", "2001:db8::7"], "connected": True,
        "encrypted": True, "receipts": True,
    }
    p.update(more)
    return p


PEOPLE = [
    person("romeo@orchard", "Romeo Montague", status="away", text="under the balcony"),
    person("juliet@balcony", "Juliet", state="announced", age=130, client="Pidgin (libpurple)",
           encrypted=False, receipts=False),
    person("nurse@house", "Nurse", state="silent", age=10, connected=False, status="dnd"),
    person("paris@verona", "Paris", state="gone", age=400, connected=False),
    person("\u4e2d\u6587@lab", "\u4e2d\u6587\u5f20\u4f1f", client="Gajim"),
    person("evil\x1b[2J@bad", HOSTILE, text="a\rb\x1b[31m", client="\x1b[5mX"),
]


class Refused(Exception):
    def __init__(self, reason, message, **data):
        super().__init__(message)
        self.error = {"code": -32000, "message": message, "data": dict(data, reason=reason)}


class Client:
    def __init__(self, daemon, sock):
        self.daemon, self.sock, self.subscribed, self.since = daemon, sock, False, None
        self.lock = threading.Lock()
        daemon.clients.add(self)  # before it can ask for anything, the daemon's end say
        threading.Thread(target=self.serve, daemon=True).start()

    def put(self, obj):
        line = json.dumps(obj, ensure_ascii=False).encode() + b"\n"
        try:
            with self.lock:
                self.sock.sendall(line)
        except OSError:
            pass

    def serve(self):
        with self.sock.makefile("rb") as lines:
            try:
                for line in lines:
                    self.answer(json.loads(line))
            except OSError:
                pass
        self.daemon.clients.discard(self)

    def answer(self, call):
        method, params = call["method"], call.get("params") or {}
        self.daemon.calls.append((method, params))
        try:
            reply = {"result": self.daemon.call(self, method, params)}
        except Refused as e:
            reply = {"error": e.error}
        if reply.get("result") is FakeDaemon.SILENT:
            return
        if "id" in call:
            self.put({"jsonrpc": "2.0", "id": call["id"], **reply})
        if self.since is not None:
            self.daemon.replay(self)
        if method == "daemon.stop":
            self.daemon.close()


class FakeDaemon:
    SILENT = object()  # as an answer: none at all

    def __init__(self, path, people=None, log=None, cursors=None):
        self.path = path
        # durable events by number, and the cursors: what a restart keeps
        self.log = {} if log is None else log
        self.cursors = {} if cursors is None else cursors
        self.telling = threading.Lock()
        self.people = PEOPLE if people is None else people
        self.own = {"name": "me@here", "published": True, "display": "Mercutio",
                    "full_name": "Mercutio", "nick": "", "status": "available", "text": "",
                    "avatar": ""}
        self.state = {"version": "9.9.9", "pid": os.getpid(), "uptime": 4000, "port": 5298,
                      "discovery": "running", "backend": "embedded", "network": True,
                      "problem": "", "helper_pid": 2, "helper_restarts": 0, "people": 5,
                      "streams": 1, "clients": 1, "config": "/etc/x", "log": ""}
        self.fixed = []
        self.calls, self.clients, self.answers, self.messages = [], set(), {}, 0
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o600)
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            Client(self, sock)

    def close(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        for s in [self.listener] + [c.sock for c in list(self.clients)]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def event(self, topic, **content):
        event = {"event": topic, **content}
        with self.telling:
            if "number" in content:
                self.log[content["number"]] = event
            for c in list(self.clients):
                if c.subscribed:
                    c.put({"jsonrpc": "2.0", "method": "event", "params": event})

    def replay(self, client):
        with self.telling:
            for number in sorted(n for n in self.log if n > client.since):
                client.put({"jsonrpc": "2.0", "method": "event", "params": self.log[number]})
            client.subscribed, client.since = True, None

    def cut_off(self, message, **since):
        for c in list(self.clients):
            c.put({"jsonrpc": "2.0", "method": "cut-off", "params": dict(since, message=message)})
            c.sock.shutdown(socket.SHUT_RDWR)

    def last(self):
        return max(self.log, default=0)

    def says(self, name, text, action=False):
        who = next(p for p in self.people if p["name"] == name)
        self.event("message", direction="in", peer=name, display=who["display"], id="in1",
                   text=text, action=action, time=1_800_000_000_000, encrypted=True)

    def asked(self, method):
        return [p for m, p in self.calls if m == method]

    def find(self, words):
        exact = [p for p in self.people if p["name"] == words]
        fits = exact or [p for p in self.people
                         if words.lower() in (p["name"] + "\0" + p["display"]).lower()]
        if not fits:
            raise Refused("unknown", f"Nobody is called {words}.")
        if len(fits) > 1:
            raise Refused("ambiguous", f"{words} fits several people.", candidates=fits)
        return fits[0]

    def reach(self, words):
        p = self.find(words)
        if p["state"] == "gone":
            raise Refused("absent", f"{p['display']} is not here.")
        if p["state"] == "silent":
            raise Refused("timeout", f"{p['display']} does not answer.")
        return p

    def call(self, client, method, params):
        if method in self.answers:
            answer = self.answers[method]
            if isinstance(answer, Exception):
                raise answer
            return answer
        return getattr(self, "do_" + method.replace(".", "_"))(client, **params)

    def do_hello(self, _to, /, **params):
        return {"protocol": 1, "version": "9.9.9", "pid": os.getpid()}

    def do_subscribe(self, client, topics=None, since=None):
        if since is None:
            client.subscribed = True
            return {"topics": topics or ["*"]}
        if isinstance(since, str):
            since = self.cursors.get(since, self.last())
        if since > self.last():
            raise Refused("invalid", f"No event has the number {since} yet.", last=self.last())
        client.subscribed, client.since = False, since
        return {"topics": topics or ["*"], "since": since}

    def do_cursor(self, client, name, number=0):
        if number > self.cursors.get(name, 0):
            self.cursors[name] = number
        return {"number": self.cursors.get(name, 0), "last": self.last()}

    def do_who(self, client, all=False):
        here = [p for p in self.people if all or p["state"] != "gone"]
        return {"people": here, "own": self.own, "state": self.state}

    def do_info(self, client, peer):
        return dict(self.find(peer), live={"software": "Earshot", "version": "0.1",
                                           "features": ["urn:xmpp:ping"]})

    def do_send(self, client, peer, text):
        p = self.reach(peer)
        self.messages += 1
        mid = f"m{self.messages}"
        action = text.startswith("/me ")
        self.event("sent", direction="out", peer=p["name"], display=p["display"], id=mid,
                   text=text[4:] if action else text, action=action, time=1_800_000_000_000,
                   encrypted=True)
        if p["receipts"]:
            threading.Timer(0.2, lambda: self.event(
                "receipt", peer=p["name"], id=mid, state="delivered")).start()
        return {"id": mid, "peer": p["name"], "state": "handed over"}

    def do_typing(self, client, peer, state):
        return {}

    def do_attention(self, client, peer):
        self.reach(peer)
        return {}

    def do_ping(self, client, peer):
        p = self.reach(peer)
        return {"ms": 1.25, "peer": p["name"], "how": "ping" if p["receipts"] else "connect"}

    def do_status(self, client, **params):
        self.own.update(params)
        return self.own

    def do_set_name(self, client, text):
        self.own["full_name"] = self.own["display"] = text
        return self.own

    def do_set_nick(self, client, text):
        self.own["nick"] = text
        return self.own

    def do_set_avatar(self, client, data):
        self.own["avatar"] = data and "da39a3ee5e6b4b0d3255bfef95601890afd80709"
        return self.own

    def do_peers_add(self, client, address):
        if ":" not in address:
            raise Refused("invalid", f"{address} is not HOST:PORT.")
        self.fixed.append({"address": address, "name": "", "state": "trying"})
        return {}

    def do_peers_remove(self, client, address):
        self.fixed = [p for p in self.fixed if p["address"] != address]
        return {}

    def do_peers_list(self, client):
        return {"peers": self.fixed}

    def do_daemon_status(self, client):
        return self.state

    def do_daemon_stop(self, client):
        return {}


if __name__ == "__main__":  # to look at the program by hand: fake_daemon.py SOCKET
    import sys
    import time

    fake = FakeDaemon(sys.argv[1])
    try:
        for turn in range(600):
            time.sleep(6)
            fake.says("romeo@orchard", f"Hello for the {turn + 1}. time")
    finally:
        fake.close()
