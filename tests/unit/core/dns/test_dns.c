/* What is found, and what is said where nothing is. */
#include "rig.h"

#define NOBODY                                                                         \
    "no name server gives an answer: they cannot be reached, or say that they failed " \
    "(SERVFAIL) or refuse (REFUSED)"

static void addresses_are_sorted_and_each_is_there_once(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "a.test",
                                            .ipv4 = "192.0.2.9 192.0.2.10 192.0.2.9 192.0.2.1",
                                            .ttl = 30});
    rig_found(&rig, "a.test.", "192.0.2.1 192.0.2.10 192.0.2.9", 30);
    rig_close(&rig);
}

static void an_alias_counts_with_its_time(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(
        &rig.server,
        (struct dns_server_name){
            .name = "a.test", .alias = "b.test", .alias_ttl = 7, .ipv4 = "192.0.2.1", .ttl = 30});
    rig_found(&rig, "a.test.", "192.0.2.1", 7);
    rig_close(&rig);
}

static void ipv6_counts_where_there_is_no_ipv4(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server,
                   (struct dns_server_name){
                       .name = "both.test", .ipv4 = "192.0.2.1", .ipv6 = "2001:db8::1", .ttl = 1});
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "six.test", .ipv6 = "2001:db8::1", .ttl = 2});
    rig_found(&rig, "both.test.", "192.0.2.1", 1);
    assert_int_equal(rig.server.asked, 1);
    rig_found(&rig, "six.test.", "2001:db8::1", 2);
    assert_int_equal(rig.server.asked, 3);
    rig_close(&rig);
}

static void what_is_not_found_says_why(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "empty.test"});
    dns_server_set(&rig.server, (struct dns_server_name){.name = "odd.test",
                                                         .code_of_ipv6 = DNS_SERVER_NO_NAME});
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "failed.test", .code = DNS_SERVER_FAILED});
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "refused.test", .code = DNS_SERVER_REFUSED});
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "garbage.test", .is_garbage = true});
    rig_not_found(&rig, "none.test.", DNS_NONE, "there is no such name");
    rig_not_found(&rig, "empty.test.", DNS_NONE, "the name has no address");
    rig_not_found(&rig, "odd.test.", DNS_NONE, "the name has no address");
    rig_not_found(&rig, "failed.test.", DNS_FAILED, NOBODY);
    rig_not_found(&rig, "refused.test.", DNS_FAILED, NOBODY);
    rig_not_found(&rig, "garbage.test.", DNS_FAILED,
                  "the answer of the name server is not readable");
    rig_not_found(&rig, "a..test", DNS_FAILED, "it is not a name that DNS knows");
    rig_close(&rig);
}

static void silence_ends_after_some_tries(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 20);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .is_silent = true});
    rig_not_found(&rig, "a.test.", DNS_FAILED, "no name server answered in time");
    assert_int_equal(rig.server.asked, DNS_TRIES);
    rig_close(&rig);
}

static void a_server_that_is_not_there_is_told_at_once(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 60000);
    dns_server_close(&rig.server);
    rig_not_found(&rig, "a.test.", DNS_FAILED, NOBODY);
    dns_server_open(&rig.server, rig.loop);
    rig_close(&rig);
}

static void what_does_not_fit_a_datagram_comes_by_tcp(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){
                                    .name = "a.test", .ipv4 = "192.0.2.1", .is_long = true});
    rig_found(&rig, "a.test.", "192.0.2.1", 0);
    assert_int_equal(rig.server.asked_by_tcp, 1);
    rig_close(&rig);
}

static void of_many_addresses_the_first_stay(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){
                                    .name = "a.test", .count = 200, .ttl = 9, .is_long = true});
    rig_answer(&rig, "a.test.");
    assert_int_equal(rig.count, DNS_ADDRESSES_MAX);
    assert_non_null(strstr(rig.addresses, "10.0.0.1 10.0.0.10 10.0.0.100 10.0.0.101 "));
    rig_close(&rig);
}

static void the_hosts_file_comes_first(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    rig_answer(&rig, "localhost");
    assert_int_equal(rig.outcome, DNS_FOUND);
    assert_non_null(strstr(rig.addresses, "127.0.0.1"));
    assert_int_equal(rig.ttl_s, 0);
    assert_int_equal(rig.server.asked, 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_sorted_and_each_is_there_once),
        cmocka_unit_test(an_alias_counts_with_its_time),
        cmocka_unit_test(ipv6_counts_where_there_is_no_ipv4),
        cmocka_unit_test(what_is_not_found_says_why),
        cmocka_unit_test(silence_ends_after_some_tries),
        cmocka_unit_test(a_server_that_is_not_there_is_told_at_once),
        cmocka_unit_test(what_does_not_fit_a_datagram_comes_by_tcp),
        cmocka_unit_test(of_many_addresses_the_first_stay),
        cmocka_unit_test(the_hosts_file_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
