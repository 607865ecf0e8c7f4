"""What can be said of the definitions without a server."""
import re

import pytest
import yaml
from conftest import ROOT

FILES = sorted((ROOT / "crds").rglob("*.yaml"))


# Kuma's, where it has one.
SHORT = {
    "MeshGateway": "mgw",
    "MeshHTTPRoute": "mhttpr",
    "MeshTCPRoute": "mtcpr",
    "MeshService": "msvc",
    "MeshExternalService": "extsvc",
    "MeshMultiZoneService": "mzsvc",
    "MeshAccessLog": "mal",
    "MeshCircuitBreaker": "mcb",
    "MeshFaultInjection": "mfi",
    "MeshHealthCheck": "mhc",
    "MeshLoadBalancingStrategy": "mlbs",
    "MeshMetric": "mm",
    "MeshProxyPatch": "mpp",
    "MeshRateLimit": "mrl",
    "MeshRetry": "mr",
    "MeshTimeout": "mt",
    "MeshTLS": "mtls",
    "MeshTrace": "mtr",
    "Mesh": "m",
    "Dataplane": "dp",
}

# What only Otemon has now: Kuma 3 knows none of them.
OWN = {"MeshGateway", "MeshGatewayRoute", "MeshGatewayInstance"}


def plural(singular):
    if re.search("[^aeiou]y$", singular):
        return singular[:-1] + "ies"
    return singular + ("es" if singular.endswith(("h", "s")) else "s")


def load(path):
    (document,) = yaml.safe_load_all(path.read_text())
    return document


def version(path):
    (only,) = load(path)["spec"]["versions"]
    return only


def schema(path):
    return version(path)["schema"]["openAPIV3Schema"]


def walk(node, path=""):
    yield path, node
    for name, inner in node.get("properties", {}).items():
        yield from walk(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from walk(node[key], f"{path}[]")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEach:
    def test_names_are_kumas(self, path):
        spec = load(path)["spec"]
        names = spec["names"]
        assert names["singular"] == names["kind"].lower()
        assert names["plural"] == plural(names["singular"])
        assert names["listKind"] == names["kind"] + "List"
        assert names["categories"] == ["kuma"]
        kind = names["kind"]
        assert names.get("shortNames") == ([SHORT[kind]] if kind in SHORT else None)
        assert (path.parent == ROOT / "crds") == (kind in OWN)
        assert spec["group"] == "kuma.io"
        assert load(path)["metadata"]["name"] == f"{names['plural']}.kuma.io"
        assert path.name == f"kuma.io_{names['plural']}.yaml"
        assert version(path)["name"] == "v1alpha1"
        assert version(path)["served"] and version(path)["storage"]

    def test_status_is_a_subresource_with_a_whole_schema(self, path):
        assert version(path)["subresources"] == {"status": {}}
        for where, node in walk(schema(path)["properties"]["status"], "status"):
            assert "type" in node, where
            assert not node.get("x-kubernetes-preserve-unknown-fields"), where
            if node["type"] == "array":
                by_type = ("status.conditions", "status.hostnameGenerators[].conditions")
                wanted = "map" if where in by_type else "atomic"
                assert node["x-kubernetes-list-type"] == wanted, where

    def test_conditions_are_metav1s(self, path):
        first = schema(FILES[0])["properties"]["status"]["properties"]["conditions"]["items"]
        assert set(first["properties"]) == {
            "type",
            "status",
            "reason",
            "message",
            "observedGeneration",
            "lastTransitionTime",
        }
        found = [
            node["items"]
            for where, node in walk(schema(path)["properties"]["status"], "status")
            if where.endswith("conditions") and "hostnameGenerators" not in where
        ]
        assert found and all(item == first for item in found)

    def test_columns_end_with_the_age(self, path):
        columns = version(path)["additionalPrinterColumns"]
        # Kuma's four of a Dataplane have one name.
        names = [column["name"] for column in columns if column["name"] != "kuma.io/service"]
        assert len(names) == len(set(names))
        assert columns[-1] == {
            "name": "Age",
            "type": "date",
            "jsonPath": ".metadata.creationTimestamp",
        }
        assert sum(column.get("priority", 0) == 0 for column in columns) <= 6


@pytest.mark.parametrize("kind", ["meshgateways", "meshgatewayroutes"])
def test_legacy_specs_are_open(kind):
    path = ROOT / f"crds/kuma.io_{kind}.yaml"
    properties = schema(path)["properties"]
    assert load(path)["spec"]["scope"] == "Cluster"
    assert properties["mesh"]["type"] == "string"
    for where, node in walk(properties["spec"], "spec"):
        has_members = node.get("type") == "object" and "additionalProperties" not in node
        assert not has_members or node["x-kubernetes-preserve-unknown-fields"] is True, where
    assert "required" not in schema(path)


def test_instances_have_the_fields_of_kuma():
    path = ROOT / "crds/kuma.io_meshgatewayinstances.yaml"
    properties = schema(path)["properties"]
    assert load(path)["spec"]["scope"] == "Namespaced"
    assert "mesh" not in properties
    assert properties["spec"]["type"] == "object"
    leaves = {
        where: node["type"]
        for where, node in walk(properties["spec"], "spec")
        if "properties" not in node and "type" in node and "[]" not in where
    }
    assert leaves == {
        "spec.replicas": "integer",
        "spec.serviceType": "string",
        "spec.tags": "object",
        "spec.resources.claims": "array",
        "spec.resources.limits": "object",
        "spec.resources.requests": "object",
        "spec.serviceTemplate.metadata.annotations": "object",
        "spec.serviceTemplate.metadata.labels": "object",
        "spec.serviceTemplate.spec.loadBalancerIP": "string",
        "spec.podTemplate.metadata.annotations": "object",
        "spec.podTemplate.metadata.labels": "object",
        "spec.podTemplate.spec.serviceAccountName": "string",
        "spec.podTemplate.spec.securityContext.fsGroup": "integer",
        "spec.podTemplate.spec.container.securityContext.readOnlyRootFilesystem": "boolean",
    }
    inner = [node for where, node in walk(properties["spec"]) if "[]" not in where]
    assert all("required" not in node for node in inner)
    assert properties["spec"]["properties"]["replicas"]["default"] == 1
    assert properties["spec"]["properties"]["serviceType"]["default"] == "LoadBalancer"
