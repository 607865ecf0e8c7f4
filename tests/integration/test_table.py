"""What `otemon run` prints: which dataplanes it serves, the table, and the findings."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from harness import certificates, manifests, ports, report, wire
from harness.backend import says
from harness.otemon import PROGRAM
from harness.waiting import until


def dataplane(name, address):
    """Where a builtin gateway runs."""
    return (f"type: Dataplane\nmesh: default\nname: {name}\nnetworking:\n  address: {address}\n"
            "  gateway: {type: BUILTIN, tags: {kuma.io/service: edge}}\n")


def test_a_dataplane_is_derived(run, tmp_path, backend):
    """With no Dataplane for it, a gateway gets one on loopback, and the first line says so."""
    port = ports.free()
    manifests.write(tmp_path / "all.yaml", manifests.gateway(port, "foo.example.com", name="edge"),
                    manifests.route(("/", "PREFIX", {"web": 1}), name="foo"),
                    manifests.service("web", backend(says("from web")).port))
    otemon = run(tmp_path).wait_ready()
    assert otemon.out[0] == ("dataplane edge (mesh default) on 127.0.0.1, "
                             "derived from the first selector of the MeshGateway")
    assert otemon.table() == {(f"127.0.0.1:{port}", "foo.example.com"): {
        "sign": "", "address": f"127.0.0.1:{port}", "hostname": "foo.example.com",
        "protocol": "HTTP", "certificate": "-", "routes": "foo", "backends": "web (1)"}}
    assert otemon.findings() == []
    assert wire.ask(port, host="foo.example.com").body == b"from web"
    otemon.wait_said(" 200 GET foo.example.com/ ")
    otemon.stop()
    assert otemon.err == []


@pytest.fixture(name="three")
def fixture_three(tmp_path):
    """A gateway with two local dataplanes and one of another machine."""
    port = ports.free()
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(port))
    manifests.write(tmp_path / "dataplanes.yaml", *(
        dataplane(name, address) for name, address in (
            ("near-1", "127.0.0.2"), ("near-2", "127.0.0.3"), ("far", "192.0.2.7"))))
    return port


FAR = ("192.0.2.7 is not an address of this machine, so this gateway is not served here; to serve "
       "it anyway choose one with --address, such as --address 127.0.0.1")


def test_all_that_are_local_are_served(run, tmp_path, three):
    otemon = run(tmp_path).wait_ready()
    assert otemon.out[:2] == ["dataplane near-1 (mesh default) on 127.0.0.2",
                              "dataplane near-2 (mesh default) on 127.0.0.3"]
    assert set(otemon.table()) == {(f"127.0.0.2:{three}", "*"), (f"127.0.0.3:{three}", "*")}
    for address in ("127.0.0.2", "127.0.0.3"):
        done = subprocess.run(["curl", "-s", f"http://{address}:{three}/"], capture_output=True,
                              text=True, timeout=20, check=True)
        assert "No routes match" in done.stdout
    finding, = otemon.findings()
    assert (finding["line"], finding["column"], finding["severity"]) == (19, 3, "warning")
    assert finding["message"].endswith("networking.address: " + FAR)


def test_one_dataplane_is_chosen(run, tmp_path, three):
    otemon = run(tmp_path, "--dataplane=near-2").wait_ready()
    assert set(otemon.table()) == {(f"127.0.0.3:{three}", "*")}
    assert otemon.findings() == []


def test_two_dataplanes_are_chosen(run, tmp_path, three):
    otemon = run(tmp_path, "--dataplane=near-2", "--dataplane", "near-1").wait_ready()
    assert len(otemon.table()) == 2
    assert otemon.findings() == []


def test_a_dataplane_of_another_machine_needs_an_address(run, tmp_path, three):
    otemon = run(tmp_path, "--dataplane=far")
    assert otemon.wait_end() == 1
    finding, = otemon.findings()
    assert finding["message"].endswith(FAR)
    assert "holds no MeshGateway that can be served here; the findings above" in otemon.err[0]
    otemon = run(tmp_path, "--dataplane=far", "--address=127.0.0.1").wait_ready()
    assert otemon.out[0] == "dataplane far (mesh default) on 127.0.0.1"
    assert set(otemon.table()) == {(f"127.0.0.1:{three}", "*")}
    assert otemon.findings() == []


def test_ipv6(run, tmp_path, three):
    otemon = run(tmp_path, "--dataplane=far", "--address=::1").wait_ready()
    assert set(otemon.table()) == {(f"[::1]:{three}", "*")}
    done = subprocess.run(["curl", "-s", f"http://[::1]:{three}/"], capture_output=True, text=True,
                          timeout=20, check=True)
    assert "No routes match" in done.stdout


def test_an_unknown_dataplane(run, tmp_path, three):
    otemon = run(tmp_path, "--dataplane=naer-2")
    assert otemon.wait_end() == 1
    finding, = otemon.findings()
    assert finding["message"] == ("Dataplane naer-2: --dataplane names no gateway Dataplane of "
                                  "these manifests; did you mean near-2?")
    assert three


def test_a_service_without_endpoints(run, tmp_path):
    """503, and a finding with the place of the back end."""
    port = ports.free()
    manifests.write(tmp_path / "gateway.yaml", manifests.gateway(port))
    manifests.write(tmp_path / "routes.yaml", manifests.route(("/", "PREFIX", {"nobody": 1})))
    otemon = run(tmp_path).wait_ready()
    assert otemon.table()[f"127.0.0.1:{port}", "*"]["backends"] == "nobody (no endpoint)"
    finding, = otemon.findings()
    assert (finding["file"], finding["line"], finding["severity"]) == (
        str(tmp_path / "routes.yaml"), 13, "warning")
    assert ("conf.http.rules[0].backends[0].destination: service \"nobody\" has no endpoints: no "
            "Dataplane has an inbound with this service in mesh default; requests to it get 503"
            ) in finding["message"]
    assert wire.ask(port).status == 503
    line = otemon.wait_said(" 503 GET ")
    assert "reason=" in line


# One broken manifest of each kind: what is written, and what has to be said, where.
GATEWAY = """\
type: MeshGateway
mesh: default
name: edge
selectors:
- match:
    kuma.io/service: edge
conf:
  listeners:
  - port: 99999
    protocol: HTTP
  - port: PORT
    protocol: HTTP
    tagz:
      a: b
"""
BROKEN = {
    "MeshGateway": (GATEWAY, [
        (9, 5, "error", "conf.listeners[0].port: port must be in the range [1, 65535]"),
        (13, 5, "warning", "conf.listeners[1].tagz: unknown field, ignored; did you mean "
                           "\"tags\"?")]),
    "MeshGatewayRoute": ("""\
type: MeshGatewayRoute
mesh: default
name: foo
selectors:
- match:
    kuma.io/service: edge
conf:
  http:
    rules:
    - matches:
      - path:
          match: PREFX
          value: /
      backends:
      - weight: 1
        destination:
          service: web
""", [(12, 11, "error", "conf.http.rules[0].matches[0].path.match: unknown value PREFX: must be "
                        "one of EXACT, PREFIX, REGEX"),
      (15, 9, "error", "conf.http.rules[0].backends[0]: mandatory tag \"kuma.io/service\" is "
                       "missing")]),
    "Dataplane": ("""\
type: Dataplane
mesh: default
name: web-1
networking:
  address: 127.0.0.1
  inbound:
  - port: 0
    tags:
      kuma.io/service: web
""", [(7, 5, "error", "networking.inbound[0].port: port must be in the range [1, 65535]")]),
    "Secret": ("""\
type: Secret
mesh: default
name: certificate
data: "***"
""", [(4, 1, "error", "data: is not base64 (with + and /, padded with =)")]),
    "Secret (Kubernetes)": ("""\
apiVersion: v1
kind: Secret
metadata:
  name: certificate
  namespace: kuma-system
type: system.kuma.io/secret
data:
  value: "***"
""", [(8, 3, "error", "data.value: is not base64")]),
    "Mesh": ("""\
type: Mesh
name: UPPER
""", [(2, 1, "error", "name: invalid characters.")]),
    "an unknown kind": ("type: MeshGatway\nname: a\n", [
        (1, 1, "error", "type: unknown type \"MeshGatway\"; did you mean MeshGateway?")]),
    "MeshHTTPRoute": ("""\
type: MeshHTTPRoute
name: a
spec:
  targetRef: {kind: MeshGateway, name: edge}
  to:
  - targetRef: {kind: MeshService, name: web}
    rules: []
""", [(6, 17, "error",
          "spec.to[0].targetRef.kind: value is not supported; it must be Mesh")]),
    "a policy": ("type: MeshMetric\nname: a\nspec: {}\n", [
        (1, 1, "warning", "MeshMetric is not served yet: it has no effect")]),
    "a kind that is not known": ("type: HostnameGenerator\nname: a\n", [
        (1, 1, "warning", "type: HostnameGenerator is not served yet: it has no effect")]),
    "no resource": ("just text\n", [(1, 1, "error", "it has to be an object, not a string")]),
    "no YAML": ("a: [\n", [(2, 1, "error", "Nothing of this file is used")]),
    "a key twice": ("type: Mesh\nname: a\nname: b\n", [
        (3, 1, "error", "the key name stands at line 2, column 1 already")]),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_has_a_place(run, tmp_path, kind):
    """A finding with file, line and column; and it costs only itself."""
    text, wanted = BROKEN[kind]
    port, good = ports.free(), ports.free()
    manifests.write(tmp_path / "good.yaml", manifests.gateway(good, name="good"))
    manifests.write(tmp_path / "broken.yaml", text.replace("PORT", str(port)))
    otemon = run(tmp_path).wait_ready()
    assert f"127.0.0.1:{good}" in [address for address, _ in otemon.table()]
    assert wire.ask(good).status == 404
    found = {(finding["line"], finding["column"], finding["severity"]): finding["message"]
             for finding in otemon.findings()
             if finding["file"] == str(tmp_path / "broken.yaml")}
    for line, column, severity, message in wanted:
        assert message in found.get((line, column, severity), "nothing there"), found


class Screen:
    """`otemon run` on a terminal of so many columns."""

    def __init__(self, directory, columns, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [PROGRAM, "run", "--health=off", "--admin=off", directory], stdin=subprocess.DEVNULL,
            stdout=slave, stderr=slave, env={**inherited, **environment})
        os.close(slave)
        os.set_blocking(self.master, False)
        self.text = ""

    def wait_said(self, part):
        def said():
            try:
                self.text += os.read(self.master, 65536).decode()
            except BlockingIOError:
                pass
            return part in self.text
        until(said, lambda: f"{part} in {self.text!r}")
        return self.text.replace("\r\n", "\n").splitlines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(20) == 0
        os.close(self.master)


@pytest.fixture(name="wide")
def fixture_wide(tmp_path):
    """A directory whose table is wide, with a finding of each severity."""
    directory = tmp_path / "manifests"
    directory.mkdir()
    manifests.write(directory / "gateway.yaml",
                    manifests.gateway(ports.free(), "a-rather-long-name.example.com"))
    manifests.write(directory / "routes.yaml", *(
        manifests.route((f"/{name}", "PREFIX", {f"service-{name}": 1}), name=f"route-{name}")
        for name in ("one", "two", "three", "four", "five")))
    manifests.write(directory / "services.yaml", *(
        manifests.service(f"service-{name}", 9001) for name in ("one", "two", "three", "four")))
    manifests.write(directory / "bad.yaml", "type: MeshGatway\nname: a\n")
    return directory


def test_colours_on_a_terminal(wide):
    with Screen(wide, 300) as screen:
        lines = screen.wait_said("service-five\" has no endpoints")
        assert lines[1].startswith("\x1b[1mADDRESS ")
        errors = [line for line in lines if " error: " in line]
        warnings = [line for line in lines if " warning: " in line]
        assert errors and all(line.startswith("\x1b[31m") for line in errors)
        assert warnings and all(line.startswith("\x1b[33m") for line in warnings)
        (wide / "bad.yaml").unlink()
        lines = screen.wait_said("solved: ")
        assert any(line.startswith("\x1b[32msolved: ") and line.endswith("\x1b[0m")
                   for line in lines)


def test_no_color(wide):
    with Screen(wide, 300, NO_COLOR="1") as screen:
        screen.wait_said("service-five\" has no endpoints")
        assert "\x1b" not in screen.text


def test_an_empty_no_color_is_none(wide):
    with Screen(wide, 300, NO_COLOR="") as screen:
        screen.wait_said("service-five\" has no endpoints")
        assert "\x1b[1m" in screen.text


@pytest.mark.parametrize("columns", [98, 110, 130])
def test_the_table_fits_the_terminal(wide, columns):
    """The last columns give way, and say that they did."""
    with Screen(wide, columns, NO_COLOR="1") as screen:
        lines = screen.wait_said("service-five\" has no endpoints")
        table = [line for line in lines
                 if re.match("ADDRESS |127", line)]
        assert len(table) == 2
        assert all(len(line) <= columns for line in table), table
        assert "…" in table[1]
        assert "a-rather-long-name.example.com" in table[1]


def test_a_terminal_that_is_too_narrow(wide):
    """Every cell keeps a dozen columns, and nothing before them is cut."""
    with Screen(wide, 40, NO_COLOR="1") as screen:
        lines = screen.wait_said("service-five\" has no endpoints")
        row = next(line for line in lines if line.startswith("127"))
        assert re.search(r"a-rather-long-name\.example\.com  HTTP      -            "
                         r"\S{11}…  \S{11}…$", row), row


def test_a_wide_terminal_shows_everything(wide):
    with Screen(wide, 300, NO_COLOR="1") as screen:
        row, = report.rows(screen.wait_said("service-five\" has no endpoints"))
        assert row["routes"] == "route-five, route-four, route-one, route-three, route-two"
        assert "…" not in row["backends"]


def certificate_cell(run, directory, hostname, *bundles):
    port = ports.free()
    names = []
    for bundle in bundles:
        names.append(f"{len(names)}.pem")
        (directory / names[-1]).write_text(bundle)
    manifests.write(directory / "gateway.yaml", manifests.gateway(
        port, hostname, protocol="HTTPS", certificates=names))
    otemon = run(directory).wait_ready()
    return otemon.table()[f"127.0.0.1:{port}", hostname]["certificate"]


def test_the_certificate_column(run, tmp_path):
    """Key types, and when the first of them ends."""
    bundles = [certificates.bundle("a.test", key_type=key_type) for key_type in ("rsa", "ecdsa")]
    shown = certificate_cell(run, tmp_path, "a.test", *bundles)
    done = subprocess.run(["openssl", "x509", "-in", tmp_path / "0.pem", "-noout", "-enddate",
                           "-dateopt", "iso_8601"], capture_output=True, text=True, check=True)
    assert shown == f"ecdsa, rsa until {done.stdout.split('=')[1][:10]}"


def test_two_certificates_of_one_type(run, tmp_path):
    bundles = [certificates.bundle(f"{name}.test") for name in ("a", "b")]
    assert certificate_cell(run, tmp_path, "*.test", *bundles).startswith("ecdsa (2) until 2")
