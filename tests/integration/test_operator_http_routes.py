"""MeshHTTPRoutes in a cluster: served, and told so."""
import pytest

from harness.backend import says
from harness.stage import GATEWAY, KUMA, ROUTE
from harness.waiting import until

HTTP_ROUTES = f"{KUMA}/namespaces/edge/meshhttproutes"
SERVICES = f"{KUMA}/namespaces/edge/meshservices"
ROUTE_PATH = f"{HTTP_ROUTES}/newer"


def put_route(server, *backends, name="edge"):
    spec = {"targetRef": {"kind": "MeshGateway", "name": name}, "to": [{
        "targetRef": {"kind": "Mesh"},
        "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                   "default": {"backendRefs": list(backends)}}]}]}
    server.put(HTTP_ROUTES, "newer", apiVersion="kuma.io/v1alpha1", kind="MeshHTTPRoute",
               metadata={}, spec=spec)


OTHER = {"kind": "MeshService", "name": "other_edge_svc_80"}


@pytest.fixture(name="begun")
def fixture_begun(stage, backend):
    stage.server.kind(HTTP_ROUTES)
    stage.server.kind(SERVICES)
    stage.begin(backend(says("web")))
    stage.back_end(backend(says("other")).port, name="other")
    return stage


def test_it_becomes_programmed_and_is_served(begun, curl):
    put_route(begun.server, OTHER)
    begun.wait_said(ROUTE_PATH, "Programmed", "True")
    assert begun.is_said(ROUTE_PATH, "Accepted", "True", "Accepted")
    assert curl(f"http://127.0.0.1:{begun.port}/").body == "other"
    parent, = begun.server.find(ROUTE_PATH)["status"]["parents"]
    assert parent["gateway"] == "edge" and parent["attachedListeners"] == 1
    # The MeshGatewayRoute has lost its listener.
    said = begun.wait_said(ROUTE, "Accepted", "False", "NotAllowedByListeners")
    assert "MeshHTTPRoute newer.edge serves it" in said["message"]
    listener, = begun.server.find(GATEWAY)["status"]["listeners"]
    assert listener["attachedRoutes"] == 1
    begun.server.remove(HTTP_ROUTES, "newer")
    begun.wait_said(ROUTE, "Programmed", "True")
    assert curl(f"http://127.0.0.1:{begun.port}/").body == "web"


def test_a_mesh_service_of_kuma(begun, curl):
    put_route(begun.server, {"kind": "MeshService", "name": "other", "port": 80})
    said = begun.wait_said(ROUTE_PATH, "ResolvedRefs", "False", "BackendNotFound")
    assert "there is no MeshService other in namespace edge" in said["message"]
    until(lambda: curl(f"http://127.0.0.1:{begun.port}/").status == 500, "it answers 500")
    begun.server.put(SERVICES, "other", apiVersion="kuma.io/v1alpha1", kind="MeshService",
                     metadata={"labels": {"kuma.io/managed-by": "k8s-controller",
                                          "k8s.kuma.io/service-name": "other"}},
                     spec={"ports": [{"port": 80, "targetPort": 8080}]})
    begun.wait_said(ROUTE_PATH, "ResolvedRefs", "True")
    until(lambda: curl(f"http://127.0.0.1:{begun.port}/").body == "other", "it is served")


def test_one_for_nobody(begun):
    put_route(begun.server, OTHER, name="egde")
    said = begun.wait_said(ROUTE_PATH, "Accepted", "False", "NoMatchingParent")
    assert said["message"].startswith("spec.targetRef: attaches to no listener")
    assert begun.is_said(ROUTE, "Programmed", "True")
