/* Objects that are too large to be meant. */
#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

#define ROUTE                                                                                      \
    "type: MeshGatewayRoute\nmesh: m\nname: nn\n"                                                  \
    "selectors: [{match: {kuma.io/service: a}}]\n"                                                 \
    "conf: {http: {rules: [{matches: [{method: GET}], backends: [{destination: {kuma.io/service: " \
    "b}}]}], hostnames: [\n"

static void lists_are_bounded(void **state)
{
    (void)state;
    manifest_decode_many(&m, ROUTE, API_ITEMS_MAX, "a,", "]}}\n");
    assert_findings(&m, "");
    manifest_decode_many(&m, ROUTE, API_ITEMS_MAX + 1, "a,", "]}}\n");
    assert_findings(&m, "5:101 error conf.http.hostnames: has 10001 items: at most 10000 are read, "
                        "so none is\n");
    assert_true(m.object->broken);
    manifest_decode_many(&m,
                         "type: MeshGateway\nmesh: m\nname: nn\n"
                         "selectors: [{match: {kuma.io/service: a}}]\nconf: {listeners: [\n",
                         API_ITEMS_MAX + 1, "{port: 80, protocol: HTTP},", "]}\n");
    assert_findings(&m, "5:8 error conf.listeners: has 10001 items: at most 10000 are read, so "
                        "none is\n");
}

static void maps_are_bounded(void **state)
{
    (void)state;
    struct buf yaml;
    buf_init(&yaml, 4 << 20);
    buf_append(&yaml, STR("type: MeshGateway\nmesh: m\nname: nn\n"
                          "selectors: [{match: {kuma.io/service: a}}]\n"
                          "conf: {listeners: [{port: 80, protocol: HTTP}]}\ntags:\n"));
    for (size_t i = 0; i <= API_ITEMS_MAX; i++)
        buf_printf(&yaml, " k%zu: v\n", i);
    buf_append_char(&yaml, '\0');
    manifest_decode(&m, yaml.data);
    buf_deinit(&yaml);
    assert_findings(&m, "6:1 error tags: has 10001 items: at most 10000 are read, so none is\n");
}

static void findings_of_an_object_are_bounded(void **state)
{
    (void)state;
    manifest_decode_many(&m,
                         "type: MeshGateway\nmesh: m\nname: nn\n"
                         "selectors: [{match: {kuma.io/service: a}}]\nconf: {listeners: [\n",
                         API_FINDINGS_MAX, "{port: 80, protocol: HTTP, protocoll: HTTP},\n",
                         "]}\n");
    assert_int_equal(finding_count(m.object->findings), API_FINDINGS_MAX + 1);
    const struct finding *last = finding_get(m.object->findings, API_FINDINGS_MAX);
    assert_str(last->message, "there is more to say about this object than the first 100 findings");
    assert_str(last->subject.name, "nn");
    /* What is not said any more counts all the same. */
    for (size_t i = 0; i < API_FINDINGS_MAX; i++)
        assert_true(m.object->mesh_gateway->listeners[i].broken);
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_are_bounded),
        TEST(maps_are_bounded),
        TEST(findings_of_an_object_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
