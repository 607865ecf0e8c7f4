#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/pipeline/pipeline.h"
#include "core/yaml/yaml.h"

#define GATEWAY                                                                                   \
    "{type: MeshGateway, mesh: default, name: edge, selectors: [{match: {kuma.io/service: e}}], " \
    "conf: {listeners: [{port: 8080, protocol: HTTP}]}}"
#define ROUTE                                                                              \
    "{type: MeshGatewayRoute, mesh: default, name: r, "                                    \
    "selectors: [{match: {kuma.io/service: e}}], conf: {http: {rules: [{matches: [{path: " \
    "{match: PREFIX, value: /}}], backends: [{destination: {kuma.io/service: web}}]}]}}}"

struct world {
    struct loop *loop;
    struct pipeline *pipeline;
    struct source_events events;
    size_t compiles;
    size_t stop_at; /* the loop stops after so many compiles */
    size_t sent;
    struct model_digest last;
};

static void on_send(void *arg, const struct model_transaction *transaction)
{
    struct world *world = arg;
    world->sent++;
    world->last = transaction->result;
}

static void on_compiled(void *arg)
{
    struct world *world = arg;
    if (++world->compiles == world->stop_at)
        loop_stop(world->loop);
}

static bool is_local(void *arg, struct str address)
{
    (void)arg;
    return str_equal(address, STR("127.0.0.1"));
}

static int setup(void **state)
{
    static struct world world;
    world = (struct world){.loop = loop_new()};
    struct pipeline_options options = {
        .loop = world.loop,
        .placement = {.is_local = is_local},
        .send = on_send,
        .compiled = on_compiled,
        .arg = &world,
    };
    world.pipeline = pipeline_new(&options);
    world.events = pipeline_events(world.pipeline);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    pipeline_free(world->pipeline);
    loop_free(world->loop);
    assert_int_equal(api_objects_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
    return 0;
}

static const struct api_object *decode(const char *manifest)
{
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(arena, str_of(manifest), &stream, NULL), ERR_OK);
    struct finding_list *problems = finding_list_new();
    const struct api_origin origin = {.file = STR("in.yaml")};
    const struct api_object *object = api_decode(stream.documents[0], &origin, problems);
    assert_non_null(object);
    finding_list_free(problems);
    arena_free(arena);
    return object;
}

static void apply(struct world *world, const char *manifest)
{
    const struct api_object *object = decode(manifest);
    world->events.apply(world->events.arg, object);
    api_object_unref(object);
}

static void settle(struct world *world)
{
    world->events.settled(world->events.arg);
}

static void run_until(struct world *world, size_t compiles)
{
    world->stop_at = compiles;
    loop_run(world->loop);
}

static void test_nothing_is_compiled_before_the_source_has_settled(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    assert_int_equal(world->compiles, 0);
    assert_null(pipeline_placement(world->pipeline));
    settle(world);
    assert_int_equal(world->compiles, 1);
    assert_int_equal(world->sent, 1);
    assert_int_equal(pipeline_placement(world->pipeline)->count, 1);
    assert_int_equal(publish_status(pipeline_publish(world->pipeline)).state, PUBLISH_SENT);
}

static void test_a_burst_is_compiled_once(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    settle(world);
    assert_true(publish_acknowledge(pipeline_publish(world->pipeline), &world->last));
    apply(world, ROUTE);
    apply(world, ROUTE);
    settle(world);
    assert_int_equal(world->compiles, 1);
    run_until(world, 2);
    assert_int_equal(world->compiles, 2);
    assert_int_equal(world->sent, 2);
}

static void test_back_ends_compile_no_routes(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    apply(world, ROUTE);
    settle(world);
    assert_true(publish_acknowledge(pipeline_publish(world->pipeline), &world->last));
    struct compile_counts before = pipeline_counts(world->pipeline);
    assert_int_equal(before.drafts, 1);
    assert_int_equal(finding_count(pipeline_findings(world->pipeline)), 1); /* nobody is web */
    apply(world, "{type: Dataplane, mesh: default, name: d, networking: {address: 127.0.0.1, "
                 "inbound: [{port: 1, tags: {kuma.io/service: web}}]}}");
    run_until(world, 2);
    assert_int_equal(world->sent, 2);
    assert_int_equal(finding_count(pipeline_findings(world->pipeline)), 0);
    struct compile_counts after = pipeline_counts(world->pipeline);
    assert_int_equal(after.drafts, 1);
    assert_int_equal(after.results, 2);
    assert_int_equal(after.routes, 1);
    const struct api_key key = {API_DATAPLANE, STR_INIT("default"), STR_INIT("d")};
    world->events.remove(world->events.arg, &key);
    run_until(world, 3);
    assert_int_equal(finding_count(pipeline_findings(world->pipeline)), 1);
    assert_int_equal(pipeline_counts(world->pipeline).drafts, 1);
}

static void test_a_changed_route_is_planned_alone(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    apply(world, ROUTE);
    settle(world);
    apply(world, "{type: MeshGatewayRoute, mesh: default, name: s, selectors: [{match: "
                 "{kuma.io/service: e}}], conf: {http: {rules: [{matches: [{path: {match: PREFIX, "
                 "value: /s}}], backends: [{destination: {kuma.io/service: web}}]}]}}}");
    run_until(world, 2);
    assert_int_equal(pipeline_counts(world->pipeline).drafts, 2);
    assert_int_equal(pipeline_counts(world->pipeline).routes, 2); /* each of the two once */
}

static void test_what_changes_nothing_sends_nothing(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    settle(world);
    assert_true(publish_acknowledge(pipeline_publish(world->pipeline), &world->last));
    apply(world, GATEWAY);
    run_until(world, 2);
    assert_int_equal(world->sent, 1);
}

static void test_removed_objects_are_no_longer_served(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    settle(world);
    const struct api_key key = {API_MESH_GATEWAY, STR("default"), STR("edge")};
    world->events.remove(world->events.arg, &key);
    run_until(world, 2);
    assert_int_equal(pipeline_placement(world->pipeline)->count, 0);
}

static bool has_finding(struct world *world, struct str part)
{
    const struct finding_list *list = pipeline_findings(world->pipeline);
    for (size_t i = 0; i < finding_count(list); i++) {
        if (str_starts_with(finding_get(list, i)->message, part))
            return true;
    }
    return false;
}

static void test_reports_of_the_source_join_the_findings_until_taken_back(void **state)
{
    struct world *world = *state;
    struct finding_list *report = finding_list_new();
    const struct finding_subject subject = {.file = STR("bad.yaml")};
    finding_add(report, FINDING_ERROR, &subject, (struct finding_mark){1, 1}, STR_EMPTY,
                "no YAML at all");
    world->events.report(world->events.arg, STR("bad.yaml"), report);
    settle(world);
    assert_true(has_finding(world, STR("no YAML at all")));

    finding_list_clear(report);
    world->events.report(world->events.arg, STR("bad.yaml"), report);
    run_until(world, 2);
    assert_false(has_finding(world, STR("no YAML at all")));
    finding_list_free(report);
}

static void test_findings_of_decoding_and_compiler_are_there(void **state)
{
    struct world *world = *state;
    apply(world, GATEWAY);
    apply(world, ROUTE);
    apply(world, "{type: MeshGatewayRoute, mesh: default, name: bad, surprise: 1}");
    settle(world);
    const struct finding_list *list = pipeline_findings(world->pipeline);
    bool decoding = false;
    bool compiler = false;
    for (size_t i = 0; i < finding_count(list); i++) {
        const struct finding *finding = finding_get(list, i);
        decoding = decoding || str_equal(finding->subject.name, STR("bad"));
        compiler = compiler || str_equal(finding->subject.name, STR("r")); /* no endpoint */
    }
    assert_true(decoding);
    assert_true(compiler);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_compiled_before_the_source_has_settled),
        TEST(test_a_burst_is_compiled_once),
        TEST(test_back_ends_compile_no_routes),
        TEST(test_a_changed_route_is_planned_alone),
        TEST(test_what_changes_nothing_sends_nothing),
        TEST(test_removed_objects_are_no_longer_served),
        TEST(test_reports_of_the_source_join_the_findings_until_taken_back),
        TEST(test_findings_of_decoding_and_compiler_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
