"""The chart, rendered by the real helm."""
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/otemon"
NAMESPACE = "kuma-system"


def helm_path():
    """Helm: $HELM, the one that tests/cluster has built, or the one on the PATH."""
    if os.environ.get("HELM"):
        return os.environ["HELM"]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    built = sorted((cache / "otemon").glob("**/helm"), key=lambda path: path.stat().st_mtime)
    built = [path for path in built if path.is_file() and os.access(path, os.X_OK)]
    found = str(built[-1]) if built else shutil.which("helm")
    if not found:
        pytest.fail("there is no helm: set HELM to one, or build the tests' cluster")
    return found


class Chart:
    """What helm makes of the chart."""

    def __init__(self, home):
        self.helm = helm_path()
        # Nothing of the person's own configuration, and nothing left behind.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KUBECONFIG": "/dev/null",
        }

    def run(self, *arguments):
        return subprocess.run(
            [self.helm, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
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
