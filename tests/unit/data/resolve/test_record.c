/* What an answer means for a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/resolve/parts.h"

static const struct resolve__limits limits = {RESOLVE_TTL_MIN_MS, RESOLVE_RETRY_MS};
static const char unknown[] = "there is no such name";
static const char silent[] = "no name server answered in time";

static struct str addresses[] = {STR_INIT("192.0.2.1"), STR_INIT("192.0.2.2"),
                                 STR_INIT("2001:db8::1")};

/* With the first `count` of them. */
static struct dns_answer found(size_t count, uint32_t ttl_s)
{
    return (struct dns_answer){
        .outcome = DNS_FOUND, .addresses = addresses, .count = count, .ttl_s = ttl_s};
}

static struct dns_answer not_found(enum dns_outcome outcome, const char *reason)
{
    return (struct dns_answer){.outcome = outcome, .reason = reason};
}

static struct resolve__outcome take(struct resolve__record *record, struct dns_answer answer)
{
    struct random random = {{1, 2, 3, 4}};
    return resolve__record_take(record, &answer, &limits, &random);
}

static void an_answer_is_good_for_its_time_within_bounds(void **state)
{
    (void)state; /* none */
    struct resolve__record record = {0};
    assert_int_equal(take(&record, found(1, 0)).pause_ms, RESOLVE_TTL_MIN_MS);
    assert_int_equal(take(&record, found(1, 4)).pause_ms, RESOLVE_TTL_MIN_MS);
    assert_int_equal(take(&record, found(1, 30)).pause_ms, 30000);
    assert_int_equal(take(&record, found(1, 86400)).pause_ms, RESOLVE_TTL_MAX_MS);
    assert_int_equal(take(&record, found(1, UINT32_MAX)).pause_ms, RESOLVE_TTL_MAX_MS);
    resolve__record_deinit(&record);
}

static void only_other_addresses_are_a_change(void **state)
{
    (void)state; /* none */
    struct resolve__record record = {0};
    struct resolve__outcome outcome = take(&record, found(2, 30));
    assert_true(outcome.addresses_changed);
    assert_true(outcome.is_news);
    assert_int_equal(record.address_count, 2);
    assert_true(str_equal(record.addresses[1], STR("192.0.2.2")));
    outcome = take(&record, found(2, 60));
    assert_false(outcome.addresses_changed);
    assert_false(outcome.is_news);
    assert_true(take(&record, found(3, 60)).addresses_changed);
    assert_true(take(&record, found(1, 60)).addresses_changed);
    assert_int_equal(record.address_count, 1);
    resolve__record_deinit(&record);
}

static void while_servers_fail_the_last_addresses_stay(void **state)
{
    (void)state; /* none */
    struct resolve__record record = {0};
    uint64_t longest = RESOLVE_RETRY_MS;
    assert_true(take(&record, found(2, 30)).addresses_changed);
    for (int i = 0; i < 50; i++) {
        struct resolve__outcome outcome = take(&record, not_found(DNS_FAILED, silent));
        assert_false(outcome.addresses_changed);
        assert_int_equal(outcome.is_news, i == 0);
        assert_in_range(outcome.pause_ms, longest / 2, longest);
        longest = MIN(longest * 2, RESOLVE_RETRY_MAX_MS);
    }
    assert_int_equal(record.address_count, 2);
    struct resolve__outcome outcome = take(&record, found(2, 30));
    assert_false(outcome.addresses_changed);
    assert_true(outcome.is_news); /* it is well again */
    assert_null(record.reason);
    assert_in_range(take(&record, not_found(DNS_FAILED, silent)).pause_ms, RESOLVE_RETRY_MS / 2,
                    RESOLVE_RETRY_MS);
    resolve__record_deinit(&record);
}

static void that_there_is_no_such_name_is_believed_the_second_time(void **state)
{
    (void)state; /* none */
    struct resolve__record record = {0};
    assert_true(take(&record, found(2, 30)).addresses_changed);
    assert_false(take(&record, not_found(DNS_NONE, unknown)).addresses_changed);
    assert_false(take(&record, not_found(DNS_FAILED, silent)).addresses_changed);
    assert_false(take(&record, not_found(DNS_NONE, unknown)).addresses_changed);
    assert_int_equal(record.address_count, 2);
    assert_true(take(&record, not_found(DNS_NONE, unknown)).addresses_changed);
    assert_int_equal(record.address_count, 0);
    struct resolve__outcome outcome = take(&record, not_found(DNS_NONE, unknown));
    assert_false(outcome.addresses_changed || outcome.is_news);
    assert_true(take(&record, found(1, 30)).addresses_changed);
    resolve__record_deinit(&record);
}

static void a_name_that_never_was_says_so_at_once(void **state)
{
    (void)state; /* none */
    struct resolve__record record = {0};
    struct resolve__outcome outcome = take(&record, not_found(DNS_NONE, unknown));
    assert_true(outcome.is_news);
    assert_false(outcome.addresses_changed);
    outcome = take(&record, not_found(DNS_NONE, unknown));
    assert_false(outcome.is_news || outcome.addresses_changed);
    assert_ptr_equal(record.reason, unknown);
    resolve__record_deinit(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_good_for_its_time_within_bounds),
        cmocka_unit_test(only_other_addresses_are_a_change),
        cmocka_unit_test(while_servers_fail_the_last_addresses_stay),
        cmocka_unit_test(that_there_is_no_such_name_is_believed_the_second_time),
        cmocka_unit_test(a_name_that_never_was_says_so_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
