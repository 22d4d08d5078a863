"""A daemon that speaks docs/ipc.md and nothing else: no network, no people but those given here.

Tests run it in a thread and look at what it was asked (`calls`), or make things happen with
`event()`. What it is told by `answers` replaces its own answer to a method.
"""

import json
import os
import socket
import threading

from fake_files import Files, Refused

HOSTILE = "Ev\x1b]0;owned\x07il\u202e\x9b31m\nX"


def person(name, display, **more):
    p = {
        "name": name, "display": display, "first": display, "last": "", "nick": "",
        "status": "available", "text": "", "state": "answered", "age": 3,
        "client": "Earshot", "via": ["mdns"], "host": name.split("@")[-1] + ".local",
        "port": 5298, "addresses": ["192.0.2.7", "2001:db8::7"], "connected": True,
        "encrypted": True, "trust": "known", "receipts": True,
    }
    p.update(more)
    return p


NUMBER = " ".join(f"{n * 1111:05}" for n in range(12))

PEOPLE = [
    person("romeo@orchard", "Romeo Montague", status="away", text="under the balcony"),
    person("juliet@balcony", "Juliet", state="announced", age=130, client="Pidgin (libpurple)",
           encrypted=False, trust="plain", receipts=False),
    person("nurse@house", "Nurse", state="silent", age=10, connected=False, status="dnd"),
    person("paris@verona", "Paris", state="gone", age=400, connected=False),
    person("\u4e2d\u6587@lab", "\u4e2d\u6587\u5f20\u4f1f", client="Gajim"),
    person("evil\x1b[2J@bad", HOSTILE, text="a\rb\x1b[31m", client="\x1b[5mX"),
]


SETTINGS = [
    {"key": "user.name", "value": HOSTILE, "type": "text", "origin": "user", "default": "",
     "file": "/run/me/earshot.conf", "line": 2, "locked": False, "applies": "now",
     "help": "Your full name.", "others": "Everybody sees it."},
    {"key": "network.port", "value": "7000", "type": "number", "least": 0, "most": 65535,
     "origin": "site", "default": "5298", "file": "/etc/earshot.conf", "line": 3, "locked": False,
     "applies": "restart", "running": "5298", "help": "The port."},
    {"key": "privacy.plain", "value": "off", "type": "choice", "choices": ["on", "receive", "off"],
     "title": "Old programs", "labels": ["Talk", "Hear", "Neither"],
     "origin": "policy", "default": "on", "file": "/etc/policy.conf", "line": 4, "locked": True,
     "locked_by": "policy", "reason": "Ask the desk.\x1b[2J", "applies": "now", "help": "Old programs.",
     "others": "They cannot reach you."},
    {"key": "files.limit", "value": "0", "type": "size", "origin": "default", "default": "0",
     "locked": False, "applies": "now", "help": "How fast."},
    {"key": "files.folder", "value": "/run/me/Downloads", "type": "folder", "origin": "default",
     "default": "/run/me/Downloads", "locked": False, "applies": "restart", "help": "Where to."},
    {"key": "other.limit", "value": "1", "type": "number", "least": 0, "most": 9, "origin": "option",
     "default": "1", "locked": True, "locked_by": "option", "applies": "now", "help": "Other."},
]


class Client:
    def __init__(self, daemon, sock):
        self.daemon, self.sock, self.topics = daemon, sock, set()
        self.since = None  # after which number it still has to be told what the log holds
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

    @property
    def subscribed(self):
        """It is told what happens, and has been told what had happened."""
        return bool(self.topics) and self.since is None

    def tell(self, topic, content):
        if topic in self.topics or "*" in self.topics:
            self.put({"jsonrpc": "2.0", "method": "event", "params": {"event": topic, **content}})

    def lines(self):
        """What comes, a line each; the descriptors that come with it go to the daemon."""
        rest = b""
        while True:
            data, fds, _, _ = socket.recv_fds(self.sock, 65536, 16)
            self.daemon.fds += fds
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            yield from whole

    def serve(self):
        try:
            for line in self.lines():
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
        if method in self.daemon.dies_at:  # done, yet nobody hears of it
            self.daemon.dies_at.remove(method)
            self.daemon.successor = self.daemon.replace()
            return
        if "id" in call:
            self.put({"jsonrpc": "2.0", "id": call["id"], **reply})
        if self.since is not None:
            self.daemon.replay(self)
        if method == "daemon.stop":
            self.daemon.close()


class Log:
    """What is on the daemon's disk: it outlives one."""

    def __init__(self):
        self.lock = threading.Lock()  # held while an event is told: nothing is left out or twice
        self.last, self.messages = 0, []
        self.events = {}  # by number: topic and content
        self.tokens, self.cursors = {}, {}
        self.clock = 1_800_000_000_000  # ms: Friday, 15 January 2027, 08:00 UTC
        self.page_max = 1000  # an answer may hold fewer messages than were asked for

    def next(self):
        with self.lock:
            self.last += 1
            return self.last

    def keep(self, topic, content):
        self.events[content["number"]] = (topic, content)
        self.last = max(self.last, content["number"])


class FakeDaemon(Files):
    SILENT = object()  # as an answer: none at all

    def __init__(self, path, people=None, before=None):
        """before: the daemon that ran until now, whose store this one takes over."""
        self.path = path
        self.people = people or (before.people if before else PEOPLE)
        self.own = {"name": "me@here", "published": True, "display": "Mercutio",
                    "full_name": "Mercutio", "nick": "", "status": "available", "text": "",
                    "avatar": ""}
        self.state = {"version": "9.9.9", "pid": os.getpid(), "uptime": 4000, "port": 5298,
                      "discovery": "running", "backend": "embedded", "network": True,
                      "problem": "", "helper_pid": 2, "helper_restarts": 0, "people": 5,
                      "streams": 1, "clients": 1, "config": "/etc/x", "log": ""}
        self.fixed = []
        self.settings = [dict(s) for s in SETTINGS]
        self.calls, self.clients, self.answers = [], set(), {}
        self.fds = []  # descriptors that came and were not taken
        Files.__init__(self)
        self.log = before.log if before else Log()
        self.mute = before.mute if before else set()  # people who are here and confirm nothing yet
        self.dies_at = []  # methods after which the daemon dies with the answer unsaid
        self.successor = None
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

    def close(self, unlink=True):
        if self.successor:
            self.successor.close()
        elif unlink and os.path.exists(self.path):
            os.unlink(self.path)
        for s in [self.listener] + [c.sock for c in list(self.clients)]:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def replace(self):
        """Dies; another that has the same store listens already."""
        os.unlink(self.path)
        next_one = FakeDaemon(self.path, self.people, self)
        self.close(unlink=False)
        return next_one

    @property
    def cursors(self):
        return self.log.cursors

    def last(self):
        return self.log.last

    def event(self, topic, **content):
        """What has a number is kept for those who ask with `since`."""
        if self.successor:
            self.successor.event(topic, **content)
            return
        with self.log.lock:
            if "number" in content:
                self.log.keep(topic, content)
            for c in list(self.clients):
                if c.subscribed:
                    c.tell(topic, content)

    def durable(self, topic, content):
        self.event(topic, **{"number": self.log.next(), **content})

    def replay(self, client):
        with self.log.lock:
            for number in sorted(n for n in self.log.events if n > client.since):
                client.tell(*self.log.events[number])
            client.since = None

    def cut_off(self, message, **since):
        for c in list(self.clients):
            c.put({"jsonrpc": "2.0", "method": "cut-off", "params": dict(since, message=message)})
            c.sock.shutdown(socket.SHUT_RDWR)

    def add(self, name, text, direction="in", **more):
        """A message in the log, told to those who listen."""
        who = next(p for p in self.people if p["name"] == name)
        n = self.log.next()
        m = {"number": n, "direction": direction, "peer": name, "display": who["display"],
             "id": f"{'in' if direction == 'in' else 'm'}{n}", "text": text, "action": False,
             "time": self.log.clock, "stored": self.log.clock,
             "state": "unread" if direction == "in" else "queued", "retracted": False,
             "reactions": {"theirs": [], "ours": []}, "trust": who["trust"],
             "encrypted": who["trust"] != "plain"}
        m.update(more)
        if m.get("reply"):
            first = next((x for x in self.log.messages if x["id"] == m["reply"]), None)
            if first:
                m["reply_text"] = first["text"][:80]
        self.log.messages.append(m)
        self.event("message" if direction == "in" else "sent", **m)
        return m

    def says(self, name, text, action=False, **more):
        return self.add(name, text, action=action, **more)

    def becomes(self, m, state, reason=None):
        """What became of a message of ours."""
        m["state"] = state
        content = {"peer": m["peer"], "display": m["display"], "id": m["id"], "state": state,
                   "trust": m["trust"]}
        if reason:
            m["reason"] = content["reason"] = reason
        self.durable("receipt", content)

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
        return getattr(self, "do_" + method.replace(".", "_").replace("-", "_"))(client, **params)

    def do_hello(self, _to, /, **params):
        return {"protocol": 1, "version": "9.9.9", "pid": os.getpid()}

    def do_subscribe(self, client, topics=None, since=None):
        if isinstance(since, str):
            since = self.log.cursors.get(since, self.log.last)
        if since is not None and since > self.log.last:
            raise Refused("invalid", f"No event has the number {since} yet.", last=self.log.last)
        with self.log.lock:
            client.topics |= set(topics or ["*"])
            client.since = since
        return {"topics": sorted(client.topics), **({} if since is None else {"since": since})}

    def setting(self, key):
        for s in self.settings:
            if s["key"] == key:
                return s
        raise Refused("unknown", f'There is no setting "{key}".')

    def do_settings(self, _client):
        return {"settings": self.settings, "file": "/run/me/earshot.conf"}

    def do_settings_set(self, _client, key, value=None):
        s = self.setting(key)
        if s["locked"]:
            raise Refused("policy", f"The administrator has set {key}.")
        s.update(value=s["default"] if value is None else value,
                 origin="default" if value is None else "user")
        return s

    def do_cursor(self, client, name, number=0):
        if number > self.log.cursors.get(name, 0):
            self.log.cursors[name] = number
        return {"number": self.log.cursors.get(name, 0), "last": self.log.last}

    def do_who(self, client, all=False, limit=None):
        here = [p for p in self.people if all or p["state"] != "gone"]
        more = max(0, len(here) - limit) if limit is not None else 0
        answer = {"people": here[:limit], "own": self.own, "state": self.state}
        return dict(answer, more=more) if more else answer

    def do_info(self, client, peer):
        return dict(self.find(peer), live={"software": "Earshot", "version": "0.1",
                                           "features": ["urn:xmpp:ping"]})

    def sent(self, m):
        p = self.find(m["peer"])
        return {"number": m["number"], "id": m["id"], "peer": m["peer"], "state": m["state"],
                "trust": m["trust"], "here": p["state"] in ("answered", "announced")}

    def known(self, peer):
        """The instance name: people with a history are known too, here or not."""
        return self.find(peer)["name"]

    def message(self, peer, mid, own=False):
        for m in reversed(self.log.messages):
            if m["peer"] == peer and m["id"] == mid and (not own or m["direction"] == "out"):
                return m
        raise Refused("unknown", f"There is no message {mid}.")

    def goes_out(self, m):
        p = self.find(m["peer"])
        if p["state"] in ("answered", "announced") and p["name"] not in self.mute:
            threading.Timer(0.2, lambda: m["state"] == "queued" and self.becomes(
                m, "delivered" if p["receipts"] else "handed over")).start()

    def do_send(self, client, peer, text, reply=None, token=None, lifetime=None):
        name = self.known(peer)
        if token is not None:
            if (name, token) in self.log.tokens:
                return self.sent(self.log.tokens[name, token])
        action = text.startswith("/me ")
        m = self.add(name, text[4:] if action else text, "out", action=action,
                     **({"reply": reply} if reply else {}))
        if token is not None:
            self.log.tokens[name, token] = m
        self.goes_out(m)
        return self.sent(m)

    def change(self, peer, mid, topic, by="out", **content):
        """Somebody changed a message: `by` "in" plays the other."""
        m = self.message(peer, mid)
        if topic == "correction":
            m.update(text=content["text"], edited=self.log.clock)
        elif topic == "retraction":
            m.update(text="", retracted=True)
        else:
            m["reactions"]["ours" if by == "out" else "theirs"] = content["reactions"]
        self.durable(topic, {"peer": peer, "display": m["display"], "id": mid, "by": by,
                             "trust": m["trust"], **content})
        return m

    def do_edit(self, client, peer, id, text, token=None):
        name = self.known(peer)
        self.message(name, id, own=True)
        return self.sent(self.change(name, id, "correction", text=text))

    def do_retract(self, client, peer, id, token=None):
        name = self.known(peer)
        self.message(name, id, own=True)
        return self.sent(self.change(name, id, "retraction"))

    def do_react(self, client, peer, id, reactions, token=None):
        return self.sent(self.change(self.known(peer), id, "reaction", reactions=reactions))

    def do_seen(self, client, peer, id=None):
        name = self.known(peer)
        upto = self.message(name, id)["number"] if id else self.log.last
        unread = [m for m in self.log.messages if m["peer"] == name and m["number"] <= upto
                  and m["state"] == "unread"]
        for m in unread:
            m["state"] = "seen"
        if unread:
            self.durable("seen", {"peer": name, "display": unread[-1]["display"],
                                  "id": unread[-1]["id"], "trust": unread[-1]["trust"]})
        return {"changed": bool(unread)}

    def do_cancel(self, client, peer, id):
        m = self.message(self.known(peer), id, own=True)
        if m["state"] != "queued":
            raise Refused("late", "It is too late: the message has gone out.")
        self.becomes(m, "cancelled")
        return {"id": id, "state": "cancelled"}

    def page(self, found, after, before, limit):
        if after is not None:
            found = [m for m in found if m["number"] > after]
            return {"messages": found[:limit], "more": len(found) > limit}
        if before is not None:
            found = [m for m in found if m["number"] < before]
        return {"messages": found[-limit:], "more": len(found) > limit}

    def among(self, peer=None, since=None, until=None):
        name = self.known(peer) if peer else None
        return [m for m in self.log.messages if (name is None or m["peer"] == name) and
                (since is None or m["time"] >= since) and (until is None or m["time"] < until)]

    def do_history(self, client, peer=None, since=None, until=None, after=None, before=None,
                   limit=50):
        if not 1 <= limit <= 1000:
            raise Refused("invalid", "The limit is a number from 1 to 1000.")
        return self.page(self.among(peer, since, until), after, before,
                         min(limit, self.log.page_max))

    def do_outbox(self, client, peer=None, after=0, limit=1000):
        return self.page([m for m in self.among(peer) if m["state"] == "queued"], after, None,
                         limit)

    def do_search(self, client, words, peer=None, since=None, until=None, direction=None,
                  limit=20):
        wanted = words.lower().split()
        found = []
        for m in self.among(peer, since, until):
            low = m["text"].lower()
            if direction in (None, m["direction"]) and all(w in low for w in wanted):
                at = low.index(wanted[0])
                end = at + len(wanted[0])
                found.append(dict(m, snippet=m["text"][:at] + "\2" + m["text"][at:end] + "\3" +
                                  m["text"][end:end + 60]))
        found.reverse()
        return {"messages": found[:limit], "more": len(found) > limit}

    def do_conversations(self, client, limit=1000):
        latest = {}
        for m in self.log.messages:
            c = latest.setdefault(m["peer"], {"peer": m["peer"], "unread": 0, "queued": 0,
                                               "trust": self.find(m["peer"])["trust"]})
            c.update(display=m["display"], time=m["time"])
            c["unread"] += m["state"] == "unread"
            c["queued"] += m["state"] == "queued"
        return {"conversations": sorted(latest.values(), key=lambda c: -c["time"])[:limit]}

    def do_forget(self, client, peer=None, before=None, queued=False):
        if peer is None and before is None:
            raise Refused("invalid", "Whose messages, or how old?")
        gone = [m for m in self.among(peer, until=before) if queued or m["state"] != "queued"]
        self.log.messages = [m for m in self.log.messages if m not in gone]
        self.durable("forgotten", {**({"peer": self.known(peer)} if peer else {}),
                                   **({"before": before} if before else {})})
        return {"count": len(gone)}

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

    # ---- keys ----
    def do_trust_list(self, _client):
        return {"contacts": [p for p in self.people if p.get("trust", "plain") != "plain"]}

    def do_trust_show(self, _client, peer):
        return dict(self.find(peer), proven_at="192.0.2.7:5298")

    def decide(self, peer, **now):
        p = self.find(peer)
        p.update(now)
        return p

    def do_trust_accept(self, _client, peer):
        return self.decide(peer, trust="known")

    def do_trust_introduce(self, _client, peer, to):
        one, other = self.find(peer), self.find(to)
        return {"peer": one["name"], "display": one["display"], "to": other["name"],
                "to_display": other["display"]}

    def do_trust_block(self, _client, peer):
        return self.decide(peer, blocked=True)

    def do_trust_unblock(self, _client, peer):
        return self.decide(peer, blocked=False)

    def do_trust_forget(self, _client, peer):
        return self.decide(peer, trust="new")

    def do_trust_accept_new_key(self, _client, peer):
        return self.decide(peer, trust="known")

    def compared(self, peer, stage, **more):
        """What a front end is told of a comparison of keys."""
        return {"peer": peer, "display": self.find(peer)["display"], "stage": stage, "initiator": True,
                "run": 1, **more}

    def do_verify_start(self, _client, peer):
        return self.compared(self.find(peer)["name"], "begun")

    def do_verify_answer(self, _client, peer, same):
        return self.compared(peer, "waiting") if same else self.compared(
            peer, "ended", reason="You said that the codes are not the same.")

    def do_verify_number(self, _client, peer):
        p = self.find(peer)
        return {"peer": p["name"], "display": p["display"], "number": NUMBER, "id": "0f" * 32,
                "own_id": "1e" * 32, "trust": "known"}

    def do_verify_confirm(self, _client, peer, number=None, id=None):
        if number != NUMBER and id != "0f" * 32:
            raise Refused("trust", "This is not the number of this person's key.")
        return self.decide(peer, trust="verified")

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

    def do_id(self, client):
        return {"id": "0f" * 32, "formerly": ["1e" * 32]}

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
