"""The operator's story: what is applied is served, and what became of it stands in its status."""
import re

import pytest

from harness import certificates, documents, ports
from harness.backend import says
from harness.stage import CLUSTER, GATEWAY, GATEWAYS, PODS, ROUTE, ROUTES, SLICES, WEB, rule
from harness.waiting import until


@pytest.fixture(name="ask")
def fixture_ask(stage, curl):
    """The body that the gateway answers with."""
    return lambda path="/": curl(f"http://127.0.0.1:{stage.port}{path}").body


def test_a_gateway_is_served(stage, backend, ask):
    stage.begin(backend(says("one")))
    assert ask() == "one"
    for path in (GATEWAY, ROUTE):
        for kind in ("Accepted", "ResolvedRefs"):
            assert stage.is_said(path, kind, "True"), stage.server.find(path)
    gateway = stage.server.find(GATEWAY)["status"]
    assert gateway["proxies"] == {"programmed": 1, "ready": 1}
    [listener] = gateway["listeners"]
    assert listener["port"] == stage.port
    assert (listener["protocol"], listener["attachedRoutes"]) == ("HTTP", 1)
    [parent] = stage.server.find(ROUTE)["status"]["parents"]
    assert (parent["gateway"], parent["attachedListeners"]) == ("edge", 1)
    assert stage.running.metric("otemon_operator_proxies") == 1
    assert len(stage.server.connections) == 1


def test_every_metric_is_documented(stage, backend):
    stage.begin(backend(says("one")))
    text = stage.running.get_health("/metrics")[1]
    of_operator = {name for name in re.findall(r"^# TYPE (\S+)", text, re.M)
                   if name.startswith("otemon_operator_")}
    assert of_operator == {name for name in documents.metrics("docs/observing.md")
                           if name.startswith("otemon_operator_")}


def test_a_status_is_one_document(stage, backend):
    """Each says all of it at once, by its own field manager and by force."""
    stage.begin(backend(says("one")))
    stage.settle()
    written = [each for each in stage.server.seen("apply") if each.path.endswith("/status")]
    assert {each.query["fieldManager"] for each in written} == {"otemon-status"}
    assert all(each.query["force"] == "true" for each in written)
    for path in (f"{GATEWAY}/status", f"{ROUTE}/status"):
        # What nobody serves yet, then what is served.
        assert 1 <= sum(each.path == path for each in written) <= 2


def test_a_change_is_served_and_then_said(stage, backend, ask):
    stage.begin(backend(says("one")))
    stage.back_end(backend(says("two")).port, name="other")
    accepted = stage.condition(ROUTE, "Accepted")
    for turn in range(10):
        name = ("other_edge_svc_80", WEB)[turn % 2]
        stage.route(rule("/", {name: 1}))
        stage.wait_programmed(ROUTE)
        assert ask() == ("two", "one")[turn % 2]
    after = stage.condition(ROUTE, "Accepted")
    assert after["lastTransitionTime"] == accepted["lastTransitionTime"]
    assert after["observedGeneration"] == accepted["observedGeneration"] + 10


def test_what_is_wrong_is_said_and_mended(stage, backend, ask):
    stage.begin(backend(says("one")))
    stage.route(rule("/", {"nobody_edge_svc_80": 1}))
    condition = stage.wait_said(ROUTE, "ResolvedRefs", "False")
    assert "nobody_edge_svc_80" in condition["message"]
    stage.route(rule("no slash", {WEB: 1}), rule("/", {WEB: 1}))
    condition = stage.wait_said(ROUTE, "Accepted", "False")
    assert "rules[0]" in condition["message"]
    stage.route()
    for kind in ("Accepted", "ResolvedRefs", "Programmed"):
        stage.wait_said(ROUTE, kind, "True")
    assert ask() == "one"


def test_certificates_are_shown_as_they_are_served(stage, curl, backend):
    port = ports.free()
    pem = certificates.bundle("a.example.com")
    stage.gateway({"port": port, "protocol": "HTTPS", "hostname": "a.example.com",
                   "tls": {"mode": "TERMINATE", "certificates": [{"secret": "pair"}]}})
    stage.route()
    stage.back_end(backend(says("one")).port)
    stage.running = stage.operator()
    stage.proxy(stage.pod())
    condition = stage.wait_said(GATEWAY, "ResolvedRefs", "False")
    assert "pair" in condition["message"]
    for pem in (pem, certificates.bundle("a.example.com")):
        stage.secret("pair", pem)
        wanted = certificates.certificate_of(pem)
        until(lambda wanted=wanted: shown(stage) == [certificates.fingerprint(wanted)],
              lambda: stage.server.find(GATEWAY)["status"])
        assert certificates.served(port, "a.example.com") == wanted
    answer = curl(f"https://a.example.com:{port}/", "--insecure", "--resolve",
                  f"a.example.com:{port}:127.0.0.1")
    assert answer.body == "one"


def test_two_certificates_of_one_type_are_shown(stage, backend):
    """That of every name, in the status as by the proxy; then one is renewed."""
    port = ports.free()
    stage.gateway({"port": port, "protocol": "HTTPS", "hostname": "*.example.com",
                   "tls": {"mode": "TERMINATE",
                           "certificates": [{"secret": "a"}, {"secret": "b"}]}})
    stage.route()
    stage.back_end(backend(says("one")).port)
    pems = {name: certificates.bundle(f"{name}.example.com") for name in ("a", "b")}
    for name, pem in pems.items():
        stage.secret(name, pem)
    stage.running = stage.operator()
    stage.proxy(stage.pod())
    for renewed in (None, "b", "a"):
        if renewed is not None:
            pems[renewed] = certificates.bundle(f"{renewed}.example.com")
            stage.secret(renewed, pems[renewed])
        wanted = {name: certificates.certificate_of(pem) for name, pem in pems.items()}
        prints = [certificates.fingerprint(each) for each in wanted.values()]
        until(lambda prints=prints: shown(stage) == prints,
              lambda: stage.server.find(GATEWAY).get("status"))
        for name, each in wanted.items():
            assert certificates.served(port, f"{name}.example.com") == each
    stage.wait_said(GATEWAY, "ResolvedRefs", "True")


def shown(stage):
    [listener] = stage.server.find(GATEWAY)["status"]["listeners"]
    return [each["fingerprint"] for each in listener.get("certificates", [])]


def test_back_ends_come_and_go_without_a_word(stage, backend, ask):
    """No route is compiled, and no status is written."""
    one, two = backend(says("one")), backend(says("two"))
    stage.begin(one)
    written, compiled = stage.settle(), stage.running.metric("otemon_operator_compiles")
    stage.back_end(two.port)
    until(lambda: ask() == "two", "two")
    stage.back_end(one.port)
    until(lambda: ask() == "one", "one")
    assert stage.running.metric("otemon_operator_compiles") == compiled
    stage.expect_quiet(written)


def touch_all(stage):
    """Everything is there as it was, in a new version."""
    for path in (GATEWAY, ROUTE, f"{PODS}/edge-1", f"{SLICES}/web-0"):
        stage.server.edit(path, lambda value: value["metadata"].setdefault(
            "annotations", {}).update(touched=value["metadata"]["resourceVersion"]))


def test_nothing_is_written_when_nothing_changed(stage, backend, ask):
    stage.begin(backend(says("one")))
    written, before = stage.settle(), stage.server.find(GATEWAY)["status"]
    stage.expect_quiet(written)
    for _ in range(3):
        touch_all(stage)
        stage.server.kill_connections()
        stage.server.compact()
        listed = stage.server.count("list", ROUTES)
        until(lambda listed=listed: stage.server.count("list", ROUTES) > listed, "a list")
    stage.expect_quiet(written)
    assert stage.server.find(GATEWAY)["status"] == before
    assert ask() == "one"


def test_a_restart_writes_no_status(stage, backend, ask):
    stage.begin(backend(says("one")))
    stage.settle()
    stage.expect_quiet(stage.writes())
    written, before = stage.writes("/status"), stage.server.find(GATEWAY)
    for _ in range(2):
        stage.restart()
        stage.expect_quiet(stage.settle())
        assert stage.writes("/status") == written
        assert stage.server.find(GATEWAY) == before
        assert ask() == "one"


def test_what_changed_while_it_was_away_is_said(stage, backend, ask):
    stage.begin(backend(says("one")))
    transition = stage.condition(ROUTE, "Programmed")["lastTransitionTime"]
    stage.running.stop()
    assert ask() == "one"
    stage.back_end(backend(says("two")).port, name="other")
    stage.route(rule("/", {"other_edge_svc_80": 1}))
    stage.running = stage.operator()
    stage.wait_programmed(ROUTE)
    assert ask() == "two"
    assert stage.condition(ROUTE, "Programmed")["lastTransitionTime"] == transition


def parents(status):
    """What is said of each parent, whenever it became so."""
    return [(parent["gateway"], parent["attachedListeners"],
             {condition["type"]: condition["status"] for condition in parent["conditions"]})
            for parent in status.get("parents", [])]


def test_a_status_of_somebody_else_is_overwritten(stage, backend):
    stage.begin(backend(says("one")))
    stage.settle()
    standing = parents(stage.server.find(ROUTE)["status"])

    def spoil(value):
        value["status"]["conditions"][0].update(status="False", reason="Nonsense")

    for change in (spoil, lambda value: value.pop("status")):
        stage.server.edit(ROUTE, change)
        until(lambda: parents(stage.server.find(ROUTE).get("status") or {}) == standing,
              "the parents")
        stage.wait_programmed(ROUTE)
        stage.wait_said(ROUTE, "Accepted", "True")


def test_an_object_made_anew_is_told_anew(stage, backend, ask):
    stage.begin(backend(says("one")))
    stage.server.remove(ROUTES, "all")
    until(lambda: ask() != "one", "the route is gone")
    stage.settle()
    stage.route()
    stage.wait_programmed(ROUTE)
    assert ask() == "one"


def test_nothing_is_said_of_what_is_gone(stage, backend):
    stage.begin(backend(says("one")))
    stage.settle()
    written = stage.writes(f"{ROUTE}/status")
    stage.server.remove(ROUTES, "all")
    until(lambda: stage.server.find(GATEWAY)["status"]["listeners"][0]["attachedRoutes"] == 0,
          "the gateway's status")
    stage.server.put(ROUTES, "another", metadata=CLUSTER, kind="MeshGatewayRoute",
                     apiVersion="kuma.io/v1alpha1", mesh="default", spec={})
    until(lambda: stage.condition(f"{ROUTES}/another", "Accepted"), "a status")
    assert stage.writes(f"{ROUTE}/status") == written


def test_two_gateways_do_not_mix(stage, backend, curl):
    stage.begin(backend(says("one")))
    second = ports.free()
    stage.gateway(second, name="inner", service="inner")
    stage.route(rule("/", {"other_edge_svc_80": 1}), name="inner", service="inner")
    stage.back_end(backend(says("two")).port, name="other")
    proxy = stage.proxy(stage.pod("inner-1", service="inner"))
    stage.wait_programmed(f"{GATEWAYS}/inner", f"{ROUTES}/inner", GATEWAY)
    assert curl(f"http://127.0.0.1:{second}/").body == "two"
    assert f":{stage.port}" not in str(proxy.config())
    assert f":{second}" not in str(stage.served_by.config())
    assert set(stage.running.config()) == {"default/kuma.io/service=edge",
                                           "default/kuma.io/service=inner"}
