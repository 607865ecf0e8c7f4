"""`otemon explain`: what becomes of a request, which is what `otemon run` does; and the mistakes
that authors of MeshGateways make, each of which finds its reason."""
import itertools
import json
import re

import pytest

from harness import certificates, manifests
from harness.otemon import PROGRAM, ROOT
from harness.shell import run as shell
from harness.stage import WEB

EXAMPLES = ROOT / "examples"
TAKEN, NOT_TAKEN, UNUSABLE = 0, 1, 2


def explain(*words, resources, **options):
    return shell(PROGRAM, "explain", "--resources", resources, *words, **options)


def answer(*words, resources):
    """The object of -o json."""
    done = explain("-o", "json", *words, resources=resources)
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout)


# ---- The twenty mistakes, and some more ----

GATEWAY = """\
type: MeshGateway
mesh: default
name: edge
selectors:
- match: {kuma.io/service: edge}
conf:
  listeners:
  - port: 8080
    protocol: HTTP
    hostname: shop.example.com
    tags: {port: http}
  - port: 8443
    protocol: HTTPS
    hostname: shop.example.com
    tls: {mode: TERMINATE, certificates: [{secret: shop}]}
    tags: {port: https}
  - port: 8443
    protocol: HTTPS
    hostname: "*.blog.example.com"
    tls: {mode: TERMINATE, certificates: [{secret: shop}]}
    tags: {port: blog}
---
type: MeshGatewayRoute
mesh: default
name: shop
selectors:
- match: {kuma.io/service: edge, port: http}
conf:
  http:
    rules:
    - matches:
      - path: {match: PREFIX, value: /api}
      backends:
      - {weight: 1, destination: {kuma.io/service: api}}
    - matches:
      - path: {match: EXACT, value: /cart}
        method: POST
      backends:
      - {weight: 1, destination: {kuma.io/service: api}}
    - matches:
      - path: {match: PREFIX, value: /old}
      filters:
      - redirect: {status_code: 301, path: {replacePrefixMatch: /new}}
    - matches:
      - path: {match: REGEX, value: "/v[0-9]"}
        headers: [{match: EXACT, name: x-team, value: blue}]
      backends:
      - {weight: 1, destination: {kuma.io/service: api}}
    - matches:
      - path: {match: EXACT, value: /search}
        query_parameters: [{match: EXACT, name: q, value: a b}]
      backends:
      - {weight: 1, destination: {kuma.io/service: api}}
---
type: MeshGatewayRoute
mesh: default
name: tls
selectors:
- match: {kuma.io/service: edge, port: https}
- match: {kuma.io/service: edge, port: blog}
conf:
  http:
    rules:
    - matches:
      - path: {match: PREFIX, value: /}
      backends:
      - {weight: 1, destination: {kuma.io/service: api}}
---
type: Dataplane
mesh: default
name: api-1
networking:
  address: 127.0.0.1
  inbound:
  - port: 9001
    tags: {kuma.io/service: api}
"""

HTTP, HTTPS = "http://shop.example.com:8080", "https://shop.example.com:8443"

# What was typed in place of what, the request, and lines that say what is wrong.
MISTAKES = {
    "a tag in a route's selector is misspelled": (
        [("port: http}\nconf", "port: htttp}\nconf")], f"GET {HTTP}/api", NOT_TAKEN,
        ["answer       404 Not Found, with a text",
         "why          no route attaches to the host name shop.example.com of port 8080",
         "all.yaml:27:3: warning: MeshGatewayRoute shop (mesh default): selectors: attaches to no "
         "listener: no selector matches the tags that a listener gets from its dataplane, its "
         "gateway and itself; the nearest, port 8080 of MeshGateway edge, has port: http and not "
         "htttp"]),
    "a route is of another mesh": (
        [("mesh: default\nname: shop", "mesh: deflaut\nname: shop")], f"GET {HTTP}/api", NOT_TAKEN,
        ["remedy       a route attaches when it is of mesh default, ",
         "all.yaml:27:3: warning: MeshGatewayRoute shop (mesh deflaut): selectors: attaches to no "
         "listener: no selector matches the tags that a listener gets from its dataplane, its "
         "gateway and itself; mesh deflaut has no MeshGateway, and a route attaches to those of "
         "its own mesh"]),
    "a host name stands in the route and in no listener": (
        [("conf:\n  http:\n", "conf:\n  http:\n    hostnames: [store.example.com]\n")],
        "GET http://store.example.com:8080/api", NOT_TAKEN,
        ["answer       404 Not Found",
         "why          no listener of port 8080 has a host name that takes store.example.com",
         "remedy       did you mean shop.example.com? A host name comes from the hostname of a "
         "listener; a route alone adds none",
         "all.yaml:23:1: warning: MeshGatewayRoute shop (mesh default): conf.http.hostnames: no "]),
    "a listener's hostname is misspelled": (
        [("hostname: shop.", "hostname: shpo.")], f"GET {HTTP}/api", NOT_TAKEN,
        ["remedy       did you mean shpo.example.com? "]),
    "a wildcard is thought to take its own domain": (
        [], "GET https://blog.example.com:8443/", NOT_TAKEN,
        ["why          no host name of port 8443 takes the TLS server name blog.example.com: the "
         "handshake fails",
         "remedy       *.blog.example.com takes the names below blog.example.com and not "]),
    "the port is that of the scheme": (
        [], "GET http://shop.example.com/api", NOT_TAKEN,
        ["why          no listener has port 80: a client cannot connect",
         "remedy       served are: 8080 (HTTP, MeshGateway edge), 8443 (HTTPS, MeshGateway edge)"
         "; ",
         "taken at     port 8080, HTTP, host shop.example.com: route shop, rule 0"]),
    "http is spoken to a port of https": (
        [], "GET http://shop.example.com:8443/", NOT_TAKEN,
        ["why          port 8443 speaks HTTPS, and the URL begins with http://: ",
         "remedy       ask with https://"]),
    "a gateway is asked by its address": (
        [], "GET http://127.0.0.1:8080/api", NOT_TAKEN,
        ["remedy       ask by name, or give the name with -H 'Host: NAME'"]),
    "a connection is used for another host": (
        [], f"GET {HTTPS}/ -H Host:x.blog.example.com", NOT_TAKEN,
        ["answer       421 Misdirected Request",
         "why          the host x.blog.example.com does not belong to the TLS server name "
         "shop.example.com, "]),
    "a prefix is thought to be text": (
        [], f"GET {HTTP}/apis", NOT_TAKEN,
        ["             /apis is not below /api: a prefix takes whole segments"]),
    "an exact path has no slash at its end": (
        [], f"POST {HTTP}/cart/", NOT_TAKEN,
        ["             /cart/ is more than /cart: an exact path takes nothing else"]),
    "the method is another": (
        [], f"GET {HTTP}/cart", NOT_TAKEN,
        ["not taken by route shop, rule 1: EXACT /cart, method POST",
         "             the method is not POST"]),
    "an exact path with a method takes a prefix its path": (
        [("value: /api}", "value: /cart}")], f"GET {HTTP}/cart", NOT_TAKEN,
        ["             another rule names /cart exactly, and so this prefix leaves it alone, "]),
    "a header is missing": (
        [], f"GET {HTTP}/v1", NOT_TAKEN, ["             the request has no header x-team"]),
    "a header's value has other letters": (
        [], f"GET {HTTP}/v1 -H x-team:Blue", NOT_TAKEN,
        ["             header x-team is \"Blue\", which is not \"blue\""]),
    "a regular expression is thought to search": (
        [("value: \"/v", "value: \"/api/v"), ("PREFIX, value: /api", "PREFIX, value: /ap")],
        f"GET {HTTP}/api/v1/x -H x-team:blue", NOT_TAKEN,
        ["             the expression does not take the whole of /api/v1/x"]),
    "a parameter is compared as it is written": (
        [], f"GET {HTTP}/search?q=a%20b", NOT_TAKEN,
        ["             query parameter q is \"a%20b\", which is not \"a b\""]),
    "another route asks for the same": (
        [("name: tls\nselectors:\n- match: {kuma.io/service: edge, port: https}",
          "name: other\nselectors:\n- match: {kuma.io/service: edge, port: http}"),
         ("value: /}\n", "value: /api}\n")], f"GET {HTTP}/api", TAKEN,
        ["rule         route other, rule 0: PREFIX /api",
         "             would take it, but route other, rule 0 asks for as much and stands "
         "before "]),
    "the service of a back end is misspelled": (
        [("service: api}", "service: apis}")], f"GET {HTTP}/api", TAKEN,
        ["back end     100% to apis, 0 endpoints: 503 while there is none",
         "all.yaml:34:9: warning: MeshGatewayRoute shop (mesh default): "
         "conf.http.rules[0].backends[0].destination: service \"apis\" has no endpoints: "]),
    "no back end has a weight": (
        [("- {weight: 1, destination: {kuma.io/service: api}}",
          "- {destination: {kuma.io/service: api}}\n      - {destination: {kuma.io/service: b}}")],
        f"GET {HTTP}/api", TAKEN,
        ["answer       500 Internal Server Error",
         "all.yaml:33:7: error: MeshGatewayRoute shop (mesh default): conf.http.rules[0].backends: "
         "every backend has weight 0 (the default), "]),
    "a secret is not there": (
        [("secret: shop", "secret: shopp")], f"GET {HTTPS}/", NOT_TAKEN,
        ["all.yaml:15:43: error: MeshGateway edge (mesh default): "
         "conf.listeners[1].tls.certificates[0]: there is no secret \"shopp\" in mesh default; "]),
    "two protocols share a port": (
        [("8443\n    protocol: HTTPS\n    hostname: \"", "8080\n    protocol: HTTPS\n    hostname: "
          "\"")], f"GET {HTTP}/api", NOT_TAKEN,
        ["why          no listener has port 8080: a client cannot connect",
         "all.yaml:8:5: error: MeshGateway edge (mesh default): conf.listeners[0]: protocol "
         "conflicts with other listeners on this port; all listeners of a port have one "
         "protocol"]),
    "no dataplane has the gateway's tags": (
        [("type: Dataplane\n", "type: Dataplane\nmesh: default\nname: dp\nnetworking: {address: "
          "127.0.0.1, gateway: {type: BUILTIN, tags: {kuma.io/service: egde}}}\n---\n"
          "type: MeshGateway\nmesh: default\nname: egde\nselectors: [{match: {kuma.io/service: "
          "egde}}]\nconf: {listeners: [{port: 8081, protocol: HTTP}]}\n---\ntype: Dataplane\n")],
        f"GET {HTTP}/api", NOT_TAKEN,
        ["why          no listener has port 8080: a client cannot connect",
         "all.yaml:5:3: warning: MeshGateway edge (mesh default): selectors: no gateway dataplane "
         "has the tags of a selector, so this gateway is not served; "]),
    "another gateway is more specific": (
        [("type: Dataplane\n", "type: Dataplane\nmesh: default\nname: dp\nnetworking: {address: "
          "127.0.0.1, gateway: {type: BUILTIN, tags: {kuma.io/service: edge, a: b}}}\n---\n"
          "type: MeshGateway\nmesh: default\nname: late\nselectors: [{match: {kuma.io/service: "
          "edge, a: b}}]\nconf: {listeners: [{port: 8081, protocol: HTTP}]}\n---\n"
          "type: Dataplane\n")], f"GET {HTTP}/api", NOT_TAKEN,
        ["all.yaml:5:3: warning: MeshGateway edge (mesh default): selectors: dataplane dp is bound "
         "to MeshGateway late, which has the more specific selector, "]),
    "a redirect keeps the port of the listener": (
        [], f"GET {HTTP}/old/x?y", TAKEN,
        ["answer       301 Moved Permanently to http://shop.example.com:8080/new/x"]),
    "a rewrite is of the path alone": (
        [("      backends:\n", "      filters: [{rewrite: {replacePrefixMatch: /}}]\n      "
          "backends:\n")], f"GET {HTTP}/api/x", TAKEN,
        ["answer       forwarded to /x",
         "back end     100% to api, 1 endpoint"]),
    "a back end is at a name": (
        [("  address: 127.0.0.1\n", "  address: api.example.com\n")], f"GET {HTTP}/api", TAKEN,
        ["back end     100% to api, 1 endpoint at api.example.com"]),
    "TLS is spoken to a back end": (
        [("type: Dataplane\n", "type: ExternalService\nmesh: default\nname: api\ntags: "
          "{kuma.io/service: api}\nnetworking: {address: 'api.example.com:443', tls: {enabled: "
          "true}}\n---\ntype: Dataplane\n")], f"GET {HTTP}/api", TAKEN,
        ["back end     100% to api, 1 endpoint at api.example.com, over TLS"]),
    "an expression is none": (
        [("\"/v[0-9]\"", "\"/v[0-9\"")], f"GET {HTTP}/v1", NOT_TAKEN,
        ["all.yaml:45:30: error: MeshGatewayRoute shop (mesh default): "
         "conf.http.rules[3].matches[0].path.value: is no regular expression of RE2: a [ has no "]),
    "a kind has other letters": (
        [("type: MeshGateway\n", "type: Meshgateway\n")], f"GET {HTTP}/api", NOT_TAKEN,
        ["why          there is no MeshGateway with a listener",
         "all.yaml:1:1: error: Meshgateway edge: type: unknown type \"Meshgateway\"; did you mean "
         "MeshGateway?"]),
    "the listener of the port has a mistake": (
        [("mode: TERMINATE", "mode: Terminate"), ("mode: TERMINATE", "mode: Terminate")],
        f"GET {HTTPS}/", NOT_TAKEN,
        ["why          no listener has port 8443: a client cannot connect",
         "remedy       conf.listeners[1] of MeshGateway edge is for this port and is not served: "
         "what is said of it says why",
         "all.yaml:15:11: error: MeshGateway edge (mesh default): conf.listeners[1].tls.mode: "
         "unknown value Terminate: must be one of NONE, TERMINATE, PASSTHROUGH"]),
    "the Dataplane of a back end has a mistake": (
        [("- port: 9001", "- prot: 9001")], f"GET {HTTP}/api", TAKEN,
        ["back end     100% to api, 0 endpoints: 503 while there is none",
         "all.yaml:75:5: warning: Dataplane api-1 (mesh default): networking.inbound[0].prot: "
         "unknown field, ignored; did you mean \"port\"?"]),
    "the file is no YAML": (
        [("conf:\n  listeners", "conf:\n\tlisteners")], f"GET {HTTP}/api", UNUSABLE,
        ["why          there is no MeshGateway with a listener",
         "all.yaml:7:1: error: found character that cannot start any token "]),
}


@pytest.fixture(name="secret", scope="module")
def fixture_secret():
    bundle = certificates.bundle("shop.example.com")
    return f"type: Secret\nmesh: default\nname: shop\ndata: {certificates.to_base64(bundle)}\n"


def test_there_is_no_mistake_to_begin_with(tmp_path, secret):
    manifests.write(tmp_path / "all.yaml", GATEWAY, secret)
    assert shell(PROGRAM, "validate", tmp_path).stdout == ""
    done = explain("GET", f"{HTTP}/api", resources=tmp_path)
    assert (done.returncode, done.stderr) == (TAKEN, "")
    assert done.stdout == (
        f"request      GET {HTTP}/api\n"
        "answer       forwarded to /api\n"
        "gateway      MeshGateway edge (mesh default), dataplane edge, derived\n"
        "listener     port 8080, HTTP\n"
        "host name    shop.example.com\n"
        "rule         route shop, rule 0: PREFIX /api\n"
        "back end     100% to api, 1 endpoint\n")


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_finds_its_reason(mistake, tmp_path, secret):
    edits, request, status, lines = MISTAKES[mistake]
    text = GATEWAY
    for written, typed in edits:
        assert written in text
        text = text.replace(written, typed, 1)
    manifests.write(tmp_path / "all.yaml", text, secret)
    done = explain(*request.split(), resources=tmp_path)
    assert (done.returncode, done.stderr) == (status, ""), done.stdout
    said = [re.sub("^ +", " " * 13, line) for line in
            done.stdout.replace(f"{tmp_path}/", "").splitlines()]
    for line in lines:
        # A line ends here where it ends there, but for those that are quoted in part.
        assert any(one == line or (line.endswith(" ") and one.startswith(line))
                   for one in said), "\n".join([line, "is not in", *said])


# ---- The same as what is served ----


def curl_words(url, fields):
    """curl connects to this machine, whatever the name."""
    port = url.split("/")[2].rsplit(":", 1)[1]
    words = ["--insecure", "--connect-to", f"::127.0.0.1:{port}", url]
    for field in fields:
        words += ["--header", field]
    return words


FILTERS = """\
type: MeshGatewayRoute
mesh: default
name: filters
selectors:
- match: {kuma.io/service: edge-gateway, site: blog}
conf:
  http:
    rules:
    - matches:
      - path: {match: PREFIX, value: /rewritten}
      filters:
      - rewrite: {replacePrefixMatch: /new}
      - requestHeader: {set: [{name: x-team, value: blue}], remove: [accept]}
      - responseHeader: {add: [{name: x-by, value: otemon}]}
      backends:
      - {weight: 1, destination: {kuma.io/service: web}}
    - matches:
      - path: {match: PREFIX, value: /full}
      filters:
      - rewrite: {replaceFull: /other}
      - requestHeader: {set: [{name: Host, value: else.example.com}]}
      backends:
      - {weight: 1, destination: {kuma.io/service: web}}
    - matches:
      - path: {match: EXACT, value: /moved}
        method: GET
      - path: {match: PREFIX, value: /moved}
        headers: [{match: PRESENT, name: x-a}]
      filters:
      - redirect: {scheme: https, hostname: there.example.com, port: 443, status_code: 308,
                   path: {replacePrefixMatch: /it}}
    - matches:
      - path: {match: PREFIX, value: /void}
      backends:
      - {weight: 1, destination: {kuma.io/service: nowhere}}
"""

URLS = ["http://shop.example.com:8080", "http://blog.example.com:8080",
        "http://SHOP.example.com:8080", "http://other.example.com:8080",
        "https://shop.example.com:8443"]
PATHS = ["/", "/api", "/apis", "/api/cart?x=1", "/a/../api", "//api//x", "/rewritten",
         "/rewritten/x?q=1", "/full/x?q=1", "/moved", "/moved/x", "/void", "/a%2Fb", "/%61pi"]
FIELDS = [(), ("x-a: 1",), ("Host: blog.example.com",)]


def check(told, got):
    if told["outcome"] == "forwarded" and told["backends"][0]["endpoints"] > 0:
        sent = json.loads(got.body)  # what the back end was asked
        assert got.status == 200
        assert sent["service"] in {backend["service"] for backend in told["backends"]}
        assert (sent["target"], sent["host"]) == (told["sentTarget"], told["sentHost"])
        for change in told["requestHeaders"]:
            assert sent["headers"].get(change["name"], "") == change["value"]
        for change in told["responseHeaders"]:
            assert got.headers[change["name"]] == change["value"]
    elif told["outcome"] == "forwarded":
        assert (got.status, told["backends"][0]["status"]) == (503, 503)
    else:
        assert got.status == told["status"]
        assert got.headers.get("location", "") == told["location"]
        assert got.body.startswith(told["body"])


def tell(service):
    """A back end that answers with what it was asked."""
    def handle(exchange):
        fields = dict(exchange.fields)
        exchange.answer(json.dumps({"service": service, "target": exchange.target,
                                    "host": fields["host"], "headers": fields}))
        return True
    return handle


@pytest.mark.parametrize("example, urls", [
    ("merged-port", ["http://foo.example.com:8080/x", "http://bar.example.com:8080/?y",
                     "http://baz.example.com:8080/"]),
    ("https-two-certificates", ["https://foo.example.com:8443/x"])])
def test_it_agrees_with_the_examples(example, urls, run, backend, curl):
    backend(tell("foo"), port=9001)
    backend(tell("bar"), port=9002)
    run(EXAMPLES / example, plain=True).wait_ready()
    for url in urls:
        check(answer("GET", url, resources=EXAMPLES / example), curl(*curl_words(url, ())))


def test_it_agrees_with_what_is_served(run, backend, curl, tmp_path):
    """Every request of the quickstart, with filters added to it."""
    for path in (EXAMPLES / "quickstart").glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"))
    manifests.write(tmp_path / "filters.yaml", FILTERS)

    backend(tell("web"), port=9001)
    backend(tell("api"), port=9002)
    run(tmp_path, plain=True).wait_ready()
    outcomes = set()
    for url, path, fields in itertools.product(URLS, PATHS, FIELDS):
        words = [word for field in fields for word in ("-H", field)]
        told = answer("GET", url + path, *words, resources=tmp_path)
        check(told, curl(*curl_words(url + path, fields)))
        outcomes.add(told["outcome"])
    assert outcomes == {"forwarded", "redirected", "plainerPath", "noHost", "misdirected"}


# ---- Where resources come from ----


def test_a_port_that_is_not_served_yet():
    """It says who would take it: for TLS by the server name."""
    case = ROOT / "tests/golden/cases/mtr-tls-by-host-names/in.yaml"
    for name in ("foo", "bar"):
        found = answer("GET", f"https://{name}.example.com:8443/", resources=case)
        assert (found["outcome"], found["takers"]) == ("notServed", [f"MeshTCPRoute {name}"])
    assert answer("GET", "https://x.example.com:8443/", resources=case)["takers"] == []
    meshes = ROOT / "tests/golden/cases/listeners-cross-mesh-routes/in.yaml"
    done = explain("GET", "http://a.example.com:9000/", resources=meshes)
    assert done.returncode == NOT_TAKEN
    assert "is for HTTP of other meshes (crossMesh), which is not served yet" in done.stdout
    assert "would go to  MeshGatewayRoute all\n             MeshGatewayRoute second" in done.stdout


def test_the_current_directory():
    done = shell(PROGRAM, "explain", "GET", "http://shop.example.com:8080/",
                 cwd=EXAMPLES / "quickstart")
    assert done.returncode == TAKEN
    assert "rule         route shop, rule 1: PREFIX /\n" in done.stdout


def test_the_standard_input(secret):
    done = explain("GET", f"{HTTP}/api", resources="-", input=f"{GATEWAY}---\n{secret}")
    assert done.returncode == TAKEN


def test_words_that_are_no_request():
    for words, said in [
            (["GET", "shop.example.com/"], "does not begin with http:// or https://"),
            (["get", HTTP], "they are written in capitals"),
            (["GET", HTTP, "-H", "x"], "is not written as 'Name: value'"),
            (["GET", HTTP, "--sni", "x"], "http:// has no TLS server name"),
            (["GET", HTTP, "--kube"], "--kube: reads a cluster, and paths are given: choose one"),
            (["GET", HTTP, "--context", "x"], "--kube: is missing, and what it needs is given")]:
        done = explain(*words, resources=EXAMPLES / "quickstart")
        assert (done.returncode, done.stdout) == (UNUSABLE, "")
        assert done.stderr.startswith("otemon explain: ") and said in done.stderr, done.stderr


def test_two_gateways_with_one_port(tmp_path):
    manifests.write(tmp_path / "all.yaml", manifests.gateway(8080, name="one"),
                    manifests.gateway(8080, name="two"))
    done = explain("GET", "http://a.test:8080/", resources=tmp_path)
    assert done.returncode == UNUSABLE
    assert "remedy       choose one with --gateway: default/one, default/two\n" in done.stdout
    done = explain("--gateway", "two", "GET", "http://a.test:8080/", resources=tmp_path)
    assert done.returncode == NOT_TAKEN
    assert "gateway      MeshGateway two (mesh default), dataplane two, derived\n" in done.stdout


def kube(stage, *words):
    return shell(PROGRAM, "explain", "--kube", "--kubeconfig", stage.cluster.kubeconfig, *words)


def test_a_cluster(stage):
    stage.gateway(8080)
    stage.route()
    done = kube(stage, "GET", "http://a.test:8080/x")
    assert (done.returncode, done.stderr) == (TAKEN, ""), done.stdout
    assert "dataplane edge, without pods\n" in done.stdout
    assert f"back end     100% to {WEB}, 0 endpoints: 503 while there is none\n" in done.stdout
    stage.back_end(9001)
    stage.pod()
    done = kube(stage, "GET", "http://a.test:8080/x")
    assert "dataplane edge, 1 pod\n" in done.stdout
    assert f"back end     100% to {WEB}, 1 endpoint\n" in done.stdout


def test_namespaces_whose_pods_may_be_gateways(stage):
    """As the operator is told by the chart."""
    stage.gateway(8080)
    stage.route()
    stage.back_end(9001)
    stage.pod()
    url = "http://a.test:8080/x"
    done = kube(stage, "--gateway-namespaces", "inner, edge", "GET", url)
    assert (done.returncode, done.stderr) == (TAKEN, "")
    assert "dataplane edge, 1 pod\n" in done.stdout
    done = kube(stage, "--gateway-namespaces", "inner", "GET", url)
    assert "dataplane edge, without pods\n" in done.stdout
    done = shell(PROGRAM, "explain", "--gateway-namespaces", "x", "GET", url)
    assert (done.returncode, done.stderr) == (
        UNUSABLE, "otemon explain: --kube: is missing, and what it needs is given\n")
    done = kube(stage, "--gateway-namespaces", ",".join(["x"] * 257), "GET", url)
    assert done.returncode == UNUSABLE
    assert "is not a list of at most 256 namespaces" in done.stderr


def test_a_cluster_that_cannot_be_read(stage, tmp_path):
    stage.server.stop_listening()
    done = kube(stage, "GET", "http://a.test:8080/x")
    assert (done.returncode, done.stdout) == (UNUSABLE, "")
    assert done.stderr.startswith("otemon explain: "), done.stderr
    assert "within 30 seconds" not in done.stderr, "the first failure is told at once"
    environment = {"HOME": str(tmp_path / "nobody")}
    done = shell(PROGRAM, "explain", "--kube", "GET", "http://a.test/", env=environment)
    assert done.returncode == UNUSABLE
    assert "KUBERNETES_SERVICE_HOST" in done.stderr
