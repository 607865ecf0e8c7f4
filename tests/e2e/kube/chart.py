"""The operator, as the chart installs it, and what there is to see of it."""
from harness import metrics, waiting
from kube.cluster import ROOT

NAMESPACE = "kuma-system"
NAME = "otemon-operator"
CHART = ROOT / "charts/otemon"
CRDS = ROOT / "crds"


def image(key, name):
    """Values by which the chart takes that image."""
    repository, _, tag = name.rpartition(":")
    return ["--set", f"{key}.image.repository={repository}", "--set", f"{key}.image.tag={tag}"]


class Operator:
    def __init__(self, cluster):
        self.cluster = cluster

    def install(self, *values):
        """Over whatever definitions there are."""
        replace_definitions(self.cluster)
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
        """With all that it needs to begin anew; objects of its kinds are those of tests."""
        self.cluster.helm("uninstall", "otemon", "--namespace", NAMESPACE, "--ignore-not-found")
        self.cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")

    def pod(self):
        """The one pod that there is, as a tree."""
        (found,) = self.cluster.get("--namespace", NAMESPACE, "pods",
                                    f"--selector=app.kubernetes.io/name={NAME}")["items"]
        return found

    def logs(self, *words):
        return self.cluster.kubectl("--namespace", NAMESPACE, "logs", f"deployment/{NAME}", *words)

    def wait_said(self, part):
        """Waits until its log has `part`."""
        waiting.until(lambda: part in self.logs(), lambda: f"«{part}» in:\n{self.logs()}")

    def health(self, curl, path):
        """What its health address answers."""
        with self.cluster.reach(f"pod/{self.pod()['metadata']['name']}", 9902,
                                NAMESPACE) as address:
            return curl(f"http://{address}{path}")

    def metric(self, curl, name, **labels):
        samples = metrics.parse(self.health(curl, "/metrics").body)
        return metrics.value(samples, name, **labels)


def replace_definitions(cluster):
    """As docs/install.md has it."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename", CRDS)
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "--filename", CRDS)
