"""Who gets a configuration from the operator, and who does not."""
import pytest

from fake import apiserver
from harness import certificates, ports
from harness.backend import says
from harness.feed import Feed, refusal
from harness.stage import GATEWAY, PODS, SERVER_NAME
from harness.waiting import until

POLICY = 1008


@pytest.fixture(name="secret_stage")
def fixture_secret_stage(stage):
    """A gateway with a key that is worth stealing, and an operator that serves it."""
    stage.secret("pair", certificates.bundle("a.example.com"))
    stage.gateway({"port": ports.free(), "protocol": "HTTPS", "hostname": "a.example.com",
                   "tls": {"mode": "TERMINATE", "certificates": [{"secret": "pair"}]}})
    stage.route()
    stage.running = stage.operator()
    return stage


def feed(stage):
    return Feed(stage.feed, SERVER_NAME)


def test_a_gateway_pod_is_served(secret_stage):
    pod = secret_stage.pod()
    until(lambda: refusal_or_welcome(secret_stage, pod.token) == "welcome", "welcome")
    with feed(secret_stage) as proxy:
        proxy.hello(pod.token)
        assert proxy.message() == {"type": "welcome"}
        assert "PRIVATE KEY" in str(proxy.message()["transaction"])


def refusal_or_welcome(stage, token):
    """The watch may not have told of the pod yet."""
    with feed(stage) as proxy:
        proxy.hello(token)
        opcode, data = proxy.frame()
        return "welcome" if opcode == 1 and b"welcome" in data else data


REFUSED = {
    "not authenticated": ({"authenticated": False}, "not valid"),
    "expired": ({"authenticated": False, "error": "token has expired"}, "not valid"),
    "other audience": ({"audiences": ["https://kubernetes.default.svc"]}, "not valid"),
    "no audience": ({"audiences": []}, "not valid"),
    "no pod": ({"user": {"username": "system:serviceaccount:edge:default"}}, "not bound to a pod"),
    "no service account": ({"user": {"username": "kubernetes-admin"}}, "not of a service account"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_token_that_is_no_good(secret_stage, case):
    said, reason = REFUSED[case]
    pod = secret_stage.pod(**said)
    code, message = refusal(secret_stage, pod.token)
    assert code == POLICY and reason in message
    assert secret_stage.running.metric("otemon_operator_tokens_refused") == 1


def test_a_server_that_knows_no_audiences(secret_stage):
    """It says that the token is good, and not for whom."""
    pod = secret_stage.pod()
    said = secret_stage.server.tokens[pod.token]

    async def forget_audiences(server, _, answer):
        status = {key: each for key, each in said.items() if key != "audiences"}
        await server.reply(answer, 201, {"kind": "TokenReview", "status": status})

    secret_stage.server.next("review", forget_audiences)
    code, message = refusal(secret_stage, pod.token)
    assert code == POLICY and "audience" in message


def test_a_token_that_nobody_knows(secret_stage):
    code, message = refusal(secret_stage, "made-up")
    assert code == POLICY and "not valid" in message
    [review] = secret_stage.server.seen("review")
    assert review.method == "POST" and b'"audiences":["otemon"]' in review.body


def test_a_pod_of_that_name_that_is_no_more(secret_stage):
    old = secret_stage.pod()
    new = secret_stage.pod()
    until(lambda: refusal_or_welcome(secret_stage, new.token) == "welcome", "welcome")
    code, message = refusal(secret_stage, old.token)
    assert code == POLICY and "no more" in message


def test_a_pod_that_is_not_there(secret_stage):
    pod = secret_stage.pod()
    secret_stage.server.remove(PODS, pod.name)
    until(lambda: "no such pod" in refusal(secret_stage, pod.token)[1], "there is no such pod")
    assert refusal(secret_stage, pod.token)[0] == POLICY


@pytest.mark.parametrize("annotations", [{}, {"kuma.io/gateway": "enabled"},
                                         {"kuma.io/gateway": "builtin"},
                                         {"kuma.io/gateway": "builtin", "kuma.io/tags": "{}"}],
                         ids=["plain", "of its own", "without tags", "with empty tags"])
def test_a_pod_that_is_no_gateway(secret_stage, annotations):
    pod = secret_stage.pod()
    secret_stage.server.edit(f"{PODS}/{pod.name}", lambda value: value["metadata"].update(
        annotations=annotations))
    until(lambda: "no gateway" in refusal(secret_stage, pod.token)[1], "the pod is no gateway")
    assert refusal(secret_stage, pod.token)[0] == POLICY


def test_a_pod_of_another_namespace(stage):
    stage.gateway(ports.free())
    stage.operator("--gateway-namespaces=other,more")
    pod = stage.pod()
    until(lambda: "no gateway" in refusal(stage, pod.token)[1], "the pod is no gateway")


def test_a_gateway_of_other_tags_gets_nothing_of_it(secret_stage):
    pod = secret_stage.pod("inner-1", service="inner")
    until(lambda: refusal_or_welcome(secret_stage, pod.token) == "welcome", "welcome")
    with feed(secret_stage) as proxy:
        proxy.hello(pod.token)
        assert proxy.message() == {"type": "welcome"}
        transaction = str(proxy.message())
    assert "PRIVATE" not in transaction and "example.com" not in transaction


@pytest.mark.parametrize("behaviour", [
    apiserver.refuse(500, "InternalError"), apiserver.refuse(403, "Forbidden"),
    apiserver.cut_at_once, apiserver.kill], ids=["500", "403", "cut", "killed"])
def test_a_review_that_fails(secret_stage, behaviour):
    pod = secret_stage.pod()
    until(lambda: refusal_or_welcome(secret_stage, pod.token) == "welcome", "welcome")
    secret_stage.server.next("review", behaviour)
    code, message = refusal(secret_stage, pod.token)
    assert code == POLICY and "could not be reviewed" in message
    assert refusal_or_welcome(secret_stage, pod.token) == "welcome"


def test_a_review_that_nobody_answers(secret_stage):
    pod = secret_stage.pod()
    secret_stage.server.next("review", apiserver.mute)
    code, message = refusal(secret_stage, pod.token)
    assert code == POLICY
    assert "in time" in message or "could not be reviewed" in message


def test_reviews_that_nobody_answers_stop_nobody_else(secret_stage):
    """More of them than requests may be under way."""
    secret_stage.server.always("review", apiserver.mute)
    strangers = [feed(secret_stage) for _ in range(60)]
    for index, stranger in enumerate(strangers):
        stranger.hello(f"made-up-{index}")
    until(lambda: secret_stage.server.count("review") >= 8, "reviews")
    for _ in range(3):
        secret_stage.gateway(ports.free())
        secret_stage.wait_said(GATEWAY, "Accepted", "True", seconds=3)
    for stranger in strangers:
        with stranger:
            assert stranger.refusal()[0] == POLICY


@pytest.mark.parametrize("message", [
    b"no JSON", {"type": "acknowledge", "result": ""}, {"type": "hello"},
    {"type": "hello", "have": "", "token": "x", "version": 99}, {"token": "x" * 20000}],
    ids=["no json", "no hello", "no token", "other version", "long"])
def test_a_hello_that_is_none(secret_stage, message):
    with feed(secret_stage) as stranger:
        stranger.say(message)
        assert stranger.refusal()[0] == POLICY
    assert secret_stage.server.count("review") == 0


def test_the_connection_ends_with_the_pod(stage, backend, curl):
    stage.begin(backend(says("one")))
    stage.server.remove(PODS, stage.served_as.name)
    stage.served_by.wait_said("not connected to the operator")
    until(lambda: stage.running.metric("otemon_operator_proxies") == 0, "it is not connected")
    stage.wait_said(GATEWAY, "Programmed", "False", "NoProxies")
    assert curl(f"http://127.0.0.1:{stage.port}/").body == "one"


def test_the_connection_ends_with_the_annotation(stage, backend):
    stage.begin(backend(says("one")))
    stage.server.edit(f"{PODS}/edge-1",
                      lambda value: value["metadata"].update(annotations={}))
    stage.served_by.wait_said("is no gateway")
    stage.wait_said(GATEWAY, "Programmed", "False", "NoProxies")


def test_a_pod_that_becomes_another_gateway(stage, backend, curl):
    stage.begin(backend(says("one")))
    second = ports.free()
    stage.gateway(second, name="inner", service="inner")
    stage.put_pod("edge-1", stage.served_as.uid, "inner")
    until(lambda: curl(f"http://127.0.0.1:{second}/").status == 404, "the other gateway")
    until(lambda: curl(f"http://127.0.0.1:{stage.port}/").status == 0, "no longer the former")


def test_the_token_is_read_again(stage, backend):
    stage.begin(backend(says("one")))
    token = "token-that-was-rotated"
    stage.keys.append(token)
    stage.server.tokens[token] = stage.server.tokens.pop(stage.served_as.token)
    stage.served_as.write_token(token)
    stage.restart()
    assert token in stage.server.seen("review")[-1].body.decode()
