#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "make.h"

/* listener l -> secret x, host h -> route r -> cluster c -> set s, last first. */
static const struct model_snapshot *make_snapshot(bool turned)
{
    const struct model_resource *resources[] = {
        make_set("s", 80),   make_cluster("c", "s"), make_route("r", "c"),
        make_host("h", "r"), make_secret("x", "K"),  make_listener("l", "x", "h")};
    for (size_t i = 0; turned && i < ARRAY_SIZE(resources) / 2; i++) {
        const struct model_resource *other = resources[ARRAY_SIZE(resources) - 1 - i];
        resources[ARRAY_SIZE(resources) - 1 - i] = resources[i];
        resources[i] = other;
    }
    const struct model_snapshot *snapshot = NULL;
    enum err err = model_snapshot_new(resources, ARRAY_SIZE(resources), &snapshot, NULL);
    assert_int_equal(err, ERR_OK);
    return snapshot;
}

static void test_input_order_does_not_matter(void **state)
{
    (void)state;
    const struct model_snapshot *a = make_snapshot(false);
    const struct model_snapshot *b = make_snapshot(true);
    assert_true(model_digest_equal(&a->digest, &b->digest));
    assert_int_equal(a->resources[0]->kind, MODEL_LISTENER);
    assert_int_equal(a->resources[5]->kind, MODEL_SECRET);
    a = model_snapshot_unref(a);
    b = model_snapshot_unref(b);
}

static void test_resources_are_found_by_kind_and_name(void **state)
{
    (void)state;
    const struct model_snapshot *snapshot = make_snapshot(false);
    const struct model_resource *found = model_snapshot_find(snapshot, MODEL_CLUSTER, STR("c"));
    assert_non_null(found);
    assert_true(str_equal(found->cluster->endpoint_set, STR("s")));
    assert_ptr_equal(model_snapshot_get(snapshot, MODEL_CLUSTER, STR("c")), found);
    assert_null(model_snapshot_find(snapshot, MODEL_CLUSTER, STR("d")));
    assert_null(model_snapshot_find(snapshot, MODEL_SECRET, STR("c")));
    assert_null(model_snapshot_find(snapshot, MODEL_SECRET, STR("z")));

    size_t count;
    const struct model_resource *const *hosts = model_snapshot_kind(snapshot, MODEL_VIRTUAL_HOST,
                                                                    &count);
    assert_int_equal(count, 1);
    assert_true(str_equal(hosts[0]->name, STR("h")));
    assert_int_equal(model_kind_find(hosts, count, STR("h")), 0);
    assert_int_equal(model_kind_find(hosts, count, STR("g")), count);
    assert_int_equal(model_kind_find(hosts, count, STR("i")), count);
    snapshot = model_snapshot_unref(snapshot);
}

static void test_an_empty_snapshot_is_one(void **state)
{
    (void)state;
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(NULL, 0, &snapshot, NULL), ERR_OK);
    size_t count = 1;
    (void)model_snapshot_kind(snapshot, MODEL_LISTENER, &count); /* only the count is looked at */
    assert_int_equal(count, 0);
    const struct model_digest zeros = {{0}};
    assert_false(model_digest_equal(&snapshot->digest, &zeros)); /* zeros mean: from nothing */
    snapshot = model_snapshot_unref(snapshot);
}

static void assert_refused(const struct model_resource *const *resources, size_t count,
                           enum err expected, const char *message)
{
    size_t resources_before = model_resources_alive();
    size_t snapshots_before = model_snapshots_alive();
    const struct model_snapshot *snapshot = NULL;
    struct err_info info;
    assert_int_equal(model_snapshot_new(resources, count, &snapshot, &info), expected);
    assert_null(snapshot);
    assert_string_equal(info.message, message);
    assert_int_equal(model_resources_alive(), resources_before - count); /* taken over */
    assert_int_equal(model_snapshots_alive(), snapshots_before);
}

static void test_two_of_one_name_are_refused(void **state)
{
    (void)state;
    const struct model_resource *resources[] = {make_set("s", 80), make_set("s", 81)};
    assert_refused(resources, 2, ERR_CONFLICT, "two resources are endpointSet \"s\"");
}

static void test_references_to_nothing_are_refused(void **state)
{
    (void)state;
    const struct model_resource *cluster[] = {make_cluster("c", "s")};
    assert_refused(cluster, 1, ERR_INVALID,
                   "cluster \"c\" refers to endpointSet \"s\", which is not there");
    const struct model_resource *route[] = {make_route("r", "c")};
    assert_refused(route, 1, ERR_INVALID,
                   "route \"r\" refers to cluster \"c\", which is not there");
    const struct model_resource *host[] = {make_host("h", "r")};
    assert_refused(host, 1, ERR_INVALID,
                   "virtualHost \"h\" refers to route \"r\", which is not there");
    const struct model_resource *no_secret[] = {make_listener("l", "x", "h")};
    assert_refused(no_secret, 1, ERR_INVALID,
                   "listener \"l\" refers to secret \"x\", which is not there");
    const struct model_resource *no_host[] = {make_listener("l", "x", "h"), make_secret("x", "K")};
    assert_refused(no_host, 2, ERR_INVALID,
                   "listener \"l\" refers to virtualHost \"h\", which is not there");
    const struct model_resource *set[] = {make_tls_set("s", "t")};
    assert_refused(set, 1, ERR_INVALID,
                   "endpointSet \"s\" refers to upstreamTls \"t\", which is not there");
    const struct model_resource *tls[] = {make_upstream_tls("t", "x")};
    assert_refused(tls, 1, ERR_INVALID,
                   "upstreamTls \"t\" refers to secret \"x\", which is not there");
}

static void test_the_last_reference_frees_the_resources(void **state)
{
    (void)state;
    size_t resources_before = model_resources_alive();
    size_t snapshots_before = model_snapshots_alive();
    const struct model_snapshot *snapshot = make_snapshot(false);
    assert_ptr_equal(model_snapshot_ref(snapshot), snapshot);
    assert_null(model_snapshot_unref(snapshot));
    assert_int_equal(model_snapshots_alive(), snapshots_before + 1);
    assert_int_equal(model_resources_alive(), resources_before + 6);
    assert_null(model_snapshot_unref(snapshot));
    assert_int_equal(model_snapshots_alive(), snapshots_before);
    assert_int_equal(model_resources_alive(), resources_before);
    assert_null(model_snapshot_unref(NULL));
}

static void test_printing_redacts_keys(void **state)
{
    (void)state;
    const struct model_resource *resources[] = {make_secret("x", "KEYKEY")};
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, 1, &snapshot, NULL), ERR_OK);
    struct buf buf;
    buf_init(&buf, 65536);
    model_snapshot_print(snapshot, true, &buf);
    buf_append_char(&buf, '\0');
    assert_ptr_equal(strstr(buf.data, "{\"digest\":\""), buf.data);
    assert_non_null(strstr(buf.data, "\",\"resources\":[{\"certificatesPem\":"));
    assert_null(strstr(buf.data, "KEYKEY"));
    buf_deinit(&buf);
    snapshot = model_snapshot_unref(snapshot);
}

#define CHAINS 12

/* For every chain number host -> route -> cluster -> set; a few links may be missing or double. The
 * same content is the same resource, as a caller with a memory has it. */
static const struct model_resource *draw(uint32_t *random, const struct model_resource *known,
                                         enum model_kind kind, size_t chain)
{
    *random = *random * 1664525u + 1013904223u;
    if (known != NULL && (*random >> 16) % 4 != 0)
        return model_resource_ref(known);
    char name[8];
    char next[8];
    (void)snprintf(name, sizeof(name), "n%zu", chain);
    (void)snprintf(next, sizeof(next), "n%zu", (*random >> 20) % 16 == 0 ? chain + 1 : chain);
    if (kind == MODEL_VIRTUAL_HOST)
        return make_host(name, next);
    if (kind == MODEL_ROUTE)
        return make_route(name, next);
    if (kind == MODEL_CLUSTER)
        return make_cluster(name, next);
    return make_set(name, (uint16_t)(1 + (*random >> 18) % 3));
}

/* Draws resources; most are those of `former`. Returns how many. */
static size_t draw_all(uint32_t *random, const struct model_snapshot *former,
                       const struct model_resource **ret_resources)
{
    static const enum model_kind kinds[] = {MODEL_ENDPOINT_SET, MODEL_CLUSTER, MODEL_ROUTE,
                                            MODEL_VIRTUAL_HOST};
    size_t count = 0;
    size_t skipped = (*random >> 12) % (CHAINS * 8);
    size_t twice = (*random >> 14) % (CHAINS * 32);
    for (size_t i = 0; i < CHAINS * ARRAY_SIZE(kinds); i++) {
        char name[8];
        (void)snprintf(name, sizeof(name), "n%zu", i / ARRAY_SIZE(kinds));
        enum model_kind kind = kinds[i % ARRAY_SIZE(kinds)];
        const struct model_resource *known = former == NULL
                                                 ? NULL
                                                 : model_snapshot_find(former, kind, str_of(name));
        if (i != skipped)
            ret_resources[count++] = draw(random, known, kind, i / ARRAY_SIZE(kinds));
        if (i == twice && count > 0) {
            ret_resources[count] = model_resource_ref(ret_resources[count - 1]);
            count++;
        }
    }
    return count;
}

/* What changes leads to the same, as a transaction, and alone if nothing has gone. */
static void assert_led_to(const struct model_snapshot *former, const struct model_snapshot *next)
{
    struct model_transaction *transaction = model_transaction_new(former, next);
    const struct model_snapshot *result = NULL;
    assert_int_equal(model_transaction_apply(transaction, former, &result, NULL), ERR_OK);
    assert_true(model_digest_equal(&result->digest, &next->digest));
    result = model_snapshot_unref(result);
    if (former != NULL && transaction->removal_count == 0) {
        assert_int_equal(
            model_snapshot_with(former, transaction->puts, transaction->put_count, &result, NULL),
            ERR_OK);
        assert_true(model_digest_equal(&result->digest, &next->digest));
        result = model_snapshot_unref(result);
    }
    transaction = model_transaction_free(transaction);
}

/* What is known of a former snapshot makes it cheap and changes no outcome. */
static void test_a_former_snapshot_changes_no_outcome(void **state)
{
    (void)state;
    uint32_t random = 1;
    size_t refused = 0;
    const struct model_snapshot *former = NULL;
    for (int i = 0; i < 2000; i++) {
        const struct model_resource *resources[CHAINS * 4 + 1];
        size_t count = draw_all(&random, former, resources);
        const struct model_snapshot *new = NULL;
        const struct model_snapshot *after = NULL;
        enum err got = model_snapshot_after(former, resources, count, &after, NULL);
        enum err wanted = model_snapshot_new(resources, count, &new, NULL);
        assert_int_equal(got, wanted);
        refused += wanted != ERR_OK ? 1 : 0;
        if (wanted == ERR_OK) {
            assert_true(model_digest_equal(&new->digest, &after->digest));
            assert_int_equal(new->count, after->count);
            for (size_t j = 0; j < count; j++)
                assert_ptr_equal(new->resources[j], after->resources[j]);
            assert_led_to(former, after);
            former = model_snapshot_unref(former);
            former = model_snapshot_ref(after);
        }
        new = model_snapshot_unref(new);
        after = model_snapshot_unref(after);
    }
    former = model_snapshot_unref(former);
    assert_true(refused > 100 && refused < 1900); /* both were seen */
    assert_int_equal(model_resources_alive(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input_order_does_not_matter),
        cmocka_unit_test(test_resources_are_found_by_kind_and_name),
        cmocka_unit_test(test_an_empty_snapshot_is_one),
        cmocka_unit_test(test_two_of_one_name_are_refused),
        cmocka_unit_test(test_references_to_nothing_are_refused),
        cmocka_unit_test(test_the_last_reference_frees_the_resources),
        cmocka_unit_test(test_printing_redacts_keys),
        cmocka_unit_test(test_a_former_snapshot_changes_no_outcome),
    };
    return cmocka_run_group_tests_name("model/snapshot", tests, NULL, NULL);
}
