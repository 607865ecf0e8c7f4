"""The probes of tests/fake as processes, and what they were told."""
import os
import subprocess
import threading
from pathlib import Path

from harness import waiting
from harness.otemon import PROGRAM

PROBE = Path(os.environ.get("KUBE_PROBE", PROGRAM.parents[1] / "tests/kube_probe")).resolve()

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "https://127.0.0.1:{port}",
            certificate-authority: {ca}, tls-server-name: {name}}}}}]
users: [{{name: me, user: {{{user}}}}}]
"""


class Process:
    """`lines` has what was printed so far."""

    def __init__(self, *words):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait_line(self, wanted, since=0):
        return waiting.until(
            lambda: next((line for line in self.lines[since:] if line.startswith(wanted)), None),
            lambda: f"«{wanted}» in:\n" + "\n".join(self.lines))

    def stop(self):
        """Ends it, and expects a good end: with a sanitizer, no leak."""
        self.process.stdin.close()
        status = self.process.wait(timeout=20)
        self.reader.join(timeout=5)
        assert status == 0, "\n".join(self.lines)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class SourceProbe(Process):
    """source_probe: what a source says."""

    def __init__(self, kubeconfig, system_namespace):
        super().__init__(PROBE.with_name("source_probe"), kubeconfig, system_namespace)


class Probe(Process):
    """kube_probe: what watches say. `watches` are {name: path}."""

    def __init__(self, kubeconfig, watches, *flags):
        super().__init__(PROBE, kubeconfig, *flags,
                         *(f"{name}={path}" for name, path in watches.items()))

    def ask(self, command):
        since = len(self.lines)
        self.say(command)
        return self.wait_line("answer ", since)

    def of(self, name, since=0):
        """What watch `name` was told, without the name."""
        return [line.split(" ", 1)[1] for line in self.lines[since:]
                if line.startswith(name + " ")]

    def objects(self, name):
        """{object: version} as a listener has it after all events."""
        known = {}
        for line in self.of(name):
            words = line.split(" ")
            if words[0] == "apply":
                known[words[1]] = words[2]
            elif words[0] == "remove":
                assert words[1] in known, line
                del known[words[1]]
        return known
