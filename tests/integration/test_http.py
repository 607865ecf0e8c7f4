"""HTTP/1.1 over the wire: what clients and back ends see."""
import subprocess

import pytest

from harness import manifests, metrics, wire
from harness.waiting import until
from harness.wire import Wire

NO_ROUTES = b"This is a Kuma MeshGateway. No routes match this MeshGateway!\n"


@pytest.fixture
def front(gateway, backend):
    """A gateway before one good back end."""
    behind = backend()
    found = gateway(behind)
    found.backend = behind
    return found


def test_a_request_and_what_the_back_end_sees(front):
    answer = wire.ask(front.port, path="/a/../b//c?x=1",
                      fields="X-Custom: 1\r\nProxy-Authorization: p\r\nConnection: X-Hop\r\n"
                             "X-Hop: 1\r\nKeep-Alive: 1\r\nTE: gzip, trailers\r\n"
                             "x-envoy-internal: true\r\nx-kuma-tags: a\r\n"
                             "x-forwarded-client-cert: c\r\nx-forwarded-proto: https\r\n"
                             "Forwarded: for=1\r\nX-Real-Ip: 1\r\nX-Forwarded-Host: h\r\n"
                             "Proxy-Connection: close\r\n")
    assert (answer.status, answer.body, answer["server"]) == (200, b"ok", "otemon")
    seen = front.backend.seen[0]
    assert seen.line == "GET /b/c?x=1 HTTP/1.1"
    assert seen.field("host") == "a.test"
    assert seen.field("x-forwarded-for") == "127.0.0.1"
    assert seen.field("x-forwarded-proto") == "http"
    assert seen.field("x-custom") == "1"
    assert seen.field("proxy-authorization") == "p"
    assert seen.field("te") == "trailers"
    for name, value in (("forwarded", "for=1"), ("x-real-ip", "1"), ("x-forwarded-host", "h")):
        assert seen.field(name) == value, name
    assert len(seen.field("x-request-id")) == 36
    for gone in ("connection", "x-hop", "keep-alive", "x-envoy-internal", "x-kuma-tags",
                 "x-forwarded-client-cert", "proxy-connection"):
        assert seen.field(gone) is None, gone


def test_a_client_of_this_machine_keeps_its_request_id(front):
    wire.ask(front.port, fields="X-Request-Id: mine\r\n")
    wire.ask(front.port, fields="X-Request-Id: mine\r\nX-Forwarded-For: 203.0.113.9\r\n")
    first, second = front.backend.seen
    assert first.field("x-request-id") == "mine"
    assert second.field("x-request-id") != "mine"
    assert second.field("x-forwarded-for").replace(" ", "") == "203.0.113.9,127.0.0.1"


def test_connections_are_kept_on_both_sides(front):
    with Wire(front.port) as client:
        for _ in range(5):
            assert client.ask().status == 200
    assert len(front.backend.connections) == 1


def test_pipelined_requests_are_answered_in_order(front):
    front.backend.handle = lambda x: x.answer(x.target) is None
    with Wire(front.port) as client:
        client.send("".join(f"GET /{i} HTTP/1.1\r\nHost: a.test\r\n\r\n" for i in range(20)))
        for i in range(20):
            assert client.answer().body == f"/{i}".encode()


def test_head_and_answers_without_a_body(front):
    def handle(exchange):
        if exchange.method == "HEAD":
            exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        elif exchange.target == "/204":
            exchange.send("HTTP/1.1 204 No Content\r\n\r\n")
        else:
            exchange.send("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nContent-Length: 9\r\n\r\n")
        return True

    front.backend.handle = handle
    with Wire(front.port) as client:
        answer = client.ask("HEAD")
        assert (answer.status, answer["content-length"]) == (200, "5000")
        answer = client.ask(path="/204")
        assert answer.status == 204 and "content-length" not in answer
        answer = client.ask(path="/304")
        assert (answer.status, answer["etag"]) == (304, '"e"')


def test_chunked_bodies_both_ways(front):
    def handle(exchange):
        body = exchange.read_body()
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n")
        for i in range(0, len(body), 7):
            part = body[i:i + 7]
            exchange.send(b"%x;ext=1\r\n%s\r\n" % (len(part), part))
        exchange.send("0\r\nX-T: 1\r\n\r\n")
        return True

    front.backend.handle = handle
    body = bytes(range(256)) * 41
    with Wire(front.port) as client:
        for _ in range(2):
            client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n")
            for i in range(0, len(body), 1000):
                part = body[i:i + 1000]
                client.send(b"%X\r\n%s\r\n" % (len(part), part))
            client.send("0\r\nX-Trailer: gone\r\n\r\n")
            assert client.answer().body == body
    assert front.backend.seen[0].field("transfer-encoding") == "chunked"
    assert len(front.backend.connections) == 1


def test_expect_continue(front):
    with Wire(front.port) as client:
        client.send("PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n"
                    "Expect: 100-continue\r\n\r\n")
        assert client.head().status == 100
        client.send("body")
        assert client.answer().status == 200
    assert front.backend.seen[0].field("expect") is None


def test_interim_answers_pass(front):
    def handle(exchange):
        exchange.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        exchange.send("HTTP/1.1 100 Continue\r\n\r\n")
        exchange.answer()
        return True

    front.backend.handle = handle
    with Wire(front.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        hints = client.head()
        assert (hints.status, hints["link"]) == (103, "</a.css>")
        assert client.answer().body == b"ok"


def test_http_1_0(front):
    with Wire(front.port) as client:
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = client.answer()
        assert (answer.version, answer.status, answer.body) == ("HTTP/1.1", 200, b"ok")
        assert client.is_closed()
    front.backend.handle = lambda x: x.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                            "2\r\nhi\r\n0\r\n\r\n") is None
    with Wire(front.port) as client:
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = client.answer()
        assert "transfer-encoding" not in answer and answer.body == b"hi"


def test_an_answer_before_the_body(front):
    """The back end refuses an upload before it was sent: the client sees that, not a reset."""
    front.backend.handle = lambda x: x.answer(b"too large", status="413 Content Too Large")
    with Wire(front.port) as client:
        client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10000000\r\n\r\n")
        client.send(b"x" * 1000)
        answer = client.answer()
        assert (answer.status, answer.body) == (413, b"too large")


def websocket(exchange):
    """Agrees, then echoes."""
    key = exchange.field("sec-websocket-key")
    exchange.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                  f"\r\nSec-WebSocket-Accept: for-{key}\r\n\r\n")
    while data := exchange.sock.recv(65536):
        exchange.sock.sendall(data)
    return False


UPGRADE = ("GET /chat HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n")


def test_a_websocket_is_tunnelled(front):
    front.backend.handle = websocket
    with Wire(front.port) as client:
        client.send(UPGRADE + "early")
        answer = client.answer()
        assert answer.status == 101
        assert answer["upgrade"].lower() == "websocket"
        assert answer["sec-websocket-accept"] == "for-abc"
        assert client.take(5) == b"early"
        for size in (1, 100, 100_000):
            client.send(b"z" * size)
            assert client.take(size) == b"z" * size
    assert " 101 GET a.test/chat " in front.log(" 101 ")


def test_an_upgrade_may_be_refused_and_the_connection_goes_on(front):
    with Wire(front.port) as client:
        client.send(UPGRADE)
        assert client.answer().status == 200
        assert client.ask().status == 200


@pytest.mark.parametrize("head", [
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\n\r\n",
])
def test_a_101_that_answers_something_else_is_502(front, head):
    front.backend.handle = lambda x: x.send(head)
    with Wire(front.port) as client:
        client.send(UPGRADE)
        assert client.answer().status == 502


# What a proxy and a server could read in two ways, or that is too large.
REFUSED = {
    "two hosts": (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    "no host": (400, "GET / HTTP/1.1\r\n\r\n"),
    "length and chunked": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                         "Content-Length: 3\r\n\r\nabc"),
    "a list of lengths": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc"),
    "a negative length": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    "a signed length": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na"),
    "a hexadecimal length": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na"),
    "a length in two parts": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\na"),
    "an empty length": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
    "a length beyond numbers": (400, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
                                     "18446744073709551617\r\n\r\na"),
    "chunked in HTTP/1.0": (400, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked"
                                 "\r\n\r\n0\r\n\r\n"),
    "two codings": (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                         "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    "a coding that looks alike": (501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked"
                                       "\r\n\r\n0\r\n\r\n"),
    "a quoted coding": (501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\""
                             "\r\n\r\n0\r\n\r\n"),
    "a vertical tab before the coding": (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                                              "\vchunked\r\n\r\n0\r\n\r\n"),
    "a space after the coding's name": (400, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : "
                                             "chunked\r\n\r\n0\r\n\r\n"),
    "a port of many digits": (400, f"GET / HTTP/1.1\r\nHost: a:{'0' * 50000}80\r\n\r\n"),
    "a user in the target": (400, "GET http://b@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a path in the host": (400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "two spaces": (400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "HTTP/0.9": (400, "GET /\r\n"),
    "TLS": (400, "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
    "a path that grows": (414, f"GET /{chr(34) * 9000} HTTP/1.1\r\nHost: a\r\nX: {'y' * 44000}"
                               "\r\n\r\n"),
    "another coding": (501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"),
    "chunked twice": (501, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked"
                           "\r\n\r\n0\r\n\r\n"),
    "a space before the colon": (400, "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n"),
    "a folded field": (400, "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n"),
    "a bare line feed": (400, "GET / HTTP/1.1\nHost: a\n\n"),
    "a bare carriage return": (400, "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r2\r\n\r\n"),
    "a NUL": (400, "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
    "an underscore": (400, "GET / HTTP/1.1\r\nHost: a\r\nX_Y: 1\r\n\r\n"),
    "an unknown method": (400, "FROB / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a path without a slash": (400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
    "CONNECT": (404, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    "HTTP/2 without being asked": (400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a long target": (414, f"GET /{'a' * 40000} HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a large head": (431, "GET / HTTP/1.1\r\nHost: a\r\n" + "X: " + "a" * 70000 + "\r\n\r\n"),
    "many fields": (431, "GET / HTTP/1.1\r\nHost: a\r\n" + "X: 1\r\n" * 101 + "\r\n"),
}


@pytest.fixture(scope="module", name="strict")
def fixture_strict(tmp_path_factory):
    """One gateway for all that is refused anyway."""
    from conftest import Gateway
    from harness.backend import Backend
    from harness.otemon import Otemon
    behind = Backend()
    found = Gateway(Otemon, tmp_path_factory.mktemp("strict"), [behind.port])
    found.backend = behind
    yield found
    found.otemon.stop()
    behind.close()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(strict, name):
    status, text = REFUSED[name]
    with Wire(strict.port) as client:
        client.send(text)
        answer = client.answer()
        assert answer.status == status
        assert client.is_closed()
    assert strict.backend.seen == []


def test_what_is_refused_has_a_line_with_a_reason(strict):
    since = len(strict.otemon.lines)
    with Wire(strict.port) as client:
        client.send(REFUSED["two hosts"][1])
        client.answer()
    assert "reason=" in strict.otemon.wait_said(" 400 ", since)


BAD_CHUNKS = ["x\r\n", "-1\r\n", "2\r\nabc\r\n", "fffffffffffffffff\r\n", "2 \r\nab\r\n",
              "2\nab\r\n"]


@pytest.mark.parametrize("chunk", BAD_CHUNKS)
def test_broken_chunks_end_the_connection(front, chunk):
    front.backend.handle = lambda x: x.read_body() is None
    with Wire(front.port) as client:
        client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(chunk)
        answer = client.answer()
        assert answer.status == 400
        assert client.is_closed()


def test_encoded_slashes_are_redirected(front):
    answer = wire.ask(front.port, path="/a%2Fb/../c?q=%2F")
    assert (answer.status, answer["location"]) == (307, "/a/c?q=%2F")


def test_404_with_and_without_a_text(run, backend, tmp_path):
    from harness import ports
    named, bare = ports.free(), ports.free()
    manifests.write(tmp_path / "a.yaml", manifests.gateway(named, "a.test", "with"),
                    manifests.route(("/only", "EXACT", {"web": 1}), gateway_name="with"),
                    manifests.service("web", backend().port),
                    manifests.gateway(bare, "a.test", "without"))
    run(tmp_path).wait_ready()
    answer = wire.ask(bare)
    assert (answer.status, answer.body, answer["content-type"]) == (404, NO_ROUTES, "text/plain")
    for host, path in (("a.test", "/other"), ("b.test", "/only")):
        answer = wire.ask(named, host=host, path=path)
        assert (answer.status, answer.body) == (404, b""), (host, path)
    assert wire.ask(named, path="/only").status == 200


def test_prefixes_are_whole_segments_and_exact_wins(run, backend, tmp_path):
    from harness import ports
    port = ports.free()
    names = {}
    for name in ("root", "foo", "exact"):
        names[name] = backend(lambda x, name=name: x.answer(name) is None).port
    manifests.write(tmp_path / "a.yaml", manifests.gateway(port),
                    manifests.route(("/", "PREFIX", {"root": 1}), ("/foo/", "PREFIX", {"foo": 1}),
                                    ("/foo/bar", "EXACT", {"exact": 1})),
                    *[manifests.service(name, end) for name, end in names.items()])
    run(tmp_path).wait_ready()
    for path, name in (("/", b"root"), ("/foo", b"foo"), ("/foo/", b"foo"), ("/foobar", b"root"),
                       ("/foo/x", b"foo"), ("/foo/bar", b"exact"), ("/foo/bar/", b"foo"),
                       ("/FOO", b"root")):
        assert wire.ask(port, path=path).body == name, path


def test_weights(run, backend, tmp_path):
    from harness import ports
    port = ports.free()
    a, b, c = (backend(lambda x, name=name: x.answer(name) is None) for name in "abc")
    manifests.write(tmp_path / "a.yaml", manifests.gateway(port),
                    manifests.route(("/", "PREFIX", {"a": 1, "b": 3, "c": 0})),
                    *[manifests.service(name, end.port) for name, end in zip("abc", (a, b, c))])
    run(tmp_path).wait_ready()
    with Wire(port) as client:
        for _ in range(2000):
            assert client.ask().status == 200
    assert len(c.seen) == 0
    assert 0.19 < len(a.seen) / 2000 < 0.31  # five sigma


def test_curl_and_h2load_agree(front):
    done = subprocess.run(["curl", "-sS", "--max-time", "10", "-d", "@/proc/self/exe", "-o",
                           "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{front.port}/"],
                          capture_output=True, text=True, check=True)
    assert done.stdout == "200"
    done = subprocess.run(["h2load", "--h1", "-n2000", "-c20", f"http://127.0.0.1:{front.port}/"],
                          capture_output=True, text=True, check=True)
    assert "2000 succeeded, 0 failed, 0 errored" in done.stdout
    until(lambda: metrics.value(front.otemon.metrics(), "otemon_requests_total",
                                **{"class": "2xx"}) == 2001, "all are counted")
    until(lambda: front.otemon.metric("otemon_requests_open") == 0, "the workers tell of the end")
