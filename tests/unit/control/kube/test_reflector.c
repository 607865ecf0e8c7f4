#include "reflected.h"

static void test_a_list_then_a_watch(void **state)
{
    (void)state;
    assert_target(KUBE__LIST, TARGET_LIST);
    answer_list(200, LIST("7", ITEM("a", "3") "," ITEM("b", "5")));
    assert_events("init +a=3 +b=5 done ready ");
    assert_int_equal(kube__reflector_count(f.reflector), 2);
    assert_target(KUBE__WATCH, TARGET_WATCH("7"));
    assert_int_equal(kube__reflector_timeout_s(f.reflector), 100);
}

static void test_pauses_double_and_have_a_bound(void **state)
{
    (void)state;
    static const uint64_t pauses[] = {250, 500, 1000, 2000, 4000, 5000, 5000, 5000};
    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        assert_target(KUBE__LIST, TARGET_LIST);
        fail_list(ERR_UNAVAILABLE, "no route");
        assert_pause(pauses[i] / 2, pauses[i]);
    }
    assert_events("failing(no route) "); /* told once */
    assert_target(KUBE__LIST, TARGET_LIST);
    answer_list(200, LIST("1", ""));
    assert_events("init done ready ");
}

/* Many that failed together do not come back together. */
static void test_pauses_differ(void **state)
{
    (void)state;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (size_t i = 0; i < 40; i++) {
        fail_list(ERR_UNAVAILABLE, "no route");
        uint64_t pause_ms = 0;
        assert_int_equal(kube__reflector_step(f.reflector, &pause_ms), KUBE__PAUSE);
        if (i >= 10) {
            least = MIN(least, pause_ms);
            most = MAX(most, pause_ms);
        }
        kube__reflector_paused(f.reflector);
    }
    assert_true(most - least > 1000);
}

static void test_retry_after_is_honoured_within_bounds(void **state)
{
    (void)state;
    struct kube__outcome outcome = {
        .status = 429, .retry_after_ms = 3000, .body = STR(STATUS("429", "TooManyRequests"))};
    kube__reflector_listed(f.reflector, &outcome);
    assert_events("failing(TooManyRequests (status 429): so it is) ");
    assert_pause(3000, 3000 + 125);
    outcome.retry_after_ms = 1000000000;
    kube__reflector_listed(f.reflector, &outcome);
    assert_pause(KUBE_RETRY_AFTER_MAX_MS, KUBE_RETRY_AFTER_MAX_MS + 250);
}

/* A new reason is told. */
static void test_refused_credentials_wait_calmly(void **state)
{
    (void)state;
    answer_list(401, STATUS("401", "Unauthorized"));
    assert_events("failing(Unauthorized (status 401): so it is) ");
    assert_pause(4000, 5000);
    answer_list(403, STATUS("403", "Forbidden"));
    assert_events("failing(Forbidden (status 403): so it is) ");
    assert_pause(4000, 5000);
}

/* Without a bound of ours, by chance, so that watches do not all end at once. */
static void test_the_timeout_of_watches_varies(void **state)
{
    (void)state;
    struct kube_watch_options options = REFLECTED_OPTIONS;
    options.timeout_s = 0;
    f.reflector = kube__reflector_free(f.reflector);
    f.reflector = kube__reflector_new(&options, &REFLECTED_EVENTS, &f.random);
    uint64_t pause_ms = 0;
    unsigned least = UINT32_MAX;
    unsigned most = 0;
    answer_list(200, LIST("1", ""));
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(kube__reflector_step(f.reflector, &pause_ms), KUBE__WATCH);
        unsigned timeout_s = kube__reflector_timeout_s(f.reflector);
        least = MIN(least, timeout_s);
        most = MAX(most, timeout_s);
        end_watch(200, "", 5000);
    }
    assert_in_range(least, KUBE_WATCH_TIMEOUT_S, most - 1);
    assert_in_range(most, least, KUBE_WATCH_TIMEOUT_S * 6 / 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reflected_setup, reflected_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_list_then_a_watch),
        TEST(test_pauses_double_and_have_a_bound),
        TEST(test_pauses_differ),
        TEST(test_retry_after_is_honoured_within_bounds),
        TEST(test_refused_credentials_wait_calmly),
        TEST(test_the_timeout_of_watches_varies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
