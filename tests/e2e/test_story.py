"""The life of a gateway: applied, seen, asked, and changed under a load that must lose nothing.

The tests stand in the order in which a person would live through them, and each leaves the gateway
as it found it.
"""
import time

import pytest

from harness import certificates, waiting
from harness.certificates import certificate_of
from kube import chart, quiet
from kube.gateway import SITES, conditions, host, kubernetes_secret, message
from kube.load import Load, lane


@pytest.fixture(scope="module")
def gateway(start_gateway):
    return start_gateway("story")


@pytest.fixture(scope="module")
def load(node, gateway):
    """Through the gateway's Service, by both protocols, from outside of pods."""
    assert node
    address = gateway.address()
    lanes = [lane(f"{'https' if tls else 'http'}-{'kept' if keep else 'new'}", address,
                  443 if tls else 80, host("one"), tls, keep)
             for tls in (False, True) for keep in (False, True)]
    with Load(lanes) as running:
        yield running


# ---- What a person sees ----

@pytest.mark.parametrize("site", SITES)
def test_a_request_in_both_protocols(gateway, curl, site):
    with gateway.reach(80) as address:
        plain = curl(f"http://{address}/hello", host=host(site))
        assert plain.status == 200 and plain.body.startswith(f"Name: {site}\n"), plain
        assert curl(f"http://{address}/", host="other.test").status == 404
    with gateway.reach(443) as where:
        address, port = where.split(":")
        tls = curl(f"https://{host(site)}:{port}/hello", "--insecure",
                   "--resolve", f"{host(site)}:{port}:{address}")
        assert tls.status == 200 and tls.body.startswith(f"Name: {site}\n"), tls
        assert certificates.served(int(port), host(site), address) == (
            certificate_of(gateway.bundles[site]))


def table(text):
    """Rows of what `kubectl get` prints, as {column: cell}; no cell here has spaces."""
    heading, *rows = [line.split() for line in text.splitlines()]
    return [dict(zip(heading, row)) for row in rows]


def test_kubectl_get(cluster, gateway):
    (row,) = table(cluster.kubectl("get", "meshgateways", gateway.name))
    assert row | {"AGE": ""} == {"NAME": gateway.name, "MESH": "default", "PROGRAMMED": "True",
                                 "REASON": "Programmed", "PROXIES": "1", "AGE": ""}
    for row in table(cluster.kubectl("get", "meshgatewayroutes", *map(gateway.route, SITES))):
        assert (row["ACCEPTED"], row["RESOLVED"], row["PROGRAMMED"]) == ("True",) * 3
    gateway.wait_ready()
    (row,) = table(cluster.kubectl("get", "meshgatewayinstances", gateway.name,
                                   "--namespace", gateway.namespace))
    assert (row["READY"], row["ADDRESS"], row["REPLICAS"]) == ("True", gateway.address(), "1")
    assert cluster.kubectl("get", "mgw") and gateway.name in cluster.kubectl("get", "kuma", "-A")


def test_kubectl_describe(cluster, gateway):
    """Listeners, routes and certificates, as they are served."""
    said = " ".join(cluster.kubectl("describe", "meshgateway", gateway.name).split())
    assert "Message: 1/1 proxies serve this Observed Generation: 1 Reason: Programmed" in said
    assert "Proxies: Programmed: 1 Ready: 1" in said
    for site in SITES:
        assert f"Hostname: {host(site)} Port: 80 Protocol: HTTP" in said
        assert f"Dns Names: {host(site)} Fingerprint: {fingerprint(gateway, site)}" in said
    assert said.count("Attached Routes: 1") == 4


def fingerprint(gateway, site):
    return certificates.fingerprint(certificate_of(gateway.bundles[site]))


# ---- What changes under load ----

def test_a_route_changes(gateway, load):
    with load.losing_nothing():
        for backend in ("two", "one"):
            gateway.set_route("one", gateway.rule(backend))
            gateway.wait_programmed()
            assert gateway.ask("one") == gateway.ask("one", tls=True) == backend


def test_a_certificate_changes(gateway, load):
    """New handshakes have it as soon as the status says so."""
    with load.losing_nothing():
        gateway.set_certificate("one", certificates.bundle(host("one")))
        shown = [fingerprint(gateway, "one")]
        waiting.until(lambda: fingerprints(gateway, "one") == shown, "the new one in the status")
        assert gateway.served_certificate("one") == certificate_of(gateway.bundles["one"])


def fingerprints(gateway, site):
    """Of the certificates that the status says are served."""
    served = gateway.listener_status(site, "HTTPS").get("certificates", [])
    return [each["fingerprint"] for each in served]


def test_a_broken_certificate_costs_its_listener_alone(gateway, load):
    good = gateway.bundles["two"]
    with load.losing_nothing():
        gateway.set_certificate("two", good.replace("BEGIN CERTIFICATE", "BEGIN NONSENSE"))

        def refs():
            return conditions(gateway.listener_status("two", "HTTPS"))["ResolvedRefs"]
        waiting.until(lambda: refs() == ("False", "InvalidCertificateRef"), refs)
        said = message(gateway.listener_status("two", "HTTPS"), "ResolvedRefs")
        assert gateway.certificate("two") in said and "certificate" in said
        for site, protocol in (("one", "HTTP"), ("one", "HTTPS"), ("two", "HTTP")):
            found = conditions(gateway.listener_status(site, protocol))
            assert (found["ResolvedRefs"][0], found["Programmed"][0]) == ("True", "True"), site
        assert conditions(gateway.status())["ResolvedRefs"][0] == "False"
        assert gateway.ask("two") == "two"
        with pytest.raises(OSError):  # of TLS: nobody of that name is here
            gateway.ask("two", tls=True)
        gateway.set_certificate("two", good)
        waiting.until(lambda: refs()[0] == "True", refs)
        waiting.until(lambda: conditions(gateway.status())["Programmed"][0] == "True",
                      gateway.status)
        assert gateway.ask("two", tls=True) == "two"


def test_a_certificate_of_kubernetes_own_type(cluster, gateway, load):
    """As cert-manager writes it, in the place of one of Kuma's type."""
    with load.losing_nothing():
        cluster.kubectl("--namespace", chart.NAMESPACE, "delete", "secret",
                        gateway.certificate("two"))
        gateway.set_certificate("two", certificates.bundle(host("two")), kubernetes_secret)
        waiting.until(lambda: fingerprints(gateway, "two") == [fingerprint(gateway, "two")],
                      "the new one in the status")
        assert gateway.served_certificate("two") == certificate_of(gateway.bundles["two"])


def test_back_ends_scale(cluster, gateway, load):
    with load.losing_nothing():
        for replicas in (3, 1):
            cluster.kubectl("--namespace", gateway.namespace, "scale", "deployment/one",
                            f"--replicas={replicas}")
            cluster.rollout("one", gateway.namespace)
            wait_pods(cluster, gateway, "one", replicas)


def test_back_ends_roll(cluster, gateway, load):
    with load.losing_nothing():
        for turn in ("first", "second"):
            gateway.set_backend("one", annotations={"turn": turn})
            cluster.rollout("one", gateway.namespace)
        wait_pods(cluster, gateway, "one", 1)


def wait_pods(cluster, gateway, name, count):
    """Until there are so many pods, those that are ending included."""
    def pods():
        return cluster.get("--namespace", gateway.namespace, "pods",
                           f"--selector=app={name}")["items"]
    waiting.until(lambda: len(pods()) == count, lambda: pods(), seconds=60)


def test_the_gateway_scales(cluster, gateway, load):
    with load.losing_nothing():
        for replicas in (3, 1):
            gateway.set_instance(replicas=replicas)
            gateway.wait_deployed()
            waiting.until(lambda: gateway.status()["proxies"] ==  # pylint: disable=W0640
                          {"ready": replicas, "programmed": replicas}, gateway.status)
            gateway.wait_programmed()
            load.more(100)
        wait_pods(cluster, gateway, gateway.name, 1)


def test_the_proxies_are_upgraded(cluster, operator, gateway, load):
    """Another value of the chart starts the operator anew, and then the pods of the gateway."""
    def policy():
        found = cluster.get("--namespace", gateway.namespace, f"deployment/{gateway.name}")
        return found["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"]
    with load.losing_nothing():
        operator.upgrade("--set", "proxy.image.pullPolicy=Never")
        waiting.until(lambda: policy() == "Never", policy)
        cluster.rollout(gateway.name, gateway.namespace)
        wait_pods(cluster, gateway, gateway.name, 1)
        gateway.wait_programmed()


def test_the_operator_is_killed(node, operator, gateway, load):
    with load.losing_nothing():
        pod = operator.pod()
        node.kill(pod, "otemon-operator")
        waiting.until(lambda: restarts(operator.pod()) == restarts(pod) + 1, "another start of it")
        operator.wait_serving()
        gateway.set_route("one", gateway.rule("two"))
        gateway.wait_programmed()
        assert gateway.ask("one") == "two"
        gateway.set_route("one", gateway.rule("one"))
        gateway.wait_programmed()


def restarts(pod):
    return sum(each["restartCount"] for each in pod["status"].get("containerStatuses", []))


def test_the_api_server_is_away(node, operator, gateway, load):
    """Nothing new is learnt, and what is served goes on; afterwards nobody has to be restarted."""
    pod = operator.pod()
    with load.losing_nothing(), quiet.nothing_written(node, gateway.namespace, ()):
        node.stop("kube-apiserver")
        try:
            load.go_on(20)
        finally:
            node.start("kube-apiserver")
        waiting.until(lambda: node.run("kubectl", "get", "--raw=/readyz",
                                       check=False).returncode == 0, "the API server")
        load.go_on(2)
    with load.losing_nothing():
        gateway.set_route("one", gateway.rule("two"))
        gateway.wait_programmed()
        assert gateway.ask("one") == "two"
        gateway.set_route("one", gateway.rule("one"))
        gateway.wait_programmed()
    assert (operator.pod()["metadata"]["uid"], restarts(operator.pod())) == (
        pod["metadata"]["uid"], restarts(pod))
    node.restart_clients()


# ---- What costs something ----

def test_a_proxy_is_killed(node, api, gateway, load, figure):
    """It fails what it held, and new connections until its endpoint is gone; others fail none."""
    gateway.set_instance(replicas=3)
    gateway.wait_deployed()
    load.more(100)
    victim, *others = gateway.pods()
    lanes = [lane(f"pod-{number}", pod["status"]["podIP"], 80, host("one"), keep=number == 0)
             for number, pod in enumerate(others)]
    with Load(lanes) as direct, direct.losing_nothing():
        before, killed = load.report(), time.time()
        node.kill(victim, "otemon-proxy")
        waiting.until(lambda: not is_endpoint(api, gateway, victim), "an endpoint that is gone")
        gone = time.time()
        waiting.until(lambda: is_endpoint(api, gateway, victim), "an endpoint that is back")
        load.more(100)
        after = load.report()
    lost = after["failures"][len(before["failures"]):]
    made = sum(after["counts"].values()) - sum(before["counts"].values())
    figure(f"a proxy of three killed: {len(lost)} of {made} requests failed, in the "
           f"{gone - killed:.1f} s until its endpoint was gone")
    late = [each for each in lost if not killed <= each["time"] <= gone + KUBE_PROXY_S]
    assert not late
    gateway.set_instance(replicas=1)
    gateway.wait_deployed()


# How long kube-proxy may take to act on an endpoint that is gone.
KUBE_PROXY_S = 1.5


def is_endpoint(api, gateway, pod):
    """Whether the gateway's Service leads to the pod."""
    slices = api.get(f"/apis/discovery.k8s.io/v1/namespaces/{gateway.namespace}/endpointslices"
                     f"?labelSelector=kubernetes.io/service-name={gateway.name}")["items"]
    return any(each["conditions"]["ready"] for one in slices for each in one["endpoints"]
               if each["targetRef"]["uid"] == pod["metadata"]["uid"])


# ---- What changes nothing ----

def test_nothing_is_written_when_nothing_changes(node, gateway, load):
    wait_pods(node, gateway, gateway.name, 1)
    with quiet.nothing_written(node, gateway.namespace):
        load.go_on(5)


def test_nothing_is_written_by_an_operator_that_starts_again(node, operator, gateway, load, curl):
    with quiet.nothing_written(node, gateway.namespace, quiet.GATEWAYS):
        node.kubectl("--namespace", chart.NAMESPACE, "delete",
                     f"pod/{operator.pod()['metadata']['name']}")
        operator.wait_serving()
        waiting.until(lambda: operator.metric(curl, "otemon_operator_proxies") == 1,
                      "a proxy that is connected")
        load.go_on(3)
