#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "make.h"

/* A snapshot with a cluster "c" over a set "s" with that port, and maybe a set more. */
static const struct model_snapshot *make_snapshot(uint16_t port, const char *more)
{
    const struct model_resource *resources[3] = {make_set("s", port), make_cluster("c", "s")};
    size_t count = 2;
    if (more != NULL)
        resources[count++] = make_set(more, 1);
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, count, &snapshot, NULL), ERR_OK);
    return snapshot;
}

struct fixture {
    const struct model_snapshot *base;
    const struct model_snapshot *next;
    struct model_transaction *transaction;
};

static struct fixture make_fixture(const struct model_snapshot *base,
                                   const struct model_snapshot *next)
{
    return (struct fixture){base, next, model_transaction_new(base, next)};
}

static void free_fixture(struct fixture *fixture)
{
    fixture->transaction = model_transaction_free(fixture->transaction);
    fixture->base = model_snapshot_unref(fixture->base);
    fixture->next = model_snapshot_unref(fixture->next);
}

static void assert_applies(const struct fixture *fixture)
{
    const struct model_snapshot *result = NULL;
    enum err err = model_transaction_apply(fixture->transaction, fixture->base, &result, NULL);
    assert_int_equal(err, ERR_OK);
    assert_true(model_digest_equal(&result->digest, &fixture->next->digest));
    result = model_snapshot_unref(result);
}

static void test_from_nothing_everything_is_put(void **state)
{
    (void)state;
    struct fixture fixture = make_fixture(NULL, make_snapshot(80, NULL));
    assert_int_equal(fixture.transaction->put_count, 2);
    assert_int_equal(fixture.transaction->removal_count, 0);
    const struct model_digest zeros = {{0}};
    assert_true(model_digest_equal(&fixture.transaction->base, &zeros));
    assert_applies(&fixture);
    free_fixture(&fixture);
}

static void test_only_what_differs_is_put(void **state)
{
    (void)state;
    struct fixture fixture = make_fixture(make_snapshot(80, NULL), make_snapshot(81, NULL));
    assert_int_equal(fixture.transaction->put_count, 1);
    assert_true(str_equal(fixture.transaction->puts[0]->name, STR("s")));
    assert_int_equal(fixture.transaction->removal_count, 0);
    assert_applies(&fixture);
    free_fixture(&fixture);
}

static void test_what_is_gone_is_removed(void **state)
{
    (void)state;
    struct fixture fixture = make_fixture(make_snapshot(80, "t"), make_snapshot(80, "a"));
    assert_int_equal(fixture.transaction->put_count, 1);
    assert_true(str_equal(fixture.transaction->puts[0]->name, STR("a")));
    assert_int_equal(fixture.transaction->removal_count, 1);
    assert_int_equal(fixture.transaction->removals[0].kind, MODEL_ENDPOINT_SET);
    assert_true(str_equal(fixture.transaction->removals[0].name, STR("t")));
    assert_applies(&fixture);
    free_fixture(&fixture);
}

static void test_equal_snapshots_differ_in_nothing(void **state)
{
    (void)state;
    struct fixture fixture = make_fixture(make_snapshot(80, NULL), make_snapshot(80, NULL));
    assert_int_equal(fixture.transaction->put_count, 0);
    assert_int_equal(fixture.transaction->removal_count, 0);
    assert_applies(&fixture);
    free_fixture(&fixture);
}

static void test_another_base_is_refused(void **state)
{
    (void)state;
    struct fixture fixture = make_fixture(make_snapshot(80, NULL), make_snapshot(81, NULL));
    const struct model_snapshot *result = NULL;
    struct err_info info;
    assert_int_equal(model_transaction_apply(fixture.transaction, NULL, &result, &info),
                     ERR_CONFLICT);
    assert_non_null(strstr(info.message, "not from 0000000000000000"));
    assert_int_equal(model_transaction_apply(fixture.transaction, fixture.next, &result, &info),
                     ERR_CONFLICT);
    assert_null(result);
    free_fixture(&fixture);
}

static void test_a_wrong_promise_is_refused(void **state)
{
    (void)state;
    size_t before = model_snapshots_alive();
    struct fixture fixture = make_fixture(make_snapshot(80, NULL), make_snapshot(81, NULL));
    fixture.transaction->result.bytes[0] ^= 1;
    const struct model_snapshot *result = NULL;
    struct err_info info;
    assert_int_equal(model_transaction_apply(fixture.transaction, fixture.base, &result, &info),
                     ERR_CONFLICT);
    assert_null(result);
    free_fixture(&fixture);
    assert_int_equal(model_snapshots_alive(), before);
}

static void test_a_removal_that_is_still_needed_is_refused(void **state)
{
    (void)state;
    struct fixture fixture = make_fixture(make_snapshot(80, "t"), make_snapshot(80, NULL));
    struct model_removal removal = {MODEL_ENDPOINT_SET, STR("s")};
    const struct model_removal *own = fixture.transaction->removals;
    fixture.transaction->removals = &removal;
    const struct model_snapshot *result = NULL;
    struct err_info info;
    assert_int_equal(model_transaction_apply(fixture.transaction, fixture.base, &result, &info),
                     ERR_INVALID);
    assert_string_equal(info.message,
                        "cluster \"c\" refers to endpointSet \"s\", which is not there");
    fixture.transaction->removals = own;
    free_fixture(&fixture);
}

static void test_a_transaction_outlives_its_snapshots(void **state)
{
    (void)state;
    size_t before = model_resources_alive();
    struct fixture fixture = make_fixture(make_snapshot(80, "t"), make_snapshot(81, NULL));
    fixture.base = model_snapshot_unref(fixture.base);
    fixture.next = model_snapshot_unref(fixture.next);
    assert_true(str_equal(fixture.transaction->removals[0].name, STR("t")));
    assert_int_equal(fixture.transaction->puts[0]->endpoint_set->endpoints[0].port, 81);
    free_fixture(&fixture);
    assert_int_equal(model_resources_alive(), before);
    assert_null(model_transaction_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_nothing_everything_is_put),
        cmocka_unit_test(test_only_what_differs_is_put),
        cmocka_unit_test(test_what_is_gone_is_removed),
        cmocka_unit_test(test_equal_snapshots_differ_in_nothing),
        cmocka_unit_test(test_another_base_is_refused),
        cmocka_unit_test(test_a_wrong_promise_is_refused),
        cmocka_unit_test(test_a_removal_that_is_still_needed_is_refused),
        cmocka_unit_test(test_a_transaction_outlives_its_snapshots),
    };
    return cmocka_run_group_tests_name("model/transaction", tests, NULL, NULL);
}
