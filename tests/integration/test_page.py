"""The manifests of Kuma's page on MeshGateway, each as it stands there, alone in a directory."""
import re
import subprocess

import pytest

from harness import certificates, manifests, wire
from harness.backend import says

ONE_LISTENER = """\
type: MeshGateway
mesh: default
name: edge-gateway
selectors:
- match:
    kuma.io/service: edge-gateway
conf:
  listeners:
  - port: 8080
    protocol: HTTP
    hostname: foo.example.com
    tags:
      port: http-8080
"""

TWO_LISTENERS = """\
type: MeshGateway
mesh: default
name: edge-gateway
selectors:
- match:
    kuma.io/service: edge-gateway
conf:
  listeners:
  - port: 8080
    protocol: HTTP
    hostname: foo.example.com
    tags:
      vhost: foo.example.com
  - port: 8080
    protocol: HTTP
    hostname: bar.example.com
    tags:
      vhost: bar.example.com
"""

TERMINATION = """\
type: MeshGateway
mesh: default
name: edge-gateway
selectors:
- match:
    kuma.io/service: edge-gateway
conf:
  listeners:
  - port: 8443
    protocol: HTTPS
    hostname: foo.example.com
    tls:
      mode: TERMINATE
      certificates:
        - secret: foo-example-com-certificate
    tags:
      name: foo.example.com
"""

# "kumactl" is "otemon", and `kubectl apply -f` is `cat`: nothing else differs.
SECRET_SCRIPT = """\
cat <(
cat<<EOF
apiVersion: v1
kind: Secret
metadata:
  name: foo-example-com-certificate
  namespace: kuma-system
  labels:
    kuma.io/mesh: default
data:
  value: '$(otemon generate tls-certificate --type=server --hostname=foo.example.com \
--key-file=- --cert-file=- | base64 -w0)'
type: system.kuma.io/secret
EOF
)
"""

NO_ROUTES = b"This is a Kuma MeshGateway. No routes match this MeshGateway!\n"


def route(name, service="web", **tags):
    selected = "".join(f"    {tag.replace('__', '/')}: {value}\n" for tag, value in tags.items())
    return manifests.route(("/", "PREFIX", {service: 1}), name=name,
                           gateway_name="edge-gateway").replace("conf:", selected + "conf:", 1)


def test_one_listener(run, tmp_path, backend):
    manifests.write(tmp_path / "gateway.yaml", ONE_LISTENER)
    otemon = run(tmp_path, plain=True).wait_ready()
    assert list(otemon.table()) == [("127.0.0.1:8080", "foo.example.com")]
    assert otemon.findings() == []
    answer = wire.ask(8080, host="foo.example.com")
    assert (answer.status, answer.body) == (404, NO_ROUTES)
    answer = wire.ask(8080, host="bar.example.com")
    assert (answer.status, answer.body) == (404, b"")

    manifests.write(tmp_path / "more.yaml", route("foo", port="http-8080"),
                    manifests.service("web", backend(says("from web")).port))
    otemon.wait_said("~ 127.0.0.1:8080")
    answer = wire.ask(8080, host="foo.example.com")
    assert (answer.status, answer.body) == (200, b"from web")


def test_two_listeners_on_a_port(run, tmp_path, backend):
    manifests.write(tmp_path / "gateway.yaml", TWO_LISTENERS)
    otemon = run(tmp_path, plain=True).wait_ready()
    assert set(otemon.table()) == {("127.0.0.1:8080", "foo.example.com"),
                                   ("127.0.0.1:8080", "bar.example.com")}
    assert otemon.findings() == []
    for host in ("foo.example.com", "bar.example.com"):
        assert wire.ask(8080, host=host).body == NO_ROUTES

    manifests.write(tmp_path / "more.yaml", route("bar", vhost="bar.example.com"),
                    manifests.service("web", backend(says("from web")).port))
    otemon.wait_said("~ 127.0.0.1:8080")
    assert wire.ask(8080, host="bar.example.com").body == b"from web"
    assert wire.ask(8080, host="foo.example.com").body == NO_ROUTES


def test_termination_without_its_secret_says_what_is_missing(run, tmp_path):
    manifests.write(tmp_path / "gateway.yaml", TERMINATION)
    otemon = run(tmp_path, plain=True)
    assert otemon.wait_end() == 1
    listener, certificate = otemon.findings()
    assert (listener["line"], listener["column"], listener["severity"]) == (9, 5, "error")
    assert listener["message"].endswith("conf.listeners[0]: host name \"foo.example.com\" is not "
                                        "served on port 8443: it has no certificate that can be "
                                        "used")
    assert (certificate["line"], certificate["column"]) == (15, 11)
    assert certificate["file"] == str(tmp_path / "gateway.yaml")
    for part in ("conf.listeners[0].tls.certificates[0]",
                 "there is no secret \"foo-example-com-certificate\" in mesh default",
                 "create a Secret of type system.kuma.io/secret"):
        assert part in certificate["message"]
    assert otemon.err == [f"otemon: {tmp_path} has no listener that can be served; the findings "
                          "above say why"]


def serves_https(otemon, curl, bundle):
    """HTTPS for foo.example.com with that certificate, verified by curl."""
    row = otemon.table()["127.0.0.1:8443", "foo.example.com"]
    assert row["protocol"] == "HTTPS"
    assert re.fullmatch(r"(rsa|ecdsa) until \d{4}-\d\d-\d\d", row["certificate"])
    ca = curl.directory / "ca.pem"
    ca.write_text(bundle)
    answer = curl("https://foo.example.com:8443/", "--cacert", ca,
                  "--resolve", "foo.example.com:8443:127.0.0.1")
    assert (answer.exit, answer.status, answer.body) == (0, 404, NO_ROUTES.decode())
    assert certificates.served(8443, "foo.example.com") == certificates.certificate_of(bundle)


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
def test_termination_with_a_universal_secret(run, tmp_path, curl, key_type):
    bundle = certificates.bundle("foo.example.com", key_type=key_type)
    manifests.write(tmp_path / "gateway.yaml", TERMINATION)
    manifests.write(tmp_path / "secret.yaml",
                    "type: Secret\nmesh: default\nname: foo-example-com-certificate\n"
                    f"data: {certificates.to_base64(bundle)}\n")
    otemon = run(tmp_path, plain=True).wait_ready()
    assert otemon.findings() == []
    serves_https(otemon, curl, bundle)


def test_termination_with_the_secret_that_the_script_makes(run, tmp_path, curl, environment):
    done = subprocess.run(["bash", "-c", SECRET_SCRIPT], env=environment, check=True,
                          capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    value = re.search(r"^  value: '(.*)'$", done.stdout, re.M)[1]
    manifests.write(tmp_path / "gateway.yaml", TERMINATION)
    manifests.write(tmp_path / "secret.yaml", done.stdout)
    otemon = run(tmp_path, plain=True).wait_ready()
    assert otemon.findings() == []
    serves_https(otemon, curl, certificates.from_base64(value))


def test_the_command_that_applies_the_script_may_be_run_while_it_serves(tmp_path, run, environment):
    """The secret comes last: what was missing is there, and only that is said."""
    manifests.write(tmp_path / "gateway.yaml", TERMINATION, "type: Mesh\nname: default\n",
                    ONE_LISTENER.replace("name: edge-gateway", "name: other")
                    .replace("service: edge-gateway", "service: other"))
    otemon = run(tmp_path, plain=True).wait_ready()
    assert len(otemon.findings()) == 2
    since = len(otemon.out)
    script = SECRET_SCRIPT.replace("cat <(", f"cp /dev/stdin {tmp_path}/secret.yaml < <(")
    subprocess.run(["bash", "-c", script], env=environment, check=True, timeout=60)
    otemon.wait_said("+ 127.0.0.1:8443  foo.example.com")
    otemon.wait_said("solved: ")
    assert otemon.changes(since) == [("+", "127.0.0.1:8443", "foo.example.com")]
    assert [finding["solved"] for finding in otemon.findings(since)] == [True, True]


def test_both_key_types_side_by_side(run, tmp_path):
    """"Kuma gateway supports serving both RSA and ECDSA server certificates." """
    both = {key_type: certificates.bundle("foo.example.com", key_type=key_type)
            for key_type in ("rsa", "ecdsa")}
    manifests.write(tmp_path / "gateway.yaml", TERMINATION.replace(
        "        - secret: foo-example-com-certificate\n",
        "        - secret: foo-rsa\n        - secret: foo-ecdsa\n"))
    manifests.write(tmp_path / "secrets.yaml", *(
        f"type: Secret\nmesh: default\nname: foo-{key_type}\n"
        f"data: {certificates.to_base64(bundle)}\n" for key_type, bundle in both.items()))
    otemon = run(tmp_path, plain=True).wait_ready()
    assert otemon.table()["127.0.0.1:8443", "foo.example.com"]["certificate"].startswith(
        "ecdsa, rsa until ")
    for key_type, algorithms in (("rsa", "RSA-PSS+SHA256"), ("ecdsa", "ECDSA+SHA256")):
        done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:8443", "-servername",
                               "foo.example.com", "-sigalgs", algorithms],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
                              check=False)
        assert certificates.certificate_of(done.stdout) == certificates.certificate_of(
            both[key_type])


# Tags of the dataplane, of the listener, and the final ones: the table of the page.
TAGS = [
    ("kuma.io/service=edge-gateway", "vhost=foo.example.com",
     "kuma.io/service=edge-gateway,vhost=foo.example.com"),
    ("kuma.io/service=edge-gateway", "kuma.io/service=example,domain=example.com",
     "kuma.io/service=example,domain=example.com"),
    ("kuma.io/service=edge,location=us", "version=2",
     "kuma.io/service=edge,location=us,version=2"),
]


def tags(text, margin):
    return "".join(f"{' ' * margin}{tag.replace('=', ': ', 1)!s}\n" for tag in text.split(",")
                   ).replace("version: 2", "version: \"2\"")


@pytest.mark.parametrize("dataplane, listener, final", TAGS)
def test_tags_of_listeners(run, tmp_path, backend, dataplane, listener, final):
    """A route with the final tags attaches; one with any other value of a tag does not."""
    service = dataplane.split(",", 1)[0]
    manifests.write(
        tmp_path / "gateway.yaml",
        "type: MeshGateway\nmesh: default\nname: edge-gateway\nselectors:\n- match:\n"
        f"{tags(service, 4)}conf:\n  listeners:\n  - port: 8080\n    protocol: HTTP\n"
        f"    hostname: example.com\n    tags:\n{tags(listener, 6)}",
        "type: Dataplane\nmesh: default\nname: edge-1\nnetworking:\n  address: 127.0.0.1\n"
        f"  gateway:\n    type: BUILTIN\n    tags:\n{tags(dataplane, 6)}",
        manifests.service("web", backend(says("from web")).port))
    documents = [manifests.route(("/", "PREFIX", {"web": 1}), name="final").replace(
        "    kuma.io/service: edge\n", tags(final, 4), 1)]
    for index, tag in enumerate(final.split(",")):
        other = final.replace(tag, tag.split("=")[0] + "=another")
        documents.append(manifests.route((f"/other-{index}", "PREFIX", {"web": 1}),
                                         name=f"other-{index}").replace(
            "    kuma.io/service: edge\n", tags(other, 4), 1))
    manifests.write(tmp_path / "routes.yaml", *documents)
    otemon = run(tmp_path, plain=True).wait_ready()
    assert otemon.out[0] == "dataplane edge-1 (mesh default) on 127.0.0.1"
    assert otemon.table()["127.0.0.1:8080", "example.com"]["routes"] == "final"
    assert wire.ask(8080, host="example.com").body == b"from web"
    lost = [finding["message"] for finding in otemon.findings()
            if "attaches to no listener" in finding["message"]]
    assert len(lost) == len(final.split(","))
    overlaid = [finding["message"] for finding in otemon.findings()
                if "is used, but Kuma refuses" in finding["message"]]
    assert len(overlaid) == ("kuma.io/service" in listener)
