"""Listeners with two certificates: which of them a client is shown."""
import socket
import ssl
import subprocess

import pytest

from harness import certificates, manifests, ports
from harness.waiting import until
from harness.wire import Wire

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)

# The certificates of each listener: the one name that each is for, and its type of key.
LISTENERS = {
    "*.a.test": (("one.a.test", "ecdsa"), ("two.a.test", "ecdsa")),
    "*.b.test": (("one.b.test", "ecdsa"), ("two.b.test", "rsa")),
    "*": (("*.c.test", "rsa"), ("one.c.test", "rsa")),
}


def file_of(name):
    return name.replace("*", "any") + ".pem"


def tls_of(version=None):
    made = certificates.trusting()
    if version is not None:
        made.minimum_version = made.maximum_version = version
    return made


class Edge:
    """LISTENERS, on one port."""

    def __init__(self, run, directory, behind, bundles):
        self.port = ports.free()
        self.directory = directory
        self.bundles = {}
        for name, bundle in bundles.items():
            self.put(name, bundle)
        self.write(LISTENERS, behind)
        self.otemon = run(directory).wait_ready()

    def write(self, listeners, behind):
        text = ""
        for hostname, pairs in listeners.items():
            one = manifests.gateway(self.port, hostname, protocol="HTTPS",
                                    certificates=[file_of(name) for name, _ in pairs])
            text += one if text == "" else one[one.index("  - port:"):]
        manifests.write(self.directory / "all.yaml", text,
                        manifests.route(("/", "PREFIX", {"web": 1})),
                        manifests.service("web", behind.port))

    def put(self, name, bundle):
        self.bundles[name] = bundle
        manifests.write(self.directory / file_of(name), bundle)

    def assert_shows(self, server_name, wanted, tls=None):
        """And the connection is good for a request."""
        with Wire(self.port, tls or tls_of(), server_name) as client:
            shown = client.sock.getpeercert(binary_form=True)
            names = [name for name, bundle in self.bundles.items()
                     if certificates.certificate_of(bundle) == shown]
            assert names == [wanted], server_name
            assert client.ask(host=server_name or "x.test").status == 200


@pytest.fixture(name="behind")
def fixture_behind(backend):
    return backend()


@pytest.fixture(name="bundles", scope="module")
def fixture_bundles():
    return {name: certificates.bundle(name, key_type=key_type)
            for pairs in LISTENERS.values() for name, key_type in pairs}


@pytest.fixture(name="edge")
def fixture_edge(run, tmp_path, behind, bundles):
    return Edge(run, tmp_path, behind, bundles)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("server_name, wanted", [
    ("one.a.test", "one.a.test"),
    ("two.a.test", "two.a.test"),
    ("TWO.a.test", "two.a.test"),
    ("three.a.test", "one.a.test"),  # no certificate is for it: the first
    ("one.b.test", "one.b.test"),
    ("two.b.test", "two.b.test"),  # the name comes before ECDSA
    ("three.b.test", "one.b.test"),
    ("one.c.test", "one.c.test"),  # the exact name comes before the wildcard
    ("two.c.test", "*.c.test"),
    ("x.one.c.test", "*.c.test"),  # no wildcard takes two labels
    (None, "*.c.test"),
])
def test_the_server_name_chooses(edge, version, server_name, wanted):
    edge.assert_shows(server_name, wanted, tls_of(version))


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("signatures, server_name, wanted", [
    ("RSA-PSS+SHA256:ECDSA+SHA256", "one.b.test", "one.b.test"),
    ("RSA-PSS+SHA256", "one.b.test", "two.b.test"),  # better another name than no handshake
    ("ECDSA+SHA256:RSA-PSS+SHA256", "two.b.test", "two.b.test"),
    ("ECDSA+SHA256", "two.b.test", "one.b.test"),
    ("ECDSA+SHA256", "two.a.test", "two.a.test"),
])
def test_the_client_has_to_know_the_type_of_key(edge, version, signatures, server_name, wanted):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{edge.port}", version,
                           "-sigalgs", signatures, "-servername", server_name],
                          input="Q\n", capture_output=True, text=True, timeout=20, check=False)
    assert certificates.certificate_of(done.stdout) == \
        certificates.certificate_of(edge.bundles[wanted])


@pytest.mark.parametrize("name", ["one.a.test", "two.a.test", "two.b.test", "one.c.test"])
def test_curl_is_content(edge, tmp_path, name):
    trusted = tmp_path / "trusted.crt"
    trusted.write_text(edge.bundles[name], encoding="ascii")
    done = subprocess.run(["curl", "-sS", "--cacert", trusted, "-o", "/dev/null",
                           "-w", "%{http_code}", "--resolve", f"{name}:{edge.port}:127.0.0.1",
                           f"https://{name}:{edge.port}/"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == "200", done.stderr


def session_of(edge, tls, name):
    with Wire(edge.port, tls, name) as client:
        assert client.ask(host=name).status == 200  # with TLS 1.3 the ticket comes behind it
        return client.sock.session


def resumes(edge, tls, name, session):
    with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as plain, \
            tls.wrap_socket(plain, server_hostname=name, session=session) as again:
        return again.session_reused


@pytest.mark.parametrize("version", VERSIONS)
def test_sessions_resume_whatever_certificate_they_began_with(edge, version):
    tls = tls_of(version)
    for name in ("one.a.test", "two.a.test", "two.b.test", "one.c.test"):
        session = session_of(edge, tls, name)
        assert resumes(edge, tls, name, session), name
        for other in {"one.a.test", "two.b.test", "one.c.test"}:
            if other[4:] != name[4:]:
                assert not resumes(edge, tls, other, session), (name, other)


@pytest.mark.parametrize("renewed, other", [("two.a.test", "one.a.test"),
                                            ("one.a.test", "two.a.test")])
def test_one_of_them_is_renewed(edge, renewed, other):
    tls = tls_of()
    session = session_of(edge, tls, other)
    with Wire(edge.port, tls, renewed) as open_before:
        edge.put(renewed, certificates.bundle(renewed))
        wanted = certificates.certificate_of(edge.bundles[renewed])
        until(lambda: certificates.served(edge.port, renewed) == wanted, "the new one is served")
        edge.assert_shows(renewed, renewed)
        edge.assert_shows(other, other)
        assert resumes(edge, tls, other, session)
        assert open_before.ask(host=renewed).status == 200


def test_one_of_them_is_broken_and_mended(edge, tmp_path):
    """Meanwhile the other one is for all names."""
    (tmp_path / "two.a.test.pem").write_text("no certificate", encoding="ascii")
    other = certificates.certificate_of(edge.bundles["one.a.test"])
    until(lambda: certificates.served(edge.port, "two.a.test") == other, "the other is served")
    edge.otemon.wait_said('file "two.a.test.pem"')
    edge.put("two.a.test", certificates.bundle("two.a.test"))
    wanted = certificates.certificate_of(edge.bundles["two.a.test"])
    until(lambda: certificates.served(edge.port, "two.a.test") == wanted, "it is served again")


def test_one_of_them_is_taken_out_and_put_back(edge, behind):
    listeners = {**LISTENERS, "*.a.test": LISTENERS["*.a.test"][1:]}
    edge.write(listeners, behind)
    two = certificates.certificate_of(edge.bundles["two.a.test"])
    until(lambda: certificates.served(edge.port, "one.a.test") == two, "there is only one")
    edge.write(LISTENERS, behind)
    one = certificates.certificate_of(edge.bundles["one.a.test"])
    until(lambda: certificates.served(edge.port, "one.a.test") == one, "it is there again")
    edge.assert_shows("two.a.test", "two.a.test")
