#!/usr/bin/env python3
"""Asks multicast DNS questions and counts what comes back (threat N20).

    query.py HOW TARGET SOURCE COUNT SECONDS

HOW: multicast (from port 5353, as responders do), unicast (the same, asking for an answer to us
alone), legacy (from any other port). Sends COUNT questions for _presence._tcp.local from the
address SOURCE over SECONDS, multicast and for unicast and legacy to TARGET itself as well; prints
one line of JSON: bytes asked and answered by TARGET, packets."""
import json
import select
import socket
import struct
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
PTR, IN, UNICAST = 12, 1, 0x8000


def question(how):
    name = b"".join(bytes([len(part)]) + part for part in (b"_presence", b"_tcp", b"local")) + b"\0"
    kind = IN | (UNICAST if how == "unicast" else 0)
    return struct.pack("!HHHHHH", 7 if how == "legacy" else 0, 0, 1, 0, 0, 0) + name + \
        struct.pack("!HH", PTR, kind)


def open_socket(address, port, group=False):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    request = struct.pack("4s4si", b"\0" * 4, b"\0" * 4, socket.if_nametoindex("eth0"))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
    sock.bind((address, port))
    if group:
        request = struct.pack("4s4si", socket.inet_aton(GROUP), b"\0" * 4,
                              socket.if_nametoindex("eth0"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    sock.setblocking(False)
    return sock


def main():
    how, target, source, count, seconds = sys.argv[1:]
    count, seconds = int(count), float(seconds)
    asking = open_socket(source, 0 if how == "legacy" else PORT)
    hearing = [asking, open_socket("", PORT, group=True)]
    packet = question(how)
    asked = answered = packets = sent = 0
    began = time.monotonic()
    over = began + seconds + 0.7
    while (now := time.monotonic()) < over:
        while sent < count and now >= began + sent * seconds / count:
            for to in (GROUP,) if how == "multicast" else (GROUP, target):
                asking.sendto(packet, (to, PORT))
                asked += len(packet)
            sent += 1
        for sock in select.select(hearing, [], [], 0.002)[0]:
            data, who = sock.recvfrom(9000)
            if who[0] == target and data[2] & 0x80:
                answered += len(data)
                packets += 1
    print(json.dumps({"asked": asked, "answered": answered, "packets": packets}), flush=True)


if __name__ == "__main__":
    main()
