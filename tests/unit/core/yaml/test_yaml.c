#include "core/yaml/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"

static struct arena *arena;
static struct yaml_stream stream;
static struct yaml_error error;

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

/* The documents of `text` as canonical JSON, one per line. */
static void assert_parses(const char *text, const char *wanted)
{
    struct str whole = str_of(text);
    enum err e = yaml_parse(arena, whole, &stream, &error);
    if (e != ERR_OK)
        fail_msg("%u:%u: %s\nin: %s", error.mark.line, error.mark.column, error.message, text);
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < stream.count; i++) {
        if (i > 0)
            buf_append_char(&buf, '\n');
        jv_print(stream.documents[i], &buf);
    }
    buf_append_char(&buf, '\0');
    assert_false(buf_overflowed(&buf));
    assert_string_equal(buf.data, wanted);
    buf_deinit(&buf);
}

static void assert_fails_with(struct str text, enum err code, uint32_t line, uint32_t column,
                              const char *message)
{
    stream = (struct yaml_stream){NULL, 77};
    assert_int_equal(yaml_parse(arena, text, &stream, &error), code);
    assert_int_equal(stream.count, 77); /* untouched */
    if (strstr(error.message, message) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", message, error.message);
    assert_int_equal(error.mark.line, line);
    assert_int_equal(error.mark.column, column);
}

static void assert_fails(const char *text, uint32_t line, uint32_t column, const char *message)
{
    assert_fails_with(str_of(text), ERR_INVALID, line, column, message);
}

static void composes_documents(void **state)
{
    (void)state;
    assert_parses("", "");
    assert_int_equal(yaml_parse(arena, str_make(NULL, 0), &stream, &error), ERR_OK);
    assert_int_equal(stream.count, 0);
    assert_parses("# nothing\n---\n---\n...\n", "");
    assert_parses("a: [1, two, {b: null}]\nc:\n- d\n-\n", "{\"a\":[1,\"two\",{\"b\":null}],"
                                                          "\"c\":[\"d\",null]}");
    assert_parses("--- 1\n--- x\n---\n{}\n...\n", "1\n\"x\"\n{}");
    assert_parses("\xEF\xBB\xBF"
                  "a: é\n",
                  "{\"a\":\"é\"}");
    assert_parses("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}");
}

static void reads_json(void **state)
{
    (void)state;
    assert_parses("{\"a\": \"x\\u00e9\\n\\/\", \"b\": [true, false, null, -1.5e-3, 12],\n"
                  "\t\"c\": {}}",
                  "{\"a\":\"xé\\n/\",\"b\":[true,false,null,-1.5e-3,12],\"c\":{}}");
}

static void types_plain_scalars_as_kubectl_does(void **state)
{
    (void)state;
    assert_parses("[~, null, Null, NULL, nUll]", "[null,null,null,null,\"nUll\"]");
    assert_parses("[true, True, TRUE, yes, Yes, YES, on, On, ON, y, Y, tRue]",
                  "[true,true,true,true,true,true,true,true,true,true,true,\"tRue\"]");
    assert_parses("[false, False, FALSE, no, No, NO, off, Off, OFF, n, N]",
                  "[false,false,false,false,false,false,false,false,false,false,false]");
    assert_parses("[0, 007, 0o17, 0x1f, -0X1F, 0b101, 1_000, +5, 08, 0xg, 0b2, -0]",
                  "[0,7,15,31,-31,5,1000,5,8,\"0xg\",\"0b2\",-0]");
    assert_parses("[18446744073709551615, 123456789012345678901234567890]",
                  "[18446744073709551615,123456789012345678901234567890]");
    assert_parses("[1.50, .5, 5., 1e3, +.5e-1, 1.5.5, ., -, +, 1_0.5, ._5, 00.5]",
                  "[1.50,0.5,5,1e3,0.5e-1,\"1.5.5\",\".\",\"-\",\"+\",10.5,\"._5\",0.5]");
    assert_parses("[2026-11-24, 10:30, 1.2.3.4, a1, '1', \"true\", 10s]",
                  "[\"2026-11-24\",\"10:30\",\"1.2.3.4\",\"a1\",\"1\",\"true\",\"10s\"]");
    assert_parses("a: |\n  1\n", "{\"a\":\"1\\n\"}");
}

static void refuses_numbers_beyond_json(void **state)
{
    (void)state;
    static const char *const bad[] = {"- .inf", "- -.Inf", "- +.INF",
                                      "- .nan", "- .NaN",  "- 0x10000000000000000"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_fails(bad[i], 1, 3, "is a number that JSON cannot express");
    assert_parses("[-.nan, .Nan]", "[\"-.nan\",\".Nan\"]");
}

static void obeys_the_tags_it_knows(void **state)
{
    (void)state;
    assert_parses("[!!str 1, ! 1, !!int '7', !!bool \"yes\", !!null '', !!float 1.5, !!map {}, "
                  "!!seq []]",
                  "[\"1\",\"1\",7,true,null,1.5,{},[]]");
    assert_fails("a: !!int x", 1, 4, "the tag says a number, but this is a string");
    assert_fails("a: !!binary aGk=", 1, 4, "unknown tag tag:yaml.org,2002:binary");
    assert_fails("a:\n- !Ref x", 2, 3, "unknown tag !Ref");
    assert_fails("a: !!set {}", 1, 4, "unknown tag");
    assert_fails("a: !x []", 1, 4, "unknown tag");
}

static void refuses_keys_twice_and_says_where_both_stand(void **state)
{
    (void)state;
    assert_fails("a:\n  b: 1\n  c: 2\n  'b': 3\n", 4, 3,
                 "the key b stands at line 2, column 3 already");
    assert_fails("{\"x\": 1, \"x\": 1}", 1, 10, "the key x stands at line 1, column 2 already");
}

static void refuses_keys_that_are_no_strings(void **state)
{
    (void)state;
    assert_fails("on: x", 1, 1, "a key has to be a string, and on is a boolean: write \"on\"");
    assert_fails("a: {1: x}", 1, 5, "and 1 is a number");
    assert_fails("? [a]\n: x", 1, 3, "a key has to be a string");
    assert_fails("~: x", 1, 1, "and ~ is null");
    assert_parses("'on': x\n\"1\": z\n", "{\"1\":\"z\",\"on\":\"x\"}");
}

static void knows_every_place(void **state)
{
    (void)state;
    struct str text = STR("a: x\nbé: {c: 1}\nlist:\n- q\n-   r: s\n");
    assert_int_equal(yaml_parse(arena, text, &stream, &error), ERR_OK);
    const struct jv *root = stream.documents[0];
    assert_int_equal(root->mark.line, 1);
    const struct jv_member *b = jv_find(root, STR("bé"));
    assert_int_equal(b->mark.line, 2);
    assert_int_equal(b->mark.column, 1);
    assert_int_equal(b->value->mark.column, 5); /* characters, not bytes */
    const struct jv *list = jv_get(root, STR("list"));
    assert_int_equal(list->items[1]->mark.line, 5);
    assert_int_equal(list->items[1]->mark.column, 5);
}

static void expands_aliases(void **state)
{
    (void)state;
    assert_parses("a: &x {k: [1]}\nb: *x\nc: [*x, *x]\n",
                  "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":[{\"k\":[1]},{\"k\":[1]}]}");
    assert_parses("- &x 1\n- &x 2\n- *x\n", "[1,2,2]");
    assert_fails("- *x\n", 1, 3, "there is no anchor &x before this alias");
    assert_fails("- &x [1]\n---\n- *x\n", 3, 3, "there is no anchor &x");
    assert_fails("a: &x [*x]\n", 1, 8, "the alias *x stands inside its own anchor");
}

static void merges(void **state)
{
    (void)state;
    assert_parses("a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\n"
                  "c: {<<: *a, q: 9}\nd: {<<: [*a, *b], w: 0}\ne: {<<: [*b, *a]}\n"
                  "f: {'<<': 1}\n",
                  "{\"a\":{\"p\":1,\"q\":1},\"b\":{\"q\":2,\"r\":2},\"c\":{\"p\":1,\"q\":9},"
                  "\"d\":{\"p\":1,\"q\":1,\"r\":2,\"w\":0},\"e\":{\"p\":1,\"q\":2,\"r\":2},"
                  "\"f\":{\"<<\":1}}");
    assert_fails("a: &a 1\nb: {<<: *a}\n", 2, 5, "a merge key (<<) takes");
    assert_fails("a: {<<: [1]}\n", 1, 5, "a merge key (<<) takes a list of objects only");
    assert_fails("a: {p: 1, <<: {q: 1}, p: 2}\n", 1, 23, "the key p stands");
}

static void says_where_text_is_not_yaml(void **state)
{
    (void)state;
    assert_fails("a: [1, 2\n", 2, 1, "did not find expected");
    assert_fails("a: b: c\n", 1, 5, "mapping values are not allowed");
    assert_fails("a:\n\t- x\n", 2, 1, "cannot start any token");
    assert_fails("a: \"x\\q\"\n", 1, 6, "unknown escape");
    assert_fails("ok: é\nx: \x01\n", 2, 4, "control characters");
    assert_fails("a: 1\n- b\n", 2, 1, "");
}

static void refuses_what_is_not_utf8(void **state)
{
    (void)state;
    assert_fails("a: é\nbb: \xFF\n", 2, 5, "not UTF-8 text");
    assert_fails("a: \xC3", 1, 4, "not UTF-8 text");
    assert_fails_with(str_make("\xFF\xFE"
                               "a\0:\0",
                               6),
                      ERR_INVALID, 1, 1, "not UTF-8 text");
}

static void bounds_depth(void **state)
{
    (void)state;
    char text[JV_DEPTH_MAX + 2];
    memset(text, '[', sizeof(text));
    assert_fails_with(str_make(text, sizeof(text)), ERR_LIMIT, 1, 65, "nested deeper than 64");
    struct buf buf;
    buf_init(&buf, 4096);
    for (int i = 0; i < JV_DEPTH_MAX; i++)
        buf_append_char(&buf, '[');
    for (int i = 0; i < JV_DEPTH_MAX; i++)
        buf_append_char(&buf, ']');
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_OK);
    buf_clear(&buf);
    /* Each line is one deeper than the line before, by an alias. */
    buf_append(&buf, STR("- &a0 []\n"));
    for (int i = 1; i < 70; i++)
        buf_printf(&buf, "- &a%d [*a%d]\n", i, i - 1);
    assert_fails_with(buf_str(&buf), ERR_LIMIT, 64, 9, "nested deeper than 64");
    buf_deinit(&buf);
}

static void says_what_to_write_where_the_parser_does_not(void **state)
{
    (void)state;
    assert_fails_with(STR("a: *.b"), ERR_INVALID, 1, 5,
                      "; write text that begins with * in quotes");
    assert_fails_with(STR("a: &.b"), ERR_INVALID, 1, 5,
                      "; write text that begins with & in quotes");
    assert_fails_with(STR("a:\n\tb: 1"), ERR_INVALID, 2, 1, "; indent by spaces instead of tabs");
    assert_fails_with(STR("a: @b"), ERR_INVALID, 1, 4, "begins with @ or ` in quotes");
}

static void bounds_alias_bombs(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    buf_append(&buf, STR("- &a0 [x, x, x, x, x, x, x, x, x, x]\n"));
    for (int i = 1; i < 10; i++) {
        buf_printf(&buf, "- &a%d [", i);
        for (int j = 0; j < 10; j++)
            buf_printf(&buf, "*a%d,", i - 1);
        buf_append(&buf, STR("]\n"));
    }
    assert_fails_with(buf_str(&buf), ERR_LIMIT, 5, 20, "more than 50047 values");
    assert_true(arena_size(arena) < 64 * 1024);
    /* By merge keys: up to 20 looks at each of 2,000 members, three times, while the aliases
     * themselves are within bounds. */
    buf_clear(&buf);
    buf_append(&buf, STR("a: &a {"));
    for (int i = 0; i < 2000; i++)
        buf_printf(&buf, "k%d: 1,", i);
    buf_append(&buf, STR("}\nb:\n"));
    for (int i = 0; i < 3; i++) {
        buf_append(&buf, STR("- {<<: ["));
        for (int j = 0; j < 20; j++)
            buf_append(&buf, STR("*a,"));
        buf_append(&buf, STR("]}\n"));
    }
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_LIMIT);
    buf_deinit(&buf);
}

/* Short values are no manifest. */
static void bounds_values_by_the_size_of_the_text(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    buf_append_char(&buf, '[');
    for (size_t i = 0; i < YAML_NODES_MAX; i++)
        buf_append(&buf, STR("1,"));
    buf_append_char(&buf, ']');
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_OK);
    buf.size--;
    for (size_t i = 0; i < YAML_NODES_MAX; i++)
        buf_append(&buf, STR("1,"));
    buf_append_char(&buf, ']');
    assert_fails_with(buf_str(&buf), ERR_LIMIT, 1, 140000, "more than 70000 values");
    buf_deinit(&buf);
}

static void bounds_the_members_of_an_object(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < YAML_MEMBERS_MAX; i++)
        buf_printf(&buf, "k%zu: 1\n", i);
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_OK);
    buf_append(&buf, STR("x: 1\n"));
    assert_fails_with(buf_str(&buf), ERR_LIMIT, YAML_MEMBERS_MAX + 1, 1,
                      "an object of more than 20000 members");
    buf_deinit(&buf);
}

static void bounds_anchors(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < YAML_ANCHORS_MAX; i++)
        buf_printf(&buf, "- &a%zu 1\n", i);
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_OK);
    buf_append(&buf, STR("- &x 1\n"));
    assert_fails_with(buf_str(&buf), ERR_LIMIT, YAML_ANCHORS_MAX + 1, 3, "more than 10000 anchors");
    buf_deinit(&buf);
}

static void bounds_documents(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < YAML_DOCUMENTS_MAX; i++)
        buf_append(&buf, STR("--- 1\n"));
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_OK);
    assert_int_equal(stream.count, YAML_DOCUMENTS_MAX);
    buf_append(&buf, STR("---\n"));
    assert_fails_with(buf_str(&buf), ERR_LIMIT, YAML_DOCUMENTS_MAX + 1, 1,
                      "more than 20000 documents");
    buf_deinit(&buf);
}

static void bounds_size(void **state)
{
    (void)state;
    char *text = mem_zero(1, YAML_SIZE_MAX + 1);
    memset(text, ' ', YAML_SIZE_MAX + 1);
    assert_fails_with(str_make(text, YAML_SIZE_MAX + 1), ERR_LIMIT, 1, 1, "larger than");
    mem_free(text);
}

static void bounds_tag_directives(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_printf(&buf, "%%TAG !%d! tag:x,2000:\n", i);
    size_t size = buf.size;
    buf_append(&buf, STR("--- 1\n"));
    assert_int_equal(yaml_parse(arena, buf_str(&buf), &stream, &error), ERR_OK);
    buf.size = size;
    buf_append(&buf, STR("%TAG !1000! tag:x,2000:\n--- 1\n"));
    assert_fails_with(buf_str(&buf), ERR_LIMIT, 1, 1, "more than 1000 %TAG directives");
    buf_deinit(&buf);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(composes_documents),
        TEST(reads_json),
        TEST(types_plain_scalars_as_kubectl_does),
        TEST(refuses_numbers_beyond_json),
        TEST(obeys_the_tags_it_knows),
        TEST(refuses_keys_twice_and_says_where_both_stand),
        TEST(refuses_keys_that_are_no_strings),
        TEST(knows_every_place),
        TEST(expands_aliases),
        TEST(merges),
        TEST(says_where_text_is_not_yaml),
        TEST(refuses_what_is_not_utf8),
        TEST(bounds_depth),
        TEST(says_what_to_write_where_the_parser_does_not),
        TEST(bounds_alias_bombs),
        TEST(bounds_values_by_the_size_of_the_text),
        TEST(bounds_the_members_of_an_object),
        TEST(bounds_anchors),
        TEST(bounds_documents),
        TEST(bounds_size),
        TEST(bounds_tag_directives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
