"""The real helm, and a real API server."""
import os
import pathlib
import subprocess

import pytest
import yaml
from apiserver import ApiServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/otemon"
NAMESPACE = "kuma-system"


KINDS = "meshgateways,meshgatewayroutes,meshgatewayinstances"

# The programs, which are built when they are not there yet.
BUILT = subprocess.run(
    [ROOT / "tests/cluster/build", "kubernetes", "helm"],
    stdout=subprocess.PIPE,
    text=True,
    check=True,
).stdout.split()
os.environ["PATH"] = ":".join([*BUILT, os.environ["PATH"]])


class Chart:
    """What helm makes of the chart."""

    def __init__(self, home):
        # Nothing of the person's own configuration, and nothing left behind.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": "/dev/null",
        }

    def run(self, *arguments):
        return subprocess.run(
            ["helm", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            env=self.environment,
        )

    def template(self, values=None, *arguments, namespace=NAMESPACE):
        """The process that renders the chart with `values`, a tree."""
        path = pathlib.Path(self.environment["HOME"]) / "values.yaml"
        path.write_text(yaml.safe_dump(values or {}))
        return self.run(
            "template", "otemon", CHART, "--namespace", namespace, "--values", path, *arguments
        )

    def objects(self, values=None, *arguments, namespace=NAMESPACE):
        """The rendered objects, by kind and name (and namespace, where there is one)."""
        done = self.template(values, *arguments, namespace=namespace)
        assert done.returncode == 0, done.stderr
        found = {}
        for document in yaml.safe_load_all(done.stdout):
            if document is None:
                continue
            metadata = document["metadata"]
            key = (document["kind"], metadata["name"], metadata.get("namespace"))
            assert key not in found
            found[key] = document
        return found

    def refuses(self, values):
        """What helm says against `values`."""
        done = self.template(values)
        assert done.returncode != 0, f"{values} was taken"
        return done.stderr


@pytest.fixture(scope="session")
def chart(tmp_path_factory):
    return Chart(tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def server():
    """An API server with our definitions. A test that changes them puts its own in their place."""
    with ApiServer() as running:
        running.kubectl("apply", "--server-side", "--force-conflicts", "-f", ROOT / "crds")
        running.kubectl("wait", "--for=condition=Established", "crd", "--all")
        yield running


@pytest.fixture
def kubectl(server):
    """kubectl, for a server without objects of Kuma's kinds. Their definitions stay: a server takes
    its time to forget them."""
    yield server.kubectl
    server.kubectl("delete", KINDS, "--all", "--all-namespaces")
