"""Manifests of pods, as trees."""
import json

# What Pod Security "restricted" asks of a container that does not care.
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]},
              "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def container(image, *words, name="main", **fields):
    """A container that needs no right at all; `words` are its program's arguments."""
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "args": list(words),
            "securityContext": {**RESTRICTED, "readOnlyRootFilesystem": True}, **fields}


def whoami(image, name, port=8000, **fields):
    """The container of a back end; it may be asked once it answers."""
    made = container(image, f"--name={name}", f"--port={port}", name=name,
                     readinessProbe={"tcpSocket": {"port": port}, "periodSeconds": 1}, **fields)
    made["securityContext"]["runAsUser"] = 65532
    return made


def pod(name, *containers, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"containers": list(containers), "automountServiceAccountToken": False,
                     "terminationGracePeriodSeconds": 0, **spec}}


def gateway_pod(name, image, service):
    """A pod that says it is a gateway of that kuma.io/service, whatever runs in it."""
    made = pod(name, whoami(image, name))
    made["metadata"]["annotations"] = {"kuma.io/gateway": "builtin",
                                       "kuma.io/tags": json.dumps({"kuma.io/service": service})}
    made["metadata"]["labels"]["kuma.io/mesh"] = "default"
    return made


def deployment(name, *containers, replicas=1, **spec):
    made = pod(name, *containers, **spec)
    template = {"metadata": {"labels": {"app": name}}, "spec": made["spec"]}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": template}}


def service(name, port=80, target=8000, **spec):
    """Leads to the pods that are labelled with its name."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": port, "targetPort": target}],
                     **spec}}


def config_map(name, files):
    """The files, by their names; bytes are not needed."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {path.name: path.read_text(encoding="utf-8") for path in files}}
