#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/operator/reports.h"
#include "core/base/log.h"

static struct operator__reports reports;
static FILE *file;

static int setup(void **state)
{
    (void)state;
    file = tmpfile();
    assert_non_null(file);
    log_open(fileno(file), LOG_INFO, LOG_TEXT);
    operator__reports_init(&reports);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    operator__reports_deinit(&reports);
    log_open(STDERR_FILENO, LOG_INFO, LOG_TEXT);
    (void)fclose(file); /* it is removed with it */
    return 0;
}

static void find(enum finding_severity severity, const char *name, const char *message)
{
    const struct finding_subject subject = {
        .kind = STR("Pod"), .mesh = STR("default"), .name = str_of(name)};
    finding_add(reports.now, severity, &subject, (struct finding_mark){0}, STR("metadata"), "%s",
                message);
}

/* The lines of the log since the last call: each without its time. */
static void expect_log(const char *wanted)
{
    char line[1024];
    char text[4096] = "";
    size_t size = 0;
    rewind(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *rest = strchr(line, ' ');
        assert_non_null(rest);
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", rest + 1);
    }
    assert_string_equal(text, wanted);
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    rewind(file);
}

#define A_LINE                                                                              \
    "warning finding text=\"warning: Pod a.ns (mesh default): metadata: no MeshGateway of " \
    "mesh default selects it\"\n"
#define B_LINE "error finding text=\"error: Pod b.ns (mesh default): metadata: is no JSON\"\n"

static void find_a(void)
{
    find(FINDING_WARNING, "a.ns", "no MeshGateway of mesh default selects it");
}

static void find_b(void)
{
    find(FINDING_ERROR, "b.ns", "is no JSON");
}

static void each_is_logged_once(void **state)
{
    (void)state;
    operator__reports_begin(&reports);
    find_a();
    find_a(); /* two groups may say the same */
    operator__reports_end(&reports);
    expect_log(A_LINE);
    operator__reports_begin(&reports);
    find_b();
    find_a();
    operator__reports_end(&reports);
    expect_log(B_LINE);
    operator__reports_begin(&reports);
    find_a();
    find_b();
    operator__reports_end(&reports);
    expect_log("");
}

static void what_comes_back_is_logged_again(void **state)
{
    (void)state;
    operator__reports_begin(&reports);
    find_a();
    find_b();
    operator__reports_end(&reports);
    expect_log(A_LINE B_LINE);
    operator__reports_begin(&reports);
    find_b();
    operator__reports_end(&reports);
    expect_log("");
    operator__reports_begin(&reports);
    find_a();
    find_b();
    operator__reports_end(&reports);
    expect_log(A_LINE);
}

static void what_the_source_says_is_among_them(void **state)
{
    (void)state;
    const struct finding_subject subject = {.kind = STR("MeshGateway"), .name = STR("edge")};
    CLEANUP(finding_list_free) struct finding_list *list = finding_list_new();
    finding_add(list, FINDING_ERROR, &subject, (struct finding_mark){0}, STR("spec"), "is missing");
    finding_book_set(reports.source, STR("edge"), list);
    operator__reports_begin(&reports);
    operator__reports_end(&reports);
    expect_log("error finding text=\"error: MeshGateway edge: spec: is missing\"\n");
    operator__reports_begin(&reports);
    operator__reports_end(&reports);
    expect_log("");
    finding_list_clear(list);
    finding_book_set(reports.source, STR("edge"), list);
    operator__reports_begin(&reports);
    operator__reports_end(&reports);
    expect_log("");
    assert_int_equal(finding_count(reports.now), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_is_logged_once),
        TEST(what_comes_back_is_logged_again),
        TEST(what_the_source_says_is_among_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
