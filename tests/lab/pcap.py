"""What was on the cable: captured on a host, TCP put together again, TLS records taken
apart, everything searched for words that must not be there (threat N1)."""
import base64
import collections
import math
import mmap
import select
import socket
import struct
import threading

import relay
import tap

_ETH_P_ALL, _SOL_PACKET, _TPACKET_V2 = 3, 263, 1  # linux/if_packet.h
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION = 5, 6, 10
_SLOT, _SLOTS, _BLOCK = 2048, 16384, 1 << 16
_IPV4, _IPV6 = 0x0800, 0x86dd
_TCP, _UDP = 6, 17
HANDSHAKE, APPLICATION = 22, 23
TLS13, X25519, SECP256R1 = 0x0304, 0x001d, 0x0017
EXT_PSK, EXT_VERSIONS, EXT_KEY_SHARE = 41, 43, 51
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class Capture:
    """Everything on eth0 of a host from here on. The kernel writes it into a ring of its own, so
    that nothing is missed however busy the machine is (tcpdump wants to change its user, which a
    user namespace does not allow)."""

    def __init__(self, lab_, host):
        for each in lab_.hosts:
            # every packet on the cable is one frame then, and fits into its slot
            each.must("ip", "link", "set", "eth0", "gso_max_segs", "1")
        self._frames, self._stamps = [], []
        self._socket = relay.on_host(host, self._open)
        self._ring = mmap.mmap(self._socket.fileno(), _SLOTS * _SLOT)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @staticmethod
    def _open():
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        s.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        s.setsockopt(_SOL_PACKET, _PACKET_RX_RING,
                     struct.pack("IIII", _BLOCK, _SLOTS * _SLOT // _BLOCK, _SLOT, _SLOTS))
        s.bind(("eth0", 0))
        return s

    def _read(self):
        slot = 0
        while True:
            at = slot * _SLOT
            status, _, length, start, _, s, ns = struct.unpack_from("IIIHHII", self._ring, at)
            if status & 1:
                self._stamps.append(s * 10**9 + ns)
                self._frames.append(self._ring[at + start:at + start + length])
                struct.pack_into("I", self._ring, at, 0)
                slot = (slot + 1) % _SLOTS
            elif self._stopped.is_set():
                return
            else:
                select.select([self._socket], [], [], 0.2)

    def stop(self):
        """What was there; Failure if a single frame was missed."""
        self._stopped.set()
        self._thread.join()
        _, lost = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        self._ring.close()
        self._socket.close()
        if lost:
            raise tap.Failure(f"{lost} frames were not captured")
        return Traffic(self._frames, self._stamps)


def _transport(frame):
    """(protocol, (source, destination), payload of IP) or None."""
    kind, = struct.unpack_from("!H", frame, 12)
    if kind == _IPV4 and len(frame) >= 34:
        header = (frame[14] & 15) * 4
        length, = struct.unpack_from("!H", frame, 16)
        return frame[23], (frame[26:30], frame[30:34]), frame[14 + header:14 + length]
    if kind == _IPV6 and len(frame) >= 54:
        length, = struct.unpack_from("!H", frame, 18)
        return frame[20], (frame[22:38], frame[38:54]), frame[54:54 + length]
    return None


def _assemble(first, segments):
    """Bytes in order, from the SYN or the first piece seen; a gap ends it."""
    out = bytearray()
    for offset, data in sorted(((sequence - first) & 0xffffffff, data)
                               for sequence, data in segments):
        if offset > len(out):
            break
        if offset + len(data) > len(out):
            out += data[len(out) - offset:]
    return bytes(out)


class Traffic:
    """One capture: .raw (the frames), .flows {(source, port, destination, port): bytes}, .datagrams,
    .dialled (when the SYN of each flow was there: ns of the wall clock)."""

    def __init__(self, frames, stamps):
        self.raw, self.datagrams, self.dialled = frames, [], {}
        begun, pieces = {}, collections.defaultdict(list)
        for frame, stamp in zip(frames, stamps):
            found = _transport(frame)
            if not found:
                continue
            protocol, (source, destination), data = found
            if protocol == _UDP:
                self.datagrams.append(data[8:])
            elif protocol == _TCP and len(data) >= 20:
                ports = struct.unpack_from("!HH", data)
                sequence, = struct.unpack_from("!I", data, 4)
                flow = (source, ports[0], destination, ports[1])
                payload = data[(data[12] >> 4) * 4:]
                if data[13] & 2:
                    self.dialled.setdefault(flow, stamp)
                    begun[flow] = sequence + 1
                elif payload:
                    begun.setdefault(flow, sequence)
                    pieces[flow].append((sequence, payload))
        self.flows = {flow: _assemble(begun[flow], segments) for flow, segments in pieces.items()}

    def find(self, markers, datagrams=True):
        """[(marker, where)] of those that are there, also as hexadecimal or base64."""
        places = [("TCP", data) for data in self.flows.values()]
        places += [("frame", frame) for frame in self.raw if datagrams]
        places += [("UDP", data) for data in self.datagrams if datagrams]
        heap = {}
        for where, data in places:
            heap.setdefault(where, []).append(data)
        heap = {where: b"\0".join(parts) for where, parts in heap.items()}
        return [(marker, where) for marker in markers for form in disguises(marker)
                for where, data in heap.items() if form in data]


def disguises(marker):
    """The bytes of a word as it may stand in a protocol."""
    word = marker.encode()
    yield word
    yield word.hex().encode()
    yield word.decode().encode("utf-16-le")
    for shift in range(3):
        # what does not depend on the bytes before and behind
        coded = base64.b64encode(b"\0" * shift + word + b"\0" * 3)
        yield coded[(4 * shift + 2) // 3 + (1 if shift else 0):(4 * (shift + len(word))) // 3 - 1]


# ---- TLS ----

def records(data):
    """(type, content) of each TLS record, from the first handshake record on."""
    at = data.find(b"\x16\x03")
    if at < 0:
        return
    while at + 5 <= len(data):
        kind, version, length = struct.unpack_from("!BHH", data, at)
        if not 20 <= kind <= 23 or version >> 8 != 3:
            raise tap.Failure(f"no TLS record at {at}: {data[at:at + 40]!r}")
        yield kind, data[at + 5:at + 5 + length]
        at += 5 + length


def plain_part(data):
    """What was said before TLS."""
    at = data.find(b"\x16\x03")
    return data if at < 0 else data[:at]


def server_hello(data):
    """{"version", "group", "extensions"} of a server's side, None if there is none."""
    for kind, content in records(data):
        if kind != HANDSHAKE or content[:1] != b"\x02":
            continue
        if content[6:38] == _RETRY:
            continue
        at = 38 + 1 + content[38]
        cipher, _, total = struct.unpack_from("!HBH", content, at)
        at += 5
        hello = {"cipher": cipher, "version": None, "group": None, "extensions": set()}
        end = at + total
        while at + 4 <= end:
            extension, length = struct.unpack_from("!HH", content, at)
            body = content[at + 4:at + 4 + length]
            hello["extensions"].add(extension)
            if extension == EXT_VERSIONS:
                hello["version"], = struct.unpack("!H", body)
            elif extension == EXT_KEY_SHARE:
                hello["group"], = struct.unpack_from("!H", body)
            at += 4 + length
        return hello
    return None


def entropy(data):
    """Bits a byte."""
    counts = collections.Counter(data)
    return -sum(n / len(data) * math.log2(n / len(data)) for n in counts.values())
