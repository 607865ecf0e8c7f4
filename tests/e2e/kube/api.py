"""The API server, asked over HTTP: for tests that ask it hundreds of times."""
import contextlib
import http.client
import json
import re
import subprocess

KUMA = "/apis/kuma.io/v1alpha1"


class Api:
    """`kubectl proxy` knows how to reach any cluster, and as whom; questions go through it."""

    def __init__(self, environment):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["kubectl", "proxy", "--port=0"], env=environment,
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)$", line.strip())[1])
        self.connection = self._connect()

    def _connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def close(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method, path, body=None, content="application/json"):
        """An exchange; what comes back, as a tree."""
        self.connection.request(method, path, body and json.dumps(body), {"Content-Type": content})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
        return json.loads(text)

    def get(self, path):
        return self.ask("GET", path)

    def merge(self, path, change):
        """Changes some members of an object; the whole of it comes back."""
        return self.ask("PATCH", path, change, "application/merge-patch+json")

    @contextlib.contextmanager
    def watch(self, path, selector="", version="0"):
        """Events of a collection, as trees, one after the other."""
        connection = self._connect()
        try:
            connection.request("GET", f"{path}?watch=true&resourceVersion={version}"
                                      f"&fieldSelector={selector}")
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield map(json.loads, answer)
        finally:
            connection.close()
