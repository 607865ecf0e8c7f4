/* What is remembered is what would be made anew: after any sequence of changes a compile with a
 * memory and one without have the same outcome. */
#include <stdio.h>

#include "manifests.h"

#define ROUTES   6
#define STEPS    600
#define SERVICES 4

struct world {
    struct cache *cache;
    struct compile_memory *memory;
    struct discovery *discovery;
    const struct compile_draft *draft;
    uint32_t random;
};

static uint32_t draw(struct world *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (w->random >> 16) % below;
}

static void put(struct world *w, const char *yaml)
{
    manifests_put(w->cache, str_of(yaml));
}

static void put_route(struct world *w)
{
    static const char *const paths[] = {"/", "/a", "/a/b", "/c", "no"};
    static const char *const types[] = {"PREFIX", "EXACT", "REGEX"};
    static const char *const criteria[] = {
        "",
        "",
        "method: GET,",
        "headers: [{match: PRESENT, name: A}, {name: host, value: a.com}],",
        "headers: [{match: REGEX, name: a, value: 'x++'}],",
        "queryParameters: [{name: q, value: v}],",
    };
    static const char *const hosts[] = {"", "hostnames: [foo.com],", "hostnames: ['*.com'],",
                                        "hostnames: [bar.org],"};
    static const char *const services[] = {"e", "e", "e", "'*'", "'*'", "i", "nobody"};
    static const char *const filters[] = {
        "",
        "",
        "{redirect: {}}",
        "{requestHeader: {set: [{name: a, value: '%%1'}, {name: Host, value: b.com}]}}",
        "{rewrite: {replacePrefixMatch: /v1}}, {rewrite: {hostToBackendHostname: true}}",
        "{requestHeader: {add: [{name: Host, value: b.com}]}}",
        "{mirror: {percentage: 50, backend: {destination: {kuma.io/service: s0_ns_svc_80}}}}",
    };
    char yaml[1024];
    (void)snprintf(
        yaml, sizeof(yaml),
        "{type: MeshGatewayRoute, mesh: default, name: r%u, selectors: [{match: {kuma.io/service: "
        "%s}}], conf: {http: {%s rules: [{matches: [{%s path: {match: %s, value: %s}}], filters: "
        "[%s], backends: [{weight: %u, destination: {kuma.io/service: s%u_ns_svc_80}}, {weight: 1, "
        "destination: {kuma.io/service: s%u_ns_svc_80, v: '1'}}]}]}}}",
        draw(w, ROUTES), services[draw(w, ARRAY_SIZE(services))], hosts[draw(w, 4)],
        criteria[draw(w, ARRAY_SIZE(criteria))], types[draw(w, 3)], paths[draw(w, 5)],
        filters[draw(w, ARRAY_SIZE(filters))], draw(w, 2), draw(w, SERVICES), draw(w, SERVICES));
    put(w, yaml);
}

/* With rules of two matches, so that some ask for the same and others for a part of it. */
static void put_policy(struct world *w)
{
    static const char *const targets[] = {
        "{kind: MeshGateway, name: e}",
        "{kind: MeshGateway, name: e}",
        "{kind: MeshGateway, name: e, tags: {t: '*'}}",
        "{kind: MeshGateway, name: i}",
        "{kind: MeshGateway}",
        "{kind: MeshSubset, tags: {kuma.io/service: e}}",
    };
    static const char *const hosts[] = {"", "", "hostnames: [foo.com],",
                                        "hostnames: ['*.com', a.b],", "hostnames: [17],"};
    static const char *const paths[] = {"/", "/a", "/a/b", "no"};
    static const char *const filters[] = {
        "",
        "",
        "{type: RequestRedirect, requestRedirect: {}}",
        "{type: URLRewrite, urlRewrite: {hostname: b.com}}",
        "{type: RequestMirror, requestMirror: {backendRef: {kind: MeshService, name: s1}}}",
        "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x, value: '1'}]}}",
        "{type: URLRewrite}",
    };
    static const char *const backends[] = {
        "{kind: MeshService, name: s0_ns_svc_80}",
        "{kind: MeshService, name: m0, port: 80}",
        "{kind: MeshService, labels: {l: '1'}, port: 80, weight: 2}, {kind: MeshService, name: d}",
        "{kind: MeshExternalService, name: m1}, {kind: MeshService, name: m1, sectionName: http}",
        "{kind: MeshMultiZoneService, name: m0, port: 80}",
        "",
    };
    char yaml[1536];
    (void)snprintf(
        yaml, sizeof(yaml),
        "{type: MeshHTTPRoute, mesh: default, name: r%u, labels: {%s}, spec: {targetRef: %s, to: "
        "[{targetRef: {kind: Mesh}, %s rules: [{matches: [{path: {type: PathPrefix, value: %s}}, "
        "{path: {type: Exact, value: %s}}], default: {filters: [%s], backendRefs: [%s]}}, "
        "{matches: [{path: {type: PathPrefix, value: /}}], default: {%s}}]}]}}",
        draw(w, ROUTES), draw(w, 8) == 0 ? "kuma.io/effect: shadow" : "",
        targets[draw(w, ARRAY_SIZE(targets))], hosts[draw(w, ARRAY_SIZE(hosts))],
        paths[draw(w, ARRAY_SIZE(paths))], paths[draw(w, ARRAY_SIZE(paths))],
        filters[draw(w, ARRAY_SIZE(filters))], backends[draw(w, ARRAY_SIZE(backends))],
        draw(w, 2) == 0 ? "backendRefs: [{kind: MeshService, name: m1, port: 80}]" : "");
    put(w, yaml);
}

static void put_named(struct world *w)
{
    static const char *const manifests[] = {
        "{type: MeshTCPRoute, mesh: default, name: m%u, spec: {targetRef: {kind: MeshGateway, "
        "name: "
        "e}, to: [{targetRef: {kind: Mesh}, rules: [{default: {backendRefs: [{kind: MeshService, "
        "name: d}]}}]}]}}",
        "{type: MeshGatewayRoute, mesh: default, name: m%u, selectors: [{match: {kuma.io/service: "
        "e}}], conf: {tcp: {rules: [{backends: [{destination: {kuma.io/service: d}}]}]}}}",
        "{type: MeshService, mesh: default, name: m%u, labels: {l: '1'}, spec: {selector: "
        "{dataplaneTags: {kuma.io/service: d}}, ports: [{port: 80, name: http, targetPort: 81}]}}",
        "{type: MeshService, mesh: default, name: m%u, spec: {selector: {dataplaneRef: {name: "
        "d0}}, "
        "ports: [{port: 80}]}}",
        "{type: MeshService, mesh: default, name: m%u, spec: {ports: 3}}",
        "{type: MeshExternalService, mesh: default, name: m%u, spec: {match: {port: 80}, "
        "endpoints: "
        "[{address: 10.0.0.8, port: 80}]}}",
        "{type: MeshExternalService, mesh: default, name: m%u, spec: {match: {port: 80}, "
        "endpoints: "
        "[{address: a.com, port: 80}]}}",
        "{type: MeshMultiZoneService, mesh: default, name: m%u, spec: {selector: {meshService: "
        "{matchLabels: {l: '1'}}}, ports: [{port: 80}]}}",
        "{type: Dataplane, mesh: default, name: d%u, networking: {address: 10.0.0.7, inbound: "
        "[{port: 81, tags: {kuma.io/service: d}}, {port: 80, tags: {kuma.io/service: d}}]}}",
        "{type: Dataplane, mesh: default, name: d%u, networking: {address: 10.0.0.6, inbound: "
        "[{port: 81, state: NotReady, tags: {kuma.io/service: d}}]}}",
    };
    static char yaml[512];
    const char *manifest = manifests[draw(w, ARRAY_SIZE(manifests))];
    const char *at = strchr(manifest, '%');
    (void)snprintf(yaml, sizeof(yaml), "%.*s%u%s", (int)(at - manifest), manifest, draw(w, 2),
                   at + 2);
    put(w, yaml);
}

static void put_service(struct world *w)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{kind: Service, metadata: {name: s%u, namespace: ns}, spec: {%s ports: [{port: "
                   "%u}]}}",
                   draw(w, SERVICES), draw(w, 8) == 0 ? "type: ExternalName," : "",
                   draw(w, 8) == 0 ? 81u : 80u);
    put(w, yaml);
}

static void put_slice(struct world *w)
{
    char yaml[512];
    uint32_t service = draw(w, SERVICES);
    (void)snprintf(yaml, sizeof(yaml),
                   "{kind: EndpointSlice, metadata: {name: s%u-x, namespace: ns, labels: "
                   "{kubernetes.io/service-name: s%u}}, endpoints: [{addresses: [10.0.0.%u], "
                   "targetRef: {kind: Pod, name: p%u}, conditions: {ready: %s}}], ports: [{port: "
                   "8080}]}",
                   service, service, draw(w, 4) + 1, draw(w, 3),
                   draw(w, 3) == 0 ? "false" : "true");
    put(w, yaml);
}

static void put_pod(struct world *w)
{
    char yaml[256];
    (void)snprintf(yaml, sizeof(yaml),
                   "{kind: Pod, metadata: {name: p%u, namespace: ns, labels: {v: '%u'%s}}}",
                   draw(w, 3), draw(w, 2), draw(w, 6) == 0 ? ", kuma.io/mesh: other" : "");
    put(w, yaml);
}

static void put_external(struct world *w)
{
    static const char *const networking[] = {"{address: '10.0.0.9:80'}", "{address: 'a.com:80'}",
                                             "{address: '10.0.0.9:443', tls: {enabled: true}}",
                                             "{address: 'no'}"};
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{type: ExternalService, mesh: default, name: x%u, tags: {kuma.io/service: "
                   "s%u_ns_svc_80%s}, networking: %s}",
                   draw(w, 2), draw(w, SERVICES), draw(w, 2) == 0 ? ", v: '1'" : "",
                   networking[draw(w, ARRAY_SIZE(networking))]);
    put(w, yaml);
}

#define HTTPS_LISTENER                                             \
    "{port: 443, protocol: HTTPS, hostname: foo.com, tls: {mode: " \
    "TERMINATE, certificates: [{secret: c}]}}"

static void put_gateway(struct world *w, char name)
{
    static const char *const listeners[] = {
        "{port: 80, protocol: HTTP}",
        "{port: 80, protocol: HTTP, hostname: foo.com}",
        "{port: 80, protocol: HTTP}, {port: 80, protocol: HTTP, hostname: foo.com, tags: {t: x}}",
        "{port: 80, protocol: HTTP}, {port: 81, protocol: HTTP, tags: {t: y}}",
        "{port: 80, protocol: HTTP, hostname: '*.com'}, {port: 80, protocol: HTTP, tags: {t: x}}",
        HTTPS_LISTENER,
        "{port: 80, protocol: HTTP}, {port: 90, protocol: TCP}, {port: 91, protocol: TCP}",
    };
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{type: MeshGateway, mesh: default, name: %c, selectors: [{match: "
                   "{kuma.io/service: %c}}], conf: {listeners: [%s]}}",
                   name, name, listeners[draw(w, ARRAY_SIZE(listeners))]);
    put(w, yaml);
}

static void remove_one(struct world *w)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "r%u", draw(w, ROUTES));
    struct api_key key = {API_MESH_GATEWAY_ROUTE, STR("default"), str_of(name)};
    if (draw(w, 3) == 0) {
        (void)snprintf(name, sizeof(name), "s%u.ns", draw(w, SERVICES));
        key = (struct api_key){API_SERVICE, STR_EMPTY, str_of(name)};
    } else if (draw(w, 3) == 0) {
        (void)snprintf(name, sizeof(name), "x%u", draw(w, 2));
        key = (struct api_key){API_EXTERNAL_SERVICE, STR("default"), str_of(name)};
    } else if (draw(w, 2) == 0) {
        key.kind = API_MESH_HTTP_ROUTE;
    } else if (draw(w, 2) == 0) {
        static const enum api_kind kinds[] = {API_MESH_SERVICE, API_MESH_EXTERNAL_SERVICE,
                                              API_MESH_MULTI_ZONE_SERVICE, API_MESH_TCP_ROUTE,
                                              API_MESH_GATEWAY_ROUTE};
        (void)snprintf(name, sizeof(name), "m%u", draw(w, 2));
        key = (struct api_key){kinds[draw(w, ARRAY_SIZE(kinds))], STR("default"), str_of(name)};
    }
    cache_remove(w->cache, &key);
}

static void change(struct world *w)
{
    switch (draw(w, 13)) {
    case 12:
    case 11: put_policy(w); return;
    case 10:
    case 9: put_named(w); return;
    case 8: put_external(w); return;
    case 0: put_gateway(w, draw(w, 4) == 0 ? 'i' : 'e'); return;
    case 1: put_service(w); return;
    case 2: put_slice(w); return;
    case 3: put_pod(w); return;
    case 4: remove_one(w); return;
    default: put_route(w); return;
    }
}

static const struct api_tag idle_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("i")}};
static const struct compile_dataplane idle = {
    .mesh = STR_INIT("default"), .name = STR_INIT("i"), .tags = {idle_tags, 1}};

/* As a program does: only what changed is done again. */
static struct compile_result *compile_remembering(struct world *w,
                                                  const struct compile_input *input)
{
    struct cache_changes changes = cache_take_changes(w->cache);
    if (w->draft == NULL || changes.mesh_count > 0) {
        w->draft = compile_draft_unref(w->draft);
        w->draft = compile_draft_new(input, w->memory);
    }
    if (w->discovery == NULL || changes.back_ends)
        w->discovery = discovery_next(w->discovery, w->cache, &changes);
    return compile_result_new(w->draft, w->discovery, w->memory);
}

static void assert_condition(const struct compile_condition *a, const struct compile_condition *b)
{
    assert_int_equal(a->ok, b->ok);
    assert_true(str_equal(a->reason, b->reason));
    assert_true(str_equal(a->message, b->message));
}

static void assert_reports(const struct compile_report *a, const struct compile_report *b)
{
    assert_int_equal(a->gateway_count, b->gateway_count);
    for (size_t i = 0; i < a->gateway_count; i++) {
        assert_ptr_equal(a->gateways[i].gateway, b->gateways[i].gateway);
        assert_condition(&a->gateways[i].accepted, &b->gateways[i].accepted);
        assert_int_equal(a->gateways[i].listener_count, b->gateways[i].listener_count);
        for (size_t j = 0; j < a->gateways[i].listener_count; j++)
            assert_int_equal(a->gateways[i].listeners[j].attached_routes,
                             b->gateways[i].listeners[j].attached_routes);
    }
    assert_int_equal(a->route_count, b->route_count);
    for (size_t i = 0; i < a->route_count; i++) {
        assert_ptr_equal(a->routes[i].route, b->routes[i].route);
        assert_condition(&a->routes[i].accepted, &b->routes[i].accepted);
        assert_condition(&a->routes[i].resolved_refs, &b->routes[i].resolved_refs);
        assert_int_equal(a->routes[i].parent_count, b->routes[i].parent_count);
    }
}

static void assert_same(const struct compile_result *a, const struct compile_result *b)
{
    assert_true(model_digest_equal(&a->snapshot->digest, &b->snapshot->digest));
    assert_int_equal(finding_count(a->findings), finding_count(b->findings));
    for (size_t i = 0; i < finding_count(a->findings); i++)
        assert_int_equal(finding_compare(finding_get(a->findings, i), finding_get(b->findings, i)),
                         0);
    assert_reports(&a->report, &b->report);
}

static void world_deinit(struct world *w)
{
    w->draft = compile_draft_unref(w->draft);
    w->memory = compile_memory_free(w->memory);
    w->discovery = discovery_free(w->discovery);
    w->cache = cache_free(w->cache);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
}

static void remembered_is_as_new(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 5; seed++) {
        struct world w = {cache_new(), compile_memory_new(), NULL, NULL, seed};
        const struct compile_input input = {
            .cache = w.cache,
            .dataplanes = &manifests_dataplane,
            .dataplane_count = 1,
            .idle = &idle,
            .idle_count = 1,
        };
        for (int i = 0; i < STEPS; i++) {
            for (uint32_t changes = draw(&w, 3); changes > 0; changes--)
                change(&w);
            struct compile_result *remembered = compile_remembering(&w, &input);
            struct compile_result *new = compile_snapshot(&input);
            assert_same(remembered, new);
            remembered = compile_result_free(remembered);
            new = compile_result_free(new);
        }
        world_deinit(&w);
    }
}

/* Manifests that are not valid, of every kind that gateways look at, which claim what others have.
 * Each is named so that it comes first. */
static const struct {
    const char *yaml;
    struct api_key key;
} broken[] = {
    {"{type: MeshGatewayRoute, mesh: default, name: '0', selectors: 17, conf: {http: {rules: "
     "[{matches: [{path: {match: PREFIX, value: /}}], backends: [{destination: {kuma.io/service: "
     "s0_ns_svc_80}}]}]}}}",
     {API_MESH_GATEWAY_ROUTE, STR_INIT("default"), STR_INIT("0")}},
    {"{type: MeshGateway, mesh: default, name: '0', selectors: [{match: {kuma.io/service: e}}], "
     "conf: {listeners: []}}",
     {API_MESH_GATEWAY, STR_INIT("default"), STR_INIT("0")}},
    {"{type: ExternalService, mesh: default, name: '0', tags: {kuma.io/service: s0_ns_svc_80}, "
     "networking: {address: no}}",
     {API_EXTERNAL_SERVICE, STR_INIT("default"), STR_INIT("0")}},
    {"{type: Dataplane, mesh: default, name: '0', networking: {address: 10.0.0.1, inbound: [{port: "
     "0, tags: {kuma.io/service: s0_ns_svc_80}}]}}",
     {API_DATAPLANE, STR_INIT("default"), STR_INIT("0")}},
    {"{type: Secret, mesh: default, name: c, data: '***'}",
     {API_SECRET, STR_INIT("default"), STR_INIT("c")}},
    {"{type: MeshHTTPRoute, mesh: default, name: '0', spec: {to: 3}}",
     {API_MESH_HTTP_ROUTE, STR_INIT("default"), STR_INIT("0")}},
    {"{type: MeshHTTPRoute, mesh: default, name: '0', spec: {targetRef: {kind: MeshGateway, name: "
     "e}, to: [{targetRef: {kind: MeshService, name: a}, rules: []}]}}",
     {API_MESH_HTTP_ROUTE, STR_INIT("default"), STR_INIT("0")}},
    {"{type: MeshService, mesh: default, name: '0', labels: {l: '2'}, spec: {selector: 3}}",
     {API_MESH_SERVICE, STR_INIT("default"), STR_INIT("0")}},
};

static void what_is_broken_costs_itself(void **state)
{
    (void)state;
    struct world w = {cache_new(), compile_memory_new(), NULL, NULL, 11};
    const struct compile_input input = {
        .cache = w.cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
    for (int i = 0; i < STEPS; i++) {
        change(&w);
        change(&w);
        struct compile_result *before = compile_snapshot(&input);
        size_t which = draw(&w, ARRAY_SIZE(broken));
        put(&w, broken[which].yaml);
        struct compile_result *after = compile_snapshot(&input);
        if (!model_digest_equal(&before->snapshot->digest, &after->snapshot->digest))
            fail_msg("step %d: %s", i, broken[which].yaml);
        before = compile_result_free(before);
        after = compile_result_free(after);
        cache_remove(w.cache, &broken[which].key);
    }
    world_deinit(&w);
}

/* A draft keeps what it is made of, whatever is remembered since, and when nothing is. */
static void drafts_stand_alone(void **state)
{
    (void)state;
    struct world w = {cache_new(), compile_memory_new(), NULL, NULL, 3};
    const struct compile_input input = {
        .cache = w.cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
    const struct compile_draft *drafts[8];
    put_gateway(&w, 'e');
    for (size_t i = 0; i < ARRAY_SIZE(drafts); i++) {
        for (int j = 0; j < 20; j++)
            change(&w);
        drafts[i] = compile_draft_new(&input, w.memory);
    }
    w.discovery = discovery_new(w.cache);
    struct compile_result *fresh = compile_snapshot(&input);
    struct compile_result *first = compile_result_new(drafts[0], w.discovery, w.memory);
    struct compile_result *last = compile_result_new(drafts[7], w.discovery, w.memory);
    assert_same(last, fresh);
    first = compile_result_free(first);
    last = compile_result_free(last);
    fresh = compile_result_free(fresh);
    w.memory = compile_memory_free(w.memory);
    for (size_t i = 0; i < ARRAY_SIZE(drafts); i++)
        drafts[i] = compile_draft_unref(drafts[i]);
    world_deinit(&w);
}

/* What nobody uses any more is forgotten. */
static void only_the_last_run_is_remembered(void **state)
{
    (void)state;
    struct world w = {cache_new(), compile_memory_new(), NULL, NULL, 1};
    const struct compile_input input = {
        .cache = w.cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
    put_gateway(&w, 'e');
    for (int i = 0; i < 100; i++)
        put_route(&w);
    struct compile_result *result = compile_remembering(&w, &input);
    result = compile_result_free(result);
    for (size_t i = 0; i < ROUTES; i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "r%zu", i);
        const struct api_key key = {API_MESH_GATEWAY_ROUTE, STR_INIT("default"), str_of(name)};
        cache_remove(w.cache, &key);
    }
    result = compile_remembering(&w, &input);
    size_t count = result->snapshot->count;
    result = compile_result_free(result);
    assert_true(model_resources_alive() <= count);
    assert_int_equal(api_objects_alive(), 1); /* the gateway */
    world_deinit(&w);
}

static void what_did_not_change_is_not_done_again(void **state)
{
    (void)state;
    struct world w = {cache_new(), compile_memory_new(), NULL, NULL, 7};
    const struct compile_input input = {
        .cache = w.cache, .dataplanes = &manifests_dataplane, .dataplane_count = 1};
    put(&w, "{type: MeshGateway, mesh: default, name: g, selectors: [{match: {kuma.io/service: "
            "e}}], conf: {listeners: [{port: 80, protocol: HTTP}]}}");
    for (int i = 0; i < 100; i++)
        put_route(&w);
    struct compile_result *result = compile_remembering(&w, &input);
    result = compile_result_free(result);
    struct compile_counts before = compile_memory_counts(w.memory);
    put_service(&w);
    result = compile_remembering(&w, &input);
    result = compile_result_free(result);
    assert_int_equal(compile_memory_counts(w.memory).drafts, before.drafts);
    before = compile_memory_counts(w.memory);
    put(&w, "{type: MeshGatewayRoute, mesh: default, name: r0, selectors: [{match: "
            "{kuma.io/service: e}}], conf: {http: {rules: [{matches: [{path: {match: PREFIX, "
            "value: /}}], backends: [{destination: {kuma.io/service: s0_ns_svc_80}}]}]}}}");
    result = compile_remembering(&w, &input);
    result = compile_result_free(result);
    struct compile_counts after = compile_memory_counts(w.memory);
    assert_int_equal(after.routes, before.routes + 1);
    assert_true(after.endpoints <= before.endpoints + 1);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembered_is_as_new),
        cmocka_unit_test(what_is_broken_costs_itself),
        cmocka_unit_test(drafts_stand_alone),
        cmocka_unit_test(only_the_last_run_is_remembered),
        cmocka_unit_test(what_did_not_change_is_not_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
