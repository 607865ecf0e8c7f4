/* Stage 6, second half: prefixes are expanded, entries put in order of precedence.
 *
 * PREFIX matches whole segments: "/foo" stands for the bytes "/foo/" and for the bare "/foo",
 * unless some rule of the virtual host matches the bare path exactly. "/foo/" is the same value. */
#include <stdlib.h>

#include "control/compile/stages.h"

static struct str without_trailing_slashes(struct str path)
{
    while (path.size > 0 && path.data[path.size - 1] == '/')
        path.size--;
    return path;
}

static struct map *collect_exact_paths(const struct compile__entries *entries)
{
    struct map *paths = map_new();
    for (size_t i = 0; i < entries->count; i++) {
        if (entries->items[i].match == MODEL_PATH_EXACT)
            (void)map_set(paths, entries->items[i].path, paths); /* what counts is the key */
    }
    return paths;
}

static int compare_sizes(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

/* First what wins: exact before prefix, the longer path, and then the order in which people wrote
 * it. */
static int compare_entries(const void *a, const void *b)
{
    const struct compile__entry *left = a;
    const struct compile__entry *right = b;
    if (left->match != right->match)
        return left->match == MODEL_PATH_EXACT ? -1 : 1;
    int order = compare_sizes(right->path.size, left->path.size);
    if (order == 0)
        order = str_compare(left->path, right->path);
    if (order == 0)
        order = compare_sizes(left->route_order, right->route_order);
    if (order == 0)
        order = compare_sizes(left->rule, right->rule);
    return order != 0 ? order : compare_sizes(left->match_order, right->match_order);
}

void compile__expand(struct compile__run *run, struct compile__entries *entries)
{
    struct map *exact_paths = collect_exact_paths(entries);
    size_t written = entries->count; /* copies are appended, and are exact: they need no visit */
    for (size_t i = 0; i < written; i++) {
        if (entries->items[i].match != MODEL_PATH_PREFIX)
            continue;
        struct str bare = without_trailing_slashes(entries->items[i].path);
        entries->items[i].path = str_format(run->arena, "%.*s/", STR_ARG(bare));
        if (bare.size == 0 || map_get(exact_paths, bare) != NULL)
            continue;
        struct compile__entry copy = entries->items[i];
        copy.match = MODEL_PATH_EXACT;
        copy.path = bare;
        copy.is_copy = true;
        VEC_PUSH(entries, copy);
    }
    exact_paths = map_free(exact_paths);
    if (entries->count > 0)
        qsort(entries->items, entries->count, sizeof(*entries->items), compare_entries);
}
