"""An API server without a node: etcd and kube-apiserver on 127.0.0.1."""
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

SECONDS_MAX = 60  # a loaded machine; else it is five

CONFIG = """apiVersion: v1
kind: Config
clusters:
  - name: it
    cluster: {{server: "https://127.0.0.1:{port}", insecure-skip-tls-verify: true}}
users: [{{name: admin, user: {{token: admin}}}}]
contexts: [{{name: it, context: {{cluster: it, user: admin}}}}]
current-context: it
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ApiServer:
    """Ends, with all it has written, at the end of a `with`."""

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="otemon-api-"))
        self.kubeconfig = self.folder / "kubeconfig"
        self.processes = []
        self.connection = None
        try:
            self.start()
            self.wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.connection is not None:
            self.connection.close()
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder)

    def spawn(self, name, *flags):
        with open(self.folder / f"{name}.log", "w") as log:
            command = [shutil.which(name), *flags]
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT))

    def start(self):
        client, peer, port = free_port(), free_port(), free_port()
        self.port = port
        key = self.folder / "key.pem"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        (self.folder / "tokens").write_text('admin,admin,admin,"system:masters"\n')
        self.kubeconfig.write_text(CONFIG.format(port=port))
        self.spawn(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=default=http://127.0.0.1:{peer}",
        )
        self.spawn(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{client}",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self.folder}/certificates",
            f"--token-auth-file={self.folder}/tokens",
            "--authorization-mode=RBAC",
            # Some clusters enforce it, and the operator's rights have to be enough there, too.
            "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.96.0.0/16",
        )

    def wait(self):
        deadline = time.monotonic() + SECONDS_MAX
        while self.kubectl("get", "namespace", "default", check=False).returncode != 0:
            if time.monotonic() > deadline:
                log = (self.folder / "kube-apiserver.log").read_text()
                raise RuntimeError(f"no API server after {SECONDS_MAX} s:\n{log[-4000:]}")
            time.sleep(0.2)

    def request(self, method, path, body=None):
        """Status and answer. Many requests: they share a connection."""
        if self.connection is None:
            unverified = ssl._create_unverified_context()  # pylint: disable=protected-access
            self.connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, context=unverified, timeout=120
            )
        headers = {"Authorization": "Bearer admin", "Content-Type": "application/json"}
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def kubectl(self, *arguments, stdin=None, check=True):
        done = subprocess.run(
            [
                shutil.which("kubectl"),
                f"--kubeconfig={self.kubeconfig}",
                f"--cache-dir={self.folder}/cache",
                *map(str, arguments),
            ],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done
