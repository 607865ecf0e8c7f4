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
        cluster = self.cluster
        replace_definitions(cluster)
        cluster.helm("install", "otemon", CHART, "--namespace", NAMESPACE, "--create-namespace",
                     "--skip-crds", *image("operator", cluster.images["operator"]),
                     *image("proxy", cluster.images["proxy"]), *values)
        cluster.rollout(NAME, NAMESPACE)

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
