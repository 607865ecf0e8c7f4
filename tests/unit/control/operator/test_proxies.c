#include "world.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w, NULL, 0);
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_deinit(&w);
    return 0;
}

static struct operator__verdict judge(const char *mesh, const char *gateway)
{
    return operator__proxies_judge(&w.proxies, &w.groups,
                                   world_object(&w, API_MESH_GATEWAY, mesh, gateway),
                                   world_find_pod, &w, w.arena);
}

/* "<reason>: <message>" of the verdict about gateway edge. */
static void expect(const char *wanted)
{
    struct operator__verdict verdict = judge("default", "edge");
    const struct status_condition *condition = &verdict.programmed.condition;
    struct str text = str_format(w.arena, "%.*s: %.*s", STR_ARG(condition->reason),
                                 STR_ARG(condition->message));
    if (!str_starts_with(text, str_of(wanted)))
        fail_msg("%.*s", STR_ARG(text));
    assert_int_equal(condition->value == STATUS_TRUE,
                     str_equal(condition->reason, STR("Programmed")));
    assert_int_equal(verdict.programmed.waiting, str_equal(condition->reason, STR("Pending")));
}

#define NOBODY "NoProxies: no ready proxy runs for this gateway"

/* ---- Who counts ---- */

static void slices_say_who_takes_requests(void **state)
{
    (void)state;
    world_update(&w);
    expect(NOBODY);
    world_put_slice(&w, "edge-1", "a", "false");
    world_update(&w);
    expect(NOBODY);
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    expect("Pending: 0/1 proxies serve this; waiting for ns/a");
    world_acknowledge(&w, "1", EDGE_KEY);
    expect("Programmed: 1/1 proxies serve this");
    world_put_slice(&w, "edge-1", "a", "false");
    world_update(&w);
    expect(NOBODY); /* whatever it has acknowledged */
}

static void one_of_several_slices_is_enough(void **state)
{
    (void)state;
    world_put_slice(&w, "edge-1", "a", "true");
    world_put_slice(&w, "edge-2", "a", "false");
    world_update(&w);
    expect("Pending: 0/1 ");
    world_put_slice(&w, "edge-1", "a", "false");
    world_put_slice(&w, "edge-2", "a", "true");
    world_update(&w);
    expect("Pending: 0/1 ");
    world_put_slice(&w, "edge-2", "a", "false");
    world_update(&w);
    expect(NOBODY);
}

/* A pod of the same name in another namespace is another pod; what is no pod is none. */
static void slices_are_about_pods_of_their_namespace(void **state)
{
    (void)state;
    world_put(&w, "{kind: EndpointSlice, metadata: {name: shop-1, namespace: shop}, endpoints: "
                  "[{addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}}]}\n---\n"
                  "{kind: EndpointSlice, metadata: {name: edge-9, namespace: ns}, endpoints: "
                  "[{addresses: [10.0.0.1], targetRef: {kind: Node, name: a}}, {addresses: "
                  "[10.0.0.1]}]}");
    world_update(&w);
    expect(NOBODY);
}

/* Its readiness probe succeeds when it has applied its first transaction. */
/* It served before we began, and is to be sent something else. */
static void without_a_slice_a_pod_that_comes_back_is_waited_for(void **state)
{
    (void)state;
    world_update(&w);
    world_know(&w, "1")->connected = true;
    expect("NoProxies: ");
    world_know(&w, "1")->had = true;
    expect("Pending: 0/1 ");
}

static void without_a_slice_a_pod_counts_once_it_acknowledged(void **state)
{
    (void)state;
    world_update(&w);
    struct world_pod *pod = world_know(&w, "1");
    pod->connected = true;
    pod->state = PUBLISH_SENT;
    expect(NOBODY);
    world_acknowledge(&w, "1", EDGE_KEY);
    expect("Programmed: 1/1 ");
    pod->connected = false;
    expect("Pending: 0/1 ");
}

static void a_pod_that_ends_does_not_count(void **state)
{
    (void)state;
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    expect("Programmed: 1/1 ");
    world_put(&w, "{kind: Pod, metadata: {name: a, namespace: ns, uid: '1', labels: "
                  "{kuma.io/mesh: default}, deletionTimestamp: '2026-11-24T00:00:00Z', "
                  "annotations: {kuma.io/gateway: builtin, kuma.io/tags: '{" EDGE_TAGS "}'}}}");
    world_update(&w);
    expect_events(&w, "serve " EDGE_KEY "\nmoved 1 " EDGE_KEY "\n"); /* it is served on */
    expect(NOBODY);
    assert_int_equal(judge("default", "edge").snapshot_count, 0);
}

/* ---- What they serve ---- */

static void who_is_not_connected_is_waited_for(void **state)
{
    (void)state;
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS);
    world_put_slice(&w, "edge-1", "a", "true");
    world_put_slice(&w, "edge-2", "b", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    expect("Pending: 1/2 proxies serve this; waiting for ns/b");
    world_acknowledge(&w, "2", EDGE_KEY);
    expect("Programmed: 2/2 ");
    world_know(&w, "1")->connected = false;
    expect("Pending: 1/2 proxies serve this; waiting for ns/a");
}

static void a_refusal_is_told(void **state)
{
    (void)state;
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    world_know(&w, "1")->state = PUBLISH_REFUSED;
    expect("Invalid: 0/1 proxies serve this: ns/a refused it: listener edge:80: port 80 is in "
           "use; what was served before is still served");
    assert_int_equal(judge("default", "edge").snapshot_count, 1);
    world_know(&w, "1")->connected = false; /* it may be another process that comes back */
    expect("Pending: 0/1 ");
}

static void a_refusal_of_the_first_configuration_is_told(void **state)
{
    (void)state;
    world_put_slice(&w, "edge-1", "a", "false"); /* it serves nothing, so it is not ready */
    world_update(&w);
    world_know(&w, "1")->connected = true;
    world_know(&w, "1")->state = PUBLISH_REFUSED;
    expect("Invalid: 0/1 proxies serve this: ns/a refused it: listener edge:80: port 80 is in ");
    world_know(&w, "1")->connected = false;
    expect("NoProxies: ");
}

static void who_serves_an_older_edition_is_waited_for(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS);
    world_put_slice(&w, "edge-1", "a", "true");
    world_put_slice(&w, "edge-2", "b", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    world_acknowledge(&w, "2", EDGE_KEY);
    assert_int_equal(judge("default", "edge").snapshot_count, 1); /* each once */

    world_put_route(&w, "default", "r", "edge", "/shop");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    world_know(&w, "2")->state = PUBLISH_SENT;
    expect("Pending: 1/2 proxies serve this; waiting for ns/b");
    struct operator__verdict verdict = judge("default", "edge");
    assert_int_equal(verdict.snapshot_count, 2);
    assert_ptr_equal(verdict.snapshots[0], world_know(&w, "1")->acknowledged);
    assert_ptr_equal(verdict.snapshots[1], world_know(&w, "2")->acknowledged);

    world_put_back_end(&w, "10.0.0.9"); /* the same edition: nothing is taken back */
    world_update(&w);
    expect("Pending: 1/2 ");
    world_acknowledge(&w, "2", EDGE_KEY);
    expect("Programmed: 2/2 ");
}

static void all_groups_of_a_gateway_count(void **state)
{
    (void)state;
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS ",\"zone\":\"z\"");
    world_put_slice(&w, "edge-1", "a", "true");
    world_put_slice(&w, "edge-2", "b", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    expect("Pending: 1/2 proxies serve this; waiting for ns/b");
    world_acknowledge(&w, "2", EDGE_KEY ",zone=z");
    expect("Programmed: 2/2 ");
}

static void gateways_of_one_name_are_told_apart_by_mesh(void **state)
{
    (void)state;
    world_put_gateway(&w, "other", "edge", 80);
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    assert_int_equal(judge("default", "edge").programmed.ready, 1);
    assert_int_equal(judge("other", "edge").programmed.ready, 0);
    world_put_pod(&w, "other", "b", "2", EDGE_TAGS);
    world_put_slice(&w, "edge-2", "b", "true");
    world_update(&w);
    assert_int_equal(judge("default", "edge").programmed.ready, 1);
    assert_int_equal(judge("other", "edge").programmed.ready, 1);
}

/* The object in the cache is another one, with whatever content: its pods are known again. */
static void a_gateway_that_is_put_anew_keeps_its_proxies(void **state)
{
    (void)state;
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    world_put_gateway(&w, "default", "edge", 80);
    world_update(&w);
    expect("Programmed: 1/1 ");
    world_put_gateway(&w, "default", "edge", 81);
    world_update(&w);
    expect("Pending: 0/1 ");
    world_remove(&w, API_MESH_GATEWAY, "default", "edge");
    world_update(&w);
    world_put_gateway(&w, "default", "edge", 80);
    world_update(&w);
    expect("Programmed: 1/1 "); /* which it has served all the time */
}

/* ---- What the stream is told ---- */

static void pods_that_are_no_more_leave(void **state)
{
    (void)state;
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS);
    world_update(&w);
    expect_events(&w, "serve " EDGE_KEY "\n"); /* the stream does not know them yet */
    world_update(&w);
    expect_events(&w, "moved 1 " EDGE_KEY "\nmoved 2 " EDGE_KEY "\n");
    world_remove(&w, API_POD, "default", "a.ns");
    world_update(&w);
    expect_events(&w, "serve " EDGE_KEY "\nleft 1\nmoved 2 " EDGE_KEY "\n");
    world_put(&w, "{kind: Pod, metadata: {name: b, namespace: ns, uid: '2', labels: "
                  "{kuma.io/mesh: default}}}");
    world_update(&w);
    expect_events(&w, "left 2\ngone " EDGE_KEY "\n");
}

/* As pods of a StatefulSet do. */
static void a_pod_of_the_same_name_is_another_pod(void **state)
{
    (void)state;
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    world_put_pod(&w, "default", "a", "9", EDGE_TAGS);
    world_update(&w);
    expect_events(&w, "serve " EDGE_KEY "\nleft 1\n");
    expect("Pending: 0/1 proxies serve this; waiting for ns/a");
}

/* Its connection outlives the group that it comes from. */
static void a_pod_of_other_tags_moves_before_its_group_goes(void **state)
{
    (void)state;
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS ",\"zone\":\"y\"");
    world_update(&w);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS ",\"zone\":\"z\"");
    world_update(&w);
    expect_events(&w, "serve " EDGE_KEY ",zone=z\nmoved 1 " EDGE_KEY ",zone=z\ngone " EDGE_KEY
                      ",zone=y\n");
}

/* ---- Who may have what ---- */

static void expect_group(const char *pod, const char *namespace, const char *uid,
                         const char *wanted)
{
    const struct stream_identity identity = {str_of(namespace), str_of(pod), str_of(uid)};
    struct err_info reason = {0};
    struct str group = operator__proxies_group_of(&w.proxies, w.cache, &identity, &reason);
    struct str text = group.size > 0 ? group : str_of(reason.message);
    if (!str_starts_with(text, str_of(wanted)))
        fail_msg("%.*s", STR_ARG(text));
}

static void a_pod_gets_the_group_of_its_tags(void **state)
{
    (void)state;
    world_put_gateway(&w, "other", "edge", 80);
    world_put_pod(&w, "other", "b", "2", EDGE_TAGS);
    world_update(&w);
    expect_group("a", "ns", "1", EDGE_KEY);
    expect_group("b", "ns", "2", "other/kuma.io/service=edge");
}

static void who_is_no_gateway_gets_nothing(void **state)
{
    (void)state;
    world_put(&w, "{kind: Pod, metadata: {name: shell, namespace: ns, uid: '2'}}\n---\n"
                  "{kind: Pod, metadata: {name: broken, namespace: ns, uid: '3', annotations: "
                  "{kuma.io/gateway: builtin}}}");
    world_update(&w);
    expect_group("c", "ns", "1", "there is no such pod");
    expect_group("a", "shop", "1", "there is no such pod");
    expect_group("a", "ns", "0", "the token is of a pod of that name that is no more");
    expect_group("shell", "ns", "2", "the pod is no gateway");
    expect_group("shell", "ns", "1", "the token is of a pod of that name that is no more");
    expect_group("broken", "ns", "3", "the pod is no gateway");
    world_remove(&w, API_POD, "default", "a.ns");
    expect_group("a", "ns", "1", "there is no such pod"); /* before the pass, too */
    world_update(&w);
    expect_group("a", "ns", "1", "there is no such pod");
}

static void namespaces_may_be_limited(void **state)
{
    (void)state;
    static const struct str allowed[] = {STR_INIT("edge")};
    world_deinit(&w);
    world_init(&w, allowed, 1);
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_slice(&w, "edge-1", "a", "true");
    world_update(&w);
    expect_group("a", "ns", "1",
                 "the pod is no gateway: it needs the annotation kuma.io/gateway: builtin, and "
                 "kuma.io/tags, in a namespace whose pods may be gateways");
    expect(NOBODY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(slices_say_who_takes_requests),
        TEST(one_of_several_slices_is_enough),
        TEST(slices_are_about_pods_of_their_namespace),
        TEST(without_a_slice_a_pod_counts_once_it_acknowledged),
        TEST(without_a_slice_a_pod_that_comes_back_is_waited_for),
        TEST(a_pod_that_ends_does_not_count),
        TEST(who_is_not_connected_is_waited_for),
        TEST(a_refusal_is_told),
        TEST(a_refusal_of_the_first_configuration_is_told),
        TEST(who_serves_an_older_edition_is_waited_for),
        TEST(all_groups_of_a_gateway_count),
        TEST(gateways_of_one_name_are_told_apart_by_mesh),
        TEST(a_gateway_that_is_put_anew_keeps_its_proxies),
        TEST(pods_that_are_no_more_leave),
        TEST(a_pod_of_the_same_name_is_another_pod),
        TEST(a_pod_of_other_tags_moves_before_its_group_goes),
        TEST(a_pod_gets_the_group_of_its_tags),
        TEST(who_is_no_gateway_gets_nothing),
        TEST(namespaces_may_be_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
