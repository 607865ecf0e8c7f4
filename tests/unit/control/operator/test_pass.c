/* After any sequence of changes an operator serves and says what one that has just started does. */
#include "world.h"

#include "control/operator/statuses.h"
#include "core/loop/loop.h"

#define STEPS 1000

static const char *const meshes[] = {"default", "other"};
static const char *const gateways[] = {"edge", "side"};
static const char *const routes[] = {"r", "s", "t"};
static const char *const pods[] = {"a", "b", "c"};
static const char *const uids[] = {"1", "2", "3"};

/* One operator's word. */
struct teller {
    struct operator__records records;
    struct operator__statuses statuses;
    struct apply *apply;
};

static struct world w;
static struct loop *loop;
static struct teller teller;
static uint32_t random_state;
static uint64_t now_ms;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 1664525U + 1013904223U;
    return (random_state >> 16) % below;
}

#define DRAW(list) (list)[draw(ARRAY_SIZE(list))]

static void on_send(void *arg, const struct apply_document *document)
{
    (void)arg;
    fail_msg("%.*s", STR_ARG(document->path)); /* the loop does not turn */
}

static void teller_init(struct teller *of)
{
    of->apply = apply_new(loop, on_send, NULL);
    operator__records_init(&of->records);
    operator__statuses_init(&of->statuses, &of->records, of->apply);
}

static void teller_deinit(struct teller *of)
{
    operator__statuses_deinit(&of->statuses);
    operator__records_deinit(&of->records);
    of->apply = apply_free(of->apply);
}

static void say(struct teller *of, const struct operator__groups *groups,
                const struct operator__proxies *proxies)
{
    struct compile_review *review = operator__groups_review(groups);
    const struct operator__view view = {
        .report = &review->report,
        .groups = groups,
        .proxies = proxies,
        .find = world_find_pod,
        .find_arg = &w,
        .now_ms = now_ms,
        .wall_ms = now_ms,
    };
    (void)operator__statuses_say(&of->statuses, &view); /* when there is more is tested elsewhere */
    review = compile_review_free(review);
}

/* ---- Changes ---- */

static void remove_if_there(enum api_kind kind, const char *mesh, const char *name)
{
    const struct api_key key = {.kind = kind, .mesh = str_of(mesh), .name = str_of(name)};
    const struct api_object *object = cache_find(w.cache, &key);
    if (object == NULL)
        return;
    if (kind == API_MESH_GATEWAY || kind == API_MESH_GATEWAY_ROUTE)
        operator__records_forget(&teller.records, operator__status_path(w.arena, object));
    cache_remove(w.cache, &key);
}

/* In a cluster a name is of one object, whatever its mesh. */
static void remove_anywhere(enum api_kind kind, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(meshes); i++)
        remove_if_there(kind, meshes[i], name);
}

static void remove_pod(const char *name)
{
    remove_anywhere(API_POD, str_format(w.arena, "%s.ns", name).data);
}

static void put_pod(void)
{
    static const char *const tags[] = {EDGE_TAGS, EDGE_TAGS ",\"zone\":\"z\"",
                                       "\"kuma.io/service\":\"side\"",
                                       "\"kuma.io/service\":\"nobody\"", "no tags"};
    uint32_t pod = draw(ARRAY_SIZE(pods));
    remove_pod(pods[pod]);
    world_put_pod(&w, DRAW(meshes), pods[pod], uids[pod], DRAW(tags));
}

static void put_slice(void)
{
    const char *pod = DRAW(pods);
    world_put_slice(&w, str_format(w.arena, "slice-%s", pod).data, pod,
                    draw(2) == 0 ? "true" : "false");
}

static void put_gateway(void)
{
    static const char *const broken[] = {"", "selectors: [{match: {kuma.io/service: edge}}], conf: "
                                             "{listeners: [{port: 80, protocol: TCP}]}"};
    const char *mesh = DRAW(meshes);
    const char *name = DRAW(gateways);
    remove_if_there(API_MESH_GATEWAY, mesh == meshes[0] ? meshes[1] : meshes[0], name);
    if (draw(5) > 0)
        world_put_gateway(&w, mesh, name, 80 + draw(2));
    else
        world_put(&w, str_format(w.arena,
                                 "{kind: MeshGateway, mesh: %s, metadata: {name: %s}, spec: {%s}}",
                                 mesh, name, DRAW(broken))
                          .data);
}

static void put_route(void)
{
    static const char *const services[] = {"edge", "side", "*", "nobody"};
    static const char *const paths[] = {"/", "/a", "no"};
    const char *mesh = DRAW(meshes);
    const char *name = DRAW(routes);
    remove_if_there(API_MESH_GATEWAY_ROUTE, mesh == meshes[0] ? meshes[1] : meshes[0], name);
    world_put_route(&w, mesh, name, DRAW(services), DRAW(paths));
}

static void change(void)
{
    switch (draw(10)) {
    case 0: put_gateway(); return;
    case 1: remove_anywhere(API_MESH_GATEWAY, DRAW(gateways)); return;
    case 2:
    case 3: put_route(); return;
    case 4: remove_anywhere(API_MESH_GATEWAY_ROUTE, DRAW(routes)); return;
    case 5: put_pod(); return;
    case 6: remove_pod(DRAW(pods)); return;
    case 7: put_slice(); return;
    default: world_put_back_end(&w, str_format(w.arena, "10.0.0.%u", draw(5)).data); return;
    }
}

/* ---- Proxies ---- */

/* Each acknowledges with that chance of `of`; those that are none any more are forgotten. */
static void acknowledge(uint32_t chance, uint32_t of)
{
    for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
        const struct operator__place *place = map_get(w.proxies.by_uid, str_of(uids[i]));
        if (place != NULL && draw(of) < chance) {
            world_acknowledge(&w, uids[i], str_dup(w.arena, place->group->key).data);
        } else if (place == NULL) {
            struct world_pod *pod = world_know(&w, uids[i]);
            pod->acknowledged = model_snapshot_unref(pod->acknowledged);
            *pod = (struct world_pod){.uid = uids[i]};
        }
    }
}

/* ---- Comparing ---- */

static void on_fresh_serve(void *arg, struct str key, const struct model_snapshot *snapshot)
{
    (void)arg;
    (void)snapshot;
    assert_non_null(operator__groups_find(&w.groups, key));
}

static void on_fresh_gone(void *arg, struct str key)
{
    (void)arg;
    fail_msg("%.*s", STR_ARG(key));
}

/* What stands there, without its times. */
static struct str without_times(const struct teller *of, struct str path)
{
    static const char *const member = "\"lastTransitionTime\":\"";
    struct str text = str_dup(w.arena, operator__records_standing(&of->records, path));
    char *at = (char *)(uintptr_t)text.data;
    while ((at = strstr(at, member)) != NULL) {
        at += strlen(member);
        memset(at, '0', strlen("2026-11-24T00:00:00Z"));
    }
    return text;
}

static void expect_equal_words(const struct teller *fresh, enum api_kind kind)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(w.cache, kind, &count);
    for (size_t i = 0; i < count; i++) {
        struct str path = operator__status_path(w.arena, objects[i]);
        struct str wanted = without_times(fresh, path);
        struct str said = without_times(&teller, path);
        assert_true(wanted.size > 0);
        if (!str_equal(said, wanted))
            fail_msg("%.*s\n%.*s\n%.*s", STR_ARG(path), STR_ARG(said), STR_ARG(wanted));
    }
}

static void expect_equal_groups(const struct operator__groups *fresh)
{
    struct map_cursor at = {0};
    const struct operator__group *group;
    assert_int_equal(map_count(fresh->by_key), map_count(w.groups.by_key));
    while ((group = map_next(fresh->by_key, &at)) != NULL) {
        const struct operator__group *own = operator__groups_find(&w.groups, group->key);
        assert_non_null(own);
        assert_true(
            model_digest_equal(&own->result->snapshot->digest, &group->result->snapshot->digest));
    }
}

static void compare(void)
{
    const struct operator__group_events group_events = {on_fresh_serve, on_fresh_gone, NULL};
    const struct operator__pod_events pod_events = {NULL, NULL, NULL}; /* nobody was there */
    const struct cache_changes nothing = {0};
    struct operator__groups groups;
    struct operator__proxies proxies;
    struct teller fresh;
    operator__groups_init(&groups, w.cache, &w.groups.options, &group_events);
    operator__proxies_init(&proxies);
    teller_init(&fresh);
    operator__groups_update(&groups, &nothing);
    operator__proxies_update(&proxies, w.cache, groups.placement, &pod_events);
    operator__groups_drop(&groups);
    say(&fresh, &groups, &proxies);
    expect_equal_groups(&groups);
    expect_equal_words(&fresh, API_MESH_GATEWAY);
    expect_equal_words(&fresh, API_MESH_GATEWAY_ROUTE);
    teller_deinit(&fresh);
    operator__proxies_deinit(&proxies);
    operator__groups_deinit(&groups);
}

static void step(void)
{
    for (uint32_t i = draw(3); i < 3; i++)
        change();
    world_update(&w);
    acknowledge(1, 2);
    now_ms += draw(1200);
    say(&teller, &w.groups, &w.proxies); /* maybe nothing of some, or that they wait */
    acknowledge(1, 1);
    now_ms += draw(1200);
    say(&teller, &w.groups, &w.proxies);
    compare();
}

static void whatever_happened_is_forgotten(void **state)
{
    (void)state;
    world_init(&w, NULL, 0);
    loop = loop_new();
    teller_init(&teller);
    random_state = 1;
    now_ms = 0;
    for (unsigned i = 0; i < STEPS; i++)
        step();
    teller_deinit(&teller);
    loop = loop_free(loop);
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happened_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
