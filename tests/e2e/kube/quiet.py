"""What was written to the API server: to see that nothing was."""
import contextlib

from harness import metrics
from kube.chart import NAMESPACE

# What the operator writes, by the kinds' own names.
GATEWAYS = ("meshgateways", "meshgatewayroutes", "meshgatewayinstances")
PARTS = ("deployments", "services", "configmaps")


def versions(cluster, namespace):
    """{object: version} of all that the operator has to do with, a gateway's in that namespace."""
    groups = [("--all-namespaces", ",".join(GATEWAYS)),
              ("--namespace", namespace, ",".join(PARTS)),
              ("--namespace", NAMESPACE, "secret/otemon-authority")]
    found = {}
    for words in groups:
        tree = cluster.get(*words)
        for each in tree.get("items", [tree]):
            metadata = each["metadata"]
            found[each["kind"], metadata.get("namespace"), metadata["name"]] = (
                metadata["resourceVersion"])
    return found


def writes(cluster, resources):
    """{(resource, subresource, verb): requests} that the API server has had, idle ones too."""
    text = cluster.kubectl("get", "--raw=/metrics")
    found = {}
    for labels, number in metrics.samples(text, "apiserver_request_total"):
        if labels["resource"] in resources and labels["verb"] in ("APPLY", "PATCH", "POST", "PUT"):
            key = labels["resource"], labels["subresource"], labels["verb"]
            found[key] = found.get(key, 0) + number
    return found


@contextlib.contextmanager
def nothing_written(cluster, namespace, resources=GATEWAYS + PARTS):
    """No object changes meanwhile, and to `resources` not even a request to change them is made."""
    before = versions(cluster, namespace), writes(cluster, resources)
    yield
    assert versions(cluster, namespace) == before[0]
    assert writes(cluster, resources) == before[1]
