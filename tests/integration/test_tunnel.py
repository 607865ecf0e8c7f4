"""Connections that were upgraded: bytes both ways, whatever else happens around them."""
import signal
import threading

import pytest

from harness import certificates, manifests, ports
from harness.backend import reset
from harness.waiting import until
from harness.wire import Wire

UPGRADE = ("GET /chat HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n\r\n")
AGREED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def echo(exchange):
    exchange.send(AGREED.encode() + exchange.rest)
    while data := exchange.sock.recv(65536):
        exchange.sock.sendall(data)


def take_all(sock, size, byte):
    """Reads `size` bytes; whether all of them are this one."""
    left = size
    while left > 0:
        data = sock.recv(1 << 20)
        if not data or data.strip(byte):
            return False
        left -= len(data)
    return left == 0


def upgraded(client, text=UPGRADE):
    client.send(text)
    assert client.answer().status == 101
    return client


def test_a_swap_and_a_removed_route_leave_a_tunnel_alone(gateway, backend):
    edge = gateway(backend(echo))
    with upgraded(Wire(edge.port)) as client:
        other = backend()
        manifests.write(edge.directory / "services.yaml", manifests.service("web", other.port))
        with Wire(edge.port) as plain:
            until(lambda: plain.ask().status == 200 and other.seen, "the other one is asked")
        client.send("still here")
        assert client.take(10) == b"still here"
        manifests.write(edge.directory / "gateway.yaml", manifests.gateway(ports.free()))
        edge.otemon.wait_said(f"- 127.0.0.1:{edge.port}")
        client.send("and here")
        assert client.take(8) == b"and here"
        assert edge.otemon.metric("otemon_states") > 1  # the tunnel's own, and the present one
    until(lambda: edge.otemon.metric("otemon_states") == 1, "its state went with it")


def test_each_direction_ends_by_itself(gateway, backend):
    """What the client sent last arrives after the back end has ended its direction."""
    received = []
    ended = threading.Event()

    def handle(exchange):
        exchange.send(AGREED + "bye")
        exchange.sock.shutdown(1)
        while data := exchange.sock.recv(65536):
            received.append(data)
        ended.set()

    edge = gateway(backend(handle))
    with upgraded(Wire(edge.port)) as client:
        assert client.read_to_end() == b"bye"
        client.send(b"x" * 300_000)
        client.sock.shutdown(1)
        assert ended.wait(20)
        assert len(b"".join(received)) == 300_000
    edge.log(" 101 GET a.test/chat ")
    assert "reason=" not in edge.log(" 101 GET a.test/chat ")


@pytest.mark.parametrize("who", ["client", "back end"])
def test_a_reset_goes_through(gateway, backend, who):
    proceed, ended = threading.Event(), threading.Event()

    def handle(exchange):
        exchange.send(AGREED)
        proceed.wait(20)
        if who == "back end":
            reset(exchange.sock)
            return
        try:
            while exchange.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        ended.set()

    edge = gateway(backend(handle))
    client = upgraded(Wire(edge.port))
    proceed.set()
    if who == "client":
        client.reset()
        assert ended.wait(20)
    else:
        assert client.is_closed()
        client.close()
    edge.log("reason=tunnel_reset")
    for gauge in ("otemon_requests_open", "otemon_buffers", "otemon_connections_open"):
        until(lambda gauge=gauge: edge.otemon.metric(gauge) == 0, f"{gauge} is 0 again")


def test_a_tunnel_takes_no_more_than_the_other_side_does(gateway, backend):
    """Both sides send 32 MiB before they read: nothing is lost, and little is kept meanwhile."""
    size = 32 * 2**20
    proceed = threading.Event()
    received = []

    def handle(exchange):
        exchange.send(AGREED)
        sender = threading.Thread(target=lambda: exchange.send(b"d" * size))
        sender.start()
        proceed.wait(20)
        received.append(take_all(exchange.sock, size, b"u"))
        sender.join()

    edge = gateway(backend(handle))
    before = edge.otemon.memory_kib()
    with upgraded(Wire(edge.port)) as client:
        sender = threading.Thread(target=lambda: client.send(b"u" * size))
        sender.start()
        sender.join(1)
        assert sender.is_alive(), "nobody takes it yet"
        assert edge.otemon.memory_kib() - before < 4000
        proceed.set()
        assert take_all(client.sock, size - len(client.rest), b"d")
        sender.join()
    until(lambda: received == [True], "the back end has everything")


def test_a_tunnel_below_tls(run, tmp_path, backend):
    port = ports.free()
    (tmp_path / "a.pem").write_text(certificates.bundle("a.test"), encoding="ascii")
    manifests.write(tmp_path / "all.yaml",
                    manifests.gateway(port, "a.test", protocol="HTTPS", certificates=("a.pem",)),
                    manifests.route(("/", "PREFIX", {"web": 1})),
                    manifests.service("web", backend(echo).port))
    run(tmp_path).wait_ready()
    with upgraded(Wire(port, certificates.trusting(), "a.test"), UPGRADE + "early") as client:
        assert client.take(5) == b"early"
        for size in (1, 16384, 16385, 200_000):  # around a record, and beyond a read
            client.send(b"z" * size)
            assert client.take(size) == b"z" * size


def test_a_drain_ends_tunnels_when_its_time_is_over(gateway, backend):
    edge = gateway(backend(echo), flags=("--drain-time=1",))
    with upgraded(Wire(edge.port)) as client:
        edge.otemon.signal(signal.SIGTERM)
        until(lambda: edge.otemon.get_health("/ready")[0] == 503, "it drains")
        client.send("to the end")
        assert client.take(10) == b"to the end"
        assert client.is_closed()
    assert edge.otemon.wait_end() == 0
    edge.log(" 101 GET a.test/chat ")
    assert "reason=drain_time" in edge.log(" 101 GET a.test/chat ")
