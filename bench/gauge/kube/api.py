"""The API server, asked by Python itself: kubectl takes longer to start than what is measured."""

import base64
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import urllib.parse

TIMEOUT_SECONDS = 60


def _context(cluster, user):
    """TLS as the kubeconfig says; OpenSSL takes the client's certificate from a file only."""
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
        for part in ("client-certificate-data", "client-key-data"):
            pem.write(base64.b64decode(user[part]))
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


class Server:
    """The one of $KUBECONFIG. Each connection is for one thread."""

    def __init__(self):
        done = subprocess.run(["kubectl", "config", "view", "--raw", "--minify", "--output=json"],
                              stdout=subprocess.PIPE, check=True, env=os.environ)
        config = json.loads(done.stdout)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.address = urllib.parse.urlsplit(cluster["server"]).netloc
        self.context = _context(cluster, user)

    def connect(self):
        return Connection(self)


class Connection:
    """A kept connection."""

    def __init__(self, server):
        self._http = http.client.HTTPSConnection(server.address, context=server.context,
                                                 timeout=TIMEOUT_SECONDS)
        self._http.connect()

    def close(self):
        self._http.close()

    def ask(self, method, path, body=None, kind="application/json", allowed=()):
        """The answer as a tree; an error unless it is a success or one of `allowed`."""
        text = None if body is None else json.dumps(body).encode()
        self._http.request(method, path, text, {"Content-Type": kind})
        answer = self._http.getresponse()
        data = answer.read()
        if answer.status >= 300 and answer.status not in allowed:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:500]!r}")
        return json.loads(data)

    def merge(self, path, patch):
        """Returns the object as the server has accepted it."""
        return self.ask("PATCH", path, patch, "application/merge-patch+json")

    def delete(self, path):
        self.ask("DELETE", path)

    def watch(self, path, query):
        """The events (type, object) from now on, for ever; those of what is there come first."""
        self._http.request("GET", f"{path}?watch=1&{query}")
        answer = self._http.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"watch {path}: {answer.status} {answer.read()[:500]!r}")
        self._http.sock.settimeout(None)
        while line := answer.readline():
            event = json.loads(line)
            yield event["type"], event["object"]
