#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "control/placement/placement.h"
#include "core/yaml/yaml.h"

static struct cache *cache;
static struct finding_list *findings;
static struct placement_groups *groups;

static int setup(void **state)
{
    (void)state;
    cache = cache_new();
    findings = finding_list_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cache = cache_free(cache);
    findings = finding_list_free(findings);
    groups = placement_groups_free(groups); /* last: it holds what it points into */
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static void put(const char *yaml)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, str_of(yaml), &stream, &error) != ERR_OK)
        fail_msg("%s: %s", yaml, error.message);
    bool is_pod = jv_find(stream.documents[0], STR("kind")) != NULL;
    const struct api_origin origin = {
        .file = STR("t.yaml"), .has_kind = is_pod, .kind = is_pod ? API_POD : API_MESH};
    const struct api_object *object = api_decode(stream.documents[0], &origin, findings);
    assert_non_null(object);
    cache_put(cache, object);
    object = api_object_unref(object);
}

/* Services of pods in place of their tags. */
static void put_pod(const char *name, const char *namespace, const char *tags)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{kind: Pod, metadata: {name: %s, namespace: %s, annotations: {kuma.io/gateway: "
                   "builtin, kuma.io/tags: '%s'}}}",
                   name, namespace, tags);
    put(yaml);
}

static void put_gateway(const char *name, const char *service)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{type: MeshGateway, mesh: default, name: %s, selectors: [{match: "
                   "{kuma.io/service: %s}}], conf: {listeners: [{port: 80, protocol: HTTP}]}}",
                   name, service);
    put(yaml);
}

static void place(const struct str *namespaces, size_t count)
{
    const struct placement_group_options options = {
        .address = STR("::"), .namespaces = namespaces, .namespace_count = count};
    groups = placement_groups_new(cache, &options, findings);
}

static void assert_group(size_t index, const char *key, const char *pods)
{
    assert_true(index < groups->count);
    const struct placement_group *group = &groups->items[index];
    assert_true(str_equal(group->key, str_of(key)));
    assert_true(str_equal(group->dataplane.address, STR("::")));
    assert_true(str_equal(group->dataplane.mesh, STR("default")));
    assert_true(str_equal(groups->dataplanes[index].name, group->dataplane.name));
    char names[256] = "";
    size_t size = 0;
    for (size_t i = 0; i < group->pod_count; i++)
        size += (size_t)snprintf(names + size, sizeof(names) - size, " %.*s",
                                 STR_ARG(group->pods[i]->key.name));
    assert_string_equal(names, pods);
}

#define EDGE       "{\"kuma.io/service\":\"edge\"}"
#define EDGE_WITH  "{\"a\":\"b\",\"kuma.io/service\":\"edge\"}"
#define SOME_OTHER "{\"kuma.io/service\":\"other\"}"

static void pods_of_equal_tags_are_one_group(void **state)
{
    (void)state;
    put_gateway("edge", "edge");
    put_pod("b", "ns", EDGE);
    put_pod("a", "ns", EDGE);
    put_pod("c", "ns", EDGE_WITH);
    put("{kind: Pod, metadata: {name: d, labels: {app: d}}}");
    place(NULL, 0);
    assert_int_equal(groups->count, 2);
    assert_group(0, "default/a=b,kuma.io/service=edge", " c.ns");
    assert_group(1, "default/kuma.io/service=edge", " a.ns b.ns");
    assert_int_equal(finding_count(findings), 0);
}

static void a_gateway_that_no_pod_serves_has_a_group(void **state)
{
    (void)state;
    put_gateway("edge", "edge");
    put_gateway("lonely", "'*'");
    put_gateway("loser", "edge"); /* edge comes before it */
    put_pod("a", "ns", EDGE);
    place(NULL, 0);
    assert_int_equal(groups->count, 2);
    assert_group(0, "default/kuma.io/service=edge", " a.ns");
    assert_group(1, "default/kuma.io/service=lonely", "");
}

static void a_pod_that_no_gateway_selects_serves_nothing(void **state)
{
    (void)state;
    put_pod("a", "ns", SOME_OTHER);
    place(NULL, 0);
    assert_int_equal(groups->count, 1);
    assert_group(0, "default/kuma.io/service=other", " a.ns");
    assert_int_equal(finding_count(findings), 1);
    const struct finding *finding = finding_get(findings, 0);
    assert_true(str_equal(finding->field, STR("metadata.annotations[\"kuma.io/tags\"]")));
}

static void broken_pods_are_in_no_group(void **state)
{
    (void)state;
    put_pod("a", "ns", "nonsense");
    place(NULL, 0);
    assert_int_equal(groups->count, 0);
    assert_int_equal(finding_count(findings), 0); /* it has one of its own */
}

static void namespaces_may_be_limited(void **state)
{
    (void)state;
    static const struct str allowed[] = {STR_INIT("edge")};
    put_gateway("edge", "edge");
    put_pod("a", "ns", EDGE);
    put_pod("b", "edge", EDGE);
    place(allowed, 1);
    assert_int_equal(groups->count, 1);
    assert_group(0, "default/kuma.io/service=edge", " b.edge");
    assert_int_equal(finding_count(findings), 1);
    assert_true(str_equal(finding_get(findings, 0)->subject.name, STR("a.ns")));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pods_of_equal_tags_are_one_group),
        TEST(a_gateway_that_no_pod_serves_has_a_group),
        TEST(a_pod_that_no_gateway_selects_serves_nothing),
        TEST(broken_pods_are_in_no_group),
        TEST(namespaces_may_be_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
