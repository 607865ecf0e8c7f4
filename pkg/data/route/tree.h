/* Private to data/route: a radix tree from beginnings of paths to the rules that want them. */
#pragma once

#include "core/base/arena.h"
#include "data/route/rule.h"

struct route__node;

/* A tree in `arena`, which holds all of it. */
MUST_USE struct route__node *route__tree_new(struct arena *arena);

void route__tree_add(struct route__node *root, struct arena *arena, struct str prefix,
                     struct route__entry *entry);

/* Puts the entries into order: those of a prefix, then those of the next shorter one, then `rest`.
 * Nothing is added after this. */
void route__tree_settle(struct route__node *root, struct route__entry *rest);

/* The first entry for `path`; NULL: there is none. */
struct route__entry *route__tree_find(const struct route__node *root, struct str path);
