"""One TCP connection as a script sees it, with TLS once the script says so: bytes go out as they
are written down, what comes in is cut into the header, stanzas and the end tag, each as the very
text that was on the wire, or inside TLS."""
import re
import socket
import ssl
import struct
import threading
from xml.parsers import expat

from events import Events


def _tag_end(data, at):
    """The position after the tag that starts at `at`."""
    quote = None
    while True:
        char = data[at]
        at += 1
        if quote:
            quote = None if char == quote else quote
        elif char in b"'\"":
            quote = char
        elif char == ord(">"):
            return at


class Cutter:
    """Bytes of a stream in, its top-level pieces out; XML that is not well-formed raises."""

    def __init__(self, take):
        self._take = take
        self._data = bytearray()
        self._depth = self._start = 0
        self._parser = expat.ParserCreate("UTF-8", " ")
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        if hasattr(self._parser, "SetReparseDeferralEnabled"):
            self._parser.SetReparseDeferralEnabled(False)

    def feed(self, data):
        self._data += data
        self._parser.Parse(data, False)

    def _on_start(self, _name, _attributes):
        at = self._parser.CurrentByteIndex
        if self._depth == 0:
            self._give(0, _tag_end(self._data, at))
        elif self._depth == 1:
            self._start = at
        self._depth += 1

    def _on_end(self, _name):
        self._depth -= 1
        at = self._parser.CurrentByteIndex
        # of an empty element expat tells where it ended, of others where the end tag begins
        end = _tag_end(self._data, at) if self._data[at:at + 2] == b"</" else at
        if self._depth == 1:
            self._give(self._start, end)
        elif self._depth == 0:
            self._give(at, end)

    def _give(self, start, end):
        self._take(self._data[start:end].decode("utf-8").strip())


class Stream:
    """Pieces that came are in .events, .at is the first that the script has not seen."""

    def __init__(self, name, connection, peer=None):
        self.name = name
        self.peer = peer
        self.at = 0
        self.events = Events(f"stream {name}")
        self._connection = connection
        self._connection.settimeout(None)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.problem = None  # what the daemon wrote was no XML, or it cut us off
        self._lock = threading.Lock()  # of what follows
        self._cutter = Cutter(self.events.add)
        self._early = b""  # of a handshake that we have not begun
        self._tls = self._tls_in = self._tls_out = None
        self._open = False
        self._tls_error = None
        self._shaken = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, data):
        with self._lock:
            if self._tls:
                self._tls.write(data)
                data = self._tls_out.read()
            self._connection.sendall(data)

    def restart(self):
        """What comes from here on is another stream, with a header of its own."""
        with self._lock:
            self._cutter = Cutter(self.events.add)

    def start_tls(self, context, server, seconds):
        """None, or why the handshake failed."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with self._lock:
            self._tls_in, self._tls_out = incoming, outgoing
            self._tls = context.wrap_bio(incoming, outgoing, server_side=server)
            incoming.write(self._early)
            self._advance()
        if not self._shaken.wait(seconds):
            return f"no end of the TLS handshake in {seconds:g} s"
        return self._tls_error

    def shut(self):
        """We say nothing more, TCP says so."""
        try:
            self._connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the daemon closed first

    def close(self):
        self._connection.close()

    def reset(self):
        """As a crashed machine that came back would."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # the reader's hold on the socket ends first, or close() would not be the last one
        self._connection.shutdown(socket.SHUT_RD)
        self.events.until(lambda: self.events.ended, what="the reader's end")
        self._connection.close()

    def _advance(self):
        """Whatever TLS can do with what has come; the lock is held."""
        try:
            if not self._open:
                self._tls.do_handshake()
                self._open = True
                self._cutter = Cutter(self.events.add)
            self._connection.sendall(self._tls_out.read())
            self._shaken.set()
            while data := self._tls.read(65536):
                self._cutter.feed(data)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            pass  # the daemon said that it says no more
        except ssl.SSLError as error:
            self._tls_error = self.problem = f"TLS: {error}"
        pending = self._tls_out.read()
        if pending:
            self._connection.sendall(pending)
        if self._tls_error:
            self._shaken.set()

    def _take(self, data):
        with self._lock:
            if self._tls:
                self._tls_in.write(data)
                self._advance()
            elif self._early or data[0] == 0x16:
                self._early += data  # no XML begins like that
            else:
                self._cutter.feed(data)

    def _read(self):
        try:
            while data := self._connection.recv(65536):
                self._take(data)
        except ConnectionResetError:
            self.problem = self.problem or "reset"
        except expat.ExpatError as error:
            self.problem = f"not well-formed XML from the daemon: {error}"
        except OSError:
            pass  # closed by the script
        if not self._open:
            self._tls_error = self._tls_error or "the connection ended"
        self._shaken.set()
        self.events.end()


def pattern(text):
    """A script's pattern: ' stands for either quote, [^'] for what is neither."""
    text = re.sub(r"\[\^'\]|'", lambda m: "['\"]" if m[0] == "'" else "[^'\"]", text)
    return re.compile(text, re.DOTALL)
