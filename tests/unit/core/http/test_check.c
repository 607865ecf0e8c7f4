/* What may be written: names, values, paths and authorities that others choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/http/http.h"

struct choice {
    struct str text;
    bool is_valid;
};

static void check(bool (*is_valid)(struct str), const struct choice *choices, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_valid(choices[i].text) != choices[i].is_valid) {
            fail_msg("\"%.*s\"", STR_ARG(choices[i].text));
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    static const struct choice names[] = {
        {STR_INIT("x-a"), true},    {STR_INIT("x_a"), true},  {STR_INIT("!#$%&'*+-.^_`|~09"), true},
        {STR_INIT(""), false},      {STR_INIT("X-a"), false}, {STR_INIT("x-A"), false},
        {STR_INIT(":path"), false}, {STR_INIT("x a"), false}, {STR_INIT("x-a:"), false},
        {STR_INIT("x\r"), false},   {STR_INIT("x\0"), false}, {STR_INIT("x\xc3\xa4"), false},
    };
    check(http_name_is_valid, names, ARRAY_SIZE(names));
}

static void test_values(void **state)
{
    (void)state;
    static const struct choice values[] = {
        {STR_INIT(""), true},
        {STR_INIT("a b\tc"), true},
        {STR_INIT("\t"), true},
        {STR_INIT("\xc3\xa4"), true},
        {STR_INIT("a\r\nb: c"), false},
        {STR_INIT("a\n"), false},
        {STR_INIT("\ta\0b"), false},
        {STR_INIT("a\x7f"), false},
        {STR_INIT("\x1b[m"), false},
        {STR_INIT("a long value, of which only the last byte is not one \x01"), false},
    };
    check(http_value_is_valid, values, ARRAY_SIZE(values));
}

static void test_paths(void **state)
{
    (void)state;
    static const struct choice paths[] = {
        {STR_INIT("/"), true},      {STR_INIT("/a%20b/?c=d&e"), true},
        {STR_INIT("/<a>"), true},   {STR_INIT(""), false},
        {STR_INIT("a"), false},     {STR_INIT("/a b"), false},
        {STR_INIT("/a#b"), false},  {STR_INIT("/a\r\n"), false},
        {STR_INIT("/\xc3"), false}, {STR_INIT("?a=b"), false},
    };
    check(http_path_is_valid, paths, ARRAY_SIZE(paths));
}

static void test_authorities(void **state)
{
    (void)state;
    static const struct choice authorities[] = {
        {STR_INIT("a"), true},       {STR_INIT("a.test:80"), true}, {STR_INIT("[::1]:80"), true},
        {STR_INIT("1.2.3.4"), true}, {STR_INIT(""), false},         {STR_INIT("a b"), false},
        {STR_INIT("a/b"), false},    {STR_INIT("a:b"), false},      {STR_INIT("a:99999"), false},
        {STR_INIT("u@a"), false},    {STR_INIT("a\r\n"), false},
    };
    check(http_authority_is_valid, authorities, ARRAY_SIZE(authorities));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_authorities),
    };
    return cmocka_run_group_tests_name("core/http check", tests, NULL, NULL);
}
