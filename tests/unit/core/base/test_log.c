#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/clock.h"
#include "core/base/log.h"

#include <fcntl.h>
#include <unistd.h>

static char line[65536];

/* Sends the log into a pipe, writes one event and leaves what came out in `line`. */
static size_t log_one(enum log_format format, const char *event, const struct log_field *fields,
                      size_t count)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    log_open(ends[1], LOG_INFO, format);
    log_write(LOG_INFO, event, fields, count);
    ssize_t got = read(ends[0], line, sizeof(line) - 1);
    assert_true(got > 0);
    line[got] = '\0';
    (void)close(ends[0]); /* nothing else is in there */
    (void)close(ends[1]);
    log_open(STDERR_FILENO, LOG_INFO, LOG_TEXT);
    return (size_t)got;
}

static void test_text(void **state)
{
    (void)state;
    const struct log_field fields[] = {LOG_STR("address", STR("127.0.0.1")), LOG_U64("port", 8080),
                                       LOG_STR("host", STR("a b"))};
    (void)log_one(LOG_TEXT, "listener opened", fields, 3);
    assert_int_equal(line[10], 'T');
    assert_string_equal(line + CLOCK_TEXT_SIZE,
                        "info listener opened address=127.0.0.1 port=8080 host=\"a b\"\n");
}

static void test_json(void **state)
{
    (void)state;
    const struct log_field fields[] = {LOG_STR("address", STR("127.0.0.1")), LOG_U64("port", 8080),
                                       LOG_STR("empty", STR_EMPTY)};
    (void)log_one(LOG_JSON, "listener \"opened\"", fields, 3);
    assert_memory_equal(line, "{\"time\":\"", 9);
    assert_string_equal(line + 9 + CLOCK_TEXT_SIZE - 1,
                        "\",\"level\":\"info\",\"event\":\"listener \\\"opened\\\"\","
                        "\"address\":\"127.0.0.1\",\"port\":8080,\"empty\":\"\"}\n");
}

static void test_no_byte_ends_a_line_or_a_value(void **state)
{
    (void)state;
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        for (unsigned c = 0; c < 256; c++) {
            char bytes[3] = {'a', (char)c, 'b'};
            const struct log_field field = LOG_STR("value", str_make(bytes, 3));
            size_t size = log_one((enum log_format)format, "event", &field, 1);
            for (size_t i = 0; i + 1 < size; i++) {
                assert_true((unsigned char)line[i] >= 0x20);
                assert_true(line[i] != 0x7F);
            }
            assert_int_equal(line[size - 1], '\n');
            assert_true(str_is_utf8(str_make(line, size)));
        }
    }
}

static void test_too_long(void **state)
{
    (void)state;
    char bytes[LOG_LINE_MAX];
    memset(bytes, 'x', sizeof(bytes));
    const struct log_field field = LOG_STR("value", str_make(bytes, sizeof(bytes)));
    (void)log_one(LOG_TEXT, "event", &field, 1);
    assert_string_equal(line + CLOCK_TEXT_SIZE, "info event dropped=\"line too long\"\n");
}

static void test_levels(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    log_open(ends[1], LOG_WARNING, LOG_TEXT);
    LOG(LOG_INFO, "unheard");
    assert_false(log_enabled(LOG_INFO));
    assert_int_equal(read(ends[0], line, sizeof(line)), -1);
    LOG(LOG_WARNING, "heard");
    LOG(LOG_ERROR, "heard", LOG_U64("n", 1), LOG_STR("s", STR("x")));
    ssize_t got = read(ends[0], line, sizeof(line) - 1);
    assert_true(got > 0);
    line[got] = '\0';
    assert_non_null(strstr(line, " warning heard\n"));
    assert_non_null(strstr(line, " error heard n=1 s=x\n"));
    log_open(STDERR_FILENO, LOG_DEBUG, LOG_TEXT);
    assert_true(log_enabled(LOG_DEBUG));
    log_open(STDERR_FILENO, LOG_INFO, LOG_TEXT);
    (void)close(ends[0]); /* nothing else is in there */
    (void)close(ends[1]);
}

static void assert_appended(void (*append)(struct buf *, struct str), struct str s,
                            const char *wanted)
{
    struct buf buf;
    buf_init(&buf, 4096);
    append(&buf, s);
    assert_int_equal(buf.size, strlen(wanted));
    assert_memory_equal(buf.data, wanted, buf.size);
    buf_deinit(&buf);
}

static void test_append_json(void **state)
{
    (void)state;
    assert_appended(log_append_json, STR_EMPTY, "\"\"");
    assert_appended(log_append_json, STR("a\"b\\c\n\r\t"), "\"a\\\"b\\\\c\\n\\r\\t\"");
    assert_appended(log_append_json, STR("\0\x1F\x7F"), "\"\\u0000\\u001f\\u007f\"");
    assert_appended(log_append_json, STR("\xE5\xA4\xA7"), "\"\xE5\xA4\xA7\"");
    /* Not UTF-8: the ASCII of it stays. */
    assert_appended(log_append_json, STR("a\xFF\nb"), "\"a\xEF\xBF\xBD\\nb\"");
    /* C1 controls: a terminal may take U+009B for an escape. */
    assert_appended(log_append_json,
                    STR("a\xC2\x9B"
                        "31m\xC2\x80\xC2\xA0"),
                    "\"a\\u009b31m\\u0080\xC2\xA0\"");
}

/* Wherever in a text it stands, every byte of ASCII is itself or is escaped. */
static void test_append_json_each_byte(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 0x80; byte++) {
        bool is_escaped = byte < 0x20 || byte == 0x7F || byte == '"' || byte == '\\';
        for (size_t at = 0; at < 17; at++) {
            char text[] = "_________________";
            text[at] = (char)byte;
            struct buf buf;
            buf_init(&buf, 256);
            log_append_json(&buf, str_of(text));
            struct str inner = str_from(str_first(buf_str(&buf), buf.size - 1), 1);
            assert_int_equal(str_equal(inner, str_of(text)), !is_escaped);
            assert_int_equal(inner.data[at], is_escaped ? '\\' : text[at]);
            buf_deinit(&buf);
        }
    }
}

static void test_append_text(void **state)
{
    (void)state;
    assert_appended(log_append_text, STR("/a/b?c"), "/a/b?c");
    assert_appended(log_append_text, STR_EMPTY, "\"\"");
    assert_appended(log_append_text, STR("a=b"), "\"a=b\"");
    assert_appended(log_append_text, STR("a b"), "\"a b\"");
    assert_appended(log_append_text, STR("a\"b"), "\"a\\\"b\"");
    assert_appended(log_append_text, STR("a\nport=1"), "\"a\\nport=1\"");
    assert_appended(log_append_text, STR("\xE5\xA4\xA7"), "\"\xE5\xA4\xA7\"");
}

static void test_append_visible(void **state)
{
    (void)state;
    assert_appended(log_append_visible, STR("a \"b\" \xE5\xA4\xA7"), "a \"b\" \xE5\xA4\xA7");
    assert_appended(log_append_visible, STR("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
    assert_appended(log_append_visible, STR("\xC2\x9B\x7F"), "\\xc2\\x9b\\x7f");
    assert_appended(log_append_visible, STR("\xC2"), "\\xc2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_no_byte_ends_a_line_or_a_value),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_append_json),
        cmocka_unit_test(test_append_json_each_byte),
        cmocka_unit_test(test_append_text),
        cmocka_unit_test(test_append_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
