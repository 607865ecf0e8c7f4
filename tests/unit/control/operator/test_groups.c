#include "world.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_deinit(&w);
    return 0;
}

static struct model_digest digest_of(const char *key)
{
    return world_group(&w, key)->result->snapshot->digest;
}

static bool is_current(const char *key, const struct model_digest *digest)
{
    return operator__group_is_current(world_group(&w, key), digest);
}

static void pods_of_equal_tags_share_a_group(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS);
    world_put_pod(&w, "default", "c", "3", EDGE_TAGS ",\"zone\":\"z\"");
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY "\nserve " EDGE_KEY ",zone=z\n");
    assert_int_equal(operator__groups_counts(&w.groups).drafts, 2);
    assert_int_equal(operator__groups_counts(&w.groups).results, 2);
    assert_null(operator__groups_find(&w.groups, STR("default/kuma.io/service=other")));
    assert_int_equal(world_group(&w, EDGE_KEY)->edition, 1);
    struct model_digest digest = digest_of(EDGE_KEY);
    assert_true(is_current(EDGE_KEY, &digest));
}

static void nothing_new_compiles_nothing(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_update_groups(&w);
    world_update_groups(&w);
    expect_events(&w, "");
    assert_int_equal(operator__groups_counts(&w.groups).drafts, 1);
    assert_int_equal(operator__groups_counts(&w.groups).results, 1);
    assert_int_equal(w.groups.passes, 2);
}

/* Proxies that have acknowledged the edition have not to acknowledge it again. */
static void back_ends_make_no_edition(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_route(&w, "default", "r", "edge", "/");
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_back_end(&w, "10.0.0.1");
    world_update_groups(&w);
    struct model_digest first = digest_of(EDGE_KEY);
    struct compile_counts before = operator__groups_counts(&w.groups);

    world_put_back_end(&w, "10.0.0.2");
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY "\n");
    struct model_digest second = digest_of(EDGE_KEY);
    assert_false(model_digest_equal(&first, &second));
    assert_true(is_current(EDGE_KEY, &first));
    assert_true(is_current(EDGE_KEY, &second));
    assert_int_equal(world_group(&w, EDGE_KEY)->edition, 1);
    struct compile_counts after = operator__groups_counts(&w.groups);
    assert_int_equal(after.drafts, before.drafts);
    assert_int_equal(after.routes, before.routes);
    assert_int_equal(after.results, before.results + 1);
}

/* Its texts are those of a placement that is made anew each time. */
static void what_no_pod_serves_is_looked_at_together(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_gateway(&w, "default", "lonely", 80); /* it may well have an address of its own */
    world_put_route(&w, "default", "r", "*", "/");
    for (unsigned i = 1; i < 4; i++) {
        world_put_back_end(&w, str_format(w.arena, "10.0.0.%u", i).data);
        world_update_groups(&w);
        expect_events(&w, "");
        struct compile_review *review = operator__groups_review(&w.groups);
        assert_int_equal(review->report.routes[0].parent_count, 2);
        assert_true(review->report.gateways[0].accepted.ok);
        assert_true(review->report.gateways[1].accepted.ok);
        review = compile_review_free(review);
    }
    assert_int_equal(operator__groups_counts(&w.groups).drafts, 1);
    assert_int_equal(operator__groups_counts(&w.groups).routes, 1);
    assert_int_equal(operator__groups_counts(&w.groups).results, 3);
    assert_int_equal(map_count(w.groups.by_key), 0);
    assert_int_equal(w.groups.idle->result->snapshot->count, 0);

    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY "\n");
    assert_int_equal(operator__groups_counts(&w.groups).drafts, 3); /* both are others */
    assert_non_null(model_snapshot_find(world_group(&w, EDGE_KEY)->result->snapshot, MODEL_LISTENER,
                                        STR("edge:HTTP:80")));
    world_remove(&w, API_MESH_GATEWAY, "default", "lonely");
    world_update_groups(&w);
    assert_null(w.groups.idle);
    assert_int_equal(operator__groups_counts(&w.groups).drafts, 4);
}

/* What is wrong is known before a pod comes. */
static void findings_of_what_no_pod_serves(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: edge}, spec: {selectors: "
                  "[{match: {kuma.io/service: edge}}], conf: {listeners: [{port: 443, protocol: "
                  "HTTPS, tls: {mode: TERMINATE, certificates: [{secret: none}]}}]}}}");
    world_put_route(&w, "default", "r", "edge", "/");
    world_put_route(&w, "default", "s", "edge", "/");
    world_update_groups(&w);
    CLEANUP(finding_list_free) struct finding_list *findings = finding_list_new();
    operator__groups_collect(&w.groups, findings);
    finding_sort(findings);
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    struct str errors = finding_summarise(arena, findings, FINDING_ERROR);
    assert_true(str_starts_with(errors, STR("conf.listeners[0]")));
    assert_true(str_ends_with(errors, STR("(and 1 more)"))); /* the secret, and what follows */
    struct str warnings = finding_summarise(arena, findings, FINDING_WARNING);
    assert_true(str_starts_with(warnings, STR("conf.http.rules[0]")));
    struct compile_review *review = operator__groups_review(&w.groups);
    assert_true(
        str_equal(review->report.gateways[0].resolved_refs.reason, STR("InvalidCertificateRef")));
    assert_true(str_equal(review->report.routes[0].resolved_refs.reason, STR("BackendNotFound")));
    review = compile_review_free(review);
}

static void a_route_concerns_the_groups_of_its_mesh(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_gateway(&w, "other", "edge", 80);
    world_put_route(&w, "default", "r", "edge", "/");
    world_put_route(&w, "other", "r", "edge", "/");
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_pod(&w, "other", "b", "2", EDGE_TAGS);
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY "\nserve other/kuma.io/service=edge\n");
    struct compile_counts before = operator__groups_counts(&w.groups);

    world_put_route(&w, "default", "r", "edge", "/shop");
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY "\n");
    assert_int_equal(world_group(&w, EDGE_KEY)->edition, 2);
    assert_int_equal(world_group(&w, "other/kuma.io/service=edge")->edition, 1);
    struct compile_counts after = operator__groups_counts(&w.groups);
    assert_int_equal(after.drafts, before.drafts + 1);
    assert_int_equal(after.results, before.results + 1);
    assert_int_equal(after.routes, before.routes + 1);
}

static void another_edition_has_to_be_acknowledged(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_route(&w, "default", "r", "edge", "/");
    world_update_groups(&w);
    struct model_digest first = digest_of(EDGE_KEY);
    world_put_route(&w, "default", "r", "edge", "/shop");
    world_update_groups(&w);
    struct model_digest second = digest_of(EDGE_KEY);
    assert_false(is_current(EDGE_KEY, &first));
    assert_true(is_current(EDGE_KEY, &second));

    world_put_route(&w, "default", "r", "edge", "/");
    world_update_groups(&w);
    assert_int_equal(world_group(&w, EDGE_KEY)->edition, 3);
    assert_true(is_current(EDGE_KEY, &first));
    assert_false(is_current(EDGE_KEY, &second));
}

/* The route is another object that says the same: proxies are sent nothing that they could
 * acknowledge. */
static void an_equal_snapshot_is_current_at_once(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_route(&w, "default", "r", "edge", "/");
    world_update_groups(&w);
    struct model_digest digest = digest_of(EDGE_KEY);
    world_put_route(&w, "default", "r", "edge", "/");
    world_update_groups(&w);
    assert_int_equal(world_group(&w, EDGE_KEY)->edition, 2);
    assert_true(is_current(EDGE_KEY, &digest));
    assert_int_equal(world_group(&w, EDGE_KEY)->snapshot_count, 1);
}

static void a_group_goes_with_its_last_pod(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS ",\"zone\":\"z\"");
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS ",\"zone\":\"z\"");
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY ",zone=z\n");
    world_remove(&w, API_POD, "default", "a.ns");
    world_update_groups(&w);
    expect_events(&w, "serve " EDGE_KEY ",zone=z\n");
    struct compile_counts before = operator__groups_counts(&w.groups);

    world_remove(&w, API_POD, "default", "b.ns"); /* then nobody serves the gateway */
    world_update_groups(&w);
    expect_events(&w, "gone " EDGE_KEY ",zone=z\n");
    assert_null(operator__groups_find(&w.groups, STR(EDGE_KEY ",zone=z")));
    assert_int_equal(operator__groups_counts(&w.groups).drafts, before.drafts + 1);

    world_remove(&w, API_MESH_GATEWAY, "default", "edge");
    world_update_groups(&w);
    expect_events(&w, "");
    assert_int_equal(operator__groups_counts(&w.groups).drafts, before.drafts + 1);
    assert_int_equal(map_count(w.groups.by_key), 0);
}

/* A number that many back ends later, the first snapshot is forgotten. */
static void back_ends_come_and_go(unsigned from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        world_put_back_end(&w, str_format(w.arena, "10.0.1.%u", from + i).data);
        world_update_groups(&w);
    }
}

static void snapshots_are_forgotten_in_their_order(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_route(&w, "default", "r", "edge", "/");
    back_ends_come_and_go(0, 1);
    struct model_digest first = digest_of(EDGE_KEY);
    back_ends_come_and_go(1, 1);
    struct model_digest second = digest_of(EDGE_KEY);
    back_ends_come_and_go(2, OPERATOR__SNAPSHOTS - 2);
    assert_true(is_current(EDGE_KEY, &first));
    back_ends_come_and_go(OPERATOR__SNAPSHOTS, 1);
    struct model_digest last = digest_of(EDGE_KEY);
    assert_false(is_current(EDGE_KEY, &first));
    assert_true(is_current(EDGE_KEY, &second));
    assert_true(is_current(EDGE_KEY, &last));
    back_ends_come_and_go(0, 1);
    assert_true(is_current(EDGE_KEY, &first));
}

/* The one that was served last is not the first to be forgotten, however old it is. */
static void what_comes_back_is_young_again(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_route(&w, "default", "r", "edge", "/");
    back_ends_come_and_go(0, OPERATOR__SNAPSHOTS);
    back_ends_come_and_go(0, 1);
    struct model_digest first = digest_of(EDGE_KEY);
    back_ends_come_and_go(100, 1);
    assert_true(is_current(EDGE_KEY, &first));
    back_ends_come_and_go(101, OPERATOR__SNAPSHOTS - 2);
    assert_true(is_current(EDGE_KEY, &first));
    back_ends_come_and_go(200, 1);
    assert_false(is_current(EDGE_KEY, &first));
}

static const struct compile_gateway_report *find_report(const struct compile_review *review,
                                                        const char *name)
{
    for (size_t i = 0; i < review->report.gateway_count; i++) {
        if (str_equal(review->report.gateways[i].gateway->key.name, str_of(name)))
            return &review->report.gateways[i];
    }
    fail_msg("%s", name);
    return NULL;
}

static void the_review_sees_gateways_without_pods(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_gateway(&w, "default", "lonely", 80);
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: loser}, spec: {selectors: "
                  "[{match: {kuma.io/service: edge}}], conf: {listeners: [{port: 80, protocol: "
                  "HTTP}]}}}\n---\n"
                  "{kind: MeshGateway, mesh: default, metadata: {name: broken}, spec: {selectors: "
                  "[{match: {kuma.io/service: broken}}]}}");
    world_put_route(&w, "default", "r", "*", "/");
    world_put_route(&w, "default", "s", "lonely", "/");
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_update_groups(&w);
    struct compile_review *review = operator__groups_review(&w.groups);
    assert_int_equal(review->report.gateway_count, 4);
    assert_true(find_report(review, "edge")->accepted.ok);
    assert_true(find_report(review, "lonely")->accepted.ok);
    assert_int_equal(find_report(review, "edge")->listeners[0].attached_routes, 1);
    assert_int_equal(find_report(review, "lonely")->listeners[0].attached_routes, 2);
    assert_true(str_equal(find_report(review, "loser")->accepted.reason, STR("NoProxies")));
    assert_true(str_equal(find_report(review, "broken")->accepted.reason, STR("Invalid")));
    assert_int_equal(review->report.route_count, 2);
    assert_int_equal(review->report.routes[0].parent_count, 2);
    assert_int_equal(review->report.routes[1].parent_count, 1);
    review = compile_review_free(review);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pods_of_equal_tags_share_a_group),
        TEST(nothing_new_compiles_nothing),
        TEST(back_ends_make_no_edition),
        TEST(what_no_pod_serves_is_looked_at_together),
        TEST(findings_of_what_no_pod_serves),
        TEST(a_route_concerns_the_groups_of_its_mesh),
        TEST(another_edition_has_to_be_acknowledged),
        TEST(an_equal_snapshot_is_current_at_once),
        TEST(a_group_goes_with_its_last_pod),
        TEST(snapshots_are_forgotten_in_their_order),
        TEST(what_comes_back_is_young_again),
        TEST(the_review_sees_gateways_without_pods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
