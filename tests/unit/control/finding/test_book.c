#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/finding/finding.h"

static void say(struct finding_book *book, struct str origin, size_t count)
{
    struct finding_list *list = finding_list_new();
    for (size_t i = 0; i < count; i++)
        finding_add(list, FINDING_ERROR, &(struct finding_subject){.file = origin},
                    (struct finding_mark){0}, STR_EMPTY, "%zu", i);
    finding_book_set(book, origin, list);
    list = finding_list_free(list);
}

static size_t count(const struct finding_book *book)
{
    struct finding_list *list = finding_list_new();
    finding_book_collect(book, list);
    size_t count = finding_count(list);
    list = finding_list_free(list);
    return count;
}

static void the_newest_word_counts(void **state)
{
    (void)state;
    struct finding_book *book = finding_book_new();
    assert_int_equal(count(book), 0);
    say(book, STR("a"), 3);
    say(book, STR("b"), 1);
    assert_int_equal(count(book), 4);
    say(book, STR("a"), 2);
    assert_int_equal(count(book), 3);
    say(book, STR("a"), 0);
    say(book, STR("c"), 0);
    assert_int_equal(count(book), 1);
    book = finding_book_free(book);
    assert_null(finding_book_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_word_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
