#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/host.h"

static void names(void **state)
{
    (void)state; /* none */
    static const char *const all[] = {
        "a",        "localhost",        "api.example.com", "API.Example.Com.", "_sip._tcp.example",
        "a-b-.com", "xn--bcher-kva.de", "1.2.3",           "300.1.1.1",        "0a.b",
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        assert_true(host_is_name(str_of(all[i])));
}

static void no_names(void **state)
{
    (void)state; /* none */
    static const struct str none[] = {
        STR_INIT(""),      STR_INIT("."),       STR_INIT("a..b"),      STR_INIT(".a"),
        STR_INIT("a.."),   STR_INIT("-a.b"),    STR_INIT("a b"),       STR_INIT("a/b"),
        STR_INIT("*.a"),   STR_INIT("a:80"),    STR_INIT("b\xc3\xbc"), STR_INIT("a\0b"),
        STR_INIT("[::1]"), STR_INIT("1.2.3.4"), STR_INIT("::1"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_false(host_is_name(none[i]));
}

static void labels_and_names_have_bounds(void **state)
{
    (void)state; /* none */
    char text[HOST_NAME_MAX_SIZE + 1];
    memset(text, 'x', sizeof(text));
    assert_true(host_is_name(str_make(text, 63)));
    assert_false(host_is_name(str_make(text, 64)));
    for (size_t i = 1; i < sizeof(text); i += 2)
        text[i] = '.';
    assert_true(host_is_name(str_make(text, HOST_NAME_MAX_SIZE)));
    assert_false(host_is_name(str_make(text, HOST_NAME_MAX_SIZE + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(no_names),
        cmocka_unit_test(labels_and_names_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
