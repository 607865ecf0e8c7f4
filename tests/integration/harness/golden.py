"""Golden cases, and the requests that belong to them. tests/README.md has the language of
requests.yaml."""
import ipaddress
import json
import re
import shutil
import ssl
from urllib.parse import urlsplit

import yaml

from harness.program import ROOT
from harness.wire import Wire

CASES = ROOT / "tests/golden/cases"
CERTIFICATES = ROOT / "tests/golden/certificates"

# Our own answers, as they are called in requests.yaml.
TEXTS = {
    "": "",
    "no routes": "This is a Kuma MeshGateway. No routes match this MeshGateway!\n",
    "no endpoints": "no healthy upstream",
    "bad request": "Bad Request",
}

# What may be said of a request, and of what has to come of it.
_ASKING = {"with", "absolute", "without_host", "body", "times", "key", "sni", "replies"}
_SEEING = {"status", "text", "backend", "rule", "answer", "target", "host", "seen", "copies",
           "copy", "certificate", "tls"}

# What a client that knows one type of key takes.
_CIPHERS = {"rsa": "ECDHE-RSA-AES128-GCM-SHA256", "ecdsa": "ECDHE-ECDSA-AES128-GCM-SHA256"}

_TIMES = 200  # of a request that has several outcomes, the rarest of which comes once in ten


class Case:
    """A folder of tests/golden/cases."""

    def __init__(self, folder):
        self.name = folder.name
        self.folder = folder
        self.resources = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
        args = folder / "args"
        words = args.read_text(encoding="utf-8").split() if args.exists() else []
        self.is_cluster = "--cluster" in words
        self.args = [word for word in words if word not in ("--cluster", "--one-form")]

    def of_kind(self, kind):
        return [each for each in self.resources if each["kind"] == kind]

    @property
    def is_traffic(self):
        """Whether `otemon run` opens a port for it."""
        return not self.is_cluster and bool(self.of_kind("listener"))

    @property
    def requests_file(self):
        return self.folder / "requests.yaml"

    def requests(self):
        text = self.requests_file.read_text(encoding="utf-8")
        found = [Request(*pair) for each in yaml.safe_load(text) for pair in each.items()]
        lines = [request.line for request in found]
        assert len(set(lines)) == len(lines), f"{self.name}: a line twice: {lines}"
        return found

    def endpoints(self):
        """{(address or name, port): the services it answers for}"""
        services = {}
        for cluster in self.of_kind("cluster"):
            services.setdefault(cluster["endpointSet"], set()).add(cluster["service"])
        found = {}
        for each in self.of_kind("endpointSet"):
            for endpoint in each["endpoints"]:
                place = endpoint["address"], endpoint["port"]
                found.setdefault(place, set()).update(services.get(each["name"], ()))
        return found

    def tls_endpoints(self):
        """Those of them that TLS is spoken to."""
        return {(endpoint["address"], endpoint["port"]) for each in self.of_kind("endpointSet")
                for endpoint in each["endpoints"] if "tls" in endpoint}

    @property
    def has_names(self):
        """Whether some of its endpoints are at names."""
        return not all(is_address(place) for place, _ in self.endpoints())

    def copy(self, directory):
        """The manifests alone, with the certificates where they look for them."""
        target = directory / "cases" / self.name
        target.mkdir(parents=True)
        shutil.copy(self.folder / "in.yaml", target)
        (directory / "certificates").symlink_to(CERTIFICATES)
        return target


class Request:
    """`line` is METHOD URL; `said` is what has to come of it: one outcome in short, several that
    have to come in turn, or all by name."""

    def __init__(self, line, said):
        self.line = line
        self.method, url = line.split(" ", 1)
        parts = urlsplit(url)
        self.scheme, self.authority, self.host = parts.scheme, parts.netloc, parts.hostname
        self.port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        self.target = url.split(parts.netloc, 1)[1] or parts.netloc  # the latter for CONNECT
        self.outcomes = said if isinstance(said, list) else None
        self.is_refused = said == "refused"  # nothing listens there
        self.is_closed = said == "closed"  # no handshake of TLS
        self.said = said if isinstance(said, dict) else _read(str(said))
        unknown = set(self.said) - _ASKING - _SEEING
        assert not unknown, f"{line}: {unknown}"

    def __str__(self):
        return self.line

    @property
    def times(self):
        return self.said.get("times", _TIMES if self.outcomes else 1)

    @property
    def text(self):
        """As it is sent."""
        fields = list(self.said.get("with", []))
        has_host = any(field.lower().startswith("host:") for field in fields)
        if not has_host and not self.said.get("without_host", False):
            fields.insert(0, f"Host: {self.authority}")
        body = self.said.get("body", "")
        if body:
            fields.append(f"Content-Length: {len(body)}")
        target = self.said.get("absolute", self.target)
        lines = [f"{self.method} {target} HTTP/1.1", *fields]
        return "".join(f"{line}\r\n" for line in lines) + "\r\n" + body

    @property
    def place(self):
        """What the access log says of it, or the end of that."""
        is_plain = not any(field.lower().startswith("host:") for field in self.said.get("with", []))
        return self.authority + self.target if is_plain else self.target

    @property
    def address(self):
        """Every name is one of this machine."""
        return self.host if re.fullmatch(r"127\.[0-9.]+", self.host) else "127.0.0.1"

    def connect(self):
        tls = None
        if self.scheme == "https":
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname = False
            tls.verify_mode = ssl.CERT_NONE
            if "key" in self.said:  # TLS 1.3 chooses by more than the cipher
                tls.maximum_version = ssl.TLSVersion.TLSv1_2
                tls.set_ciphers(_CIPHERS[self.said["key"]])
        return Wire(self.port, tls, self.said.get("sni", self.host) or None, address=self.address)


def is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _read(text):
    """[STATUS] [SERVICE or TEXT] [by ROUTE/RULE]"""
    said = {}
    if " by " in text:
        text, said["rule"] = text.split(" by ")
    status, _, rest = text.partition(" ")
    if status.isdigit():
        said["status"], text = int(status), rest
    if text:
        said["text" if text in TEXTS else "backend"] = text
    return said


def cases():
    return [Case(folder) for folder in sorted(CASES.iterdir())]
