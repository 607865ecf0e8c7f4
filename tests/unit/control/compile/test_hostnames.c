#include "control/compile/hostnames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/attr.h"

static void who_covers_whom(void **state)
{
    (void)state;
    static const struct {
        const char *wide;
        const char *narrow;
        bool covers;
    } examples[] = {
        {"*", "*", true},
        {"*", "a.com", true},
        {"*", "*.com", true},
        {"*.com", "*", false},
        {"*.com", "a.com", true},
        {"*.com", "b.a.com", true},
        {"*.com", "*.a.com", true},
        {"*.com", "*.com", true},
        {"*.com", "com", false},
        {"*.a.com", "*.com", false},
        {"*.a.com", "a.com", false},
        {"*.a.com", ".a.com", false},
        {"*.a.com", "xa.com", false},
        {"a.com", "a.com", true},
        {"a.com", "b.a.com", false},
        {"a.com", "a.b.com", false},
        {"a.com", "*.com", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        if (compile__hostname_covers(str_of(examples[i].wide), str_of(examples[i].narrow)) !=
            examples[i].covers)
            fail_msg("%s, %s", examples[i].wide, examples[i].narrow);
    }
}

static void the_most_exact_comes_first(void **state)
{
    (void)state;
    static const char *const order[] = {"a.com",   "b.a.com", "c.com", "*.b.a.com", "*.a.com",
                                        "*.b.com", "*.com",   "*.org", "*"};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(order); j++) {
            int compared = compile__hostname_compare(str_of(order[i]), str_of(order[j]));
            if ((compared < 0) != (i < j) || (compared == 0) != (i == j))
                fail_msg("%s, %s: %d", order[i], order[j], compared);
        }
    }
}

static void note(void *arg, struct str wildcard)
{
    char *text = arg;
    size_t size = strlen(text);
    (void)snprintf(text + size, 256 - size, "%.*s ", STR_ARG(wildcard));
}

static void assert_wildcards(struct str name, const char *wanted)
{
    char text[256] = "";
    compile__visit_wildcards(name, note, text);
    assert_string_equal(text, wanted);
}

static void wildcards_above_a_name(void **state)
{
    (void)state;
    assert_wildcards(STR("c.b.a"), "*.b.a *.a ");
    assert_wildcards(STR("*.b.a"), "*.a ");
    assert_wildcards(STR("a"), "");
    assert_wildcards(STR("*"), "");
    char name[300];
    memset(name, 'a', sizeof(name));
    name[1] = '.';
    assert_wildcards(str_make(name, sizeof(name)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_covers_whom),
        cmocka_unit_test(the_most_exact_comes_first),
        cmocka_unit_test(wildcards_above_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
