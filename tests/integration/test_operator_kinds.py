"""What the operator says of kinds that are no gateways: each object that has a status learns what
became of it, whoever has installed its definition."""
import ssl
import time

import pytest

from harness import certificates, golden
from harness.backend import Backend, says
from harness.stage import CLUSTER, GATEWAY, KUMA, ROUTE, kuma, rule
from harness.waiting import until
from harness.wire import ask

TIMEOUTS = f"{KUMA}/namespaces/edge/meshtimeouts"
SERVICES = f"{KUMA}/externalservices"
MESHES = f"{KUMA}/meshes"
HTTP_ROUTES = f"{KUMA}/namespaces/edge/meshhttproutes"
TIMEOUT, SERVICE, MESH = f"{TIMEOUTS}/slow", f"{SERVICES}/bank", f"{MESHES}/default"

EXTERNAL = {"networking": {"address": "bank.example.com:443"}, "tags": {"kuma.io/service": "bank"}}


def newer(kind, spec, **metadata):
    return {"apiVersion": "kuma.io/v1alpha1", "kind": kind, "spec": spec, "metadata": metadata}


def put_timeout(server, target="Mesh", **metadata):
    to = {"targetRef": {"kind": "Mesh"}, "default": {"idleTimeout": "5s"}}
    server.put(TIMEOUTS, "slow", **newer("MeshTimeout", {"targetRef": {"kind": target},
                                                         "to": [to]}, **metadata))


def pem(name):
    return (golden.CERTIFICATES / name).read_text(encoding="ascii")


def put_service(server, spec):
    server.put(SERVICES, "bank", **kuma("ExternalService", spec), metadata=CLUSTER)


@pytest.fixture(name="begun")
def fixture_begun(stage, backend):
    """Everything is served, and the other kinds are there."""
    for path in (TIMEOUTS, SERVICES, MESHES, HTTP_ROUTES):
        stage.server.kind(path)
    stage.begin(backend())
    return stage


def test_what_has_no_effect_yet_says_so(begun):
    put_timeout(begun.server)
    said = begun.wait_said(TIMEOUT, "Programmed", "False", "UnsupportedValue")
    assert said["message"] == "MeshTimeout is not served yet: it has no effect"
    assert begun.is_said(TIMEOUT, "Accepted", "True", "Accepted")


def test_an_external_service_is_told_why_it_is_not_reached(begun):
    put_service(begun.server, {**EXTERNAL, "networking": {
        **EXTERNAL["networking"], "tls": {"enabled": True, "caCert": {"secret": "authorities"}}}})
    said = begun.wait_said(SERVICE, "Programmed", "False", "InvalidCertificateRef")
    assert said["message"].startswith("networking.tls.caCert: there is no secret \"authorities\" "
                                      "in mesh default; create a Secret")
    assert begun.is_said(SERVICE, "Accepted", "True", "Accepted")
    put_service(begun.server, EXTERNAL)
    until(lambda: begun.condition(SERVICE, "Programmed") == {}, "its condition is gone")


def test_who_trusts_anybody_is_told_where_it_is_seen(begun):
    put_service(begun.server, {**EXTERNAL, "networking": {
        **EXTERNAL["networking"], "tls": {"enabled": True}}})
    said = begun.wait_said(SERVICE, "Accepted", "True", "Accepted")
    assert said["message"].startswith("networking.tls: nothing is verified without caCert: ")


def test_secrets_of_an_external_service(begun):
    """Its Secrets come, and requests go to it with TLS; one changes, and they go on by it."""
    tls = certificates.serving(golden.CERTIFICATES / "upstream.pem")
    tls.load_verify_locations(golden.CERTIFICATES / "upstream-ca.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    bank = Backend(says("of the bank"), tls=tls)
    put_service(begun.server, {"tags": {"kuma.io/service": "bank"}, "networking": {
        "address": f"127.0.0.1:{bank.port}",
        "tls": {"enabled": True, "caCert": {"secret": "authorities"},
                "clientCert": {"secret": "certificate"}, "clientKey": {"secret": "key"}}}})
    begun.route(rule("/", {"bank": 1}))
    begun.wait_said(SERVICE, "Programmed", "False", "InvalidCertificateRef")
    assert ask(begun.port).status == 503
    begun.secret("authorities", pem("upstream-ca.pem"))
    begun.secret("certificate", pem("gateway-cert.pem"))
    begun.secret("key", pem("gateway-key.pem"))
    until(lambda: ask(begun.port).body == b"of the bank", "it is reached")
    until(lambda: begun.condition(SERVICE, "Programmed") == {}, "its condition is gone")
    begun.secret("authorities", certificates.bundle("127.0.0.1"))
    until(lambda: ask(begun.port).status == 503, "it is not trusted any more")
    bank.close()


def test_what_is_wrong_is_said_and_mended(begun):
    put_service(begun.server, {**EXTERNAL, "networking": {"address": "bank"}})
    said = begun.wait_said(SERVICE, "Accepted", "False", "Invalid")
    assert said["message"].startswith("networking.address: unable to parse address")
    put_service(begun.server, EXTERNAL)
    begun.wait_said(SERVICE, "Accepted", "True")


def test_a_mesh_is_told_what_is_not_done(begun):
    begun.server.put(MESHES, "default", apiVersion="kuma.io/v1alpha1", kind="Mesh",
                     metadata=CLUSTER, spec={})
    begun.wait_said(MESH, "Accepted", "True")
    assert begun.condition(MESH, "Programmed") == {}
    begun.server.put(MESHES, "default", apiVersion="kuma.io/v1alpha1", kind="Mesh",
                     metadata=CLUSTER, spec={"routing": {"localityAwareLoadBalancing": True}})
    said = begun.wait_said(MESH, "Programmed", "False", "UnsupportedValue")
    assert said["message"].startswith("routing.localityAwareLoadBalancing: has no effect yet")


def test_a_label_changes_what_is_said(begun):
    """Though it raises no generation."""
    put_timeout(begun.server)
    begun.wait_said(TIMEOUT, "Programmed", "False", "UnsupportedValue")
    generation = begun.server.find(TIMEOUT)["metadata"]["generation"]
    put_timeout(begun.server, labels={"kuma.io/effect": "shadow"})
    begun.wait_said(TIMEOUT, "Programmed", "False", "Shadow")
    assert begun.server.find(TIMEOUT)["metadata"]["generation"] == generation


def test_it_is_said_once(begun):
    put_timeout(begun.server)
    begun.wait_said(TIMEOUT, "Accepted", "True")
    begun.settle()
    assert begun.writes(f"{TIMEOUT}/status") == 1
    begun.restart()
    begun.expect_quiet(begun.settle())
    assert begun.writes(f"{TIMEOUT}/status") == 1


def test_definitions_of_kuma_have_no_status(stage, backend):
    """Nothing is missed, nothing is tried, and what is served is the same."""
    stage.server.kind(TIMEOUTS, status=False)
    put_timeout(stage.server)
    stage.begin(backend())
    stage.settle()
    assert stage.writes(f"{TIMEOUT}/status") == 0
    assert "MeshTimeout" not in stage.running.get_health("/ready")[1]
    assert stage.running.said("MeshTimeout is not served yet")
    stage.server.kind(TIMEOUTS)  # ours, in the place of Kuma's
    stage.wait_said(TIMEOUT, "Accepted", "True")
    for path in (GATEWAY, ROUTE):
        assert stage.is_said(path, "Programmed", "True")


def test_kinds_that_nobody_has_cost_one_request(stage, backend):
    stage.begin(backend())
    assert {each.path for each in stage.server.seen("list") if each.path.startswith(KUMA)} == {
        f"{KUMA}/{plural}" for plural in ("meshgateways", "meshgatewayroutes",
                                          "meshgatewayinstances")}
    before = len(stage.server.requests)
    time.sleep(6)
    asked = [each.path for each in stage.server.requests[before:]]
    assert 1 <= asked.count(KUMA) <= 2 and len(asked) <= 4, asked
    stage.server.kind(TIMEOUTS)
    put_timeout(stage.server)
    until(lambda: stage.is_said(TIMEOUT, "Accepted", "True"), "a kind that came later")
