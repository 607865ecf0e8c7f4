#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../turns.h"
#include "control/apply/apply.h"
#include "core/base/arena.h"
#include "core/base/vec.h"
#include "core/loop/loop.h"

struct sent {
    struct str path;
    struct str body;
};

struct rig {
    struct arena *arena;
    struct loop *loop;
    struct apply *apply;
    VEC(struct sent) sent;
};

static void on_send(void *arg, const struct apply_document *document)
{
    struct rig *rig = arg;
    assert_true(str_equal(document->manager, STR("me")));
    struct sent sent = {str_dup(rig->arena, document->path), str_dup(rig->arena, document->body)};
    VEC_PUSH(&rig->sent, sent);
}

static int setup(void **state)
{
    static struct rig rig;
    rig = (struct rig){.arena = arena_new(4096), .loop = loop_new()};
    rig.apply = apply_new(rig.loop, on_send, &rig);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    rig->apply = apply_free(rig->apply);
    rig->loop = loop_free(rig->loop);
    rig->arena = arena_free(rig->arena);
    VEC_FREE(&rig->sent);
    return 0;
}

static void set(struct rig *rig, const char *path, const char *body)
{
    apply_set(rig->apply, &(struct apply_document){str_of(path), STR("me"), str_of(body)});
}

static void expect_sent(struct rig *rig, size_t count, const char *body)
{
    turns_now(rig->loop);
    assert_int_equal(rig->sent.count, count);
    assert_true(str_equal(rig->sent.items[count - 1].body, str_of(body)));
}

static void answer(struct rig *rig, enum err outcome)
{
    apply_answer(rig->apply, STR("/a"), outcome, 0);
}

static void test_sends_what_differs_and_only_that(void **state)
{
    struct rig *rig = *state;
    set(rig, "/a", "1");
    expect_sent(rig, 1, "1");
    set(rig, "/a", "1");
    answer(rig, ERR_OK);
    set(rig, "/a", "1");
    expect_sent(rig, 1, "1");
    assert_int_equal(apply_pending(rig->apply), 0);
    set(rig, "/a", "2");
    expect_sent(rig, 2, "2");
}

static void test_what_is_under_way(void **state)
{
    struct rig *rig = *state;
    assert_false(apply_is_sent(rig->apply, STR("/a")));
    set(rig, "/a", "1");
    assert_false(apply_is_sent(rig->apply, STR("/a"))); /* it waits */
    expect_sent(rig, 1, "1");
    assert_true(apply_is_sent(rig->apply, STR("/a")));
    assert_false(apply_is_sent(rig->apply, STR("/b")));
    apply_forget(rig->apply, STR("/a"));
    assert_true(apply_is_sent(rig->apply, STR("/a"))); /* the server may have acted on it */
    answer(rig, ERR_OK);
    assert_false(apply_is_sent(rig->apply, STR("/a")));
}

static void test_the_newest_replaces_what_waits(void **state)
{
    struct rig *rig = *state;
    set(rig, "/a", "1");
    set(rig, "/a", "2");
    expect_sent(rig, 1, "2");
    set(rig, "/a", "3");
    set(rig, "/a", "4");
    expect_sent(rig, 1, "2"); /* one at a time */
    answer(rig, ERR_OK);
    expect_sent(rig, 2, "4");
    answer(rig, ERR_OK);
    expect_sent(rig, 2, "4");
    assert_int_equal(apply_pending(rig->apply), 0);
}

static void test_what_went_back_is_not_sent_again(void **state)
{
    struct rig *rig = *state;
    set(rig, "/a", "1");
    expect_sent(rig, 1, "1");
    set(rig, "/a", "2");
    set(rig, "/a", "1");
    answer(rig, ERR_OK);
    expect_sent(rig, 1, "1");
    assert_int_equal(apply_pending(rig->apply), 0);
}

static void test_a_failure_is_sent_again_with_the_newest(void **state)
{
    struct rig *rig = *state;
    set(rig, "/a", "1");
    expect_sent(rig, 1, "1");
    set(rig, "/a", "2");
    answer(rig, ERR_UNAVAILABLE);
    expect_sent(rig, 1, "1"); /* after a pause only */
    assert_int_equal(apply_pending(rig->apply), 1);
    while (rig->sent.count == 1)
        turns_now(rig->loop);
    expect_sent(rig, 2, "2");
}

static void test_an_object_that_is_gone_ends_the_matter(void **state)
{
    struct rig *rig = *state;
    set(rig, "/a", "1");
    expect_sent(rig, 1, "1");
    answer(rig, ERR_NOT_FOUND);
    assert_int_equal(apply_pending(rig->apply), 0);
    set(rig, "/a", "1");
    expect_sent(rig, 2, "1");
    set(rig, "/a", "2");
    answer(rig, ERR_NOT_FOUND); /* of the former content */
    expect_sent(rig, 3, "2");
}

static void test_what_is_forgotten_is_sent_when_set_anew(void **state)
{
    struct rig *rig = *state;
    set(rig, "/a", "1");
    apply_forget(rig->apply, STR("/a"));
    apply_forget(rig->apply, STR("/nothing"));
    turns_now(rig->loop);
    assert_int_equal(rig->sent.count, 0);
    set(rig, "/a", "1");
    expect_sent(rig, 1, "1");
    apply_forget(rig->apply, STR("/a"));
    answer(rig, ERR_OK);
    assert_int_equal(apply_pending(rig->apply), 0);
    set(rig, "/a", "1");
    expect_sent(rig, 2, "1");
    apply_forget(rig->apply, STR("/a"));
    set(rig, "/a", "1");
    answer(rig, ERR_OK);
    expect_sent(rig, 3, "1");
}

static void test_few_are_under_way_at_once(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < APPLY_IN_FLIGHT_MAX + 5; i++) {
        struct str path = str_format(rig->arena, "/%u", i);
        set(rig, path.data, "1");
    }
    turns_now(rig->loop);
    assert_int_equal(rig->sent.count, APPLY_IN_FLIGHT_MAX);
    apply_answer(rig->apply, rig->sent.items[0].path, ERR_OK, 0);
    apply_answer(rig->apply, rig->sent.items[1].path, ERR_UNAVAILABLE, 1000);
    turns_now(rig->loop);
    assert_int_equal(rig->sent.count, APPLY_IN_FLIGHT_MAX + 2);
}

#define RIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_sends_what_differs_and_only_that),
        RIG_TEST(test_what_is_under_way),
        RIG_TEST(test_the_newest_replaces_what_waits),
        RIG_TEST(test_what_went_back_is_not_sent_again),
        RIG_TEST(test_a_failure_is_sent_again_with_the_newest),
        RIG_TEST(test_an_object_that_is_gone_ends_the_matter),
        RIG_TEST(test_what_is_forgotten_is_sent_when_set_anew),
        RIG_TEST(test_few_are_under_way_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
