#include "reflected.h"

static void test_pages(void **state)
{
    (void)state;
    assert_target(KUBE__LIST, TARGET_LIST);
    answer_list(200, PAGE("9", "to/ken=", ITEM("a", "1") "," ITEM("b", "2")));
    assert_events("init +a=1 +b=2 ");
    assert_target(KUBE__LIST, TARGET_LIST "&continue=to%2Fken%3D");
    answer_list(200, PAGE("9", "", ITEM("c", "3")));
    assert_events("+c=3 done ready ");
    assert_target(KUBE__WATCH, TARGET_WATCH("9"));
}

static void test_a_page_that_fails_is_asked_for_again(void **state)
{
    (void)state;
    answer_list(200, PAGE("9", "t", ITEM("a", "1")));
    answer_list(500, "oops\nmore");
    assert_events("init +a=1 failing(status 500: oops) ");
    assert_pause(125, 250);
    assert_target(KUBE__LIST, TARGET_LIST "&continue=t");
    answer_list(200, PAGE("9", "", ITEM("b", "2")));
    assert_events("+b=2 done ready ");
}

/* The second form of 410: the pages are of a list too old. */
static void test_410_between_pages_lists_again(void **state)
{
    (void)state;
    answer_list(200, PAGE("9", "t", ITEM("a", "1") "," ITEM("b", "2")));
    answer_list(410, STATUS("410", "Expired"));
    assert_events("init +a=1 +b=2 ");
    assert_target(KUBE__LIST, TARGET_LIST); /* at once, from its beginning */
    answer_list(200, PAGE("12", "t", ITEM("a", "1")));
    answer_list(410, STATUS("410", "Expired"));
    assert_events("init ");
    assert_pause(125, 500); /* but not in a busy loop */
    answer_list(200, LIST("13", ITEM("a", "10")));
    assert_events("init +a=10 -b done ready ");
}

static void test_what_vanished_is_removed(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1") "," ITEM("b", "2") "," ITEM("c", "3"));
    end_watch(410, STATUS("410", "Gone"), 5000);
    assert_target(KUBE__LIST, TARGET_LIST);
    answer_list(200, LIST("20", ITEM("a", "1") "," ITEM("c", "15")));
    assert_events("init +c=15 -b done "); /* the unchanged is not told again; always ready */
    assert_int_equal(kube__reflector_count(f.reflector), 2);
}

/* The same name and version, but another object: its history was replaced. */
static void test_another_object_of_that_name(void **state)
{
    (void)state;
    BEGIN_WATCH("9", "{\"metadata\":{\"name\":\"a\",\"uid\":\"1\",\"resourceVersion\":\"4\"}}");
    end_watch(410, STATUS("410", "Gone"), 5000);
    answer_list(
        200, LIST("9", "{\"metadata\":{\"name\":\"a\",\"uid\":\"2\",\"resourceVersion\":\"4\"}}"));
    assert_events("init +a=4 done ");
}

static void test_namespaces_keep_names_apart(void **state)
{
    (void)state;
    answer_list(200, LIST("9", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"x\","
                               "\"resourceVersion\":\"1\"}},"
                               "{\"metadata\":{\"name\":\"a\",\"namespace\":\"y\","
                               "\"resourceVersion\":\"2\"}}"));
    assert_events("init +a=1 +a=2 done ready ");
    assert_int_equal(kube__reflector_count(f.reflector), 2);
}

static void test_a_page_too_large_is_asked_for_in_parts(void **state)
{
    (void)state;
    assert_target(KUBE__LIST, TARGET_LIST);
    fail_list(ERR_LIMIT, "too large");
    assert_target(KUBE__LIST, "/apis/x/v1/things?limit=2");
    fail_list(ERR_LIMIT, "too large");
    assert_target(KUBE__LIST, "/apis/x/v1/things?limit=1");
    fail_list(ERR_LIMIT, "too large");
    assert_events("failing(too large) ");
    assert_pause(125, 250);
    answer_list(200, PAGE("9", "t", ITEM("a", "1")));
    assert_target(KUBE__LIST, "/apis/x/v1/things?limit=1&continue=t");
    answer_list(200, LIST("9", ""));
    assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    end_watch(410, STATUS("410", "Gone"), 5000);
    assert_target(KUBE__LIST, TARGET_LIST); /* as many as ever */
}

static void test_a_kind_that_is_absent(void **state)
{
    (void)state;
    answer_list(404, "404 page not found\n");
    assert_events("absent ");
    for (size_t i = 0; i < 3; i++) {
        assert_pause(4000, 5000);
        assert_target(KUBE__LIST, TARGET_LIST);
        answer_list(404, "404 page not found\n");
    }
    assert_events("");
    assert_pause(4000, 5000);
    answer_list(200, LIST("3", ITEM("a", "1")));
    assert_events("init +a=1 done ready ");
}

/* A server that has just started may not know its kinds yet. */
static void test_one_404_does_not_make_objects_vanish(void **state)
{
    (void)state;
    BEGIN_WATCH("9", ITEM("a", "1"));
    end_watch(404, "404 page not found", 5000);
    assert_events("failing(status 404: 404 page not found) ");
    assert_pause(125, 250);
    answer_list(404, "404 page not found");
    assert_pause(4000, 5000);
    answer_list(404, "404 page not found");
    assert_pause(4000, 5000);
    assert_events("");
    answer_list(200, LIST("9", ITEM("a", "1")));
    assert_events("init done ready "); /* and counts anew */
    assert_target(KUBE__WATCH, TARGET_WATCH("9"));
    end_watch(410, STATUS("410", "Gone"), 5000);
    for (size_t i = 1; i < KUBE_ABSENT_LISTS; i++) {
        answer_list(404, "gone");
        assert_pause(4000, 5000);
    }
    assert_events("failing(status 404: gone) ");
    answer_list(404, "gone");
    assert_events("-a absent ");
}

static void test_an_object_that_is_too_much(void **state)
{
    (void)state;
    struct buf list;
    buf_init(&list, KUBE_BODY_SIZE_MAX);
    buf_append(&list, STR("{\"items\":[{\"spec\":["));
    for (size_t i = 0; i < JV_VALUES_MAX; i++)
        buf_append(&list, STR("{},"));
    buf_append(&list, STR("1],\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}},"));
    buf_append(&list, STR(ITEM("b", "2") "],\"metadata\":{\"resourceVersion\":\"3\"}}"));
    buf_append_char(&list, '\0');
    answer_list(200, list.data);
    assert_events("init !a +b=2 done ready ");
    buf_deinit(&list);
}

static void test_lists_that_are_none(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"items\":[]}",
        "{\"items\":[],\"metadata\":{}}",
        "{\"items\":{},\"metadata\":{\"resourceVersion\":\"1\"}}x",
        LIST("1", "{}"),
        LIST("1", "1"),
        LIST("1", ITEM("", "1")),
        LIST("1", ITEM("a", "")),
        LIST("1", ITEM("a", "1") ","),
        "{\"items\":[" ITEM("a", "1") "],\"metadata\":{\"resourceVersion\":\"1\"}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        (void)reflected_setup(NULL);
        answer_list(200, bodies[i]);
        buf_append_char(&f.events, '\0');
        if (strstr(f.events.data, "the list cannot be read") == NULL)
            fail_msg("%s gives %s", bodies[i], f.events.data);
        assert_null(strstr(f.events.data, "done"));
        assert_pause(125, 250);
        assert_target(KUBE__LIST, TARGET_LIST);
        (void)reflected_teardown(NULL);
    }
    (void)reflected_setup(NULL);
}

static void test_no_items_are_null(void **state)
{
    (void)state;
    answer_list(200, "{\"items\":null,\"metadata\":{\"resourceVersion\":\"1\"}}");
    assert_events("init done ready ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reflected_setup, reflected_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_pages),
        TEST(test_a_page_that_fails_is_asked_for_again),
        TEST(test_410_between_pages_lists_again),
        TEST(test_what_vanished_is_removed),
        TEST(test_another_object_of_that_name),
        TEST(test_namespaces_keep_names_apart),
        TEST(test_a_page_too_large_is_asked_for_in_parts),
        TEST(test_a_kind_that_is_absent),
        TEST(test_one_404_does_not_make_objects_vanish),
        TEST(test_an_object_that_is_too_much),
        TEST(test_lists_that_are_none),
        TEST(test_no_items_are_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
