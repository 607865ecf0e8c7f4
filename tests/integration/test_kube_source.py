"""The source of an API server: kinds that come and go, and one key for each object."""
import base64

import pytest

from harness.waiting import until

KUMA = "/apis/kuma.io/v1alpha1"
SECRETS = "/api/v1/namespaces/x/secrets"
CORE = [SECRETS, "/api/v1/services", "/api/v1/pods", "/apis/discovery.k8s.io/v1/endpointslices"]
PLURALS = ["meshgateways", "meshgatewayroutes", "meshgatewayinstances"]
REMEDY = "kubectl apply --server-side --force-conflicts -f crds/"
VALUE = base64.b64encode(b"value").decode()


def install(server, *plurals, status=True):
    """Definitions, with or without a status subresource."""
    for plural in plurals:
        server.kind(f"{KUMA}/{plural}", status)


@pytest.fixture(name="server")
def fixture_server(cluster):
    server = cluster.start()
    for path in CORE:
        server.kind(path)
    return server


def put_gateway(server, name):
    server.put(f"{KUMA}/meshgateways", name, metadata={"namespace": ""}, kind="MeshGateway",
               apiVersion="kuma.io/v1alpha1", mesh="default",
               spec={"selectors": [{"match": {"kuma.io/service": "edge"}}],
                     "conf": {"listeners": [{"port": 80, "protocol": "HTTP"}]}})


def put_secret(server, name, **labels):
    server.put(SECRETS, name, metadata={"labels": labels}, type="system.kuma.io/secret",
               data={"value": VALUE})


def put_tls(server, name):
    server.put(SECRETS, name, type="kubernetes.io/tls",
               data={"tls.crt": VALUE, "tls.key": VALUE})


def test_everything_is_there(cluster, server):
    install(server, *PLURALS)
    put_gateway(server, "edge")
    put_secret(server, "a")
    put_tls(server, "b")
    server.put(SECRETS, "token", type="kubernetes.io/service-account-token", data={})
    server.put("/api/v1/services", "web", spec={"ports": [{"port": 80}]})
    server.put("/api/v1/pods", "web-1", spec={"much": "x"})
    server.put("/apis/discovery.k8s.io/v1/endpointslices", "web-1", addressType="IPv4",
               endpoints=[], ports=[], metadata={"labels": {"kubernetes.io/service-name": "web"}})
    source = cluster.source()
    source.wait_line("settled")
    before = source.lines[:source.lines.index("settled")]
    assert {line for line in before if line.startswith("apply ")} == {
        "apply MeshGateway default/edge", "apply Secret default/a", "apply Secret default/b",
        "apply Service /web.x", "apply Pod default/web-1.x", "apply EndpointSlice /web-1.x"}
    assert not any("without status" in line for line in source.lines)
    put_secret(server, "c")
    source.wait_line("apply Secret default/c")
    until(lambda: source.lines.count("settled") == 2, "settled again")
    assert len(server.connections) == 1


def test_missing_definitions_do_not_hold_it_up(cluster, server):
    source = cluster.source()
    source.wait_line("settled")
    for kind in ("MeshGateway", "MeshGatewayRoute", "MeshGatewayInstance"):
        line = source.wait_line(f"kind {kind} absent: the CustomResourceDefinition")
        assert line.endswith(REMEDY)
    install(server, *PLURALS)
    put_gateway(server, "edge")
    source.wait_line("apply MeshGateway default/edge")
    source.wait_line("kind MeshGateway ready: ")


def test_a_status_subresource_that_comes_later(cluster, server):
    install(server, *PLURALS, status=False)
    source = cluster.source()
    line = source.wait_line("kind MeshGateway ready without status: the CustomResourceDefinition "
                            "meshgateways.kuma.io has no status subresource")
    assert line.endswith(REMEDY)
    install(server, *PLURALS)
    since = len(source.lines)
    for kind in ("MeshGateway", "MeshGatewayRoute", "MeshGatewayInstance"):
        source.wait_line(f"kind {kind} ready: ", since)


def test_settled_waits_for_every_kind_that_is_there(cluster, server):
    async def refuse(faulty, _, answer):
        await faulty.reply(answer, 403, {"kind": "Status", "code": 403, "reason": "Forbidden",
                                         "message": "pods is forbidden"})

    server.next("list", refuse, path="/api/v1/pods")
    source = cluster.source()
    source.wait_line("kind Pod failing: Forbidden (status 403): pods is forbidden: the roles of "
                     "the chart allow it")
    assert "settled" not in source.lines
    source.wait_line("kind Pod ready")
    source.wait_line("settled")


def test_a_secret_of_another_type(cluster, server):
    put_secret(server, "a")
    source = cluster.source()
    source.wait_line("settled")
    for _ in range(10):
        server.remove(SECRETS, "a")
        put_tls(server, "a")
        server.remove(SECRETS, "a")
        put_secret(server, "a")
    server.remove(SECRETS, "a")
    put_tls(server, "a")
    put_tls(server, "end")
    source.wait_line("apply Secret default/end")

    def known():
        state = None
        for line in source.lines:
            if line.endswith(" Secret default/a"):
                state = line.split()[0]
        return state
    until(lambda: known() == "apply", "the Secret is there")


def test_a_secret_that_moves_to_another_mesh(cluster, server):
    put_secret(server, "a")
    source = cluster.source()
    source.wait_line("settled")
    put_secret(server, "a", **{"kuma.io/mesh": "other"})
    source.wait_line("remove Secret default/a")
    source.wait_line("apply Secret other/a")
