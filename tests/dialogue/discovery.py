"""The test's side of the discovery helper (src/mdns/protocol.h): announces scripted peers to a
daemon, exactly when a script says so."""
import os
import socket
import threading

import lab
from events import Events

STUB = os.path.join(lab.BUILD, "helper-stub")
MACHINE = "pronto"


def encode(field):
    """Printable ASCII but for %, the rest as %XX."""
    data = field if isinstance(field, bytes) else str(field).encode()
    return "".join(chr(b) if 0x20 <= b < 0x7f and b != ord("%") else f"%{b:02X}" for b in data)


def decode(field):
    out, at = bytearray(), 0
    while at < len(field):
        if field[at] == "%":
            out.append(int(field[at + 1:at + 3], 16))
            at += 3
        else:
            out.append(ord(field[at]))
            at += 1
    return out.decode("utf-8", "replace")


class Announced:
    """One peer as the network would describe it."""

    def __init__(self, name, address, port, txt):
        self.name, self.address, self.port, self.txt = name, address, port, txt


class Discovery:
    """Serves one daemon on a host; every line the daemon says is in .events."""

    def __init__(self, host, ifindex):
        self.ifindex = ifindex
        self.peers = {}
        self.events = Events("discovery")
        self.avatars = {}
        self._line = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(host.path("/run/helper.sock"))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    # ---- what the network does ----
    def announce(self, peer):
        self.peers[peer.name] = peer
        self._say("found", peer.name, self.ifindex, 4)
        self._describe(peer)

    def withdraw(self, name):
        del self.peers[name]
        self._say("lost", name, self.ifindex, 4)

    def raw(self, data):
        """Anything, right or wrong."""
        self._line.sendall(data)

    def _describe(self, peer):
        self._say("service", peer.name, self.ifindex, 4, peer.name.split("@")[-1] + ".local",
                  peer.port, peer.address, *peer.txt)

    def _say(self, verb, *fields):
        self.raw("\t".join([verb, *map(encode, fields)]).encode() + b"\n")

    # ---- the daemon's lines ----
    def _serve(self):
        while True:
            stub, _ = self._listener.accept()
            _, fds, _, _ = socket.recv_fds(stub, 16, 1)
            self._line = socket.socket(fileno=fds[0])
            self.events.add(["(started)"])
            try:
                self._converse()
            except OSError:
                pass  # the daemon dropped this helper; the stub ends, another may come
            self._line.close()
            stub.close()
            self.events.add(["(ended)"])

    def _converse(self):
        self._say("hello", 1)
        self._say("backend", "embedded", "scripted")
        self._say("network", 1)
        self._say("machine", MACHINE)
        with os.fdopen(os.dup(self._line.fileno()), "rb") as lines:
            for raw in lines:
                line = [decode(field) for field in raw.decode("ascii").rstrip("\n").split("\t")]
                self.events.add(line)
                if not self._answer(line):
                    break

    def _answer(self, line):
        verb = line[0]
        if verb == "publish":
            self._say("published", f"{line[1]}@{MACHINE}")
        elif verb == "resolve":
            peer = self.peers.get(line[1])
            if peer:
                self._describe(peer)
            self._say("resolved", line[1], 1 if peer else 0)
        elif verb == "fetch":
            self._say("avatar", line[1], self.avatars.get(line[1], ""))
        elif verb == "ping":
            self._say("pong", line[1])
        return verb != "quit"
