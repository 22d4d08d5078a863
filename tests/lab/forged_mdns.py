#!/usr/bin/env python3
"""Announces people who are not there, over and over, and answers for them (IPv4).

    forged_mdns.py INTERFACE ADDRESS VARIANTS

VARIANTS: a JSON array of {"instance", "port", "hint"}; all are at ADDRESS. Those of one name take
turns, as each announcement says that it replaces the one before. Prints `ready`, then goes on until
it is ended."""
import json
import selectors
import socket
import struct
import sys
import time

from mdns_peers import (A, ANY, FLUSH, GROUP, PORT, PTR, SERVICE, SRV, TXT, name, questions, record)

PAUSE = 0.04  # s between two announcements


class Forged:
    def __init__(self, number, address, instance, port, hint):
        self.host = (b"forged%d" % number, b"local")
        self.instance = (instance.encode()[:63], *SERVICE)
        strings = [b"txtvers=1", b"port.p2pj=%d" % port, b"status=avail"]
        node = (b"earshot", b"earshot", b"libpurple", None)[number % 4]
        if node:
            strings.append(b"node=" + node)
        if hint is not None:
            strings.append(b"id=" + hint.encode())
        txt = b"".join(bytes([len(s)]) + s for s in strings)
        self.records = [
            record(SERVICE, PTR, 1, 4500, name(self.instance)),
            record(self.instance, SRV, FLUSH, 120, struct.pack("!HHH", 0, 0, port) + name(self.host)),
            record(self.instance, TXT, FLUSH, 4500, txt),
            record(self.host, A, FLUSH, 120, socket.inet_aton(address))]

    def packet(self):
        return struct.pack("!HHHHHH", 0, 0x8400, 0, len(self.records), 0, 0) + b"".join(self.records)


def open_socket(interface):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", PORT))
    request = struct.pack("4s4si", socket.inet_aton(GROUP), b"\0" * 4,
                          socket.if_nametoindex(interface))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    sock.setblocking(False)
    return sock


def main():
    interface, address, variants = sys.argv[1:4]
    forged = [Forged(n, address, **v) for n, v in enumerate(json.loads(variants))]
    sock = open_socket(interface)
    waiting = selectors.DefaultSelector()
    waiting.register(sock, selectors.EVENT_READ)
    print("ready", flush=True)
    turn, due = 0, time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            sock.sendto(forged[turn].packet(), (GROUP, PORT))
            turn, due = (turn + 1) % len(forged), now + PAUSE
        if not waiting.select(max(0, due - now)):
            continue
        try:
            packet = sock.recv(9000)
        except BlockingIOError:
            continue
        try:
            asked = list(questions(packet))
        except (ValueError, IndexError, struct.error):
            continue
        for labels, kind in asked:
            # the one whose turn it is answers for a name that several have
            for one in forged[turn:] + forged[:turn]:
                if labels in (one.instance, one.host) and kind in (A, SRV, TXT, ANY):
                    sock.sendto(one.packet(), (GROUP, PORT))
                    break


if __name__ == "__main__":
    main()
