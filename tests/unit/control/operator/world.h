/* A cluster as the parts of the operator see it, for tests: a cache filled from YAML, the groups
 * and proxies that are made of it, and a stream that is told what its pods do. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "control/operator/proxies.h"
#include "core/yaml/yaml.h"

#define WORLD_PODS 4

/* The group of the pods of gateway edge. */
#define EDGE_KEY "default/kuma.io/service=edge"

/* What the stream knows of a pod. */
struct world_pod {
    const char *uid; /* NULL: nothing */
    bool connected;
    enum publish_state state;
    const struct model_snapshot *acknowledged;
    bool had;
};

struct world {
    struct cache *cache;
    struct arena *arena;
    struct finding_list *findings;
    struct operator__groups groups;
    struct operator__proxies proxies;
    struct world_pod pods[WORLD_PODS];
    struct buf events; /* "serve <group>", "gone <group>", "moved <uid> <group>", "left <uid>" */
};

static inline void world_on_serve(void *arg, struct str key, const struct model_snapshot *snapshot)
{
    struct world *w = arg;
    assert_ptr_equal(operator__groups_find(&w->groups, key)->result->snapshot, snapshot);
    buf_printf(&w->events, "serve %.*s\n", STR_ARG(key));
}

static inline void world_on_gone(void *arg, struct str key)
{
    struct world *w = arg;
    buf_printf(&w->events, "gone %.*s\n", STR_ARG(key));
}

static inline void world_on_moved(void *arg, struct str uid, struct str group)
{
    struct world *w = arg;
    buf_printf(&w->events, "moved %.*s %.*s\n", STR_ARG(uid), STR_ARG(group));
}

static inline void world_on_left(void *arg, struct str uid)
{
    struct world *w = arg;
    buf_printf(&w->events, "left %.*s\n", STR_ARG(uid));
}

/* `namespaces`: whose pods may be gateways; none: all. */
static inline void world_init(struct world *w, const struct str *namespaces, size_t count)
{
    const struct placement_group_options options = {
        .address = STR("::"), .namespaces = namespaces, .namespace_count = count};
    const struct operator__group_events events = {world_on_serve, world_on_gone, w};
    *w = (struct world){
        .cache = cache_new(), .arena = arena_new(4096), .findings = finding_list_new()};
    buf_init(&w->events, 65536);
    operator__groups_init(&w->groups, w->cache, &options, &events);
    operator__proxies_init(&w->proxies);
}

static inline void world_deinit(struct world *w)
{
    for (size_t i = 0; i < WORLD_PODS; i++)
        w->pods[i].acknowledged = model_snapshot_unref(w->pods[i].acknowledged);
    operator__proxies_deinit(&w->proxies);
    operator__groups_deinit(&w->groups);
    w->cache = cache_free(w->cache);
    w->arena = arena_free(w->arena);
    w->findings = finding_list_free(w->findings);
    buf_deinit(&w->events);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_snapshots_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
}

/* ---- The API server ---- */

/* Documents as it delivers them. */
static inline void world_put(struct world *w, const char *yaml)
{
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(w->arena, str_of(yaml), &stream, &error) != ERR_OK)
        fail_msg("%u:%u: %s", error.mark.line, error.mark.column, error.message);
    for (size_t i = 0; i < stream.count; i++) {
        struct str kind = jv_text(jv_get(stream.documents[i], STR("kind")));
        struct api_origin origin = {.has_kind = true};
        while (origin.kind < API_KINDS && !str_equal(api_kind_name(origin.kind), kind))
            origin.kind++;
        assert_true(origin.kind < API_KINDS);
        const struct api_object *object = api_decode(stream.documents[i], &origin, w->findings);
        assert_non_null(object);
        cache_put(w->cache, object);
        object = api_object_unref(object);
    }
}

/* What the server would count: one more than what is there, or `first`. */
static inline unsigned world_generation(const struct world *w, enum api_kind kind, const char *mesh,
                                        const char *name, unsigned first)
{
    const struct api_key key = {kind, str_of(mesh), str_of(name)};
    const struct api_object *object = cache_find(w->cache, &key);
    return object == NULL ? first : (unsigned)object->generation + 1;
}

/* A gateway with one HTTP listener, whose service has its name. */
static inline void world_put_gateway(struct world *w, const char *mesh, const char *name,
                                     unsigned port)
{
    world_put(w, str_format(w->arena,
                            "{kind: MeshGateway, mesh: %s, metadata: {name: %s, generation: %u, "
                            "uid: u-%s}, spec: {selectors: [{match: {kuma.io/service: %s}}], "
                            "conf: {listeners: [{port: %u, protocol: HTTP}]}}}",
                            mesh, name, world_generation(w, API_MESH_GATEWAY, mesh, name, 3), name,
                            name, port)
                     .data);
}

/* A route of everything below `path` to Service web, attached to the gateways of `service`. */
static inline void world_put_route(struct world *w, const char *mesh, const char *name,
                                   const char *service, const char *path)
{
    world_put(
        w, str_format(w->arena,
                      "{kind: MeshGatewayRoute, mesh: %s, metadata: {name: %s, generation: %u, "
                      "uid: u-%s}, spec: {selectors: [{match: {kuma.io/service: '%s'}}], conf: "
                      "{http: {rules: [{matches: [{path: {match: PREFIX, value: %s}}], backends: "
                      "[{destination: {kuma.io/service: web_shop_svc_80}}]}]}}}}",
                      mesh, name, world_generation(w, API_MESH_GATEWAY_ROUTE, mesh, name, 5), name,
                      service, path)
               .data);
}

/* A pod of namespace ns that says it is a gateway; `more` is more of its annotations. */
static inline void world_put_pod(struct world *w, const char *mesh, const char *name,
                                 const char *uid, const char *tags)
{
    world_put(w, str_format(w->arena,
                            "{kind: Pod, metadata: {name: %s, namespace: ns, uid: '%s', labels: "
                            "{kuma.io/mesh: %s}, annotations: {kuma.io/gateway: builtin, "
                            "kuma.io/tags: '{%s}'}}}",
                            name, uid, mesh, tags)
                     .data);
}

#define EDGE_TAGS "\"kuma.io/service\":\"edge\""

/* Service web, with one back end. */
static inline void world_put_back_end(struct world *w, const char *address)
{
    world_put(w, "{kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: "
                 "80}]}}");
    world_put(w, str_format(w->arena,
                            "{kind: EndpointSlice, metadata: {name: web-1, namespace: shop, "
                            "labels: {kubernetes.io/service-name: web}}, addressType: IPv4, "
                            "endpoints: [{addresses: [%s]}], ports: [{port: 80}]}",
                            address)
                     .data);
}

/* A slice of namespace ns that names one pod. */
static inline void world_put_slice(struct world *w, const char *name, const char *pod,
                                   const char *ready)
{
    world_put(w, str_format(w->arena,
                            "{kind: EndpointSlice, metadata: {name: %s, namespace: ns, labels: "
                            "{kubernetes.io/service-name: edge}}, addressType: IPv4, endpoints: "
                            "[{addresses: [10.0.0.1], targetRef: {kind: Pod, name: %s}, "
                            "conditions: {ready: %s}}], ports: [{port: 80}]}",
                            name, pod, ready)
                     .data);
}

static inline void world_remove(struct world *w, enum api_kind kind, const char *mesh,
                                const char *name)
{
    const struct api_key key = {.kind = kind, .mesh = str_of(mesh), .name = str_of(name)};
    assert_non_null(cache_find(w->cache, &key));
    cache_remove(w->cache, &key);
}

static inline const struct api_object *world_object(const struct world *w, enum api_kind kind,
                                                    const char *mesh, const char *name)
{
    const struct api_key key = {.kind = kind, .mesh = str_of(mesh), .name = str_of(name)};
    const struct api_object *object = cache_find(w->cache, &key);
    assert_non_null(object);
    return object;
}

/* ---- A pass ---- */

static inline void world_begin_update(struct world *w)
{
    const struct cache_changes changes = cache_take_changes(w->cache);
    buf_clear(&w->events);
    operator__groups_update(&w->groups, &changes);
}

static inline void world_update_groups(struct world *w)
{
    world_begin_update(w);
    operator__groups_drop(&w->groups);
}

static inline void world_update(struct world *w)
{
    const struct operator__pod_events events = {world_on_moved, world_on_left, w};
    world_begin_update(w);
    operator__proxies_update(&w->proxies, w->cache, w->groups.placement, &events);
    operator__groups_drop(&w->groups);
}

/* What it told. */
static inline void expect_events(const struct world *w, const char *wanted)
{
    if (!str_equal(buf_str(&w->events), str_of(wanted)))
        fail_msg("%.*s", STR_ARG(buf_str(&w->events)));
}

static inline const struct operator__group *world_group(const struct world *w, const char *key)
{
    const struct operator__group *group = operator__groups_find(&w->groups, str_of(key));
    assert_non_null(group);
    return group;
}

/* ---- The stream ---- */

/* An operator__pod_find_fn. */
static inline bool world_find_pod(void *arg, struct str uid, struct stream_pod *ret_pod)
{
    const struct world *w = arg;
    for (size_t i = 0; i < WORLD_PODS; i++) {
        const struct world_pod *pod = &w->pods[i];
        if (pod->uid == NULL || !str_equal(str_of(pod->uid), uid))
            continue;
        *ret_pod = (struct stream_pod){
            .connected = pod->connected,
            .had = pod->had,
            .status = {.state = pod->state, .acknowledged = pod->acknowledged},
        };
        if (pod->state == PUBLISH_REFUSED) {
            ret_pod->status.refused_resource = STR("listener edge:80");
            ret_pod->status.refused_reason = STR("port 80 is in use");
        }
        return true;
    }
    return false;
}

/* The pod as the stream knows it, from now on. */
static inline struct world_pod *world_know(struct world *w, const char *uid)
{
    size_t i = 0;
    while (i < WORLD_PODS && w->pods[i].uid != NULL && strcmp(w->pods[i].uid, uid) != 0)
        i++;
    assert_true(i < WORLD_PODS);
    w->pods[i].uid = uid;
    return &w->pods[i];
}

/* It is connected and acknowledges what its group is to serve. */
static inline void world_acknowledge(struct world *w, const char *uid, const char *group)
{
    struct world_pod *pod = world_know(w, uid);
    pod->connected = true;
    pod->state = PUBLISH_SERVED;
    pod->acknowledged = model_snapshot_unref(pod->acknowledged);
    pod->acknowledged = model_snapshot_ref(world_group(w, group)->result->snapshot);
}
