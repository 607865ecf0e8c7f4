"""Fixtures of the end-to-end tests: one cluster for all of them, a namespace for each."""
import contextlib
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

# What starts programs and asks them is the same as in the integration tests.
sys.path.append(str(Path(__file__).resolve().parents[1] / "integration"))
pytest.register_assert_rewrite("harness", "kube")

from harness.curl import Curl
from kube import chart
from kube.api import Api
from kube.chart import Operator
from kube.cluster import ROOT, Cluster
from kube.gateway import Gateway
from kube.node import Node

VERSION = re.search(r"^project\(.* VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(),
                    re.MULTILINE)[1]
DUMPS = ROOT / "build/e2e/failed"

# Of the logs in a dump, what is shown at once: the last lines of the operator and of proxies, but
# for those of requests.
OURS = re.compile(r"\[pod/[^/]+/(operator|kuma-gateway)\] (?!{)")
LINES_SHOWN = 30

FIGURES = pytest.StashKey()

# By what name each image is known to the cluster.
IMAGES = {
    "operator": os.environ.get("OTEMON_E2E_OPERATOR", f"otemon/operator:{VERSION}"),
    "proxy": os.environ.get("OTEMON_E2E_PROXY", f"otemon/proxy:{VERSION}"),
    "otemon": os.environ.get("OTEMON_E2E_OTEMON", f"otemon/otemon:{VERSION}"),
    "whoami": os.environ.get("OTEMON_E2E_WHOAMI", "traefik/whoami:v1.11"),
}


def pytest_sessionstart():
    shutil.rmtree(DUMPS, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster():
    """Any cluster with OTEMON_E2E_KUBECONFIG; otherwise one that is made for these tests."""
    kubeconfig = os.environ.get("OTEMON_E2E_KUBECONFIG")
    if kubeconfig:
        yield Cluster({**os.environ, "KUBECONFIG": str(Path(kubeconfig).resolve())}, IMAGES)
        return
    made = Node(IMAGES)
    yield made
    made.close()


@pytest.fixture(scope="session")
def node(cluster):
    """The cluster, for what can be done only to one's own."""
    if not isinstance(cluster, Node):
        pytest.skip("this needs the cluster of tests/cluster")
    return cluster


def own_name(words):
    """A name for what belongs to a test or a module, unlike that of every other run."""
    words = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:40]
    return f"{words}-{os.getpid()}"


@pytest.fixture
def namespace(cluster, request):
    """A namespace of its own."""
    with cluster.namespace(own_name(request.node.name)) as name:
        yield name


@pytest.fixture(scope="module")
def release(cluster):
    """The chart, not installed yet; gone with all that is in its namespace at the end."""
    there = cluster.kubectl("--namespace", chart.NAMESPACE, "get", "deployments,secrets",
                            "--output=name")
    assert not there, f"{chart.NAMESPACE} is somebody's: these tests would remove {there}"
    made = Operator(cluster)
    yield made
    made.uninstall()


@pytest.fixture(scope="module")
def operator(release, request):
    """The operator, installed for the tests of a module, with its CHART_VALUES."""
    chart.define(release.cluster)
    release.install(*getattr(request.module, "CHART_VALUES", ()))
    return release


@pytest.fixture(scope="module")
def start_gateway(cluster, operator):
    """Starts gateways in namespaces of their own; see kube/gateway.py. Their fields are those of
    the MeshGatewayInstance."""
    assert operator
    with contextlib.ExitStack() as stack:
        def start(name, **spec):
            where = stack.enter_context(cluster.namespace(own_name(name)))
            made = Gateway(cluster, where, **spec)
            stack.callback(made.delete)
            return made.create()
        yield start


@pytest.fixture(scope="session")
def api(cluster):
    """The API server, for many questions."""
    made = Api(cluster.environment)
    yield made
    made.close()


@pytest.fixture
def curl(tmp_path_factory):
    """Runs curl; see tests/integration/harness/curl.py."""
    return Curl(tmp_path_factory.mktemp("curl"))


@pytest.fixture
def figure(request):
    """Notes a line that is shown at the end of the run."""
    return request.config.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed leaves behind what the cluster was like, and shows what the operator and
    the gateways had to say."""
    report = (yield).get_result()
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if call.when == "teardown" or not report.failed or not cluster:
        return
    folder = DUMPS / item.name
    cluster.dump(folder)
    report.sections.append(("cluster", f"what was there is in {folder}"))
    for path in sorted(folder.glob("*.log")):
        last = [line for line in path.read_text(encoding="utf-8").splitlines()
                if OURS.match(line)][-LINES_SHOWN:]
        if last:
            report.sections.append((path.stem, "\n".join(last)))
