"""docs/install.md, typed into a shell from its first command to its last."""
import pytest
import yaml

from harness import documents, waiting
from harness.documents import Terminal
from harness.otemon import PROGRAM
from kube import chart, gateway, manifests
from kube.cluster import ROOT
from kube.gateway import conditions

PAGE = "docs/install.md"

# How each block begins, by heading; every one of them is typed below, but for the first two: the
# images are those of the tests, and in no registry.
BLOCKS = {
    "1. Images": ["docker build", "helm install", "export PATH=$PWD/build/bin"],
    "2. The operator": ["helm install"],
    "Where Kuma was": ["kubectl apply --server-side", "kubectl -n kuma-system scale",
                       "kubectl apply --server-side"],
    "3. A gateway": ["kubectl apply -f examples/kubernetes/backends.yaml", "echo",
                     "kubectl apply -f examples/kubernetes/gateway.yaml"],
    "4. Requests": ["kubectl get meshgatewayinstances edge", "kubectl port-forward", "curl"],
    "5. What became of it": ["kubectl get meshgateways,meshgatewayroutes"],
    "Upgrade": ["kubectl apply --server-side"],
    "Uninstall": ["kubectl delete meshgatewayinstances", "kubectl -n kuma-system delete secret",
                  "kubectl delete -f crds/", "kubectl delete -f crds/mesh/"],
}


def block(heading, index=0):
    return documents.sections(PAGE, "sh")[heading][index]


def test_every_block_is_known():
    found = documents.sections(PAGE, "sh")
    assert list(found) == list(BLOCKS)
    for heading, begins in BLOCKS.items():
        assert len(found[heading]) == len(begins), heading
        for text, begin in zip(found[heading], begins):
            assert text.startswith(begin)
    # What is built is what is there.
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for line in block("1. Images").splitlines():
        target = line.split("--target ")[1].split()[0]
        assert f"FROM image AS {target}\n" in dockerfile
        assert f"--tag {chart_image(target)} " in line


def chart_image(name):
    version = yaml.safe_load((chart.CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    return f"otemon/{name}:{version}"


@pytest.fixture
def bare(node):
    """A cluster that knows nothing of Kuma's kinds; what the page leaves behind goes at the end."""
    def clear():
        node.kubectl("delete", "--recursive", "--filename", chart.CRDS, "--ignore-not-found")
        node.helm("uninstall", "otemon", "--namespace", chart.NAMESPACE, "--ignore-not-found")
        for words in (["namespace", chart.NAMESPACE], ["configmap", "otemon-ca"],
                      ["deployments,services", "shop", "blog", "front", "edge"],
                      *([each["kind"], each["metadata"]["name"]] for each in webhooks())):
            node.kubectl("delete", *words, "--ignore-not-found")
    clear()
    yield node
    clear()


@pytest.fixture
def shell(bare):
    """Types a block of the page: by heading and number."""
    first = block("1. Images", 2)
    assert PROGRAM == (ROOT / "build/bin/otemon").resolve()

    def type_in(heading, index=0):
        return documents.shell(first + block(heading, index), env=bare.environment, timeout=120)
    return type_in


def test_the_page(bare, shell):
    shell("2. The operator")
    for index in range(3):
        shell("3. A gateway", index)
    requests(bare, shell)
    looking(bare, shell)
    own_pods(bare)
    upgrade(bare, shell)
    uninstall(bare, shell)


def requests(node, shell):
    waiting.until(lambda: "LoadBalancerAddressNotReady" in shell("4. Requests"),
                  "what is missing, once the pods are available")
    with Terminal(block("4. Requests", 1), env=node.environment) as forward:
        forward.wait_said("Forwarding from 127.0.0.1:8443")
        blog, shop = shell("4. Requests", 2).split("Name: ")[1:]
        assert blog.startswith("blog\n") and shop.startswith("shop\n")
    node.kubectl("patch", "service", "edge", "--subresource=status", "--patch",
                 '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.20"}]}}}')
    waiting.until(lambda: "192.0.2.20" in shell("4. Requests"), "the address of the instance")


def looking(node, shell):
    said = shell("5. What became of it")
    for name in ("meshgateway.kuma.io/edge", "meshgatewayroute.kuma.io/blog", "Fingerprint:"):
        assert name in said
    wide = node.kubectl("get", "kuma", "--all-namespaces", "--output=wide")
    assert "2/2 proxies serve this" in wide
    # Every condition that the page's table names is there, and true.
    for words in (("meshgateway/edge",), ("meshgatewayroute/shop",)):
        found = conditions(node.get(*words)["status"])
        assert {kind: found[kind][0] for kind in ("Accepted", "ResolvedRefs", "Programmed")} == {
            "Accepted": "True", "ResolvedRefs": "True", "Programmed": "True"}
    found = conditions(node.get("meshgatewayinstance/edge")["status"])
    assert {kind: status for kind, (status, _) in found.items()} == {
        "Accepted": "True", "Ready": "True"}


def own_pods(node):
    """"Pods of your own", with a gateway that selects them."""
    (text,) = documents.sections(PAGE, "yaml")["Pods of your own"]
    node.apply(text, gateway.mesh_gateway("front", "default", gateway.listener("one")))
    node.rollout("front")
    node.wait("condition=Programmed", "meshgateway/front")
    assert node.get("meshgateway/front")["status"]["proxies"] == {"ready": 2, "programmed": 2}


def upgrade(node, shell):
    before = node.get("deployment/edge")["metadata"]["generation"]
    shell("Upgrade")
    node.rollout(chart.NAME, chart.NAMESPACE)
    node.wait("condition=Programmed", "meshgateway/edge")
    assert node.get("deployment/edge")["metadata"]["generation"] == before  # nothing rolls


def uninstall(node, shell):
    """Everything goes, in the steps of the page."""
    shell("Uninstall", 0)
    node.wait("delete", "deployment/edge", "service/edge")

    def left():
        return node.kubectl("get", "all,clusterroles,clusterrolebindings,roles,rolebindings",
                            "--all-namespaces", "--output=name")
    waiting.until(lambda: "otemon" not in left(), left)  # helm does not wait for the pod's end
    assert node.kubectl("get", "mgw", "--output=name")  # manifests stay
    ours = node.kubectl("get", "secrets,configmaps", "--all-namespaces", "--output=name")
    assert "otemon-authority" in ours and "otemon-ca" in ours
    shell("Uninstall", 1)
    ours = node.kubectl("get", "secrets,configmaps", "--all-namespaces", "--output=name")
    assert "otemon" not in ours
    shell("Uninstall", 2)
    shell("Uninstall", 3)
    assert "kuma.io" not in node.kubectl("get", "crds", "--output=name")


# ---- Where Kuma was ----

def left_by_kuma(node):
    """Definitions and manifests, those of the page among them, a control plane, and what that had
    made of an instance."""
    chart.define(node, chart.KUMAS_CRDS, "kuma")
    node.kubectl("apply", "--filename", chart.KUMAS_OBJECTS,
                 "--filename", ROOT / "examples/kubernetes")
    node.kubectl("create", "namespace", chart.NAMESPACE)
    image = node.images["whoami"]
    node.apply(manifests.deployment("kuma-control-plane", manifests.whoami(image, "kuma")),
               *webhooks(), namespace=chart.NAMESPACE)
    instance = node.get("meshgatewayinstance/edge")
    owner = {"apiVersion": instance["apiVersion"], "kind": instance["kind"], "controller": True,
             "blockOwnerDeletion": True, "name": "edge", "uid": instance["metadata"]["uid"]}
    for each in of_kumas_instance(image):
        each["metadata"]["ownerReferences"] = [owner]
        node.apply(each)
    node.rollout("edge")


def webhooks():
    return [{"apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration",
             "metadata": {"name": f"kuma-{word}-webhook-configuration"}, "webhooks": []}
            for kind, word in (("Mutating", "admission-mutating"), ("Validating", "validating"))]


def of_kumas_instance(image):
    """The Deployment and the Service of the instance, as Kuma's controller writes them; the program
    is another."""
    proxy = manifests.whoami(image, "kuma-gateway", env=[{"name": "KUMA_DATAPLANE_MESH",
                                                          "value": "default"}])
    proxy["securityContext"] |= {"runAsUser": 5678, "runAsGroup": 5678}
    proxy["readinessProbe"] = {"httpGet": {"path": "/", "port": 8000}, "initialDelaySeconds": 1,
                               "periodSeconds": 5, "failureThreshold": 12}
    deployment = manifests.deployment("edge", proxy, replicas=2,
                                      volumes=[{"name": "tmp", "emptyDir": {}}])
    template = deployment["spec"]["template"]["metadata"]
    template["annotations"] = {"kuma.io/gateway": "builtin",
                               "kuma.io/tags": '{"kuma.io/service":"edge_default_svc"}'}
    template["labels"]["kuma.io/mesh"] = "default"
    service = manifests.service("edge", 80, 80, type="LoadBalancer")
    service["spec"]["ports"][0]["name"] = "80"
    return deployment, service


def test_where_kuma_was(bare, shell):
    left_by_kuma(bare)
    shell("3. A gateway", 1)  # the Secret
    address = bare.get("service/edge")["spec"]["clusterIP"]
    shell("Where Kuma was", 0)
    bare.rollout(chart.NAME, chart.NAMESPACE)
    shell("Where Kuma was", 1)
    shell("Where Kuma was", 2)  # it has gone for good
    assert bare.get("--namespace", chart.NAMESPACE,
                    "deployment/kuma-control-plane")["spec"]["replicas"] == 0
    # Whatever Kuma had has a verdict now, and the parts of the instance are taken over in place.
    for name in bare.kubectl("get", "kuma", "--output=name").split():
        bare.wait("jsonpath={.status.conditions[?(@.type==\"Accepted\")].status}", name)
    shell("3. A gateway", 2)  # waits for Programmed; it changes nothing
    bare.rollout("edge")
    assert bare.get("service/edge")["spec"]["clusterIP"] == address
    with Terminal(block("4. Requests", 1), env=bare.environment) as forward:
        forward.wait_said("Forwarding from 127.0.0.1:8443")
        assert "Name: shop\n" in shell("4. Requests", 2)
