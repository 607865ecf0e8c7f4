#include "control/source/files/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/yaml/yaml.h"

static struct files__index *files;
static struct buf events;

static void on_apply(void *arg, const struct api_object *object)
{
    (void)arg;
    buf_printf(&events, "+%.*s(%.*s) ", STR_ARG(object->key.name), STR_ARG(object->file));
}

static void on_remove(void *arg, const struct api_key *key)
{
    (void)arg;
    buf_printf(&events, "-%.*s ", STR_ARG(key->name));
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    (void)arg;
    buf_printf(&events, "%.*s:%zu ", STR_ARG(origin), finding_count(findings));
}

static const struct source_events EVENTS = {
    .apply = on_apply, .remove = on_remove, .report = on_report};

static int setup(void **state)
{
    (void)state;
    files = files__index_new(&EVENTS);
    buf_init(&events, 1 << 16);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    files = files__index_free(files);
    buf_deinit(&events);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

/* The file holds a Mesh for each letter of `names`. */
static void put(const char *file, const char *names)
{
    struct files__content content;
    files__content_init(&content);
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    for (; *names != '\0'; names++) {
        char yaml[64];
        (void)snprintf(yaml, sizeof(yaml), "{type: Mesh, name: '%c'}", *names);
        struct yaml_stream stream;
        struct yaml_error error;
        assert_int_equal(yaml_parse(arena, str_of(yaml), &stream, &error), ERR_OK);
        const struct api_origin origin = {.file = str_of(file)};
        const struct api_object *object = api_decode(stream.documents[0], &origin,
                                                     content.problems);
        assert_non_null(object);
        VEC_PUSH(&content.objects, object);
    }
    files__index_put(files, str_of(file), &content);
    assert_int_equal(content.objects.count, 0);
    files__content_deinit(&content);
}

static void assert_flush(const char *wanted)
{
    files__index_flush(files);
    buf_append_char(&events, '\0');
    assert_string_equal(events.data, wanted);
    buf_clear(&events);
}

static void sends_what_differs(void **state)
{
    (void)state;
    put("f", "ab");
    assert_flush("+a(f) +b(f) f:0 ");
    put("f", "bc");
    assert_flush("-a +b(f) +c(f) f:0 ");
    files__index_drop(files, STR("f"));
    files__index_drop(files, STR("never"));
    assert_flush("-b -c f:0 ");
    assert_flush("");
}

static void changes_between_two_flushes_are_one(void **state)
{
    (void)state;
    put("f", "a");
    put("f", "b");
    files__index_drop(files, STR("f"));
    put("f", "c");
    assert_flush("+c(f) f:0 ");
    files__index_drop(files, STR("f"));
    put("g", "c"); /* moved */
    assert_flush("+c(g) f:0 g:0 ");
}

static void the_first_file_by_name_wins_whatever_came_first(void **state)
{
    (void)state;
    put("g", "a");
    assert_flush("+a(g) g:0 ");
    put("f", "a");
    assert_flush("+a(f) g:1 f:0 ");
    put("h", "a");
    assert_flush("g:1 f:0 h:1 ");
    files__index_drop(files, STR("f"));
    assert_flush("+a(g) g:0 f:0 h:1 ");
    files__index_drop(files, STR("g"));
    files__index_drop(files, STR("h"));
    assert_flush("-a g:0 h:0 ");
}

static void the_first_document_of_a_file_wins(void **state)
{
    (void)state;
    put("f", "aba");
    assert_flush("+a(f) +b(f) f:1 ");
}

static void an_unreadable_file_keeps_its_objects(void **state)
{
    (void)state;
    put("f", "a");
    assert_flush("+a(f) f:0 ");
    struct files__content content;
    files__content_init(&content);
    struct finding_subject subject = {.file = STR("f")};
    finding_add(content.problems, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
                "broken");
    files__index_keep(files, STR("f"), &content);
    files__content_deinit(&content);
    assert_flush("f:1 ");
    put("f", "a");
    assert_flush("+a(f) f:0 ");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_what_differs),
        TEST(changes_between_two_flushes_are_one),
        TEST(the_first_file_by_name_wins_whatever_came_first),
        TEST(the_first_document_of_a_file_wins),
        TEST(an_unreadable_file_keeps_its_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
