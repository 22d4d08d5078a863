"""Files as old clients hand them over: a peer's HTTP server and its requests, SOCKS5 both ways. All
of it beside the stream, from and at the peer's address."""
import hashlib
import socket
import threading

from events import Events

TIMEOUT = 5.0


def content(size):
    """What a file of that many bytes holds, in every script."""
    return bytes(at * 7 % 251 for at in range(size))


def _listen(address):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 0))
    listener.listen()
    return listener


def _receive(connection, size):
    data = b""
    while len(data) < size and (more := connection.recv(size - len(data))):
        data += more
    return data


class Server:
    """Takes connections at an address, one after the other; what came is in .events."""

    def __init__(self, address, what):
        self.events = Events(what)
        self._listener = _listen(address)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            while True:
                connection = self._listener.accept()[0]
                connection.settimeout(TIMEOUT)
                with connection:
                    self.take(connection)
        except OSError:
            self.events.end()

    def take(self, connection):
        raise NotImplementedError

    def close(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()


class HttpServer(Server):
    """Answers each request with the next of what it was told to say."""

    def __init__(self, address):
        self.answers = []
        super().__init__(address, "HTTP server")

    def take(self, connection):
        head = b""
        while b"\r\n\r\n" not in head and (more := connection.recv(4096)):
            head += more
        self.events.add(head.decode("latin-1"))
        if self.answers:
            connection.sendall(self.answers.pop(0))


class Socks5Server(Server):
    """Lets everybody in, says what it was told to and sends what it was told to; .events has the
    name that was asked for."""

    def __init__(self, address):
        self.reply, self.data = None, b""
        super().__init__(address, "SOCKS5 server")

    def take(self, connection):
        if _receive(connection, 3) != b"\x05\x01\x00":
            self.events.add("no greeting")
            return
        connection.sendall(b"\x05\x00")
        start = _receive(connection, 5)
        name = _receive(connection, start[4] + 2)[:-2].decode("latin-1")
        self.events.add(name)
        # libpurple says its guest's address there
        reply = self.reply or b"\x05\x00\x00\x03\x0b10.77.0.101\x00\x00"
        connection.sendall(reply + self.data)
        connection.recv(1)  # until the daemon has enough


def http_get(address, url, method, headers):
    """The whole answer to one request from that address, until the connection ends."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.rpartition(":")
    with socket.create_connection((name, int(port)), TIMEOUT, (address, 0)) as connection:
        lines = [f"{method} /{path} HTTP/1.1", f"Host: {host}", *headers]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        data = b""
        try:
            while more := connection.recv(65536):
                data += more
        except ConnectionError:
            pass  # cut off: what came is all
        return data


def socks5_hash(sid, initiator, target):
    return hashlib.sha1(f"{sid}{initiator}{target}".encode()).hexdigest()


def socks5_fetch(address, host, port, name, size):
    """So many bytes from behind a SOCKS5 server, and the connection's end."""
    with socket.create_connection((host, port), TIMEOUT, (address, 0)) as connection:
        connection.sendall(b"\x05\x01\x00")
        if _receive(connection, 2) != b"\x05\x00":
            return b""
        connection.sendall(b"\x05\x01\x00\x03" + bytes([len(name)]) + name.encode() + b"\x00\x00")
        head = _receive(connection, 5)
        if len(head) < 5 or head[1] != 0:
            return b""
        _receive(connection, head[4] + 2)
        return _receive(connection, size)
