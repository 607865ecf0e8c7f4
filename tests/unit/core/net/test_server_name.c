#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/net/internal.h"

static enum err parse(struct str extension, struct str *ret_name)
{
    static char name[NET_TLS_SERVER_NAME_MAX];
    size_t size = 0;
    enum err e = net__server_name_parse(extension, name, &size);
    *ret_name = str_make(name, size);
    return e;
}

static void names_are_given_in_lower_case(void **state)
{
    (void)state;
    struct str name;
    assert_int_equal(parse(STR("\0\x0e\0\0\x0b"
                               "Foo.Example"),
                           &name),
                     ERR_OK);
    assert_true(str_equal(name, STR("foo.example")));
}

static void other_types_are_skipped(void **state)
{
    (void)state;
    struct str name;
    assert_int_equal(parse(STR("\0\x09\x07\0\2ab\0\0\1x"), &name), ERR_OK);
    assert_true(str_equal(name, STR("x")));
    assert_int_equal(parse(STR("\0\x05\x07\0\2ab"), &name), ERR_PROTOCOL); /* no name at all */
}

static void malformed(void **state)
{
    (void)state;
    static const struct str extensions[] = {
        STR_INIT(""),
        STR_INIT("\0"),
        STR_INIT("\0\0"),                 /* an empty list */
        STR_INIT("\0\4\0\0\1xy"),         /* bytes after the list */
        STR_INIT("\0\5\0\0\1x"),          /* a list longer than its bytes */
        STR_INIT("\0\4\0\0\2x"),          /* a name longer than its list */
        STR_INIT("\0\3\0\0\0"),           /* an empty name */
        STR_INIT("\0\1\0"),               /* no size */
        STR_INIT("\0\2\0\0"),             /* half a size */
        STR_INIT("\0\4\0\0\1\0"),         /* bytes that are in no host name */
        STR_INIT("\0\4\0\0\1 "),          /**/
        STR_INIT("\0\4\0\0\1\x80"),       /**/
        STR_INIT("\0\x08\0\0\1x\0\0\1y"), /* two host names */
    };
    for (size_t i = 0; i < ARRAY_SIZE(extensions); i++) {
        struct str name;
        assert_int_equal(parse(extensions[i], &name), ERR_PROTOCOL);
    }
}

static void the_longest_name(void **state)
{
    (void)state;
    for (size_t size = NET_TLS_SERVER_NAME_MAX; size <= NET_TLS_SERVER_NAME_MAX + 1; size++) {
        char bytes[5 + NET_TLS_SERVER_NAME_MAX + 1] = {0};
        bytes[0] = (char)((size + 3) >> 8);
        bytes[1] = (char)(size + 3);
        bytes[3] = (char)(size >> 8);
        bytes[4] = (char)size;
        memset(bytes + 5, 'a', size);
        struct str name;
        enum err e = parse(str_make(bytes, 5 + size), &name);
        assert_int_equal(e, size == NET_TLS_SERVER_NAME_MAX ? ERR_OK : ERR_PROTOCOL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_given_in_lower_case),
        cmocka_unit_test(other_types_are_skipped),
        cmocka_unit_test(malformed),
        cmocka_unit_test(the_longest_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
