"""The definitions, in a real API server: over nothing, and over those that Kuma left behind."""
import json
import pathlib

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
CRDS = HERE.parents[1] / "crds"
KUMAS_CRDS = HERE / "manifests/kuma-2.12-crds.yaml"
KUMAS_OBJECTS = HERE / "manifests/kuma-2.12-objects.yaml"
REPLACE = ("apply", "--server-side", "--force-conflicts", "-f", CRDS)
KINDS = ("meshgateways", "meshgatewayroutes", "meshgatewayinstances")


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def get(kubectl, kind, name=None):
    what = [kind] if name is None else [kind, name]
    return json.loads(kubectl("get", *what, "-n", "default", "-o", "json").stdout)


def establish(kubectl, *command):
    kubectl(*command)
    names = [f"crd/{kind}.kuma.io" for kind in KINDS]
    kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)


def assert_stored_as_written(kubectl):
    for document in documents(KUMAS_OBJECTS):
        kind = document["kind"].lower() + "s"
        stored = get(kubectl, kind, document["metadata"]["name"])
        assert stored["spec"] == document["spec"], kind
        assert stored.get("mesh") == document.get("mesh")


def kumas(kubectl):
    """Definitions as Kuma left them, whatever was there."""
    manager = "--field-manager=kuma"
    establish(kubectl, "apply", "--server-side", "--force-conflicts", manager, "-f", KUMAS_CRDS)
    versions = get(kubectl, "crd", "meshgateways.kuma.io")["spec"]["versions"]
    assert "subresources" not in versions[0]


def replaced(kubectl):
    """Kuma's definitions with objects, then ours over them."""
    kumas(kubectl)
    kubectl("apply", "-f", KUMAS_OBJECTS)
    versions = {
        item["metadata"]["uid"]: item["metadata"]["resourceVersion"]
        for kind in KINDS
        for item in get(kubectl, kind)["items"]
    }
    establish(kubectl, *REPLACE)
    return versions


def test_they_are_structural(kubectl):
    establish(kubectl, *REPLACE)
    for kind in KINDS:
        conditions = get(kubectl, "crd", f"{kind}.kuma.io")["status"]["conditions"]
        assert {c["type"]: c["status"] for c in conditions} == {
            "NamesAccepted": "True",
            "Established": "True",
        }


def test_manifests_of_kuma_apply_unchanged(kubectl):
    establish(kubectl, *REPLACE)
    done = kubectl("apply", "--validate=strict", "-f", KUMAS_OBJECTS)
    assert "Warning" not in done.stderr
    assert_stored_as_written(kubectl)


def test_over_those_that_kuma_left_behind(kubectl):
    versions = replaced(kubectl)
    assert_stored_as_written(kubectl)
    for kind in KINDS:
        definition = get(kubectl, "crd", f"{kind}.kuma.io")
        assert definition["spec"]["versions"][0]["subresources"] == {"status": {}}
        for item in get(kubectl, kind)["items"]:
            assert versions[item["metadata"]["uid"]] == item["metadata"]["resourceVersion"]
    # A second time changes nothing.
    before = get(kubectl, "crd", "meshgateways.kuma.io")["metadata"]["resourceVersion"]
    establish(kubectl, *REPLACE)
    assert get(kubectl, "crd", "meshgateways.kuma.io")["metadata"]["resourceVersion"] == before


def condition(kind, value, reason, message):
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": "2026-11-24T03:50:19Z",
    }


GATEWAY_STATUS = {
    "conditions": [
        condition("Accepted", "True", "Accepted", ""),
        condition("Programmed", "False", "Invalid", "proxy edge/front-1: no"),
        condition("ResolvedRefs", "True", "ResolvedRefs", ""),
    ],
    "listeners": [
        {
            "port": 8443,
            "protocol": "HTTPS",
            "hostname": "foo.example.com",
            "attachedRoutes": 2,
            "conditions": [condition("Conflicted", "False", "NoConflicts", "")],
            "certificates": [
                {
                    "fingerprint": "00" * 32,
                    "keyType": "RSA",
                    "dnsNames": ["foo.example.com"],
                    "notBefore": "2026-11-24T03:50:19Z",
                    "notAfter": "2036-11-24T03:50:19Z",
                }
            ],
        }
    ]
    * 2,  # equal entries have to be possible
    "proxies": {"ready": 3, "programmed": 2},
}
ROUTE_STATUS = {
    "conditions": [
        condition("Accepted", "True", "Accepted", ""),
        condition("Programmed", "True", "Programmed", "3/3 proxies"),
        condition("ResolvedRefs", "False", "BackendNotFound", ""),
    ],
    "parents": [
        {"gateway": "front", "attachedListeners": 2, "conditions": []},
        {
            "gateway": "front",
            "attachedListeners": 0,
            "conditions": [condition("Accepted", "False", "NoMatchingParent", "")],
        },
    ],
}
INSTANCE_STATUS = {
    "conditions": [condition("Ready", "True", "Ready", "")],
    "addresses": [{"type": "IPAddress", "value": "192.0.2.7"}],
    "loadBalancer": {
        "ingress": [
            {"ip": "192.0.2.7", "ipMode": "VIP", "ports": [{"port": 80, "protocol": "TCP"}]}
        ]
    },
}


def write_status(kubectl, document, status, check=True):
    body = {key: document[key] for key in ("apiVersion", "kind")}
    metadata = document["metadata"]
    body["metadata"] = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    body["status"] = status
    return kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=otemon-operator-status",
        "--subresource=status",
        "-f",
        "-",
        stdin=json.dumps(body),
        check=check,
    )


def first_of(kind):
    return next(document for document in documents(KUMAS_OBJECTS) if document["kind"] == kind)


CASES = {
    "MeshGateway": (GATEWAY_STATUS, ["NAME", "MESH", "PROGRAMMED", "REASON", "PROXIES", "AGE"]),
    "MeshGatewayRoute": (
        ROUTE_STATUS,
        ["NAME", "MESH", "ACCEPTED", "RESOLVED", "PROGRAMMED", "REASON", "AGE"],
    ),
    "MeshGatewayInstance": (
        INSTANCE_STATUS,
        ["NAME", "READY", "REASON", "ADDRESS", "TYPE", "REPLICAS", "AGE"],
    ),
}
ROWS = {
    "MeshGateway": ["page-one-listener", "default", "False", "Invalid", "2"],
    "MeshGatewayRoute": ["everything", "shop", "True", "False", "True", "Programmed"],
    "MeshGatewayInstance": ["front", "True", "Ready", "192.0.2.7", "ClusterIP", "3"],
}


@pytest.mark.parametrize("kind", CASES)
def test_status_is_taken_and_reads_well(kubectl, kind):
    replaced(kubectl)
    document = first_of(kind)
    status, header = CASES[kind]
    name = document["metadata"]["name"]
    plural = kind.lower() + "s"
    before = get(kubectl, plural, name)
    write_status(kubectl, document, status)
    after = get(kubectl, plural, name)
    assert after["status"] == status
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]

    lines = kubectl("get", plural, name, "-n", "default").stdout.splitlines()
    assert lines[0].split() == header
    assert lines[1].split()[:-1] == ROWS[kind]

    # An equal status is no change.
    write_status(kubectl, document, status)
    again = get(kubectl, plural, name)["metadata"]
    assert again["resourceVersion"] == after["metadata"]["resourceVersion"]

    refused = write_status(kubectl, document, {"nobodyKnows": 1}, check=False)
    assert refused.returncode != 0 and "nobodyKnows" in refused.stderr


def test_conditions_can_be_waited_for(kubectl):
    replaced(kubectl)
    document = first_of("MeshGatewayRoute")
    write_status(kubectl, document, ROUTE_STATUS)
    wait = ("wait", "--timeout=5s", "meshgatewayroute/everything")
    kubectl(*wait, "--for=condition=Programmed")
    kubectl(*wait, "--for=condition=ResolvedRefs=false")


def test_what_is_open_and_what_is_not(kubectl):
    establish(kubectl, *REPLACE)
    head = "apiVersion: kuma.io/v1alpha1\nmetadata: {name: x, namespace: default}\n"
    instance = head + "kind: MeshGatewayInstance\n"
    for spec in ("{replicas: 0}", "{serviceType: External}", "{resources: {limits: {cpu: lots}}}"):
        done = kubectl("apply", "-f", "-", stdin=f"{instance}spec: {spec}\n", check=False)
        assert done.returncode != 0 and "spec." in done.stderr, spec
    # Legacy kinds keep what nobody knows, and are as lenient as Kuma; no more than that.
    gateway = "apiVersion: kuma.io/v1alpha1\nkind: MeshGateway\nmesh: m\nmetadata: {name: x}\n"
    for spec in ("[]", "1", "{conf: no}", "null", "{}", "{selectors: [null], conf: {}}"):
        done = kubectl("apply", "-f", "-", stdin=f"{gateway}spec: {spec}\n", check=False)
        assert done.returncode != 0 and "spec" in done.stderr, spec
    for listener in (
        "{port: '80', protocol: 4, tls: null, tags: null, nobodyKnows: 1}",
        "{port: 80, protocol: 2}",
        "{port: 443, protocol: TLS}",
        "{port: 80, protocol: HTTP, tags: {kuma.io/service: b}}",
        "{port: 80, protocol: HTTP, resources: {connection_limit: '9'}}",
    ):
        spec = f"{{selectors: [{{match: {{kuma.io/service: a}}}}], conf: {{listeners: [{listener}]"
        kubectl("apply", "-f", "-", stdin=f"{gateway}spec: {spec}}}}}\n")


def test_names_of_kuma_work(kubectl):
    replaced(kubectl)
    assert kubectl("get", "mgw", "-o", "name").stdout.count("meshgateway.kuma.io/") == 4
    everything = kubectl("get", "kuma", "-A", "-o", "name").stdout
    for kind in ("meshgateway", "meshgatewayroute", "meshgatewayinstance"):
        assert f"{kind}.kuma.io/" in everything


# What a person reads of a wrong manifest: spec.<path>: <what is wrong>.
REFUSED = {
    "conf.listeners[0].port: Invalid value: 0: port must be in the range [1, 65535]": (
        "{port: 0, protocol: HTTP}"
    ),
    "conf.listeners[0].protocol: Invalid value: cannot be empty": "{port: 80}",
    "conf.listeners[0].protocol in body should match '^(NONE|TCP|TLS|HTTP|HTTPS)$'": (
        "{port: 80, protocol: http}"
    ),
    "conf.listeners[0].tls: Invalid value: cannot be empty": "{port: 443, protocol: HTTPS}",
    "conf.listeners[0].hostname: Invalid value: \"A.test\": invalid hostname": (
        "{port: 80, protocol: HTTP, hostname: A.test}"
    ),
    "conf.listeners: Invalid value: protocol conflicts with other listeners on this port": (
        "{port: 80, protocol: HTTP}, {port: 80, protocol: TCP, hostname: b}"
    ),
    "conf.listeners: Invalid value: multiple listeners for hostname on this port": (
        "{port: 80, protocol: HTTP}, {port: 80, protocol: HTTP, hostname: '*'}"
    ),
    "conf.listeners[0].tags: Invalid value: tag name must not be \"kuma.io/zone\"": (
        "{port: 80, protocol: HTTP, tags: {kuma.io/zone: a}}"
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_kuma_refused_is_refused_in_its_words(kubectl, message):
    establish(kubectl, *REPLACE)
    manifest = {
        "apiVersion": "kuma.io/v1alpha1",
        "kind": "MeshGateway",
        "mesh": "default",
        "metadata": {"name": "x"},
        "spec": {
            "selectors": [{"match": {"kuma.io/service": "a"}}],
            "conf": {"listeners": yaml.safe_load(f"[{REFUSED[message]}]")},
        },
    }
    done = kubectl("apply", "-f", "-", stdin=json.dumps(manifest), check=False)
    assert done.returncode != 0
    assert f"spec.{message}" in done.stderr


def largest_route():
    """A route with as many rules as there may be, and then all the rest of what a request holds."""
    match = {"path": {"match": "PREFIX", "value": "/a"}, "headers": [{"name": "a", "value": "b"}]}
    rule = {
        "matches": [match] * 4,
        "filters": [{"requestHeader": {"set": [{"name": "a", "value": "b"}]}}] * 2,
        "backends": [{"weight": 1, "destination": {"kuma.io/service": "a"}}] * 4,
    }
    return {
        "apiVersion": "kuma.io/v1alpha1",
        "kind": "MeshGatewayRoute",
        "mesh": "default",
        "metadata": {"name": "largest"},
        "spec": {
            "selectors": [{"match": {"kuma.io/service": "a"}}],
            "conf": {"http": {"rules": [rule] * 1024}},
        },
    }


def test_the_rules_have_time_for_the_largest_objects(kubectl):
    establish(kubectl, *REPLACE)
    route = json.dumps(largest_route())
    assert 700_000 < len(route) < 1_500_000
    kubectl("create", "-f", "-", stdin=route)
    listener = {"protocol": "HTTP", "tags": {f"t{i}": "v" * 30 for i in range(20)}}
    listeners = [{**listener, "port": i + 1, "hostname": f"h{i}.test"} for i in range(1024)]
    gateway = {
        **largest_route(),
        "kind": "MeshGateway",
        "spec": {
            "selectors": [{"match": {"kuma.io/service": "a"}}],
            "conf": {"listeners": listeners},
        },
    }
    kubectl("create", "-f", "-", stdin=json.dumps(gateway))
