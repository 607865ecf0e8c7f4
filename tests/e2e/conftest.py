"""Fixtures of the end-to-end tests: one cluster for all of them, a namespace for each."""
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
from kube.cluster import ROOT, Cluster
from kube.node import Node

VERSION = re.search(r"^project\(.* VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(),
                    re.MULTILINE)[1]
DUMPS = ROOT / "build/e2e/failed"

# By what name each image is known to the cluster.
IMAGES = {
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
    node = Node(IMAGES)
    yield node
    node.close()


@pytest.fixture
def node(cluster):
    """The cluster, for what can be done only to one's own."""
    if not isinstance(cluster, Node):
        pytest.skip("this needs the cluster of tests/cluster")
    return cluster


@pytest.fixture
def namespace(cluster, request):
    """A namespace of its own, in which Pod Security is as strict as it gets."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    name = f"{words}-{os.getpid()}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def curl(tmp_path_factory):
    """Runs curl; see tests/integration/harness/curl.py."""
    return Curl(tmp_path_factory.mktemp("curl"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that failed leaves behind what the cluster was like."""
    report = (yield).get_result()
    cluster = getattr(item, "funcargs", {}).get("cluster")
    if call.when == "call" and report.failed and cluster:
        folder = DUMPS / item.name
        cluster.dump(folder)
        report.sections.append(("cluster", f"what was there is in {folder}"))
