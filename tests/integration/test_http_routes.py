"""What MeshHTTPRoutes say is what happens, by real requests to `otemon run`."""
import pytest

from harness import manifests, ports
from harness.backend import says
from harness.waiting import until

GATEWAY = """\
type: MeshGateway
mesh: default
name: edge
selectors: [{{match: {{kuma.io/service: edge}}}}]
conf:
  listeners:
  - {{port: {port}, protocol: HTTP, hostname: "*.test", tags: {{family: newer}}}}
  - {{port: {port}, protocol: HTTP, hostname: old.example}}
"""
OLD = """\
type: MeshGatewayRoute
mesh: default
name: old
selectors: [{match: {kuma.io/service: edge}}]
conf:
  http:
    rules:
    - matches: [{path: {match: PREFIX, value: /}}]
      backends: [{destination: {kuma.io/service: b}}]
"""


def route(name, *rules, hostnames=(), tags="{family: newer}"):
    """Each rule is a pair of flow mappings: of a match, and of what is done."""
    text = f"type: MeshHTTPRoute\nmesh: default\nname: {name}\nspec:\n"
    text += f"  targetRef: {{kind: MeshGateway, name: edge, tags: {tags}}}\n"
    text += "  to:\n  - targetRef: {kind: Mesh}\n"
    if hostnames:
        text += f"    hostnames: [{', '.join(hostnames)}]\n"
    text += "    rules:\n"
    for match, default in rules:
        text += f"    - {{matches: [{match}], default: {default}}}\n"
    return text


ANY = "{path: {type: PathPrefix, value: /}}"
TO_A = "backendRefs: [{kind: MeshService, name: a}]"
TO_B = "backendRefs: [{kind: MeshService, name: b}]"


class Served:
    def __init__(self, run, curl, directory, services):
        self.directory, self.curl, self.services = directory, curl, services
        self.port = ports.free()
        manifests.write(directory / "gateway.yaml", GATEWAY.format(port=self.port))
        manifests.write(directory / "services.yaml", *[manifests.service(name, each.port)
                                                       for name, each in services.items()])
        self.otemon = run(directory).wait_ready()

    def routes(self, *documents, old=False):
        """They are served when this returns."""
        before = len(self.otemon.changes())
        manifests.write(self.directory / "routes.yaml", *documents, *([OLD] if old else []))
        until(lambda: len(self.otemon.changes()) > before, "the change is served")

    def ask(self, path="/", *flags, host="a.test"):
        return self.curl(f"http://127.0.0.1:{self.port}{path}", *flags, host=host)

    @property
    def seen(self):
        return self.services["a"].seen


@pytest.fixture(name="served")
def fixture_served(run, curl, backend, tmp_path):
    return Served(run, curl, tmp_path, {name: backend(says(name)) for name in ("a", "b")})


def test_each_listener_decides_which_kind_of_route_serves_it(served):
    served.routes(route("r", ("{path: {type: PathPrefix, value: /a}}", f"{{{TO_A}}}")), old=True)
    assert served.ask("/a").body == "a"
    assert served.ask("/").status == 404  # and not "b", of the MeshGatewayRoute
    assert served.ask("/", host="old.example").body == "b"
    assert "takes no part in conf.listeners[0]" in served.otemon.text()
    served.routes(OLD)
    assert served.ask("/").body == "b"


def test_host_names_narrow_a_listener(served):
    served.routes(route("r", (ANY, f"{{{TO_A}}}"), hostnames=["x.test"]),
                  route("s", ("{path: {type: Exact, value: /s}}", f"{{{TO_B}}}")))
    assert served.ask("/", host="x.test").body == "a"
    assert served.ask("/s", host="x.test").body == "b"  # of all hosts, those too
    assert served.ask("/s", host="y.test").body == "b"
    assert served.ask("/", host="y.test").status == 404


def test_the_stronger_route_comes_first_and_takes_what_it_leaves_open(served):
    served.routes(
        route("one", (ANY, f"{{{TO_A}}}")),
        route("two", (ANY, f"{{{TO_B}, filters: [{{type: ResponseHeaderModifier, "
                           "responseHeaderModifier: {set: [{name: x-of, value: two}]}}]}")))
    answer = served.ask("/")
    assert answer.body == "a" and answer.headers["x-of"] == "two"


MATCHES = [
    ("{headers: [{type: Prefix, name: x-team, value: bl}]}", ["-H", "X-Team: blue"],
     ["-H", "X-Team: red"]),
    ('{headers: [{type: RegularExpression, name: x-team, value: "b.*"}]}', ["-H", "X-Team: blue"],
     []),
    ("{headers: [{type: Absent, name: x-team}]}", [], ["-H", "X-Team: blue"]),
    ("{method: PUT}", ["-X", "PUT"], ["-X", "POST"]),
]


@pytest.mark.parametrize("match, taken, left", MATCHES, ids=[each[0] for each in MATCHES])
def test_matches(served, match, taken, left):
    served.routes(route("r", (match, f"{{{TO_A}}}"), (ANY, f"{{{TO_B}}}")))
    assert served.ask("/", *taken).body == "a"
    assert served.ask("/", *left).body == "b"


def test_filters(served):
    rewrite = ("{type: URLRewrite, urlRewrite: {hostname: in.test, path: {type: "
               "ReplacePrefixMatch, replacePrefixMatch: /}}}")
    served.routes(route(
        "r", ("{path: {type: PathPrefix, value: /a}}", f"{{{TO_A}, filters: [{rewrite}]}}"),
        ("{path: {type: Exact, value: /to}}", "{filters: [{type: RequestRedirect, "
         "requestRedirect: {scheme: https, port: 443}}]}"),
        ("{path: {type: Exact, value: /twice}}", f"{{{TO_B}, filters: [{{type: RequestMirror, "
         "requestMirror: {backendRef: {kind: MeshService, name: a}}}]}")))
    assert served.ask("/a/b?c").body == "a"
    assert served.seen[-1].line == "GET /b?c HTTP/1.1"
    assert served.seen[-1].field("host") == "in.test"
    answer = served.ask("/to")
    assert (answer.status, answer.headers["location"]) == (302, "https://a.test:443/to")
    assert served.ask("/twice").body == "b"
    until(lambda: served.seen[-1].field("host") == "a.test-shadow", "the copy")


def test_objects_as_back_ends(served):
    """Those that are not there answer 500, and start to answer when they come."""
    reference = "{backendRefs: [{kind: MeshService, name: shop, port: 80}]}"
    served.routes(route("r", (ANY, reference)))
    assert served.ask("/").status == 500
    assert "there is no MeshService shop of mesh default" in served.otemon.text()
    assert "missing (500)" in served.otemon.text()
    port = served.services["a"].port
    manifests.write(served.directory / "shop.yaml", "\n".join([
        "type: MeshService", "mesh: default", "name: shop", "spec:",
        "  selector: {dataplaneTags: {kuma.io/service: a}}",
        f"  ports: [{{port: 80, targetPort: {port}}}]", ""]))
    until(lambda: served.ask("/").body == "a", "the MeshService is served")
