"""The few requests that a measurement makes itself, on plain sockets."""

import socket

from gauge import ports

HOST = "bench.test"
TIMEOUT_SECONDS = 10


def connect(port, address=ports.ADDRESS):
    conn = socket.create_connection((address, port), timeout=TIMEOUT_SECONDS)
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return conn


def get(conn, path):
    """Status and body of one request on a connection that stays open."""
    conn.sendall(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n".encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(conn)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _receive(conn)
    return int(head.split()[1]), body


def try_get(port, path):
    """The body of a 200, or None while there is none to have."""
    try:
        with connect(port) as conn:
            status, body = get(conn, path)
            return body if status == 200 else None
    except OSError:
        return None


def _receive(conn):
    data = conn.recv(65536)
    if not data:
        raise ConnectionError("closed in the middle of a response")
    return data
