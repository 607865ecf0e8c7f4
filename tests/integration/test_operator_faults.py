"""The operator against an API server that misbehaves: no change is lost, nothing is busy, or leaks.
"""
import random
import time

import pytest

from fake import apiserver
from harness import ports
from harness.backend import says
from harness.stage import (CLUSTER, DEFINED, GATEWAY, GATEWAYS, PODS, ROUTE, ROUTES, SECRETS,
                           SERVICES, SLICES, WEB, rule)
from harness.waiting import until

OTHER = "other_edge_svc_80"
WATCHED = [GATEWAYS, ROUTES, "/apis/kuma.io/v1alpha1/meshgatewayinstances", SECRETS,
           "/api/v1/services", "/api/v1/pods", "/apis/discovery.k8s.io/v1/endpointslices"]


@pytest.fixture(name="begun")
def fixture_begun(stage, backend, curl):
    """Served; change() makes it another back end, and waits until that is served and said."""
    stage.begin(backend(says("one")))
    stage.back_end(backend(says("two")).port, name="other")

    def ask():
        return curl(f"http://127.0.0.1:{stage.port}/").body

    def change():
        name = OTHER if ask() == "one" else WEB
        stage.route(rule("/", {name: 1}))
        return {OTHER: "two", WEB: "one"}[name]

    stage.ask, stage.change = ask, change
    return stage


def expect_served(stage, body):
    until(lambda: stage.ask() == body, lambda: f"{body}:\n{stage.running.text()}")
    stage.wait_programmed(ROUTE)


def expect_calm(stage, requests, seconds=1):
    """For that long it does next to nothing, and asks no more than that."""
    ticks, before = stage.running.cpu_ticks(), len(stage.server.requests)
    time.sleep(seconds)
    assert stage.running.cpu_ticks() - ticks <= 10 * seconds
    assert len(stage.server.requests) - before <= requests


def expect_rest(stage):
    """In the end it asks nothing at all, and has next to nothing to do."""
    def is_at_rest():
        ticks, before = stage.running.cpu_ticks(), len(stage.server.requests)
        time.sleep(1)
        return len(stage.server.requests) == before and stage.running.cpu_ticks() - ticks <= 10
    until(is_at_rest, "rest")


# ---- 410 ----

@pytest.mark.parametrize("behaviour", [None, apiserver.gone_as_event],
                         ids=["status", "event"])
def test_410_of_watches(begun, behaviour):
    """What everything stands on is compacted away while the operator cannot look."""
    begun.settle()
    if behaviour:
        begun.server.always("watch", behaviour)
    listed = begun.server.count("list")
    begun.server.stop_listening()
    body = begun.change()
    begun.server.compact()
    begun.server.listen_again()
    expect_served(begun, body)
    until(lambda: begun.server.count("list") > listed, "lists")
    expect_rest(begun)


def test_410_between_pages(begun):
    for index in range(250):
        begun.route(rule(f"/{index}", {WEB: 1}), name=f"r{index}")

    async def compact_first(server, seen, answer):
        server.compact()
        await server.answer(seen, answer)

    begun.server.next("list", *[apiserver.slow(0)] * 2, compact_first, path=ROUTES)
    begun.running.stop()
    begun.running = begun.operator()
    assert begun.server.count("list", ROUTES) >= 1 + 3 + 1
    for name in ("r0", "r249"):
        begun.wait_programmed(f"{ROUTES}/{name}")
    assert begun.running.metric("otemon_operator_objects") >= 251


def test_a_bookmark_saves_the_lists(begun):
    """Other kinds have moved on: what a bookmark told is new enough to go on from."""
    begun.settle()
    listed = begun.server.count("list", GATEWAYS)
    begun.server.bookmark()
    seen = begun.running.metric("otemon_operator_watch_requests")
    begun.change()
    begun.wait_programmed(ROUTE)
    begun.settle()
    begun.server.bookmark()
    begun.server.store.oldest = begun.server.store.version
    begun.server.kill_connections()
    until(lambda: begun.running.metric("otemon_operator_watch_requests") >= seen + 8, "watches")
    expect_served(begun, begun.change())
    assert begun.server.count("list", GATEWAYS) == listed


# ---- watches that break ----

@pytest.mark.parametrize("behaviour", [
    apiserver.cut_at_once, apiserver.close_at_once, apiserver.kill,
    apiserver.cut_in_an_event(b'{"type":"MODIFIED","object":{"meta'),
    apiserver.error_event(500, "InternalError"), apiserver.error_event(410, "Gone"),
    apiserver.say(b"nonsense\n"), apiserver.say(b'{"type":"ADDED","object":{}}\n'),
    apiserver.say(b'{"type":"ADDED","object":[]}\n', b"\0\0\0\n"),
    apiserver.refuse(500, "InternalError"), apiserver.refuse(429, "TooManyRequests"),
    apiserver.refuse(403, "Forbidden")],
    ids=["cut", "closed", "killed", "cut in an event", "error event", "gone event", "nonsense",
         "no object", "no object either", "500", "429", "403"])
def test_watches_that_never_hold(begun, behaviour):
    begun.settle()
    begun.server.always("watch", behaviour)
    begun.server.kill_connections()
    until(lambda: begun.server.count("watch") >= 10, "watches")
    expect_calm(begun, requests=40)
    body = begun.change()
    begun.server.behave()
    expect_served(begun, body)


def test_watches_that_say_nothing(begun):
    """The server has forgotten them, and the connection lives: they are not waited for for ever."""
    begun.settle()
    begun.server.always("watch", apiserver.mute, path=ROUTES)
    begun.server.kill_connections()
    until(lambda: begun.server.count("watch", ROUTES) >= 2, "the watch")
    body = begun.change()
    begun.server.behave()
    expect_served(begun, body)


def test_an_outage(begun):
    begun.settle()
    begun.server.stop_listening()
    body = begun.change()
    expect_calm(begun, requests=0, seconds=2)
    assert begun.running.get_health("/ready")[0] == 200
    assert begun.ask() != body
    begun.server.listen_again()
    expect_served(begun, body)


def test_a_dead_connection_of_writes(begun):
    """What was under way when it died is written on the next one."""
    begun.server.next("apply", apiserver.kill, apiserver.cut_at_once, path=f"{ROUTE}/status")
    expect_served(begun, begun.change())


# ---- storms ----

@pytest.mark.parametrize("kind", ["list", "watch", "apply", "other"])
@pytest.mark.parametrize("code", [429, 500, 503])
def test_storms(begun, kind, code):
    """All of a kind is refused, for a while; the operator begins in it."""
    begun.server.always(kind, apiserver.refuse(code, "Storm"))
    begun.running.stop()
    begun.running = begun.operator(serves=False)
    until(lambda: begun.server.count(kind) >= (4 if kind == "other" else 10), "requests")
    expect_calm(begun, requests=40)
    body = begun.change()
    begun.server.behave()
    expect_served(begun, body)


def test_retry_after_of_writes(begun):
    begun.settle()
    path = f"{ROUTE}/status"
    before = begun.server.count("apply", path)
    begun.server.next("apply", apiserver.refuse(429, "TooManyRequests", retry=2), path=path)
    expect_served(begun, begun.change())
    first, second = begun.server.seen("apply", path)[before:before + 2]
    assert 1.9 < second.at - first.at < 4


def test_retry_after_of_lists(stage):
    stage.server.next("list", apiserver.refuse(429, "TooManyRequests", retry=2), path=ROUTES)
    stage.operator()
    first, second = stage.server.seen("list", ROUTES)
    assert 1.9 < second.at - first.at < 4


def test_a_conflict_is_written_again(begun):
    begun.server.next("apply", *[apiserver.refuse(409, "Conflict")] * 3, path=f"{ROUTE}/status")
    expect_served(begun, begun.change())


# ---- objects that are nonsense ----

NONSENSE = [
    {}, {"spec": None}, {"spec": "text"}, {"spec": {"conf": []}}, {"spec": {"selectors": "x"}},
    {"mesh": 7, "spec": {}}, {"spec": {"selectors": [{"match": []}], "conf": {"listeners": [7]}}},
    {"spec": {"conf": {"http": {"rules": {"a": 1}}}}}, {"status": "text"}, {"status": []},
    {"status": {"conditions": [7, None, {"type": []}], "listeners": {}, "parents": 1}},
]


def test_nonsense_costs_only_itself(begun):
    for index, content in enumerate(NONSENSE):
        for path in (GATEWAYS, ROUTES):
            begun.server.put(path, f"nonsense-{index}", metadata=CLUSTER,
                             apiVersion="kuma.io/v1alpha1", **content)
        for path in (PODS, SERVICES, SLICES, SECRETS):
            begun.server.put(path, f"nonsense-{index}", type="system.kuma.io/secret", **content)
    expect_served(begun, begun.change())
    expect_rest(begun)
    begun.restart()
    expect_served(begun, begun.change())


def test_huge_objects(begun):
    """One that is more than an object may be costs only itself."""
    begun.server.put(ROUTES, "huge", metadata=CLUSTER, spec={"x": [{}] * 150_000})
    begun.server.put(ROUTES, "long", metadata=CLUSTER, spec={"x": "y" * 3_000_000})
    begun.server.put(SERVICES, "huge", spec={"ports": [{"port": 1}] * 40_000})
    begun.server.put(PODS, "huge", metadata={"annotations": {"a": "b" * 2_000_000}})
    expect_served(begun, begun.change())
    begun.restart()
    expect_served(begun, begun.change())


def test_routes_that_are_large(begun):
    """As large as they may be."""
    for name in ("large", "larger", "largest"):
        rules = [rule(f"/{name}/{index}", {WEB: 1}, match="EXACT") for index in range(1023)]
        begun.route(*rules, rule("/", {WEB: 1}), name=name)
    begun.wait_programmed(*(f"{ROUTES}/{name}" for name in ("large", "larger", "largest")), ROUTE)
    expect_served(begun, begun.change())


# ---- definitions that come and go ----

def test_definitions_that_are_installed_later(stage, backend, curl):
    port = ports.free()
    for path in DEFINED:
        stage.server.drop_kind(path)
    stage.running = stage.operator()
    _, reasons = stage.running.get_health("/ready")
    assert "meshgateways.kuma.io is not installed" in reasons
    assert "kubectl apply" in reasons
    expect_calm(stage, requests=4)
    pod = stage.pod()
    proxy = stage.proxy(pod)
    assert f":{port}" not in str(proxy.config())
    for path in DEFINED:
        stage.server.kind(path)
    stage.gateway(port)
    stage.route()
    stage.back_end(backend(says("one")).port)
    stage.wait_programmed(GATEWAY, ROUTE)
    assert curl(f"http://127.0.0.1:{port}/").body == "one"
    until(lambda: stage.running.get_health("/ready")[1] == "ready\n", "nothing is missing")


def test_definitions_without_a_status(stage, backend, curl):
    """Kuma's: what they say is served, and said as soon as there is where."""
    port = ports.free()
    for path in DEFINED:
        stage.server.kind(path, status=False)
    stage.gateway(port)
    stage.route()
    stage.back_end(backend(says("one")).port)
    stage.running = stage.operator()
    stage.proxy(stage.pod())
    until(lambda: curl(f"http://127.0.0.1:{port}/").body == "one", "it is served")
    until(lambda: "no status subresource" in stage.running.get_health("/ready")[1], "the reason")
    assert "status" not in stage.server.find(GATEWAY)
    expect_calm(stage, requests=4)
    for path in DEFINED:
        stage.server.kind(path)
    stage.wait_programmed(GATEWAY, ROUTE)
    assert "no status subresource" not in stage.running.get_health("/ready")[1]
    stage.expect_quiet(stage.settle())


def test_definitions_that_are_replaced(begun):
    """Deleted with all objects, and back with them: what the pods of the gateway serve meanwhile is
    nothing."""
    for path in DEFINED:
        begun.server.drop_kind(path)
    until(lambda: begun.ask() == "", "nothing is served")
    for path in DEFINED:
        begun.server.kind(path)
    begun.gateway(begun.port)
    begun.route()
    begun.wait_programmed(GATEWAY, ROUTE)
    assert begun.ask() == "one"


# ---- everything together ----

FAULTS = {
    "list": [apiserver.refuse(500), apiserver.refuse(429, "TooManyRequests"), apiserver.kill,
             apiserver.cut_at_once, apiserver.slow(0.2), apiserver.refuse(410, "Expired")],
    "watch": [apiserver.cut_after(0.1), apiserver.cut_at_once, apiserver.close_at_once,
              apiserver.refuse(410, "Expired"), apiserver.error_event(410, "Expired"),
              apiserver.refuse(429, "TooManyRequests"), apiserver.say(b"{}\n"), apiserver.kill],
    "apply": [apiserver.refuse(500), apiserver.refuse(409, "Conflict"), apiserver.cut_at_once,
              apiserver.refuse(429, "TooManyRequests"), apiserver.slow(0.3), apiserver.kill],
    "review": [apiserver.refuse(500), apiserver.cut_at_once],
}


def test_no_change_is_lost_whatever_happens(begun, backend):
    """What is held in the end is what there is: nothing has leaked, either."""
    chance = random.Random(11)
    begun.settle()
    held = {name: begun.running.metric(name)
            for name in ("otemon_operator_objects", "otemon_operator_groups")}
    end = time.monotonic() + 10
    others = [backend(says("more")) for _ in range(3)]
    while time.monotonic() < end:
        act(begun, chance, others)
        time.sleep(chance.random() * 0.05)
    begun.server.behave()
    for name in list(begun.server.versions(ROUTES)):
        if name != "all":
            begun.server.remove(ROUTES, name)
    for path in (SERVICES, SLICES):
        for name in begun.server.versions(path):
            if name.startswith("more"):
                begun.server.remove(path, name)
    begun.gateway(begun.port)
    expect_served(begun, begun.change())
    begun.wait_programmed(GATEWAY)
    begun.settle()
    until(lambda: held == {name: begun.running.metric(name) for name in held},
          lambda: f"{held}: {begun.running.get_health('/metrics')[1]}")
    until(lambda: begun.running.metric("otemon_operator_snapshots") <= 3, "few snapshots")
    expect_rest(begun)


def act(stage, chance, backends):
    """One thing that may happen in a cluster."""
    name = f"r{chance.randrange(20)}"
    if chance.random() < 0.5:
        stage.route(rule(f"/{name}", {WEB: 1, OTHER: chance.randrange(5)}), name=name)
    elif name in stage.server.versions(ROUTES):
        stage.server.remove(ROUTES, name)
    if chance.random() < 0.2:
        stage.back_end(chance.choice(backends).port, name=f"more{chance.randrange(5)}")
    if chance.random() < 0.2:
        kind = chance.choice(list(FAULTS))
        stage.server.next(kind, chance.choice(FAULTS[kind]))
    if chance.random() < 0.05:
        stage.server.compact()
    if chance.random() < 0.03:
        stage.server.kill_connections()
