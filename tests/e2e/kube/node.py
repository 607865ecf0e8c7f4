"""The cluster of tests/cluster, which ends with the tests."""
import contextlib
import os
import subprocess

from harness.shell import run
from kube import network
from kube.cluster import ROOT, Cluster

CLUSTER = ROOT / "tests/cluster"
STATE = ROOT / "build/e2e/cluster"


def programs():
    """The folders with kubectl, helm and the rest; built when they are missing."""
    # pylint: disable-next=subprocess-run-check
    done = subprocess.run([CLUSTER / "build"], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, "tests/cluster/build failed"
    return done.stdout.split()


class Node(Cluster):
    """Its network is that of the tests, too; its programs can be taken away and given back."""

    inside = True

    def __init__(self, images):
        path = ":".join([*programs(), os.environ["PATH"]])
        super().__init__({**os.environ, "PATH": path, "KUBECONFIG": str(STATE / "kubeconfig")},
                         images)
        # pylint: disable-next=subprocess-run-check
        done = subprocess.run([CLUSTER / "up", "--owner", str(os.getpid()), STATE])
        assert done.returncode == 0, "tests/cluster/up failed"
        network.join(int((STATE / "pid").read_text(encoding="ascii")))

    def close(self):
        done = run(CLUSTER / "down", STATE)
        assert done.returncode == 0, done.stderr

    @contextlib.contextmanager
    def reach(self, target, port, namespace="default"):
        """Without a helper in between: the target's own address."""
        found = self.get("--namespace", namespace, target)
        address = (found["spec"]["clusterIP"] if found["kind"] == "Service"
                   else found["status"]["podIP"])
        yield f"{address}:{port}"

    def stop(self, program):
        """Kills one of the cluster's programs ("kube-apiserver"); it stays away until start()."""
        self.run(CLUSTER / "program", "stop", program, STATE)

    def start(self, program):
        self.run(CLUSTER / "program", "start", program, STATE)
