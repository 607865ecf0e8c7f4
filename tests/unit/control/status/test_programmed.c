#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/status/status.h"

#define NOT_READY(pod)                                         \
    {                                                          \
        .name = STR_INIT(pod), .state = STATUS_PROXY_NOT_READY \
    }
#define WAITING(pod)                                         \
    {                                                        \
        .name = STR_INIT(pod), .state = STATUS_PROXY_WAITING \
    }
#define SERVES(pod)                                         \
    {                                                       \
        .name = STR_INIT(pod), .state = STATUS_PROXY_SERVES \
    }
#define REFUSED(pod)                                                                   \
    {                                                                                  \
        .name = STR_INIT(pod), .state = STATUS_PROXY_REFUSED,                          \
        .resource = STR_INIT("listener e:80"), .reason = STR_INIT("port 80 is in use") \
    }

static void expect(const struct status_proxy *proxies, size_t count, enum status_value value,
                   const char *reason, const char *message)
{
    struct arena *arena = arena_new(1024);
    struct status_programmed verdict = status_judge(arena, proxies, count);
    assert_true(str_equal(verdict.condition.type, STR("Programmed")));
    assert_int_equal(verdict.condition.value, value);
    assert_true(str_equal(verdict.condition.reason, str_of(reason)));
    if (!str_equal(verdict.condition.message, str_of(message)))
        fail_msg("%.*s", STR_ARG(verdict.condition.message));
    assert_int_equal(verdict.waiting, str_equal(verdict.condition.reason, STR("Pending")));
    (void)arena_free(arena); /* always NULL */
}

static void true_is_when_every_ready_proxy_serves_it(void **state)
{
    (void)state;
    const struct status_proxy all[] = {SERVES("e/a"), NOT_READY("e/b"), SERVES("e/c")};
    expect(all, 3, STATUS_TRUE, "Programmed", "2/2 proxies serve this");
    expect(all, 1, STATUS_TRUE, "Programmed", "1/1 proxies serve this");
}

static void nobody_is_not_true(void **state)
{
    (void)state;
    const char *message = "no ready proxy runs for this gateway: create a MeshGatewayInstance of "
                          "this mesh whose tags its selectors match; where there is one, its "
                          "status and its pods say why";
    const struct status_proxy none[] = {NOT_READY("e/a")};
    expect(NULL, 0, STATUS_FALSE, "NoProxies", message);
    expect(none, 1, STATUS_FALSE, "NoProxies", message);
}

static void one_that_is_missing_is_named(void **state)
{
    (void)state;
    const struct status_proxy some[] = {SERVES("e/a"),  WAITING("e/b"), WAITING("e/c"),
                                        WAITING("e/d"), WAITING("e/e"), WAITING("e/f")};
    expect(some, 2, STATUS_FALSE, "Pending", "1/2 proxies serve this; waiting for e/b");
    expect(some, 4, STATUS_FALSE, "Pending", "1/4 proxies serve this; waiting for e/b, e/c, e/d");
    expect(some, 6, STATUS_FALSE, "Pending",
           "1/6 proxies serve this; waiting for e/b, e/c, e/d and others");
}

static void a_refusal_says_who_what_and_why(void **state)
{
    (void)state;
    const struct status_proxy some[] = {SERVES("e/a"), WAITING("e/b"), REFUSED("e/c"),
                                        REFUSED("e/d")};
    expect(some, 3, STATUS_FALSE, "Invalid",
           "1/3 proxies serve this: e/c refused it: listener e:80: port 80 is in use; what was "
           "served before is still served");
    expect(some, 4, STATUS_FALSE, "Invalid",
           "1/4 proxies serve this: e/c refused it, and so did 1 more: listener e:80: port 80 is "
           "in use; what was served before is still served");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_is_when_every_ready_proxy_serves_it),
        cmocka_unit_test(nobody_is_not_true),
        cmocka_unit_test(one_that_is_missing_is_named),
        cmocka_unit_test(a_refusal_says_who_what_and_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
