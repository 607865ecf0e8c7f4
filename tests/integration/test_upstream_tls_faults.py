"""TLS to back ends that fail: in the handshake, after it, in the middle of an answer."""
import os
import socket
import ssl
import threading

import pytest

from harness import manifests
from harness.golden import CERTIFICATES
from harness.waiting import until
from harness.wire import Wire, ask

CA = CERTIFICATES / "upstream-ca.pem"
POST = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody"


def external(name, *ports):
    """ExternalServices of one name, at these ports."""
    return "---\n".join(f"""\
type: ExternalService
mesh: default
name: {name}-{port}
tags: {{kuma.io/service: {name}}}
networking:
  address: '127.0.0.1:{port}'
  tls: {{enabled: true, caCert: {{file: {CA}}}}}
""" for port in ports)


@pytest.fixture
def edge(gateway):
    def start(*documents):
        made = gateway(flags=["--workers=1"])
        before = made.otemon.config()["snapshot"]["digest"]
        manifests.write(made.directory / "services.yaml", *documents)
        until(lambda: made.otemon.config()["snapshot"]["digest"] != before, "it is served")
        return made
    return start


class Silent:
    """Accepts, and says nothing."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self.connections.append(self.sock.accept()[0])
            except OSError:
                return

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for conn in self.connections:
            conn.close()


@pytest.fixture
def silent():
    made = Silent()
    yield made
    made.close()


def good_once(exchange):
    exchange.read_body()
    exchange.answer("good", "Connection: close\r\n")


def descriptors(made):
    return len(os.listdir(f"/proc/{made.otemon.process.pid}/fd"))


# Handshakes


def test_one_that_stalls_costs_its_time_and_no_more(edge, tls_backend, silent):
    """Of two back ends one accepts and says nothing: requests go to the other in the end, also
    those that are never sent twice, since no byte of them was sent."""
    good = tls_backend(good_once)
    made = edge(external("web", good.port, silent.port))
    before = descriptors(made)
    answers = []

    def post():
        with Wire(made.port) as client:
            client.send(POST)
            answers.append(client.answer().body)

    clients = [threading.Thread(target=post) for _ in range(6)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert answers == [b"good"] * 6
    assert len(good.seen) == 6
    until(lambda: made.otemon.metric("otemon_upstream_connections_open") == 0, "all are closed")
    assert descriptors(made) == before


def test_the_end_does_not_wait_for_handshakes(edge, silent):
    made = edge(external("web", silent.port))
    with Wire(made.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: silent.connections, "it is connected")
        client.reset()
        until(lambda: made.otemon.metric("otemon_upstream_connections_open") == 0, "it is closed")
    with Wire(made.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: len(silent.connections) > 1, "it is connected")
        made.otemon.kill()


def test_a_mirror_that_stalls_delays_nothing(edge, tls_backend, silent):
    made = edge(external("web", tls_backend(good_once).port), external("shadow", silent.port))
    route = manifests.route(("/", "PREFIX", {"web": 1}))
    filters = ("      filters:\n      - mirror: {percentage: 100, backend: {destination: "
               "{kuma.io/service: shadow}}}\n      backends:\n")
    manifests.write(made.directory / "routes.yaml", route.replace("      backends:\n", filters))
    until(lambda: ask(made.port).body == b"good" and silent.connections, "copies are made")
    for _ in range(20):
        with Wire(made.port, seconds=2) as client:
            client.send(POST)
            assert client.answer().body == b"good"
    for conn in silent.connections:
        conn.settimeout(20)
        while conn.recv(65536):
            pass
    until(lambda: made.otemon.metric("otemon_upstream_connections_open") == 0, "copies are lost")
    assert made.otemon.metric("otemon_mirrors_lost_total") >= 21


def test_tickets_without_end_are_taken(edge, tls_backend):
    made = edge(external("web", tls_backend(good_once, num_tickets=3000).port))
    for _ in range(3):
        assert ask(made.port).body == b"good"


# Answers


@pytest.mark.parametrize("head, rest", [
    ("Content-Length: 100\r\n", "half"),
    ("Transfer-Encoding: chunked\r\n", "4\r\nhalf\r\n"),
    ("Transfer-Encoding: chunked\r\n", "64\r\nhalf"),
])
@pytest.mark.parametrize("told", [True, False])
def test_half_an_answer_is_not_taken_for_a_whole_one(edge, tls_backend, head, rest, told):
    def handle(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\n{head}\r\n{rest}")
        if told:
            exchange.sock.unwrap()

    backend = tls_backend(handle)
    made = edge(external("web", backend.port))
    with Wire(made.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.head().status == 200
        got = client.read_to_end()
        assert b"half" in got and b"0\r\n\r\n" not in got
    assert len(backend.seen) == 1
    until(lambda: made.otemon.metric("otemon_upstream_connections_open") == 0, "it is closed")


@pytest.mark.parametrize("request_", [POST, "POST / HTTP/1.1\r\nHost: a.test\r\n\r\n"])
@pytest.mark.parametrize("told", [True, False])
def test_what_was_sent_is_not_sent_again(edge, tls_backend, told, request_):
    """Neither to this back end nor to the other, whatever ended the connection."""
    def handle(exchange):
        exchange.read_body()
        if told:
            exchange.sock.unwrap()

    backends = [tls_backend(handle), tls_backend(handle)]
    made = edge(external("web", *(each.port for each in backends)))
    with Wire(made.port) as client:
        client.send(request_)
        assert client.answer().status == 502
    assert sum(len(each.seen) for each in backends) == 1
    made.log("connection termination" if told else "TLS error: unexpected eof while reading")


def test_records_that_are_broken_end_an_answer(edge, tls_backend):
    def handle(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        raw = socket.socket(fileno=os.dup(exchange.sock.fileno()))
        raw.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        raw.close()
        try:
            exchange.sock.recv(1)
        except ssl.SSLError:
            pass

    made = edge(external("web", tls_backend(handle).port))
    with Wire(made.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.head().status == 200
        assert client.read_to_end() == b"half"
    until(lambda: made.otemon.metric("otemon_upstream_connections_open") == 0, "it is closed")
