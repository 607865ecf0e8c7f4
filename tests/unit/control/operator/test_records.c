#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/operator/records.h"

#define PATH STR("/apis/kuma.io/v1alpha1/meshgateways/edge/status")

struct rig {
    struct operator__records records;
    struct arena *arena;
    size_t lost;
};

static int start(void **state)
{
    struct arena *arena = arena_new(1024);
    struct rig *rig = ARENA_NEW(arena, struct rig);
    rig->arena = arena;
    operator__records_init(&rig->records);
    *state = rig;
    return 0;
}

static int stop(void **state)
{
    struct rig *rig = *state;
    operator__records_deinit(&rig->records);
    (void)arena_free(rig->arena); /* always NULL */
    return 0;
}

/* What the watch tells; NULL: an object without a status. */
static bool see(struct rig *rig, const char *uid, const char *json)
{
    const struct jv *status = NULL;
    if (json != NULL)
        assert_int_equal(jv_parse(rig->arena, str_of(json), JV_VALUES_MAX, &status, NULL), ERR_OK);
    return operator__records_see(&rig->records, PATH, str_of(uid), status);
}

static bool say(struct rig *rig, const char *json)
{
    return operator__records_say(&rig->records, PATH, str_of(json));
}

static void assert_stands(const struct rig *rig, const char *json)
{
    assert_true(str_equal(operator__records_standing(&rig->records, PATH), str_of(json)));
}

static void what_stands_is_not_said_again(void **state)
{
    struct rig *rig = *state;
    assert_stands(rig, "");
    assert_false(see(rig, "u", "{\"b\":1, \"a\":2}"));
    assert_stands(rig, "{\"a\":2,\"b\":1}"); /* canonical, as we print it */
    assert_false(say(rig, "{\"a\":2,\"b\":1}"));
    assert_true(say(rig, "{\"a\":3}"));
    assert_stands(rig, "{\"a\":3}");
    assert_false(say(rig, "{\"a\":3}"));
}

static void the_watch_may_be_behind(void **state)
{
    struct rig *rig = *state;
    assert_false(see(rig, "u", NULL));
    assert_true(say(rig, "{\"n\":1}"));
    assert_false(see(rig, "u", NULL)); /* of before the first */
    assert_true(say(rig, "{\"n\":2}"));
    assert_true(say(rig, "{\"n\":3}"));
    assert_false(see(rig, "u", "{\"n\":1}"));
    assert_false(see(rig, "u", "{\"n\":2}"));
    assert_stands(rig, "{\"n\":3}");
    assert_false(see(rig, "u", "{\"n\":3}"));
}

static void what_others_write_is_overwritten(void **state)
{
    struct rig *rig = *state;
    assert_false(see(rig, "u", NULL));
    assert_true(say(rig, "{\"n\":1}"));
    assert_false(see(rig, "u", "{\"n\":1}"));
    assert_true(see(rig, "u", "{\"n\":7}"));
    assert_stands(rig, "{\"n\":7}"); /* transitions are counted from it */
    assert_true(say(rig, "{\"n\":1}"));
    assert_false(see(rig, "u", "{\"n\":1}"));
    assert_true(see(rig, "u", NULL)); /* removed altogether */
    assert_true(say(rig, "{\"n\":1}"));
}

static void another_object_of_that_name_is_another(void **state)
{
    struct rig *rig = *state;
    assert_false(see(rig, "u", NULL));
    assert_true(say(rig, "{\"n\":1}"));
    assert_true(see(rig, "v", NULL));
    assert_stands(rig, "");
    assert_true(say(rig, "{\"n\":1}"));
}

static void what_is_gone_is_forgotten(void **state)
{
    struct rig *rig = *state;
    assert_true(say(rig, "{\"n\":1}"));
    operator__records_forget(&rig->records, PATH);
    operator__records_forget(&rig->records, PATH);
    assert_stands(rig, "");
    assert_true(say(rig, "{\"n\":1}"));
}

static void on_lost(void *arg, struct str path)
{
    struct rig *rig = arg;
    assert_true(str_equal(path, PATH));
    rig->lost++;
}

static void what_was_lost_is_said_again(void **state)
{
    struct rig *rig = *state;
    assert_false(see(rig, "u", "{\"n\":0}"));
    operator__records_lose(&rig->records, on_lost, rig);
    assert_int_equal(rig->lost, 0); /* we have said nothing */
    assert_true(say(rig, "{\"n\":1}"));
    operator__records_lose(&rig->records, on_lost, rig);
    assert_int_equal(rig->lost, 1);
    assert_stands(rig, "{\"n\":1}"); /* transitions are counted from it all the same */
    assert_true(say(rig, "{\"n\":1}"));
    assert_false(say(rig, "{\"n\":1}"));
}

static void equal_input_is_known(void **state)
{
    struct rig *rig = *state;
    assert_false(operator__records_knows(&rig->records, PATH, 1));
    assert_false(see(rig, "u", NULL));
    assert_true(say(rig, "{\"n\":1}"));
    operator__records_note(&rig->records, PATH, 1);
    assert_false(see(rig, "u", "{\"n\":1}"));
    assert_true(operator__records_knows(&rig->records, PATH, 1));
    assert_false(operator__records_knows(&rig->records, PATH, 2));
    assert_true(see(rig, "u", "{\"n\":7}")); /* by somebody else */
    assert_false(operator__records_knows(&rig->records, PATH, 1));
    assert_true(say(rig, "{\"n\":1}"));
    operator__records_note(&rig->records, PATH, 1);
    operator__records_lose(&rig->records, on_lost, rig);
    assert_false(operator__records_knows(&rig->records, PATH, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_stands_is_not_said_again, start, stop),
        cmocka_unit_test_setup_teardown(the_watch_may_be_behind, start, stop),
        cmocka_unit_test_setup_teardown(what_others_write_is_overwritten, start, stop),
        cmocka_unit_test_setup_teardown(another_object_of_that_name_is_another, start, stop),
        cmocka_unit_test_setup_teardown(what_is_gone_is_forgotten, start, stop),
        cmocka_unit_test_setup_teardown(what_was_lost_is_said_again, start, stop),
        cmocka_unit_test_setup_teardown(equal_input_is_known, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
