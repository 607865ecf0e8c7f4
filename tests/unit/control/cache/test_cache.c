#include "control/cache/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/yaml/yaml.h"

static struct cache *cache;

static int setup(void **state)
{
    (void)state;
    cache = cache_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cache = cache_free(cache);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static const struct api_object *object(const char *type, const char *mesh, const char *name)
{
    char yaml[256];
    snprintf(yaml, sizeof(yaml), "{type: %s, mesh: '%s', name: '%s'}", type, mesh, name);
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    assert_int_equal(yaml_parse(arena, str_of(yaml), &stream, &error), ERR_OK);
    const struct api_origin origin = {.file = STR("t.yaml")};
    const struct api_object *decoded = api_decode(stream.documents[0], &origin, problems);
    assert_non_null(decoded);
    return decoded;
}

static void put(const char *type, const char *mesh, const char *name)
{
    const struct api_object *added = object(type, mesh, name);
    cache_put(cache, added);
    (void)api_object_unref(added); /* the cache has its own */
}

/* The names of a list, each behind a space. */
static void assert_names(const struct api_object *const *list, size_t count, const char *wanted)
{
    struct buf got;
    buf_init(&got, 4096);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(&got, ' ');
        buf_append(&got, list[i]->key.name);
    }
    buf_append_char(&got, '\0');
    assert_string_equal(got.data, wanted);
    buf_deinit(&got);
}

static void assert_meshes(const struct str *meshes, size_t count, const char *wanted)
{
    struct buf got;
    buf_init(&got, 4096);
    for (size_t i = 0; i < count; i++) {
        buf_append_char(&got, ' ');
        buf_append(&got, meshes[i]);
    }
    buf_append_char(&got, '\0');
    assert_string_equal(got.data, wanted);
    buf_deinit(&got);
}

static void assert_changes(const char *wanted)
{
    struct cache_changes changes = cache_take_changes(cache);
    assert_meshes(changes.meshes, changes.mesh_count, wanted);
    assert_false(cache_has_changes(cache));
}

static void lists_are_sorted_whatever_came_first(void **state)
{
    (void)state;
    put("MeshGatewayRoute", "m", "c");
    put("MeshGatewayRoute", "m", "a");
    put("MeshGatewayRoute", "l", "z");
    put("MeshGatewayRoute", "m", "b");
    put("MeshGatewayRoute", "m2", "a");
    put("MeshGateway", "m", "g");
    size_t count = 0;
    const struct api_object *const *list = cache_list(cache, API_MESH_GATEWAY_ROUTE, STR("m"),
                                                      &count);
    assert_names(list, count, " a b c");
    list = cache_list(cache, API_MESH_GATEWAY_ROUTE, STR("m2"), &count);
    assert_names(list, count, " a");
    list = cache_list_all(cache, API_MESH_GATEWAY_ROUTE, &count);
    assert_names(list, count, " z a b c a");
    assert_int_equal(cache_count(cache, API_MESH_GATEWAY_ROUTE, STR("m")), 3);
    assert_int_equal(cache_count(cache, API_MESH_GATEWAY_ROUTE, STR("k")), 0);
    assert_int_equal(cache_count_all(cache, API_MESH_GATEWAY_ROUTE), 5);
    assert_int_equal(cache_count_all(cache, API_SECRET), 0);
    (void)cache_list(cache, API_SECRET, STR("m"), &count);
    assert_int_equal(count, 0);
    (void)cache_list(cache, API_MESH_GATEWAY_ROUTE, STR("k"), &count);
    assert_int_equal(count, 0);
}

static void put_replaces_and_remove_forgets(void **state)
{
    (void)state;
    const struct api_key key = {API_MESH_GATEWAY, STR_INIT("m"), STR_INIT("g")};
    assert_null(cache_find(cache, &key));
    put("MeshGateway", "m", "g");
    const struct api_object *first = cache_find(cache, &key);
    assert_non_null(first);
    put("MeshGateway", "m", "g");
    assert_int_equal(api_objects_alive(), 1);
    assert_ptr_not_equal(cache_find(cache, &key), NULL);
    cache_remove(cache, &cache_find(cache, &key)->key); /* a key that goes with its object */
    assert_null(cache_find(cache, &key));
    assert_int_equal(api_objects_alive(), 0);
    cache_remove(cache, &key);
}

static void says_once_which_meshes_were_touched(void **state)
{
    (void)state;
    assert_false(cache_has_changes(cache));
    assert_changes("");
    put("MeshGateway", "b", "g");
    put("MeshGateway", "a", "g");
    put("MeshGatewayRoute", "a", "r");
    put("Mesh", "", "c");
    assert_true(cache_has_changes(cache));
    assert_changes(" a b c");
    const struct api_key key = {API_MESH_GATEWAY, STR_INIT("b"), STR_INIT("g")};
    const struct api_object *same = api_object_ref(cache_find(cache, &key));
    cache_put(cache, same);
    assert_false(cache_has_changes(cache)); /* the same pointer */
    cache_remove(cache, &key);
    cache_remove(cache, &key);
    (void)api_object_unref(same); /* ours */
    assert_changes(" b");
}

static void a_mesh_exists_as_soon_as_it_is_named(void **state)
{
    (void)state;
    size_t count = 0;
    (void)cache_meshes(cache, &count);
    assert_int_equal(count, 0);
    put("Mesh", "", "b");
    put("Secret", "c", "s");
    put("Dataplane", "a", "d");
    put("Dataplane", "c", "d");
    put("Dataplane", "", "lost");
    const struct str *meshes = cache_meshes(cache, &count);
    assert_meshes(meshes, count, " a b c");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* Decodes as an API server's answer, or as a manifest, and puts. */
static void put_text(const char *yaml)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    assert_int_equal(yaml_parse(arena, str_of(yaml), &stream, &error), ERR_OK);
    struct str name = jv_text(jv_get(stream.documents[0], STR("kind")));
    struct api_origin origin = {.file = STR("t.yaml")};
    for (enum api_kind kind = API_SERVICE; kind < API_KINDS; kind++) {
        if (str_equal(api_kind_name(kind), name))
            origin = (struct api_origin){.has_kind = true, .kind = kind};
    }
    const struct api_object *added = api_decode(stream.documents[0], &origin, problems);
    assert_non_null(added);
    cache_put(cache, added);
    (void)api_object_unref(added); /* the cache has its own */
}

static void assert_marks(const char *meshes, bool back_ends)
{
    struct cache_changes changes = cache_take_changes(cache);
    assert_meshes(changes.meshes, changes.mesh_count, meshes);
    assert_int_equal(changes.back_ends, back_ends);
    assert_false(cache_has_changes(cache));
}

#define GATEWAY_POD                                                             \
    "{kind: Pod, metadata: {name: p, labels: {kuma.io/mesh: m}, annotations: {" \
    "kuma.io/gateway: builtin, kuma.io/tags: '{\"kuma.io/service\":\"s\"}'}}}"
#define GATEWAY_DATAPLANE                                                                   \
    "{type: Dataplane, mesh: m, name: d, networking: {address: 127.0.0.1, gateway: {type: " \
    "BUILTIN, tags: {kuma.io/service: s}}}}"
#define INBOUND_DATAPLANE                                                                       \
    "{type: Dataplane, mesh: m, name: d, networking: {address: 127.0.0.1, inbound: [{port: 1, " \
    "tags: {kuma.io/service: s}}]}}"

static void back_ends_are_told_from_routes(void **state)
{
    (void)state;
    put_text("{kind: Service, metadata: {name: x}}");
    assert_true(cache_has_changes(cache));
    assert_marks("", true);
    put_text("{kind: EndpointSlice, metadata: {name: x}}");
    assert_marks("", true);
    put_text("{kind: Pod, metadata: {name: x}}");
    assert_marks("", true);
    put("ExternalService", "m", "x");
    assert_marks("", true);
    put_text(INBOUND_DATAPLANE);
    assert_marks("", true);
    put_text(GATEWAY_DATAPLANE);
    assert_marks(" m", true);
    put_text(INBOUND_DATAPLANE); /* it was one */
    assert_marks(" m", true);
    put_text(GATEWAY_POD);
    assert_marks(" m", true);
    put_text("{kind: Pod, metadata: {name: p, labels: {kuma.io/mesh: m}}}");
    assert_marks(" m", true);
    const struct api_key service = {API_SERVICE, STR_INIT(""), STR_INIT("x.default")};
    cache_remove(cache, &service);
    assert_marks("", true);
    put("MeshGatewayRoute", "m", "r");
    assert_marks(" m", false);
}

/* Most events about pods say nothing new; the object that is there stays where others point. */
static void workloads_that_say_the_same_are_no_change(void **state)
{
    (void)state;
    const struct api_key key = {API_POD, STR_INIT("default"), STR_INIT("x.default")};
    put_text("{kind: Pod, metadata: {name: x, resourceVersion: '1'}}");
    const struct api_object *first = cache_find(cache, &key);
    assert_marks("", true);
    put_text("{kind: Pod, metadata: {name: x, resourceVersion: '2'}}");
    assert_false(cache_has_changes(cache));
    assert_ptr_equal(cache_find(cache, &key), first);
    put_text("{kind: Pod, metadata: {name: x, labels: {a: b}}}");
    assert_marks("", true);
}

#define SLICE(name, service, address)                                                         \
    "{kind: EndpointSlice, metadata: {name: " name ", namespace: ns, labels: "                \
    "{kubernetes.io/service-name: " service "}}, addressType: IPv4, endpoints: [{addresses: " \
    "[" address "]}], ports: [{name: http, port: 80}]}"

static void assert_slices(const char *expected)
{
    struct cache_changes changes = cache_take_changes(cache);
    char text[256] = "";
    assert_true(changes.back_ends);
    assert_true(changes.only_slices);
    for (size_t i = 0; i < changes.slice_count; i++) {
        const struct cache_slice *slice = &changes.slices[i];
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof(text) - size, " %.*s/%.*s/%.*s", STR_ARG(slice->name),
                       STR_ARG(slice->service), STR_ARG(slice->namespace));
    }
    assert_string_equal(text, expected);
}

static void slices_are_told_while_nothing_else_changes(void **state)
{
    (void)state;
    put_text(SLICE("a", "s", "10.0.0.1"));
    assert_slices(" a.ns/s/ns");
    put_text(SLICE("a", "t", "10.0.0.1")); /* from one service to another */
    assert_slices(" a.ns/s/ns a.ns/t/ns");
    cache_remove(cache, &(struct api_key){API_ENDPOINT_SLICE, STR_EMPTY, STR("a.ns")});
    assert_slices(" a.ns/t/ns");
    put_text(SLICE("a", "t", "10.0.0.1"));
    put_text("{kind: Service, metadata: {name: s, namespace: ns}, spec: {ports: [{port: 1}]}}");
    assert_false(cache_take_changes(cache).only_slices);
    put("MeshGatewayRoute", "m", "r");
    assert_false(cache_take_changes(cache).only_slices);
    for (int i = 0; i <= CACHE_SLICES_MAX; i++) {
        char address[256];
        (void)snprintf(address, sizeof(address), SLICE("a", "t", "10.0.1.%d"), i);
        put_text(address);
    }
    assert_false(cache_take_changes(cache).only_slices);
    put_text(SLICE("b", "t", "10.0.0.1"));
    assert_slices(" b.ns/t/ns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_are_sorted_whatever_came_first),
        TEST(put_replaces_and_remove_forgets),
        TEST(says_once_which_meshes_were_touched),
        TEST(a_mesh_exists_as_soon_as_it_is_named),
        TEST(slices_are_told_while_nothing_else_changes),
        TEST(back_ends_are_told_from_routes),
        TEST(workloads_that_say_the_same_are_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
