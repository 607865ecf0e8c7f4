"""`Programmed` is never true before it is served: a change that is said to be served is served by
every proxy, at once."""
import random
import time

import pytest

from harness.wire import Wire
from kube import api as server
from kube.gateway import host, mesh_gateway_route, rule, selector

PATHS = ("/", "/a", "/a/b")
PROBES = (*PATHS, "/a/b/c", "/c")

# So that more than one worker of a proxy has to be told.
RESOURCES = {"requests": {"cpu": "50m"}, "limits": {"cpu": "2", "memory": "256Mi"}}


@pytest.fixture(scope="module")
def gateway(node, start_gateway):
    assert node
    return start_gateway("programmed", replicas=2, resources=RESOURCES)


def some_rules(rng):
    """{(match, path): back end}."""
    return {(rng.choice(("EXACT", "PREFIX")), rng.choice(PATHS)): rng.choice(("one", "two"))
            for _ in range(rng.randrange(1, 5))}


def answer_of(rules, path):
    """The back end that these rules lead to, or 404."""
    if ("EXACT", path) in rules:
        return rules["EXACT", path]
    prefixes = [prefix for match, prefix in rules
                if match == "PREFIX" and f"{path}/".startswith(f"{prefix.rstrip('/')}/")]
    return rules["PREFIX", max(prefixes, key=len)] if prefixes else 404


def a_change(rng, before):
    """Other rules, and a path whose answer they change."""
    while True:
        rules = some_rules(rng)
        seen = [path for path in PROBES if answer_of(rules, path) != answer_of(before, path)]
        if seen:
            return rules, rng.choice(seen)


class Route:
    """The route of host one, changed and watched through the API."""

    def __init__(self, api, gateway):
        self.api, self.gateway = api, gateway
        self.name = gateway.route("one")
        self.collection = f"{server.KUMA}/meshgatewayroutes"

    def start(self):
        """From the same rules for every test."""
        rules = {("PREFIX", "/"): "one"}
        self.change(rules)
        self.gateway.wait_programmed()
        return rules

    def watch(self):
        found = self.api.get(f"{self.collection}/{self.name}")
        return self.api.watch(self.collection, f"metadata.name={self.name}",
                              found["metadata"]["resourceVersion"])

    def change(self, rules):
        """Returns the generation."""
        namespace = self.gateway.namespace
        tree = mesh_gateway_route(
            self.name, selector(self.gateway.name, namespace, site="one"),
            *(rule(backend, namespace, path, match) for (match, path), backend in rules.items()))
        made = self.api.merge(f"{self.collection}/{self.name}", {"spec": tree["spec"]})
        return made["metadata"]["generation"]


def wait_programmed(events, generation, wanted="True"):
    """Reads events until one says of this generation whether it is served. Returns the message."""
    for event in events:
        metadata, status = event["object"]["metadata"], event["object"].get("status", {})
        said = {each["type"]: each for each in status.get("conditions", [])}.get("Programmed")
        if (said and said["status"] == wanted and
                said["observedGeneration"] == metadata["generation"] == generation):
            return said["message"]
    raise AssertionError("the watch ended")


class Probe:
    """Asks one pod, on a connection that stays and on new ones."""

    def __init__(self, address):
        self.address = address
        self.kept = self._connect()

    def _connect(self):
        return Wire(80, address=self.address)

    def close(self):
        self.kept.close()

    def ask(self, path):
        """The answers: names of back ends, or statuses."""
        with self._connect() as fresh:
            return [named(wire.ask(path=path, host=host("one"))) for wire in (self.kept, fresh)]


def named(answer):
    if answer.status != 200:
        return answer.status
    return answer.body.decode().removeprefix("Name: ").split("\n")[0]


@pytest.fixture(scope="module")
def pods(gateway):
    return gateway.pods()


@pytest.fixture
def probes(pods):
    made = [Probe(pod["status"]["podIP"]) for pod in pods]
    yield made
    for each in made:
        each.close()


@pytest.fixture
def rng():
    """By chance, that can be had again."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def route(api, gateway):
    return Route(api, gateway)


def assert_served(probes, rules, path):
    """By all proxies, on connections that were there and on new ones."""
    assert [probe.ask(path) for probe in probes] == [[answer_of(rules, path)] * 2] * 2, path


def test_programmed_is_never_early(route, probes, rng, figure):
    rules, took = route.start(), []
    with route.watch() as events:
        for _ in range(500):
            rules, path = a_change(rng, rules)
            began = time.monotonic()
            wait_programmed(events, route.change(rules))
            took.append(time.monotonic() - began)
            assert_served(probes, rules, path)
    took.sort()
    figure(f"a route changed 500 times: Programmed after {took[250] * 1000:.0f} ms (p50), "
           f"{took[495] * 1000:.0f} ms (p99), never early")


def test_programmed_waits_for_the_slowest(node, route, pods, probes, rng):
    """One proxy stands still, too shortly for Kubernetes to see it."""
    rules = route.start()
    with route.watch() as events:
        for _ in range(20):
            rules, path = a_change(rng, rules)
            pause = node.pause(rng.choice(pods), "otemon-proxy", 0.2)
            wait_programmed(events, route.change(rules))
            assert pause.finished.is_set(), "early"
            assert_served(probes, rules, path)


def test_programmed_turns_false_when_a_proxy_does_not_answer(node, route, pods, probes, rng):
    """After a second, which is when it is said who is waited for."""
    rules, path = a_change(rng, route.start())
    with route.watch() as events:
        pause = node.pause(pods[1], "otemon-proxy", 1.8)
        generation = route.change(rules)
        said = wait_programmed(events, generation, "False")
        assert not pause.finished.is_set(), "late"
        assert said.startswith("1/2 proxies serve this") and pods[1]["metadata"]["name"] in said
        wait_programmed(events, generation)
        assert pause.finished.is_set(), "early"
        assert_served(probes, rules, path)
