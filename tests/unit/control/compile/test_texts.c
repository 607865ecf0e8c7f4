/* What of a manifest may become a part of a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/texts.h"

struct row {
    struct str text;
    bool is_good;
};

static void check(const struct row *rows, size_t count, bool (*is_good)(struct str))
{
    for (size_t i = 0; i < count; i++) {
        if (is_good(rows[i].text) != rows[i].is_good)
            fail_msg("\"%.*s\"", STR_ARG(rows[i].text));
    }
}

static void header_values(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {STR_INIT(""), true},         {STR_INIT("a b\tc"), true}, {STR_INIT("\xc3\xa4"), true},
        {STR_INIT("a\nb: c"), false}, {STR_INIT("a\rb"), false},  {STR_INIT("a\0b"), false},
        {STR_INIT("a\x7f"), false},
    };
    check(rows, ARRAY_SIZE(rows), compile__is_header_value);
}

static void paths(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {STR_INIT("/"), true},       {STR_INIT("/a?b=c&d"), true}, {STR_INIT("/%20~*"), true},
        {STR_INIT(""), false},       {STR_INIT("a"), false},       {STR_INIT("/a b"), false},
        {STR_INIT("/a\r\n"), false}, {STR_INIT("/a#b"), false},    {STR_INIT("/\xc3\xa4"), false},
        {STR_INIT("/\x7f"), false},
    };
    check(rows, ARRAY_SIZE(rows), compile__is_path);
}

static void authorities(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {STR_INIT("a.example.com"), true},
        {STR_INIT("A_1-b:0"), true},
        {STR_INIT("10.0.0.1:80"), true},
        {STR_INIT("[::1]"), true},
        {STR_INIT("[::1]:65535"), true},
        {STR_INIT(""), false},
        {STR_INIT(":80"), false},
        {STR_INIT("a:"), false},
        {STR_INIT("a:65536"), false},
        {STR_INIT("::1"), false},
        {STR_INIT("[1.2.3.4]"), false},
        {STR_INIT("[::1]80"), false},
        {STR_INIT("["), false},
        {STR_INIT("[]"), false},
        {STR_INIT("a b"), false},
        {STR_INIT("http://a"), false},
        {STR_INIT("a@b"), false},
        {STR_INIT("a\nb"), false},
    };
    check(rows, ARRAY_SIZE(rows), compile__is_authority);
    assert_true(compile__is_host(STR("a.com")));
    assert_false(compile__is_host(STR("a.com:80")));
}

static void a_name_has_an_end(void **state)
{
    (void)state;
    char name[254];
    memset(name, 'a', sizeof(name));
    assert_true(compile__is_host(str_make(name, 253)));
    assert_false(compile__is_host(str_make(name, 254)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_values),
        cmocka_unit_test(paths),
        cmocka_unit_test(authorities),
        cmocka_unit_test(a_name_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
