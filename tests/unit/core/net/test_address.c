#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/net/net.h"

static void texts_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "127.0.0.1:8080",
        "0.0.0.0:0",
        "255.255.255.255:65535",
        "[::]:80",
        "[::1]:1",
        "[2001:db8::1]:443",
        "[1:0:0:2::3]:65535",
        "[1122:3344:5566:7788:99aa:bbcc:ddee:ff00]:65535",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct net_address address;
        assert_int_equal(net_address_parse(str_of(texts[i]), &address), ERR_OK);
        char text[NET_ADDRESS_TEXT_SIZE];
        assert_int_equal(net_address_print(&address, text).size, strlen(texts[i]));
        assert_string_equal(text, texts[i]);
    }
}

static void other_spellings(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"[0:0:0:0:0:0:0:1]:80", "[::1]:80"},
        {"[2001:DB8::A]:80", "[2001:db8::a]:80"},
        {"[::ffff:10.0.0.1]:80", "10.0.0.1:80"}, /* mapped is IPv4 */
        {"[::10.0.0.1]:80", "[::10.0.0.1]:80"},  /* compatible is not */
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct net_address address;
        assert_int_equal(net_address_parse(str_of(pairs[i][0]), &address), ERR_OK);
        char text[NET_ADDRESS_TEXT_SIZE];
        (void)net_address_print(&address, text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:080",
        ":80",
        "127.0.0:80",
        "127.0.0.1.1:80",
        "01.0.0.1:80",
        "256.0.0.1:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[1.2.3.4]:80",
        "[fe80::1%lo]:80",
        "localhost:80",
        "127.0.0.1:-1",
        "127.0.0.1: 80",
        "[1122:3344:5566:7788:99aa:bbcc:ddee:ff00:1122:3344:5566:7788:99aa]:80",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct net_address address;
        assert_int_equal(net_address_parse(str_of(texts[i]), &address), ERR_INVALID);
    }
    struct net_address address;
    assert_int_equal(net_address_make(STR("127.0.0.1\0x"), 80, &address), ERR_INVALID);
}

static void equality_and_hash(void **state)
{
    (void)state;
    struct net_address a, b, other_port, other_ip, other_family;
    assert_int_equal(net_address_make(STR("10.0.0.1"), 80, &a), ERR_OK);
    assert_int_equal(net_address_make(STR("::ffff:10.0.0.1"), 80, &b), ERR_OK);
    assert_int_equal(net_address_make(STR("10.0.0.1"), 81, &other_port), ERR_OK);
    assert_int_equal(net_address_make(STR("10.0.0.2"), 80, &other_ip), ERR_OK);
    assert_int_equal(net_address_make(STR("a00:1::"), 80, &other_family), ERR_OK);
    assert_true(net_address_equal(&a, &b));
    assert_false(net_address_equal(&a, &other_port));
    assert_false(net_address_equal(&a, &other_ip));
    assert_false(net_address_equal(&a, &other_family)); /* the same bytes */
}

static void ip_alone(void **state)
{
    (void)state;
    struct net_address address;
    char text[NET_ADDRESS_TEXT_SIZE];
    assert_int_equal(net_address_make(STR("::1"), 80, &address), ERR_OK);
    assert_true(str_equal(net_address_print_ip(&address, text), STR("::1")));
    assert_int_equal(net_address_make(STR("10.1.2.3"), 80, &address), ERR_OK);
    assert_true(str_equal(net_address_print_ip(&address, text), STR("10.1.2.3")));
}

static bool is_local(const char *ip)
{
    struct net_address address;
    assert_int_equal(net_address_make(str_of(ip), 1, &address), ERR_OK);
    return net_address_is_local(&address);
}

static void local_addresses(void **state)
{
    (void)state;
    assert_true(is_local("127.0.0.1"));
    assert_true(is_local("127.1.2.3"));
    assert_true(is_local("0.0.0.0"));
    assert_false(is_local("192.0.2.1")); /* for documentation: RFC 5737 */
    assert_false(is_local("224.0.0.1"));
    assert_false(is_local("ff02::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_round_trip), cmocka_unit_test(other_spellings),
        cmocka_unit_test(refused),          cmocka_unit_test(equality_and_hash),
        cmocka_unit_test(ip_alone),         cmocka_unit_test(local_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
