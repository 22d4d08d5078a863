#!/usr/bin/env python3
"""A hall of invented people: answers mDNS questions (IPv4) for COUNT of them on one interface,
one packet a person, as so many machines would.

    mdns_peers.py COUNT INTERFACE [dead]

dead: they have a PTR record each and answer nothing else. Prints `ready`, then serves until it is
ended."""
import random
import selectors
import socket
import struct
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
A, PTR, TXT, SRV, ANY = 1, 12, 16, 33, 255
FLUSH = 0x8001  # class IN, replace what you have
SERVICE = (b"_presence", b"_tcp", b"local")


def name(labels):
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(labels, kind, cls, ttl, data):
    return name(labels) + struct.pack("!HHIH", kind, cls, ttl, len(data)) + data


class Person:
    def __init__(self, number, dead):
        host = (b"hall%d" % number, b"local")
        self.instance = (b"guest%d@hall%d" % (number, number), *SERVICE)
        txt = b"".join(bytes([len(s)]) + s for s in
                       (b"txtvers=1", b"port.p2pj=5298", b"status=avail", b"nick=Guest %d" % number))
        self.records = {PTR: record(SERVICE, PTR, 1, 4500, name(self.instance))}
        if not dead:
            self.records[SRV] = record(self.instance, SRV, FLUSH, 120,
                                       struct.pack("!HHH", 0, 0, 5298) + name(host))
            self.records[TXT] = record(self.instance, TXT, FLUSH, 4500, txt)
            self.records[A] = record(host, A, FLUSH, 120,
                                     bytes([10, 78, number // 250, number % 250 + 1]))
        self.host = host

    def packet(self):
        return struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, len(self.records) - 1) + \
            b"".join(self.records.values())


def read_name(packet, at):
    labels, end = [], None
    for _ in range(128):
        length = packet[at]
        if length >= 0xc0:
            end = end or at + 2
            at = (length & 0x3f) << 8 | packet[at + 1]
        elif length:
            labels.append(packet[at + 1:at + 1 + length])
            at += 1 + length
        else:
            return tuple(labels), end or at + 1
    raise ValueError("a name without end")


def questions(packet):
    _, flags, count = struct.unpack_from("!HHH", packet)
    at = 12
    if flags & 0x8000:
        return
    for _ in range(count):
        labels, at = read_name(packet, at)
        kind, _ = struct.unpack_from("!HH", packet, at)
        at += 4
        yield labels, kind


def main():
    count, interface, dead = int(sys.argv[1]), sys.argv[2], sys.argv[3:] == ["dead"]
    people = [Person(n, dead) for n in range(count)]
    asked_for = {}
    for person in people:
        asked_for[person.instance] = asked_for[person.host] = person
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind(("", PORT))
    index = socket.if_nametoindex(interface)
    request = struct.pack("4s4si", socket.inet_aton(GROUP), b"\0" * 4, index)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    sock.setblocking(False)
    print("ready", flush=True)
    waiting = selectors.DefaultSelector()
    waiting.register(sock, selectors.EVENT_READ)
    due, all_at = [], 0.0
    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            sock.sendto(due.pop(0)[1].packet(), (GROUP, PORT))
        waiting.select(max(0, due[0][0] - now) if due else None)
        try:
            packet = sock.recv(9000)
        except BlockingIOError:
            continue
        for labels, kind in questions(packet):
            now = time.monotonic()
            if labels == SERVICE and kind in (PTR, ANY) and now - all_at > 0.9:
                all_at = now
                # RFC 6762 §6: an answer that others give too waits 20-120 ms
                due += [(now + random.uniform(0.02, 0.12), p) for p in people]
            elif labels in asked_for and not dead:
                due.append((now, asked_for[labels]))
        due.sort(key=lambda item: item[0])


if __name__ == "__main__":
    main()
