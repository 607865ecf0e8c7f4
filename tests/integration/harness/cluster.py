"""A cluster that is no more than an API server of tests/fake."""
from fake.apiserver import ApiServer
from harness import certificates
from harness.probe import KUBECONFIG, Probe, SourceProbe


class Cluster:
    """An API server that misbehaves on command, with its certificate and a kubeconfig."""

    name = "api.example.com"

    def __init__(self, directory):
        self.directory = directory
        self.bundle = directory / "server.pem"
        self.bundle.write_text(certificates.bundle(self.name), encoding="ascii")
        self.started, self.server = [], None

    def start(self, **options):
        self.server = ApiServer(self.bundle, **options)
        self.write_kubeconfig(f"token: {self.server.token}")
        return self.server

    def write_kubeconfig(self, user):
        self.kubeconfig = self.directory / "config"
        self.kubeconfig.write_text(KUBECONFIG.format(port=self.server.port, ca=self.bundle,
                                                     name=self.name, user=user), encoding="ascii")

    def probe(self, *flags, **watches):
        """kube_probe, with {name: path}."""
        self.started.append(Probe(self.kubeconfig, watches, "--timeout-s=60", *flags))
        return self.started[-1]

    def source(self, system_namespace="x"):
        """source_probe."""
        self.started.append(SourceProbe(self.kubeconfig, system_namespace))
        return self.started[-1]

    def close(self):
        """Whatever was started has to end well."""
        try:
            for probe in self.started:
                probe.stop()
        finally:
            for probe in self.started:
                probe.kill()
            if self.server is not None:
                self.server.close()
