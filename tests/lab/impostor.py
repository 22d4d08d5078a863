"""A hundred false announcements of one person, and what answers there (threat N3)."""
import json
import threading

import lab
import relay

# how the instance is written, where it is said to be, what hint its TXT record gives
_HINTS = ("none", "true", "false", "short", "garbage")
_MANNERS = ("plain", "silent", "tls", "wrong-name")


class Impostor:
    """Everything on one host of the attacker's. .heard is all that was said to it in plain, and
    through TLS where somebody went as far as that."""

    def __init__(self, host, name, key_id):
        self.host, self.name, self.key_id = host, name, key_id
        self.accepted, self.count = 0, 0
        self.heard = bytearray()
        self._listeners, self._processes = [], []
        self._certificate = relay.make_certificate(host.path("/run"), "impostor")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.end()
        for listener in self._listeners:
            listener.close()

    def announce(self, count=100):
        """Each with a port of its own, at which one of several manners answers."""
        variants = []
        for number in range(count):
            manner = _MANNERS[number % len(_MANNERS)]
            listener = relay.listen(self.host, self.host.address(), 0)
            self._listeners.append(listener)
            threading.Thread(target=self._serve, args=(listener, manner), daemon=True).start()
            variants.append({"instance": _spelling(self.name, number), "port": listener.getsockname()[1],
                             "hint": self._hint(_HINTS[number % len(_HINTS)])})
        self.count = count
        process = self.host.spawn(
            f"{lab.HERE}/forged_mdns.py", "eth0", self.host.address(), json.dumps(variants),
            label="impostor")
        self._processes.append(process)
        process.events.wait(lambda line: line == "ready", what="the responder")

    def _hint(self, kind):
        return {"none": None, "true": self.key_id[:32], "false": "00" * 16,
                "short": self.key_id[:6], "garbage": "\x1b[31m"}[kind]

    # ---- what answers ----
    def _serve(self, listener, manner):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._converse, args=(connection, manner), daemon=True).start()

    def _converse(self, connection, manner):
        connection.settimeout(20)
        try:
            getattr(self, "_" + manner.replace("-", "_"))(connection)
            while data := connection.recv(65536):
                self.heard += data
        except (OSError, ValueError):
            pass  # they hung up
        connection.close()

    def _header(self, connection, name, features):
        connection.sendall(
            f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
            f"xmlns:stream='http://etherx.jabber.org/streams' from='{name}' version='1.0'>"
            f"<stream:features>{features}</stream:features>".encode())

    def _plain(self, connection):
        self._header(connection, self.name, "")

    def _silent(self, connection):
        """Takes whatever comes."""

    def _wrong_name(self, connection):
        self._header(connection, "somebody@else", "")

    def _tls(self, connection):
        offer = f"<starttls xmlns='{relay.NS_TLS.decode()}'><required/></starttls>"
        self._header(connection, self.name, offer)
        said = bytearray()
        while not relay.STARTTLS.search(said):
            data = connection.recv(65536)
            if not data:
                return
            said += data
            self.heard += data
        connection.sendall(b"<proceed xmlns='" + relay.NS_TLS + b"'/>")
        key, cert = self._certificate
        wrapped = relay.tls_server(key, cert).wrap_socket(connection, server_side=True)
        while data := wrapped.recv(65536):
            self.heard += data


def _spelling(name, number):
    """The same to somebody in a hurry: case, accents, look-alikes, blanks; often the very name."""
    user, _, machine = name.partition("@")
    forms = (name, name.upper(), name.title(), f"{user}@{machine.upper()}", name.replace("o", "0"),
             name.replace("o", "\u043e"), name.replace("b", "\u042c"), f"{user} @{machine}",
             f"{user}\u200b@{machine}", f"{user}@{machine}.", f"{user}-2@{machine}",
             f"\u202e{name}", f"{user}@{machine}\u0301", name)
    return forms[number % len(forms)]
