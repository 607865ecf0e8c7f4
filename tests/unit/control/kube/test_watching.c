#include "reflected.h"

static bool read_bytes(const char *bytes)
{
    return kube__reflector_read(f.reflector, str_of(bytes));
}

static void test_events(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    assert_true(read_bytes(EVENT("ADDED", ITEM("b", "10")) EVENT("MODIFIED", ITEM("a", "11"))
                               EVENT("DELETED", ITEM("b", "12"))));
    assert_events("+b=10 +a=11 -b ");
    end_watch(200, "", 100000);
    assert_target(KUBE__WATCH, TARGET_WATCH("12")); /* at once, and after what was seen */
    assert_events("");
}

static void test_any_cut(void **state)
{
    (void)state;
    const char *stream = EVENT("ADDED", ITEM("b", "10")) "\r\n\n" EVENT("DELETED", ITEM("b", "12"));
    BEGIN_WATCH("9", "");
    for (size_t i = 0; i < strlen(stream); i++)
        assert_true(kube__reflector_read(f.reflector, str_make(stream + i, 1)));
    assert_events("+b=10 -b ");
}

static void test_bookmarks_move_on(void **state)
{
    (void)state;
    BEGIN_WATCH("9", "");
    assert_true(read_bytes(EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"44\"}}")));
    end_watch(200, "", 100000);
    assert_target(KUBE__WATCH, TARGET_WATCH("44"));
    assert_events("");
}

/* What was not received whole is sent again. */
static void test_a_cut_event_is_not_believed(void **state)
{
    (void)state;
    BEGIN_WATCH("9", "");
    assert_true(read_bytes("{\"type\":\"ADDED\",\"object\":" ITEM("b", "10")));
    end_watch(200, "", 100000);
    assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    assert_true(read_bytes(EVENT("ADDED", ITEM("b", "10"))));
    assert_events("+b=10 ");
}

static void test_what_is_known_is_not_told_again(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "8"));
    assert_true(read_bytes(EVENT("ADDED", ITEM("a", "8")) EVENT("DELETED", ITEM("z", "9"))));
    assert_events("");
}

/* A server, or a proxy, that closes every watch at once does not make us busy. */
static void test_short_watches_make_pauses(void **state)
{
    (void)state;
    BEGIN_WATCH("9", "");
    static const uint64_t pauses[] = {250, 500, 1000, 2000, 4000, 5000, 5000};
    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        end_watch(200, "", KUBE__WATCH_SHORT_MS - 1);
        assert_pause(pauses[i] / 2, pauses[i]);
        assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    }
    end_watch(200, "", KUBE__WATCH_SHORT_MS);
    assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    end_watch(200, "", 0);
    assert_pause(125, 250); /* forgotten */
    assert_events("");
}

/* The first form of 410. */
static void test_410_as_a_status(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    end_watch(410, STATUS("410", "Expired"), 50);
    assert_target(KUBE__LIST, TARGET_LIST);
    answer_list(200, LIST("19", ITEM("a", "1")));
    assert_target(KUBE__WATCH, TARGET_WATCH("19"));
    end_watch(410, STATUS("410", "Expired"), 50);
    assert_pause(125, 500); /* the second in a row is not that harmless */
    assert_target(KUBE__LIST, TARGET_LIST);
    assert_events("init done ");
}

/* The third form of 410, with a reason instead of the code as well. */
static void test_410_as_an_event(void **state)
{
    (void)state;
    static const char *const events[] = {
        EVENT("ERROR", STATUS("410", "Gone")), EVENT("ERROR", STATUS("410", "Expired")),
        EVENT("ERROR", STATUS("504", "Expired")), EVENT("ERROR", STATUS("410", ""))};
    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        (void)reflected_setup(NULL);
        BEGIN_WATCH("9", ITEM("a", "1"));
        assert_false(read_bytes(events[i]));
        assert_false(read_bytes(EVENT("ADDED", ITEM("b", "10")))); /* too late */
        end_watch(200, "", 5000);
        assert_target(KUBE__LIST, TARGET_LIST);
        assert_events("");
        (void)reflected_teardown(NULL);
    }
    (void)reflected_setup(NULL);
}

static void test_other_errors_resume(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    assert_false(read_bytes(EVENT("ERROR", STATUS("500", "InternalError"))));
    end_watch(200, "", 5000);
    assert_events("failing(InternalError (status 500): so it is) ");
    assert_pause(125, 250);
    assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    kube__reflector_opened(f.reflector);
    assert_events("ready ");
}

/* A version from the future, of a server that was set back, say: it never comes to resume. */
static void test_resuming_in_vain_lists_again(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    for (size_t i = 0; i + 1 < KUBE__RESUMES_MAX; i++) {
        end_watch(504, STATUS("504", "Timeout"), 100);
        assert_pause(125, 5000);
        assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    }
    end_watch(504, STATUS("504", "Timeout"), 100);
    assert_pause(125, 5000);
    assert_target(KUBE__LIST, TARGET_LIST);
    assert_events("failing(Timeout (status 504): so it is) ");
}

/* An outage says nothing about the version. */
static void test_no_answer_resumes_for_ever(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    for (size_t i = 0; i < 50; i++) {
        struct kube__outcome outcome = {.err = ERR_UNAVAILABLE, .message = "refused"};
        kube__reflector_ended(f.reflector, &outcome, 1);
        assert_pause(125, 5000);
        assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    }
    assert_events("failing(refused) ");
}

static void test_429_waits_and_resumes(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    struct kube__outcome outcome = {.status = 429, .retry_after_ms = 7000};
    for (size_t i = 0; i < 10; i++) {
        kube__reflector_ended(f.reflector, &outcome, 1);
        assert_pause(7000, 7000 + 2500);
        assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    }
    assert_events("failing(status 429) ");
}

static void test_a_bad_request_lists_again(void **state)
{
    (void)state;
    BEGIN_WATCH("9", "");
    end_watch(400, STATUS("400", "BadRequest"), 1);
    assert_pause(125, 250);
    assert_target(KUBE__LIST, TARGET_LIST);
}

/* What cannot be read may have been anything. */
static void test_broken_events_list_again(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "x\n",
        "{\"type\":\"ADDED\"\n",
        "{}\n",
        "[]\n",
        EVENT("ADDED", "{}"),
        EVENT("ADDED", "null"),
        EVENT("PATCHED", ITEM("b", "10")),
        EVENT("MODIFIED", ITEM("", "10")),
        EVENT("MODIFIED", ITEM("b", "")),
        EVENT("DELETED", ITEM("b", "")),
        EVENT("BOOKMARK", "{\"metadata\":{}}"),
        EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":5}}"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        (void)reflected_setup(NULL);
        BEGIN_WATCH("9", ITEM("a", "1"));
        if (read_bytes(lines[i]))
            fail_msg("taken: %s", lines[i]);
        end_watch(200, "", 5000);
        assert_events("failing(/apis/x/v1/things: an event cannot be read; everything is listed "
                      "again) ");
        assert_pause(125, 250);
        assert_target(KUBE__LIST, TARGET_LIST);
        answer_list(200, LIST("15", ITEM("a", "1") "," ITEM("b", "10")));
        assert_events("init +b=10 done ready ");
        (void)reflected_teardown(NULL);
    }
    (void)reflected_setup(NULL);
}

/* An object that is too much costs itself, and is known when it goes. */
static void test_an_object_that_is_too_much(void **state)
{
    (void)state;
    struct buf line;
    BEGIN_WATCH("9", ITEM("a", "1"));
    buf_init(&line, KUBE_BODY_SIZE_MAX);
    buf_append(&line, STR("{\"object\":{\"spec\":"));
    for (size_t i = 0; i <= JV_DEPTH_MAX; i++)
        buf_append_char(&line, '[');
    for (size_t i = 0; i <= JV_DEPTH_MAX; i++)
        buf_append_char(&line, ']');
    buf_append(&line, STR(",\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"10\"}},"
                          "\"type\":\"MODIFIED\"}\n"));
    assert_true(kube__reflector_read(f.reflector, buf_str(&line)));
    buf_deinit(&line);
    assert_events("!a ");
    assert_true(read_bytes(EVENT("DELETED", ITEM("a", "11"))));
    assert_events("-a ");
}

static void test_a_line_without_end(void **state)
{
    (void)state;
    char *piece = mem_zero(1, 1 << 20);
    memset(piece, ' ', 1 << 20);
    BEGIN_WATCH("9", "");
    size_t taken = 0;
    while (kube__reflector_read(f.reflector, str_make(piece, 1 << 20)))
        assert_in_range(++taken, 1, KUBE_BODY_SIZE_MAX >> 20);
    end_watch(200, "", 5000);
    assert_pause(125, 250);
    assert_target(KUBE__LIST, TARGET_LIST);
    mem_free(piece);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reflected_setup, reflected_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_events),
        TEST(test_any_cut),
        TEST(test_bookmarks_move_on),
        TEST(test_a_cut_event_is_not_believed),
        TEST(test_what_is_known_is_not_told_again),
        TEST(test_short_watches_make_pauses),
        TEST(test_410_as_a_status),
        TEST(test_410_as_an_event),
        TEST(test_other_errors_resume),
        TEST(test_resuming_in_vain_lists_again),
        TEST(test_no_answer_resumes_for_ever),
        TEST(test_429_waits_and_resumes),
        TEST(test_a_bad_request_lists_again),
        TEST(test_broken_events_list_again),
        TEST(test_an_object_that_is_too_much),
        TEST(test_a_line_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
