"""What whoever operates it relies on: readiness, metrics, the configuration, the log, the end."""
import http.client
import json
import re
import signal
import threading
from pathlib import Path

import pytest

from harness import certificates, documents, manifests, metrics, ports, report, wire
from harness.backend import says
from harness.otemon import ROOT
from harness.waiting import until
from harness.wire import Wire

HOST = "foo.example.com"


class Edge:
    """HTTP and HTTPS for one host name, before one back end."""

    def __init__(self, run, directory, handle, backend, *flags):
        self.port, self.tls_port = ports.free(), ports.free()
        self.bundle = certificates.bundle(HOST)
        (directory / "foo.pem").write_text(self.bundle, encoding="ascii")
        manifests.write(directory / "gateway.yaml",
                        manifests.gateway(self.port, HOST, name="plain"),
                        manifests.gateway(self.tls_port, HOST, name="secure", protocol="HTTPS",
                                          certificates=["foo.pem"]))
        manifests.write(directory / "routes.yaml", *(
            manifests.route(("/", "PREFIX", {"web": 1}), name=name, gateway_name=name)
            for name in ("plain", "secure")))
        self.backend = backend(handle)
        manifests.write(directory / "services.yaml", manifests.service("web", self.backend.port))
        self.otemon = run(directory, *flags).wait_ready()

    def ask(self, *args, **kwargs):
        return wire.ask(self.port, *args, host=HOST, **kwargs)


@pytest.fixture(name="edge")
def fixture_edge(run, tmp_path, backend):
    return Edge(run, tmp_path, says("hello"), backend)


# ---- The health address ----

def test_ready_live_and_an_index(edge):
    assert edge.otemon.get_health("/ready") == (200, "ready\n")
    assert edge.otemon.get_health("/live")[0] == 200
    status, text = edge.otemon.get_health("/")
    assert status == 200
    for path in ("/ready", "/live", "/metrics"):
        assert f"{path} " in text
    assert edge.otemon.get_health("/config")[0] == 404


def ask_raw(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_only_get_and_head(edge):
    status, fields, body = ask_raw(edge.otemon.health, "HEAD", "/metrics")
    assert (status, body) == (200, b"")
    assert int(fields["content-length"]) > 1000
    assert fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for port, path in ((edge.otemon.health, "/ready"), (edge.otemon.admin, "/config")):
        status, fields, _ = ask_raw(port, "POST", path)
        assert (status, fields["allow"]) == (405, "GET, HEAD")


def test_a_connection_to_it_ends_with_its_first_answer(edge):
    """Whatever else is sent on it: the body that the second request announces never comes."""
    with Wire(edge.otemon.health) as client:
        client.send("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n"
                    "GET /ready HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        answer = client.answer()
        assert (answer.status, answer["connection"], answer.body) == (200, "close", b"ready\n")
        assert client.is_closed()
    assert edge.otemon.get_health("/ready") == (200, "ready\n")
    edge.otemon.signal(signal.SIGTERM)
    assert edge.otemon.wait_end() == 0


def test_metrics_count_what_happened(edge):
    """Every counter before and after is compared with the requests that were made."""
    def read():
        samples = edge.otemon.metrics()
        return lambda name, **labels: metrics.value(samples, name, **labels)

    plain, secure = f"plain:HTTP:{edge.port}", f"secure:HTTPS:{edge.tls_port}"
    before = read()
    with Wire(edge.port) as client:
        for _ in range(7):
            assert client.ask(host=HOST).status == 200
        for _ in range(3):
            assert client.ask(host="nobody.example.com").status == 404
        assert client.ask("POST", host=HOST, body="12345").status == 200
    with Wire(edge.port) as client:
        client.send("GET / HTTP/1.1\r\n\r\n")
        assert client.answer().status == 400
    certificates.served(edge.tls_port, HOST)
    with pytest.raises(OSError):
        certificates.served(edge.tls_port, "nobody.example.com")

    def told():
        """Workers tell of some numbers once in a while."""
        now = read()
        return (now("otemon_connections_open", listener=plain) == 0 and
                now("otemon_tls_handshakes_total", listener=secure, result="failed") == 1 and
                now("otemon_upstream_connects_total") + now("otemon_upstream_reuses_total") == 8)

    until(told, "the workers have told")
    after = read()

    def grew(name, **labels):
        return after(name, **labels) - before(name, **labels)

    assert grew("otemon_requests_total", listener=plain, **{"class": "2xx"}) == 8
    assert grew("otemon_requests_total", listener=plain, **{"class": "4xx"}) == 4
    assert grew("otemon_requests_total", listener=plain) == 12
    assert grew("otemon_requests_total", listener=secure) == 0
    assert grew("otemon_connections_total", listener=plain) == 2
    assert grew("otemon_connections_total", listener=secure) == 2
    assert grew("otemon_tls_handshakes_total", listener=secure, result="ok") == 1
    assert grew("otemon_request_body_bytes_total", listener=plain) == 5
    assert grew("otemon_response_body_bytes_total", listener=plain) >= 8 * len("hello")
    assert grew("otemon_request_duration_seconds_count", listener=plain) == 12
    assert grew("otemon_upstream_connect_failures_total") == 0
    assert after("otemon_requests_open") == 0
    assert grew("otemon_snapshots") == grew("otemon_worker_states") == 0


def test_every_metric_is_documented(edge):
    text = edge.otemon.get_health("/metrics")[1]
    assert set(re.findall(r"^# TYPE (\S+)", text, re.M)) == {
        name for name in documents.metrics("docs/observing.md")
        if not name.startswith("otemon_operator_")}


def test_metrics_of_a_listener_that_is_gone(edge, tmp_path):
    """Its series go with it, and what remains is still of the format."""
    edge.ask()
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(edge.port, HOST, name="plain"))
    edge.otemon.wait_said(f"- 127.0.0.1:{edge.tls_port}")
    until(lambda: f"secure:HTTPS:{edge.tls_port}" not in edge.otemon.get_health("/metrics")[1],
          "the series is gone")
    assert metrics.value(edge.otemon.metrics(), "otemon_requests_total",
                         listener=f"plain:HTTP:{edge.port}") == 1


# ---- The admin address ----

def test_the_configuration_has_no_keys(edge):
    status, text = edge.otemon.get_admin("/config")
    assert status == 200
    config = json.loads(text)
    resources = config["snapshot"]["resources"]
    kinds = {resource["kind"] for resource in resources}
    assert kinds == {"listener", "virtualHost", "route", "cluster", "endpointSet", "secret"}
    assert re.fullmatch("[0-9a-f]{64}", config["snapshot"]["digest"])
    key = re.search("-----BEGIN PRIVATE KEY-----\n(.*?)-----END", edge.bundle, re.S)[1]
    for line in key.split():
        assert line not in text and line.rstrip("=") not in text
    assert "PRIVATE KEY" not in text
    secret, = (resource for resource in resources if resource["kind"] == "secret")
    assert secret["keyPem"] == "(redacted)"


@pytest.mark.parametrize("host, status", [
    ("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1", 200), ("127.9.9.9:80", 200),
    ("[::1]", 200), ("evil.example.com", 403), ("localhost.evil.example.com", 403),
    ("192.0.2.1", 403), ("127.0.0.1.evil.example.com", 403), ("[::2]", 403)])
def test_the_admin_address_is_for_local_eyes(edge, host, status):
    """A page in a browser that rebinds its own name to loopback gets nothing."""
    for path in ("/config", "/"):
        answer, text = edge.otemon.get_admin(path, Host=host)
        assert answer == status
        assert ("snapshot" in text) == (status == 200 and path == "/config")


def test_off_is_off(run, tmp_path):
    port = ports.free()
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(port))
    otemon = run(tmp_path, "--health=off", "--admin=off", plain=True)
    otemon.wait_said("127.0.0.1")
    assert wire.ask(port).status == 404
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
                 if line.split()[3] == "0A"]
    assert f"0100007F:{9902:04X}" not in listening and f"0100007F:{9901:04X}" not in listening


# ---- The log ----

def test_text_and_its_order(edge):
    edge.ask(path="/a b".replace(" ", "%20"))
    line = edge.otemon.wait_said("/a%20b")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 200 GET foo\.example\.com/a%20b \d+ms "
        rf"127\.0\.0\.1:{edge.backend.port} listener=plain:HTTP:{edge.port} "
        r"virtual_host=foo\.example\.com route=plain rule=0 cluster=web-[0-9a-f]{16} bytes_in=0 "
        r"bytes_out=5 (upstream=\d+ms )?peer=127\.0\.0\.1:\d+ request_id=[0-9a-f-]{36}", line), line


def test_json_alone_on_standard_output(run, tmp_path, backend):
    """The table and the findings go to the other output, so that a program can read this one."""
    edge = Edge(run, tmp_path, says("hello"), backend, "--access-log=json")
    edge.ask(path="/x?q=\"%22")
    edge.otemon.wait_said("/x")
    edge.ask(path="/y")
    edge.otemon.wait_said("/y")
    first, second = (json.loads(line) for line in edge.otemon.out)
    page = (ROOT / "docs/observing.md").read_text(encoding="utf-8")
    assert second.keys() <= set(re.findall(r"`(\w+)`", page))
    assert first["path"] == "/x?q=\"%22"
    assert {name: second[name] for name in ("status", "method", "authority", "path", "endpoint",
                                            "route", "rule", "bytes_in", "bytes_out")} == {
        "status": 200, "method": "GET", "authority": HOST, "path": "/y",
        "endpoint": f"127.0.0.1:{edge.backend.port}", "route": "plain", "rule": 0, "bytes_in": 0,
        "bytes_out": 5}
    assert len(report.table(edge.otemon.err)) == 2


def test_no_access_log(run, tmp_path, backend):
    edge = Edge(run, tmp_path, says("hello"), backend, "--access-log=off")
    before = list(edge.otemon.lines)
    edge.ask()
    edge.otemon.stop()
    assert edge.otemon.lines == before


def test_what_a_client_sends_cannot_break_lines(edge):
    edge.ask(fields="User-Agent: a\r\nX-Request-Id: one\ttwo\r\n", path="/%0a\"\\")
    line = edge.otemon.wait_said("/%0a")
    assert " 200 GET " in line or " 400 GET " in line
    assert "\t" not in line


# ---- The end ----

@pytest.fixture(name="slow")
def fixture_slow(run, tmp_path, backend):
    """A back end that answers when it is told to."""
    proceed = threading.Event()

    def handle(exchange):
        proceed.wait(20)
        exchange.answer("late")

    edge = Edge(run, tmp_path, handle, backend)
    edge.proceed = proceed
    yield edge
    proceed.set()


def connects(port):
    try:
        Wire(port).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_requests_finish(slow, number):
    """Not ready at once, alive until the last answer is given, then 0."""
    with Wire(slow.port) as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        until(lambda: slow.otemon.metric("otemon_requests_open") == 1, "it is under way")
        slow.otemon.signal(number)
        until(lambda: slow.otemon.get_health("/ready") == (503, "draining\n"), "it drains")
        assert slow.otemon.get_health("/live")[0] == 200
        assert slow.otemon.metric("otemon_requests_open") == 1
        until(lambda: not connects(slow.port), "the port is closed")
        slow.proceed.set()
        answer = client.answer()
        assert (answer.status, answer.body, answer["connection"]) == (200, b"late", "close")
    assert slow.otemon.wait_end() == 0


def test_a_second_signal_ends_at_once(slow):
    with Wire(slow.port) as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        until(lambda: slow.otemon.metric("otemon_requests_open") == 1, "it is under way")
        slow.otemon.signal(signal.SIGTERM)
        until(lambda: slow.otemon.get_health("/ready")[0] == 503, "it drains")
        assert slow.otemon.process.poll() is None
        slow.otemon.signal(signal.SIGINT)
        assert slow.otemon.wait_end(5) == 0
        assert client.is_closed()


def test_the_drain_time_is_kept(run, tmp_path, backend):
    """A request that does not end is cut."""
    release = threading.Event()

    def handle(exchange):
        release.wait(30)
        exchange.answer("never")

    edge = Edge(run, tmp_path, handle, backend, "--drain-time=1")
    with Wire(edge.port) as client:
        client.send(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n")
        until(lambda: edge.otemon.metric("otemon_requests_open") == 1, "it is under way")
        edge.otemon.signal(signal.SIGTERM)
        assert edge.otemon.wait_end(10) == 0
        assert client.is_closed()
    release.set()


def test_idle_connections_do_not_hold_it_up(edge):
    with Wire(edge.port) as idle, Wire(edge.port) as kept:
        assert kept.ask(host=HOST).status == 200
        edge.otemon.signal(signal.SIGTERM)
        assert edge.otemon.wait_end(5) == 0
        assert idle.is_closed() and kept.is_closed()


def test_the_port_is_free_at_once(run, tmp_path, backend):
    """A restart does not wait for connections of the former process."""
    edge = Edge(run, tmp_path, says("hello"), backend)
    edge.ask()
    edge.otemon.stop()
    again = run(tmp_path).wait_ready()
    assert wire.ask(edge.port, host=HOST).status == 200
    again.stop()
