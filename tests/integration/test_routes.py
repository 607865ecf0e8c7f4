"""What a MeshGatewayRoute says is what happens: every match and every filter, by real requests."""
import textwrap

import pytest

from harness import manifests, ports
from harness.backend import says
from harness.waiting import until

ROUTE = """\
type: MeshGatewayRoute
mesh: default
name: all
selectors:
- match: {kuma.io/service: edge}
conf:
  http:
    rules:
"""
TO_A = "  backends:\n  - destination: {kuma.io/service: a}\n"
TO_B = "  backends:\n  - destination: {kuma.io/service: b}\n"


def rule(match, filters=(), backends=TO_A):
    text = f"- matches:\n  - {match}\n"
    if filters:
        text += "  filters:\n" + "".join(f"  - {each}\n" for each in filters)
    return text + backends


ANY = "{path: {match: PREFIX, value: /}}"
REST = rule(ANY, backends=TO_B)


class Served:
    """A gateway with these rules; "a" and "b" say their names. `seen` is what reached "a"."""

    def __init__(self, run, curl, directory, services, text):
        self.port, self.curl, self.services = ports.free(), curl, services
        manifests.write(directory / "gateway.yaml", manifests.gateway(self.port))
        manifests.write(directory / "routes.yaml", text)
        manifests.write(directory / "services.yaml", *[manifests.service(name, each.port)
                                                       for name, each in services.items()])
        self.otemon = run(directory).wait_ready()

    def ask(self, path="/", *flags, host="a.test"):
        return self.curl(f"http://127.0.0.1:{self.port}{path}", *flags, host=host)

    @property
    def seen(self):
        return self.services["a"].seen


@pytest.fixture
def serve(run, curl, backend, tmp_path):
    """Serves rules, or whole documents."""
    def start(*rules, more=""):
        text = ROUTE + textwrap.indent("".join(rules), "    ") + more
        services = {name: backend(says(name)) for name in ("a", "b")}
        return Served(run, curl, tmp_path, services, text)
    return start


# ---- matches: a match, what it takes, and what it leaves to others

X, Y = ("-H", "X-Team: blue"), ("-H", "X-Team: red")
MATCHES = [
    ("{path: {match: EXACT, value: /a}}", [["/a"], ["/a?x=1"], ["/b/../a"]],
     [["/a/"], ["/A"], ["/ab"], ["/"]]),
    ("{path: {match: PREFIX, value: /a}}", [["/a"], ["/a/"], ["/a/b"], ["/a?x"]],
     [["/ab"], ["/"], ["/b/a"]]),
    ("{path: {match: PREFIX, value: /a/}}", [["/a"], ["/a/"], ["/a/b"]], [["/ab"]]),
    ('{path: {match: REGEX, value: "/v[0-9]+"}}', [["/v1"], ["/v12?x=1"]],
     [["/v1/x"], ["/x/v1"], ["/v"]]),
    ("{method: POST}", [["/", "-X", "POST"]], [["/"], ["/", "-X", "PUT"]]),
    ("{headers: [{name: x-team, value: blue}]}", [["/", *X]], [["/"], ["/", *Y], ["/", *X, *Y]]),
    ("{headers: [{name: X-Team, value: 'blue,red'}]}", [["/", *X, *Y]], [["/", *X]]),
    ('{headers: [{match: REGEX, name: x-team, value: "bl.*"}]}', [["/", *X]],
     [["/"], ["/", *Y], ["/", "-H", "X-Team: a-blue"]]),
    ("{headers: [{match: PRESENT, name: x-team}]}", [["/", *X], ["/", "-H", "X-Team;"]], [["/"]]),
    ("{headers: [{match: ABSENT, name: x-team}]}", [["/"]], [["/", *X], ["/", "-H", "X-Team;"]]),
    ("{queryParameters: [{match: EXACT, name: page, value: '1'}]}",
     [["/?page=1"], ["/?a&page=1&b"], ["/?page=1&page=2"]],
     [["/"], ["/?page=12"], ["/?page=%31"], ["/?page=2&page=1"], ["/?Page=1"]]),
    ('{queryParameters: [{match: REGEX, name: page, value: "[0-9]+"}, {match: REGEX, name: q, '
     'value: ".+"}]}', [["/?page=1&q=a"], ["/?q=a&page=12"]],
     [["/?page=1"], ["/?q=a"], ["/?page=x&q=a"], ["/?page=1&q="]]),
    ("{path: {match: PREFIX, value: /a}, method: GET, headers: [{match: PRESENT, name: x-team}], "
     "queryParameters: [{match: EXACT, name: q, value: '1'}]}", [["/a/b?q=1", *X]],
     [["/a/b?q=1"], ["/a?q=2", *X], ["/b?q=1", *X], ["/a?q=1", "-X", "PUT", *X]]),
]


@pytest.mark.parametrize("match,taken,left", MATCHES, ids=[row[0] for row in MATCHES])
def test_a_match(serve, match, taken, left):
    # Any path prefix comes before a regular expression.
    rest = [] if "{path: {match: REGEX" in match else [REST]
    served = serve(rule(match), *rest)
    for words in taken:
        assert served.ask(*words).body == "a", words
    for words in left:
        assert served.ask(*words).body == ("b" if rest else ""), words


def test_a_match_of_the_host_sees_the_port(serve):
    served = serve(rule("{headers: [{name: Host, value: 'a.test:81'}]}"), REST)
    assert served.ask(host="a.test:81").body == "a"
    assert served.ask(host="a.test").body == "b"


# ---- precedence: the second rule comes before the first

BEFORE = [
    ("{path: {match: REGEX, value: /a/longer/than}}", "{path: {match: PREFIX, value: /a}}",
     ["/a/longer/than"]),
    ("{path: {match: PREFIX, value: /a}}", "{path: {match: EXACT, value: /a}}", ["/a"]),
    ("{path: {match: PREFIX, value: /a}, method: GET}", "{path: {match: PREFIX, value: /a/b}}",
     ["/a/b"]),
    (ANY, "{method: GET}", ["/"]),
    ("{method: GET}", "{method: GET, headers: [{match: PRESENT, name: x-team}]}", ["/", *X]),
    ("{headers: [{match: PRESENT, name: x-team}]}",
     "{headers: [{match: PRESENT, name: x-team}, {match: ABSENT, name: x-no}]}", ["/", *X]),
    (ANY, "{queryParameters: [{match: EXACT, name: q, value: '1'}]}", ["/?q=1"]),
]


@pytest.mark.parametrize("later,first,words", BEFORE, ids=[row[1] for row in BEFORE])
def test_the_more_specific_rule_wins(serve, later, first, words):
    served = serve(rule(later, backends=TO_B), rule(first))
    assert served.ask(*words).body == "a"


def test_of_equals_the_first_rule_wins(serve):
    served = serve(rule("{headers: [{match: PRESENT, name: x-team}]}"),
                   rule("{headers: [{name: x-team, value: blue}]}", backends=TO_B))
    assert served.ask("/", *X).body == "a"


def test_what_no_rule_takes_gets_404(serve):
    served = serve(rule("{method: POST}"))
    assert (served.ask().status, served.ask().body) == (404, "")


# ---- header filters

def test_fields_of_requests_are_set_added_and_removed(serve):
    served = serve(rule(ANY, [
        "requestHeader: {set: [{name: X-Set, value: new}], add: [{name: X-Add, value: more}], "
        "remove: [X-Gone]}",
        "requestHeader: {set: [{name: X-Per-Cent, value: '100%%'}]}"]))
    served.ask("/", "-H", "X-Set: old", "-H", "X-Add: some", "-H", "X-Gone: 1", "-H", "X-Stay: 1")
    (seen,) = served.seen
    assert seen.field("x-set") == "new"
    assert [value for name, value in seen.fields if name == "x-add"] == ["some", "more"]
    assert seen.field("x-gone") is None
    assert seen.field("x-stay") == "1"
    assert seen.field("x-per-cent") == "100%"


def test_a_host_that_is_set_is_what_the_back_end_sees(serve):
    served = serve(rule(ANY, ["requestHeader: {set: [{name: Host, value: 'inner.test:81'}]}"]))
    assert served.ask().status == 200
    assert served.seen[0].field("host") == "inner.test:81"


def test_fields_of_answers_are_set_added_and_removed(serve):
    change = ("responseHeader: {set: [{name: X-Set, value: new}], add: [{name: X-Add, value: "
              "more}], remove: [X-Gone]}")
    served = serve(rule(ANY, [change]),
                   rule("{path: {match: EXACT, value: /down}}", [change],
                        "  backends:\n  - destination: {kuma.io/service: nobody}\n"))
    served.services["a"].handle = lambda x: x.answer(
        fields="X-Set: old\r\nX-Add: some\r\nX-Gone: 1\r\nX-Stay: 1\r\n") is None
    headers = served.ask().headers
    assert headers["x-set"] == "new"
    assert headers["x-add"].replace(" ", "") == "some,more"
    assert "x-gone" not in headers and headers["x-stay"] == "1"
    answer = served.ask("/down")
    assert (answer.status, answer.headers["x-set"]) == (503, "new")


# ---- redirects

REDIRECTS = [
    ("{scheme: https, hostname: new.test, port: 8443, statusCode: 301}", "/a/b?x=1", 301,
     "https://new.test:8443/a/b"),
    ("{scheme: https, port: 443, statusCode: 302}", "/a", 302, "https://a.test:443/a"),
    ("{hostname: new.test, statusCode: 303}", "/a", 303, "http://new.test:{port}/a"),
    ("{statusCode: 307, path: {replaceFull: /new}}", "/a/b?x=1", 307, "http://a.test:{port}/new"),
    ("{statusCode: 308, path: {replacePrefixMatch: /new}}", "/a/b", 308,
     "http://a.test:{port}/new/b"),
    ("{statusCode: 308, path: {replacePrefixMatch: /new/}}", "/a", 308, "http://a.test:{port}/new"),
    ("{statusCode: 308, path: {replacePrefixMatch: /}}", "/a/b", 308, "http://a.test:{port}/b"),
    ("{statusCode: 308, path: {replacePrefixMatch: /}}", "/a", 308, "http://a.test:{port}/"),
]


@pytest.mark.parametrize("spec,path,status,location", REDIRECTS)
def test_a_redirect(serve, spec, path, status, location):
    served = serve(rule("{path: {match: PREFIX, value: /a}}", [f"redirect: {spec}"], ""))
    answer = served.ask(path)
    assert (answer.status, answer.body) == (status, "")
    assert answer.headers["location"] == location.format(port=served.port)


def test_a_redirect_of_an_exact_match_replaces_all_of_the_path(serve):
    served = serve(rule("{path: {match: EXACT, value: /a/b}}",
                        ["redirect: {port: 81, statusCode: 301, path: {replacePrefixMatch: /c}}"],
                        ""))
    assert served.ask("/a/b").headers["location"] == "http://a.test:81/c"


# ---- rewrites

A, EXACT_A = "{path: {match: PREFIX, value: /a}}", "{path: {match: EXACT, value: /a}}"
REWRITES = [
    (A, "{replaceFull: /new}", "/a/b?x=1", "/new?x=1"),
    (A, "{replaceFull: '/new?y=2'}", "/a?x=1", "/new?y=2&x=1"),
    (A, "{replaceFull: '/new?y=2'}", "/a", "/new?y=2"),
    (A, "{replacePrefixMatch: /v1}", "/a/b?x=1", "/v1/b?x=1"),
    (A, "{replacePrefixMatch: /v1}", "/a", "/v1"),
    (A, "{replacePrefixMatch: /v1/}", "/a/", "/v1/"),
    (A, "{replacePrefixMatch: /}", "/a/b", "/b"),
    (A, "{replacePrefixMatch: /}", "/a?x=1", "/?x=1"),
    (A, "{replacePrefixMatch: /v1}", "/c/../a//b", "/v1/b"),
    (ANY, "{replacePrefixMatch: /v1}", "/a", "/v1/a"),
    (ANY, "{replacePrefixMatch: /v1}", "/", "/v1"),
    (A, "{replaceFull: '/\\1'}", "/a", "/\\1"),
]


@pytest.mark.parametrize("match,spec,path,target", REWRITES)
def test_a_rewrite(serve, match, spec, path, target):
    served = serve(rule(match, [f"rewrite: {spec}"]))
    assert served.ask(path).status == 200
    assert served.seen[0].target == target


def test_a_rewrite_of_a_prefix_replaces_all_where_a_match_is_none(serve):
    served = serve(f"- matches:\n  - {A}\n  - {{path: {{match: EXACT, value: /b/c}}}}\n"
                   f"  filters:\n  - rewrite: {{replacePrefixMatch: /v1}}\n{TO_A}")
    for path in ("/a/x", "/b/c"):
        assert served.ask(path).status == 200
    assert [each.target for each in served.seen] == ["/v1/x", "/v1"]


# ---- mirrors

def mirror(percentage):
    return f"mirror: {{percentage: {percentage}, backend: {{destination: {{kuma.io/service: b}}}}}}"


def test_a_mirror_gets_a_copy(serve):
    served = serve(rule(ANY, [mirror(100), "rewrite: {replaceFull: /new}"]))
    copies = served.services["b"].seen
    for _ in range(5):
        assert served.ask("/a?x=1", "-d", "text", host="a.test:81").body == "a"
    until(lambda: len(copies) == 5, "five copies")
    assert copies[0].line == "POST /new?x=1 HTTP/1.1"
    assert copies[0].field("host") == "a.test-shadow:81"
    assert len(served.seen) == 5


def test_a_mirror_of_none_gets_none(serve):
    served = serve(rule(ANY, [mirror(0)]))
    for _ in range(20):
        assert served.ask().body == "a"
    assert served.services["b"].connections == []


def test_a_mirror_that_is_not_there_costs_nothing(serve):
    served = serve(rule(ANY, ["mirror: {percentage: 100, backend: {destination: {kuma.io/service: "
                              "nobody}}}"]))
    assert served.ask().body == "a"


# ---- what cannot be served

def test_a_filter_that_cannot_be_served_costs_its_rule(serve):
    served = serve(rule("{path: {match: PREFIX, value: /bad}}",
                        ["requestHeader: {add: [{name: Host, value: b.test}]}"]), REST)
    assert served.ask("/bad").status == 500
    assert served.ask("/good").body == "b"
    (found,) = served.otemon.findings()
    assert "filters[0].request_header.add[0]: a request has one Host" in str(found)


def test_a_regular_expression_that_is_none_costs_its_rule(serve):
    served = serve("- matches:\n  - {path: {match: REGEX, value: '/(?=a)'}}\n"
                   f"  - {{path: {{match: PREFIX, value: /bad}}}}\n{TO_A}", REST)
    assert served.ask("/bad").status == 500
    assert served.ask("/a").body == "b"


# ---- ExternalServices

EXTERNAL = """\
---
type: ExternalService
mesh: default
name: {name}
tags: {{kuma.io/service: {name}}}
networking: {networking}
"""


def test_external_services(serve, backend):
    outside = backend(says("outside"))
    served = serve(
        rule("{path: {match: PREFIX, value: /plain}}",
             backends="  backends:\n  - destination: {kuma.io/service: plain}\n"),
        more=EXTERNAL.format(name="plain",
                             networking=f"{{address: '127.0.0.1:{outside.port}'}}"))
    assert served.ask("/plain").body == "outside"
