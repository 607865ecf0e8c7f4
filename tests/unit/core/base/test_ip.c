#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/ip.h"

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        const char *bytes;
    } all[] = {
        {"127.0.0.1", 4, "\x7f\0\0\1"},
        {"255.255.255.255", 4, "\xff\xff\xff\xff"},
        {"::", 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
        {"2001:DB8::1", 16, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"},
        {"::ffff:10.0.0.1", 16, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1"},
        {"1111:2222:3333:4444:5555:6666:123.123.123.123", 16,
         "\x11\x11\x22\x22\x33\x33\x44\x44\x55\x55\x66\x66\x7b\x7b\x7b\x7b"}, /* the longest */
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        unsigned char bytes[IP_SIZE_MAX] = {0};
        assert_int_equal(ip_parse(str_of(all[i].text), bytes), all[i].size);
        assert_true(ip_is_address(str_of(all[i].text)));
        assert_memory_equal(bytes, all[i].bytes, all[i].size);
    }
}

static void test_no_addresses(void **state)
{
    (void)state;
    static const struct str none[] = {
        STR_INIT("1.2.3"),
        STR_INIT("1.2.3.256"),
        STR_INIT("01.2.3.4"),
        STR_INIT("1.2.3.4 "),
        STR_INIT(" 1.2.3.4"),
        STR_INIT("1.2.3.4:80"),
        STR_INIT("[::1]"),
        STR_INIT("fe80::1%eth0"),
        STR_INIT("::g"),
        STR_INIT("localhost"),
        STR_INIT("1.2.3.4\0.evil"),
        STR_INIT("::1\0"),
        STR_INIT("1111:2222:3333:4444:5555:6666:123.123.123.1234"), /* a byte too long */
        STR_INIT("1111:2222:3333:4444:5555:6666:123.123.123.123:7777:8888:9999"),
        {"", 0},
        {NULL, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        unsigned char bytes[IP_SIZE_MAX] = "unchanged";
        assert_int_equal(ip_parse(none[i], bytes), 0);
        assert_false(ip_is_address(none[i]));
        assert_string_equal(bytes, "unchanged");
    }
}

static void a_port_is_cut_off(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        const char *port;
    } cases[] = {
        {"127.0.0.1:80", "127.0.0.1", "80"},
        {"[::1]:80", "::1", "80"},
        {":80", "", "80"},
        {"[]:80", "", "80"},
        {"name", "name", ""},
        {"name:", "name", ""},
        {"[::1]", "::1", ""},
        {"[", "[", ""},
        {"", "", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct str host;
        struct str port;
        ip_cut_port(str_of(cases[i].text), &host, &port);
        assert_true(str_equal(host, str_of(cases[i].host)));
        assert_true(str_equal(port, str_of(cases[i].port)));
    }
}

static void an_address_with_a_port_is_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "80", "127.0.0.1", "name:80", "127.0.0.1:65536", "127.0.0.1:x", "[::1:80"};
    struct str ip = STR("untouched");
    uint16_t port = 7;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_false(ip_port_parse(str_of(wrong[i]), &ip, &port));
    assert_true(str_equal(ip, STR("untouched")));
    assert_int_equal(port, 7);
    assert_true(ip_port_parse(STR("[fd00::1]:9901"), &ip, &port));
    assert_true(str_equal(ip, STR("fd00::1")));
    assert_int_equal(port, 9901);
    assert_true(ip_port_parse(STR(":0"), &ip, &port));
    assert_int_equal(ip.size, 0);
    assert_int_equal(port, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_no_addresses),
        cmocka_unit_test(a_port_is_cut_off),
        cmocka_unit_test(an_address_with_a_port_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
