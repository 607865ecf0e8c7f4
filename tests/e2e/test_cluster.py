"""The cluster itself: what every other test takes for granted."""
import pytest

from harness import waiting
from kube import dns, manifests


@pytest.fixture
def web(cluster, namespace):
    """Two pods behind a Service."""
    cluster.apply(manifests.deployment("web", manifests.whoami(cluster.images["whoami"], "web"),
                                       replicas=2),
                  manifests.service("web"), namespace=namespace)
    cluster.rollout("web", namespace)
    return namespace


def test_the_node_is_ready(cluster):
    for each in cluster.get("nodes")["items"]:
        conditions = {one["type"]: one["status"] for one in each["status"]["conditions"]}
        assert conditions["Ready"] == "True"


def test_a_service_leads_to_all_of_its_pods(cluster, web, curl):
    answered = set()

    def all_answered():
        with cluster.reach("service/web", 80, web) as address:
            answer = curl(f"http://{address}/")
        if answer.status == 200:  # kube-proxy may not have heard of the pods yet
            answered.add(answer.body.split("Hostname: ")[1].split()[0])
        return len(answered) == (2 if cluster.inside else 1)

    waiting.until(all_answered, lambda: f"answers of both pods; so far {answered}")


def test_names_resolve(node, web):
    resolver = node.get("--namespace", "kube-system", "service/kube-dns")["spec"]["clusterIP"]
    address = node.get("--namespace", web, "service/web")["spec"]["clusterIP"]
    waiting.until(lambda: dns.lookup(resolver, f"web.{web}.svc.cluster.local") == [address],
                  "the name of the Service")


def test_an_address_for_a_load_balancer(node, web, curl):
    """Nobody gives addresses here; a test does it, and the address leads to the pods."""
    node.apply(manifests.service("edge", selector={"app": "web"}, type="LoadBalancer"),
               namespace=web)
    node.kubectl("--namespace", web, "patch", "service", "edge", "--subresource=status",
                 "--patch", '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.10"}]}}}')
    waiting.until(lambda: curl("http://192.0.2.10/").status == 200, "an answer")


def test_commands_and_logs(cluster, web):
    done = cluster.run("kubectl", "--namespace", web, "exec", "deployment/web", "--", "/whoami",
                       "--help", check=False)
    assert "the name in answers" in done.stderr
    cluster.apply(manifests.pod("failed", manifests.container(cluster.images["otemon"], "nonsense"),
                                restartPolicy="Never"), namespace=web)
    cluster.wait("jsonpath={.status.phase}=Failed", "--namespace", web, "pod/failed")
    assert "nonsense" in cluster.kubectl("--namespace", web, "logs", "failed")


def test_the_api_server_returns(node, web, curl):
    def is_ready():
        return node.run("kubectl", "get", "--raw=/readyz", check=False).returncode == 0

    with node.reach("service/web", 80, web) as address:
        waiting.until(lambda: curl(f"http://{address}/").status == 200, "an answer")
        node.stop("kube-apiserver")
        try:
            waiting.until(lambda: not is_ready(), "an API server that is away")
            # Nothing new is learnt, but what was known holds.
            assert curl(f"http://{address}/").status == 200
        finally:
            node.start("kube-apiserver")
        waiting.until(is_ready, "the API server")
    node.kubectl("--namespace", web, "scale", "deployment/web", "--replicas=1")
    node.rollout("web", web)
