"""What the operator may do: every right that the chart grants stands here, and no other."""
from conftest import NAMESPACE

NAME = "otemon-operator"

# Of Kuma: each of them is watched, and its status written.
KINDS = """
    meshgateways meshgatewayroutes meshgatewayinstances meshes dataplanes externalservices
    meshhttproutes meshtcproutes meshservices meshexternalservices meshmultizoneservices
    meshaccesslogs meshcircuitbreakers meshfaultinjections meshhealthchecks
    meshloadbalancingstrategies meshmetrics meshproxypatches meshratelimits meshretries
    meshtimeouts meshtlses meshtraces circuitbreakers faultinjections healthchecks ratelimits
    retries timeouts trafficlogs trafficpermissions traffictraces proxytemplates
""".split()

CLUSTER = {
    **{("kuma.io", kind, None): {"list", "watch"} for kind in KINDS},
    **{("kuma.io", f"{kind}/status", None): {"patch"} for kind in KINDS},
    ("", "services", None): {"list", "watch"},
    ("", "pods", None): {"list", "watch"},
    ("discovery.k8s.io", "endpointslices", None): {"list", "watch"},
    ("apps", "deployments", None): {"list", "watch"},
    ("authentication.k8s.io", "tokenreviews", None): {"create"},
}

# Where gateways run.
GATEWAYS = {
    ("apps", "deployments", None): {"create", "patch"},
    ("", "services", None): {"create", "patch"},
    ("", "configmaps", "otemon-ca"): {"create", "patch"},
    ("kuma.io", "meshgatewayinstances/finalizers", None): {"update"},
}

# In the system namespace.
SYSTEM = {
    ("", "secrets", None): {"list", "watch"},
    ("", "secrets", "otemon-authority"): {"get", "create", "patch"},
}


def rights_of(role):
    """(group, resource, name) -> verbs"""
    rights = {}
    for rule in role["rules"]:
        assert set(rule) <= {"apiGroups", "resources", "resourceNames", "verbs"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for name in rule.get("resourceNames", [None]):
                    rights.setdefault((group, resource, name), set()).update(rule["verbs"])
    return rights


def bindings(objects):
    """(kind, namespace) of what binds each role"""
    found = {}
    for (kind, _, namespace), value in objects.items():
        if kind in ("RoleBinding", "ClusterRoleBinding"):
            reference = value["roleRef"]
            assert value["subjects"] == [
                {"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}
            ]
            key = (reference["kind"], reference["name"])
            found.setdefault(key, set()).add((kind, namespace))
    return found


def test_the_rights_are_exactly_these(chart):
    objects = chart.objects()
    assert rights_of(objects["ClusterRole", NAME, None]) == CLUSTER
    assert rights_of(objects["ClusterRole", NAME + "-gateways", None]) == GATEWAYS
    assert rights_of(objects["Role", NAME, NAMESPACE]) == SYSTEM
    assert {name for kind, name, _ in objects if kind in ("Role", "ClusterRole")} == {
        NAME,
        NAME + "-gateways",
    }


def test_nothing_is_granted_by_pattern_and_nothing_may_be_deleted(chart):
    for rights in (CLUSTER, GATEWAYS, SYSTEM):
        for (group, resource, _), verbs in rights.items():
            assert "*" not in (group, resource) and not verbs & {"*", "delete", "deletecollection"}


def test_without_a_choice_gateways_may_be_everywhere(chart):
    assert bindings(chart.objects()) == {
        ("ClusterRole", NAME): {("ClusterRoleBinding", None)},
        ("ClusterRole", NAME + "-gateways"): {("ClusterRoleBinding", None)},
        ("Role", NAME): {("RoleBinding", NAMESPACE)},
    }


def test_gateway_namespaces_bound_what_may_be_made_where(chart):
    objects = chart.objects({"gatewayNamespaces": ["edge", "edge-2"]})
    assert bindings(objects) == {
        ("ClusterRole", NAME): {("ClusterRoleBinding", None)},
        ("ClusterRole", NAME + "-gateways"): {
            ("RoleBinding", "edge"),
            ("RoleBinding", "edge-2"),
        },
        ("Role", NAME): {("RoleBinding", NAMESPACE)},
    }
    (only,) = objects["Deployment", NAME, NAMESPACE]["spec"]["template"]["spec"]["containers"]
    assert "--gateway-namespaces=edge,edge-2" in only["args"]
