#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/operator/records.h"
#include "core/base/arena.h"

#define PATH STR("/apis/kuma.io/v1alpha1/meshgateways/edge/status")

static struct operator__records records;
static struct arena *arena;
static unsigned lost;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1024);
    operator__records_init(&records);
    lost = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    operator__records_deinit(&records);
    arena = arena_free(arena);
    return 0;
}

static bool see_of(const char *uid, const char *json)
{
    const struct jv *status = NULL;
    if (json != NULL)
        assert_int_equal(jv_parse(arena, str_of(json), 100, &status, NULL), ERR_OK);
    return operator__records_see(&records, PATH, str_of(uid), status);
}

/* The watch tells it. Whether it is somebody else's. */
static bool see(const char *json)
{
    return see_of("u", json);
}

/* Whether it has to be sent. */
static bool say(const char *json)
{
    return operator__records_say(&records, PATH, str_of(json));
}

static void expect_standing(const char *json)
{
    struct str standing = operator__records_standing(&records, PATH);
    if (!str_equal(standing, str_of(json)))
        fail_msg("%.*s", STR_ARG(standing));
}

static void what_stands_at_first_is_nobody_s(void **state)
{
    (void)state;
    expect_standing("");
    assert_false(see("{\"b\":1,\"a\":2}"));
    expect_standing("{\"a\":2,\"b\":1}"); /* canonical, as what is said */
    assert_false(see("{\"a\":2,\"b\":1}"));
    assert_false(say("{\"a\":2,\"b\":1}")); /* a former operator has said it */
    assert_true(say("{\"a\":3}"));
    expect_standing("{\"a\":3}");
}

static void an_equal_status_is_said_once(void **state)
{
    (void)state;
    assert_true(say("{\"a\":1}")); /* before the watch has told anything */
    assert_false(say("{\"a\":1}"));
    assert_true(say("{\"a\":2}"));
    assert_true(say("{\"a\":1}"));
}

static void echoes_are_our_own(void **state)
{
    (void)state;
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    assert_false(see(NULL)); /* its labels have changed, and ours is still on its way */
    assert_true(say("{\"a\":2}"));
    assert_true(say("{\"a\":3}"));
    assert_false(see(NULL));
    assert_false(see("{\"a\":1}"));
    expect_standing("{\"a\":3}");
    assert_false(see("{\"a\":3}"));
    assert_false(see("{\"a\":2}"));
    expect_standing("{\"a\":3}");
    assert_false(say("{\"a\":3}"));
}

static void what_others_wrote_stands(void **state)
{
    (void)state;
    assert_false(see(NULL));
    assert_true(see("{\"a\":9}")); /* before we said anything */
    expect_standing("{\"a\":9}");
    assert_true(say("{\"a\":1}"));
    assert_false(see("{\"a\":1}"));
    assert_true(see("{\"a\":9}"));
    expect_standing("{\"a\":9}");
    assert_false(see("{\"a\":9}")); /* told already */
    assert_true(say("{\"a\":1}"));
    expect_standing("{\"a\":1}");
}

/* What was said before somebody else wrote has been overwritten by them: when it comes again, it
 * is theirs. */
static void what_others_overwrote_is_not_ours_any_more(void **state)
{
    (void)state;
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    assert_false(see("{\"a\":1}"));
    assert_true(see("{\"a\":9}"));
    assert_true(say("{\"a\":2}"));
    assert_true(see("{\"a\":1}"));
    expect_standing("{\"a\":1}");
}

static void a_status_that_others_removed_is_missed(void **state)
{
    (void)state;
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    assert_false(see("{\"a\":1}"));
    assert_true(see(NULL)); /* it had arrived */
    expect_standing("");
    assert_true(say("{\"a\":1}"));
    assert_false(see(NULL)); /* again, on its way */
    expect_standing("{\"a\":1}");
}

static void few_old_ones_are_known_again(void **state)
{
    (void)state;
    assert_false(see(NULL));
    for (unsigned i = 0; i < 20; i++)
        assert_true(say(str_format(arena, "{\"a\":%u}", i).data));
    assert_false(see("{\"a\":15}"));
    expect_standing("{\"a\":19}");
    assert_true(see("{\"a\":2}"));
}

/* It was deleted and made again, and nobody has said anything of it. */
static void an_object_of_another_uid_is_another_object(void **state)
{
    (void)state;
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    assert_false(see("{\"a\":1}"));
    assert_true(see_of("v", NULL));
    expect_standing("");
    assert_true(say("{\"a\":1}"));
    assert_false(see_of("v", NULL));
    assert_false(see_of("v", "{\"a\":1}"));
    assert_true(see_of("w", "{\"a\":1}"));
    assert_false(say("{\"a\":1}"));
}

static void what_is_forgotten_is_not_there(void **state)
{
    (void)state;
    operator__records_forget(&records, PATH);
    assert_true(say("{\"a\":1}"));
    operator__records_forget(&records, PATH);
    expect_standing("");
    assert_false(see("{\"a\":9}")); /* another object, for all we know */
    assert_true(say("{\"a\":1}"));
}

static void on_lost(void *arg, struct str path)
{
    assert_ptr_equal(arg, &records);
    assert_true(str_equal(path, PATH));
    lost++;
}

static void what_was_lost_is_said_again(void **state)
{
    (void)state;
    assert_false(operator__records_see(&records, STR("/other"), STR("u"), NULL));
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    operator__records_lose(&records, on_lost, &records);
    assert_int_equal(lost, 1); /* nothing was said of the other */
    expect_standing("{\"a\":1}");
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    assert_false(say("{\"a\":1}"));
    operator__records_lose(&records, on_lost, &records);
    assert_int_equal(lost, 2);
}

static void equal_input_is_known(void **state)
{
    (void)state;
    assert_false(operator__records_knows(&records, PATH, 1));
    assert_false(see(NULL));
    assert_true(say("{\"a\":1}"));
    operator__records_note(&records, PATH, 1);
    assert_false(see("{\"a\":1}"));
    assert_true(operator__records_knows(&records, PATH, 1));
    assert_false(operator__records_knows(&records, PATH, 2));
    assert_true(see("{\"a\":7}")); /* by somebody else */
    assert_false(operator__records_knows(&records, PATH, 1));
    assert_true(say("{\"a\":1}"));
    operator__records_note(&records, PATH, 1);
    operator__records_lose(&records, on_lost, &records);
    assert_false(operator__records_knows(&records, PATH, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_stands_at_first_is_nobody_s),
        TEST(an_equal_status_is_said_once),
        TEST(echoes_are_our_own),
        TEST(what_others_wrote_stands),
        TEST(what_others_overwrote_is_not_ours_any_more),
        TEST(a_status_that_others_removed_is_missed),
        TEST(few_old_ones_are_known_again),
        TEST(an_object_of_another_uid_is_another_object),
        TEST(what_is_forgotten_is_not_there),
        TEST(what_was_lost_is_said_again),
        TEST(equal_input_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
