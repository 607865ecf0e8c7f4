"""What is in the cluster: a gateway of one pod, two back ends that the changed route turns to and
fro, and any number of other routes to Services whose endpoints are made up."""

NAMESPACE = "default"
PORT = 8080
SERVICES = 20
ENDPOINTS_PER_SERVICE = 100
BACKENDS = ("a", "b")
FLIP = "flip"

KUMA = "/apis/kuma.io/v1alpha1"
ROUTES = f"{KUMA}/meshgatewayroutes"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"

_NAMED = {"namespace": NAMESPACE, "labels": {"kuma.io/mesh": "default"}}
_RESTRICTED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
               "runAsNonRoot": True, "runAsUser": 65532, "capabilities": {"drop": ["ALL"]},
               "seccompProfile": {"type": "RuntimeDefault"}}


def instance():
    return f"{KUMA}/namespaces/{NAMESPACE}/meshgatewayinstances", {
        "apiVersion": "kuma.io/v1alpha1", "kind": "MeshGatewayInstance",
        "metadata": {"name": "bench", **_NAMED},
        "spec": {"replicas": 1, "serviceType": "ClusterIP"}}


def gateway():
    return f"{KUMA}/meshgateways", {
        "apiVersion": "kuma.io/v1alpha1", "kind": "MeshGateway", "mesh": "default",
        "metadata": {"name": "bench"},
        "spec": {"selectors": [{"match": {"kuma.io/service": f"bench_{NAMESPACE}_svc"}}],
                 "conf": {"listeners": [{"port": PORT, "protocol": "HTTP"}]}}}


def route_spec(path, service):
    """Sends the requests below `path` to that Service."""
    rule = {"matches": [{"path": {"match": "PREFIX", "value": path}}],
            "backends": [{"destination": {"kuma.io/service": f"{service}_{NAMESPACE}_svc_80"}}]}
    return {"selectors": [{"match": {"kuma.io/service": f"bench_{NAMESPACE}_svc"}}],
            "conf": {"http": {"rules": [rule]}}}


def route(name, path, service):
    return ROUTES, {"apiVersion": "kuma.io/v1alpha1", "kind": "MeshGatewayRoute",
                    "mesh": "default", "metadata": {"name": name},
                    "spec": route_spec(path, service)}


def flip():
    """The route that changes."""
    return route(FLIP, "/who", BACKENDS[0])


def flip_to(service):
    """A merge patch."""
    return {"spec": route_spec("/who", service)}


def other_route(number):
    return route(f"r{number}", f"/r{number}", f"s{number % SERVICES}")


def backend(name):
    """A Service and the pod behind it, whose answers begin with its name."""
    port = 8000
    container = {"name": "main", "image": "traefik/whoami:v1.11",
                 "args": [f"--name={name}", f"--port={port}"], "securityContext": _RESTRICTED,
                 "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 1}}
    yield PODS, {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"name": name, "labels": {"app": name}},
                 "spec": {"containers": [container], "terminationGracePeriodSeconds": 0}}
    yield _service(name, {"selector": {"app": name}}, target=port)


def made_up(number):
    """A Service of nobody, and its endpoints, at which nobody listens."""
    name = f"s{number}"
    yield _service(name, {}, target=80)
    endpoints = [{"addresses": [f"10.99.{number}.{host + 1}"], "conditions": {"ready": True}}
                 for host in range(ENDPOINTS_PER_SERVICE)]
    yield f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices", {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-bench", "labels": {
            "kubernetes.io/service-name": name,
            "endpointslice.kubernetes.io/managed-by": "bench.otemon"}},
        "addressType": "IPv4", "endpoints": endpoints,
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}]}


def _service(name, spec, target):
    return f"/api/v1/namespaces/{NAMESPACE}/services", {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"ports": [{"port": 80, "targetPort": target}], **spec}}
