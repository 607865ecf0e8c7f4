"""What filters do behind TLS, on the wire, and when a mirror is slow."""
import ssl
import threading
import textwrap

import pytest

from harness import certificates, manifests, metrics, ports
from harness.backend import says
from harness.waiting import until
from harness.wire import Wire

ROUTE = """\
type: MeshGatewayRoute
mesh: default
name: all
selectors:
- match: {kuma.io/service: edge}
conf:
  http:
    rules:
"""
STRICT = "max-age=31536000; includeSubDomains"


def rule(prefix, filters, service="web"):
    to = f"  backends:\n  - destination: {{kuma.io/service: {service}}}\n" if service else ""
    return (f"- matches:\n  - path: {{match: PREFIX, value: {prefix}}}\n  filters:\n" +
            "".join(f"  - {each}\n" for each in filters) + to)


@pytest.fixture(name="serve")
def fixture_serve(run, tmp_path):
    """Serves rules on one port; the name of each service leads to its back end."""
    def start(rules, protocol="HTTP", **services):
        port = ports.free()
        (tmp_path / "a.pem").write_text(certificates.bundle("a.test"), encoding="ascii")
        names = ("a.pem",) if protocol == "HTTPS" else ()
        manifests.write(tmp_path / "gateway.yaml",
                        manifests.gateway(port, "a.test", protocol=protocol, certificates=names))
        manifests.write(tmp_path / "routes.yaml", ROUTE + textwrap.indent("".join(rules), "    "))
        if services:
            manifests.write(tmp_path / "services.yaml", *[manifests.service(name, each)
                                                          for name, each in services.items()])
        return port, run(tmp_path).wait_ready()
    return start


def tls():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def test_every_answer_behind_tls_is_strict(serve, backend):
    """Whatever filters say; and a redirect leads to where its request came from."""
    change = "responseHeader: {set: [{name: Strict-Transport-Security, value: max-age=1}]}"
    port, _ = serve([rule("/go", ["redirect: {statusCode: 302}"], ""),
                     rule("/none", [change], "nobody"), rule("/", [change])],
                    "HTTPS", web=backend(says("web")).port)
    with Wire(port, tls(), "a.test") as client:
        for path, status in (("/go/on?x=1", 302), ("/none", 503), ("/", 200)):
            answer = client.ask(path=path)
            assert (answer.status, answer["strict-transport-security"]) == (status, STRICT)
            if status == 302:
                assert answer["location"] == f"https://a.test:{port}/go/on"


def test_a_path_is_normalised_before_it_is_rewritten(serve, backend):
    web = backend(says("web"))
    port, _ = serve([rule("/a", ["rewrite: {replacePrefixMatch: /b}"]),
                     rule("/r", ["redirect: {statusCode: 302, path: {replacePrefixMatch: /b}}"],
                          "")], web=web.port)
    with Wire(port) as client:
        for path, target in (("/a/%2e%2e/./a//x/%7Ey?%2F=//", "/b/x/~y?%2F=//"), ("//a", "/b"),
                             ("/c/../a/", "/b/"), ("/a/%zz;/..;/", "/b/%zz;/..;/")):
            assert client.ask(path=path).body == b"web"
            assert web.seen[-1].target == target
        answer = client.ask(path="/c/..//r/%41?x")
        assert (answer.status, answer["location"]) == (302, f"http://a.test:{port}/b/A")
        for path, location in (("/a%2Fx?y=%2F", "/a/x?y=%2F"), ("/r%5cx", "/r/x"),
                               ("/a/..%2fr", "/r")):
            answer = client.ask(path=path)
            assert (answer.status, answer["location"]) == (307, location)
    assert len(web.seen) == 4


def mirror(service):
    return (f"mirror: {{percentage: 100, backend: {{destination: {{kuma.io/service: {service}}}}}"
            "}")


def counted(otemon):
    sample = metrics.parse(otemon.get_health("/metrics")[1])
    return [int(sample[f"otemon_{name}", frozenset()])
            for name in ("mirrors_total", "mirrors_lost_total", "buffers")]


def test_mirrors_are_counted_and_nothing_else(serve, backend):
    web, shadow = backend(says("web")), backend(says("shadow"))
    port, otemon = serve([rule("/", [mirror("shadow")])], web=web.port, shadow=shadow.port)
    with Wire(port) as client:
        for number in range(20):
            answer = client.ask("POST", f"/{number}", body="body")
            assert answer.body == b"web"
    until(lambda: len(shadow.seen) == 20, "twenty copies")
    assert all(each.field("host") == "a.test-shadow" for each in shadow.seen)
    until(lambda: counted(otemon) == [20, 0, 0], "they are counted")
    assert not any("shadow" in line for line in otemon.lines if "POST" in line)
    sample = metrics.parse(otemon.get_health("/metrics")[1])
    assert sum(value for (name, _), value in sample.items()
               if name == "otemon_requests_total") == 20


def count(exchange):
    """Reads the body without keeping it, and answers with its size."""
    size = len(exchange.rest)
    while size < int(exchange.field("content-length")):
        size += len(exchange.sock.recv(1024 * 1024))
    exchange.rest = b""
    exchange.answer(str(size))
    return True


def test_a_mirror_that_hangs_costs_neither_time_nor_memory(serve, backend):
    """A large body arrives at its back end; its copy is given up."""
    hang = threading.Event()
    size = 32 * 1024 * 1024
    web, slow = backend(count), backend(lambda exchange: hang.wait(60) and None)
    port, otemon = serve([rule("/", [mirror("slow")])], web=web.port, slow=slow.port)
    try:
        with Wire(port) as client:
            for _ in range(3):
                assert client.ask("PUT", "/", body="x" * size).body == str(size).encode()
        until(lambda: counted(otemon) == [3, 3, 0], "they are given up")
    finally:
        hang.set()
