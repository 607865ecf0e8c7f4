"""Fixtures of the integration tests."""
import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1]))  # tests/fake, corpus

pytest.register_assert_rewrite("harness")

from harness import certificates, manifests, network, ports
from harness.backend import Backend
from harness.cluster import Cluster
from harness.curl import Curl
from harness.golden import CERTIFICATES
from harness.otemon import PROGRAM, Otemon
from harness.stage import Stage


def pytest_configure():
    network.enter()


@pytest.fixture
def curl(tmp_path_factory):
    """Runs curl; see harness/curl.py."""
    return Curl(tmp_path_factory.mktemp("curl"))


@pytest.fixture
def environment(tmp_path):
    """Of a person who has installed the program: its name is enough."""
    return {**os.environ, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.fixture
def run():
    """Starts `otemon run`; whatever still runs at the end has to end well."""
    started = []

    def start(directory, *flags, **options):
        started.append(Otemon(directory, *flags, **options))
        return started[-1]

    yield start
    try:
        for otemon in started:
            if otemon.process.poll() is None:
                otemon.stop()
    finally:
        for otemon in started:
            otemon.kill()


@pytest.fixture
def cluster(tmp_path):
    """An API server that misbehaves, and probes against it."""
    made = Cluster(tmp_path)
    yield made
    made.close()


@pytest.fixture
def stage(cluster):
    """An API server, the operator and proxies; see harness/stage.py."""
    made = Stage(cluster)
    yield made
    made.close()


@pytest.fixture
def backend():
    """Starts back ends."""
    started = []

    def start(handle=None, **options):
        started.append(Backend(handle, **options))
        return started[-1]

    yield start
    for each in started:
        if each.sock.fileno() != -1:
            each.close()


@pytest.fixture
def tls_backend(backend):
    """Starts back ends that speak TLS, whose context has these members."""
    def start(handle=None, **members):
        context = certificates.serving(CERTIFICATES / "upstream.pem")
        if "verify_mode" in members:  # without it, the authority would be sent along
            context.load_verify_locations(CERTIFICATES / "upstream-ca.pem")
        for name, value in members.items():
            setattr(context, name, value)
        return backend(handle, tls=context)
    return start


class Gateway:
    """A gateway with one HTTP listener for every host name, and one route to one service."""

    def __init__(self, run_, directory, endpoints, *flags):
        self.directory = directory
        self.port = ports.free()
        manifests.write(directory / "gateway.yaml", manifests.gateway(self.port))
        manifests.write(directory / "routes.yaml", manifests.route(("/", "PREFIX", {"web": 1})))
        manifests.write(directory / "services.yaml", manifests.service("web", *endpoints))
        self.otemon = run_(directory, *flags).wait_ready()

    def log(self, part):
        """Waits for the access log's line with `part`."""
        return self.otemon.wait_said(part)


@pytest.fixture
def gateway(run, tmp_path):
    """Starts a Gateway in front of these back ends."""
    def start(*backends, flags=()):
        return Gateway(run, tmp_path, [each.port for each in backends], *flags)
    return start
