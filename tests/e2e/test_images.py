"""The images of the Dockerfile: what is in them, and that what is in them runs."""
import json
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from harness import waiting
from kube import manifests
from kube.cluster import ROOT

PROGRAMS = re.findall(r"^FROM image AS (\w+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
SIZE_MAX = 40_000_000


@pytest.fixture(scope="module")
def archives(cluster):
    """What tests/cluster/images has built, by target."""
    # pylint: disable-next=subprocess-run-check
    done = subprocess.run([ROOT / "tests/cluster/images"], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    return {target: next(Path(line) for line in done.stdout.split()
                         if f"/otemon-{target}-" in line) for target in PROGRAMS}


def contents(archive):
    """The configuration of an image, and the names of its files."""
    with tarfile.open(archive) as outer:
        (manifest,) = json.load(outer.extractfile("manifest.json"))
        config = json.load(outer.extractfile(manifest["Config"]))
        names = []
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                names += inner.getnames()
    return config, names


@pytest.mark.parametrize("target", PROGRAMS)
def test_what_is_in_an_image(node, archives, target):
    config, names = contents(archives[target])
    assert config["config"]["User"] == "65532:65532"
    version = node.images["otemon"].split(":")[1]
    labels = config["config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == version
    assert labels["org.opencontainers.image.title"] and \
        labels["org.opencontainers.image.description"]
    (program,) = config["config"]["Entrypoint"]
    found = {name for name in names if "bin/" in name}
    assert found - {"usr/bin/kubectl-otemon"} == {program.lstrip("/")}
    has_authorities = "etc/ssl/certs/ca-certificates.crt" in names
    assert has_authorities == (target != "operator")
    assert archives[target].stat().st_size < SIZE_MAX


@pytest.mark.parametrize("target", PROGRAMS)
def test_an_image_starts(cluster, namespace, target):
    cluster.apply(manifests.pod("help", manifests.container(cluster.images[target], "--help"),
                                restartPolicy="Never"), namespace=namespace)

    def ended():
        phase = cluster.get("--namespace", namespace, "pod/help")["status"]["phase"]
        return phase if phase in ("Succeeded", "Failed") else None

    phase = waiting.until(ended, "the end of the pod")
    said = cluster.kubectl("--namespace", namespace, "logs", "help")
    assert phase == "Succeeded", said
    assert said.startswith("NAME\n       otemon"), said


def test_the_tool_serves_the_quickstart(cluster, namespace, curl):
    """Its ports open, so the loop's plug-in of libwebsockets, loaded at run time, is there."""
    files = sorted((ROOT / "examples/quickstart").glob("*.yaml"))
    gateway = manifests.container(
        cluster.images["otemon"], "run", "--address=0.0.0.0", "--health=:9902", "/quickstart",
        readinessProbe={"httpGet": {"path": "/ready", "port": 9902}, "periodSeconds": 1},
        volumeMounts=[{"name": "quickstart", "mountPath": "/quickstart"}])
    backends = [manifests.whoami(cluster.images["whoami"], name, port)
                for name, port in (("web", 9001), ("api", 9002))]
    cluster.apply(manifests.config_map("quickstart", files),
                  manifests.pod("quickstart", gateway, *backends,
                                volumes=[{"name": "quickstart",
                                          "configMap": {"name": "quickstart"}}]),
                  namespace=namespace)
    cluster.wait("condition=Ready", "--namespace", namespace, "pod/quickstart")
    with cluster.reach("pod/quickstart", 8080, namespace) as address:
        answer = curl(f"http://{address}/api/cart", host="shop.example.com")
    assert answer.status == 200 and answer.body.startswith("Name: api\n"), answer
    if cluster.inside:
        host = address.split(":")[0]
        answer = curl("https://shop.example.com:8443/", "--insecure",
                      "--resolve", f"shop.example.com:8443:{host}")
        assert answer.body.startswith("Name: web\n"), answer
    waiting.until(lambda: "200 GET shop.example.com/api/cart" in cluster.kubectl(
        "--namespace", namespace, "logs", "quickstart", "--container=main"),
                  "the line of the access log")


def test_a_proxy_waits_for_its_operator(cluster, namespace, curl):
    """It is alive without one, and says that it serves nothing yet."""
    cluster.apply(manifests.pod("proxy", manifests.container(cluster.images["proxy"])),
                  namespace=namespace)
    cluster.wait("jsonpath={.status.phase}=Running", "--namespace", namespace, "pod/proxy")
    with cluster.reach("pod/proxy", 9902, namespace) as address:
        waiting.until(lambda: curl(f"http://{address}/live").status == 200, "a proxy that lives")
        assert curl(f"http://{address}/ready").status == 503
