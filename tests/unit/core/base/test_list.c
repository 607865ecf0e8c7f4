#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/list.h"

struct item {
    char name;
    struct list node;
};

static void assert_order(const struct list *head, const char *wanted)
{
    size_t i = 0;
    for (struct list *node = head->next; node != head; node = node->next, i++) {
        assert_int_equal(LIST_ITEM(node, struct item, node)->name, wanted[i]);
        assert_ptr_equal(node->next->prev, node);
        assert_ptr_equal(node->prev->next, node);
    }
    assert_int_equal(i, strlen(wanted));
}

static void test_push_and_remove(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    assert_true(list_is_empty(&head));
    struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}};
    for (size_t i = 0; i < 3; i++) {
        list_init(&items[i].node);
        assert_false(list_is_linked(&items[i].node));
    }
    list_push_back(&head, &items[1].node);
    list_push_back(&head, &items[2].node);
    list_push_front(&head, &items[0].node);
    assert_order(&head, "abc");
    assert_true(list_is_linked(&items[1].node));
    list_remove(&items[1].node);
    assert_false(list_is_linked(&items[1].node));
    assert_order(&head, "ac");
    list_remove(&items[1].node); /* once more does nothing */
    assert_order(&head, "ac");
    list_remove(&items[0].node);
    list_remove(&items[2].node);
    assert_true(list_is_empty(&head));
}

static void test_moving_between_lists(void **state)
{
    (void)state;
    struct list idle;
    struct list active;
    list_init(&idle);
    list_init(&active);
    struct item items[] = {{.name = 'a'}, {.name = 'b'}};
    list_push_back(&idle, &items[0].node);
    list_push_back(&idle, &items[1].node);
    list_remove(&items[0].node);
    list_push_back(&active, &items[0].node);
    assert_order(&idle, "b");
    assert_order(&active, "a");
}

static void test_walk_with_removal(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    struct item items[] = {{.name = 'a'}, {.name = 'b'}, {.name = 'c'}, {.name = 'd'}};
    for (size_t i = 0; i < 4; i++)
        list_push_back(&head, &items[i].node);
    char seen[8] = {0};
    size_t count = 0;
    LIST_FOR_EACH(node, &head) {
        struct item *item = LIST_ITEM(node, struct item, node);
        seen[count++] = item->name;
        if (item->name != 'c')
            list_remove(node);
    }
    assert_string_equal(seen, "abcd");
    assert_order(&head, "c");
    LIST_FOR_EACH(node, &head)
        list_remove(node);
    LIST_FOR_EACH(node, &head)
        fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_and_remove),
        cmocka_unit_test(test_moving_between_lists),
        cmocka_unit_test(test_walk_with_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
