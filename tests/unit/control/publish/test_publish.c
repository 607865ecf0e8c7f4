#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/publish/publish.h"
#include "core/base/mem.h"

/* A proxy that notes what it is sent, and may answer at once. */
struct proxy {
    struct publish *publish;
    size_t sent;
    struct model_digest base;
    struct model_digest result;
    bool acknowledges;
};

static void receive(void *arg, const struct model_transaction *transaction)
{
    struct proxy *proxy = arg;
    proxy->sent++;
    proxy->base = transaction->base;
    proxy->result = transaction->result;
    if (proxy->acknowledges)
        assert_true(publish_acknowledge(proxy->publish, &proxy->result));
}

static int start(void **state)
{
    struct proxy *proxy = MEM_NEW(struct proxy);
    proxy->publish = publish_new(receive, proxy);
    *state = proxy;
    return 0;
}

static int stop(void **state)
{
    struct proxy *proxy = *state;
    proxy->publish = publish_free(proxy->publish);
    *state = mem_free(proxy);
    return model_snapshots_alive() == 0 && model_resources_alive() == 0 ? 0 : -1;
}

/* Sets a snapshot whose content is one port. */
static struct model_digest want(struct proxy *proxy, uint16_t port)
{
    const struct model_endpoint endpoint = {.address = STR("127.0.0.1"), .port = port};
    const struct model_resource *set = model_endpoint_set_new(&(struct model_endpoint_set){
        .name = STR("s"), .endpoints = &endpoint, .endpoint_count = 1});
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(&set, 1, &snapshot, NULL), ERR_OK);
    struct model_digest digest = snapshot->digest;
    publish_set(proxy->publish, snapshot);
    snapshot = model_snapshot_unref(snapshot);
    return digest;
}

static void assert_state(const struct proxy *proxy, enum publish_state state)
{
    assert_int_equal(publish_status(proxy->publish).state, state);
}

static void assert_sent(const struct proxy *proxy, size_t sent, struct model_digest base,
                        struct model_digest result)
{
    assert_int_equal(proxy->sent, sent);
    assert_true(model_digest_equal(&proxy->base, &base));
    assert_true(model_digest_equal(&proxy->result, &result));
}

static const struct model_digest zeros = {{0}};

static void test_a_snapshot_is_sent_and_acknowledged(void **state)
{
    struct proxy *proxy = *state;
    assert_state(proxy, PUBLISH_IDLE);
    struct model_digest first = want(proxy, 1);
    assert_sent(proxy, 1, zeros, first);
    assert_state(proxy, PUBLISH_SENT);
    assert_null(publish_status(proxy->publish).acknowledged);
    assert_true(publish_acknowledge(proxy->publish, &first));
    assert_state(proxy, PUBLISH_SERVED);
    assert_non_null(publish_status(proxy->publish).acknowledged);
}

static void test_an_equal_snapshot_sends_nothing(void **state)
{
    struct proxy *proxy = *state;
    proxy->acknowledges = true;
    struct model_digest first = want(proxy, 1);
    struct model_digest again = want(proxy, 1);
    assert_true(model_digest_equal(&first, &again));
    assert_int_equal(proxy->sent, 1);
    assert_state(proxy, PUBLISH_SERVED);
}

static void test_a_transaction_starts_from_what_was_acknowledged(void **state)
{
    struct proxy *proxy = *state;
    proxy->acknowledges = true;
    struct model_digest first = want(proxy, 1);
    struct model_digest second = want(proxy, 2);
    assert_sent(proxy, 2, first, second);
}

static void test_only_the_latest_waits(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    struct model_digest second = want(proxy, 2);
    struct model_digest third = want(proxy, 3);
    assert_sent(proxy, 1, zeros, first);
    assert_true(publish_acknowledge(proxy->publish, &first));
    assert_sent(proxy, 2, first, third);
    assert_false(publish_acknowledge(proxy->publish, &second));
}

static void test_going_back_while_under_way_is_sent_back(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    assert_true(publish_acknowledge(proxy->publish, &first));
    struct model_digest second = want(proxy, 2);
    first = want(proxy, 1);
    assert_state(proxy, PUBLISH_SENT);
    assert_true(publish_acknowledge(proxy->publish, &second));
    assert_sent(proxy, 3, second, first);
}

static void test_a_refused_snapshot_is_not_sent_again(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    char reason[] = "port in use";
    assert_true(publish_refuse(proxy->publish, &first, STR("listener l"), str_of(reason)));
    memset(reason, 'x', sizeof(reason) - 1);
    first = want(proxy, 1); /* equal, so still refused */
    assert_sent(proxy, 1, zeros, first);
    struct publish_status status = publish_status(proxy->publish);
    assert_int_equal(status.state, PUBLISH_REFUSED);
    assert_true(str_equal(status.refused_resource, STR("listener l")));
    assert_true(str_equal(status.refused_reason, STR("port in use")));
    assert_null(status.acknowledged);

    struct model_digest second = want(proxy, 2);
    assert_sent(proxy, 2, zeros, second);
    assert_state(proxy, PUBLISH_SENT);
}

static void test_what_waited_is_sent_after_a_refusal(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    struct model_digest second = want(proxy, 2);
    assert_true(publish_refuse(proxy->publish, &first, STR_EMPTY, STR("no")));
    assert_sent(proxy, 2, zeros, second);
    assert_true(publish_acknowledge(proxy->publish, &second));
    assert_state(proxy, PUBLISH_SERVED);
}

static void test_answers_to_nothing_are_ignored(void **state)
{
    struct proxy *proxy = *state;
    assert_false(publish_acknowledge(proxy->publish, &zeros));
    assert_false(publish_refuse(proxy->publish, &zeros, STR_EMPTY, STR_EMPTY));
    struct model_digest first = want(proxy, 1);
    assert_false(publish_acknowledge(proxy->publish, &zeros));
    assert_true(publish_acknowledge(proxy->publish, &first));
    assert_false(publish_acknowledge(proxy->publish, &first));
}

static void test_a_new_proxy_is_sent_everything(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    assert_true(publish_acknowledge(proxy->publish, &first));
    publish_reset(proxy->publish);
    assert_sent(proxy, 2, zeros, first);
    assert_null(publish_status(proxy->publish).acknowledged);
    publish_reset(proxy->publish); /* while under way */
    assert_sent(proxy, 3, zeros, first);
    assert_true(publish_refuse(proxy->publish, &first, STR_EMPTY, STR("no")));
    publish_reset(proxy->publish); /* another proxy may think otherwise */
    assert_sent(proxy, 4, zeros, first);
}

static void test_a_proxy_that_comes_back_is_sent_what_differs(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    assert_true(publish_acknowledge(proxy->publish, &first));
    publish_resume(proxy->publish, &first); /* nothing has changed */
    assert_int_equal(proxy->sent, 1);
    assert_int_equal(publish_status(proxy->publish).state, PUBLISH_SERVED);

    struct model_digest second = want(proxy, 2);
    assert_sent(proxy, 2, first, second);
    publish_resume(proxy->publish, &first); /* it was never told of the second */
    assert_sent(proxy, 3, first, second);
    publish_resume(proxy->publish, &second); /* it was, and its answer was lost */
    assert_int_equal(proxy->sent, 3);
    assert_int_equal(publish_status(proxy->publish).state, PUBLISH_SERVED);
    assert_false(publish_acknowledge(proxy->publish, &second));

    struct model_digest unknown = {{7}};
    publish_resume(proxy->publish, &unknown);
    assert_sent(proxy, 4, zeros, second);
}

static void test_a_lost_answer_to_what_is_outdated(void **state)
{
    struct proxy *proxy = *state;
    struct model_digest first = want(proxy, 1);
    struct model_digest second = want(proxy, 2); /* waits */
    publish_resume(proxy->publish, &first);
    assert_sent(proxy, 2, first, second);
    assert_true(publish_refuse(proxy->publish, &second, STR_EMPTY, STR("a port is in use")));
    publish_resume(proxy->publish, &first); /* it may be free by now */
    assert_sent(proxy, 3, first, second);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

static void test_what_is_under_way_is_told(void **state)
{
    struct proxy *proxy = *state;
    assert_null(publish_status(proxy->publish).sent);
    struct model_digest first = want(proxy, 1);
    (void)want(proxy, 2); /* waits */
    struct publish_status status = publish_status(proxy->publish);
    assert_true(model_digest_equal(&status.sent->digest, &first));
    assert_true(publish_acknowledge(proxy->publish, &first));
    status = publish_status(proxy->publish);
    assert_true(model_digest_equal(&status.sent->digest, &status.wanted->digest));
    assert_true(publish_acknowledge(proxy->publish, &proxy->result));
    assert_null(publish_status(proxy->publish).sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_snapshot_is_sent_and_acknowledged),
        TEST(test_an_equal_snapshot_sends_nothing),
        TEST(test_a_transaction_starts_from_what_was_acknowledged),
        TEST(test_only_the_latest_waits),
        TEST(test_going_back_while_under_way_is_sent_back),
        TEST(test_a_refused_snapshot_is_not_sent_again),
        TEST(test_what_waited_is_sent_after_a_refusal),
        TEST(test_answers_to_nothing_are_ignored),
        TEST(test_a_new_proxy_is_sent_everything),
        TEST(test_a_proxy_that_comes_back_is_sent_what_differs),
        TEST(test_a_lost_answer_to_what_is_outdated),
        TEST(test_what_is_under_way_is_told),
    };
    return cmocka_run_group_tests_name("control/publish", tests, NULL, NULL);
}
