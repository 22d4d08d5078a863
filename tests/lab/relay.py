"""Somebody between two hosts, who reads and changes what they say to each other (threats N4-N7).

Between(lab, alice, bob) poisons the neighbour tables of both, as ARP spoofing does: what alice
sends to bob's address comes to one host of the attacker's that has it, what bob sends to alice's to
another. So each sees the other's true address on every connection, and only the keys can tell. The
relay itself runs in threads of the test; a connection is handed to a Conversation."""
import ctypes
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import threading

import lab
from tap import Failure

_CLONE_NEWNET = 0x40000000
_TIMEOUT = 10.0
PROCEED = re.compile(rb"<proceed\b[^>]*?(/>|></proceed>)")
STARTTLS = re.compile(rb"<starttls\b[^>]*?(/>|>.*?</starttls>)", re.DOTALL)
NS_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"


def on_host(host, make):
    """make() in the network of that host; what sockets it makes stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    made = []

    def work():
        with open(f"/proc/{host.holder.pid}/ns/net", "rb") as network:
            if libc.setns(network.fileno(), _CLONE_NEWNET) != 0:
                made.append(OSError(ctypes.get_errno(), "setns"))
                return
        try:
            made.append(make())
        except OSError as error:
            made.append(error)
    # a thread of its own: a namespace belongs to a thread
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def listen(host, address, port):
    def make():
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen(32)
        return s
    return on_host(host, make)


def connect(host, source, address, port, timeout=_TIMEOUT):
    """From one of the host's addresses."""
    return on_host(host, lambda: socket.create_connection((address, port), timeout, (source, 0)))


def make_certificate(folder, name="mallory", kind="ed25519"):
    """A key and a self-signed certificate, as every Earshot has: their paths."""
    key, cert = os.path.join(folder, f"{name}.key"), os.path.join(folder, f"{name}.crt")
    new = {"ed25519": ["ed25519"], "p256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
           "rsa": ["rsa:2048"]}[kind]
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *new, "-nodes", "-keyout", key, "-out", cert,
         "-days", "36500", "-subj", f"/CN={name}"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"openssl: {done.stderr}")
    return key, cert


def tls_server(key, cert, newest=None, curve=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.verify_mode = ssl.CERT_NONE
    return _limited(context, newest, curve)


def tls_client(key, cert, newest=None, curve=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if cert:
        context.load_cert_chain(cert, key)
    return _limited(context, newest, curve)


def _limited(context, newest, curve):
    """As old programs are, or worse."""
    if newest:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")
    if curve:
        context.set_ecdh_curve(curve)
    return context


class Conversation:
    """One connection through the relay: `dialler` is who opened it, `other` whom it was for, each
    as we hold it. This one passes everything on and remembers it."""

    def __init__(self, between, dialler, other, target):
        self.between, self.dialler, self.other = between, dialler, other
        self.target = target  # the host that was dialled
        self.said = {"dialler": bytearray(), "other": bytearray()}
        self.error = None

    # what is passed on for what came; b"" keeps it back
    def from_dialler(self, data):
        return data

    def from_other(self, data):
        return data

    def run(self):
        back = threading.Thread(target=self._pump, daemon=True,
                                args=(self.other, self.dialler, "other", self.from_other))
        back.start()
        self._pump(self.dialler, self.other, "dialler", self.from_dialler)
        back.join(60)
        self.close()

    def _pump(self, source, sink, who, change):
        try:
            while data := source.recv(65536):
                self.said[who] += data
                self.between.changed()
                data = change(data)
                if data:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except (OSError, ValueError) as error:
            self.error = error
            self.close()

    def close(self):
        for s in (self.dialler, self.other):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other thread was first
            s.close()

    def cut(self):
        """As a crash would: no end, a reset on both sides."""
        for s in (self.dialler, self.other):
            try:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass  # closed already
        self.close()


class Frozen(Conversation):
    """Passes on until freeze() was said; from then on nothing comes to that host any more."""

    def from_other(self, data):
        return b"" if self.between.frozen not in (None, self.target) else data

    def from_dialler(self, data):
        return b"" if self.between.frozen == self.target else data


class Tampering(Conversation):
    """Changes what it finds; .tampered says how often."""

    tampered = 0

    def change(self, pattern, to, data):
        data, times = pattern.subn(to, data)
        self.tampered += times
        return data


class Stripper(Tampering):
    """Takes the offer of TLS out of the features."""

    def from_other(self, data):
        return self.change(STARTTLS, b"", data)


class Refuser(Tampering):
    """Answers <failure/> instead of <proceed/>."""

    def from_other(self, data):
        return self.change(
            PROCEED, b"<failure xmlns='" + NS_TLS + b"'/></stream:stream>", data)


INJECTED = b"<message type='chat' id='injected'><body>injected before TLS</body></message>"


class InjectsToDialler(Tampering):
    """Plain words right behind <proceed/>, for who believes that they came through TLS."""

    def from_other(self, data):
        return self.change(PROCEED, lambda m: m[0] + INJECTED, data)


class InjectsToOther(Tampering):
    """The same behind <starttls/>."""

    def from_dialler(self, data):
        return self.change(STARTTLS, lambda m: m[0] + INJECTED, data)


class Terminator(Conversation):
    """Ends TLS on both sides with a key of its own. What it could read is in .plain."""

    newest = curve = None

    def __init__(self, *args):
        super().__init__(*args)
        self.plain = {"dialler": bytearray(), "other": bytearray()}
        self.handshakes = {}

    def run(self):
        try:
            self._until_proceed()
            self._terminate()
        except (OSError, ValueError) as error:
            self.error = error
        self.close()
        self.between.changed()

    def _until_proceed(self):
        """Passed on piece by piece; returns when TLS begins. One of the two speaks at a time."""
        for s in (self.dialler, self.other):
            s.settimeout(0.05)
        heard = bytearray()
        for _ in range(400):
            for source, sink, who in ((self.dialler, self.other, "dialler"),
                                      (self.other, self.dialler, "other")):
                try:
                    data = source.recv(65536)
                except TimeoutError:
                    continue
                if not data:
                    raise ValueError(f"{who} hung up in plain")
                self.said[who] += data
                heard += data if who == "other" else b""
                sink.sendall(data)
                if PROCEED.search(heard):
                    return
        raise ValueError("no <proceed/>")

    def _wrap(self, who, context, plain, server):
        try:
            plain.settimeout(_TIMEOUT)
            wrapped = context.wrap_socket(plain, server_side=server)
            self.handshakes[who] = wrapped.version()
            return wrapped
        except (OSError, ValueError) as error:
            self.handshakes[who] = str(error)
            return None

    def _terminate(self):
        key, cert = self.between.certificate
        done = {}

        def work(who, context, plain, server):
            wrapped = done[who] = self._wrap(who, context, plain, server)
            try:
                while wrapped and (data := wrapped.recv(65536)):
                    self.plain[who] += data
            except (OSError, ValueError):
                pass  # what was read before counts
        # at once, for each waits for its own timeouts
        sides = [threading.Thread(target=work, args=args, daemon=True) for args in (
            ("dialler", tls_server(key, cert, self.newest, self.curve), self.dialler, True),
            ("other", tls_client(key, cert, self.newest, self.curve), self.other, False))]
        for side in sides:
            side.start()
        for side in sides:
            side.join(2 * _TIMEOUT)


class OldVersion(Terminator):
    newest = ssl.TLSVersion.TLSv1_2


class WeakGroup(Terminator):
    curve = "secp521r1"


class Between:
    """The attacker's two hosts and what goes through them. `with Between(...) as between`."""

    def __init__(self, lab_, alice, bob, behaviour=Conversation, folder="/run"):
        self.behaviour = behaviour
        self.conversations = []
        self.frozen = None  # the host that hears nothing any more
        self.certificate = make_certificate(folder)
        self._news = threading.Condition()
        self._listeners = []
        self._sides = {alice: lab_.host("mallory-a"), bob: lab_.host("mallory-b")}
        for victim, other in ((alice, bob), (bob, alice)):
            posing = self._sides[other]  # has the other's address
            posing.must("sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1")
            posing.must("ip", "addr", "add", f"{other.address()}/32", "dev", "lo")
            self._poison(victim, other.address(), _mac(posing))
        self._hosts = {alice: bob, bob: alice}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self._listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # nobody waits in accept() any more
            listener.close()
        for conversation in self.conversations:
            conversation.close()

    @staticmethod
    def _poison(victim, address, mac):
        victim.must("ip", "neigh", "replace", address, "lladdr", mac, "dev", "eth0",
                    "nud", "permanent")

    def side_of(self, host):
        """Where the attacker has this host's address."""
        return self._sides[host]

    def cut(self):
        """Every connection, as if the cable broke."""
        for conversation in self.conversations:
            conversation.cut()

    def leave(self):
        """Both reach each other directly again."""
        for victim, other in self._hosts.items():
            victim.must("ip", "neigh", "del", other.address(), "dev", "eth0")
        self.cut()

    def watch(self, host, port):
        """Connections to that port of this host come to us from now on."""
        listener = listen(self._sides[host], host.address(), port)
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, host, port), daemon=True).start()

    def _accept(self, listener, host, port):
        while True:
            try:
                dialler, (source, _) = listener.accept()
            except OSError:
                return
            try:
                # as who dialled: on the side that has its address
                other = connect(self._sides[self._hosts[host]], source, host.address(), port)
            except OSError:
                dialler.close()
                continue
            for s in (dialler, other):
                s.settimeout(None)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            conversation = self.behaviour(self, dialler, other, host)
            with self._news:
                self.conversations.append(conversation)
                self._news.notify_all()
            threading.Thread(target=conversation.run, daemon=True).start()

    def changed(self):
        with self._news:
            self._news.notify_all()

    def until(self, condition, timeout=10.0, what="it"):
        """Waits until the condition holds; asked after each piece that goes through."""
        with self._news:
            if not self._news.wait_for(condition, timeout):
                raise Failure(f"the relay did not see {what} in {timeout:g} s")

    def heard(self):
        """All that was said through it, in plain or not."""
        return b"".join(bytes(said) for c in self.conversations for said in c.said.values())


def _mac(host):
    return json.loads(host.must("ip", "-j", "link", "show", "eth0"))[0]["address"]
