"""Typical typing mistakes: `otemon validate` names line and column, and what to write."""
import pytest

from harness import certificates
from harness.otemon import PROGRAM
from harness.shell import run as shell

MANIFEST = """\
type: MeshGateway
mesh: default
name: edge
selectors:
- match:
    kuma.io/service: edge
tags:
  team: blue
conf:
  listeners:
  - port: 8080
    protocol: HTTP
    hostname: shop.example.com
    tags:
      port: http
---
type: MeshGatewayRoute
mesh: default
name: shop
selectors:
- match:
    kuma.io/service: edge
    port: http
conf:
  http:
    hostnames:
    - shop.example.com
    rules:
    - matches:
      - path:
          match: PREFIX
          value: /api
      backends:
      - weight: 1
        destination:
          kuma.io/service: api
---
type: Dataplane
mesh: default
name: api-1
networking:
  address: 127.0.0.1
  inbound:
  - port: 9001
    tags:
      kuma.io/service: api
"""

LISTENER = "MeshGateway edge (mesh default): conf.listeners[0]"
RULE = "MeshGatewayRoute shop (mesh default): conf.http.rules[0]"
NOWHERE = ("MeshGatewayRoute shop (mesh default): selectors: attaches to no listener: no selector "
           "matches the tags that a listener gets from its dataplane, its gateway and itself")

# What was written, what was typed in its place, and the line that says so.
MISTAKES = [
    ("type: MeshGateway\n", "type: MeshGatway\n",
     "1:1: error: MeshGatway edge: type: unknown type \"MeshGatway\"; did you mean MeshGateway?"),
    ("type: MeshGateway\n", "kind: MeshGateway\n",
     "1:1: error: MeshGateway: apiVersion and kind belong together: Kuma's kinds have apiVersion: "
     "kuma.io/v1alpha1"),
    ("mesh: default\nname: edge", "name: edge", "1:1: error: MeshGateway edge: mesh: cannot be "
                                                "empty"),
    ("mesh: default\nname: edge", "mehs: default\nname: edge",
     "2:1: warning: MeshGateway edge: mehs: unknown field, ignored; did you mean \"mesh\"?"),
    ("name: edge\n", "nmae: edge\n",
     "1:1: error: MeshGateway: name: cannot be empty; did you write it as \"nmae\"?"),
    ("name: edge\n", "name: 1\n",
     "3:1: error: MeshGateway: name: must be a string: write it in quotes"),
    ("selectors:\n", "selector:\n",
     "4:1: warning: MeshGateway edge (mesh default): selector: unknown field, ignored; did you "
     "mean \"selectors\"?"),
    ("    kuma.io/service: edge\ntags", "    kuma.io/servce: edge\ntags",
     "5:3: error: MeshGateway edge (mesh default): selectors[0].match: mandatory tag "
     "\"kuma.io/service\" is missing"),
    ("- match:\n    kuma.io/service: edge\ntags", "  match:\n    kuma.io/service: edge\ntags",
     "4:1: error: MeshGateway edge (mesh default): selectors: must be a list, not an object; in "
     "YAML each item begins with a hyphen"),
    ("team: blue", "team: 5",
     "8:3: error: MeshGateway edge (mesh default): tags[\"team\"]: must be a string: write \"5\" "
     "in quotes"),
    ("team: blue", "team: on",
     "8:3: error: MeshGateway edge (mesh default): tags[\"team\"]: must be a string, and this word "
     "means true: write it in quotes"),
    ("team: blue", "kuma.io/zone: east",
     "8:3: error: MeshGateway edge (mesh default): tags[\"kuma.io/zone\"]: tag name must not be "
     "\"kuma.io/zone\""),
    ("port: 8080", "port: 80800", f"11:5: error: {LISTENER}.port: port must be in the range [1, "
                                  "65535]"),
    ("port: 8080", "port: eighty", f"11:5: error: {LISTENER}.port: must be a whole number from 0 "
                                   "to 4294967295, not eighty"),
    ("port: 8080", "prot: 8080", f"11:5: warning: {LISTENER}.prot: unknown field, ignored; did you "
                                 "mean \"port\"?"),
    ("protocol: HTTP\n", "protocol: http\n", f"12:5: error: {LISTENER}.protocol: unknown value "
                                             "http: must be one of NONE, TCP, TLS, HTTP, HTTPS"),
    ("protocol: HTTP\n", "protocol: HTTPS\n",
     f"11:5: error: {LISTENER}.tls: cannot be empty; write mode: TERMINATE and certificates"),
    ("protocol: HTTP\n", "protocol: HTTP\n    protocol: HTTP\n",
     "13:5: error: the key protocol stands at line 12, column 5 already. Nothing of this file is "
     "used"),
    ("hostname: shop", "hostname: https://shop", f"13:5: error: {LISTENER}.hostname: invalid "
                                                 "hostname; write the name alone, without scheme, "
                                                 "port and path"),
    ("hostname: shop", "hostnames: shop", f"13:5: warning: {LISTENER}.hostnames: unknown field, "
                                          "ignored; did you mean \"hostname\"?"),
    ("hostname: shop.", "hostname: *.",
     "13:16: error: did not find expected alphabetic or numeric character while scanning an alias"
     "; write text that begins with * in quotes. Nothing of this file is used"),
    ("  listeners:\n", "\tlisteners:\n",
     "10:1: error: found character that cannot start any token while scanning for the next token; "
     "indent by spaces instead of tabs, and write text that begins with @ or ` in quotes. Nothing "
     "of this file is used"),
    ("    tags:\n      port", "   tags:\n      port",
     "14:4: error: did not find expected key while parsing a block mapping. Nothing of this file "
     "is used"),
    ("    tags:\n      port", "    crossMesh: 'true'\n    tags:\n      port",
     f"14:5: error: {LISTENER}.crossMesh: must be true or false, without quotes, not a string"),
    ("    tags:\n      port", "    resources: {connectionlimit: 5}\n    tags:\n      port",
     f"14:17: warning: {LISTENER}.resources.connectionlimit: unknown field, ignored; did you mean "
     "\"connectionLimit\"?"),
    ("---\ntype: MeshGatewayRoute\n", "type: MeshGatewayRoute\n",
     "23:1: error: the key conf stands at line 9, column 1 already; where another document begins, "
     "a line --- is missing. Nothing of this file is used"),
    ("type: MeshGatewayRoute", "type: MeshGatewayRoutes",
     "17:1: error: MeshGatewayRoutes shop: type: unknown type \"MeshGatewayRoutes\"; did you mean "
     "MeshGatewayRoute?"),
    ("    port: http\nconf", "    port: htttp\nconf", f"21:3: warning: {NOWHERE}; the nearest, "
     "port 8080 of MeshGateway edge, has port: http and not htttp"),
    ("    - shop.example.com\n", "    - shop.exmaple.com\n",
     "17:1: warning: MeshGatewayRoute shop (mesh default): conf.http.hostnames: no listener that "
     "the route attaches to serves one of its host names; its listeners of MeshGateway edge are "
     "for shop.example.com"),
    ("match: PREFIX", "match: Prefix", f"31:11: error: {RULE}.matches[0].path.match: unknown value "
                                       "Prefix: must be one of EXACT, PREFIX, REGEX"),
    ("value: /api", "value: api", f"30:9: error: {RULE}.matches[0].value: must be an absolute "
                                  "path; write /api"),
    ("      backends:\n", "        method: get\n      backends:\n",
     f"33:9: error: {RULE}.matches[0].method: unknown value get: must be one of NONE, CONNECT, "
     "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE"),
    ("      backends:\n", "        headers: [{name: x, value: 2}]\n      backends:\n",
     f"33:29: error: {RULE}.matches[0].headers[0].value: must be a string: write \"2\" in quotes"),
    ("      backends:\n", "      filters: [{redirect: {status_code: 304}}]\n      backends:\n",
     f"33:29: error: {RULE}.filters[0].redirect.status_code: 304 is no redirect that can be "
     "served: write 301, 302, 303, 307 or 308"),
    ("      backends:\n", "      filters: [{rewrite: {replacePrefix: /}}]\n      backends:\n",
     f"33:28: warning: {RULE}.filters[0].rewrite.replacePrefix: unknown field, ignored; did you "
     "mean \"replacePrefixMatch\"?"),
    ("weight: 1", "weight: 50%", f"34:9: error: {RULE}.backends[0].weight: must be a whole number "
                                 "from 0 to 4294967295, not 50%"),
    ("destination:", "destinations:", f"35:9: warning: {RULE}.backends[0].destinations: unknown "
                                      "field, ignored; did you mean \"destination\"?"),
    ("          kuma.io/service: api\n", "          kuma.io/service: apis\n",
     f"34:9: warning: {RULE}.backends[0].destination: service \"apis\" has no endpoints: no "
     "Dataplane has an inbound with this service in mesh default (did you mean api?); requests to "
     "it get 503"),
    ("hostname: shop", "hostname: Shop", f"13:5: error: {LISTENER}.hostname: invalid hostname; "
                                         "write it in lower case"),
    ("hostname: shop.example.com", "hostname: shop.*.com",
     f"13:5: error: {LISTENER}.hostname: invalid hostname; a wildcard is * or begins with *., for "
     "all names below"),
    ("    protocol: HTTP\n", "", f"11:5: error: {LISTENER}.protocol: cannot be empty; write HTTP, "
                                "HTTPS, TCP or TLS"),
    ("value: /api", "value: /api/*",
     f"30:9: warning: {RULE}.matches[0].value: takes /api/* as it is written, letter by letter; "
     "write PREFIX with /api, which takes everything below it, too"),
    ("    - matches:\n      - path:\n", "    - matches:\n      - backends: []\n        path:\n",
     f"30:9: warning: {RULE}.matches[0].backends: unknown field, ignored: it stands beside "
     "matches"),
    ("      - weight: 1\n", "      - destination: {kuma.io/service: api, version: old}\n"
                            "      - weight: 1\n",
     f"34:9: warning: {RULE}.backends[0].weight: is missing, which is 0: this back end gets no "
     "request beside the others; write one, be it 0"),
    ("      - path:\n          match: PREFIX\n          value: /api\n", "      - path: /api\n",
     f"30:9: error: {RULE}.matches[0].path: must be an object, not a string; known in it: match "
     "and value"),
    ("    - matches:\n      - path:\n          match: PREFIX\n          value: /api\n",
     "    - matches:\n        path:\n          match: PREFIX\n          value: /api\n",
     f"29:7: error: {RULE}.matches: must be a list, not an object; in YAML each item begins with a "
     "hyphen"),
    ("address: 127.0.0.1", "adress: 127.0.0.1",
     "42:3: warning: Dataplane api-1 (mesh default): networking.adress: unknown field, ignored; "
     "did you mean \"address\"?"),
    ("address: 127.0.0.1", "address: 127.0.0.1:9001",
     "42:3: error: Dataplane api-1 (mesh default): networking.address: address has to be valid IP "
     "address or domain name"),
]


def test_there_is_no_mistake_to_begin_with():
    done = shell(PROGRAM, "validate", "-", input=MANIFEST)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("written, typed, said", MISTAKES,
                         ids=[typed.strip().replace("\n", " ") for _, typed, _ in MISTAKES])
def test_a_mistake(written, typed, said):
    assert written in MANIFEST
    done = shell(PROGRAM, "validate", "-", input=MANIFEST.replace(written, typed, 1))
    assert done.returncode != 0
    assert f"<stdin>:{said}" in done.stdout.splitlines()


# ---- The same in Kubernetes ----

CLUSTER = """\
apiVersion: kuma.io/v1alpha1
kind: MeshGatewayInstance
metadata:
  name: edge
  namespace: gateways
spec:
  replicas: 2
---
apiVersion: kuma.io/v1alpha1
kind: MeshGateway
mesh: default
metadata:
  name: edge
spec:
  selectors:
  - match:
      kuma.io/service: edge_gateways_svc
  conf:
    listeners:
    - port: 8443
      protocol: HTTPS
      hostname: shop.example.com
      tls:
        mode: TERMINATE
        certificates:
        - secret: shop
---
apiVersion: v1
kind: Secret
metadata:
  name: shop
  namespace: kuma-system
  labels:
    kuma.io/mesh: default
data:
  value: BUNDLE
type: system.kuma.io/secret
---
apiVersion: kuma.io/v1alpha1
kind: MeshHTTPRoute
metadata:
  name: shop
  namespace: kuma-system
  labels:
    kuma.io/mesh: default
spec:
  targetRef:
    kind: MeshGateway
    name: edge
  to:
  - targetRef:
      kind: Mesh
    rules:
    - matches:
      - path:
          type: PathPrefix
          value: /
      default:
        backendRefs:
        - kind: MeshService
          name: web_shop_svc_80
"""

CLUSTER_ROUTE = "MeshHTTPRoute shop.kuma-system (mesh default): spec"

CLUSTER_MISTAKES = [
    ("v1alpha1\nkind: MeshGateway\n", "v1alpha2\nkind: MeshGateway\n",
     "9:1: error: MeshGateway edge: apiVersion: unknown version \"kuma.io/v1alpha2\": write "
     "kuma.io/v1alpha1"),
    ("kind: MeshGateway\n", "kind: Meshgateway\n",
     "10:1: error: Meshgateway edge: kind: unknown kind \"Meshgateway\"; did you mean "
     "MeshGateway?"),
    ("mesh: default\nmetadata:\n", "metadata:\n  mesh: default\n",
     "9:1: warning: MeshGateway edge: mesh: is missing, which Kuma refuses: taken as \"default\". "
     "Write mesh: default beside metadata"),
    ("edge_gateways_svc", "edge",
     "1:1: warning: MeshGatewayInstance edge.gateways (mesh default): tags: no MeshGateway of mesh "
     "default has a selector that matches the tags of its pods, so they serve nothing; write "
     "kuma.io/service: edge_gateways_svc into the selectors of the MeshGateway"),
    ("        - secret: shop\n", "        - secret: shopp\n",
     "26:11: error: MeshGateway edge (mesh default): conf.listeners[0].tls.certificates[0]: there "
     "is no secret \"shopp\" in mesh default; create a Secret of type system.kuma.io/secret with "
     "that name and the label kuma.io/mesh: default in the namespace of the system (kuma-system), "
     "whose value holds certificate and key in PEM"),
    ("namespace: kuma-system\n  labels:\n    kuma.io/mesh: default\ndata",
     "namespace: shop\n  labels:\n    kuma.io/mesh: default\ndata",
     "32:3: warning: Secret shop (mesh default): metadata.namespace: in a cluster only Secrets of "
     "the namespace of the system are read, which is kuma-system unless the operator was told "
     "another; write that one"),
    ("kuma.io/mesh: default\ndata", "kuma.io/mesh: prod\ndata",
     "26:11: error: MeshGateway edge (mesh default): conf.listeners[0].tls.certificates[0]: secret "
     "\"shop\" belongs to mesh prod; give it the mesh of this gateway (label kuma.io/mesh: "
     "default)"),
    ("type: system.kuma.io/secret", "type: Opaque",
     "37:1: warning: Secret shop: type: no gateway reads a Secret of this type, and the label "
     "kuma.io/mesh says that one should; write system.kuma.io/secret, or kubernetes.io/tls"),
    ("data:\n  value", "stringData:\n  value",
     "36:3: warning: Secret shop (mesh default): stringData.value: is PEM that is encoded in "
     "base64 once more: in stringData it stands as it is"),
    ("  value: BUNDLE", "  cert: BUNDLE",
     "35:1: error: Secret shop (mesh default): data.value: cannot be empty. Of a Secret of this "
     "type no other key is read"),
    ("labels:\n    kuma.io/mesh: default\nspec", "labels:\n    kuma.io/mesh: prod\nspec",
     "47:3: warning: MeshHTTPRoute shop.kuma-system (mesh prod): spec.targetRef: attaches to no "
     "listener: no MeshGateway that is served has this name and listeners with these tags; mesh "
     "prod has no MeshGateway, and a route attaches to those of its own mesh"),
    ("    kind: MeshGateway\n    name: edge\n", "    kind: MeshService\n    name: edge\n",
     f"52:7: error: {CLUSTER_ROUTE}.to[0].targetRef.kind: value is not supported; Mesh stands for "
     "the clients of a gateway and needs a spec.targetRef of kind MeshGateway"),
    ("      kind: Mesh\n", "      kind: MeshService\n      name: web\n",
     f"52:7: error: {CLUSTER_ROUTE}.to[0].targetRef.kind: value is not supported; it must be Mesh"),
    ("type: PathPrefix", "type: Prefix",
     f"56:11: error: {CLUSTER_ROUTE}.to[0].rules[0].matches[0].path.type: unknown value Prefix: "
     "must be one of Exact, PathPrefix, RegularExpression"),
    ("      default:\n        backendRefs:\n        - kind: MeshService\n          name",
     "      backendRefs:\n      - kind: MeshService\n        name",
     f"58:7: warning: {CLUSTER_ROUTE}.to[0].rules[0].backendRefs: unknown field, ignored: it "
     "stands below default"),
    ("        - kind: MeshService\n          name", "        - name",
     f"60:11: error: {CLUSTER_ROUTE}.to[0].rules[0].default.backendRefs[0].kind: must be defined; "
     "it must be one of MeshService, MeshExternalService, MeshMultiZoneService, "
     "MeshServiceSubset"),
    ("spec:\n  targetRef:\n    kind: MeshGateway\n    name: edge\n  to:",
     "targetRef:\n    kind: MeshGateway\n    name: edge\nspec:\n  to:",
     "46:1: warning: MeshHTTPRoute shop.kuma-system (mesh default): targetRef: unknown field, "
     "ignored: it stands below spec"),
]


@pytest.fixture(name="bundle", scope="module")
def fixture_bundle():
    return certificates.to_base64(certificates.bundle("shop.example.com"))


def test_there_is_no_mistake_in_the_cluster_to_begin_with(bundle):
    done = shell(PROGRAM, "validate", "-", input=CLUSTER.replace("BUNDLE", bundle))
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("written, typed, said", CLUSTER_MISTAKES,
                         ids=[typed.strip().replace("\n", " ") for _, typed, _ in CLUSTER_MISTAKES])
def test_a_mistake_in_the_cluster(written, typed, said, bundle):
    assert written in CLUSTER
    text = CLUSTER.replace(written, typed, 1).replace("BUNDLE", bundle)
    done = shell(PROGRAM, "validate", "-", input=text)
    assert done.returncode != 0
    assert f"<stdin>:{said}" in done.stdout.splitlines()
