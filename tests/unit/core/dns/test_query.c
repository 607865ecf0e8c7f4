/* Several that ask, those that do not wait for it, and the end while something is under way. */
#include "rig.h"

static void one_name_is_one_query(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    for (int i = 0; i < 5; i++)
        rig_ask(&rig, "a.test.");
    turns_until(rig.loop, &rig.told, 5);
    assert_int_equal(rig.server.asked, 1);
    rig_found(&rig, "a.test.", "192.0.2.1", 0); /* and afterwards it is asked anew */
    assert_int_equal(rig.server.asked, 2);
    rig_close(&rig);
}

static void who_cancels_is_not_told(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    struct dns_question *question = dns_resolve(rig.dns, STR("a.test."), rig_on_answer, &rig);
    assert_null(dns_cancel(question));
    assert_null(dns_cancel(NULL));
    rig_found(&rig, "a.test.", "192.0.2.1", 0);
    assert_int_equal(rig.server.asked, 1); /* the query of the first */
    assert_int_equal(rig.told, 1);
    rig_close(&rig);
}

static void what_nobody_waits_for_is_not_asked(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "b.test", .ipv4 = "192.0.2.2"});
    struct dns_question *question = dns_resolve(rig.dns, STR("a.test."), rig_on_answer, &rig);
    assert_null(dns_cancel(question));
    rig_found(&rig, "b.test.", "192.0.2.2", 0);
    assert_int_equal(rig.server.asked, 1);
    question = dns_resolve(rig.dns, STR("b.test."), rig_on_answer, &rig);
    assert_null(dns_cancel(question));
    rig_found(&rig, "b.test.", "192.0.2.2", 0); /* who asks again meanwhile is answered */
    assert_int_equal(rig.server.asked, 2);
    rig_close(&rig);
}

struct pair {
    struct rig *rig;
    struct dns_question *other;
    unsigned told;
};

static void on_first(void *arg, const struct dns_answer *answer)
{
    struct pair *pair = arg;
    assert_int_equal(answer->count, 1);
    pair->told++;
    pair->other = dns_cancel(pair->other);
    rig_ask(pair->rig, "a.test.");
}

static void a_callback_may_cancel_and_ask(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    struct pair pair = {.rig = &rig};
    struct dns_question *first = dns_resolve(rig.dns, STR("a.test."), on_first, &pair);
    assert_non_null(first);
    pair.other = dns_resolve(rig.dns, STR("a.test."), rig_on_answer, &rig);
    turns_until(rig.loop, &rig.told, 1);
    turns_now(rig.loop);
    assert_int_equal(pair.told, 1);
    assert_int_equal(rig.told, 1);
    assert_int_equal(rig.server.asked, 2);
    rig_close(&rig);
}

static void more_than_may_run_wait(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    char name[32];
    for (unsigned i = 0; i < DNS_QUERIES_MAX + 40; i++) {
        (void)snprintf(name, sizeof(name), "%u.none.test.", i);
        rig_ask(&rig, name);
    }
    turns_now(rig.loop);
    assert_true(rig.dns->running <= DNS_QUERIES_MAX);
    turns_until(rig.loop, &rig.told, DNS_QUERIES_MAX + 40);
    assert_int_equal(rig.dns->running, 0);
    rig_close(&rig);
}

/* What waits, what is under way and what has its answer: nothing is told, nothing leaks. */
static void the_end_may_come_at_any_time(void **state)
{
    (void)state; /* none */
    for (int turns = 0; turns < 3; turns++) {
        struct rig rig;
        rig_open(&rig, 0);
        dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .is_silent = true});
        rig_ask(&rig, "a.test.");
        rig_ask(&rig, "b.test.");
        rig_ask(&rig, "localhost");
        for (int i = 0; i < turns; i++)
            turns_now(rig.loop);
        rig_ask(&rig, "c.test.");
        rig_close(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_name_is_one_query),
        cmocka_unit_test(who_cancels_is_not_told),
        cmocka_unit_test(what_nobody_waits_for_is_not_asked),
        cmocka_unit_test(a_callback_may_cancel_and_ask),
        cmocka_unit_test(more_than_may_run_wait),
        cmocka_unit_test(the_end_may_come_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
