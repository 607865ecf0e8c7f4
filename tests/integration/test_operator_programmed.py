"""Programmed: true is said when every proxy has answered, and what is said until then."""
import signal
import socket
import time

import pytest

from harness import ports
from harness.backend import says
from harness.stage import GATEWAY, PODS, ROUTE, SERVICES, SLICES, WEB, rule
from harness.waiting import until

PATIENCE = 1    # s that an acknowledgement may be missing before that is said
RETURNING = 10  # s more, after the operator's start, for proxies to come back


@pytest.fixture(name="late")
def fixture_late(stage, backend):
    """Served, by an operator that has run for so long that no proxy is on its way back."""
    began = time.monotonic()
    stage.begin(backend(says("one")))
    stage.back_end(backend(says("two")).port, name="other")
    until(lambda: time.monotonic() > began + RETURNING + PATIENCE + 1, "the beginning is over")
    return stage


def freeze(stage):
    """The proxy is there, and answers nothing."""
    stage.served_by.signal(signal.SIGSTOP)


def thaw(stage):
    stage.served_by.signal(signal.SIGCONT)


def test_a_proxy_that_does_not_answer(late, curl):
    transition = late.condition(ROUTE, "Programmed")["lastTransitionTime"]
    standing = late.server.find(ROUTE)["status"]
    freeze(late)
    late.route(rule("/", {"other_edge_svc_80": 1}))
    changed = time.monotonic()
    while time.monotonic() < changed + PATIENCE - 0.1:
        assert late.server.find(ROUTE)["status"] == standing
        time.sleep(0.02)
    for path in (ROUTE, GATEWAY):
        condition = late.wait_said(path, "Programmed", "False", "Pending", seconds=5)
        assert "0/1" in condition["message"] and "edge/edge-1" in condition["message"]
    assert PATIENCE <= time.monotonic() - changed < PATIENCE + 1
    assert late.condition(ROUTE, "Programmed")["lastTransitionTime"] >= transition
    assert late.server.find(GATEWAY)["status"]["proxies"] == {"programmed": 0, "ready": 1}
    late.expect_quiet(late.settle())  # how long it lasts is not said
    thaw(late)
    late.wait_programmed(ROUTE, GATEWAY)
    assert curl(f"http://127.0.0.1:{late.port}/").body == "two"


def test_a_proxy_that_answers_in_time(late):
    """True all the time: only the generation was behind."""
    seen = []
    freeze(late)
    late.route(rule("/", {"other_edge_svc_80": 1}))
    changed = time.monotonic()
    until(lambda: time.monotonic() > changed + PATIENCE / 2, "half of the patience")
    assert not late.is_said(ROUTE, "Programmed", "True")
    thaw(late)
    until(lambda: seen.append(late.condition(ROUTE, "Programmed")["status"]) or
          late.is_said(ROUTE, "Programmed", "True"), "it is served")
    assert set(seen) == {"True"}


def test_a_change_that_was_taken_back(late, curl):
    """What is under way may still arrive: it is not served until that has been answered."""
    freeze(late)
    for _ in range(3):
        late.route(rule("/", {"other_edge_svc_80": 1}))
        until(lambda: "other" in late.running.get_admin("/config")[1], "the change is compiled")
        late.route(rule("/", {WEB: 1}))
        until(lambda: "other" not in late.running.get_admin("/config")[1], "it is taken back")
    late.wait_said(ROUTE, "Programmed", "False", "Pending", seconds=5)
    thaw(late)
    late.wait_programmed(ROUTE)
    assert curl(f"http://127.0.0.1:{late.port}/").body == "one"


def test_a_proxy_that_dies(late):
    until(lambda: late.server.find(GATEWAY)["status"]["proxies"]["ready"] == 1, "it counts")
    late.served_by.kill()
    late.wait_said(GATEWAY, "Programmed", "False", "Pending", seconds=10)
    late.proxy(late.served_as)
    late.wait_programmed(GATEWAY, ROUTE)
    late.server.remove(PODS, "edge-1")
    late.wait_said(GATEWAY, "Programmed", "False", "NoProxies")


def test_a_proxy_that_refuses(stage, backend, curl):
    stage.begin(backend(says("one")))
    with socket.create_server(("127.0.0.1", ports.free())) as taken:
        port = taken.getsockname()[1]
        stage.gateway(stage.port, port)
        condition = stage.wait_said(GATEWAY, "Programmed", "False", "Invalid")
        assert "edge/edge-1 refused it" in condition["message"]
        assert f":{port}" in condition["message"] and "in use" in condition["message"]
        assert curl(f"http://127.0.0.1:{stage.port}/").body == "one"
        stage.expect_quiet(stage.settle())
        [_, listener] = stage.server.find(GATEWAY)["status"]["listeners"]
        assert {each["type"]: each["status"] for each in listener["conditions"]} == {
            "Accepted": "True", "Conflicted": "False", "ResolvedRefs": "True",
            "Programmed": "False"}
        condition = stage.wait_said(ROUTE, "Programmed", "False", "Invalid")
    stage.gateway(stage.port)
    stage.wait_programmed(GATEWAY, ROUTE)


def test_two_proxies_of_which_one_refuses(stage, backend):
    """The other has the port of this machine."""
    stage.begin(backend(says("one")))
    second = stage.pod("edge-2")
    proxy = stage.proxy(second, ready=False)
    proxy.wait_said("refused a configuration")
    slice_of(stage, ("edge-1", True), ("edge-2", True))
    condition = stage.wait_said(GATEWAY, "Programmed", "False", "Invalid")
    assert "1/2" in condition["message"] and "edge/edge-2" in condition["message"]
    stage.server.edit(f"{PODS}/edge-2", lambda value: value["metadata"].update(
        deletionTimestamp="2026-01-01T00:00:00Z"))
    stage.wait_programmed(GATEWAY)
    stage.wait_said(GATEWAY, "Programmed", "True")


def slice_of(stage, *pods):
    """The EndpointSlice of the gateway's Service: pods, and whether each is ready."""
    stage.server.put(SERVICES, "edge", kind="Service", apiVersion="v1",
                     spec={"ports": [{"port": stage.port}]})
    stage.server.put(SLICES, "edge-0", kind="EndpointSlice", apiVersion="discovery.k8s.io/v1",
                     addressType="IPv4", ports=[{"port": stage.port}],
                     metadata={"labels": {"kubernetes.io/service-name": "edge"}},
                     endpoints=[{"addresses": ["127.0.0.1"], "conditions": {"ready": ready},
                                 "targetRef": {"kind": "Pod", "name": name, "namespace": "edge"}}
                                for name, ready in pods])


def test_only_ready_pods_count(stage, backend):
    stage.begin(backend(says("one")))
    slice_of(stage, ("edge-1", False))
    stage.wait_said(GATEWAY, "Programmed", "False", "NoProxies")
    slice_of(stage, ("edge-1", True))
    stage.wait_programmed(GATEWAY, ROUTE)


@pytest.mark.parametrize("has_service", [False, True], ids=["by hand", "behind a Service"])
def test_a_proxy_that_does_not_come_back_after_a_restart(stage, backend, has_service):
    """It has the time of a few tries; until then nothing is taken back."""
    stage.begin(backend(says("one")))
    if has_service:
        slice_of(stage, ("edge-1", True))
    stage.settle()
    freeze(stage)
    stage.running.stop()
    began = time.monotonic()
    stage.running = stage.operator()
    written = stage.writes("/status")
    while time.monotonic() < began + RETURNING:
        assert stage.writes("/status") == written
        time.sleep(0.1)
    reason = "Pending" if has_service else "NoProxies"
    stage.wait_said(GATEWAY, "Programmed", "False", reason, seconds=5)
    thaw(stage)
    stage.wait_programmed(GATEWAY, ROUTE)
