#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/api/decode.h"
#include "core/base/attr.h"

#define SECOND UINT64_C(1000000000)

static void durations_as_go_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } cases[] = {
        {"0", 0},
        {"10s", 10 * SECOND},
        {"+1m30s", 90 * SECOND},
        {"250ms", SECOND / 4},
        {"1.5h", 5400 * SECOND},
        {".5s", SECOND / 2},
        {"5.s", 5 * SECOND},
        {"1us", 1000},
        {"1\xC2\xB5s", 1000},
        {"1\xCE\xBCs", 1000},
        {"3ns", 3},
        {"1h1m1s", 3661 * SECOND},
        {"0.123456789123s", 123456789},
        {"0.0000000019s", 1},
        {"1.99999999999999999999999ns", 1},
        {"0.333333333333333h", UINT64_C(1199999999999)},
        {"9223372036854775807ns", INT64_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ns = 1;
        assert_int_equal(api__duration(str_of(cases[i].text), &ns), ERR_OK);
        assert_int_equal(ns, cases[i].ns);
    }
}

static void durations_that_are_none(void **state)
{
    (void)state;
    static const char *const invalid[] = {"",   "10",  "s",   "-1s", "+",   "1d", ".s",
                                          "1.", "1s1", " 1s", "1 s", "1sm", "00"};
    static const char *const large[] = {"9223372036854775808ns", "99999999999999999999999s",
                                        "2562048h", "9223372036854775807ns1ns"};
    uint64_t ns = 1;
    for (size_t i = 0; i < ARRAY_SIZE(invalid); i++)
        assert_int_equal(api__duration(str_of(invalid[i]), &ns), ERR_INVALID);
    for (size_t i = 0; i < ARRAY_SIZE(large); i++)
        assert_int_equal(api__duration(str_of(large[i]), &ns), ERR_LIMIT);
    assert_int_equal(ns, 1);
}

static void quantities_as_kubernetes_writes_them(void **state)
{
    (void)state;
    static const char *const valid[] = {"1",   "-1", "+0.5", "1.",  ".5",   "500m", "64Mi",
                                        "1Ei", "3k", "1e3",  "1E3", "1e-3", "1e.5", "2u"};
    static const char *const invalid[] = {"",    ".",  "m",   "1 ",   "1ki", "1mi", "1Mib",
                                          "--1", "1e", "1e+", "0x10", "1K",  "Mi",  "lots"};
    for (size_t i = 0; i < ARRAY_SIZE(valid); i++)
        assert_true(api__is_quantity(str_of(valid[i])));
    for (size_t i = 0; i < ARRAY_SIZE(invalid); i++)
        assert_false(api__is_quantity(str_of(invalid[i])));
}

static void durations_as_kuma_prints_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {90 * SECOND, "90s"},
        {SECOND / 4, "0.250s"},
        {SECOND + 1000, "1.000001s"},
        {1, "0.000000001s"},
        {INT64_MAX, "9223372036.854775807s"},
    };
    struct arena *arena = arena_new(256);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ns = 1;
        struct str text = api__duration_text(arena, cases[i].ns);
        assert_int_equal(text.size, strlen(cases[i].text));
        assert_memory_equal(text.data, cases[i].text, text.size);
        assert_int_equal(api__duration(text, &ns), ERR_OK);
        assert_int_equal(ns, cases[i].ns);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_as_go_writes_them),
        cmocka_unit_test(durations_that_are_none),
        cmocka_unit_test(quantities_as_kubernetes_writes_them),
        cmocka_unit_test(durations_as_kuma_prints_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
