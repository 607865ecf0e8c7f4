"""`otemon validate`: what is wrong with manifests, said before they are served."""
import json
import subprocess

import pytest

from harness import manifests
from harness.otemon import PROGRAM, ROOT
from harness.shell import run as shell

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2

GATEWAY = """\
type: MeshGateway
mesh: default
name: edge
selectors:
- match: {kuma.io/service: edge}
conf:
  listeners:
"""
FLOW = GATEWAY.replace("conf:\n  listeners:\n", "conf: {listeners: [")


def validate(*paths, **options):
    return shell(PROGRAM, "validate", *paths, **options)


def findings(*paths, **options):
    """The array of -o json."""
    done = validate("-o", "json", *paths, **options)
    found = json.loads(done.stdout)
    assert done.stderr == ""
    assert done.returncode in (CLEAN, FINDINGS, UNREADABLE)
    assert (done.returncode == CLEAN) == (found == [])
    return found


def messages(*paths):
    return [finding["message"] for finding in findings(*paths)]


# ---- Where manifests come from ----


@pytest.mark.parametrize("example", ["quickstart", "merged-port", "https-two-certificates",
                                     "kubernetes"])
def test_examples_are_clean(example):
    done = validate(ROOT / "examples" / example)
    assert (done.returncode, done.stdout, done.stderr) == (CLEAN, "", "")


def test_a_finding_names_all_there_is_to_know(tmp_path):
    file = tmp_path / "any.name"
    file.write_text(GATEWAY + "  - {port: 0, protocol: HTTP, hostnam: x}\n")
    done = validate(file)
    subject = "MeshGateway edge (mesh default)"
    assert (done.returncode, done.stderr) == (FINDINGS, "")
    assert done.stdout == (
        f"{file}:8:6: error: {subject}: conf.listeners[0].port: port must be in the range "
        "[1, 65535]\n"
        f"{file}:8:31: warning: {subject}: conf.listeners[0].hostnam: unknown field, ignored; did "
        "you mean \"hostname\"?\n")
    assert findings(file) == [
        {"file": str(file), "line": 8, "kind": "MeshGateway", "name": "edge", "mesh": "default",
         "field": "conf.listeners[0].port", "severity": "error",
         "message": "port must be in the range [1, 65535]"},
        {"file": str(file), "line": 8, "kind": "MeshGateway", "name": "edge", "mesh": "default",
         "field": "conf.listeners[0].hostnam", "severity": "warning",
         "message": "unknown field, ignored; did you mean \"hostname\"?"}]


def test_the_standard_input():
    text = GATEWAY + "  - {port: 0, protocol: HTTP}\n"
    done = validate("-", input=text)
    assert (done.returncode, done.stderr) == (FINDINGS, "")
    assert done.stdout.startswith("<stdin>:8:6: error: MeshGateway edge (mesh default): ")
    assert validate("-", input="").returncode == CLEAN
    assert findings("-", input=text)[0]["file"] == "<stdin>"


def test_a_list_of_kubectl(tmp_path):
    """What `kubectl get -o json` prints."""
    gateway = {"apiVersion": "kuma.io/v1alpha1", "kind": "MeshGateway", "mesh": "default",
               "metadata": {"name": "edge", "uid": "1", "generation": 3},
               "spec": {"selectors": [{"match": {"kuma.io/service": "edge"}}],
                        "conf": {"listeners": [{"port": 1, "protocol": "SPDY"}]}}}
    (tmp_path / "list.json").write_text(json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [gateway]}, indent=1))
    (found,) = findings(tmp_path / "list.json")
    assert found["field"] == "conf.listeners[0].protocol"
    assert "unknown value SPDY" in found["message"]


def test_many_paths(tmp_path):
    paths = []
    for number in range(200):
        paths.append(tmp_path / f"{number}.yaml")
        paths[-1].write_text(f"{{type: Mesh, name: m{number}}}\n")
    assert validate(*paths).returncode == CLEAN
    assert validate(tmp_path, *paths).returncode == CLEAN, "a file that is named twice is one file"


def test_what_cannot_be_read_stops_nothing_else(tmp_path):
    (tmp_path / "a.yaml").write_text(GATEWAY + "  - {port: 0, protocol: HTTP}\n")
    (tmp_path / "b.yaml").write_text("a: [\n")
    (tmp_path / "empty").mkdir()
    done = validate(tmp_path / "no", tmp_path / "a.yaml", tmp_path / "b.yaml", tmp_path / "empty")
    assert (done.returncode, done.stderr) == (UNREADABLE, "")
    first, second, third, fourth = done.stdout.splitlines()
    assert first.startswith(f"{tmp_path}/a.yaml:8:6: error: MeshGateway edge")
    assert second == (f"{tmp_path}/b.yaml:2:1: error: did not find expected node content while "
                      "parsing a flow node. Nothing of this file is used")
    assert third == (f"{tmp_path}/empty: error: holds no manifest: no file named *.yaml, *.yml or "
                     "*.json")
    assert fourth == f"{tmp_path}/no: error: does not exist"


def test_certificates_beside_the_manifest(tmp_path):
    """A relative `file:` is relative to the manifest."""
    listener = ("  - {{port: 443, protocol: HTTPS, hostname: a.test, tls: {{mode: TERMINATE, "
                "certificates: [{{file: {}}}]}}}}\n")
    bundle = shell(PROGRAM, "generate", "tls-certificate", "--type=server", "--hostname=a.test",
                   "--key-file=-", "--cert-file=-").stdout
    (tmp_path / "a.pem").write_text(bundle)
    (tmp_path / "gateway.yaml").write_text(GATEWAY + listener.format("a.pem"))
    assert findings(tmp_path / "gateway.yaml") == []
    (tmp_path / "gateway.yaml").write_text(GATEWAY + listener.format("b.pem"))
    assert messages(tmp_path / "gateway.yaml")[1].startswith("cannot read file \"b.pem\": ")


# ---- Objects together ----


def write_all(directory, **texts):
    for name, text in texts.items():
        manifests.write(directory / f"{name}.yaml", text)


def test_a_route_without_listener(tmp_path):
    """Said where there is a gateway, and not where all of them are elsewhere."""
    write_all(tmp_path, route=manifests.route(("/", "PREFIX", {"web": 1}), gateway_name="egde"))
    assert findings(tmp_path) == []
    write_all(tmp_path, gateway=manifests.gateway(8080))
    (found,) = findings(tmp_path)
    assert (found["file"], found["kind"], found["name"], found["field"], found["severity"]) == (
        f"{tmp_path}/route.yaml", "MeshGatewayRoute", "all", "selectors", "warning")
    assert found["message"].startswith("attaches to no listener: ")


def test_a_gateway_of_another_mesh(tmp_path):
    """Whose route or Dataplane is of a mesh without a gateway has mistyped the mesh."""
    dataplane = ("{type: Dataplane, mesh: default, name: d, networking: {address: 127.0.0.1, "
                 "gateway: {type: BUILTIN, tags: {kuma.io/service: edge}}}}\n")
    write_all(tmp_path, route=manifests.route(("/", "PREFIX", {"web": 1})), dataplane=dataplane)
    assert findings(tmp_path) == []
    write_all(tmp_path,
              gateway=manifests.gateway(8080).replace("mesh: default", "mesh: other"))
    idle, lost = findings(tmp_path)
    assert (idle["kind"], idle["field"]) == ("Dataplane", "networking.gateway.tags")
    assert (lost["kind"], lost["field"]) == ("MeshGatewayRoute", "selectors")
    assert lost["message"].endswith("; mesh default has no MeshGateway, and a route attaches to "
                                    "those of its own mesh")


def test_a_secret_that_is_missing(tmp_path):
    """Said where there are Secrets, and not where they are kept elsewhere."""
    gateway = manifests.gateway(443, "a.test", protocol="HTTPS", certificates=["x"])
    write_all(tmp_path, gateway=gateway.replace("file: x", "secret: x"))
    assert findings(tmp_path) == []
    write_all(tmp_path, secret="{type: Secret, mesh: default, name: other, data: YQ==}\n")
    first, second = findings(tmp_path)
    assert (first["field"], second["field"]) == ("conf.listeners[0]",
                                                 "conf.listeners[0].tls.certificates[0]")
    assert {first["severity"], second["severity"]} == {"error"}
    assert second["message"].startswith("there is no secret \"x\" in mesh default; create ")


def test_a_back_end_that_is_unknown(tmp_path):
    """Said where there are Dataplanes, and not for what a cluster or another directory has."""
    write_all(tmp_path, gateway=manifests.gateway(8080),
              route=manifests.route(("/", "PREFIX", {"web": 1})))
    assert findings(tmp_path) == []
    write_all(tmp_path, api=manifests.service("api", 9001))
    (found,) = findings(tmp_path)
    assert found["field"] == "conf.http.rules[0].backends[0].destination"
    assert found["message"].startswith("service \"web\" has no endpoints: no Dataplane has an ")


def test_two_gateways_for_one_dataplane(tmp_path):
    write_all(tmp_path, one=manifests.gateway(8080, name="edge"),
              two=manifests.gateway(8081, name="edge").replace("name: edge", "name: late"),
              dataplane="{type: Dataplane, mesh: default, name: dp, networking: {address: "
                        "10.1.2.3, gateway: {type: BUILTIN, tags: {kuma.io/service: edge}}}}\n")
    (found,) = findings(tmp_path)
    assert (found["name"], found["field"]) == ("late", "selectors")
    assert found["message"].startswith(
        "dataplane dp is bound to MeshGateway edge, which is first by name, and no other is left ")


def test_two_gateways_may_have_one_port(tmp_path):
    """In a cluster each has pods of its own."""
    write_all(tmp_path, one=manifests.gateway(8080, name="one"),
              two=manifests.gateway(8080, name="two"))
    assert findings(tmp_path) == []


def test_one_object_twice(tmp_path):
    write_all(tmp_path, a=manifests.gateway(8080), b=manifests.gateway(8081))
    (found,) = findings(tmp_path)
    assert found["file"] == f"{tmp_path}/b.yaml"
    assert found["message"] == (f"is ignored: the same object stands in {tmp_path}/a.yaml, line 1, "
                                "which comes first")


# ---- Hostile input ----

SIZE = 3 << 19  # 1.5 MiB, the most that an API server takes


def repeat(head, unit, tail=""):
    return head + unit * ((SIZE - len(head) - len(tail)) // len(unit)) + tail


def aliases():
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in range(1, 10):
        text += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    return text


HOSTILE = {
    "a long string": (repeat(GATEWAY + "  - {port: 80, protocol: HTTP}\nx: ", "a"), FINDINGS,
                      "unknown field, ignored"),
    "a list of numbers": (repeat(FLOW, "1,", "]}\n"), UNREADABLE, "values, those behind"),
    "a list of nothing": (repeat(FLOW, "~,", "]}\n"), UNREADABLE, "values, those behind"),
    "a list of objects": (repeat(FLOW, "{},", "]}\n"), UNREADABLE,
                          "values, those behind"),
    "100,000 listeners": (GATEWAY + "  - {}\n" * 100_000, FINDINGS,
                          "has 100000 items: at most 10000 are read, so none is"),
    "good listeners": (repeat(GATEWAY, "  - port: 80\n    protocol: HTTP\n"), FINDINGS,
                       "items: at most 10000 are read"),
    "bad listeners": (GATEWAY + "  - {}\n" * 10_000, FINDINGS,
                      "there is more to say about this object than the first 100 findings"),
    "tags": ("".join(["type: MeshGateway\nmesh: default\nname: g\ntags:\n",
                      *(f" k{number}: '?'\n" for number in range(15_000))]), FINDINGS,
             "has 15000 items: at most 10000 are read"),
    "unknown fields": ("".join(["type: MeshGateway\nmesh: default\nname: g\n",
                                *(f"selectorz{number}: 1\n" for number in range(15_000))]),
                       FINDINGS, "unknown field, ignored; did you mean \"selectors\"?"),
    "members": ("".join(f"k{number}: 1\n" for number in range(150_000)), UNREADABLE,
                "an object of more than 20000 members"),
    "documents": (repeat("", "--- {type: Mesh, name: m}\n"), UNREADABLE,
                  "more than 20000 documents"),
    "objects": ("".join(f"--- {{type: MeshTimeout, mesh: m, name: t{number}, spec: {{}}}}\n"
                        for number in range(20_000)), FINDINGS,
                "more findings are not shown"),
    "objects that say too little": ("".join(f"--- {{type: MeshGateway, name: g{number}}}\n"
                                            for number in range(20_000)), FINDINGS,
                                    "more findings are not shown"),
    "selectors": (repeat("type: MeshGateway\nmesh: m\nname: g\nselectors: [",
                         "{match: {kuma.io/service: a}},", "]\n"), FINDINGS,
                  "items: at most 10000 are read"),
    "a list of kubectl": ("kind: List\nitems:\n" + "- {type: Mesh, name: m}\n" * 20_001,
                          UNREADABLE, "more than 20000 objects"),
    "depth 100,000": ("a: " + "[" * 100_000, UNREADABLE, "nested deeper than 64 levels"),
    "depth 100,000 of objects": ("{a: " * 100_000, UNREADABLE, "nested deeper than 64 levels"),
    "depth 100,000 of JSON": ('{"a":' * 100_000, UNREADABLE, "nested deeper than 64 levels"),
    "depth 100,000 of dashes": ("- " * 100_000, UNREADABLE, "nested deeper than 64 levels"),
    "an alias bomb": (aliases(), UNREADABLE, "values, those behind aliases included"),
    "anchors": ("".join(f"- &a{number} x\n" for number in range(100_000)), UNREADABLE,
                "more than 10000 anchors"),
    "duplicate keys": ("type: Mesh\nname: m\nname: m\n", UNREADABLE,
                       "the key name stands at line 2, column 1 already"),
    "many duplicate keys": (repeat("type: Mesh\n", "name: m\n"), UNREADABLE,
                            "an object of more than 20000 members"),
    "no UTF-8": (b"type: Mesh\nname: \xff\n", UNREADABLE, ":2:7: error: not UTF-8 text"),
    "the end of a character": (repeat("x: ", "a").encode() + b"\xc3", UNREADABLE, "not UTF-8 text"),
    "a huge exponent": (GATEWAY + "  - {port: 1e999999999, protocol: HTTP}\n", FINDINGS,
                        "must be a whole number from 0 to 4294967295, not 1e999999999"),
    "a tiny exponent": (GATEWAY + "  - {port: 80, protocol: 1e-999999999}\n", FINDINGS,
                        "unknown value 1e-999999999: must be one of"),
    "a long number": (repeat(GATEWAY + "  - {protocol: HTTP, port: 1", "0", "}\n"), FINDINGS,
                      "must be a whole number from 0 to 4294967295, not 1000"),
    "a long hexadecimal number": (repeat(GATEWAY + "  - {port: 0x", "f", "}\n"), UNREADABLE,
                                  "is a number that JSON cannot express"),
    "more than a file may have": ("#" * (8 << 20) + "#", UNREADABLE, "is larger than 8388608"),
}


# Each object has its own findings, and 10,000 of them are shown.
MANY = {"objects", "objects that say too little"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input(name, tmp_path):
    """A clear sentence, in at most 64 MiB of memory: more ends the program."""
    text, status, sentence = HOSTILE[name]
    file = tmp_path / "hostile.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(["prlimit", f"--data={64 << 20}", PROGRAM, "validate", file],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout[:1000] + done.stderr
    assert done.stderr == ""
    assert sentence in done.stdout
    assert len(done.stdout) < (2 << 20 if name in MANY else 64 * 1024)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_converted_or_refused(name, tmp_path):
    """In the same memory."""
    text, status, sentence = HOSTILE[name]
    file = tmp_path / "hostile.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(["prlimit", f"--data={64 << 20}", PROGRAM, "convert", "--to",
                           "kubernetes", file], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == status, done.stderr[-1000:]
    assert sentence in done.stderr
