"""A cluster without nodes: the scripted API server, the real operator, real proxies as its pods.

    stage = ...                       # the fixture; kinds are installed, nothing else is there
    stage.gateway(port); stage.route(); stage.back_end(backend.port)
    operator = stage.operator()
    pod = stage.pod()                 # the object, and the token that a TokenReview knows
    proxy = stage.proxy(pod)
    stage.wait_programmed(ROUTE)

What a test may do is what a person, a controller or a kubelet does: put, edit and remove objects of
`stage.server`, start and stop programs.
"""
import json
import re
import time

from harness import ports
from harness.certificates import from_base64, to_base64
from harness.operator import Operator, Proxy
from harness.waiting import until

SYSTEM = "kuma-system"
SERVER_NAME = f"otemon-operator.{SYSTEM}.svc"
KUMA = "/apis/kuma.io/v1alpha1"
GATEWAYS, ROUTES = f"{KUMA}/meshgateways", f"{KUMA}/meshgatewayroutes"
INSTANCES = f"{KUMA}/namespaces/edge/meshgatewayinstances"
SECRETS = f"/api/v1/namespaces/{SYSTEM}/secrets"
AUTHORITY = f"{SECRETS}/otemon-authority"
SERVICES, PODS = "/api/v1/namespaces/edge/services", "/api/v1/namespaces/edge/pods"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/edge/endpointslices"
DEPLOYMENTS = "/apis/apps/v1/namespaces/edge/deployments"
CA_MAP = "/api/v1/namespaces/edge/configmaps/otemon-ca"
GATEWAY, ROUTE, INSTANCE = f"{GATEWAYS}/edge", f"{ROUTES}/all", f"{INSTANCES}/front"

BUILTIN = [SECRETS, SERVICES, PODS, SLICES, DEPLOYMENTS, CA_MAP.rsplit("/", 1)[0]]
DEFINED = [GATEWAYS, ROUTES, INSTANCES]

CLUSTER = {"namespace": ""}  # the metadata of what is in no namespace


def kuma(kind, spec):
    return {"apiVersion": "kuma.io/v1alpha1", "kind": kind, "mesh": "default", "spec": spec}


def rule(path, backends, match="PREFIX"):
    """`backends`: {tag kuma.io/service: weight}"""
    return {"matches": [{"path": {"match": match, "value": path}}],
            "backends": [{"weight": weight, "destination": {"kuma.io/service": service}}
                         for service, weight in backends.items()]}


WEB = "web_edge_svc_80"


class Pod:
    """A gateway pod as the API server knows it, with the token that its kubelet got for it."""

    def __init__(self, name, uid, token, directory):
        self.name, self.uid, self.token, self.directory = name, uid, token, directory
        directory.mkdir(exist_ok=True)
        self.write_token(token)

    def write_token(self, token):
        (self.directory / "token").write_text(token, encoding="ascii")


class Stage:
    def __init__(self, cluster):
        self.cluster, self.directory = cluster, cluster.directory
        self.server = cluster.start(token="token-of-the-operator")
        for path in BUILTIN + DEFINED:
            self.server.kind(path)
        self.feed, self.port = ports.free(), None
        self.started = []
        self.running = self.served_by = self.served_as = None
        self.keys = [self.server.token]  # what nobody may say: tokens, private keys
        self.serial = 0

    # ---- the whole ----

    def begin(self, *backends):
        """One HTTP listener and one route to these back ends, with its back ends in rotation,
        served by one proxy. Sets `port`, `running` (the operator), `served_by` (the proxy) and
        `served_as` (its pod)."""
        self.port = ports.free()
        self.gateway(self.port)
        self.route()
        self.back_end(*(each.port for each in backends))
        self.running = self.operator()
        self.served_as = self.pod()
        self.served_by = self.proxy(self.served_as)
        self.wait_programmed(GATEWAY, ROUTE)

    def restart(self):
        """The operator ends well, and another one begins; the proxy is back when this returns."""
        self.running.stop()
        self.running = self.operator()
        until(lambda: self.running.metric("otemon_operator_proxies") == 1, "the proxy is back")

    # ---- programs ----

    def operator(self, *flags, serves=True):
        """`serves`: waits until it does."""
        operator = Operator(self.cluster.kubeconfig, self.feed, SYSTEM, *flags)
        self.started.append(operator)
        if serves:
            operator.wait_ready()
        return operator

    def proxy(self, pod, *flags, ready=True):
        self.mount_ca(pod)
        proxy = Proxy(self.feed, SERVER_NAME, pod.directory, *flags)
        self.started.append(proxy)
        if ready:
            proxy.wait_ready()
        return proxy

    def mount_ca(self, pod):
        """As a kubelet does: not before it is there."""
        bundle = until(lambda: self.server.find(CA_MAP), "the ConfigMap otemon-ca")["data"]
        (pod.directory / "ca.crt").write_text(bundle["ca.crt"], encoding="ascii")

    def close(self):
        """Whatever runs has to end well, and none of it has said what is secret."""
        running = [each for each in self.started if each.process.poll() is None]
        try:
            asked = [each.get_health("/metrics")[1] + each.get_admin("/config")[1] +
                     each.get_health("/ready")[1] for each in running]
            for program in running:
                program.stop()
            self.check_secrecy(asked)
        finally:
            for program in self.started:
                program.kill()

    # ---- objects ----

    def gateway(self, *listeners, name="edge", service="edge", **metadata):
        """A listener is a port of HTTP, or the whole of it."""
        listeners = [each if isinstance(each, dict) else {"port": each, "protocol": "HTTP"}
                     for each in listeners]
        self.server.put(GATEWAYS, name, metadata={**CLUSTER, **metadata}, **kuma("MeshGateway", {
            "selectors": [{"match": {"kuma.io/service": service}}],
            "conf": {"listeners": listeners}}))

    def route(self, *rules, name="all", service="edge"):
        self.server.put(ROUTES, name, metadata=CLUSTER, **kuma("MeshGatewayRoute", {
            "selectors": [{"match": {"kuma.io/service": service}}],
            "conf": {"http": {"rules": list(rules) or [rule("/", {WEB: 1})]}}}))

    def instance(self, name="front", service="edge", **spec):
        self.server.put(INSTANCES, name, apiVersion="kuma.io/v1alpha1", kind="MeshGatewayInstance",
                        spec={"replicas": 1, "serviceType": "ClusterIP",
                              "tags": {"kuma.io/service": service}, **spec})

    def back_end(self, *endpoint_ports, name="web"):
        """A Service of port 80 whose endpoints are these ports of 127.0.0.1."""
        self.server.put(SERVICES, name, apiVersion="v1", kind="Service",
                        spec={"ports": [{"name": "http", "port": 80, "protocol": "TCP"}]})
        for index, port in enumerate(endpoint_ports):
            self.server.put(
                SLICES, f"{name}-{index}", apiVersion="discovery.k8s.io/v1", kind="EndpointSlice",
                metadata={"labels": {"kubernetes.io/service-name": name}}, addressType="IPv4",
                endpoints=[{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
                ports=[{"name": "http", "port": port, "protocol": "TCP"}])

    def pod(self, name="edge-1", service="edge", **said):
        """`said`: what the TokenReview of its token says otherwise."""
        self.serial += 1
        uid = f"uid-of-{name}-{self.serial}"
        token = f"token-of-{name}-{self.serial}"
        self.put_pod(name, uid, service)
        self.keys.append(token)
        self.server.tokens[token] = {**self.identity(name, uid), **said}
        return Pod(name, uid, token, self.directory / f"{name}-{self.serial}")

    def put_pod(self, name, uid, service, path=PODS, **metadata):
        annotations = {"kuma.io/gateway": "builtin",
                       "kuma.io/tags": json.dumps({"kuma.io/service": service})}
        self.server.put(path, name, apiVersion="v1", kind="Pod", spec={"much": "more"},
                        metadata={"uid": uid, "annotations": annotations, **metadata})

    @staticmethod
    def identity(name, uid):
        return {"authenticated": True, "audiences": ["otemon"], "user": {
            "username": "system:serviceaccount:edge:default",
            "extra": {"authentication.kubernetes.io/pod-name": [name],
                      "authentication.kubernetes.io/pod-uid": [uid]}}}

    def secret(self, name, pem):
        self.server.put(SECRETS, name, type="system.kuma.io/secret", apiVersion="v1",
                        kind="Secret", data={"value": to_base64(pem)})
        self.keys += _key_lines(pem)

    # ---- what is said ----

    def condition(self, path, kind):
        """The condition, or {}."""
        status = (self.server.find(path) or {}).get("status", {})
        return next((each for each in status.get("conditions", []) if each["type"] == kind), {})

    def is_said(self, path, kind, status, reason=None):
        """Of the object as it is now."""
        condition = self.condition(path, kind)
        generation = self.server.find(path)["metadata"]["generation"]
        return (condition.get("status") == status and reason in (None, condition["reason"]) and
                condition["observedGeneration"] == generation)

    def wait_said(self, path, kind, status, reason=None, seconds=30):
        until(lambda: self.is_said(path, kind, status, reason),
              lambda: f"{kind}={status} {reason} of {path}: {self.condition(path, kind)}\n" +
              "\n".join(program.text() for program in self.started), seconds)
        return self.condition(path, kind)

    def wait_programmed(self, *paths):
        for path in paths:
            self.wait_said(path, "Programmed", "True")

    def writes(self, ending=""):
        """How many documents were applied at paths that end so."""
        return sum(each.path.endswith(ending) for each in self.server.seen("apply"))

    def settle(self):
        """Waits until nothing is left to be written, for a while, and returns how much was."""
        def settled():
            before = self.writes()
            time.sleep(0.3)
            return (self.running.metric("otemon_operator_writes_pending") == 0 and
                    self.writes() == before)
        until(settled, "all is written")
        return self.writes()

    def expect_quiet(self, written, seconds=1):
        """Nothing more is written."""
        time.sleep(seconds)
        assert self.writes() == written, self.server.seen("apply")[written:]

    def check_secrecy(self, texts):
        """No token and no key is in these, in a log, or in what was written."""
        texts += [program.text() for program in self.started]
        written = [each for each in self.server.seen("apply") if each.path != AUTHORITY]
        texts += [each.body.decode() for each in written]
        keys = set(self.keys)
        for each in self.server.seen("apply", AUTHORITY):
            for value in json.loads(each.body)["data"].values():
                keys.update(_key_lines(from_base64(value)))
        for text in texts:
            for key in keys:
                assert key not in text, f"{key} in {text}"


def _key_lines(pem):
    """The lines of its private keys."""
    blocks = re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", pem, re.S)
    return [line for block in blocks for line in block.split("\n") if len(line) > 20]
