"""The cluster of tests/cluster, which ends with the tests."""
import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path

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

    def restart_clients(self):
        """When the API server was away for long, the programs that talk to it wait for up to a
        minute before they try again; those that have just started do not."""
        for program in ("kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"):
            self.stop(program)
            self.start(program)

    def processes(self, pod, program):
        """What a pod, a tree, has running of that program: folders below /proc. They are seen from
        here, because only the cluster's processes are kept from seeing others."""
        uid = pod["metadata"]["uid"]
        return [path.parent for path in Path("/proc").glob("[0-9]*/cgroup")
                if uid in read(path) and f"/{program}" in read(path.with_name("cmdline"))]

    def signal(self, pod, program, number):
        (process,) = self.processes(pod, program)
        os.kill(int(process.name), number)

    def kill(self, pod, program):
        """As a lack of memory does it: without a word to anybody."""
        self.signal(pod, program, signal.SIGKILL)

    def pause(self, pod, program, seconds):
        """Has the program stand still for so long. Returns the Timer, which has `finished` when it
        runs again."""
        self.signal(pod, program, signal.SIGSTOP)
        timer = threading.Timer(seconds, self.signal, (pod, program, signal.SIGCONT))
        timer.start()
        return timer


def read(path):
    """Of a process, which may have ended."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
