"""A proxy's end of the stream (pkg/core/feed/feed.h), by hand: a WebSocket over TLS."""
import json
import os
import ssl
import struct

from harness.wire import Wire
from kube import chart

TEXT, CLOSE, PING = 1, 8, 9
FINAL, MASKED = 0x80, 0x80

POLICY_VIOLATION = 1008


class Closed(Exception):
    """The other end closed the stream, with this code."""

    def __init__(self, code, reason):
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class Feed:
    """Knows the operator by the authority in the ConfigMap of a namespace with gateways."""

    def __init__(self, cluster, namespace):
        found = cluster.get("--namespace", namespace, "configmap/otemon-ca")
        tls = ssl.create_default_context(cadata=found["data"]["ca.crt"])
        with cluster.reach(f"service/{chart.NAME}", 9901, chart.NAMESPACE) as where:
            address, port = where.split(":")
            self.wire = Wire(int(port), tls, f"{chart.NAME}.{chart.NAMESPACE}.svc",
                             address=address)
        self.wire.send("GET /v1/feed HTTP/1.1\r\nHost: otemon-operator\r\nConnection: Upgrade\r\n"
                       "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        answer = self.wire.until(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 "), answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def say(self, message):
        text, mask = json.dumps(message).encode(), os.urandom(4)
        size = (struct.pack(">B", MASKED | len(text)) if len(text) <= 125
                else struct.pack(">BH", MASKED | 126, len(text)))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
        self.wire.send(bytes([FINAL | TEXT]) + size + mask + masked)

    def hello(self, token):
        self.say({"type": "hello", "version": 1, "have": "", "token": token})

    def _frame(self):
        """The next one: (is it the last of its message, what it is, what is in it)."""
        first, size = self.wire.take(2)
        if size == 126:
            (size,) = struct.unpack(">H", self.wire.take(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.wire.take(8))
        return bool(first & FINAL), first & 0x0F, self.wire.take(size)

    def hear(self):
        """The next message, as a text; raises Closed."""
        whole, final = b"", False
        while not final:
            final, kind, data = self._frame()
            if kind == CLOSE:
                raise Closed(struct.unpack(">H", data[:2])[0], data[2:].decode())
            if kind == PING:  # not long enough here for an answer to be missed
                final = False
                continue
            whole += data
        return whole.decode()

    def closed(self):
        """Waits for the end: what was heard before, and the Closed."""
        heard = []
        while True:
            try:
                heard.append(self.hear())
            except Closed as closed:
                return heard, closed
