"""Kinds that are not defined yet, and kinds that are defined as Kuma left them: nobody has to start
the operator again."""
import pytest

from harness import waiting
from kube import chart
from kube.gateway import Gateway


@pytest.fixture
def fresh(node, release):
    """The chart, to be installed over the definitions of a test; ours are there again at the end.
    """
    yield release
    release.uninstall()
    chart.define(node)


@pytest.fixture
def gateway(cluster, namespace):
    made = Gateway(cluster, namespace)
    yield made
    made.delete()


def is_content(release, curl):
    """Whether the operator has nothing left to say of the cluster."""
    return release.ready(curl) == (200, "ready\n")


def test_a_kind_that_comes_later(cluster, gateway, fresh, curl):
    chart.define(cluster)
    cluster.kubectl("delete", "crd", "meshgatewayroutes.kuma.io")
    fresh.install()
    status, said = fresh.ready(curl)
    assert status == 200 and "MeshGatewayRoute" in said, said
    pod = fresh.pod()["metadata"]["uid"]

    chart.define(cluster)
    gateway.create()  # waits until its routes are programmed
    waiting.until(lambda: is_content(fresh, curl), lambda: fresh.ready(curl))
    assert fresh.pod()["metadata"]["uid"] == pod


def test_a_kind_without_a_status(cluster, gateway, fresh, curl):
    """It is served all the same, the remedy is named, and what is to be said is said after it."""
    chart.define(cluster, chart.KUMAS_CRDS, "kuma")
    fresh.install()
    remedy = "kubectl apply --server-side --force-conflicts -f crds/"
    fresh.wait_said(remedy)
    def is_missed(status, said):
        return status == 200 and remedy in said and "MeshGateway:" in said

    waiting.until(lambda: is_missed(*fresh.ready(curl)), lambda: fresh.ready(curl))
    pod = fresh.pod()["metadata"]["uid"]

    gateway.apply()
    gateway.wait_deployed()
    gateway.wait_reachable()
    assert gateway.ask("one") == "one"
    assert "status" not in cluster.get("meshgateway", gateway.name)

    chart.define(cluster)
    gateway.wait_programmed()
    waiting.until(lambda: is_content(fresh, curl), lambda: fresh.ready(curl))
    assert fresh.pod()["metadata"]["uid"] == pod
