"""A back end whose every byte a test decides."""
import socket
import threading


class Exchange:
    """A request that a back end was sent, and the connection to answer it on."""

    def __init__(self, sock, data):
        head, self.rest = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.sock = sock
        self.line = lines[0]
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:]]

    def field(self, name):
        """Its one value, or None."""
        values = [value for key, value in self.fields if key.lower() == name]
        assert len(values) <= 1, self.fields
        return values[0] if values else None

    def read_body(self):
        """The whole body, of either framing."""
        if self.field("transfer-encoding") == "chunked":
            return self._read_chunks()
        size = int(self.field("content-length") or 0)
        self._fill(lambda: len(self.rest) >= size)
        body, self.rest = self.rest[:size], self.rest[size:]
        return body

    def _fill(self, enough):
        while not enough():
            data = self.sock.recv(65536)
            if not data:
                raise ConnectionError("the gateway closed")
            self.rest += data

    def _read_chunks(self):
        body = b""
        while True:
            self._fill(lambda: b"\r\n" in self.rest)
            size, self.rest = self.rest.split(b"\r\n", 1)
            size = int(size, 16)
            self._fill(lambda: len(self.rest) >= size + 2)
            body += self.rest[:size]
            self.rest = self.rest[size + 2:]
            if size == 0:
                return body

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def answer(self, body=b"ok", fields="", status="200 OK"):
        body = body if isinstance(body, bytes) else body.encode()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{fields}\r\n"
        self.send(head.encode() + body)


class Backend:
    """Calls `handle(exchange)` for every request; what it returns decides: True keeps the
    connection for another request, everything else closes it. `seen` has every exchange. `tls`: a
    context of ssl's."""

    def __init__(self, handle=None, port=0, address="127.0.0.1", tls=None):
        self.tls = tls
        self.handshakes = 0
        self.handle = handle or (lambda exchange: exchange.read_body() is None or
                                 exchange.answer() is None)
        self.seen = []
        self.connections = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.sock = socket.create_server((address, port), family=family, backlog=1024)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(conn)
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        rest = b""
        try:
            if self.tls is not None:
                conn = self.tls.wrap_socket(conn, server_side=True)
                self.handshakes += 1
            while True:
                while b"\r\n\r\n" not in rest:
                    data = conn.recv(65536)
                    if not data:
                        return
                    rest += data
                exchange = Exchange(conn, rest)
                self.seen.append(exchange)
                if self.handle(exchange) is not True:
                    return
                rest = exchange.rest
        except OSError:
            pass
        finally:
            close(conn)

    def close(self):
        """Accepts no more and cuts what is open, as a killed process does."""
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for conn in self.connections:
            close(conn)


def says(body):
    """A handler that answers every request with this text."""
    return lambda exchange: exchange.read_body() is None or exchange.answer(body) is None


def close(conn):
    try:
        conn.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    conn.close()


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    conn.close()
