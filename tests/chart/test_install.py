"""The chart in a real API server: installed, upgraded, removed, and its rights at work."""
import json
import re

import pytest
import yaml
from apiserver import ApiServer
from conftest import CHART, NAMESPACE, ROOT
from test_definitions import KUMAS_OBJECTS, REPLACE, establish, kumas, replaced

OPERATOR = f"system:serviceaccount:{NAMESPACE}:otemon-operator"
DOCUMENTS = ROOT / "tests/unit/control/instance"


def helm_for(chart, server):
    def run(*arguments):
        done = chart.run(*arguments, "--namespace", NAMESPACE, "--kubeconfig", server.kubeconfig)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def helm(chart, server, kubectl):
    """helm, for a server that has our definitions. What it installed goes at the end."""
    establish(kubectl, *REPLACE)
    run = helm_for(chart, server)
    yield run
    run("uninstall", "otemon", "--ignore-not-found")
    kubectl("delete", "deployments,services,configmaps", "--all", "-n", "edge")


@pytest.fixture
def edge(kubectl):
    """A namespace in which nothing may run that is not restricted."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "edge",
            "labels": {
                f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")
            },
        },
    }
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "edge"},
    }
    for document in (namespace, account):
        kubectl("apply", "-f", "-", stdin=json.dumps(document))
    return "edge"


def install(helm, *arguments):
    return helm("install", "otemon", CHART, "--create-namespace", "--skip-crds", *arguments)


def test_install_upgrade_uninstall(chart):
    with ApiServer() as server:
        helm, kubectl = helm_for(chart, server), server.kubectl
        said = helm("install", "otemon", CHART, "--create-namespace")
        assert f"runs in namespace {NAMESPACE}" in said and "ATTENTION" not in said
        kubectl("get", "deployment", "otemon-operator", "-n", NAMESPACE)
        defined = kubectl("get", "crd", "-o", "name").stdout.split()
        files = [path.stem for path in (ROOT / "crds").rglob("*.yaml")]
        names = [f"{stem.removeprefix('kuma.io_')}.kuma.io" for stem in files]
        assert {name.split("/")[1] for name in defined} == set(names)
        kubectl("apply", "-f", KUMAS_OBJECTS)
        helm("upgrade", "otemon", CHART, "--set", "operator.logLevel=debug")
        pod = kubectl("get", "deployment", "otemon-operator", "-n", NAMESPACE, "-o", "json").stdout
        assert "--log-level=debug" in pod
        helm("uninstall", "otemon")
        left = kubectl("get", "clusterroles,clusterrolebindings", "-o", "name").stdout
        assert "otemon" not in left
        assert kubectl("get", "mgw", "-o", "name").stdout.count("\n") == 4  # stay


def test_over_what_kuma_left_behind(helm, kubectl):
    replaced(kubectl)
    assert "ATTENTION" not in install(helm)
    assert kubectl("get", "mgw", "-o", "name").stdout.count("\n") == 4


def test_forgotten_definitions_are_pointed_out(helm, kubectl):
    kumas(kubectl)
    said = install(helm)
    for kind in ("meshgateways", "meshgatewayroutes"):
        assert f"ATTENTION: the definition of {kind}.kuma.io" in said
    assert "definition of meshgatewayinstances" not in said  # those have a status
    assert "kubectl apply --server-side --force-conflicts -f crds/" in said


def apply_as_operator(kubectl, document, *arguments, check=True):
    return kubectl(
        "apply",
        f"--as={OPERATOR}",
        "--server-side",
        "--force-conflicts",
        "--field-manager=otemon-operator",
        "--validate=false",  # the client would read the schema as somebody who may not
        *arguments,
        "-f",
        "-",
        stdin=json.dumps(document),
        check=check,
    )


def owned(kubectl, name):
    """The document that the operator applies for an instance that is there."""
    instance = {
        "apiVersion": "kuma.io/v1alpha1",
        "kind": "MeshGatewayInstance",
        "metadata": {"name": "front", "namespace": "edge"},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(instance))
    stored = kubectl("get", "meshgatewayinstance", "front", "-n", "edge", "-o", "json").stdout
    document = yaml.safe_load((DOCUMENTS / name).read_text())
    document["metadata"]["ownerReferences"][0]["uid"] = json.loads(stored)["metadata"]["uid"]
    return document


@pytest.mark.parametrize("name", ["deployment.yaml", "service.yaml"])
@pytest.mark.parametrize("values", [(), ("--set", "gatewayNamespaces={edge}")])
def test_the_operator_may_make_what_an_instance_becomes(helm, kubectl, edge, name, values):
    install(helm, *values)
    document = owned(kubectl, name)
    done = apply_as_operator(kubectl, document)
    assert "Warning" not in done.stderr  # Pod Security warns of a Deployment
    document["metadata"]["labels"]["changed"] = "yes"
    apply_as_operator(kubectl, document)
    stored = kubectl("get", document["kind"], "front", "-n", edge, "-o", "json").stdout
    # The server has kept every field as it was written.
    assert_contains(json.loads(stored), document)


def assert_contains(stored, written, path=""):
    if isinstance(written, dict):
        for key, value in written.items():
            assert_contains(stored[key], value, f"{path}.{key}")
    elif isinstance(written, list):
        assert len(stored) == len(written), path
        for index, value in enumerate(written):
            assert_contains(stored[index], value, f"{path}[{index}]")
    else:
        assert str(stored) == str(written), path


def test_a_pod_of_an_instance_is_admitted_where_only_restricted_ones_are(helm, kubectl, edge):
    install(helm)
    template = yaml.safe_load((DOCUMENTS / "deployment.yaml").read_text())["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "namespace": edge}}
    pod["metadata"].update(template["metadata"])
    pod["spec"] = template["spec"]
    kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    del pod["spec"]["securityContext"]["seccompProfile"]
    refused = kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod), check=False)
    assert "PodSecurity" in refused.stderr


def test_a_pod_of_ones_own_as_the_page_has_it_is_admitted_there_too(kubectl, edge):
    page = (ROOT / "docs/install.md").read_text()
    (block,) = re.findall(r"## Pods of your own\n.*?```yaml\n(.*?)```", page, re.DOTALL)
    written = yaml.safe_load(block)
    written["metadata"]["namespace"] = edge
    done = kubectl(
        "create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(written)
    )
    assert "Warning" not in done.stderr


def test_the_example_applies(helm, kubectl):
    done = kubectl(
        "apply", "--dry-run=server", "--validate=strict", "-f", ROOT / "examples/kubernetes"
    )
    assert done.stdout.count("(server dry run)") == 8 and "Warning" not in done.stderr


def document(kind, name, namespace, **rest):
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        **rest,
    }


def test_what_else_the_operator_writes(helm, kubectl, edge):
    install(helm)
    authority = {"type": "otemon.io/authority", "stringData": {"a": "b"}}
    for _ in range(2):  # to create, then to change
        apply_as_operator(kubectl, document("ConfigMap", "otemon-ca", edge, data={"ca.crt": "x"}))
        apply_as_operator(kubectl, document("Secret", "otemon-authority", NAMESPACE, **authority))
        authority["stringData"]["a"] = "c"
    for forbidden in (
        document("ConfigMap", "other", edge),
        document("Secret", "other", NAMESPACE),
        document("Secret", "otemon-authority", edge),
        document("ServiceAccount", "other", edge),
    ):
        done = apply_as_operator(kubectl, forbidden, check=False)
        assert done.returncode != 0 and "forbidden" in done.stderr, forbidden


def test_gateway_namespaces_keep_the_operator_out_of_others(helm, kubectl, edge):
    install(helm, "--set", "gatewayNamespaces={edge}")
    for kind, name in (("ConfigMap", "otemon-ca"), ("Service", "front")):
        spec = {"spec": {"ports": [{"port": 80}]}} if kind == "Service" else {}
        apply_as_operator(kubectl, document(kind, name, edge, **spec))
        refused = apply_as_operator(kubectl, document(kind, name, "default", **spec), check=False)
        assert "forbidden" in refused.stderr


def test_the_operator_writes_status_and_nothing_else_of_manifests(helm, kubectl):
    install(helm)
    kubectl("apply", "-f", KUMAS_OBJECTS)
    body = {
        "apiVersion": "kuma.io/v1alpha1",
        "kind": "MeshGateway",
        "metadata": {"name": "page-https"},
        "status": {"proxies": {"ready": 1, "programmed": 1}},
    }
    apply_as_operator(kubectl, body, "--subresource=status")
    del body["status"]
    refused = apply_as_operator(kubectl, dict(body, spec={}), check=False)
    assert "forbidden" in refused.stderr


WATCHED = [
    ("meshgateways.kuma.io", None, "yes"),
    ("meshgatewayroutes.kuma.io", None, "yes"),
    ("meshgatewayinstances.kuma.io", None, "yes"),
    ("services", None, "yes"),
    ("endpointslices.discovery.k8s.io", None, "yes"),
    ("pods", None, "yes"),
    ("secrets", NAMESPACE, "yes"),
    ("secrets", None, "no"),
    ("secrets", "default", "no"),
    ("configmaps", NAMESPACE, "no"),
    ("nodes", None, "no"),
    ("customresourcedefinitions.apiextensions.k8s.io", None, "no"),
]


def test_what_the_operator_may_watch(helm, kubectl):
    install(helm)
    for what, where, may in WATCHED:
        scope = ("-A",) if where is None else ("-n", where)
        for verb in ("list", "watch"):
            answer = kubectl("auth", "can-i", verb, what, *scope, f"--as={OPERATOR}", check=False)
            assert answer.stdout.strip() == may, (verb, what, where)
