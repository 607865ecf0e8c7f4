"""`otemon diff`: what a change of manifests would do, told before it does."""
import json
import shutil

import pytest

from harness import certificates, manifests
from harness.otemon import PROGRAM, ROOT
from harness.shell import run as shell
from harness.stage import WEB

QUICKSTART = ROOT / "examples/quickstart"
SAME, OTHER, UNUSABLE = 0, 1, 2
GATEWAY = "MeshGateway edge-gateway (mesh default)"


@pytest.fixture(name="base")
def fixture_base(tmp_path):
    return shutil.copytree(QUICKSTART, tmp_path / "base")


def diff(*words, base, **options):
    return shell(PROGRAM, "diff", "--against", base, *words, **options)


def edit(base, name, *edits):
    """The text of a manifest with other words in it."""
    text = (base / name).read_text(encoding="utf-8")
    for written, typed in edits:
        assert written in text
        text = text.replace(written, typed, 1)
    return text


def changes(text, base):
    """[(change, kind, name)] of -o json, which says the same as the text."""
    done = diff("-f", "-", "-o", "json", base=base, input=text)
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert done.returncode == (OTHER if told["changes"] or told["findings"] else SAME)
    words = diff("-f", "-", base=base, input=text)
    assert words.returncode == done.returncode
    signs = {"added": "+", "removed": "-", "changed": "~"}
    for one in told["changes"]:
        assert f"{signs[one['change']]} {one['kind']:12}{one['name']}\n" in words.stdout
        assert (one["before"] == "") == (one["change"] == "added")
        assert (one["after"] == "") == (one["change"] == "removed")
    return [(one["change"], one["kind"], one["name"]) for one in told["changes"]]


def test_the_same_is_no_difference(base):
    for path in (base, base / "gateway.yaml", base / "routes.yaml"):
        done = diff("-f", path, base=base)
        assert (done.returncode, done.stderr) == (SAME, "")
        assert done.stdout == "What is served stays the same.\n"
    assert diff("-f", "-", base=base, input="").returncode == SAME


def test_what_nobody_sees_is_no_difference(base):
    """Comments, the other form, an unused tag, and where rules stand by their numbers."""
    done = shell(PROGRAM, "convert", "--to", "kubernetes", base / "routes.yaml")
    assert changes(f"# other words\n{done.stdout}", base) == []
    assert changes(edit(base, "gateway.yaml", ("    tags:\n", "    tags:\n      color: red\n")),
                   base) == []


def test_weights(base):
    text = edit(base, "routes.yaml", ("weight: 9", "weight: 5"))
    done = diff("-f", "-", base=base, input=text)
    assert (done.returncode, done.stderr) == (OTHER, "")
    assert done.stdout == (
        "~ rule        PREFIX / of route blog (mesh default)\n"
        "  was         to api with weight 1, web with weight 9\n"
        "  is          to api with weight 1, web with weight 5\n")


def test_rules(base):
    text = edit(base, "routes.yaml", ("value: /api", "value: /apis"))
    assert changes(text, base) == [
        ("removed", "rule", "PREFIX /api of route shop (mesh default)"),
        ("added", "rule", "PREFIX /apis of route shop (mesh default)")]


def test_listeners_and_host_names(base):
    text = edit(base, "gateway.yaml", ("8443", "9443"), ("hostname: blog", "hostname: news"))
    assert changes(text, base) == [
        ("removed", "listener", f"port 8443 of {GATEWAY}"),
        ("added", "listener", f"port 9443 of {GATEWAY}"),
        ("removed", "host", f"blog.example.com on port 8080 of {GATEWAY}"),
        ("added", "host", f"news.example.com on port 8080 of {GATEWAY}"),
        ("removed", "host", f"shop.example.com on port 8443 of {GATEWAY}"),
        ("added", "host", f"shop.example.com on port 9443 of {GATEWAY}")]


def test_back_ends_are_counted(base):
    more = manifests.service("web", 9101, 9102)
    done = diff("-f", "-", base=base, input=more)
    assert done.stdout == ("~ backend     web (mesh default)\n"
                           "  was         1 endpoint\n"
                           "  is          3 endpoints\n")
    moved = edit(base, "backends.yaml", ("9001", "9101"))
    done = diff("-f", "-", base=base, input=moved)
    assert done.stdout == ("~ backend     web (mesh default)\n"
                           "  was         1 endpoint\n"
                           "  is          1 endpoint, at other addresses\n")


def test_certificates_show_no_keys(base):
    bundle = certificates.bundle("shop.example.com", "new.example.com")
    secret = ("type: Secret\nmesh: default\nname: shop-example-com-certificate\n"
              f"data: {certificates.to_base64(bundle)}\n")
    for words in ([], ["-o", "json"]):
        done = diff("-f", "-", *words, base=base, input=secret)
        assert done.returncode == OTHER
        assert "SHA-256 " in done.stdout and "new.example.com" in done.stdout
        assert "KEY" not in done.stdout and certificates.to_base64(bundle)[:40] not in done.stdout
    kinds = {(change, kind) for change, kind, _ in changes(secret, base)}
    assert ("added", "certificate") in kinds or ("changed", "certificate") in kinds


def test_findings_that_are_new(base):
    text = edit(base, "routes.yaml", ("kuma.io/service: api", "kuma.io/service: apis"))
    done = diff("-f", "-", base=base, input=text)
    assert done.returncode == OTHER
    assert "\nWhat is said now and was not before:\n<stdin>:17:9: warning: MeshGatewayRoute shop " \
        "(mesh default): conf.http.rules[0].backends[0].destination: service \"apis\" has no " \
        "endpoints: " in done.stdout
    manifests.write(base / "old.yaml", manifests.route(("/", "PREFIX", {"web": 1}),
                                                       gateway_name="egde"))
    assert diff("-f", base / "gateway.yaml", base=base).returncode == SAME, "it was there before"


def test_a_gateway_that_comes(base):
    told = changes(manifests.gateway(8090, "a.test", name="late"), base)
    assert told == [("added", "listener", "port 8090 of MeshGateway late (mesh default)"),
                    ("added", "host", "a.test on port 8090 of MeshGateway late (mesh default)")]


def test_words_that_are_not_understood(base):
    done = diff(base=base)
    assert (done.returncode, done.stdout) == (UNUSABLE, "")
    assert done.stderr == "otemon diff: -f: is missing: what is the change?\n"
    done = diff("-f", base / "no", base=base)
    assert done.returncode == UNUSABLE
    assert f"{base}/no: error: does not exist\n" in done.stdout


def test_a_cluster(stage):
    stage.gateway(8080)
    stage.route()
    stage.back_end(9001)
    stage.pod()
    new = {"apiVersion": "kuma.io/v1alpha1", "kind": "MeshGatewayRoute", "mesh": "default",
           "metadata": {"name": "all"},
           "spec": {"selectors": [{"match": {"kuma.io/service": "edge"}}],
                    "conf": {"http": {"rules": [
                        {"matches": [{"path": {"match": "PREFIX", "value": "/new"}}],
                         "backends": [{"weight": 1,
                                       "destination": {"kuma.io/service": WEB}}]}]}}}}
    done = shell(PROGRAM, "diff", "--kube", "--kubeconfig", stage.cluster.kubeconfig, "-f", "-",
                 input=json.dumps(new))
    assert (done.returncode, done.stderr) == (OTHER, "")
    assert done.stdout == (
        "- rule        PREFIX / of route all (mesh default)\n"
        f"              to {WEB} with weight 1\n"
        "+ rule        PREFIX /new of route all (mesh default)\n"
        f"              to {WEB} with weight 1\n")
