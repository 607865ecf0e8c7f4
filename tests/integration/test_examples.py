"""Each folder of examples/, served as it stands."""
import re
import subprocess

import pytest

from harness import certificates
from harness.backend import says
from harness.otemon import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture(name="serve")
def fixture_serve(run, backend):
    """Serves an example, with a back end at each of these ports; nothing may be found in it."""
    def start(name, **ports):
        for service, port in ports.items():
            backend(says(f"from {service}"), port=port)
        otemon = run(EXAMPLES / name, plain=True).wait_ready()
        assert otemon.findings() == []
        assert otemon.err == []
        assert otemon.out[0] == ("dataplane edge-gateway (mesh default) on 127.0.0.1, derived "
                                 "from the first selector of the MeshGateway")
        return otemon
    return start


def test_each_example_is_listed_and_tested():
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    table = re.findall(r"^\| \[(\S+)\]\(\1\) ", (EXAMPLES / "README.md").read_text(), re.M)
    assert folders == set(table) == {"quickstart", "merged-port", "https-two-certificates",
                                     "kubernetes"}


def test_kubernetes(run, tmp_path):
    """Its services and its Secret are in the cluster: everything else is understood."""
    for path in (EXAMPLES / "kubernetes").iterdir():
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace("port: 80\n", "port: 8080\n"))
    otemon = run(tmp_path)
    otemon.wait_said("has no endpoints")
    assert all("certificate" in finding["message"] or "has no endpoints" in finding["message"]
               for finding in otemon.findings())


def test_quickstart(serve, curl):
    otemon = serve("quickstart", web=9001, api=9002)
    assert set(otemon.table()) == {("127.0.0.1:8080", "blog.example.com"),
                                   ("127.0.0.1:8080", "shop.example.com"),
                                   ("127.0.0.1:8443", "shop.example.com")}
    for path, body in (("/", "web"), ("/cart", "web"), ("/api", "api"), ("/api/cart", "api"),
                       ("/apis", "web")):
        assert curl(f"http://127.0.0.1:8080{path}", host="shop.example.com").body == f"from {body}"
        answer = curl(f"https://shop.example.com:8443{path}", "--insecure",
                      "--resolve", "shop.example.com:8443:127.0.0.1")
        assert (answer.status, answer.body) == (200, f"from {body}")
        assert answer.headers["strict-transport-security"]
    assert curl("http://127.0.0.1:8080/", host="other.example.com").status == 404


def test_quickstart_weights(serve):
    """Nine of ten to web, one to api."""
    serve("quickstart", web=9001, api=9002)
    done = subprocess.run(["curl", "--silent", "--header", "Host: blog.example.com",
                           "http://127.0.0.1:8080/[1-400]"], capture_output=True, text=True,
                          timeout=60, check=True)
    api = done.stdout.count("from api")
    assert api + done.stdout.count("from web") == 400
    assert 10 < api < 90  # 40 expected; five standard deviations are 30


def test_merged_port(serve, curl):
    otemon = serve("merged-port", foo=9001, bar=9002)
    assert set(otemon.table()) == {("127.0.0.1:8080", "foo.example.com"),
                                   ("127.0.0.1:8080", "bar.example.com")}
    for name in ("foo", "bar"):
        answer = curl("http://127.0.0.1:8080/", host=f"{name}.example.com")
        assert (answer.status, answer.body) == (200, f"from {name}")


@pytest.mark.parametrize("key_type, algorithms", [("rsa", "RSA-PSS+SHA256"),
                                                  ("ecdsa", "ECDSA+SHA256")])
def test_https_two_certificates(serve, curl, key_type, algorithms):
    """Each client gets the certificate that it can verify."""
    otemon = serve("https-two-certificates", foo=9001)
    certificate = otemon.table()["127.0.0.1:8443", "foo.example.com"]["certificate"]
    assert certificate.startswith("ecdsa, rsa until ")
    bundle = EXAMPLES / f"https-two-certificates/foo-{key_type}.pem"
    done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:8443", "-servername",
                           "foo.example.com", "-sigalgs", algorithms, "-CAfile", bundle,
                           "-verify_return_error"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert certificates.certificate_of(done.stdout) == certificates.certificate_of(
        bundle.read_text())
    ca = curl.directory / "ca.pem"
    ca.write_text("".join(path.read_text() for path in bundle.parent.glob("*.pem")))
    answer = curl("https://foo.example.com:8443/", "--cacert", ca,
                  "--resolve", "foo.example.com:8443:127.0.0.1")
    assert (answer.status, answer.body) == (200, "from foo")
