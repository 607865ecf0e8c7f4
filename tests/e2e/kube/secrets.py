"""What nobody may read anywhere, and everything that can be read."""
import base64
import re

from kube import chart

KEY = re.compile(r"-----BEGIN (?:\w+ )?PRIVATE KEY-----\n(.*?)-----END", re.S)


def of_bundle(text):
    """What gives a key away: each line of its PEM form, and the start of the Secret's own form."""
    found = {line for body in KEY.findall(text) for line in body.split("\n") if len(line) > 30}
    assert found, "no key"
    return found | {base64.b64encode(text.encode()).decode()[:200]}


def of_secret_value(value):
    """The same of what stands in the data of a Secret; a certificate alone has nothing to hide."""
    text = base64.b64decode(value).decode()
    return of_bundle(text) if KEY.search(text) else set()


def of_token(token):
    """Its claims are no secret, its signature is."""
    return {token.split(".")[2]}


def of_pod(node, pod, program, path):
    """The token that a running program of a pod has."""
    (process,) = node.processes(pod, program)
    return of_token((process / "root" / path).read_text(encoding="ascii").strip())


def readable(node, curl, namespaces):
    """{where: text}: logs, objects, events, metrics and dumps of the operator and the gateways."""
    found = {"kuma": node.kubectl("get", "kuma", "--all-namespaces", "--output=yaml")}
    for namespace in (chart.NAMESPACE, *namespaces):
        found[f"{namespace}: objects"] = node.kubectl(
            "--namespace", namespace, "get", "all,configmaps,events,endpointslices",
            "--output=yaml")
        for pod in node.get("--namespace", namespace, "pods")["items"]:
            name = pod["metadata"]["name"]
            where = f"{namespace}/{name}"
            found[f"{where}: log"] = node.kubectl("--namespace", namespace, "logs", name,
                                                  "--all-containers")
            if node.processes(pod, "otemon-"):
                found |= answers(node, curl, namespace, name)
    return found


def answers(node, curl, namespace, name):
    """What a pod of ours says at its two addresses."""
    found = {}
    for port, paths in ((9902, ("/ready", "/live", "/metrics")), (9903, ("/config",))):
        with node.forward(f"pod/{name}", port, namespace) as address:
            for path in paths:
                answer = curl(f"http://{address}{path}")
                assert answer.status == 200, f"{name}{path}: {answer}"
                found[f"{namespace}/{name}{path}"] = answer.body
    return found
