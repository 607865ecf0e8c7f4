/* The name server that somebody chose. */
#include "rig.h"

static void assert_server(const char *text, int family, int port)
{
    struct ares_addr_port_node node;
    assert_true(dns__server_parse(str_of(text), &node));
    assert_true(dns_server_is_valid(str_of(text)));
    assert_int_equal(node.family, family);
    assert_int_equal(node.udp_port, port);
    assert_int_equal(node.tcp_port, port);
}

static void servers(void **state)
{
    (void)state; /* none */
    assert_server("192.0.2.1", AF_INET, 53);
    assert_server("192.0.2.1:5353", AF_INET, 5353);
    assert_server("2001:db8::1", AF_INET6, 53);
    assert_server("[2001:db8::1]", AF_INET6, 53);
    assert_server("[2001:db8::1]:5353", AF_INET6, 5353);
}

static void no_servers(void **state)
{
    (void)state; /* none */
    static const char *const none[] = {
        "",      "a.test",         "a.test:53",        "192.0.2.1:",   "192.0.2.1:0",
        ":53",   "192.0.2.1:x",    "192.0.2.1:65536",  "[2001:db8::1", "[2001:db8::1]:",
        "[]:53", "192.0.2.1:53:1", "192.0.2.1,1.1.1.1"};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_false(dns_server_is_valid(str_of(none[i])));
    struct loop *loop CLEANUP(loop_free) = loop_new();
    struct dns_options options = {.loop = loop, .server = STR("a.test")};
    struct dns *dns = NULL;
    struct err_info why = {0};
    assert_int_equal(dns_new(&options, &dns, &why), ERR_INVALID);
    assert_string_equal(why.message, "\"a.test\" is not an IP address of a name server, with a "
                                     "port or without");
    assert_null(dns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers),
        cmocka_unit_test(no_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
