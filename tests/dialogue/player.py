"""Plays one script (README.md tells the language) against a daemon on a virtual host."""
import json
import os
import re
import socket
import ssl
import subprocess
import tempfile

import transfers
import wire
import lab
from discovery import MACHINE, STUB, Announced, Discovery
from earshot import CallError, Daemon
from tap import Failure, check

USER = "juliet"
TIMEOUT = 5.0
FIRST_ADDRESS = 101  # peers live on the switch, 10.77.0.101 and up
TAKES_LINES = ("peer", "settings")
STRICT = ("message", "attention", "typing", "receipt")  # topics whose every event counts
# What a daemon may say of its own accord at any time; a script that is about it expects it.
UNASKED = [wire.pattern(p) for p in
           (r"^<stream:features", r"^<iq [^>]*type='get'.*http://jabber.org/protocol/disco#info",
            r"^<iq [^>]*type='get'.*<ping ")]


class ScriptError(Exception):
    """The script itself makes no sense."""


def read_script(path):
    """[(line number, text, [continuation lines])]; comments and empty lines are left out."""
    steps = []
    with open(path, encoding="utf-8") as script:
        for number, line in enumerate(script, 1):
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            if line[0] in " \t":
                if not steps:
                    raise ScriptError(f"line {number} continues nothing")
                steps[-1][2].append(line.strip())
            else:
                steps.append((number, line, []))
    return steps


def unescape(text):
    r"""\n, \t, \\ and \xNN, as bytes."""
    def one(match):
        code = match[1]
        if code[:1] == b"x":
            return bytes([int(code[1:], 16)])
        return {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\\": b"\\"}[code]
    return re.sub(rb"\\(x[0-9A-Fa-f]{2}|.)", one, text.encode())


def fits(wanted, got):
    """Every member of wanted is in got; "~..." is a pattern; arrays: each wanted one is in it."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            key in got and fits(value, got[key]) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(got, list) and all(any(fits(w, g) for g in got) for w in wanted)
    if isinstance(wanted, str) and wanted.startswith("~"):
        return isinstance(got, str) and re.search(wanted[1:], got, re.DOTALL) is not None
    return wanted == got and isinstance(wanted, bool) == isinstance(got, bool)


def settings_of(path):
    """The lines for the configuration file that the script asks for."""
    return [line for _, word, more in read_script(path) if word == "settings" for line in more]


class Peer:
    """A scripted client: an address, a listening socket, what is announced of it, and a key."""

    def __init__(self, lab, name, number):
        self.name = name
        self.keys = tempfile.TemporaryDirectory()
        self.key = None
        self.address = f"10.77.0.{FIRST_ADDRESS + number}"
        lab.add_address(self.address)
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.address, 0))
        self.listener.listen()
        self.listener.settimeout(TIMEOUT)

    def new_key(self, kind):
        """Ed25519 or another kind of key, and a certificate that it has signed itself."""
        self.key = os.path.join(self.keys.name, f"{len(os.listdir(self.keys.name))}.pem")
        how = ["-newkey", kind] if kind == "ed25519" else \
              ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{kind}"]
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=scripted",
                        *how, "-keyout", self.key, "-out", self.key], check=True,
                       capture_output=True)

    def tls(self, server, version):
        """What it shows of itself, whoever the other side is."""
        if not self.key:
            self.new_key("ed25519")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.load_cert_chain(self.key)
        if version == "1.2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context

    def close(self):
        self.listener.close()
        self.keys.cleanup()

    def accept(self, seconds):
        self.listener.settimeout(seconds)
        try:
            return self.listener.accept()[0]
        except TimeoutError:
            raise Failure(f"the daemon did not dial {self.name}") from None


class Player:
    """State of one script: peers, streams, the last call."""

    def __init__(self, lab, settings=()):
        self.lab = lab
        host = lab.host(MACHINE)
        link = json.loads(host.must("ip", "-j", "link", "show", "eth0"))
        self.discovery = Discovery(host, link[0]["ifindex"])
        self.daemon = Daemon(host, USER, ["--helper", STUB], settings=settings)
        self.client = self.daemon.client
        self.peers, self.streams, self.variables = {}, {}, {"own": self.daemon.name}
        self.stream = self.last_call = None
        self.seconds = TIMEOUT
        self.ignored = []
        self.http = self.socks5 = None
        self.fetched = b""
        self.seen = {topic: 0 for topic in STRICT}

    # ---- running ----
    def play(self, path):
        for number, line, more in read_script(path):
            try:
                self._step(line, more)
            except (Failure, OSError) as error:
                raise Failure(f"{os.path.basename(path)}:{number}: {line}\n{error}") from None
        self._end()

    def _step(self, line, more):
        talk = re.match(r"(\w*)([<>]) ?(.*)", line)
        if talk and (not talk[1] or talk[1] in self.streams):
            stream = self.streams[talk[1]] if talk[1] else self.stream
            if talk[2] == ">":
                stream.send(unescape(self._fill(talk[3] + "".join(more))))
            else:
                self._expect(stream, [self._fill(text, re.escape) for text in (talk[3], *more)])
            return
        word, _, rest = line.partition(" ")
        action = getattr(self, "do_" + word.replace("-", "_"), None)
        if not action:
            raise ScriptError(f"no such step: {line}")
        action(self._fill(rest), *([more] if word in TAKES_LINES else []))

    def _fill(self, text, quote=str):
        text = re.sub(r"\$\{([^{}]+)\*(\d+)\}", lambda m: m[1] * int(m[2]), text)
        return re.sub(r"\$\{(\w+)\}", lambda m: quote(self.variables[m[1]]), text)

    def _end(self):
        """Nothing was left over, and the daemon is well."""
        self.client.call("daemon.status")
        for topic in STRICT:
            left = self._strict(topic)[self.seen[topic]:]
            check(not left, f"at the end: nobody expected {left}")
        self.daemon.stop()
        for stream in self.streams.values():
            stream.events.until(lambda s=stream: s.events.ended, what=f"end of {stream.name}")
            check(not stream.problem or stream.problem == "reset",
                  f"stream {stream.name}: {stream.problem}")
            left = [piece for piece in stream.events.since(stream.at)
                    if not self._ignorable(piece) and piece != "</stream:stream>"]
            check(not left, f"at the end: stream {stream.name} also got {left}")

    def close(self):
        for stream in self.streams.values():
            stream.close()
        for peer in self.peers.values():
            peer.close()
        for server in (self.http, self.socks5):
            if server:
                server.close()

    # ---- streams ----
    def _ignorable(self, piece):
        return any(p.search(piece) for p in UNASKED + self.ignored)

    def _expect(self, stream, texts):
        patterns = [wire.pattern(text) for text in texts]
        began = stream.at
        while True:
            try:
                piece = stream.events.wait(lambda _: True, self.seconds, stream.at, texts[0])
            except Failure as failure:
                raise Failure(f"{failure}; let pass: {stream.events.since(began)}") from None
            stream.at += 1
            found = [p.search(piece) for p in patterns]
            if all(found):
                for match in found:
                    self.variables.update(match.groupdict())
                return
            if not self._ignorable(piece):
                raise Failure(f"stream {stream.name} got {piece[:2000]}")

    def _named(self, words, default):
        """`NAME as STREAM from ADDRESS`, each part optional."""
        parts = re.fullmatch(r"(\S*@\S*)?(?: ?as (\w+))?(?: ?from (\S+))?", words)
        if not parts:
            raise ScriptError(f"not understood: {words}")
        name = parts[1] or next(iter(self.peers))
        return self.peers[name], parts[2] or default, parts[3]

    def _add_stream(self, name, connection, peer):
        self.stream = self.streams[name] = wire.Stream(name, connection, peer)

    def do_dial(self, words):
        """The peer opens a connection to the daemon."""
        peer, name, address = self._named(words, f"s{len(self.streams) + 1}")
        port = self.client.call("daemon.status")["port"]
        self._add_stream(name, socket.create_connection(
            (self.daemon.host.address(), port), self.seconds, (address or peer.address, 0)), peer)

    def do_accept(self, words):
        """The daemon opens a connection to the peer."""
        peer, name, _ = self._named(words, f"s{len(self.streams) + 1}")
        self._add_stream(name, peer.accept(self.seconds), peer)

    def do_use(self, name):
        self.stream = self.streams[name]

    def do_shut(self, name):
        self.streams.get(name, self.stream).shut()

    def do_reset(self, name):
        self.streams.get(name, self.stream).reset()

    def do_closed(self, name):
        """The daemon closed it, after nothing but what was expected."""
        stream = self.streams.get(name, self.stream)
        stream.events.until(lambda: stream.events.ended, self.seconds, "the end of the connection")
        left = [p for p in stream.events.since(stream.at) if not self._ignorable(p)]
        check(not left, f"before its end stream {stream.name} got {left}")

    def _start_tls(self, words):
        parts = re.fullmatch(r"(client|server)(?: (1\.2))?(?: (\w+))?", words)
        if not parts:
            raise ScriptError(f"not understood: {words}")
        stream = self.streams[parts[3]] if parts[3] else self.stream
        server = parts[1] == "server"
        return stream.start_tls(stream.peer.tls(server, parts[2]), server, self.seconds)

    def do_tls(self, words):
        """From here on the stream is inside TLS, in which the peer plays this part."""
        problem = self._start_tls(words)
        check(not problem, str(problem))

    def do_tls_fails(self, words):
        problem = self._start_tls(words)
        check(problem, "the daemon took part in this TLS handshake")
        self.stream.problem = None

    def do_key(self, words):
        """The peer has a new key, of this kind."""
        name, _, kind = words.partition(" ")
        self.peers[name].new_key(kind or "ed25519")

    def do_restart(self, name):
        """What the daemon says from here on is another stream, with its own header."""
        self.streams.get(name, self.stream).restart()

    def do_fence(self, name):
        """Everything sent so far has been dealt with: a ping was answered, and nothing before it."""
        stream = self.streams.get(name, self.stream)
        stream.send(b"<iq type='get' id='fence'><ping xmlns='urn:xmpp:ping'/></iq>")
        self._expect(stream, ["^<iq ", "type='result'", "id='fence'"])
        self.client.call("daemon.status")

    def do_ignore(self, text):
        self.ignored.append(wire.pattern(text))

    def do_settings(self, _, lines):
        """Taken before the daemon began: settings_of()."""

    def do_slow(self, seconds):
        """How long the steps from here on may take."""
        self.seconds = float(seconds)

    # ---- discovery ----
    def do_peer(self, name, txt):
        """Announced with these TXT strings; known to the daemon when the step is over."""
        if name not in self.peers:
            self.peers[name] = Peer(self.lab, name, len(self.peers))
        peer = self.peers[name]
        port = peer.listener.getsockname()[1]
        mark = self.client.mark()
        self.discovery.announce(Announced(name, peer.address, port, [
            unescape(self._fill(string)) for string in (*txt, f"port.p2pj={port}")]))
        self.client.events.wait(lambda e: e["event"] == "person" and e["person"]["name"] == name
                                and e["person"].get("port") == port, self.seconds, mark,
                                f"{name} listed")

    def do_unknown_peer(self, name):
        """Has an address, but nobody announces it."""
        self.peers[name] = Peer(self.lab, name, len(self.peers))

    def do_refuse(self, name):
        """Nobody listens there any more, and nothing says so."""
        self.peers[name].listener.close()

    def do_peer_gone(self, name):
        self.discovery.withdraw(name)
        self.client.wait_gone(name, self.seconds)

    def do_peer_unannounced(self, name):
        """The announcement ends; streams stay."""
        self.discovery.withdraw(name)
        # nobody is told, as nothing that is shown changes
        lab.wait_for(lambda: not any(person["name"] == name and person["via"]
                                     for person in self.client.call("who")["people"]),
                     self.seconds, f"{name} not announced")

    def do_helper(self, text):
        """Bytes as if from the discovery helper."""
        self.discovery.raw(unescape(text))

    def do_helper_hears(self, text):
        wanted = wire.pattern(text)
        self.discovery.events.wait(lambda line: wanted.search(" ".join(line)), self.seconds,
                                   what=text)

    def do_helper_restarts(self, _):
        """A new helper came up, was told what to publish, and found everybody again."""
        def published_anew():
            lines = self.discovery.events.list
            starts = [at for at, line in enumerate(lines) if line[0] == "(started)"]
            return len(starts) > 1 and any(line[0] == "publish" for line in lines[starts[-1]:])
        self.discovery.events.until(published_anew, self.seconds, "a new helper")
        for peer in list(self.discovery.peers.values()):
            self.discovery.announce(peer)

    # ---- the socket ----
    def do_call(self, words):
        method, _, params = words.partition(" ")
        self.last_call = self.client.start(method, **json.loads(params or "{}"))

    def do_answer(self, wanted):
        try:
            got = self.last_call.result(self.seconds + 10)
        except CallError as error:
            raise Failure(f"error instead: {error.error}") from None
        check(fits(json.loads(wanted or "{}"), got or {}), f"the answer was {got}")
        if isinstance(got, dict) and "id" in got:
            self.variables["sent"] = got["id"]

    def do_send_file(self, words):
        """A file of that size and name, by a call with these parameters."""
        name, size, params = words.split(" ", 2)
        folder = "/run/home/files"
        self.daemon.host.must("mkdir", "-p", folder)
        path = self.daemon.host.path(f"{folder}/{name}")
        with open(path, "wb") as file:
            file.write(transfers.content(int(size)))
        with open(path, "rb") as file:
            self.last_call = self.client.start("send-file", [file.fileno()], **json.loads(params))

    def do_received(self, words):
        """A file of that size is in the download folder (of the settings), and nothing else."""
        name, size = words.rsplit(" ", 1)
        with open(self.daemon.host.path(f"/run/home/got/{name}"), "rb") as file:
            check(file.read() == transfers.content(int(size)), f"{name} is another file")

    def do_error(self, reason):
        outcome = self.last_call.outcome(self.seconds + 10)
        check(outcome.get("error", {}).get("data", {}).get("reason") == reason,
              f"the answer was {outcome}")

    def _strict(self, topic):
        # our own messages come back as events too; a script says `call send` for them
        return self.client.events.since(0, lambda e: e["event"] == topic
                                        and e.get("direction") != "out")

    def do_event(self, words):
        """The next event of message, attention, typing, receipt; of other topics any that fits."""
        topic, _, wanted = words.partition(" ")
        wanted = json.loads(wanted or "{}")
        if topic not in STRICT:
            self.client.events.wait(lambda e: e["event"] == topic and fits(wanted, e),
                                    self.seconds, what=words)
            return
        nth = self.seen[topic]
        event = self.client.events.until(lambda: self._strict(topic)[nth:nth + 1], self.seconds,
                                         words)[0]
        self.seen[topic] += 1
        check(fits(wanted, event), f"the event was {event}")

    def do_no_event(self, topic):
        """None of that topic that was not expected (after `fence`)."""
        left = self._strict(topic)[self.seen[topic]:]
        check(not left, f"there was {left}")

    # ---- files beside the stream ----
    def _address(self):
        return next(iter(self.peers.values())).address

    def do_http_server(self, _):
        """The first peer has one; ${address} and ${port} are where."""
        self.http = transfers.HttpServer(self._address())
        self.http.seen = 0
        self.variables.update(address=self._address(), port=str(self.http.port))

    def do_http_says(self, text):
        """What it answers to one more request; {file SIZE} are bytes of a file."""
        parts = re.split(r"\{file (\d+)\}", text)
        self.http.answers.append(b"".join(
            transfers.content(int(part)) if at % 2 else unescape(part)
            for at, part in enumerate(parts)))

    def do_http_hears(self, text):
        """The next request it got."""
        head = self.http.events.wait(lambda _: True, self.seconds, self.http.seen, text)
        self.http.seen += 1
        check(wire.pattern(text).search(head), f"the request was {head}")

    def do_http(self, words):
        """METHOD URL [| field]...: the first peer asks the daemon's server."""
        request, *fields = words.split(" | ")
        method, url = request.split(" ", 1)
        self.fetched = transfers.http_get(self._address(), url, method, fields)

    def do_http_from(self, words):
        """The same from another address."""
        address, words = words.split(" ", 1)
        self.lab.add_address(address)
        method, url = words.split(" ", 1)
        self.fetched = transfers.http_get(address, url, method, [])

    def do_http_got(self, text):
        """What was answered; `file SIZE`: what follows the head is that file."""
        head, _, body = self.fetched.partition(b"\r\n\r\n")
        if text.startswith("file "):
            check(body == transfers.content(int(text[5:])), f"{len(body)} other bytes")
        elif text == "nothing":
            check(not self.fetched, f"the answer was {self.fetched[:300]}")
        else:
            check(wire.pattern(text).search(head.decode("latin-1")), f"the answer was {head}")

    def do_socks5_server(self, words):
        """The first peer has one, with a file of that size behind it: SIZE [reply in hex]."""
        size, _, reply = words.partition(" ")
        self.socks5 = transfers.Socks5Server(self._address())
        self.socks5.data = transfers.content(int(size))
        self.socks5.reply = bytes.fromhex(reply) or None
        self.variables.update(address=self._address(), port=str(self.socks5.port))

    def do_socks5_hears(self, words):
        """The name it was asked for: that of SID INITIATOR TARGET."""
        name = self.socks5.events.wait(lambda _: True, self.seconds, 0, words)
        check(name == transfers.socks5_hash(*words.split()), f"it was asked for {name}")

    def do_socks5_fetch(self, words):
        """HOST PORT SIZE SID INITIATOR TARGET: the first peer takes a file of that size."""
        host, port, size, *named = words.split()
        got = transfers.socks5_fetch(self._address(), host, int(port),
                                     transfers.socks5_hash(*named), int(size))
        check(got == transfers.content(int(size)), f"{len(got)} bytes came")
