"""Who is served what by the operator: a proxy its own gateway's configuration, nobody else
anything, and keys and tokens are nowhere to be read."""
import json

import pytest

from harness import documents, waiting
from harness.feed import CLOSE
from harness.shell import run
from kube import chart, manifests, secrets, tokens
from kube.gateway import conditions

# So that what is searched for secrets is as much as there can be.
CHART_VALUES = ("--set", "operator.logLevel=debug")


@pytest.fixture(scope="module", name="one")
def gateway_one(start_gateway):
    return start_gateway("one")


@pytest.fixture(scope="module", name="other")
def gateway_other(start_gateway):
    return start_gateway("other")


@pytest.fixture(scope="module")
def start_pod(cluster):
    """Starts a pod in a gateway's namespace: with `tags_of` it says that it is one of the gateway's
    own. No proxy runs in it: a test is one, in its name."""
    def start(gateway, name, tags_of=None):
        image, where = cluster.images["whoami"], gateway.namespace
        service = tags_of and f"{tags_of.name}_{tags_of.namespace}_svc"
        cluster.apply(manifests.gateway_pod(name, image, service) if service
                      else manifests.pod(name, manifests.whoami(image, name)), namespace=where)
        cluster.wait("condition=Ready", "--namespace", where, f"pod/{name}")
        return cluster.get("--namespace", where, f"pod/{name}")
    return start


@pytest.fixture(scope="module")
def guest(one, start_pod):
    """A pod of gateway one."""
    return start_pod(one, "guest", tags_of=one)


WELCOME = {"type": "welcome"}
POLICY_VIOLATION = 1008


def configuration(operator, gateway, token):
    """What a proxy that has nothing yet is sent with that token, as a text."""
    with operator.stream(gateway.namespace) as stream:
        stream.hello(token)
        assert stream.message() == WELCOME
        return json.dumps(stream.message())


# ---- Who is served ----

@pytest.mark.parametrize("made", ["granted", "forged"])
def test_a_pod_of_a_gateway_is_served(cluster, operator, node, one, guest, tmp_path, made):
    """The second form shows that those below are refused for what is wrong with them alone."""
    assert node
    token = (tokens.granted(cluster, guest) if made == "granted"
             else tokens.forged(cluster, guest, tmp_path, 600))
    text = configuration(operator, one, token)
    assert one.name in text and secrets.of_bundle(one.bundles["one"]) & set(text.split("\\n"))


def test_a_pod_gets_nothing_of_another_gateway(cluster, operator, one, other, start_pod):
    stranger = start_pod(one, "stranger", tags_of=other)  # its tags count, not its namespace
    text = configuration(operator, other, tokens.granted(cluster, stranger))
    assert other.name in text
    assert one.name not in text
    for bundle in one.bundles.values():
        assert not [each for each in secrets.of_bundle(bundle) if each in text]


# ---- Who is not ----

def no_pod(cluster, guest, _):
    return tokens.granted(cluster, guest, bound=False)


def no_audience(cluster, guest, _):
    return tokens.granted(cluster, guest, audience=None)


def other_audience(cluster, guest, _):
    return tokens.granted(cluster, guest, audience="others")


def expired(cluster, guest, folder):
    return tokens.forged(cluster, guest, folder, -60)


def other_key(cluster, guest, folder):
    key = folder / "key"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-out", key)
    return tokens.forged(cluster, guest, folder, 600, key)


def nonsense(*_):
    return "nonsense"


def nothing(*_):
    return ""


def assert_refused(operator, gateway, token):
    """Nothing but a refusal is heard; its reason."""
    with operator.stream(gateway.namespace) as stream:
        stream.hello(token)
        code, reason = stream.refusal()
    assert code == POLICY_VIOLATION
    return reason


@pytest.mark.parametrize("make", [nothing, nonsense, no_pod, no_audience, other_audience, expired,
                                  other_key], ids=lambda make: make.__name__)
def test_a_token_that_is_refused(cluster, operator, node, one, guest, tmp_path, make):
    assert node
    assert_refused(operator, one, make(cluster, guest, tmp_path))


def test_a_pod_that_is_no_gateway(cluster, operator, one, start_pod):
    pod = start_pod(one, "nobody")
    assert "kuma.io/gateway" in assert_refused(operator, one, tokens.granted(cluster, pod))


def test_a_pod_that_is_no_more(cluster, operator, one, start_pod):
    """Its stream ends with it, and its token opens nothing any more; nor does it for another pod of
    that name."""
    pod = start_pod(one, "short", tags_of=one)
    token = tokens.granted(cluster, pod)
    with operator.stream(one.namespace) as stream:
        stream.hello(token)
        assert stream.message() == WELCOME
        cluster.kubectl("--namespace", one.namespace, "delete", "pod/short", "--wait=false")
        while stream.frame()[0] != CLOSE:
            pass
    cluster.wait("delete", "--namespace", one.namespace, "pod/short")
    assert_refused(operator, one, token)
    start_pod(one, "short", tags_of=one)
    assert_refused(operator, one, token)


def test_nothing_comes_before_a_token(cluster, operator, one, guest):
    """Nor after one that follows another."""
    with operator.stream(one.namespace) as stream:
        assert stream.refusal()[0] == POLICY_VIOLATION  # when it has waited long enough
    with operator.stream(one.namespace) as stream:
        stream.hello("nonsense")
        stream.hello(tokens.granted(cluster, guest))
        assert stream.refusal()[0] == POLICY_VIOLATION


# ---- What can be read ----

@pytest.fixture
def hidden(node, operator, one, other):
    """Every key and token that is in use."""
    found = set()
    for gateway in (one, other):
        for bundle in gateway.bundles.values():
            found |= secrets.of_bundle(bundle)
        found |= secrets.of_pod(node, gateway.pods()[0], "otemon-proxy",
                                "var/run/otemon/token/token")
    authority = node.get("--namespace", chart.NAMESPACE, "secret/otemon-authority")["data"]
    for value in authority.values():
        found |= secrets.of_secret_value(value)
    return found | secrets.of_pod(node, operator.pod(), "otemon-operator",
                                  "var/run/secrets/kubernetes.io/serviceaccount/token")


def test_keys_and_tokens_are_nowhere(node, operator, one, other, guest, curl, hidden):
    """Not even where a key stands in a Secret that cannot be used, or a token is refused."""
    broken = one.bundles["two"].replace("BEGIN CERTIFICATE", "BEGIN NONSENSE")
    one.set_certificate("two", broken)
    waiting.until(lambda: conditions(one.status())["ResolvedRefs"][0] == "False", one.status)
    token = tokens.granted(node, guest)
    configuration(operator, one, token)
    assert_refused(operator, one, token + "x")
    hidden = hidden | secrets.of_bundle(broken) | secrets.of_token(token)

    texts = secrets.readable(node, curl, (one.namespace, other.namespace))
    shown = "".join(text for where, text in texts.items() if where.endswith("/config"))
    assert shown.count("(redacted)") >= 6  # these dumps do have what a key belongs to
    for where, text in texts.items():
        assert not [each for each in hidden if each in text], where


# ---- The last word of an administrator ----

def security(node, heading):
    """Types what docs/security.md has below a heading."""
    (text,) = documents.sections("docs/security.md", "sh")[heading]
    documents.shell(text, env=node.environment)


def test_the_authority_is_replaced(node, operator, one, other, curl):
    """Proxies serve on, and find their way to the new one."""
    def connected():
        return operator.metric(curl, "otemon_operator_proxies")
    before = operator.authority(one.namespace)
    security(node, "The authority")
    operator.wait_serving()
    for gateway in (one, other):
        assert gateway.ask("one") == "one"
    waiting.until(lambda: connected() == 2, connected, seconds=60)
    assert operator.authority(one.namespace) != before


def test_namespaces_without_gateways(node, operator, one, guest):
    """The pods of others are refused, whatever they say of themselves."""
    token = tokens.granted(node, guest)
    configuration(operator, one, token)
    with node.namespace("edge"):  # the page's
        security(node, "A pod's annotation earns it the keys")
        operator.wait_serving()
        assert "namespace" in assert_refused(operator, one, token)
        waiting.until(lambda: conditions(one.instance_status())["Accepted"] ==
                      ("False", "NotPermitted"), one.instance_status)
    assert one.ask("one") == "one"  # what was served is served on
