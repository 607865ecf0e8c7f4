"""TLS at the edge: who is shown which certificate, and who is refused."""
import socket
import ssl
import subprocess

import pytest

from harness import certificates, manifests, ports
from harness.wire import Wire


def context(version=None, ca=None, ciphers=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if ca is not None:
        made.load_verify_locations(cadata=ca)
        made.verify_mode = ssl.CERT_REQUIRED
        made.check_hostname = True
    if version is not None:
        made.minimum_version = made.maximum_version = version
    if ciphers is not None:
        made.set_ciphers(ciphers)
    return made


class Edge:
    """HTTPS on one port: a.test with RSA and ECDSA, *.b.test with ECDSA."""

    def __init__(self, run, directory, behind):
        self.port = ports.free()
        self.bundles = {}
        for name, hostname, key_type in (("a-rsa", "a.test", "rsa"), ("a-ecdsa", "a.test", "ecdsa"),
                                         ("b", "*.b.test", "ecdsa")):
            self.bundles[name] = certificates.bundle(hostname, key_type=key_type)
            (directory / f"{name}.pem").write_text(self.bundles[name], encoding="ascii")
        listeners = manifests.gateway(self.port, "a.test", protocol="HTTPS",
                                      certificates=("a-rsa.pem", "a-ecdsa.pem"))
        second = manifests.gateway(self.port, "*.b.test", protocol="HTTPS", certificates=("b.pem",))
        listeners += second[second.index("  - port:"):]
        manifests.write(directory / "all.yaml", listeners,
                        manifests.route(("/", "PREFIX", {"web": 1})),
                        manifests.service("web", behind.port))
        self.otemon = run(directory).wait_ready()

    def der(self, name):
        return certificates.certificate_of(self.bundles[name])


@pytest.fixture(name="edge")
def fixture_edge(run, tmp_path, backend):
    return Edge(run, tmp_path, backend())


def test_the_name_chooses_the_certificate(edge):
    for name, bundle in (("a.test", "a-ecdsa"), ("A.Test", "a-ecdsa"), ("x.b.test", "b"),
                         ("x.y.b.test", "b")):
        with Wire(edge.port, context(), name) as client:
            assert client.sock.getpeercert(binary_form=True) == edge.der(bundle), name
            answer = client.ask(host=name)
            assert answer.status == 200
            assert answer["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_a_client_that_verifies_is_content(edge):
    with Wire(edge.port, context(ca=edge.bundles["a-ecdsa"]), "a.test") as client:
        assert client.ask().status == 200


@pytest.mark.parametrize("name", ["other.test", "b.test", None])
def test_a_name_that_nobody_has_is_no_handshake(edge, name):
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        Wire(edge.port, context(), name)
    with Wire(edge.port, context(), "a.test") as client:
        assert client.ask().status == 200


def test_what_the_client_can_verify_chooses_rsa_or_ecdsa(edge):
    for ciphers, bundle in (("ECDHE-RSA-AES128-GCM-SHA256", "a-rsa"),
                            ("ECDHE-ECDSA-AES128-GCM-SHA256", "a-ecdsa")):
        tls = context(ssl.TLSVersion.TLSv1_2, ciphers=ciphers)
        with Wire(edge.port, tls, "a.test") as client:
            assert client.sock.getpeercert(binary_form=True) == edge.der(bundle)
            assert client.ask().status == 200


def openssl(port, *flags, text="Q\n"):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *flags],
                          input=text, capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("flag, fits", [("-tls1", False), ("-tls1_1", False), ("-tls1_2", True),
                                        ("-tls1_3", True)])
def test_versions(edge, flag, fits):
    done = openssl(edge.port, flag, "-cipher", "ALL:@SECLEVEL=0", "-servername", "a.test")
    assert ("Verify return code" in done.stdout and "Cipher is (NONE)" not in done.stdout) == fits


def test_the_protocol_is_agreed(edge):
    tls = context()
    tls.set_alpn_protocols(["h2", "http/1.1"])
    with Wire(edge.port, tls, "a.test") as client:
        assert client.sock.selected_alpn_protocol() == "http/1.1"
    tls.set_alpn_protocols(["made-up"])
    with Wire(edge.port, tls, "a.test") as client:  # goes on without
        assert client.sock.selected_alpn_protocol() is None
        assert client.ask().status == 200


def test_a_host_of_another_chain_is_misdirected(edge):
    with Wire(edge.port, context(), "a.test") as client:
        answer = client.ask(host="x.b.test")
        assert answer.status == 421
        assert client.is_closed()
    edge.otemon.wait_said(" 421 GET x.b.test/")


def test_sessions_resume_in_their_own_chain_only(edge):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        tls = context(version)
        with Wire(edge.port, tls, "a.test") as client:
            assert client.ask().status == 200  # with TLS 1.3 the ticket comes after the handshake
            session = client.sock.session
        for name, reused in (("a.test", True), ("x.b.test", False)):
            with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as plain, \
                    tls.wrap_socket(plain, server_hostname=name, session=session) as again:
                assert again.session_reused == reused, (version, name)


def test_plain_http_on_the_tls_port_is_closed(edge):
    with Wire(edge.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.read_to_end()[:5] != b"HTTP/"


def test_a_large_body_both_ways(edge, backend):
    del backend
    size = 3_000_000
    with Wire(edge.port, context(), "a.test") as client:
        assert client.ask("POST", body="x" * size).status == 200


def test_a_changed_certificate_is_for_new_handshakes(edge, tmp_path):
    with Wire(edge.port, context(), "x.b.test") as old:
        assert old.ask(host="x.b.test").status == 200
        changed = certificates.bundle("*.b.test")
        manifests.write(tmp_path / "b.pem", changed)
        wanted = certificates.certificate_of(changed)

        def served():
            return certificates.served(edge.port, "x.b.test") == wanted

        from harness.waiting import until
        until(served, "the new certificate is served")
        assert old.ask(host="x.b.test").status == 200
        assert certificates.served(edge.port, "a.test") == edge.der("a-ecdsa")


def records(tls, name, port):
    """A handshake; then `seal` makes records of texts, to be sent as it pleases the test."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    inbound, outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = tls.wrap_bio(inbound, outbound, server_hostname=name)

    def step(work):
        while True:
            try:
                done = work()
            except ssl.SSLWantReadError:
                done = None
            if outbound.pending:
                sock.sendall(outbound.read())
            if done is not None:
                return done
            data = sock.recv(65536)
            assert data, "the gateway closed"
            inbound.write(data)

    def handshake():
        session.do_handshake()
        return True

    def seal(*texts):
        for text in texts:
            session.write(text.encode())
        return outbound.read()

    step(handshake)
    return sock, seal, lambda: step(lambda: session.read(65536))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_head_in_records_that_came_with_the_request_before(edge, version):
    """Two records in one segment, a request's head in both: the socket stays silent about the
    second, which the TLS library has read already."""
    sock, seal, read = records(context(version), "a.test", edge.port)
    head = "GET /{} HTTP/1.1\r\nHost: a.test\r\n"
    with sock:
        for _ in range(3):
            sock.sendall(seal(head.format(1) + "\r\n" + head.format(2), "X-Rest: 1\r\n\r\n"))
            seen = b""
            while seen.count(b"HTTP/1.1 200 OK") < 2:
                piece = read()
                assert piece and b" 408 " not in piece, seen + piece
                seen += piece
    for path in ("/1", "/2"):
        edge.otemon.wait_said(f" 200 GET a.test{path} ")
