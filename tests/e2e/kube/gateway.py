"""A gateway before two back ends, as a person writes it down, and what there is to see of it."""
from harness import certificates, waiting
from harness.wire import Wire
from kube import manifests
from kube.chart import NAMESPACE

SITES = ("one", "two")

# How long a back end goes on serving after it was told to end: until the gateway has heard of it.
DRAIN = {"preStop": {"sleep": {"seconds": 3}}}


def host(site):
    return f"{site}.test"


def selector(name, namespace, **tags):
    return {"match": {"kuma.io/service": f"{name}_{namespace}_svc", **tags}}


def mesh_gateway(name, namespace, *listeners):
    """Listeners are trees; of every port and protocol."""
    return {"apiVersion": "kuma.io/v1alpha1", "kind": "MeshGateway", "mesh": "default",
            "metadata": {"name": name},
            "spec": {"selectors": [selector(name, namespace)], "conf": {"listeners": listeners}}}


def listener(site, secret=None):
    """Of one host name, with its tag: HTTP on port 80, with the name of a Secret HTTPS on 443."""
    made = {"port": 80, "protocol": "HTTP", "hostname": host(site), "tags": {"site": site}}
    if secret is not None:
        made |= {"port": 443, "protocol": "HTTPS",
                 "tls": {"mode": "TERMINATE", "certificates": [{"secret": secret}]}}
    return made


def rule(backend, namespace, path="/", match="PREFIX"):
    return {"matches": [{"path": {"match": match, "value": path}}],
            "backends": [{"weight": 1, "destination": {
                "kuma.io/service": f"{backend}_{namespace}_svc_80"}}]}


def mesh_gateway_route(name, select, *rules):
    return {"apiVersion": "kuma.io/v1alpha1", "kind": "MeshGatewayRoute", "mesh": "default",
            "metadata": {"name": name},
            "spec": {"selectors": [select], "conf": {"http": {"rules": rules}}}}


def instance(name, **spec):
    return {"apiVersion": "kuma.io/v1alpha1", "kind": "MeshGatewayInstance",
            "metadata": {"name": name, "labels": {"kuma.io/mesh": "default"}},
            "spec": {"serviceType": "ClusterIP", **spec}}


def kuma_secret(name, text):
    """As Kuma's page has it."""
    return {"apiVersion": "v1", "kind": "Secret", "type": "system.kuma.io/secret",
            "metadata": {"name": name, "labels": {"kuma.io/mesh": "default"}},
            "data": {"value": certificates.to_base64(text)}}


def kubernetes_secret(name, text):
    """As `kubectl create secret tls` makes it."""
    key, _, certificate = text.partition("-----BEGIN CERTIFICATE-----")
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": name},
            "data": {"tls.key": certificates.to_base64(key), "tls.crt": certificates.to_base64(
                f"-----BEGIN CERTIFICATE-----{certificate}")}}


class Gateway:
    """Its name is that of its namespace. Host names one.test and two.test, each by HTTP and by
    HTTPS, lead to the Services of these names; `spec` is what the instance has besides."""

    def __init__(self, cluster, namespace, **spec):
        self.cluster, self.namespace, self.name = cluster, namespace, namespace
        self.spec = spec
        self.bundles = {}

    def route(self, site):
        return f"{self.name}-{site}"

    def certificate(self, site):
        """The name of its Secret."""
        return f"{self.name}-{site}"

    # ---- Making it ----

    def create(self):
        self.apply()
        self.wait_deployed()
        self.wait_programmed()
        self.wait_reachable()
        return self

    def apply(self):
        for site in SITES:
            self.set_backend(site)
            self.set_certificate(site, certificates.bundle(host(site)))
            self.set_route(site, self.rule(site))
        self.cluster.apply(self.gateway())
        self.set_instance()

    def delete(self):
        routes = [self.route(site) for site in SITES]
        secrets = [self.certificate(site) for site in SITES]
        for words in (("meshgateway", self.name), ("meshgatewayroute", *routes),
                      ("secret", *secrets, "--namespace", NAMESPACE)):
            self.cluster.kubectl("delete", *words, "--ignore-not-found")

    def gateway(self):
        listeners = [listener(site, secret) for site in SITES
                     for secret in (None, self.certificate(site))]
        return mesh_gateway(self.name, self.namespace, *listeners)

    def rule(self, backend, path="/", match="PREFIX"):
        return rule(backend, self.namespace, path, match)

    def set_backend(self, name, **template):
        image = self.cluster.images["whoami"]
        deployment = manifests.deployment(
            name, manifests.whoami(image, name, lifecycle=DRAIN), terminationGracePeriodSeconds=30)
        deployment["spec"]["template"]["metadata"].update(template)
        self.cluster.apply(deployment, manifests.service(name), namespace=self.namespace)

    def set_certificate(self, site, text, form=kuma_secret):
        self.bundles[site] = text
        self.cluster.apply(form(self.certificate(site), text), namespace=NAMESPACE)

    def set_route(self, site, *rules):
        self.cluster.apply(mesh_gateway_route(
            self.route(site), selector(self.name, self.namespace, site=site), *rules))

    def set_instance(self, **spec):
        self.spec |= spec
        self.cluster.apply(instance(self.name, **self.spec), namespace=self.namespace)

    # ---- Waiting for it ----

    def wait_deployed(self):
        """The operator makes the Deployment, and Kubernetes its pods and those of the back ends."""
        for site in SITES:
            self.cluster.rollout(site, self.namespace)
        self.cluster.wait("create", "--namespace", self.namespace, f"deployment/{self.name}")
        waiting.until(lambda: len(self.pods()) == self.spec.get("replicas", 1), "the pods")
        self.cluster.rollout(self.name, self.namespace)

    def wait_programmed(self):
        self.cluster.wait("condition=Programmed", f"meshgateway/{self.name}",
                          *(f"meshgatewayroute/{self.route(site)}" for site in SITES))

    def wait_reachable(self):
        waiting.until(lambda: self.cluster.is_reachable(f"service/{self.name}", 80, self.namespace),
                      "a Service that leads to the gateway")

    def wait_ready(self):
        """Until the instance says that clients can reach it."""
        self.cluster.wait("condition=Ready", "--namespace", self.namespace,
                          f"meshgatewayinstance/{self.name}")

    # ---- Looking at it ----

    def pods(self):
        """The pods that are not ending, as trees."""
        found = self.cluster.get("--namespace", self.namespace, "pods",
                                 f"--selector=app={self.name}")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def address(self):
        return self.cluster.get("--namespace", self.namespace, "service",
                                self.name)["spec"]["clusterIP"]

    def status(self):
        return self.cluster.get("meshgateway", self.name)["status"]

    def instance_status(self):
        return self.cluster.get("--namespace", self.namespace, "meshgatewayinstance",
                                self.name)["status"]

    def listener_status(self, site, protocol):
        (found,) = [each for each in self.status()["listeners"]
                    if (each["hostname"], each["protocol"]) == (host(site), protocol)]
        return found

    def reach(self, port):
        """The address of a port of its Service; see kube/cluster.py."""
        return self.cluster.reach(f"service/{self.name}", port, self.namespace)

    def ask(self, site, path="/", tls=False, address=None):
        """The name of the back end that answers, on a connection of its own; or the status."""
        context = certificates.trusting() if tls else None
        with Wire(443 if tls else 80, context, host(site),
                  address=address or self.address()) as wire:
            answer = wire.ask(path=path, host=host(site))
        if answer.status != 200:
            return answer.status
        return answer.body.decode().removeprefix("Name: ").split("\n")[0]

    def served_certificate(self, site):
        """As DER."""
        return certificates.served(443, host(site), self.address())


def conditions(holder):
    """{type: (status, reason)} of a status, or of a listener's."""
    return {each["type"]: (each["status"], each["reason"]) for each in holder["conditions"]}


def message(holder, kind):
    """What the condition of that type says."""
    (found,) = [each["message"] for each in holder["conditions"] if each["type"] == kind]
    return found
