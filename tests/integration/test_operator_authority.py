"""The operator's authority: stored before it is used, found again, spread to who needs it."""
import base64

import pytest

from fake import apiserver
from harness import certificates, ports
from harness.backend import says
from harness.feed import Feed, refusal
from harness.shell import run
from harness.stage import AUTHORITY, CA_MAP, GATEWAY, PODS, SERVER_NAME
from harness.waiting import until

MAPS = "/api/v1/configmaps"


def authority(stage):
    """The PEM of the authority that signs."""
    return certificates.from_base64(stage.server.find(AUTHORITY)["data"]["current.pem"])


def is_listening(stage):
    try:
        with Feed(stage.feed, SERVER_NAME):
            return True
    except OSError:
        return False


def test_it_is_made_once(stage, backend):
    stage.begin(backend(says("one")))
    secret = stage.server.find(AUTHORITY)
    assert secret["type"] == "otemon.io/authority"
    assert set(secret["data"]) == {"current.pem"}
    assert "PRIVATE KEY" in authority(stage)
    trusted = stage.server.find(CA_MAP)["data"]["ca.crt"]
    assert certificates.certificate_of(trusted) == certificates.certificate_of(authority(stage))
    assert "PRIVATE" not in trusted
    stage.restart()
    assert stage.server.find(AUTHORITY) == secret
    assert stage.server.find(CA_MAP)["data"]["ca.crt"] == trusted
    assert len(stage.server.seen("apply", AUTHORITY)) == 1


def test_proxies_can_check_it(stage):
    stage.gateway(ports.free())
    stage.operator()
    pod = stage.pod()
    stage.mount_ca(pod)
    with Feed(stage.feed, SERVER_NAME, pod.directory / "ca.crt"):
        pass


def test_every_namespace_with_gateway_pods_gets_the_bundle(stage):
    stage.gateway(ports.free())
    stage.running = stage.operator()
    others = ["one", "two"]
    for namespace in others:
        path = f"/api/v1/namespaces/{namespace}/pods"
        stage.server.put(path, "plain", kind="Pod", apiVersion="v1")
        stage.put_pod("edge-1", f"uid-{namespace}", "edge", namespace=namespace, path=path)
    for namespace in others:
        until(lambda at=namespace: stage.server.find(bundle_in(at)), "the ConfigMap")
    stage.server.put("/api/v1/namespaces/three/pods", "plain", kind="Pod", apiVersion="v1")
    stage.settle()
    assert stage.server.find(bundle_in("three")) is None
    assert stage.server.find(CA_MAP) is None


def bundle_in(namespace):
    return f"/api/v1/namespaces/{namespace}/configmaps/otemon-ca"


def test_a_namespace_made_anew_gets_it_anew(stage):
    """What was in the former one is gone with it."""
    stage.gateway(ports.free())
    stage.running = stage.operator()
    for _ in range(2):
        pod = stage.pod()
        until(lambda: stage.server.find(CA_MAP), "the ConfigMap")
        stage.server.remove(PODS, pod.name)
        until(lambda at=pod: "no such pod" in refusal(stage, at.token)[1], "the pod is gone")
        stage.gateway(ports.free())
        stage.wait_said(GATEWAY, "Accepted", "True")
        stage.server.remove(MAPS, "otemon-ca")


@pytest.mark.parametrize("behaviour", [
    apiserver.refuse(500, "InternalError"), apiserver.refuse(409, "Conflict"),
    apiserver.refuse(403, "Forbidden"), apiserver.cut_at_once], ids=["500", "409", "403", "cut"])
@pytest.mark.parametrize("kind", ["other", "apply"])
def test_nothing_is_served_before_it_is_stored(stage, kind, behaviour):
    stage.gateway(ports.free())
    stage.server.always(kind, behaviour, path=AUTHORITY)
    operator = stage.operator(serves=False)
    until(lambda: stage.server.count(kind, AUTHORITY) >= 3, "three tries")
    code, text = operator.get_health("/ready")
    assert code == 503 and "proxies are not served" in text or "was not read" in text
    assert not is_listening(stage)
    assert stage.server.find(AUTHORITY) is None and stage.server.find(CA_MAP) is None
    assert "authority could not be" in operator.text()
    stage.server.behave()
    operator.wait_ready()
    assert is_listening(stage)
    assert "PRIVATE KEY" in authority(stage)


def test_a_server_that_is_slow_to_store_it(stage):
    stage.gateway(ports.free())
    stage.server.next("apply", apiserver.slow(1), path=AUTHORITY)
    operator = stage.operator(serves=False)
    until(lambda: stage.server.count("apply", AUTHORITY) == 1, "the Secret")
    assert not is_listening(stage) and operator.get_health("/ready")[0] == 503
    operator.wait_ready()
    assert stage.server.count("apply", AUTHORITY) == 1


def leaf_of_somebody():
    """A key and a certificate that is no authority's."""
    return certificates.bundle("somebody.example.com")


GARBAGE = {
    "no base64": {"current.pem": "\x00\x01"},
    "no pem": {"current.pem": certificates.to_base64("nonsense")},
    "empty": {},
    "no object": "text",
    "no text": {"current.pem": 7, "next.pem": ["a"], "next-since": {}},
    "no authority": {"current.pem": certificates.to_base64(leaf_of_somebody())},
    "a time that is none": {"next-since": certificates.to_base64("tomorrow")},
    "much": {"current.pem": base64.b64encode(b"A" * 200_000).decode()},
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_in_the_secret(stage, backend, case, curl):
    """Another authority is made, and what is served is served."""
    stage.server.put(AUTHORITY.rsplit("/", 1)[0], "otemon-authority", type="otemon.io/authority",
                     data=GARBAGE[case])
    stage.begin(backend(says("one")))
    assert curl(f"http://127.0.0.1:{stage.port}/").body == "one"
    assert is_authority(stage, authority(stage))


def is_authority(stage, pem):
    path = stage.directory / "authority.pem"
    path.write_text(pem, encoding="ascii")
    shown = run("openssl", "x509", "-in", path, "-noout", "-ext", "basicConstraints")
    return "CA:TRUE" in shown.stdout


def test_an_authority_of_somebody_who_is_gone(stage, backend):
    """The Secret is deleted: the authority is another one after a restart, and proxies follow."""
    stage.begin(backend(says("one")))
    before = authority(stage)
    stage.running.stop()
    stage.server.remove(AUTHORITY.rsplit("/", 1)[0], "otemon-authority")
    stage.running = stage.operator()
    until(lambda: stage.server.find(CA_MAP)["data"]["ca.crt"] in authority(stage), "the ConfigMap")
    assert authority(stage) != before
    stage.mount_ca(stage.served_as)
    until(lambda: stage.running.metric("otemon_operator_proxies") == 1, "the proxy is back")
