/* The system's configuration. */
#include <stdlib.h>

#include "rig.h"

/* As pods have it: three domains, and few names that have dots enough to come first. */
static void search_domains_are_tried_in_turn(void **state)
{
    (void)state; /* none */
    struct rig rig;
    assert_int_equal(setenv("LOCALDOMAIN", "edge.svc.c.test svc.c.test c.test", 1), 0);
    assert_int_equal(setenv("RES_OPTIONS", "ndots:5", 1), 0);
    rig_open(&rig, 0);
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "web.shop.svc.c.test", .ipv4 = "192.0.2.1"});
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "web.example.org", .ipv4 = "192.0.2.2"});
    rig_found(&rig, "web.shop.svc", "192.0.2.1", 0);
    assert_int_equal(rig.server.asked, 3);
    rig_found(&rig, "web.example.org", "192.0.2.2", 0); /* the last, as it is */
    assert_int_equal(rig.server.asked, 3 + 4);
    rig_found(&rig, "web.example.org.", "192.0.2.2", 0);
    assert_int_equal(rig.server.asked, 3 + 4 + 1);
    rig_close(&rig);
    assert_int_equal(unsetenv("LOCALDOMAIN"), 0);
    assert_int_equal(unsetenv("RES_OPTIONS"), 0);
}

static void another_configuration_is_read_when_nothing_is_under_way(void **state)
{
    (void)state; /* none */
    struct rig rig;
    rig_open(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    dns_server_set(&rig.server, (struct dns_server_name){.name = "b.test", .is_silent = true});
    const struct stat now = rig.dns->system;
    for (int i = 0; i < 3; i++) {
        rig.dns->system.st_size++;                  /* it was another one */
        rig_found(&rig, "a.test.", "192.0.2.1", 0); /* of the same server, which was chosen */
        assert_int_equal(rig.dns->system.st_size, now.st_size);
    }
    rig_ask(&rig, "b.test.");
    turns_now(rig.loop);
    rig.dns->system.st_size++;
    rig_found(&rig, "a.test.", "192.0.2.1", 0);
    assert_int_equal(rig.dns->system.st_size, now.st_size + 1); /* not yet */
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_domains_are_tried_in_turn),
        cmocka_unit_test(another_configuration_is_read_when_nothing_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
