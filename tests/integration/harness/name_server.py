"""A name server on 127.0.0.1, by UDP and TCP, that says what a test decides."""
import dataclasses
import socket
import struct
import threading
import time

from harness.backend import close

A, AAAA = 1, 28
SERVFAIL, NXDOMAIN = 2, 3
_TYPES = {A: socket.AF_INET, AAAA: socket.AF_INET6}
_RESPONSE, _TRUNCATED = 0x8180, 0x0200


@dataclasses.dataclass
class Said:
    """Of one name."""
    addresses: tuple = ()
    ttl: int = 0
    code: int = 0  # of an error instead
    after: float = 0  # seconds
    silent: bool = False
    long: bool = False  # does not fit a datagram


class NameServer:
    """Names that nothing was said of do not exist."""

    def __init__(self):
        self.names = {}
        self.asked = []  # (name, type, "udp" or "tcp")
        while True:
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(("127.0.0.1", 0))
            self.port = self.udp.getsockname()[1]
            try:
                self.tcp = socket.create_server(("127.0.0.1", self.port))
                break
            except OSError:
                self.udp.close()
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._serve_udp, daemon=True).start()
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def say(self, name, *addresses, **said):
        self.names[name] = Said(addresses, **said)

    def close(self):
        """As when it dies: nothing listens any more."""
        close(self.udp)
        close(self.tcp)

    def _serve_udp(self):
        while True:
            try:
                question, client = self.udp.recvfrom(4096)
            except OSError:
                return
            if not question:
                return  # shut down
            threading.Thread(target=self._answer_udp, args=(question, client), daemon=True).start()

    def _answer_udp(self, question, client):
        answer = self._answer(question, "udp")
        try:
            if answer:
                self.udp.sendto(answer, client)
        except OSError:
            pass  # closed meanwhile

    def _serve_tcp(self):
        while True:
            try:
                conn, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._answer_tcp, args=(conn,), daemon=True).start()

    def _answer_tcp(self, conn):
        with conn, conn.makefile("rb") as stream:
            while len(size := stream.read(2)) == 2:
                answer = self._answer(stream.read(*struct.unpack(">H", size)), "tcp")
                if answer:
                    conn.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, question, way):
        name, end = _read_name(question)
        kind, = struct.unpack_from(">H", question, end)
        self.asked.append((name, kind, way))
        said = self.names.get(name, Said(code=NXDOMAIN))
        time.sleep(said.after)
        if said.silent:
            return None
        cut = said.long and way == "udp"
        records = [] if cut or said.code else list(_records(said, kind))
        flags = _RESPONSE | said.code | (_TRUNCATED if cut else 0)
        head = question[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        return head + question[12:end + 4] + b"".join(records)


def _records(said, kind):
    for address in said.addresses:
        if (":" in address) == (kind == AAAA) and kind in _TYPES:
            data = socket.inet_pton(_TYPES[kind], address)
            yield struct.pack(">HHHIH", 0xc00c, kind, 1, said.ttl, len(data)) + data


def _read_name(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += message[at] + 1
    return ".".join(labels), at + 1
