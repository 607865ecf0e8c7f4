#include "data/route/tree.h"

/* Children of a node whose first bytes lie in the node itself: mostly digits and letters. */
#define CHILDREN_FEW 16

/* The label is what leads to a node from its parent. What a lookup touches comes first, within a
 * line of the cache. */
struct route__node {
    struct str label;
    unsigned char few[CHILDREN_FEW];
    unsigned char *first_bytes;    /* of the children's labels, */
    struct route__node **children; /* and the children, in the same order */
    uint32_t child_count;
    uint32_t child_capacity;
    struct route__entry *first;   /* when all are in order: the first to try here */
    struct route__entry *entries; /* whose prefix ends here */
    struct route__node *next;     /* in the queue of those to be put into order */
};

static struct route__node *node_new(struct arena *arena, struct str label)
{
    struct route__node *node = ARENA_NEW(arena, struct route__node);
    node->label = label;
    node->first_bytes = node->few;
    return node;
}

struct route__node *route__tree_new(struct arena *arena)
{
    return node_new(arena, STR_EMPTY);
}

static void node_grow(struct arena *arena, struct route__node *node)
{
    uint32_t capacity = node->child_capacity == 0 ? 2 : node->child_capacity * 2;
    struct route__node **children = ARENA_NEW_ARRAY(arena, struct route__node *, capacity);
    unsigned char *first_bytes = node->few;
    if (capacity > CHILDREN_FEW)
        first_bytes = ARENA_NEW_ARRAY(arena, unsigned char, capacity);
    for (size_t i = 0; i < node->child_count; i++) {
        first_bytes[i] = node->first_bytes[i];
        children[i] = node->children[i];
    }
    node->first_bytes = first_bytes;
    node->children = children;
    node->child_capacity = capacity;
}

static void node_add(struct arena *arena, struct route__node *parent, struct route__node *child)
{
    if (parent->child_count == parent->child_capacity)
        node_grow(arena, parent);
    parent->first_bytes[parent->child_count] = (unsigned char)child->label.data[0];
    parent->children[parent->child_count++] = child;
}

/* The place of the child whose label begins like `rest`, or NULL. */
static struct route__node **node_child(const struct route__node *node, struct str rest)
{
    if (rest.size == 0 || node->child_count == 0) {
        return NULL;
    }
    const unsigned char *hit = memchr(node->first_bytes, rest.data[0], node->child_count);
    return hit == NULL ? NULL : &node->children[hit - node->first_bytes];
}

static size_t common_size(struct str a, struct str b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size]) {
        size++;
    }
    return size;
}

/* Splits the node at `place` after `size` bytes of its label and returns the upper half. */
static struct route__node *node_split(struct arena *arena, struct route__node **place, size_t size)
{
    struct route__node *lower = *place;
    struct route__node *upper = node_new(arena, str_first(lower->label, size));
    lower->label = str_from(lower->label, size);
    node_add(arena, upper, lower);
    *place = upper;
    return upper;
}

void route__tree_add(struct route__node *root, struct arena *arena, struct str prefix,
                     struct route__entry *entry)
{
    struct route__node *node = root;
    while (prefix.size > 0) {
        struct route__node **place = node_child(node, prefix);
        if (place == NULL) {
            struct route__node *leaf = node_new(arena, prefix);
            node_add(arena, node, leaf);
            node = leaf;
            break;
        }
        size_t common = common_size((*place)->label, prefix);
        node = common < (*place)->label.size ? node_split(arena, place, common) : *place;
        prefix = str_from(prefix, common);
    }
    entry->next = node->entries;
    node->entries = entry;
}

/* A queue and no recursion: paths are as deep as somebody likes. */
void route__tree_settle(struct route__node *root, struct route__entry *rest)
{
    root->first = route__entries_settle(root->entries, rest);
    struct route__node *last = root;
    for (struct route__node *node = root; node != NULL; node = node->next) {
        for (size_t i = 0; i < node->child_count; i++) {
            struct route__node *child = node->children[i];
            child->first = route__entries_settle(child->entries, node->first);
            last->next = child;
            last = child;
        }
    }
}

/* Whether `path` begins with the label, of which the first byte is known to be so. */
static bool has_label(struct str path, struct str label)
{
    return label.size == 1 ||
           (path.size >= label.size && memcmp(path.data + 1, label.data + 1, label.size - 1) == 0);
}

struct route__entry *route__tree_find(const struct route__node *root, struct str path)
{
    const struct route__node *node = root;
    struct route__node *const *place = node_child(node, path);
    while (place != NULL && has_label(path, (*place)->label)) {
        node = *place;
        path = str_from(path, node->label.size);
        place = node_child(node, path);
    }
    return node->first;
}
