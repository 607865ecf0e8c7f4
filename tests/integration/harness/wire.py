"""A client that sends and sees bytes."""
import socket
import ssl


class Answer:
    def __init__(self, status, fields, body, version):
        self.status = status
        self.fields = fields
        self.body = body
        self.version = version

    def __getitem__(self, name):
        values = [value for key, value in self.fields if key == name]
        assert len(values) == 1, f"{name}: {self.fields}"
        return values[0]

    def __contains__(self, name):
        return any(key == name for key, _ in self.fields)


class Wire:
    """One connection."""

    def __init__(self, port, tls=None, server_name=None, seconds=20, address="127.0.0.1"):
        self.sock = socket.create_connection((address, port), timeout=seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Vanishes with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def _more(self):
        data = self.sock.recv(65536)
        self.rest += data
        return data != b""

    def until(self, mark):
        """What comes before the mark."""
        while mark not in self.rest:
            assert self._more(), f"closed after {self.rest!r}"
        head, self.rest = self.rest.split(mark, 1)
        return head

    def take(self, size):
        while len(self.rest) < size:
            assert self._more(), f"closed after {self.rest!r}"
        data, self.rest = self.rest[:size], self.rest[size:]
        return data

    def head_text(self):
        """The next head, as it came."""
        return self.until(b"\r\n\r\n").decode("latin-1")

    def head(self):
        """The next head of an answer, as an Answer without its body."""
        lines = self.head_text().split("\r\n")
        version, status, *_ = lines[0].split(" ", 2)
        fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        assert all(name == name.lower() for name, _ in fields), fields
        return Answer(int(status), fields, b"", version)

    def answer(self, method="GET"):
        """The next final answer, whole."""
        answer = self.head()
        while answer.status // 100 == 1 and answer.status != 101:
            answer = self.head()
        if method == "HEAD" or answer.status in (101, 204, 304):
            return answer
        if "transfer-encoding" in answer:
            assert answer["transfer-encoding"] == "chunked" and "content-length" not in answer
            answer.body = self._chunks()
        elif "content-length" in answer:
            answer.body = self.take(int(answer["content-length"]))
        else:
            answer.body = self.read_to_end()
        return answer

    def _chunks(self):
        body = b""
        while True:
            size = int(self.until(b"\r\n"), 16)
            body += self.take(size)
            assert self.until(b"\r\n") == b""
            if size == 0:
                return body

    def read_to_end(self):
        while self._more():
            pass
        data, self.rest = self.rest, b""
        return data

    def is_closed(self):
        """Waits for the end; whether it came without another byte."""
        try:
            return self.rest == b"" and self.sock.recv(1) == b""
        except (ConnectionResetError, ssl.SSLError):
            return True

    def ask(self, method="GET", path="/", host="a.test", fields="", body=""):
        """A whole exchange. `fields`: lines, each with its CRLF."""
        if body:
            fields += f"Content-Length: {len(body)}\r\n"
        self.send(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n{body}")
        return self.answer(method)


def ask(port, *args, **kwargs):
    """An exchange on a connection of its own."""
    with Wire(port) as wire:
        return wire.ask(*args, **kwargs)
