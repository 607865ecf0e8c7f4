/* Random manifests of everything that gateways look at, for properties that hold of any. */
#pragma once

#include <stdio.h>

#include "../../self_signed.h"
#include "core/base/base64.h"
#include "core/base/random.h"
#include "manifests.h"

/* ---- What is drawn from ----
 *
 * "<a|b|c>" is one of them, at random, and may be nested; "#" is the end of the object's name, "@"
 * its mesh; "~r", "~e" and "~m" are a Secret's data: an RSA bundle, an ECDSA one, and a certificate
 * with another's key. */

#define PAIR(each) each "<|, " each ">"

#define HOSTNAME  "<foo.com|a.foo.com|b.a.foo.com|bar.org|'*.com'|'*.foo.com'|'*'>"
#define HOSTNAMES "<|||hostnames: [" PAIR(HOSTNAME) "],|hostnames: [FOO.com, 17],>"
#define SERVICE   "s<0|1|2|3>_ns_svc_80"
#define TAGS      "{kuma.io/service: " SERVICE "<||, v: '<0|1>'>}"
#define PATH      "</|/|/a|/a/b|/a/|/c|no>"
#define REGEX     "'</a.*|/[ab]+|/.*|/.+b|/x++>'"

/* ---- MeshGateways ---- */

#define AT_HOSTNAME "<||hostname: " HOSTNAME ",|hostname: " HOSTNAME ",>"
#define AT_TAGS     "tags: {<||t: <x|y>>}"
#define HTTP        "{port: <80|80|80|81>, protocol: HTTP, " AT_HOSTNAME " " AT_TAGS "}"
#define HTTPS                                                                           \
    "{port: 443, protocol: HTTPS, " AT_HOSTNAME " " AT_TAGS ", tls: {mode: TERMINATE, " \
    "certificates: [{secret: c<0|1>}<|, {secret: c<2|3>}>]}}"
#define OTHER                                                                    \
    "{port: 90, protocol: TCP, " AT_TAGS "}<|, {port: 91, protocol: <TLS|HTTP>}" \
    "|, {port: 81, protocol: HTTP, crossMesh: true}>"

#define MESH_GATEWAY                                                                         \
    "{type: MeshGateway, mesh: @, name: g#, <||creationTime: '202<0|1>-01-01T00:00:00Z',>"   \
    "selectors: [{match: {kuma.io/service: <e|e|i|'*'><||, z: <a|'*'>>}}], <|tags: {u: v},>" \
    "conf: {listeners: [<" HTTP "|" HTTP ", " HTTP "|" HTTP ", " HTTP ", " HTTP "|" HTTP     \
    ", " HTTPS "|" HTTPS ", " HTTPS "|" HTTPS ", " HTTPS ", " HTTPS "|" HTTP ", " OTHER ">]}}"

/* ---- MeshGatewayRoutes ---- */

#define MGR_MATCH                                                                        \
    "{<||method: GET,|headers: [{match: PRESENT, name: A}, {name: host, value: a.com}]," \
    "|headers: [{match: <REGEX|EXACT|ABSENT>, name: a, value: '<x+|x++|y>'}],"           \
    "|queryParameters: [{match: <REGEX|EXACT>, name: q, value: v}],>"                    \
    " path: <{match: <PREFIX|PREFIX|EXACT>, value: " PATH "}|{match: REGEX, value: " REGEX "}>}"
#define MGR_FILTERS                                                                    \
    "<||{requestHeader: {set: [{name: a, value: '%%1'}, {name: Host, value: b.com}]}}" \
    "|{rewrite: {replacePrefixMatch: /v1}}, {rewrite: {hostToBackendHostname: true}}"  \
    "|{requestHeader: {add: [{name: Host, value: b.com}]}}"                            \
    "|{responseHeader: {add: [{name: b, value: c}]}}, {rewrite: {replaceFull: /f}}"    \
    "|{mirror: {percentage: 50, backend: {destination: " TAGS "}}}>"
#define MGR_REDIRECT                                                                              \
    "filters: [{redirect: {<|status_code: <302|308|304>,> <|scheme: https,> <|hostname: b.com,> " \
    "<|path: {<replacePrefixMatch|replaceFull>: /n}>}}]"
#define MGR_FORWARD                                                               \
    "filters: [" MGR_FILTERS "], backends: [{weight: <0|1|2>, destination: " TAGS \
    "}<||, {weight: "                                                             \
    "1, destination: " TAGS "}>]"
#define MGR_RULE                                                                      \
    "{matches: [" PAIR(MGR_MATCH) "], <" MGR_REDIRECT "|" MGR_FORWARD "|" MGR_FORWARD \
                                  "|" MGR_FORWARD ">}"
#define MESH_GATEWAY_ROUTE                                                               \
    "{type: MeshGatewayRoute, mesh: @, name: r#, selectors: [{match: {kuma.io/service: " \
    "<e|e|'*'|i|nobody><||, t: <x|y|'*'>>}}], conf: {http: {" HOSTNAMES                  \
    " rules: [" PAIR(MGR_RULE) "]}}}"
#define MESH_GATEWAY_ROUTE_TCP                                                                 \
    "{type: MeshGatewayRoute, mesh: @, name: t#, selectors: [{match: {kuma.io/service: e}}], " \
    "conf: {tcp: {rules: [{backends: [" PAIR("{weight: <0|1>, destination: " TAGS "}") "]}]}}}"

/* ---- Routes of the newer kinds ---- */

#define TARGET                                                              \
    "<{kind: MeshGateway, name: g<0|1|2|3><||, tags: {<t: <x|'*'>|u: v>}>}" \
    "|{kind: MeshGateway, name: g<0|1|2|3>}|{kind: MeshGateway}"            \
    "|{kind: MeshSubset, tags: {kuma.io/service: e}}|{kind: Mesh}>"
#define REFERENCE                                                                             \
    "{<kind: MeshService, name: " SERVICE "|kind: MeshService, name: m<0|1>, port: 80"        \
    "|kind: MeshService, labels: {l: '1'}, port: 80|kind: MeshService, name: d"               \
    "|kind: MeshServiceSubset, name: " SERVICE ", tags: {v: '1'}"                             \
    "|kind: MeshExternalService, name: x<0|1>|kind: MeshService, name: m1, sectionName: http" \
    "|kind: MeshMultiZoneService, name: z<0|1>, port: 80><|, weight: <0|3>>}"
#define MHR_MATCH                                                                          \
    "{<||method: PUT,|headers: [{type: <Prefix|Exact|RegularExpression>, name: a, value: " \
    "x}],|queryParams: [{type: RegularExpression, name: q, value: '[0-9]+'}],>"            \
    " path: <{type: <PathPrefix|PathPrefix|Exact>, value: " PATH "}"                       \
    "|{type: RegularExpression, value: " REGEX "}>}"
#define MHR_FILTERS                                                                              \
    "<||{type: RequestRedirect, requestRedirect: {port: 443}}|{type: URLRewrite}"                \
    "|{type: URLRewrite, urlRewrite: {hostname: b.com}}"                                         \
    "|{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: "     \
    "/n}}}|{type: RequestMirror, requestMirror: {backendRef: {kind: MeshService, name: " SERVICE \
    "}}}|{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: "          \
    "'1'}]}}>"
#define MHR_RULE                                                                           \
    "{matches: [" PAIR(MHR_MATCH) "], default: {<filters: [{type: RequestRedirect, "       \
                                  "requestRedirect: {<|port: 443,> <|path: {type: "        \
                                  "ReplaceFullPath, replaceFullPath: /n}>}}]"              \
                                  "|<|filters: [" MHR_FILTERS "],> <|backendRefs: [" PAIR( \
                                      REFERENCE) "]|backendRefs: [" REFERENCE "]>>}}"
#define MHR_ITEM                                                        \
    "{targetRef: {kind: <Mesh|Mesh|Mesh|Mesh|MeshService>}, " HOSTNAMES \
    " rules: [" PAIR(MHR_RULE) "]}"
#define MESH_HTTP_ROUTE                                                                     \
    "{type: MeshHTTPRoute, mesh: @, name: h#, labels: {<|||kuma.io/effect: shadow|kuma.io/" \
    "origin: <zone|global>>}, spec: {targetRef: " TARGET ", to: [" PAIR(MHR_ITEM) "]}}"
#define MESH_TCP_ROUTE                                                                        \
    "{type: MeshTCPRoute, mesh: @, name: p#, spec: {targetRef: " TARGET ", to: [{targetRef: " \
    "{kind: Mesh}, rules: [{default: {backendRefs: [" PAIR(REFERENCE) "]}}]}]}}"

/* ---- Back ends ---- */

#define MESH_SERVICE                                                                        \
    "{type: MeshService, mesh: @, name: m#, labels: {l: '<1|2>'}, <|creationTime: "         \
    "'2020-01-0<1|2>T00:00:00Z',> spec: {selector: {<dataplaneTags: {kuma.io/service: "     \
    "d}|dataplaneTags: {kuma.io/service: " SERVICE "}|dataplaneRef: {name: d0}>}, ports: [" \
    "{port: 80<|, name: http, targetPort: 81>}]}}"
#define MESH_EXTERNAL_SERVICE                                                                \
    "{type: MeshExternalService, mesh: @, name: x#, labels: {l: '1'}, spec: {match: {port: " \
    "80}, <|tls: {enabled: true},> endpoints: [{address: <10.0.0.8|a.com>, port: 80}]}}"
#define MESH_MULTI_ZONE_SERVICE                                                       \
    "{type: MeshMultiZoneService, mesh: @, name: z#, spec: {selector: {meshService: " \
    "{matchLabels: {l: '1'}}}, ports: [{port: 80}]}}"
#define DATAPLANE                                                                                \
    "{type: Dataplane, mesh: @, name: d#, networking: {address: 10.0.0.<6|7>, inbound: [{port: " \
    "81, <|state: NotReady,> tags: {kuma.io/service: d}}<|, {port: 80, tags: " TAGS "}>]}}"
#define EXTERNAL_SERVICE                                                                \
    "{type: ExternalService, mesh: @, name: x#, tags: " TAGS ", networking: {address: " \
    "<'10.0.0.9:80'|'a.com:80'|no><|, tls: {enabled: <true|false>}>}}"
#define KUBE_SERVICE                                                                        \
    "{kind: Service, metadata: {name: s#, namespace: ns}, spec: {<|||type: ExternalName,> " \
    "ports: [{port: <80|80|80|81>}]}}"
#define ENDPOINT_SLICE                                                                          \
    "{kind: EndpointSlice, metadata: {name: s#-<x|y>, namespace: ns, labels: "                  \
    "{kubernetes.io/service-name: s#}}, endpoints: [{addresses: [10.0.0.<1|2|3|4>], "           \
    "targetRef: {kind: Pod, name: p<0|1|2>}, conditions: {ready: <true|true|false>}}], ports: " \
    "[{port: 8080}]}"
#define POD                                                                                    \
    "{kind: Pod, metadata: {name: p#, namespace: ns, labels: {v: '<0|1>'<||||, kuma.io/mesh: " \
    "other>}}}"

#define SECRET "{type: Secret, mesh: @, name: c#, data: <~r|~r|~e|~e|~m|'***'>}"
#define MESH_TIMEOUT                                                                         \
    "{type: MeshTimeout, mesh: @, name: l#, spec: {targetRef: " TARGET ", to: [{targetRef: " \
    "{kind: Mesh}, default: {idleTimeout: 1s}}]}}"

static const struct {
    const char *text;
    uint32_t share; /* of what is drawn */
} world_templates[] = {
    {MESH_GATEWAY, 3},
    {MESH_GATEWAY_ROUTE, 6},
    {MESH_GATEWAY_ROUTE_TCP, 1},
    {MESH_HTTP_ROUTE, 4},
    {MESH_TCP_ROUTE, 1},
    {MESH_SERVICE, 1},
    {MESH_EXTERNAL_SERVICE, 1},
    {MESH_MULTI_ZONE_SERVICE, 1},
    {DATAPLANE, 1},
    {EXTERNAL_SERVICE, 1},
    {KUBE_SERVICE, 2},
    {ENDPOINT_SLICE, 2},
    {POD, 1},
    {SECRET, 4},
    {MESH_TIMEOUT, 1},
};

/* ---- Who serves ---- */

static const struct api_tag world_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("e")},
                                            {STR_INIT("z"), STR_INIT("a")},
                                            {STR_INIT("kuma.io/service"), STR_INIT("i")}};

/* Two of them may be of one gateway, and have one address. */
static const struct compile_dataplane world_dataplanes[] = {
    {.mesh = STR_INIT("default"),
     .name = STR_INIT("d"),
     .address = STR_INIT("127.0.0.1"),
     .tags = {world_tags, 1}},
    {.mesh = STR_INIT("default"),
     .name = STR_INIT("e"),
     .address = STR_INIT("127.0.0.1"),
     .tags = {world_tags, 2}},
    {.mesh = STR_INIT("default"),
     .name = STR_INIT("i"),
     .address = STR_INIT("127.0.0.2"),
     .tags = {world_tags + 2, 1}},
};
static const struct compile_dataplane world_idle = {
    .mesh = STR_INIT("default"), .name = STR_INIT("idle"), .tags = {world_tags + 1, 2}};

/* ---- Drawing ---- */

enum { WORLD_RSA, WORLD_ECDSA, WORLD_MISMATCHED, WORLD_BUNDLES };

struct world {
    struct cache *cache;
    struct random random;
    struct buf secrets[WORLD_BUNDLES];
};

/* How an object is drawn; zero: of the world. */
struct world_draw {
    const char *mesh; /* instead of "default" */
    const char *name; /* its end, instead of a digit */
};

static inline uint32_t world_below(struct world *w, uint32_t bound)
{
    return (uint32_t)random_below(&w->random, bound);
}

static inline void world_add_secret(struct world *w, size_t index, const struct pki_bundle *leaf,
                                    const struct pki_bundle *key)
{
    struct buf pem;
    buf_init(&pem, 16384);
    buf_append(&pem, leaf->certificates_pem);
    buf_append(&pem, key->key_pem);
    buf_init(&w->secrets[index], 32768);
    base64_encode(buf_str(&pem), &w->secrets[index]);
    buf_deinit(&pem);
}

static inline void world_init(struct world *w, uint32_t seed)
{
    *w = (struct world){.cache = cache_new(), .random = {{seed, 2, 3, 4}}};
    struct pki_bundle *rsa = self_signed_new(PKI_RSA, "foo.com");
    struct pki_bundle *ecdsa = self_signed_new(PKI_ECDSA, "foo.com");
    world_add_secret(w, WORLD_RSA, rsa, rsa);
    world_add_secret(w, WORLD_ECDSA, ecdsa, ecdsa);
    world_add_secret(w, WORLD_MISMATCHED, rsa, ecdsa);
    rsa = pki_bundle_free(rsa);
    ecdsa = pki_bundle_free(ecdsa);
}

static inline void world_deinit(struct world *w)
{
    for (size_t i = 0; i < WORLD_BUNDLES; i++)
        buf_deinit(&w->secrets[i]);
    w->cache = cache_free(w->cache);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
}

/* The end of the alternative that begins at `at`: its "|" or ">". */
static inline const char *world_alternative_end(const char *at)
{
    for (size_t depth = 0; depth > 0 || (*at != '|' && *at != '>'); at++) {
        depth += *at == '<';
        depth -= *at == '>';
    }
    return at;
}

/* The beginning of one of the alternatives behind a "<". */
static inline const char *world_choose(struct world *w, const char *at)
{
    const char *chosen = at;
    const char *end = world_alternative_end(at);
    for (uint32_t count = 2; *end == '|'; count++) {
        if (world_below(w, count) == 0)
            chosen = end + 1;
        end = world_alternative_end(end + 1);
    }
    return chosen;
}

static inline const char *world_group_end(const char *at)
{
    do
        at = world_alternative_end(at) + 1;
    while (at[-1] == '|');
    return at;
}

static inline void world_add_special(struct world *w, char special, const struct world_draw *how,
                                     const char *digit, struct buf *text)
{
    static const char bundles[] = {'r', 'e', 'm'};
    if (special == '#')
        buf_append(text, str_of(how->name != NULL ? how->name : digit));
    else if (special == '@')
        buf_append(text, str_of(how->mesh != NULL ? how->mesh : "default"));
    for (size_t i = 0; i < WORLD_BUNDLES; i++) {
        if (special == bundles[i])
            buf_append(text, buf_str(&w->secrets[i]));
    }
}

static inline void world_expand(struct world *w, const char *template, const struct world_draw *how,
                                struct buf *text)
{
    const char *returns[16]; /* behind the groups that the place is in */
    size_t depth = 0;
    const char digit[] = {(char)('0' + world_below(w, 4)), '\0'};
    for (const char *at = template; *at != '\0'; at++) {
        if (*at == '<') {
            assert_true(depth < ARRAY_SIZE(returns));
            returns[depth++] = world_group_end(at + 1) - 1;
            at = world_choose(w, at + 1) - 1;
        } else if (*at == '|' || *at == '>') {
            at = returns[--depth];
        } else if (*at == '#' || *at == '@') {
            world_add_special(w, *at, how, digit, text);
        } else if (*at == '~') {
            world_add_special(w, *++at, how, digit, text);
        } else {
            buf_append_char(text, *at);
        }
    }
}

static inline const char *world_draw_template(struct world *w)
{
    uint32_t shares = 0;
    const char *drawn = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(world_templates); i++) {
        shares += world_templates[i].share;
        if (world_below(w, shares) < world_templates[i].share)
            drawn = world_templates[i].text;
    }
    return drawn;
}

/* The text of a manifest. */
static inline void world_draw_manifest(struct world *w, const struct world_draw *how,
                                       struct buf *text)
{
    buf_clear(text);
    world_expand(w, world_draw_template(w), how, text);
}

static inline void world_put_one(struct world *w, const struct world_draw *how)
{
    struct buf text;
    buf_init(&text, 65536);
    world_draw_manifest(w, how, &text);
    manifests_put(w->cache, buf_str(&text));
    buf_deinit(&text);
}

/* ---- What is there ---- */

/* One of all objects; NULL: there is none. */
static inline const struct api_object *world_pick(struct world *w)
{
    const struct api_object *picked = NULL;
    uint32_t seen = 0;
    for (enum api_kind kind = 0; kind < API_KINDS; kind++) {
        size_t count;
        const struct api_object *const *objects = cache_list_all(w->cache, kind, &count);
        for (size_t i = 0; i < count; i++) {
            if (world_below(w, ++seen) == 0)
                picked = objects[i];
        }
    }
    return picked;
}

static inline void world_remove_one(struct world *w)
{
    const struct api_object *object = world_pick(w);
    if (object == NULL)
        return;
    object = api_object_ref(object);
    cache_remove(w->cache, &object->key);
    object = api_object_unref(object);
}

/* An object comes, changes or goes. */
static inline void world_change(struct world *w)
{
    if (world_below(w, 6) == 0)
        world_remove_one(w);
    else
        world_put_one(w, &(struct world_draw){0});
}

static inline struct compile_input world_input(const struct cache *cache)
{
    return (struct compile_input){
        .cache = cache,
        .dataplanes = world_dataplanes,
        .dataplane_count = ARRAY_SIZE(world_dataplanes),
        .idle = &world_idle,
        .idle_count = 1,
    };
}
