"""The definitions of what a Kuma that is still installed owns, too, in a real API server: over
nothing, over those of Kuma, and beside them."""
import json

import pytest
import yaml
from conftest import ROOT
from test_definitions import HERE, KINDS, REPLACE, documents, establish, get
from test_install import assert_contains
from test_schemas import SHORT

MESH = ROOT / "crds/mesh"
KUMAS_CRDS = HERE / "manifests/kuma-2.12-mesh-crds.yaml"
KUMAS_OBJECTS = HERE / "manifests/kuma-2.12-mesh-objects.yaml"
REPLACE_MESH = ("apply", "--server-side", "--force-conflicts", "-f", MESH)


def names_of(path):
    return [document["spec"]["names"] for document in documents(path)]


OURS = [names for path in sorted(MESH.iterdir()) for names in names_of(path)]
KUMAS = [names["plural"] for names in names_of(KUMAS_CRDS)]


def wait(kubectl):
    kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


def ours(kubectl):
    kubectl(*REPLACE_MESH)
    wait(kubectl)


@pytest.fixture(scope="module")
def definitions(server):
    ours(server.kubectl)
    return server.kubectl


@pytest.fixture
def mesh(definitions):
    """kubectl, for a server without the objects below. A test that changes definitions puts ours
    back."""
    yield definitions
    definitions("delete", "--ignore-not-found", "-f", KUMAS_OBJECTS)


def kumas(kubectl):
    manager = "--field-manager=kuma"
    kubectl("apply", "--server-side", "--force-conflicts", manager, "-f", KUMAS_CRDS)
    wait(kubectl)


def stored(kubectl, document):
    plural = next(n["plural"] for n in OURS if n["kind"] == document["kind"])
    return get(kubectl, plural, document["metadata"]["name"])


def assert_stored_as_written(kubectl):
    for document in documents(KUMAS_OBJECTS):
        found = stored(kubectl, document)
        assert_contains(found["spec"], document["spec"])
        assert found.get("mesh") == document.get("mesh")


def test_they_are_structural(mesh):
    for names in OURS:
        conditions = get(mesh, "crd", f"{names['plural']}.kuma.io")["status"]["conditions"]
        assert {c["type"]: c["status"] for c in conditions} == {
            "NamesAccepted": "True",
            "Established": "True",
        }, names["kind"]


def test_manifests_of_kuma_apply_unchanged(mesh):
    done = mesh("apply", "--validate=strict", "-f", KUMAS_OBJECTS)
    assert "Warning" not in done.stderr
    assert_stored_as_written(mesh)


def test_what_kuma_stored_stays(mesh):
    kumas(mesh)
    mesh("apply", "-f", KUMAS_OBJECTS)
    before = [stored(mesh, document) for document in documents(KUMAS_OBJECTS)]
    ours(mesh)
    assert [stored(mesh, document) for document in documents(KUMAS_OBJECTS)] == before
    assert any(item.get("status") for item in before)  # which Kuma wrote with the rest
    # Each can be written again.
    for item in before:
        item["metadata"]["labels"] = {"changed": "yes"}
        mesh("replace", "-f", "-", stdin=json.dumps(item))
    assert_stored_as_written(mesh)


def test_beside_a_kuma_that_is_still_installed(mesh):
    kumas(mesh)
    before = {kind: get(mesh, "crd", f"{kind}.kuma.io") for kind in KUMAS}
    establish(mesh, *REPLACE)
    assert {kind: get(mesh, "crd", f"{kind}.kuma.io") for kind in KUMAS} == before
    for kind in KINDS:
        versions = get(mesh, "crd", f"{kind}.kuma.io")["spec"]["versions"]
        assert versions[0]["subresources"] == {"status": {}}
    ours(mesh)


def test_names_of_kuma_work(mesh):
    mesh("apply", "-f", KUMAS_OBJECTS)
    everything = mesh("get", "kuma", "--all-namespaces", "-o", "name").stdout
    for document in documents(KUMAS_OBJECTS):
        assert f"{document['kind'].lower()}.kuma.io/{document['metadata']['name']}" in everything
    for names in OURS:
        short = SHORT.get(names["kind"])
        if short is not None:
            mesh("get", short, "--all-namespaces")


ROWS = {
    "mhttpr": ["NAME", "TARGETREF KIND", "TARGETREF NAME", "ACCEPTED", "PROGRAMMED", "REASON"],
    "mt": ["NAME", "TARGETREF KIND", "TARGETREF NAME", "ACCEPTED", "REASON"],
    "msvc": ["NAME", "HOSTNAME", "ACCEPTED", "REASON"],
}


def test_lists_read_well(mesh):
    mesh("apply", "-f", KUMAS_OBJECTS)
    for short, header in ROWS.items():
        first = mesh("get", short, "-n", "default").stdout.splitlines()[0]
        assert [word for word in first.split("  ") if word.strip()][-1].strip() == "AGE"
        assert first.replace(" ", "").startswith("".join(header).replace(" ", ""))


def test_they_explain_themselves(mesh):
    said = mesh("explain", "meshhttproute.spec.to.rules.matches.path.type").stdout
    assert "/a and /a/b but not /ab" in " ".join(said.split())
    said = mesh("explain", "meshtimeout.spec.targetRef").stdout
    assert "{kind: MeshGateway, name: edge}" in " ".join(said.split())
    said = mesh("explain", "meshmultizoneservice.spec.selector", "--recursive").stdout
    assert "matchLabels" in said and "-required-" in said


def rule(match, default):
    to = "{targetRef: {kind: Mesh}, rules: [{matches: [{%s}], default: {%s}}]}" % (match, default)
    return ("MeshHTTPRoute", "targetRef: {kind: MeshGateway, name: g}, to: [%s]" % to)


def filters(*items):
    return rule(ROOT_PATH, "backendRefs: [{kind: MeshService, name: a}], filters: [%s]"
                % ", ".join(items))


def backends(*items):
    return rule(ROOT_PATH, "backendRefs: [%s]" % ", ".join(items))


def timeout(spec):
    return ("MeshTimeout", spec)


ROOT_PATH = "path: {type: PathPrefix, value: /}"
ROUTE = "spec.to[0].rules[0]"
FILTER = ROUTE + ".default.filters[0]"
BACKEND = ROUTE + ".default.backendRefs[0]"
UNSUPPORTED = "value is not supported"
TO_MESH = "to: [{targetRef: {kind: Mesh}}]"

# What Kuma refuses: the object, the path and some words of the answer.
REFUSED = [
    (rule("path: {type: PathPrefix, value: /a/}", ""), ROUTE + ".matches[0].path.value",
     "should match"),
    (rule("path: {type: Exact, value: a}", ""), ROUTE + ".matches[0].path.value", "'^/'"),
    (rule("headers: [{name: a, type: Absent, value: b}]", ""),
     ROUTE + ".matches[0].headers[0].value", "Too long"),
    (rule("queryParams: [{name: a, type: Exact, value: b}, {name: a, type: Exact, value: c}]", ""),
     ROUTE + ".matches[0].queryParams[1]", "Duplicate"),
    (rule(ROOT_PATH, ""), "spec.to", "must not be empty"),
    (filters("{type: RequestRedirect}"), FILTER + ".requestRedirect", "must be defined"),
    (filters("{type: RequestHeaderModifier, requestHeaderModifier: {}}"),
     FILTER + ".requestHeaderModifier", "must have at least one defined: set, add, remove"),
    (filters("{type: URLRewrite, urlRewrite: {hostname: 1.2.3.004}}"),
     FILTER + ".urlRewrite.hostname", "should match"),
    (filters("{type: URLRewrite, urlRewrite: {hostname: a, hostToBackendHostname: true}}"),
     FILTER + ".urlRewrite.hostToBackendHostname", "cannot be set together with hostname"),
    (filters("{type: RequestMirror, requestMirror: {backendRef: {kind: MeshExternalService, "
             "name: a}}}"), FILTER + ".requestMirror.backendRef.kind", "Unsupported"),
    (rule("method: GET", "backendRefs: [{kind: MeshService, name: a}], filters: [{type: "
          "URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]"),
     None,
     FILTER + '.urlRewrite.path" must not validate'),
    (backends("{kind: Mesh}"), BACKEND + ".kind", "Unsupported"),
    (backends("{kind: MeshService}"), BACKEND + ".name", "Required"),
    (backends("{kind: MeshService, name: a/b}"), BACKEND + ".name", "should match"),
    (backends("{kind: MeshService, name: a, labels: {a: b}}"), BACKEND + ".labels", "Too many"),
    (backends("{kind: MeshServiceSubset, labels: {a: b}}"), BACKEND + ".name", "Required"),
    (backends("{kind: MeshService, name: a, tags: {a: b}}"), BACKEND + ".tags", "Too many"),
    (backends("{kind: MeshExternalService, name: a, sectionName: b}"), BACKEND + ".sectionName",
     "Too long"),
    (backends("{kind: MeshMultiZoneService, name: a}"), BACKEND + ".port", "Required"),
    (("MeshHTTPRoute", "to: [{targetRef: {kind: Mesh}, rules: []}]"), "spec.to", UNSUPPORTED),
    (("MeshHTTPRoute", "to: [{targetRef: {kind: MeshService, name: a}, hostnames: [a], rules: "
      "[]}]"), "spec.to", "must not be defined"),
    (("MeshHTTPRoute", "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [{%s}], "
      "default: {filters: [{type: URLRewrite, urlRewrite: {hostToBackendHostname: true}}]}}]}]"
      % ROOT_PATH), "spec.to", "can only be set with MeshGateway"),
    (("MeshTCPRoute", "to: [{targetRef: {kind: MeshService, name: a}, rules: [{default: {}}]}]"),
     ROUTE + ".default.backendRefs", "must be defined"),
    (("MeshTCPRoute", "to: [{targetRef: {kind: MeshService, name: a}, rules: [{default: "
      "{backendRefs: [{kind: Mesh}, {kind: MeshService, name: a, mesh: b}]}}]}]"),
     BACKEND + ".kind", UNSUPPORTED),
    (("MeshMetric", "targetRef: {kind: MeshService, name: A}"), "spec.targetRef.name",
     "invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'."),
    (("MeshMetric", "targetRef: {kind: MeshGateway}"), "spec.targetRef.name",
     "must be set with kind MeshGateway"),
    (("MeshMetric", "targetRef: {kind: MeshHTTPRoute, name: a}"), "spec.targetRef.kind",
     UNSUPPORTED),
    (("MeshMetric", "targetRef: {kind: Mesh, proxyTypes: []}"), "spec.targetRef.proxyTypes",
     "must be undefined or have at least one element"),
    (("MeshMetric", "targetRef: {kind: MeshSubset, tags: {a: '*'}}"), "spec.targetRef.tags",
     "tag value must consist of alphanumeric characters, dots, dashes and underscores"),
    (("MeshTrace", "targetRef: {kind: MeshGateway, name: a, tags: {a: b}}"), "spec.targetRef.tags",
     "must not be set with kind MeshGateway"),
    (timeout(""), "spec", "at least one of 'from', 'to' or 'rules' has to be defined"),
    (timeout(TO_MESH + ", rules: [{}]"), "spec",
     "fields 'to' and 'from' must be empty when 'rules' is defined"),
    (timeout("targetRef: {kind: MeshGateway, name: g}, to: [{targetRef: {kind: MeshService, name: "
             "a}}]"), "spec.to", UNSUPPORTED),
    (timeout("targetRef: {kind: Dataplane, name: a, sectionName: b}, " + TO_MESH),
     "spec.targetRef.sectionName", "can only be used with inbound policies"),
    (("MeshRateLimit", "from: [{targetRef: {kind: Mesh}}]"), "spec.from",
     "must not be defined when the scope includes a Gateway"),
    (("MeshFaultInjection", "targetRef: {kind: MeshService, name: a}, " + TO_MESH), "spec.to",
     "must not be defined"),
    (("MeshRetry", "to: []"), "spec.to", "needs at least one item"),
    (("MeshTLS", "from: [{targetRef: {kind: Mesh}}], rules: [{}]"), "spec",
     "field 'from' must be empty when 'rules' is defined"),
    (("MeshCircuitBreaker", "targetRef: {kind: MeshGateway, name: g}, to: [{targetRef: {kind: "
      "MeshExternalService, name: a}}]"), "spec.to", "only allowed with targetRef.kind: Mesh"),
    (("MeshMultiZoneService", "selector: {meshService: {matchLabels: {}}}, ports: [{port: 1}]"),
     "spec.selector.meshService.matchLabels", "cannot be empty"),
    (("MeshMultiZoneService", "selector: {meshService: {matchLabels: {a: b}}}"), "spec.ports",
     "cannot be empty"),
    (("MeshMultiZoneService", "selector: {meshService: {matchLabels: {a: b}}}, ports: [{port: 1, "
      "appProtocol: mysql}]"), "spec.ports[0].appProtocol",
     "appProtocol must be one of: grpc, http, http2, kafka, tcp"),
    (("MeshExternalService", "match: {port: 1}, endpoints: [{address: a b, port: 1}]"),
     "spec.endpoints", "address has to be a valid IP or hostname"),
    (("MeshExternalService", "match: {port: 1}, endpoints: [{address: '1::2::3', port: 1}]"),
     "spec.endpoints", "address has to be a valid IP or hostname"),
    (("MeshExternalService", "match: {port: 1}, tls: {verification: {serverName: 1.2.3.4}}"),
     "spec.tls.verification.serverName", "must be a valid DNS name"),
    (("MeshExternalService", "match: {port: 1}, tls: {verification: {clientCert: {secret: a}}}"),
     "spec.tls.verification.clientKey", "must be defined when clientCert is defined"),
    (("MeshExternalService", "match: {port: 1}, tls: {version: {min: TLS13, max: TLS12}}"),
     "spec.tls.version.min", "min version must be lower than max"),
    (("MeshExternalService", "match: {port: 1}, extension: {type: ''}"), "spec.extension.type",
     "must not be empty"),
    (("Timeout", "sources: [{match: {a: b c}}]"), "spec.sources[0].match",
     "tag value must consist of alphanumeric characters, dots, dashes, slashes and underscores"),
]


@pytest.mark.parametrize("object_, path, words", REFUSED, ids=lambda value: str(value)[:60])
def test_what_kuma_refuses_is_refused(mesh, object_, path, words):
    kind, spec = object_
    head = {"apiVersion": "kuma.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}}
    document = {**head, "spec": yaml.safe_load("{%s}" % spec)}
    done = mesh("create", "--dry-run=server", "-f", "-", stdin=json.dumps(document), check=False)
    assert done.returncode != 0
    assert path is None or f"{path}: " in done.stderr, done.stderr
    assert words in done.stderr, done.stderr
