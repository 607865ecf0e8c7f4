"""What the chart installs."""
import re
import tarfile

import pytest
import yaml
from conftest import CHART, NAMESPACE, ROOT

NAME = "otemon-operator"


def deployment(chart, values=None, **options):
    return chart.objects(values, **options)[
        "Deployment", NAME, options.get("namespace", NAMESPACE)
    ]["spec"]


def container(chart, values=None, **options):
    (only,) = deployment(chart, values, **options)["template"]["spec"]["containers"]
    return only


def test_helm_finds_nothing_to_say(chart):
    done = chart.run("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout and "ERROR" not in done.stdout


def test_versions_are_the_projects():
    version = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text())[1]
    description = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (description["version"], description["appVersion"]) == (version, version)


def test_what_is_installed(chart):
    assert set(chart.objects()) == {
        ("ServiceAccount", NAME, NAMESPACE),
        ("Service", NAME, NAMESPACE),
        ("Deployment", NAME, NAMESPACE),
        ("Role", NAME, NAMESPACE),
        ("RoleBinding", NAME, NAMESPACE),
        ("ClusterRole", NAME, None),
        ("ClusterRoleBinding", NAME, None),
        ("ClusterRole", NAME + "-gateways", None),
        ("ClusterRoleBinding", NAME + "-gateways", None),
    }


def test_the_system_namespace_is_the_releases(chart):
    objects = chart.objects(namespace="other")
    assert {namespace for _, _, namespace in objects} == {"other", None}
    for binding in (value for (kind, _, _), value in objects.items() if kind.endswith("Binding")):
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": NAME, "namespace": "other"}
        ]
    assert "--system-namespace=other" in container(chart, namespace="other")["args"]


def test_there_is_one_operator_and_never_two(chart):
    spec = deployment(chart)
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_the_operator_passes_pod_security_restricted(chart):
    pod = deployment(chart)["template"]["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    (only,) = pod["containers"]
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for key in ("hostNetwork", "hostPID", "hostIPC", "volumes"):
        assert key not in pod


def test_only_the_pod_that_needs_the_token_has_it(chart):
    account = chart.objects()["ServiceAccount", NAME, NAMESPACE]
    assert account["automountServiceAccountToken"] is False
    pod = deployment(chart)["template"]["spec"]
    assert pod["serviceAccountName"] == NAME
    assert pod["automountServiceAccountToken"] is True


def test_the_service_leads_to_the_operator(chart):
    service = chart.objects()["Service", NAME, NAMESPACE]["spec"]
    labels = deployment(chart)["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert deployment(chart)["selector"]["matchLabels"] == service["selector"]
    ports = {port["name"]: port["containerPort"] for port in container(chart)["ports"]}
    assert ports == {"feed": 9901, "health": 9902}
    assert service["ports"] == [
        {"name": "feed", "port": 9901, "targetPort": "feed", "protocol": "TCP"}
    ]
    for probe, path in (("livenessProbe", "/live"), ("readinessProbe", "/ready")):
        assert container(chart)[probe]["httpGet"] == {"path": path, "port": "health"}


def test_images_are_those_of_the_version(chart):
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert container(chart)["image"] == f"otemon/operator:{version}"
    assert container(chart)["imagePullPolicy"] == "IfNotPresent"
    assert container(chart)["args"] == [
        "--system-namespace=kuma-system",
        "--feed=:9901",
        "--health=:9902",
        f"--proxy-image=otemon/proxy:{version}",
    ]


def test_images_of_ones_own(chart):
    values = {
        "operator": {"image": {"repository": "mirror/o", "tag": "1", "pullPolicy": ""}},
        "proxy": {"image": {"repository": "mirror:5000/p", "tag": "2", "pullPolicy": "Always"}},
        "imagePullSecrets": ["one", "two"],
    }
    only = container(chart, values)
    assert only["image"] == "mirror/o:1"
    assert "imagePullPolicy" not in only
    assert "--proxy-image=mirror:5000/p:2" in only["args"]
    assert "--proxy-pull-policy=Always" in only["args"]
    pod = deployment(chart, values)["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "one"}, {"name": "two"}]


def test_where_and_how_the_operator_runs(chart):
    placement = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "edge", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "system-cluster-critical",
    }
    resources = {"requests": {"cpu": 1, "memory": "1Gi"}}
    values = {"operator": dict(placement, resources=resources, logLevel="debug")}
    pod = deployment(chart, values)["template"]["spec"]
    assert {key: pod[key] for key in placement} == placement
    assert pod["containers"][0]["resources"]["requests"] == resources["requests"]
    assert "--log-level=debug" in pod["containers"][0]["args"]


@pytest.mark.parametrize(
    "values, said",
    [
        ({"replicas": 2}, "replicas"),
        ({"operator": {"replicas": 2}}, "replicas"),
        ({"operator": {"image": {"tag": 1.10}}}, "tag"),
        ({"operator": {"image": {"tag": "a b"}}}, "tag"),
        ({"operator": {"image": {"repository": ""}}}, "repository"),
        ({"operator": {"image": {"pullPolicy": "Sometimes"}}}, "pullPolicy"),
        ({"operator": {"logLevel": "loud"}}, "logLevel"),
        ({"operator": {"resources": {"limit": {}}}}, "limit"),
        ({"operator": {"nodeSelector": {"a": 1}}}, "nodeSelector"),
        ({"proxy": {"resources": {}}}, "resources"),
        ({"gatewayNamespaces": "edge"}, "gatewayNamespaces"),
        ({"gatewayNamespaces": ["Edge"]}, "gatewayNamespaces"),
        ({"gatewayNamespaces": ["edge", "edge"]}, "gatewayNamespaces"),
        ({"imagePullSecrets": [{"name": "one"}]}, "imagePullSecrets"),
    ],
)
def test_values_that_are_refused(chart, values, said):
    assert said in chart.refuses(values)


def test_the_definitions_live_once(chart, tmp_path):
    assert (CHART / "crds").is_symlink()
    assert (CHART / "crds").resolve() == ROOT / "crds"
    wanted = {path.name for path in (ROOT / "crds").rglob("*.yaml")}
    assert not any(kind == "CustomResourceDefinition" for kind, _, _ in chart.objects())
    with_definitions = chart.objects(None, "--include-crds")
    assert len([1 for kind, _, _ in with_definitions if kind == "CustomResourceDefinition"]) == len(
        wanted
    )
    # A package has them as files: the link does not leave the checkout.
    done = chart.run("package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    (package,) = tmp_path.iterdir()
    with tarfile.open(package) as archive:
        members = [member for member in archive if "/crds/" in member.name]
    assert {member.name.rsplit("/", 1)[1] for member in members} == wanted
    assert all(member.isfile() for member in members)
