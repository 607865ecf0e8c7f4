#include "control/finding/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct finding_subject EDGE = {STR_INIT("MeshGateway"), STR_INIT("default"),
                                            STR_INIT("edge"), STR_INIT("gateway.yaml")};
static const struct finding_subject NOBODY = {STR_INIT(""), STR_INIT(""), STR_INIT(""),
                                              STR_INIT("")};

static void assert_printed(const struct finding *finding, const char *wanted)
{
    struct buf buf;
    buf_init(&buf, 4096);
    finding_print(finding, &buf);
    buf_append_char(&buf, '\0');
    assert_string_equal(buf.data, wanted);
    buf_deinit(&buf);
}

static void prints_one_line(void **state)
{
    (void)state;
    CLEANUP(finding_list_free) struct finding_list *list = finding_list_new();
    finding_add(list, FINDING_ERROR, &EDGE, (struct finding_mark){12, 5},
                STR("conf.listeners[0].port"), "port must be in the range [1, %d]", 65535);
    finding_add(list, FINDING_WARNING, &NOBODY, (struct finding_mark){0}, STR(""), "odd");
    struct finding_subject file = NOBODY;
    file.file = STR("a\x1b[2Jb.yaml");
    finding_add(list, FINDING_ERROR, &file, (struct finding_mark){1, 2}, STR(""), "a\nb %s é",
                "\xC2\x9B\x7F");
    finding_add(list, FINDING_ERROR, &file, (struct finding_mark){0}, STR(""), "\xC2");
    assert_int_equal(finding_count(list), 4);
    assert_printed(finding_get(list, 0),
                   "gateway.yaml:12:5: error: MeshGateway edge (mesh default): "
                   "conf.listeners[0].port: port must be in the range [1, 65535]");
    assert_printed(finding_get(list, 1), "warning: odd");
    assert_printed(finding_get(list, 2), "a\\x1b[2Jb.yaml:1:2: error: a\\x0ab \\xc2\\x9b\\x7f é");
    assert_printed(finding_get(list, 3), "a\\x1b[2Jb.yaml: error: \\xc2");
}

static void owns_its_texts(void **state)
{
    (void)state;
    CLEANUP(finding_list_free) struct finding_list *list = finding_list_new();
    CLEANUP(finding_list_free) struct finding_list *copy = finding_list_new();
    char name[] = "edge";
    struct finding_subject subject = NOBODY;
    subject.name = str_of(name);
    finding_add(list, FINDING_ERROR, &subject, (struct finding_mark){0}, str_of(name), "x");
    name[0] = '!';
    finding_add_all(copy, list);
    finding_list_clear(list);
    assert_int_equal(finding_count(list), 0);
    assert_printed(finding_get(copy, 0), "error: edge: edge: x");
}

static void sorts_and_drops_repetitions(void **state)
{
    (void)state;
    CLEANUP(finding_list_free) struct finding_list *list = finding_list_new();
    static const uint32_t lines[] = {9, 2, 10, 2, 9};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        finding_add(list, FINDING_ERROR, &EDGE, (struct finding_mark){lines[i], 1}, STR("f"), "m");
    finding_add(list, FINDING_WARNING, &EDGE, (struct finding_mark){2, 1}, STR("f"), "m");
    finding_add(list, FINDING_ERROR, &NOBODY, (struct finding_mark){99, 1}, STR("f"), "m");
    finding_sort(list);
    assert_int_equal(finding_count(list), 5);
    assert_int_equal(finding_get(list, 0)->mark.line, 99);
    assert_int_equal(finding_get(list, 1)->mark.line, 2);
    assert_int_equal(finding_get(list, 1)->severity, FINDING_ERROR);
    assert_int_equal(finding_get(list, 2)->severity, FINDING_WARNING);
    assert_int_equal(finding_get(list, 3)->mark.line, 9);
    assert_int_equal(finding_get(list, 4)->mark.line, 10);
}

static void counts_what_has_no_room(void **state)
{
    (void)state;
    CLEANUP(finding_list_free) struct finding_list *list = finding_list_new();
    for (size_t i = 0; i < FINDING_LIST_MAX + 4; i++)
        finding_add(list, FINDING_ERROR, &EDGE, (struct finding_mark){(uint32_t)i + 1, 1}, STR(""),
                    "m");
    assert_int_equal(finding_count(list), FINDING_LIST_MAX);
    finding_sort(list);
    assert_printed(finding_get(list, FINDING_LIST_MAX - 1), "error: 5 more findings are not shown");
    finding_list_clear(list);
    finding_add(list, FINDING_ERROR, &EDGE, (struct finding_mark){1, 1}, STR(""), "m");
    assert_int_equal(finding_count(list), 1);
}

static void cuts_long_messages_between_characters(void **state)
{
    (void)state;
    CLEANUP(finding_list_free) struct finding_list *list = finding_list_new();
    char text[4000];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "é", 2);
    for (int shift = 0; shift < 2; shift++)
        finding_add(list, FINDING_ERROR, &NOBODY, (struct finding_mark){0}, STR(""), "%.*s%.*s",
                    shift, "-", 3998, text);
    for (size_t i = 0; i < 2; i++) {
        struct str message = finding_get(list, i)->message;
        assert_true(message.size > 1000 && message.size < 1024);
        assert_true(str_is_utf8(message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_one_line),
        cmocka_unit_test(owns_its_texts),
        cmocka_unit_test(sorts_and_drops_repetitions),
        cmocka_unit_test(counts_what_has_no_room),
        cmocka_unit_test(cuts_long_messages_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
