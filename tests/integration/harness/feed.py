"""A proxy's end of the stream, as somebody would write it who does not keep to it."""
import base64
import json
import os
import ssl
import struct

from harness import certificates
from harness.stage import SERVER_NAME
from harness.wire import Wire

TEXT, CLOSE, PING = 1, 8, 9


class Feed:
    """One connection, up to its hello. Pings are not answered. The server is to be known by the
    authorities in a file or a text; without any, everyone is."""

    def __init__(self, port, server_name, ca_file=None, ca_text=None, address="127.0.0.1"):
        known = ca_file is not None or ca_text is not None
        context = (ssl.create_default_context(cafile=ca_file, cadata=ca_text) if known
                   else certificates.trusting())
        self.wire = Wire(port, context, server_name, address=address)
        key = base64.b64encode(os.urandom(16)).decode()
        self.wire.send(f"GET /v1/feed HTTP/1.1\r\nHost: {server_name}\r\nUpgrade: websocket\r\n"
                       f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       f"Sec-WebSocket-Key: {key}\r\n\r\n")
        head = self.wire.head_text()
        assert head.startswith("HTTP/1.1 101 "), head

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def say(self, message):
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(
            ">BH", 0x80 | 126, len(data))
        mask = os.urandom(4)
        masked = bytes(each ^ mask[index % 4] for index, each in enumerate(data))
        self.wire.send(bytes([0x80 | TEXT]) + size + mask + masked)

    def hello(self, token, **members):
        self.say({"have": "", "token": token, "type": "hello", "version": 1, **members})

    def frame(self):
        """(opcode, payload) of the next one that is no ping."""
        opcode, data = self._any_frame()
        while opcode == PING:
            opcode, data = self._any_frame()
        return opcode, data

    def _any_frame(self):
        first, size = self.wire.take(2)
        if size == 126:
            [size] = struct.unpack(">H", self.wire.take(2))
        elif size == 127:
            [size] = struct.unpack(">Q", self.wire.take(8))
        return first & 0xf, self.wire.take(size)

    def message(self):
        """The next one, which may come in several frames."""
        opcode, data = self.frame()
        assert opcode == TEXT, (opcode, data)
        while True:
            try:
                return json.loads(data)
            except ValueError:
                data += self.frame()[1]

    def refusal(self):
        """(close code, reason); nothing may come before that."""
        opcode, data = self.frame()
        assert opcode == CLOSE, data
        return struct.unpack(">H", data[:2])[0], data[2:].decode()


def refusal(stage, token):
    """Why the operator of a stage refuses it; nothing else may come: (close code, reason)."""
    with Feed(stage.feed, SERVER_NAME) as stranger:
        stranger.hello(token)
        return stranger.refusal()
