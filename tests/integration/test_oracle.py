"""Random manifests and requests: what is served, and what `otemon explain` says, is what the oracle
says. Most rules have a name of their own that their answers carry."""
import itertools
import json
import os
import random
import ssl

import pytest

from harness import certificates, oracle, ports
from harness.otemon import PROGRAM
from harness.shell import run as shell
from harness.wire import Wire

HOSTNAMES = ["*", "*.com", "*.foo.com", "*.a.foo.com", "foo.com", "a.foo.com", "b.a.foo.com",
             "bar.org"]
HOSTS = ["foo.com", "a.foo.com", "b.a.foo.com", "c.b.a.foo.com", "x.foo.com", "x.com", "bar.org"]
PATHS = ["/", "/a", "/a/", "/a/b", "/ab", "/c"]
REGEXES = ["/a.*", "/[ab]+", "/.*", ".*b"]
WORLDS, REQUESTS, EXPLAINED = 40, 250, 2

NO_NAME = "a rule without a name"

# ORACLE=SEED tries others.
SEED = os.environ.get("ORACLE", "0")


class Draw(random.Random):
    def __init__(self, seed):
        super().__init__(seed)
        self.port, self.tls_port = ports.free(), ports.free()

    def maybe(self, odds, **members):
        return members if self.random() < odds else {}

    def tags(self):
        return self.maybe(0.5, tags={"t": self.choice("xy")})

    def names(self, most):
        """Mostly with wide ones among them."""
        wide = self.choice([[], ["*"], ["*"], ["*", "*.com"], ["*.com"], ["*.foo.com", "*"]])
        exact = [name for name in HOSTNAMES if name not in ["*", *wide]]
        return wide + self.sample(exact, self.randint(0 if wide else 1, most))

    def listeners(self):
        made = [{"port": self.port, "protocol": "HTTP", "hostname": name, **self.tags()}
                for name in self.names(3)]
        tls = {"mode": "TERMINATE", "certificates": [{"file": "a.pem"}]}
        return made + [{"port": self.tls_port, "protocol": "HTTPS", "hostname": name, "tls": tls,
                        **self.tags()} for name in self.names(2)]

    def match(self, words, queries):
        """`words`: what the kinds of matches are called."""
        exact, prefix, regex, present, absent, begins = words
        if self.random() < 0.3:  # so that several rules ask for the same
            return {"path": {**kind_of(prefix), "value": self.choice(["/", "/a"])}}
        made = {}
        if self.random() < 0.9:
            kind = self.choice([exact, prefix, prefix, regex])
            paths = PATHS[:2] + PATHS[3:] if kind == "PathPrefix" else PATHS
            made["path"] = {**kind_of(kind), "value": self.choice(REGEXES if kind == regex
                                                                  else paths)}
        made |= self.maybe(0.3, method=self.choice(["GET", "PUT"]))
        if self.random() < 0.4 or not made:
            kind = self.choice([each for each in (exact, regex, present, absent, begins) if each])
            value = {} if kind in (present, absent) else {"value": self.choice(["1", "2"])}
            made["headers"] = [{**kind_of(kind), "name": "x-a", **value}]
        return made | self.maybe(0.2, **{queries: [{**kind_of(self.choice([exact, regex])),
                                                    "name": "q", "value": "1"}]})

    def gateway_route(self, number):
        words = "EXACT", "PREFIX", "REGEX", "PRESENT", "ABSENT", None
        back_ends = [{"weight": 1, "destination": {"kuma.io/service": "web"}}]
        rules = [{"matches": [self.match(words, "queryParameters")
                              for _ in range(self.randint(1, 2))], "backends": back_ends,
                  "filters": [{"responseHeader": {"set": [named(f"r{number}", i)]}}]}
                 for i in range(self.randint(1, 3))]
        selector = {"kuma.io/service": "edge", **self.maybe(0.4, t=self.choice("xy*"))}
        return {"type": "MeshGatewayRoute", "mesh": "default", "name": f"r{number}",
                "selectors": [{"match": selector}],
                "conf": {"http": {"rules": rules, **self.hostnames()}}}

    def hostnames(self):
        return self.maybe(0.6, hostnames=self.sample(HOSTNAMES, self.randint(1, 3)))

    def http_route(self, number):
        words = "Exact", "PathPrefix", "RegularExpression", "Present", "Absent", "Prefix"
        back_ends = [{"kind": "MeshService", "name": "web"}]

        count = itertools.count()

        def rule():
            name = {"set": [named(f"h{number}", next(count))]}
            filters = [{"type": "ResponseHeaderModifier", "responseHeaderModifier": name}]
            matches = [self.match(words, "queryParams") for _ in range(self.randint(1, 2))]
            if self.random() < 0.4:  # so that several are merged
                matches = [{"path": {"type": "PathPrefix", "value": self.choice(["/", "/a"])}}]
            return {"matches": matches, "default": {"backendRefs": back_ends,
                                                    **self.maybe(0.5, filters=filters)}}
        items = [{"targetRef": {"kind": "Mesh"}, **self.hostnames(),
                  "rules": [rule() for _ in range(self.randint(1, 2))]}
                 for _ in range(self.randint(1, 2))]
        return {"type": "MeshHTTPRoute", "mesh": "default", "name": f"h{number}", "spec": {
            "targetRef": {"kind": "MeshGateway", "name": "edge",
                          **self.maybe(0.6, tags={"t": self.choice("xy*")})}, "to": items}}

    def resources(self):
        made = [{"type": "MeshGateway", "mesh": "default", "name": "edge",
                 "selectors": [{"match": {"kuma.io/service": "edge"}}],
                 "conf": {"listeners": self.listeners()}}]
        made += [self.gateway_route(i) for i in range(self.randint(1, 5))]
        made += [self.http_route(i) for i in range(self.choice([0, 0, 0, 1, 2, 3]))]
        self.shuffle(made)
        return made

    def request(self):
        scheme = self.choice(["http", "http", "https"])
        sni = host = self.choice(HOSTS)
        if scheme == "https" and self.random() < 0.3:
            host = self.choice(HOSTS)
        return {"method": self.choice(["GET", "PUT"]), "scheme": scheme, "sni": sni, "host": host,
                "port": self.tls_port if scheme == "https" else self.port,
                "path": self.choice([*PATHS, "/a/b/", "/b"]),
                "headers": self.maybe(0.5, **{"x-a": self.choice(["1", "2", "12"])}),
                "query": self.maybe(0.4, q=self.choice(["1", "2"]))}


def kind_of(word):
    return {"match" if word.isupper() else "type": word}


def named(route, rule):
    return {"name": "x-rule", "value": f"{route}/{rule}"}


def target_of(request):
    return request["path"] + "".join(f"?{each}={value}" for each, value in request["query"].items())


class Client:
    """Connections that stay, one for each TLS name."""

    def __init__(self):
        self.wires = {}
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname = False
        self.tls.verify_mode = ssl.CERT_NONE

    def close(self):
        for wire in self.wires.values():
            wire.close()

    def _wire(self, request):
        key = request["scheme"], request["scheme"] == "https" and request["sni"]
        if key not in self.wires:
            self.wires[key] = Wire(request["port"], self.tls if key[1] else None, key[1] or None)
        return key, self.wires[key]

    def ask(self, request):
        """What can be seen of what the oracle would say."""
        try:
            key, wire = self._wire(request)
        except ConnectionRefusedError:
            return oracle.NO_LISTENER
        except (ssl.SSLError, ConnectionResetError):
            return oracle.NO_SERVER_NAME
        fields = "".join(f"{name}: {value}\r\n" for name, value in request["headers"].items())
        answer = wire.ask(request["method"], target_of(request), request["host"], fields)
        if "connection" in answer:
            self.wires.pop(key).close()
        if answer.status == 503:
            return answer["x-rule"] if "x-rule" in answer else NO_NAME
        if answer.status == 421:
            return oracle.MISDIRECTED
        assert answer.status == 404
        return oracle.NO_ROUTE if answer.body else oracle.NO_RULE


def served(said):
    """What can be seen of it."""
    if isinstance(said, str):
        return oracle.NO_RULE if said == oracle.NO_HOST else said
    filters = said[2] or [{}]
    change = filters[0].get("responseHeader") or filters[0].get("responseHeaderModifier")
    return change["set"][0]["value"] if change else NO_NAME


def explain(directory, request):
    """What the oracle would say."""
    url = f"{request['scheme']}://{request['sni']}:{request['port']}{target_of(request)}"
    words = [f"-H{name}: {value}" for name, value in request["headers"].items()]
    done = shell(PROGRAM, "explain", "--resources", directory, "-o", "json", request["method"], url,
                 f"-HHost: {request['host']}", *words)
    assert done.stderr == "", done.stderr
    said = json.loads(done.stdout)
    if said["outcome"] == "forwarded":
        return said["rule"]["route"], said["rule"]["rule"]
    return said["outcome"]


@pytest.mark.parametrize("number", range(WORLDS))
def test_it_is_as_the_oracle_says(number, run, tmp_path):
    draw = Draw(f"{SEED} {number}")
    resources = draw.resources()
    (tmp_path / "a.pem").write_text(certificates.bundle("a.test"), encoding="ascii")
    (tmp_path / "all.yaml").write_text("\n---\n".join(map(json.dumps, resources)),
                                       encoding="utf-8")
    run(tmp_path).wait_ready()
    client = Client()
    for i in range(REQUESTS):
        request = draw.request()
        said = oracle.answer(resources, request)
        story = f"ORACLE={SEED}: {request}\n{json.dumps(resources, indent=1)}"
        assert client.ask(request) == served(said), story
        if i < EXPLAINED:
            told = said if isinstance(said, str) else said[:2]
            assert explain(tmp_path, request) == told, story
    client.close()
