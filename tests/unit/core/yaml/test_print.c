#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/random.h"
#include "core/yaml/yaml.h"

static const struct jv_mark nowhere = {0};

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static const struct jv *parse(struct str text)
{
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, text, &stream, &error) != ERR_OK)
        fail_msg("%u:%u: %s\nin: %.*s", error.mark.line, error.mark.column, error.message,
                 STR_ARG(text));
    assert_true(stream.count <= 1);
    return stream.count == 1 ? stream.documents[0] : jv_null(arena, nowhere);
}

static void assert_prints(const struct jv *value, const char *wanted)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    yaml_print(value, &buf);
    buf_append_char(&buf, '\0');
    assert_string_equal(buf.data, wanted);
    buf_deinit(&buf);
}

/* What is printed is read as the same tree again. */
static void assert_returns(const struct jv *value)
{
    struct buf yaml;
    struct buf before;
    struct buf after;
    buf_init(&yaml, 1 << 20);
    buf_init(&before, 1 << 20);
    buf_init(&after, 1 << 20);
    yaml_print(value, &yaml);
    jv_print(value, &before);
    jv_print(parse(buf_str(&yaml)), &after);
    if (!str_equal(buf_str(&before), buf_str(&after)))
        fail_msg("%.*s\nas: %.*s\nis: %.*s", STR_ARG(buf_str(&before)), STR_ARG(buf_str(&yaml)),
                 STR_ARG(buf_str(&after)));
    buf_deinit(&yaml);
    buf_deinit(&before);
    buf_deinit(&after);
}

static void test_blocks(void **state)
{
    (void)state;
    const char *text = "type: MeshGateway\n"
                       "selectors:\n"
                       "- match:\n"
                       "    kuma.io/service: edge\n"
                       "- - 1\n"
                       "  - -2.50\n"
                       "empty:\n"
                       "  list: []\n"
                       "  object: {}\n"
                       "  string: \"\"\n"
                       "  nothing: null\n"
                       "yes it is: true\n";
    assert_prints(parse(str_of(text)), text);
    assert_prints(parse(STR("[]")), "[]\n");
}

/* A string is printed as `wanted`, also where it is a key. */
static void assert_string_prints(struct str text, const char *wanted)
{
    const struct jv *string = jv_string(arena, nowhere, text);
    struct jv_member member = {.key = text, .value = string};
    const struct jv_member *twice[2];
    const struct jv *object = NULL;
    assert_int_equal(jv_object(arena, nowhere, &member, 1, &object, twice), ERR_OK);
    assert_prints(string, wanted);
    assert_returns(string);
    assert_returns(object);
    assert_returns(jv_array(arena, nowhere, &object, 1));
}

static void test_strings(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"edge", "edge\n"},
        {"10.0.0.1", "10.0.0.1\n"},
        {"10s", "10s\n"},
        {"foo.example.com", "foo.example.com\n"},
        {"two words", "two words\n"},
        {"Grüße 大手門", "Grüße 大手門\n"},
        {"a:b", "a:b\n"},
        {"-", "'-'\n"},
        {"a: b", "'a: b'\n"},
        {"a #b", "'a #b'\n"},
        {"*", "'*'\n"},
        {"*.example.com", "'*.example.com'\n"},
        {"&a", "'&a'\n"},
        {"@a", "'@a'\n"},
        {"[a", "'[a'\n"},
        {"---", "'---'\n"},
        {" a", "' a'\n"},
        {"a ", "'a '\n"},
        {"it's: so", "'it''s: so'\n"},
        {"true", "\"true\"\n"},
        {"Yes", "\"Yes\"\n"},
        {"off", "\"off\"\n"},
        {"n", "\"n\"\n"},
        {"null", "\"null\"\n"},
        {"~", "\"~\"\n"},
        {"8080", "\"8080\"\n"},
        {"0x1F", "\"0x1F\"\n"},
        {"1_000", "\"1_000\"\n"},
        {"-0", "\"-0\"\n"},
        {"1e3", "\"1e3\"\n"},
        {".5", "\".5\"\n"},
        {".inf", "\".inf\"\n"},
        {"99999999999999999999", "\"99999999999999999999\"\n"},
        {"0xFFFFFFFFFFFFFFFFFFFF", "\"0xFFFFFFFFFFFFFFFFFFFF\"\n"},
        {"12:30:45", "\"12:30:45\"\n"},
        {"2026-01-31", "\"2026-01-31\"\n"},
        {"=", "\"=\"\n"},
        {"<<", "\"<<\"\n"},
        {"a\tb", "\"a\\tb\"\n"},
        {"a\x7F", "\"a\\x7F\"\n"},
        {"\xC2\x85", "\"\\N\"\n"},
        {"a\xE2\x80\xA8"
         "b",
         "\"a\\Lb\"\n"},
        {"\xEF\xBB\xBF"
         "a",
         "\"\\uFEFFa\"\n"},
        {"a\r\nb", "\"a\\r\\nb\"\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_prints(str_of(cases[i][0]), cases[i][1]);
    assert_string_prints(STR("a\0b"), "\"a\\0b\"\n");
}

static void test_lines(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"-----BEGIN X-----\nabc=\n-----END X-----\n",
         "|\n  -----BEGIN X-----\n  abc=\n  -----END X-----\n"},
        {"a\nb", "|-\n  a\n  b\n"},
        {"a\n\n  b: #\n", "|\n  a\n\n    b: #\n"},
        {"a\n\n", "\"a\\n\\n\"\n"},
        {"\na", "\"\\na\"\n"},
        {"\n", "\"\\n\"\n"},
        {" a\nb", "\" a\\nb\"\n"},
        {"a \nb", "\"a \\nb\"\n"},
        {"a\n\tb", "\"a\\n\\tb\"\n"},
        {"- a\n- b\n", "|\n  - a\n  - b\n"},
        {"---\n...\n", "|\n  ---\n  ...\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_prints(str_of(cases[i][0]), cases[i][1]);
}

/* Longer than what a reader takes for a key on one line. */
static void test_long_keys(void **state)
{
    (void)state;
    char text[3000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 7 == 6 ? ' ' : 'x';
    for (size_t size = 100; size < sizeof(text); size += 13) {
        struct jv_member member = {.key = str_make(text, size), .value = jv_null(arena, nowhere)};
        const struct jv_member *twice[2];
        const struct jv *object = NULL;
        assert_int_equal(jv_object(arena, nowhere, &member, 1, &object, twice), ERR_OK);
        assert_returns(object);
    }
}

/* Pieces of which strings are made that a printer may get wrong. */
static const struct str pieces[] = {
    STR_INIT("a"),    STR_INIT("0"),        STR_INIT("1"),  STR_INIT(" "),
    STR_INIT("\n"),   STR_INIT(":"),        STR_INIT("-"),  STR_INIT("#"),
    STR_INIT("'"),    STR_INIT("\""),       STR_INIT("\\"), STR_INIT("\t"),
    STR_INIT("\r"),   STR_INIT("\xC2\x85"), STR_INIT("e"),  STR_INIT("."),
    STR_INIT("?"),    STR_INIT("{"),        STR_INIT("]"),  STR_INIT(","),
    STR_INIT("true"), STR_INIT("\xC3\xBC"), STR_INIT("%"),  STR_INIT("\xF0\x9F\x9A\xAA"),
    STR_INIT("|"),    STR_INIT("&"),        STR_INIT("!"),  STR_INIT("\xEF\xBF\xBE"),
    STR_INIT("x"),    STR_INIT("_"),        STR_INIT("~"),  STR_INIT("\x01"),
};

static struct str random_text(struct random *random)
{
    struct str text = STR_EMPTY;
    for (uint64_t n = random_below(random, 8); n > 0; n--) {
        struct str piece = pieces[random_below(random, ARRAY_SIZE(pieces))];
        text = str_format(arena, "%.*s%.*s", STR_ARG(text), STR_ARG(piece));
    }
    return text;
}

static const struct jv *random_tree(struct random *random, unsigned depth)
{
    const struct jv *items[4];
    struct jv_member members[4];
    uint64_t kind = random_below(random, depth > 0 ? 6 : 3);
    size_t count = random_below(random, 5);
    if (kind == 0)
        return jv_number(arena, nowhere, STR("-12.50e+3"));
    if (kind < 3)
        return jv_string(arena, nowhere, random_text(random));
    for (size_t i = 0; i < count; i++) {
        items[i] = random_tree(random, depth - 1);
        struct str text = random_text(random);
        struct str key = str_format(arena, "%.*s%zu", STR_ARG(text), i);
        members[i] = (struct jv_member){.key = key, .value = items[i]};
    }
    if (kind == 3)
        return jv_array(arena, nowhere, items, count);
    const struct jv *object = NULL;
    const struct jv_member *twice[2];
    assert_int_equal(jv_object(arena, nowhere, members, count, &object, twice), ERR_OK);
    return object;
}

static void test_random_trees(void **state)
{
    (void)state;
    struct random random;
    random_init(&random);
    for (unsigned i = 0; i < 20000; i++) {
        assert_returns(random_tree(&random, i % 5));
        if (i % 100 == 0) {
            arena = arena_free(arena);
            arena = arena_new(4096);
        }
    }
}

static void test_overflow(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 8);
    yaml_print(parse(STR("[a, b, c, d, e]")), &buf);
    assert_true(buf_overflowed(&buf));
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random_trees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
