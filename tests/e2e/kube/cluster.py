"""A cluster, as a person at a shell has it: kubectl, helm, and addresses that can be asked."""
import contextlib
import json
import re
import socket
import subprocess
from pathlib import Path

import yaml

from harness.shell import run

ROOT = Path(__file__).resolve().parents[3]


class Cluster:
    """Some cluster behind a kubeconfig. `programs`: folders with kubectl and helm."""

    # Whether addresses of pods and Services are reachable from here.
    inside = False

    def __init__(self, environment, images):
        self.environment = environment
        self.images = images

    def run(self, *words, check=True, timeout=60, **options):
        """Runs a command; its output, or a failed test with what it said."""
        done = run(*words, env=self.environment, timeout=timeout, cwd=ROOT, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: exit status {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def kubectl(self, *words, **options):
        return self.run("kubectl", *words, **options).stdout

    def helm(self, *words, **options):
        return self.run("helm", *words, **options).stdout

    def get(self, *words):
        """An object, or a list of objects, as a tree."""
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def apply(self, *documents, namespace="default", **options):
        """Applies manifests: texts or trees."""
        texts = [each if isinstance(each, str) else yaml.safe_dump(each) for each in documents]
        return self.kubectl("--namespace", namespace, "apply", "--filename=-",
                            input="\n---\n".join(texts), **options)

    def wait(self, condition, *words, seconds=60):
        """`kubectl wait --for=CONDITION`."""
        return self.kubectl("wait", f"--for={condition}", f"--timeout={seconds}s", *words,
                            timeout=seconds + 10)

    def rollout(self, deployment, namespace="default", seconds=60):
        """Waits until all of a Deployment is what it should be."""
        return self.kubectl("--namespace", namespace, "rollout", "status",
                            f"--timeout={seconds}s", f"deployment/{deployment}",
                            timeout=seconds + 10)

    @contextlib.contextmanager
    def namespace(self, name):
        """One in which Pod Security is as strict as it gets."""
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    def reach(self, target, port, namespace="default"):
        """An address ("IP:PORT") at which a port of a Service or pod ("service/web") answers."""
        return self.forward(target, port, namespace)

    @contextlib.contextmanager
    def forward(self, target, port, namespace="default"):
        """The same for what the pod itself reaches: its loopback interface, too."""
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen(
            ["kubectl", "--namespace", namespace, "port-forward", target, f":{port}"],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            line = process.stdout.readline()
            found = re.search(r"Forwarding from (127\.0\.0\.1:\d+)", line)
            assert found, line + process.stdout.read()
            yield found[1]
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def is_reachable(self, target, port, namespace="default"):
        """Whether it accepts connections; kube-proxy hears of a ready pod later than others. One
        that it still leads to a pod that is gone would wait for minutes."""
        with self.reach(target, port, namespace) as where:
            address, number = where.split(":")
            with socket.socket() as sock:
                sock.settimeout(1)
                return sock.connect_ex((address, int(number))) == 0

    def dump(self, folder):
        """Writes what is there, and what pods said, into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        views = {"objects.txt": ["get", "all,configmaps,events", "--all-namespaces",
                                 "--output=wide"],
                 "gateways.yaml": ["get", "kuma", "--all-namespaces", "--output=yaml"],
                 "pods.txt": ["describe", "pods", "--all-namespaces"]}
        for name, words in views.items():
            done = self.run("kubectl", *words, check=False)
            (folder / name).write_text(done.stdout + done.stderr, encoding="utf-8")
        for pod in self.get("pods", "--all-namespaces")["items"]:
            space, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            done = self.run("kubectl", "--namespace", space, "logs", name, "--all-containers",
                            "--prefix", "--tail=20000", check=False)
            (folder / f"{space}.{name}.log").write_text(done.stdout + done.stderr,
                                                        encoding="utf-8")
