#include "otemon/judgement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct finding_list *findings;
static struct buf text;

static int setup(void **state)
{
    (void)state;
    findings = finding_list_new();
    buf_init(&text, JUDGEMENT_SIZE_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    findings = finding_list_free(findings);
    buf_deinit(&text);
    return 0;
}

static void add(enum finding_severity severity, uint32_t line, const char *field)
{
    const struct finding_subject subject = {STR("MeshGateway"), STR("m"), STR("edge"),
                                            STR("a \"b\".yaml")};
    finding_add(findings, severity, &subject, (struct finding_mark){line, 3}, str_of(field),
                "is \"wrong\"");
}

static void assert_text(const char *wanted)
{
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, wanted);
}

static void lines_for_people(void **state)
{
    (void)state;
    add(FINDING_ERROR, 7, "conf");
    add(FINDING_WARNING, 0, "");
    judgement_print_text(findings, &text);
    assert_text("a \"b\".yaml:7:3: error: MeshGateway edge (mesh m): conf: is \"wrong\"\n"
                "a \"b\".yaml: warning: MeshGateway edge (mesh m): is \"wrong\"\n");
}

static void one_array_for_programs(void **state)
{
    (void)state;
    add(FINDING_ERROR, 7, "conf");
    add(FINDING_WARNING, 0, "");
    judgement_print_json(findings, &text);
    assert_text("[\n"
                "{\"field\":\"conf\",\"file\":\"a \\\"b\\\".yaml\",\"kind\":\"MeshGateway\","
                "\"line\":7,\"mesh\":\"m\",\"message\":\"is \\\"wrong\\\"\",\"name\":\"edge\","
                "\"severity\":\"error\"},\n"
                "{\"field\":\"\",\"file\":\"a \\\"b\\\".yaml\",\"kind\":\"MeshGateway\",\"line\":0,"
                "\"mesh\":\"m\",\"message\":\"is \\\"wrong\\\"\",\"name\":\"edge\","
                "\"severity\":\"warning\"}\n"
                "]\n");
}

static void nothing_to_say_is_an_empty_array(void **state)
{
    (void)state;
    judgement_print_json(findings, &text);
    assert_text("[]\n");
}

static void the_worst_is_the_status(void **state)
{
    (void)state;
    assert_int_equal(judgement_status(0, findings), 0);
    assert_int_equal(judgement_status(2, findings), 2);
    add(FINDING_WARNING, 1, "a");
    assert_int_equal(judgement_status(0, findings), 1);
    assert_int_equal(judgement_status(1, findings), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_for_people),
        TEST(one_array_for_programs),
        TEST(nothing_to_say_is_an_empty_array),
        TEST(the_worst_is_the_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
