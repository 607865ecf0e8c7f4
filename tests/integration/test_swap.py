"""Changes under load: not one request is lost, and nothing is left behind."""
import signal
import socket
import threading

from harness import certificates, manifests, ports
from harness.otemon import SANITISED
from harness.waiting import until
from harness.wire import Wire

CONNECTIONS = 64
CHANGES = 200
# Some KiB are the allocator's to keep; a leak of a snapshot in every change would be megabytes.
GROWTH_MAX = 1.02


class Load:
    """Clients that ask without a pause, each on its own connection, and check every answer."""

    def __init__(self, port, count, expected):
        self.port = port
        self.expected = expected
        self.stopping = False
        self.failures = []
        self.done = 0
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _client(self):
        try:
            with Wire(self.port) as client:
                while not self.stopping:
                    answer = client.ask()
                    self.done += 1
                    if answer.status != 200 or answer.body not in self.expected:
                        self.failures.append((answer.status, answer.body))
                    if "connection" in answer and answer["connection"] == "close":
                        return
        except (OSError, AssertionError) as error:
            self.failures.append(repr(error))

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(20)
        assert self.failures == []
        assert self.done > 0


class Site:
    """What changes: the route's service, its back ends, and the certificate of an HTTPS port."""

    def __init__(self, directory, backends):
        self.directory = directory
        self.backends = backends
        self.port, self.tls_port = ports.free(), ports.free()
        self.bundles = [certificates.bundle("a.test") for _ in range(2)]
        self.step = 0
        self.write_certificate(0)
        tls = manifests.gateway(self.tls_port, "a.test", protocol="HTTPS", certificates=("a.pem",))
        manifests.write(directory / "gateway.yaml", manifests.gateway(self.port) +
                        tls[tls.index("  - port:"):])
        self.write_route(0)
        self.write_services(0)

    def write_certificate(self, turn):
        (self.directory / "a.pem").write_text(self.bundles[turn % 2], encoding="ascii")

    def write_route(self, turn):
        services = {"one": 1 + turn % 3, "two": 1}
        manifests.write(self.directory / "routes.yaml", manifests.route(("/", "PREFIX", services)))

    def write_services(self, turn):
        """Each service has always one back end; which ones changes."""
        one, two, three = (each.port for each in self.backends)
        first, second = ((one, two), (two, three), (three, one))[turn % 3]
        extra = (three,) if turn % 2 else ()
        manifests.write(self.directory / "services.yaml", manifests.service("one", first, *extra),
                        manifests.service("two", second))

    def change(self, otemon):
        """One change, and waits until it is served."""
        write = (self.write_route, self.write_certificate, self.write_services)[self.step % 3]
        before = snapshot_of(otemon)
        write(1 + self.step // 3)
        self.step += 1
        until(lambda: snapshot_of(otemon) != before, "the change is served")


def snapshot_of(otemon):
    return otemon.config()["snapshot"]["digest"]


def test_200_changes_lose_nothing_and_leave_nothing(run, tmp_path, backend):
    site = Site(tmp_path, [backend(lambda x, name=name: x.answer(name) is None)
                           for name in ("a", "b", "c")])
    otemon = run(tmp_path, "--access-log=off").wait_ready()
    load = Load(site.port, CONNECTIONS, (b"a", b"b", b"c"))
    sizes = {}
    for change in range(1, CHANGES + 1):
        site.change(otemon)
        if change in (50, CHANGES):
            sizes[change] = otemon.memory_kib()
    load.stop()
    assert certificates.served(site.tls_port, "a.test") == certificates.certificate_of(
        site.bundles[(1 + (CHANGES - 2) // 3) % 2])
    for gauge, count in (("otemon_states", 1), ("otemon_snapshots", 2), ("otemon_requests_open", 0),
                         ("otemon_buffers", 0), ("otemon_worker_states", 2)):
        until(lambda gauge=gauge, count=count: otemon.metric(gauge) == count,
              lambda gauge=gauge: f"{gauge} is {otemon.metric(gauge)}")
    assert SANITISED or sizes[CHANGES] < sizes[50] * GROWTH_MAX, sizes


def test_a_new_port_comes_and_an_old_one_drains(run, tmp_path, backend):
    proceed = threading.Event()

    def handle(exchange):
        if exchange.target == "/waits":
            proceed.wait(20)
        exchange.answer()
        return True

    old, new = ports.free(), ports.free()
    manifests.write(tmp_path / "rest.yaml", manifests.route(("/", "PREFIX", {"web": 1})),
                    manifests.service("web", backend(handle).port))
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(old))
    otemon = run(tmp_path).wait_ready()
    with Wire(old) as busy, Wire(old) as idle:
        assert idle.ask().status == 200
        busy.send("GET /waits HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: otemon.metric("otemon_requests_open") == 1, "it is under way")
        manifests.write(tmp_path / "gateway.yaml", manifests.gateway(new))
        otemon.wait_said(f"127.0.0.1:{new}")
        with Wire(new) as client:
            assert client.ask().status == 200
        assert idle.is_closed()
        proceed.set()
        assert busy.answer().status == 200

    def refused():
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", old)) != 0

    until(refused, "the old port is closed")


def test_a_drain_under_load_loses_nothing(run, tmp_path, backend):
    """For two seconds after SIGTERM the gateway answers and asks everybody to go elsewhere."""
    port = ports.free()
    manifests.write(tmp_path / "all.yaml", manifests.gateway(port),
                    manifests.route(("/", "PREFIX", {"web": 1})),
                    manifests.service("web", backend().port))
    otemon = run(tmp_path, "--access-log=off", "--drain-delay=2").wait_ready()
    load = Load(port, CONNECTIONS, (b"ok",))
    until(lambda: load.done > 1000, "load")
    otemon.signal(signal.SIGTERM)
    until(lambda: otemon.get_health("/ready")[0] == 503, "it is not ready any more")
    with Wire(port) as late:  # who has not heard of it yet is served
        answer = late.ask()
        assert (answer.status, answer["connection"]) == (200, "close")
    load.stop()
    assert otemon.wait_end() == 0


def test_a_request_under_way_is_finished_before_the_end(gateway, backend):
    proceed = threading.Event()

    def handle(exchange):
        proceed.wait(20)
        exchange.answer("late")

    edge = gateway(backend(handle))
    with Wire(edge.port) as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        until(lambda: edge.otemon.metric("otemon_requests_open") == 1, "it is under way")
        edge.otemon.signal(signal.SIGTERM)
        until(lambda: edge.otemon.get_health("/ready")[0] == 503, "it drains")
        assert edge.otemon.process.poll() is None
        proceed.set()
        answer = client.answer()
        assert (answer.status, answer.body, answer["connection"]) == (200, b"late", "close")
    assert edge.otemon.wait_end() == 0
