"""MeshGatewayInstances: their Deployments and Services, and who else has a hand in them."""
import asyncio
import json

import pytest

from fake import apiserver
from harness import ports
from harness.stage import (CA_MAP, DEPLOYMENTS, GATEWAY, GATEWAYS, INSTANCE, INSTANCES, KUMA,
                           SERVICES)
from harness.waiting import until

DEPLOYMENT, SERVICE = f"{DEPLOYMENTS}/front", f"{SERVICES}/front"
BOTH = [DEPLOYMENT, SERVICE]


@pytest.fixture(name="begun")
def fixture_begun(stage):
    stage.gateway(8080)
    stage.running = stage.operator()
    return stage


def wait_made(stage, *paths):
    for path in paths or BOTH:
        until(lambda at=path: stage.server.find(at), lambda at=path: f"{at} is not there")


def container(deployment):
    [found] = deployment["spec"]["template"]["spec"]["containers"]
    return found


def test_both_are_applied(begun):
    begun.instance()
    wait_made(begun)
    deployment, service = map(begun.server.find, BOTH)
    for each in (deployment, service):
        [owner] = each["metadata"]["ownerReferences"]
        assert owner["uid"] == begun.server.find(INSTANCE)["metadata"]["uid"]
        assert owner["controller"] is True
    assert deployment["spec"]["replicas"] == 1
    assert container(deployment)["image"].startswith("otemon/proxy:")
    assert [each["port"] for each in service["spec"]["ports"]] == [8080]
    wait_made(begun, CA_MAP)
    begun.wait_said(INSTANCE, "Accepted", "True")
    begun.expect_quiet(begun.settle())
    applied = [each for each in begun.server.seen("apply") if each.path in BOTH]
    assert {each.query["fieldManager"] for each in applied} == {"otemon"}
    assert len(applied) == 2


def test_what_the_cluster_makes_of_them_is_told(begun):
    begun.instance()
    begun.wait_said(INSTANCE, "Ready", "Unknown")
    conditions = [{"type": "Available", "status": "False", "message": "No image."}]
    begun.server.edit(DEPLOYMENT, lambda value: value.update(status={"conditions": conditions}))
    condition = begun.wait_said(INSTANCE, "Ready", "False", "DeploymentNotAvailable")
    assert "No image." in condition["message"]
    conditions = [{"type": "Available", "status": "True"}]
    begun.server.edit(SERVICE, lambda value: value["spec"].update(clusterIP="10.0.0.7",
                                                                  clusterIPs=["10.0.0.7"]))
    begun.server.edit(DEPLOYMENT, lambda value: value.update(status={"conditions": conditions}))
    begun.wait_said(INSTANCE, "Ready", "True")
    assert begun.server.find(INSTANCE)["status"]["addresses"] == [
        {"type": "IPAddress", "value": "10.0.0.7"}]
    assert begun.server.find(SERVICE)["spec"]["clusterIP"] == "10.0.0.7"
    begun.expect_quiet(begun.settle())


def test_ports_follow_the_listeners(begun):
    begun.instance()
    wait_made(begun)
    deployment = begun.server.find(DEPLOYMENT)
    begun.gateway(8080, 8443)
    until(lambda: [each["port"] for each in begun.server.find(SERVICE)["spec"]["ports"]] ==
          [8080, 8443], lambda: begun.server.find(SERVICE))
    assert begun.server.find(DEPLOYMENT) == deployment  # no pod is restarted


@pytest.mark.parametrize("path", BOTH, ids=["Deployment", "Service"])
@pytest.mark.parametrize("owners", [
    [], [{"kind": "MeshGatewayInstance", "name": "front", "uid": "of-another", "controller": True}],
    ["garbage"]], ids=["nobody's", "another's", "garbage"])
def test_what_is_somebody_elses_is_not_touched(begun, path, owners):
    begun.server.put(path.rsplit("/", 1)[0], "front", spec={"mine": True},
                     metadata={"ownerReferences": owners})
    foreign = begun.server.find(path)
    begun.instance()
    condition = begun.wait_said(INSTANCE, "Accepted", "False", "NotOwned")
    assert "front" in condition["message"] and "delete it" in condition["message"]
    begun.settle()
    assert begun.server.find(path) == foreign
    assert all(begun.server.count("apply", each) == 0 for each in BOTH)
    begun.server.remove(path.rsplit("/", 1)[0], "front")
    wait_made(begun)
    begun.wait_said(INSTANCE, "Accepted", "True")


def test_what_others_change_is_set_back(begun):
    begun.instance()
    wait_made(begun)
    begun.settle()
    applied = begun.settle()
    for _ in range(3):
        begun.server.edit(DEPLOYMENT, lambda value: value["spec"].update(replicas=7))
        until(lambda: begun.server.find(DEPLOYMENT)["spec"]["replicas"] == 1, "replicas")
        begun.server.edit(SERVICE, lambda value: value["spec"].update(type="NodePort"))
        until(lambda: begun.server.find(SERVICE)["spec"]["type"] == "ClusterIP", "type")
    assert begun.settle() == applied + 6  # once each
    begun.server.edit(DEPLOYMENT, lambda value: value["spec"].update(paused=True))
    begun.expect_quiet(begun.settle())
    assert begun.server.find(DEPLOYMENT)["spec"]["paused"] is True  # is none of our fields


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_what_others_change_while_it_is_under_way_is_set_back(begun, seconds):
    """The answer comes after both changes were told."""
    async def answer_late(server, seen, answer):
        value = server.store.apply(seen.path, seen.query["fieldManager"], json.loads(seen.body))
        server.edit(DEPLOYMENT, lambda changed: changed["spec"].update(replicas=7))
        await asyncio.sleep(seconds)
        await server.reply(answer, 200, value)

    begun.server.next("apply", answer_late, path=DEPLOYMENT)
    begun.instance()
    wait_made(begun)
    until(lambda: begun.server.find(DEPLOYMENT)["spec"]["replicas"] == 1, "replicas")
    begun.expect_quiet(begun.settle())
    assert begun.server.count("apply", DEPLOYMENT) == 2


def test_an_answer_that_comes_late_is_no_change(begun):
    """What we applied is told before it is answered."""
    async def answer_late(server, seen, answer):
        value = server.store.apply(seen.path, seen.query["fieldManager"], json.loads(seen.body))
        server.changed()
        await asyncio.sleep(0.2)
        await server.reply(answer, 200, value)

    begun.server.next("apply", answer_late, path=DEPLOYMENT)
    begun.instance()
    wait_made(begun)
    begun.expect_quiet(begun.settle())
    assert begun.server.count("apply", DEPLOYMENT) == 1


def test_what_is_deleted_is_made_again(begun):
    begun.instance()
    wait_made(begun)
    for path in BOTH * 2:
        uid = begun.server.find(path)["metadata"]["uid"]
        begun.server.remove(path.rsplit("/", 1)[0], "front")
        until(lambda at=path, was=uid: (begun.server.find(at) or {"metadata": {"uid": was}})
              ["metadata"]["uid"] != was, lambda at=path: f"{at} is not made again")


@pytest.mark.parametrize("path, kind", zip(BOTH, ["Deployment", "Service"]))
@pytest.mark.parametrize("code, reason", [(422, "Invalid"), (403, "Forbidden"),
                                          (400, "BadRequest")])
def test_what_the_server_refuses_is_said(begun, path, kind, code, reason):
    why = "spec.loadBalancerIP: Invalid value: webhooks say no"
    begun.server.always("apply", apiserver.refuse(code, reason, message=why), path=path)
    begun.instance()
    condition = begun.wait_said(INSTANCE, "Ready", "False", "Refused")
    assert why in condition["message"] and kind in condition["message"]
    begun.wait_said(INSTANCE, "Accepted", "True")
    assert begun.server.count("apply", path) <= 10
    begun.server.behave()
    begun.instance(replicas=2)  # mended, which is tried at once
    wait_made(begun)
    until(lambda: begun.condition(INSTANCE, "Ready")["reason"] != "Refused", "it is taken")


def test_a_conflict_or_an_outage_is_no_refusal(begun):
    begun.server.next("apply", apiserver.refuse(500, "InternalError"),
                      apiserver.refuse(429, "TooManyRequests"), apiserver.cut_at_once,
                      path=DEPLOYMENT)
    begun.instance()
    wait_made(begun)
    assert begun.condition(INSTANCE, "Ready").get("reason") != "Refused"


@pytest.mark.parametrize("path", ["/apis/apps/v1/namespaces/edge/deployments", SERVICES],
                         ids=["deployments", "services"])
def test_nothing_is_applied_before_both_were_looked_at(begun, path):
    begun.server.always("list", apiserver.refuse(500, "InternalError"), path=path)
    begun.instance()
    until(lambda: begun.server.count("list", path) >= 3, "three tries")
    assert all(begun.server.count("apply", each) == 0 for each in BOTH)
    assert begun.condition(INSTANCE, "Accepted") == {}
    begun.server.behave()
    wait_made(begun)


def test_an_instance_that_is_gone(begun):
    begun.instance()
    wait_made(begun)
    begun.settle()
    before, watches = begun.server.count("apply"), len(begun.server.waiting)
    begun.server.remove(INSTANCES, "front")
    begun.instance(name="another")
    wait_made(begun, f"{DEPLOYMENTS}/another")
    until(lambda: len(begun.server.waiting) == watches, "the former is not watched")
    for path in BOTH:
        begun.server.remove(path.rsplit("/", 1)[0], "front")
    begun.gateway(9090)
    until(lambda: begun.server.find(f"{SERVICES}/another")["spec"]["ports"][0]["port"] == 9090,
          "another's port")
    begun.settle()
    touched = {each.path for each in begun.server.seen("apply")[before:]}
    assert not touched & {*BOTH, f"{INSTANCE}/status"}


def test_an_instance_whose_gateway_is_gone_keeps_what_it_has(begun):
    begun.instance()
    wait_made(begun)
    begun.settle()
    deployment, service = map(begun.server.find, BOTH)
    begun.server.remove(GATEWAYS, "edge")
    condition = begun.wait_said(INSTANCE, "Ready", "False", "NoGatewayMatched")
    assert "kuma.io/service: edge" in condition["message"]
    assert [deployment, service] == list(map(begun.server.find, BOTH))


def test_an_instance_without_a_gateway_makes_nothing(stage):
    stage.running = stage.operator()
    stage.instance()
    stage.wait_said(INSTANCE, "Ready", "False", "NoGatewayMatched")
    assert list(map(stage.server.find, BOTH)) == [None, None]
    stage.gateway(8080)
    wait_made(stage)


def test_an_instance_made_anew_takes_over_when_the_former_is_collected(begun):
    begun.instance()
    wait_made(begun)
    begun.server.remove(INSTANCES, "front")
    begun.instance()
    begun.wait_said(INSTANCE, "Accepted", "False", "NotOwned")
    for path in BOTH:  # as the garbage collector does
        begun.server.remove(path.rsplit("/", 1)[0], "front")
    begun.wait_said(INSTANCE, "Accepted", "True")
    wait_made(begun)


def test_a_namespace_without_permission(stage):
    stage.gateway(8080)
    stage.running = stage.operator("--gateway-namespaces=other")
    stage.instance()
    condition = stage.wait_said(INSTANCE, "Accepted", "False", "NotPermitted")
    assert "gatewayNamespaces" in condition["message"]
    assert list(map(stage.server.find, BOTH)) == [None, None]


def test_a_restart_changes_nothing(begun):
    begun.instance()
    wait_made(begun)
    begun.wait_said(INSTANCE, "Accepted", "True")
    begun.settle()
    before = list(map(begun.server.find, [*BOTH, INSTANCE, GATEWAY, CA_MAP]))
    begun.running.stop()
    begun.running = begun.operator()
    until(lambda: begun.server.count("list", SERVICES) == 2, "it looks")
    until(lambda: begun.server.count("apply", SERVICE) > 1, "it applies")
    begun.settle()
    assert before == list(map(begun.server.find, [*BOTH, INSTANCE, GATEWAY, CA_MAP]))


def test_the_kinds_of_other_groups_may_be_missing(stage):
    """Nothing of Kuma is installed but MeshGatewayInstances."""
    for path in (GATEWAYS, f"{KUMA}/meshgatewayroutes"):
        stage.server.drop_kind(path)
    stage.running = stage.operator()
    stage.instance()
    stage.wait_said(INSTANCE, "Ready", "False", "NoGatewayMatched")
