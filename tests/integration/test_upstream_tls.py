"""TLS to back ends: who they have to be, what they are shown, and bytes of any length both ways."""
import hashlib
import os
import socket
import ssl
import subprocess
import textwrap
import threading

import pytest

from harness import certificates, manifests, ports
from harness.backend import says
from harness.golden import CERTIFICATES
from harness.waiting import until
from harness.wire import Wire, ask

RESET = "upstream connect error or disconnect/reset before headers. reset reason: "
UNKNOWN_ISSUER = "TLS error: certificate verify failed (unable to get local issuer certificate)"
CA = CERTIFICATES / "upstream-ca.pem"
GATEWAY = {"clientCert": f"{{file: {CERTIFICATES}/gateway-cert.pem}}",
           "clientKey": f"{{file: {CERTIFICATES}/gateway-key.pem}}"}
UPGRADE = ("GET /chat HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n")
AGREED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"

NGINX = """
daemon off; master_process off; error_log stderr crit; pid {directory}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u;
  scgi_temp_path {directory}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {certificates}/upstream.pem; ssl_certificate_key {certificates}/upstream.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_client_certificate {certificates}/upstream-ca.pem; ssl_verify_client on;
    location / {{
      return 200 "$ssl_client_s_dn $ssl_server_name $ssl_protocol $connection_requests";
    }}
  }}
}}
"""


def external(port, **tls):
    """An ExternalService "web" with these members of its TLS."""
    members = {"enabled": "true", "caCert": f"{{file: {CA}}}", **tls}
    lines = "".join(f"    {name}: {value}\n" for name, value in members.items())
    return textwrap.dedent(f"""\
        type: ExternalService
        mesh: default
        name: web
        tags: {{kuma.io/service: web}}
        networking:
          address: '127.0.0.1:{port}'
          tls:
        """) + lines


@pytest.fixture
def edge(gateway):
    """Starts a gateway in front of an `external`."""
    def start(document, *flags):
        made = gateway(flags=flags)
        change(made, document)
        return made
    return start


def change(made, document):
    """Serves this instead."""
    before = made.otemon.config()["snapshot"]["digest"]
    manifests.write(made.directory / "services.yaml", document)
    until(lambda: made.otemon.config()["snapshot"]["digest"] != before, "it is served")


def check_refused(made, reason, statuses=(503,)):
    since = len(made.otemon.lines)
    answer = ask(made.port)
    assert (answer.status in statuses, answer.body.decode()) == (True, RESET + reason)
    made.otemon.wait_said(reason, since)


# Who it is, and who we are


def test_nginx_is_shown_a_certificate(edge, tmp_path):
    """And a connection is used again."""
    port = ports.free()
    (tmp_path / "nginx").mkdir()
    configuration = tmp_path / "nginx/nginx.conf"
    configuration.write_text(NGINX.format(directory=tmp_path / "nginx", port=port,
                                          certificates=CERTIFICATES), encoding="ascii")
    with subprocess.Popen(["/usr/sbin/nginx", "-c", configuration],
                          stderr=subprocess.DEVNULL) as nginx:
        try:
            made = edge(external(port, serverName="pay.example.com", **GATEWAY), "--workers=1")
            until(lambda: ask(made.port).status == 200, "nginx answers")
            counts = []
            for _ in range(3):
                subject, name, version, count = ask(made.port).body.decode().split(" ")
                assert (subject, name, version) == ("CN=gateway.example.com", "pay.example.com",
                                                    "TLSv1.3")
                counts.append(int(count))
            assert counts == [counts[0], counts[0] + 1, counts[0] + 2]
            change(made, external(port, serverName="pay.example.com"))
            answer = ask(made.port)
            assert answer.status == 400
            assert b"No required SSL certificate was sent" in answer.body
        finally:
            nginx.terminate()


def test_a_stranger_is_not_sent_a_byte(edge, tls_backend, tmp_path):
    backend = tls_backend()
    other = tmp_path / "other"
    other.write_text(certificates.bundle("127.0.0.1"), encoding="ascii")
    made = edge(external(backend.port, caCert=f"{{file: {other}}}"))
    check_refused(made, UNKNOWN_ISSUER)
    change(made, external(backend.port, serverName="else.example.com"))
    check_refused(made, "TLS error: certificate verify failed (hostname mismatch)")
    assert backend.seen == []
    change(made, external(backend.port))
    assert ask(made.port).status == 200


def test_a_server_that_wants_a_certificate_says_so(edge, tls_backend):
    """With TLS 1.3 it says it after the handshake: the request is about to go, or on its way."""
    made = edge(external(tls_backend(verify_mode=ssl.CERT_REQUIRED).port))
    for _ in range(10):
        check_refused(made, "TLS error: tlsv13 alert certificate required", (502, 503))


def test_one_that_speaks_no_tls(edge):
    def refuse(sock):
        for _ in range(2):  # two tries
            conn, _ = sock.accept()
            with conn:
                conn.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                conn.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as sock:
        threading.Thread(target=refuse, args=(sock,), daemon=True).start()
        made = edge(external(sock.getsockname()[1]))
        check_refused(made, "TLS error: wrong version number")


MESH_EXTERNAL = """\
type: MeshExternalService
mesh: default
name: pay
spec:
  match: {{port: 443, protocol: http}}
  endpoints: [{{address: 127.0.0.1, port: {port}}}]
  tls: {{enabled: true}}
---
type: MeshHTTPRoute
mesh: default
name: r
spec:
  targetRef: {{kind: MeshGateway, name: edge}}
  to:
  - targetRef: {{kind: Mesh}}
    rules:
    - matches: [{{path: {{type: PathPrefix, value: /}}}}]
      default:
        backendRefs: [{{kind: MeshExternalService, name: pay, port: 443}}]
"""


@pytest.mark.parametrize("file", [CA, "/nonexistent/ca.pem"])
def test_what_the_system_trusts(gateway, tls_backend, monkeypatch, file):
    """Without the file nobody is trusted, which is told where it costs something."""
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    made = gateway()
    change(made, MESH_EXTERNAL.format(port=tls_backend(says("trusted")).port))
    answer = ask(made.port)
    if file == CA:
        assert answer.body == b"trusted"
    else:
        assert answer.status == 503
        assert answer.body.decode().startswith(RESET + "TLS error: ")
        assert answer.body.decode().endswith("cannot be read")
        assert any(file in line for line in made.otemon.lines)


# Connections


def keep(exchange):
    exchange.read_body()
    exchange.answer()
    return True


def test_one_handshake_for_many_requests(edge, tls_backend):
    backend = tls_backend(keep)
    made = edge(external(backend.port), "--workers=1")
    for _ in range(5):
        assert ask(made.port).status == 200
    assert backend.handshakes == 1


def test_the_next_connection_resumes(edge, tls_backend):
    """Who closes after each answer costs the certificates once."""
    resumed = []

    def handle(exchange):
        resumed.append(exchange.sock.session_reused)
        exchange.answer(fields="Connection: close\r\n")

    made = edge(external(tls_backend(handle).port), "--workers=1")
    for _ in range(3):
        assert ask(made.port).status == 200
    assert resumed == [False, True, True]


def test_other_authorities_mean_other_connections(edge, tls_backend, tmp_path):
    """A request that is under way ends as it began; no other takes its connection, or another of
    the pool."""
    proceed = threading.Event()

    def handle(exchange):
        if exchange.target == "/slow":
            proceed.wait(20)
        return keep(exchange)

    backend = tls_backend(handle)
    other = tmp_path / "other"
    other.write_text(certificates.bundle("127.0.0.1"), encoding="ascii")
    made = edge(external(backend.port), "--workers=1")
    assert ask(made.port).status == 200
    with Wire(made.port) as slow:
        slow.send("GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: any(each.target == "/slow" for each in backend.seen), "it is under way")
        change(made, external(backend.port, caCert=f"{{file: {other}}}"))
        check_refused(made, UNKNOWN_ISSUER)
        proceed.set()
        assert slow.answer().status == 200
    check_refused(made, UNKNOWN_ISSUER)
    until(lambda: made.otemon.metric("otemon_upstream_connections_open") == 0, "none is left")
    change(made, external(backend.port))
    assert ask(made.port).status == 200


def test_the_key_is_not_dumped(edge, tls_backend):
    made = edge(external(tls_backend(keep).port, **GATEWAY))
    dump = str(made.otemon.config())
    key = (CERTIFICATES / "gateway-key.pem").read_text(encoding="ascii").splitlines()[1]
    assert "(redacted)" in dump
    assert key not in dump and key not in made.otemon.text()


# Bytes


def digest(data):
    return hashlib.sha256(data).hexdigest().encode()


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_of_any_length(edge, tls_backend, chunked):
    """Upwards and downwards, more than all buffers together."""
    body = os.urandom(2**20) * 4

    def handle(exchange):
        received = digest(exchange.read_body())
        if not chunked:
            exchange.answer(body, fields=f"X-Received: {received.decode()}\r\n")
            return True
        exchange.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                      f"X-Received: {received.decode()}\r\n\r\n")
        for at in range(0, len(body), 300_000):
            piece = body[at:at + 300_000]
            exchange.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        exchange.send("0\r\n\r\n")
        return True

    made = edge(external(tls_backend(handle).port))
    with Wire(made.port) as client:
        for _ in range(2):
            if chunked:
                client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n")
                client.send(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
            else:
                client.send("POST / HTTP/1.1\r\nHost: a.test\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n")
                client.send(body)
            answer = client.answer()
            assert answer["x-received"].encode() == digest(body)
            assert digest(answer.body) == digest(body)


def test_many_small_records_and_a_client_that_waits(edge, tls_backend):
    """What was read of one record ahead of another is not forgotten while the client is full."""
    lines = [f"{number:09}\n".encode() for number in range(1_000_000)]

    def handle(exchange):
        exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {10 * len(lines)}\r\n\r\n")
        for at in range(0, len(lines), 50):
            exchange.send(b"".join(lines[at:at + 50]))
        return True

    made = edge(external(tls_backend(handle).port))
    with Wire(made.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: made.otemon.metric("otemon_buffers") > 0, "something waits for the client")
        assert client.answer().body == b"".join(lines)


def test_an_answer_that_ends_with_its_connection(edge, tls_backend):
    """It is whole if the end was told, and cut otherwise."""
    def handle(exchange):
        exchange.send("HTTP/1.1 200 OK\r\n\r\nall of it")
        if exchange.target == "/told":
            exchange.sock.unwrap()

    made = edge(external(tls_backend(handle).port))
    with Wire(made.port) as client:
        assert client.ask(path="/told").body == b"all of it"
    with Wire(made.port) as client:
        client.send("GET /cut HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.head().status == 200
        rest = client.read_to_end()
        assert b"all of it" in rest and b"\r\n0\r\n\r\n" not in rest
    made.log("reason=upstream_closed")


def test_an_answer_before_the_body_was_taken(edge, tls_backend):
    """The back end has read none of it, answers, and reads no more."""
    def handle(exchange):
        exchange.answer("too much", "Connection: close\r\n", "413 Content Too Large")
        exchange.sock.unwrap()

    made = edge(external(tls_backend(handle).port))
    with Wire(made.port) as client:
        client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000000\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer.body) == (413, b"too much")


# Tunnels


def test_a_tunnel_of_large_messages(edge, tls_backend):
    size = 8 * 2**20

    def handle(exchange):
        exchange.send(AGREED.encode() + b"early")
        while data := exchange.sock.recv(65536):
            exchange.sock.sendall(data)

    made = edge(external(tls_backend(handle).port))
    data = os.urandom(2**20) * 8
    with Wire(made.port) as client:
        client.send(UPGRADE)
        assert client.answer().status == 101
        assert client.take(5) == b"early"
        sender = threading.Thread(target=lambda: client.send(data))
        sender.start()
        assert digest(client.take(size)) == digest(data)
        sender.join()


def test_a_tunnel_ends_by_directions(edge, tls_backend):
    """What the client sent last arrives, and its end with it, after the back end was told."""
    received = []
    ended = threading.Event()

    def handle(exchange):
        exchange.send(AGREED + "bye")
        while data := exchange.sock.recv(65536):
            received.append(data)
        ended.set()

    made = edge(external(tls_backend(handle).port))
    with Wire(made.port) as client:
        client.send(UPGRADE)
        assert client.answer().status == 101
        assert client.take(3) == b"bye"
        client.send(b"x" * 300_000)
        client.sock.shutdown(1)
        assert ended.wait(20)
        assert len(b"".join(received)) == 300_000
