"""When something runs out: descriptors, readers of the log, room in a back end's queue."""
import os
import resource
import socket
import subprocess

import pytest

from harness import manifests, metrics, ports
from harness.otemon import PROGRAM, Otemon
from harness.waiting import until
from harness.wire import Wire

DESCRIPTORS = 96


def site(directory, *endpoints):
    port = ports.free()
    manifests.write(directory / "all.yaml", manifests.gateway(port),
                    manifests.route(("/", "PREFIX", {"web": 1})),
                    manifests.service("web", *endpoints))
    return port


def run_short(run, directory):
    """With few descriptors."""
    limit = (DESCRIPTORS, DESCRIPTORS)
    return run(directory, "--workers=1",
               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit)).wait_ready()


def hold_all(otemon, port):
    """Connections that take every descriptor."""
    holders = [Wire(port) for _ in range(DESCRIPTORS)]
    descriptors = f"/proc/{otemon.process.pid}/fd"
    until(lambda: len(os.listdir(descriptors)) == DESCRIPTORS, "none is left")
    return holders


def test_descriptors_run_out_and_come_back(run, tmp_path, backend):
    """Clients that only hold connections take every descriptor. Who waits is served when they
    leave, nothing ends, and nothing spins meanwhile."""
    port = site(tmp_path, backend().port)
    otemon = run_short(run, tmp_path)
    with Wire(port) as early:
        assert early.ask().status == 200
        holders = hold_all(otemon, port)
        with Wire(port) as late:
            late.send("GET /late HTTP/1.1\r\nHost: a.test\r\n\r\n")
            # What is open goes on, with the connection to the back end that is there already.
            for _ in range(100):
                assert early.ask().status == 200
            before = otemon.cpu_ticks()
            late.sock.settimeout(0.6)
            with pytest.raises(TimeoutError):
                late.sock.recv(1)
            assert otemon.cpu_ticks() - before < 20, "it tries now and then, not all the time"
            late.sock.settimeout(20)
            for holder in holders:
                holder.close()
            assert late.answer().status == 200
    assert otemon.process.poll() is None


def test_the_health_address_waits_for_descriptors(run, tmp_path, backend):
    """It is answered when there are some again, and nothing spins meanwhile."""
    port = site(tmp_path, backend().port)
    otemon = run_short(run, tmp_path)
    holders = hold_all(otemon, port)
    with Wire(otemon.health) as late:
        late.send("GET /ready HTTP/1.1\r\nHost: a.test\r\n\r\n")
        before = otemon.cpu_ticks()
        late.sock.settimeout(0.6)
        with pytest.raises(TimeoutError):
            late.sock.recv(1)
        assert otemon.cpu_ticks() - before < 20, "it tries now and then, not all the time"
        late.sock.settimeout(20)
        for holder in holders:
            holder.close()
        assert late.answer().status == 200


def test_no_descriptor_for_a_back_end_is_503(run, tmp_path, backend):
    port = site(tmp_path, backend().port)
    otemon = run_short(run, tmp_path)
    clients = hold_all(otemon, port)
    clients[0].send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert clients[0].answer().status == 503
    for client in clients[1:]:
        client.close()
    with clients[0]:
        until(lambda: clients[0].ask().status == 200, "it is served again")


def test_a_log_that_nobody_reads_stops_nothing(tmp_path, backend):
    """Of standard output only the table is read: requests go on, lost lines are counted."""
    port = site(tmp_path, backend().port)
    health, admin = ports.free(), ports.free()
    with subprocess.Popen([PROGRAM, "run", "--workers=1", f"--health=127.0.0.1:{health}",
                           f"--admin=127.0.0.1:{admin}", tmp_path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        otemon = Otemon.__new__(Otemon)
        otemon.health = health

        def dropped():
            samples = metrics.parse(otemon.get_health("/metrics")[1])
            return metrics.value(samples, "otemon_access_log_lines_dropped_total")

        try:
            while str(port).encode() not in process.stdout.readline():
                pass
            with Wire(port) as client:
                for _ in range(200):  # 64 chunks of 64 KiB, and the pipe
                    text = f"GET /{'x' * 2000} HTTP/1.1\r\nHost: a.test\r\n\r\n" * 20
                    client.send(text)
                    for _ in range(20):
                        assert client.answer().status == 200
                until(dropped, "lines are counted")
        finally:
            process.kill()


def test_a_back_end_whose_queue_is_full_times_out(run, tmp_path):
    """Its kernel answers nothing: after two times 5 s the client is told."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        endpoint = full.getsockname()[1]
        fillers = []

        def is_full():
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", endpoint))
            fillers.append(filler)
            return len(fillers) > 4

        until(is_full, "the queue is full")
        port = site(tmp_path, endpoint)
        otemon = run(tmp_path).wait_ready()
        with Wire(port) as client:
            answer = client.ask()
            assert answer.status == 503
            assert answer.body.endswith(b"reset reason: connection timeout")
            line = otemon.wait_match(" 503 GET .* reason=")
            assert "retries=1" in line and 'reason="connection timeout"' in line
        for filler in fillers:
            filler.close()
