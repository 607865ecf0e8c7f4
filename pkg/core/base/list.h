/* Intrusive doubly linked lists: a state is a list, and moving between them costs no memory.
 *
 * A head and a node are the same struct; an empty head and an unlinked node point at themselves. */
#pragma once

#include <stdbool.h>

#include "core/base/attr.h"

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *node)
{
    node->next = node;
    node->prev = node;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* After list_init: whether the node is on a list. */
static inline bool list_is_linked(const struct list *node)
{
    return node->next != node;
}

static inline void list_insert_between_(struct list *node, struct list *prev, struct list *next)
{
    node->prev = prev;
    node->next = next;
    prev->next = node;
    next->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node)
{
    list_insert_between_(node, head, head->next);
}

static inline void list_push_back(struct list *head, struct list *node)
{
    list_insert_between_(node, head->prev, head);
}

/* Unlinks; an unlinked node is left as it is. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The object of `type` whose `member` is `node`. */
#define LIST_ITEM(node, type, member) CONTAINER_OF(node, type, member)

/* Walks `head` with `struct list *node`; the current node may be removed. */
#define LIST_FOR_EACH(node, head)                                                     \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)
