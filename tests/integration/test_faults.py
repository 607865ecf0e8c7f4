"""Back ends and clients that misbehave: each gets its status and its line, and leaves nothing."""
import threading
import time

import pytest

from harness import manifests
from harness.backend import reset
from harness.waiting import until
from harness.wire import Wire

GAUGES = ("otemon_requests_open", "otemon_buffers", "otemon_connections_open")


@pytest.fixture(name="leaves_nothing")
def fixture_leaves_nothing():
    """leaves_nothing(gateway): requests, buffers and connections are back at none."""
    def check(edge):
        for gauge in GAUGES:
            until(lambda gauge=gauge: edge.otemon.metric(gauge) == 0, f"{gauge} is 0 again")
        assert edge.otemon.metric("otemon_states") == 1
        assert edge.otemon.metric("otemon_snapshots") == 2  # one on each plane
    return check


def test_no_back_end_listens(gateway, backend, leaves_nothing):
    gone = backend()
    edge = gateway(gone)
    gone.close()
    with Wire(edge.port) as client:
        answer = client.ask()
        assert answer.status == 503
        assert answer.body.startswith(b"upstream connect error")
        assert client.ask("POST", body="abc").status == 503  # the connection is still good
    edge.otemon.wait_match(r" 503 GET .* retries=1 .*reason=\"connection failure\"")
    leaves_nothing(edge)


def test_no_endpoint_at_all(gateway):
    edge = gateway()
    with Wire(edge.port) as client:
        answer = client.ask()
        assert (answer.status, answer.body) == (503, b"no healthy upstream")
    edge.otemon.wait_match(" 503 .* reason=no_endpoints")


def test_a_dead_back_end_among_others_is_not_seen(gateway, backend):
    dead, alive = backend(), backend()
    edge = gateway(dead, alive)
    dead.close()
    with Wire(edge.port) as client:
        for _ in range(20):
            assert client.ask().status == 200
    until(lambda: edge.otemon.metric("otemon_second_tries_total") > 0, "second tries are counted")


def test_a_kept_connection_that_closes_as_it_is_used(gateway, backend, leaves_nothing):
    """The back end answers one request on each connection and cuts it at the next."""
    served = set()

    def handle(exchange):
        if exchange.sock in served:
            reset(exchange.sock)
            return False
        served.add(exchange.sock)
        exchange.read_body()
        exchange.answer()
        return True

    edge = gateway(backend(handle))
    with Wire(edge.port) as client:
        for _ in range(10):
            assert client.ask().status == 200
        for _ in range(3):
            client.ask("PUT", body="again")
        statuses = [client.ask("POST", body="once").status for _ in range(4)]
    until(lambda: edge.otemon.metric("otemon_second_tries_total") >= 5, "second tries are counted")
    # A POST that may have been processed is never sent twice.
    assert set(statuses) <= {200, 502, 503} and {502, 503} & set(statuses)
    leaves_nothing(edge)


def test_the_back_end_closes_before_its_answer(gateway, backend, leaves_nothing):
    edge = gateway(backend(lambda exchange: False))
    with Wire(edge.port) as client:
        answer = client.ask()
        assert answer.status in (502, 503)
        assert client.ask("POST", body="x").status in (502, 503)
    edge.otemon.wait_match(r" 50[23] GET .*reason=")
    leaves_nothing(edge)


@pytest.mark.parametrize("head, part", [
    ("Content-Length: 1000\r\n", b"x" * 10),
    ("Transfer-Encoding: chunked\r\n", b"5\r\nabcde\r\n"),
    ("Transfer-Encoding: chunked\r\n", b"zz\r\n"),
], ids=["fixed", "chunked", "broken chunk"])
def test_an_answer_that_ends_in_the_middle_ends_the_client_too(gateway, backend, leaves_nothing,
                                                               head, part):
    """The head is gone: only a cut connection tells the client that the body is not whole."""
    edge = gateway(backend(
        lambda exchange: exchange.send(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + part)))
    with Wire(edge.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.head().status == 200
        rest = client.read_to_end()
        assert b"0\r\n\r\n" not in rest and len(rest) < 100
    edge.otemon.wait_match(r" 200 GET .*reason=upstream_(closed|body)")
    leaves_nothing(edge)


def test_a_body_until_the_end_of_the_connection(gateway, backend, leaves_nothing):
    edge = gateway(backend(lambda exchange: exchange.send("HTTP/1.1 200 OK\r\n\r\nall of it")))
    with Wire(edge.port) as client:
        for _ in range(2):
            assert client.ask().body == b"all of it"
    leaves_nothing(edge)


@pytest.mark.parametrize("garbage", [
    b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 99 No\r\n\r\n", b"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 101 + b"\r\n", b"\0" * 100 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
], ids=["ssh", "status", "field", "lengths", "fields", "zeros", "head"])
def test_what_is_no_answer_is_502(gateway, backend, leaves_nothing, garbage):
    edge = gateway(backend(lambda exchange: exchange.send(garbage)))
    with Wire(edge.port) as client:
        assert client.ask().status == 502
        assert client.ask("HEAD").status == 502
    edge.otemon.wait_match(" 502 GET .* reason=")
    leaves_nothing(edge)


def test_a_storm_of_interim_answers(gateway, backend, leaves_nothing):
    def handle(exchange):
        exchange.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 5000)
        exchange.answer()

    edge = gateway(backend(handle))
    with Wire(edge.port) as client:
        assert client.ask().status == 200
    leaves_nothing(edge)


def test_the_clocks(gateway, backend, leaves_nothing):
    """Everything that waits for a clock, at once: a slow head, a slow answer, a slow upload."""
    quiet = threading.Event()

    def handle(exchange):
        if exchange.method == "GET":
            quiet.wait(60)

    edge = gateway(backend(handle))
    with Wire(edge.port) as head, Wire(edge.port) as answer, Wire(edge.port) as dripping:
        began = time.monotonic()
        head.send("GET / HTTP/1.1\r\nHost: a.test\r\nX: ")
        answer.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
        dripping.send("GET")
        for _ in range(3):  # a byte now and then does not buy more time
            time.sleep(3)
            dripping.send(" ")
        for slow in (head, dripping):
            refused = slow.answer()
            assert (refused.status, refused.body) == (408, b"request header timeout")
            assert slow.is_closed()
        late = answer.answer()
        assert (late.status, late.body) == (504, b"upstream request timeout")
        assert time.monotonic() - began >= 14.9
        assert answer.ask("HEAD").status in (502, 503)  # its connection is still good
    quiet.set()
    edge.otemon.wait_match(" 408 .* reason=request_header_timeout")
    edge.otemon.wait_match(" 504 GET a.test/slow .* reason=")
    leaves_nothing(edge)


def test_clients_that_vanish(gateway, backend, leaves_nothing):
    """In a head, in a body, while the back end thinks, and in the middle of an answer."""
    proceed = threading.Event()

    def handle(exchange):
        if exchange.method == "POST":
            exchange.read_body()
        if exchange.target == "/large":
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            while True:
                exchange.send(b"x" * 65536)
        proceed.wait(20)
        exchange.answer()

    edge = gateway(backend(handle))
    for vanish in (Wire.close, Wire.reset):
        for text in ("GET / HT",
                     "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nabc",
                     "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na",
                     "GET /waits HTTP/1.1\r\nHost: a.test\r\n\r\n",
                     "GET /large HTTP/1.1\r\nHost: a.test\r\n\r\n"):
            client = Wire(edge.port)
            client.send(text)
            if "/large" in text:
                client.take(1000)
            vanish(client)
    until(lambda: edge.otemon.metric("otemon_requests_open") == 0, "every request has ended")
    proceed.set()
    edge.otemon.wait_match(r"GET a.test/waits .*reason=client_closed")
    edge.otemon.wait_match(r" 200 GET a.test/large .*reason=client_closed")
    leaves_nothing(edge)


def test_nothing_is_read_that_nobody_takes(gateway, backend, leaves_nothing):
    """A client that reads nothing of a gigabyte: the back end is stopped, the memory stays."""
    sent = []

    def handle(exchange):
        exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while len(sent) < 16000:
            exchange.send(b"x" * 65536)
            sent.append(1)

    edge = gateway(backend(handle))
    before = edge.otemon.memory_kib()
    clients = [Wire(edge.port) for _ in range(20)]
    for client in clients:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        client.head()
    settled = -1
    while settled != len(sent):  # until no side moves any more
        settled = len(sent)
        time.sleep(0.3)
    assert len(sent) * 65536 < 20 * 32 * 2**20, "far from the gigabyte: sockets' buffers only"
    assert edge.otemon.memory_kib() - before < 20 * 200
    for client in clients:
        client.close()
    leaves_nothing(edge)


def test_nothing_is_read_of_an_upload_that_nobody_takes(gateway, backend, leaves_nothing):
    proceed = threading.Event()

    def handle(exchange):
        proceed.wait(20)
        left = size - len(exchange.rest)
        while left > 0:
            left -= len(exchange.sock.recv(1 << 20))
        exchange.answer("all of it")

    size = 64 * 2**20
    edge = gateway(backend(handle))
    before = edge.otemon.memory_kib()
    with Wire(edge.port) as client:
        client.send(f"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: {size}\r\n\r\n")
        sender = threading.Thread(target=lambda: client.send(b"y" * size))
        sender.start()
        sender.join(1)
        assert sender.is_alive(), "the gateway does not take what the back end does not"
        assert edge.otemon.memory_kib() - before < 2000
        proceed.set()
        sender.join()
        assert client.answer().body == b"all of it"
    leaves_nothing(edge)


def test_a_removed_endpoint_finishes_its_requests(gateway, backend, leaves_nothing):
    proceed = threading.Event()

    def handle(exchange):
        if exchange.target == "/waits":
            proceed.wait(20)
        exchange.answer("old")
        return True

    old, new = backend(handle), backend(lambda x: x.answer("new") is None)
    edge = gateway(old)
    with Wire(edge.port) as client:
        client.send("GET /waits HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: old.seen, "the old one was asked")
        manifests.write(edge.directory / "services.yaml", manifests.service("web", new.port))
        with Wire(edge.port) as other:
            until(lambda: other.ask().body == b"new", "the new one is asked")
        proceed.set()
        assert client.answer().body == b"old"
        assert client.ask().body == b"new"
    leaves_nothing(edge)
