"""Back ends and clients that break every rule by chance; `rng` decides, so a seed repeats it."""
import hashlib
import socket
import time

from harness import backend


def body_of(tag, size):
    """A text that tells which request it answers."""
    word = hashlib.sha256(tag.encode()).hexdigest().encode()
    return (word * (size // len(word) + 1))[:size]


def chunks(body, rng):
    """The chunked form, cut anyhow, at times with extensions and trailers."""
    made = b""
    while body:
        size = rng.choice([1, 5, 16, 100, 4000, 16384, 66000])
        part, body = body[:size], body[size:]
        made += b"%x%s\r\n%s\r\n" % (len(part), rng.choice([b"", b"", b";x=y"]), part)
    return made + b"0\r\n" + rng.choice([b"", b"", b"T: 1\r\n"]) + b"\r\n"


def drip(sock, data, rng):
    """Sends it whole, or in pieces with pauses."""
    if rng.random() < 0.5:
        sock.sendall(data)
        return
    while data:
        size = rng.choice([1, 2, 3, 10, 100, 1000, 10000, 70000])
        sock.sendall(data[:size])
        data = data[size:]
        if rng.random() < 0.2:
            time.sleep(rng.random() * 0.004)


def _head(fields, status="200 OK"):
    return f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n".encode()


def _tunnel(exchange, rng):
    protocol = exchange.field("upgrade") or "none"
    drip(exchange.sock, _head(f"Connection: upgrade\r\nUpgrade: {protocol}",
                              "101 Switching Protocols") + b"z" * rng.randrange(100_000), rng)
    while rng.random() < 0.9 and (data := exchange.sock.recv(65536)):
        exchange.sock.sendall(data)


# What a bad back end sends, whatever it was asked, often before it has read that.
_ANSWERS = [
    lambda rng: b"",
    lambda rng: rng.randbytes(rng.randrange(300)) + b"\r\n\r\n",
    lambda rng: _head("Content-Length: 100000") + b"x" * rng.randrange(100_000),
    lambda rng: _head("Transfer-Encoding: chunked") + chunks(b"y" * rng.randrange(100_000),
                                                             rng)[:-rng.randrange(1, 50)],
    lambda rng: _head("Transfer-Encoding: chunked") + b"zz\r\n",
    lambda rng: _head("Link: x", "103 Early Hints") * rng.randrange(3000) +
    _head("Content-Length: 2") + b"ok",
    lambda rng: _head("Content-Length: 200000", "413 Content Too Large") + b"n" * 200_000,
    lambda rng: _head(f"A: {'b' * rng.randrange(61000)}\r\nContent-Length: 0"),
    lambda rng: _head("Content-Length: 2") + b"ok and more",
    lambda rng: _head("Connection: close") + b"c" * rng.randrange(300_000),
    lambda rng: _head("A: b", "204 No Content"),
]


def answer_badly(exchange, rng):
    """A handler for a Backend."""
    chosen = rng.choice([*_ANSWERS, None])
    if chosen is None:
        return _tunnel(exchange, rng)
    if rng.random() < 0.3:
        time.sleep(rng.random() * 0.1)
    drip(exchange.sock, chosen(rng), rng)
    end = rng.random()
    if end < 0.3:
        backend.reset(exchange.sock)
    if end < 0.6:
        return False
    exchange.read_body()
    return True


_REQUESTS = [
    lambda rng: rng.randbytes(rng.randrange(2000)),
    lambda rng: b"GET /bad HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket"
    b"\r\n\r\n" + b"e" * rng.randrange(100_000),
    lambda rng: b"POST /bad HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
    b"Content-Length: 500000\r\n\r\n" + b"p" * rng.randrange(500_000),
    lambda rng: b"POST /bad HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n" +
    chunks(b"q" * rng.randrange(300_000), rng),
    lambda rng: b"GET /bad HTTP/1.1\r\nHost: a.test\r\n\r\n" * rng.randrange(1, 3000),
    lambda rng: b"GET /bad/" + b'"' * rng.randrange(12000) + b" HTTP/1.1\r\nHost: a.test\r\nX: " +
    b"f" * rng.randrange(50000) + b"\r\n\r\n",
    lambda rng: b"HEAD /bad HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * rng.randrange(1, 10),
    lambda rng: b"GET /bad%2f" + b'"' * rng.randrange(30000) + b"?q HTTP/1.1\r\nHost: a.test:8"
    b"\r\n\r\n",
    lambda rng: b"POST /bad%2f?" + b"q" * rng.randrange(9000) + b" HTTP/1.1\r\nHost: a.test\r\n"
    b"Content-Length: 3\r\n\r\nabc",
]


def ask_badly(sock, rng):
    """Sends something, perhaps reads a little, and leaves."""
    data = rng.choice(_REQUESTS)(rng)
    if rng.random() < 0.3:
        place = rng.randrange(len(data) + 1)
        data = data[:place] + rng.randbytes(1) + data[place + 1:]
    if rng.random() < 0.3:
        data = data[:rng.randrange(len(data) + 1)]
    drip(sock, data, rng)
    end = rng.randrange(6)
    if end == 0:
        backend.reset(sock)
        return
    if end == 2:
        sock.shutdown(socket.SHUT_WR)
    while end > 1 and rng.random() < 0.9 and sock.recv(rng.choice([1, 100, 65536])):
        pass
