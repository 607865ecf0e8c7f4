"""The operator, as the chart installs it, and what there is to see of it."""
import contextlib

from harness import metrics, waiting
from harness.feed import Feed
from kube.cluster import ROOT

NAMESPACE = "kuma-system"
NAME = "otemon-operator"
CHART = ROOT / "charts/otemon"
CRDS = ROOT / "crds"

# What Kuma 2.12 left in clusters.
KUMAS_CRDS = ROOT / "tests/chart/manifests/kuma-2.12-crds.yaml"
KUMAS_OBJECTS = ROOT / "tests/chart/manifests/kuma-2.12-objects.yaml"


def image(key, name):
    """Values by which the chart takes that image."""
    repository, _, tag = name.rpartition(":")
    return ["--set", f"{key}.image.repository={repository}", "--set", f"{key}.image.tag={tag}"]


class Operator:
    def __init__(self, cluster):
        self.cluster = cluster

    def install(self, *values):
        """Without definitions: they are there, or they are what a test is about."""
        self._helm("install", "--create-namespace", "--skip-crds", *values)

    def upgrade(self, *values):
        self._helm("upgrade", *values)

    def _helm(self, verb, *words):
        images = self.cluster.images
        self.cluster.helm(verb, "otemon", CHART, "--namespace", NAMESPACE,
                          *image("operator", images["operator"]), *image("proxy", images["proxy"]),
                          *words)
        self.wait_serving()

    def wait_serving(self):
        """Until it is there, and its Service leads to it."""
        self.cluster.rollout(NAME, NAMESPACE)
        waiting.until(lambda: self.cluster.is_reachable(f"service/{NAME}", 9901, NAMESPACE),
                      "a Service that leads to the operator")

    def uninstall(self):
        """With what it leaves behind, so that the next one begins anew."""
        self.cluster.helm("uninstall", "otemon", "--namespace", NAMESPACE, "--ignore-not-found",
                          "--wait")
        self.cluster.kubectl("--namespace", NAMESPACE, "delete", "secrets,configmaps", "--all")

    def pod(self):
        """The one pod that there is, as a tree."""
        pods = self.cluster.get("--namespace", NAMESPACE, "pods",
                                f"--selector=app.kubernetes.io/name={NAME}")["items"]
        (found,) = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return found

    def logs(self, *words):
        return self.cluster.kubectl("--namespace", NAMESPACE, "logs", f"deployment/{NAME}", *words)

    def wait_said(self, part):
        """Waits until its log has `part`."""
        waiting.until(lambda: part in self.logs(), lambda: f"«{part}» in:\n{self.logs()}")

    def authority(self, namespace):
        """By which the pods of that namespace know the operator."""
        return self.cluster.get("--namespace", namespace, "configmap/otemon-ca")["data"]["ca.crt"]

    @contextlib.contextmanager
    def stream(self, namespace):
        """A proxy's end of the stream, as a pod of that namespace has it."""
        with self.cluster.reach(f"service/{NAME}", 9901, NAMESPACE) as where:
            address, port = where.split(":")
            with Feed(int(port), f"{NAME}.{NAMESPACE}.svc", ca_text=self.authority(namespace),
                      address=address) as made:
                yield made

    def ready(self, curl):
        """The status and the text of /ready."""
        answer = self.health(curl, "/ready")
        return answer.status, answer.body

    def health(self, curl, path):
        """What its health address answers."""
        with self.cluster.reach(f"pod/{self.pod()['metadata']['name']}", 9902,
                                NAMESPACE) as address:
            return curl(f"http://{address}{path}")

    def metric(self, curl, name, **labels):
        samples = metrics.parse(self.health(curl, "/metrics").body)
        return metrics.value(samples, name, **labels)


def define(cluster, path=CRDS, manager="kubectl"):
    """Puts the definitions of a file or folder in the place of whatever is there."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--field-manager={manager}",
                    "--filename", path)
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "--recursive=false",
                    "--filename", path)
