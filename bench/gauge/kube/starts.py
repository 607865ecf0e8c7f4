"""Starts of the two programs: a pod is deleted, and the next one's first moments are read from its
process, its log and its conditions."""

import time

from gauge.children import await_condition
from gauge.kube import programs

SECONDS_MAX = 120

SYSTEM_NAMESPACE = "kuma-system"
OPERATOR = {"program": "otemon-operator", "namespace": SYSTEM_NAMESPACE,
            "label": "app.kubernetes.io/name=otemon-operator"}
PROXY = {"program": "otemon-proxy", "namespace": "default", "label": "app=bench"}


def pods(api, what):
    path = f"/api/v1/namespaces/{what['namespace']}/pods"
    return api.ask("GET", f"{path}?labelSelector={what['label'].replace('=', '%3D')}")["items"]


def is_ready(pod):
    conditions = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def await_ready(api, what):
    """The one pod, when it is ready."""
    found = []

    def ready():
        found[:] = [pod for pod in pods(api, what) if is_ready(pod)]
        return len(found) == 1

    await_condition(ready, SECONDS_MAX, f"a pod of {what['program']} is ready", 0.05)
    return found[0]


def replace(api, what):
    """When the program of the next pod was executed, and that pod when it is ready."""
    old = await_ready(api, what)
    arrival = programs.Arrival(what["program"])
    api.delete(f"/api/v1/namespaces/{what['namespace']}/pods/{old['metadata']['name']}")
    return arrival.wait(), await_ready(api, what)


def await_logged(pod, text, since=0):
    """When the pod logged that text after `since`."""
    await_condition(lambda: programs.logged(pod, text, since) is not None, SECONDS_MAX,
                    f"{pod['metadata']['name']} logs '{text}'", 0.02)
    return programs.logged(pod, text, since)


def proxy(api):
    """Milliseconds from the start of a proxy until it serves, and until its pod is ready."""
    began, pod = replace(api, PROXY)
    ready = time.time()
    serving = await_logged(pod, "serving")
    return {"serving_ms": (serving - began) * 1000, "ready_ms": (ready - began) * 1000}


def operator(api):
    """Milliseconds from the start of the operator until proxies may connect, and until the first
    of them, which was connected to the former operator, has its stream."""
    gateway = await_ready(api, PROXY)
    began, pod = replace(api, OPERATOR)
    opened = await_logged(pod, "serving proxies", began)
    connected = await_logged(gateway, "connected to the operator", began)
    return {"open_ms": (opened - began) * 1000, "stream_ms": (connected - began) * 1000}
