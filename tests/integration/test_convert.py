"""`otemon convert`: manifests in the other form, which mean the same there."""
import json
import subprocess

import pytest
import yaml

import test_page
from harness import manifests, wire
from harness.backend import says
from harness.otemon import PROGRAM, ROOT
from harness.shell import run as shell

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
FORMS = ("universal", "kubernetes")
EXAMPLES = ("quickstart", "merged-port", "https-two-certificates", "kubernetes")
CASES = sorted((ROOT / "tests/golden/cases").glob("*/in.yaml"))

GATEWAY = """\
type: MeshGateway
mesh: default
name: edge
selectors:
- match:
    kuma.io/service: edge
conf:
  listeners:
  - port: 8080
    protocol: HTTP
"""
IN_KUBERNETES = """\
apiVersion: kuma.io/v1alpha1
kind: MeshGateway
mesh: default
metadata:
  name: edge
spec:
  selectors:
  - match:
      kuma.io/service: edge
  conf:
    listeners:
    - port: 8080
      protocol: HTTP
"""
MESSY = """\
name: edge
type: MeshGateway
mesh: default
conf: {listeners: [{protocol: 4, tags: {}, port: "8080"}]}
selectors: [{match: {kuma.io/service: edge}}]
"""
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
INSTANCE = """\
apiVersion: kuma.io/v1alpha1
kind: MeshGatewayInstance
metadata:
  name: edge
  namespace: default
spec:
  replicas: 1
"""


def convert(*words, **options):
    return shell(PROGRAM, "convert", *words, **options)


def converted(*words, **options):
    """The text that `convert` writes when there is nothing to say."""
    done = convert(*words, **options)
    assert (done.returncode, done.stderr) == (CLEAN, "")
    return done.stdout


def validated(*words, **options):
    done = shell(PROGRAM, "validate", "-o", "json", *words, **options)
    return [(finding["kind"], finding["field"], finding["message"])
            for finding in json.loads(done.stdout)]


# ---- One object ----


@pytest.mark.parametrize("text", [GATEWAY, IN_KUBERNETES])
def test_both_ways(text):
    assert converted("--to", "kubernetes", "-", input=text) == IN_KUBERNETES
    assert converted("--to=universal", "-", input=text) == GATEWAY
    assert converted("-", input=text) == text


def test_the_canonical_way():
    assert converted("-", input=MESSY) == GATEWAY
    assert converted("-", input=json.dumps(yaml.safe_load(MESSY))) == GATEWAY


def test_the_namespace():
    route = "type: MeshHTTPRoute\nname: cart\nspec: {to: []}\n"
    for words, namespace in (([], "kuma-system"), (["-n", "shop"], "shop")):
        text = converted("--to", "kubernetes", *words, "-", input=route)
        assert yaml.safe_load(text)["metadata"] == {
            "name": "cart", "namespace": namespace, "labels": {"kuma.io/mesh": "default"}}


@pytest.mark.parametrize("name", ["Shop", "-a", "a-", "a.b", "a" * 64])
def test_what_is_no_namespace(name):
    done = convert("-n", name, "-", input=GATEWAY)
    assert (done.returncode, done.stdout) == (UNREADABLE, "")
    assert done.stderr == (f"otemon convert: --namespace: \"{name}\" is not the name of a "
                           "namespace\n")


def test_text_of_several_lines_stays_readable():
    pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    gateway = yaml.safe_load(GATEWAY)
    gateway["conf"]["listeners"][0].update(
        protocol="HTTPS", tls={"mode": "TERMINATE", "certificates": [{"inlineString": pem}]})
    text = converted("-", input=json.dumps(gateway))
    assert "inlineString: |\n          -----BEGIN CERTIFICATE-----\n          AAAA\n" in text
    assert yaml.safe_load(text) == gateway


def test_of_a_file_the_path_is_written(tmp_path):
    (tmp_path / "edge.pem").write_text("content")
    manifest = tmp_path / "gateway.yaml"
    manifest.write_text(GATEWAY.replace("protocol: HTTP", "protocol: HTTPS") + "    tls:\n"
                        "      mode: TERMINATE\n      certificates:\n      - file: edge.pem\n")
    text = converted("--to", "kubernetes", manifest)
    assert "        - file: edge.pem\n" in text
    assert "content" not in text


# ---- What cannot be written ----


def test_fields_that_nobody_knows_are_named(tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(GATEWAY + "    hostnam: x\n    crossMesh: \"yes\"\n")
    done = convert("--to", "kubernetes", file)
    assert done.returncode == FINDINGS
    assert done.stdout == IN_KUBERNETES + "      crossMesh: \"yes\"\n"
    subject = "MeshGateway edge (mesh default): conf.listeners[0]"
    assert done.stderr == (
        f"{file}:11:5: warning: {subject}.hostnam: unknown field, ignored; did you mean "
        "\"hostname\"?\n"
        f"{file}:12:5: error: {subject}.crossMesh: must be true or false, without quotes, not a "
        "string\n")


def test_kinds_of_kubernetes_only():
    assert converted("-", input=INSTANCE) == INSTANCE
    done = convert("--to", "universal", "-", input=INSTANCE + "---\n" + IN_KUBERNETES)
    assert (done.returncode, done.stdout) == (FINDINGS, GATEWAY)
    assert done.stderr.startswith(
        "<stdin>:1:1: error: MeshGatewayInstance edge.default (mesh default): kind: is left out: ")
    assert done.stderr.count("\n") == 1


def test_names_that_two_meshes_have():
    """In a cluster the later object would take the place of the earlier one."""
    other = GATEWAY.replace("mesh: default", "mesh: shop")
    assert converted("-", input=GATEWAY + "---\n" + other) == GATEWAY + "---\n" + other
    done = convert("--to", "kubernetes", "-", input=GATEWAY + "---\n" + other)
    assert done.returncode == FINDINGS
    assert done.stdout == IN_KUBERNETES + "---\n" + IN_KUBERNETES.replace("default", "shop")
    assert done.stderr.startswith(
        "<stdin>:12:1: error: MeshGateway edge (mesh shop): name: is the name of an object before")


def test_objects_of_others_are_passed_over_with_a_note():
    done = convert("-", input=DEPLOYMENT + "---\n" + GATEWAY)
    assert (done.returncode, done.stdout) == (CLEAN, GATEWAY)
    assert done.stderr == ("<stdin>:1:1: note: Deployment web is passed over: it is none of "
                           "Kuma's\n")


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.yaml").write_text(GATEWAY)
    done = convert(tmp_path, tmp_path / "none")
    assert (done.returncode, done.stdout) == (UNREADABLE, GATEWAY)
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        f"{tmp_path}/a.yaml:2:1", f"{tmp_path}/none"]


def test_a_full_disk():
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, "convert", "-"], input=GATEWAY, stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (
        FINDINGS, "otemon convert: standard output: cannot be written\n")


def test_nesting_has_its_bound():
    """What is deep is left out, rather than written so that nobody can read it."""
    def mesh(depth):
        return "type: Mesh\nname: m\nlogging: {a: " + "[" * depth + "]" * depth + "}\n"

    for depth, status in ((59, CLEAN), (60, FINDINGS)):
        for form in ("json", "yaml"):
            done = convert("-o", form, "--to", "kubernetes", "-", input=mesh(depth))
            assert done.returncode == status
    text = converted("-o", "json", "--to", "kubernetes", "-",
                     input=mesh(59) + "---\n" + mesh(59).replace("name: m", "name: o"))
    assert validated("-", input=text) == []


# ---- JSON ----


@pytest.mark.parametrize("form", FORMS)
def test_json(form):
    one = json.loads(converted("-o", "json", "--to", form, "-", input=GATEWAY))
    assert one == yaml.safe_load(converted("--to", form, "-", input=GATEWAY))
    more = GATEWAY + "---\n" + GATEWAY.replace("name: edge", "name: other")
    text = converted("-o", "json", "--to", form, "-", input=more)
    found = json.loads(text)
    assert (found["apiVersion"], found["kind"]) == ("v1", "List")
    assert found["items"] == list(yaml.safe_load_all(converted("--to", form, "-", input=more)))
    assert converted("--to", form, "-", input=text) == converted("--to", form, "-", input=more)
    assert json.loads(converted("-o", "json", "-", input=""))["items"] == []


# ---- Many objects ----


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_each_case_in_each_form(path, form):
    """Written once more it is the same, and another reader of YAML sees what JSON says."""
    text = convert("--to", form, path).stdout
    assert convert("--to", form, "-", input=text).stdout == text
    assert convert("-", input=text).stdout == text
    found = json.loads(convert("-o", "json", "--to", form, path).stdout)
    documents = list(yaml.safe_load_all(text))
    assert documents == (found["items"] if found.get("kind") == "List" else [found])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_stay_clean(example, form, tmp_path):
    path = ROOT / "examples" / example
    done = convert("--to", form, path)
    is_instance = "MeshGatewayInstance" in (path / "gateway.yaml").read_text()
    assert done.returncode == (FINDINGS if is_instance and form == "universal" else CLEAN)
    for name in ("foo-ecdsa.pem", "foo-rsa.pem"):
        if (path / name).exists():
            (tmp_path / name).symlink_to(path / name)
    (tmp_path / "all.yaml").write_text(done.stdout)
    assert validated(tmp_path) == []


@pytest.mark.parametrize("text", [test_page.ONE_LISTENER, test_page.TWO_LISTENERS,
                                  test_page.TERMINATION])
def test_the_page_of_kuma(text):
    """Its manifests say the same when they are formatted, and come back from the other form."""
    assert yaml.safe_load(converted("-", input=text)) == yaml.safe_load(text)
    there = converted("--to", "kubernetes", "-", input=text)
    assert converted("--to", "universal", "-", input=there) == converted("-", input=text)


def test_what_was_converted_is_served_alike(run, tmp_path, backend):
    """The gateway of the page, in Kubernetes' form."""
    manifests.write(tmp_path / "gateway.yaml", test_page.TWO_LISTENERS,
                    test_page.route("foo", vhost="foo.example.com"),
                    manifests.service("web", backend(says("from web")).port))
    text = converted("--to", "kubernetes", tmp_path / "gateway.yaml")
    assert "type:" not in text
    (tmp_path / "gateway.yaml").write_text(text)
    otemon = run(tmp_path, plain=True).wait_ready()
    assert set(otemon.table()) == {("127.0.0.1:8080", "foo.example.com"),
                                   ("127.0.0.1:8080", "bar.example.com")}
    answer = wire.ask(8080, host="foo.example.com")
    assert (answer.status, answer.body) == (200, b"from web")
