#include "difference/difference.h"

#include <stdlib.h>

#include "difference/facts.h"

struct comparison {
    struct arena *arena;
    struct difference__facts before;
    struct difference__facts after;
    struct map *touched; /* routes of which a rule is another */
    VEC(struct difference) found;
};

struct str difference_kind_name(enum difference_kind kind)
{
    static const struct str names[] = {
        [DIFFERENCE_LISTENER] = STR_INIT("listener"),
        [DIFFERENCE_HOST] = STR_INIT("host"),
        [DIFFERENCE_RULE] = STR_INIT("rule"),
        [DIFFERENCE_ORDER] = STR_INIT("order"),
        [DIFFERENCE_BACKEND] = STR_INIT("backend"),
        [DIFFERENCE_CERTIFICATE] = STR_INIT("certificate"),
    };
    return names[kind];
}

struct str difference_change_name(enum difference_change change)
{
    static const struct str names[] = {
        [DIFFERENCE_ADDED] = STR_INIT("added"),
        [DIFFERENCE_REMOVED] = STR_INIT("removed"),
        [DIFFERENCE_CHANGED] = STR_INIT("changed"),
    };
    return names[change];
}

static void note(struct comparison *comparison, const struct difference__fact *fact,
                 enum difference_change change, struct str before, struct str after)
{
    const struct difference difference = {fact->kind, change, fact->name, before, after};
    VEC_PUSH(&comparison->found, difference);
    if (fact->kind == DIFFERENCE_RULE)
        (void)map_set(comparison->touched, fact->group, comparison); /* what counts is the key */
}

/* What is not seen in the words of both sides. */
static const char *unseen_text(enum difference_kind kind)
{
    switch (kind) {
    case DIFFERENCE_RULE: return ", by other tags or on other listeners";
    case DIFFERENCE_ORDER: return ", in another order";
    case DIFFERENCE_BACKEND: return ", at other addresses";
    case DIFFERENCE_LISTENER:
    case DIFFERENCE_HOST:
    case DIFFERENCE_CERTIFICATE: break;
    }
    return "";
}

static struct str with_detail(struct arena *arena, const struct difference__fact *fact)
{
    return str_format(arena, "%.*s; %.*s", STR_ARG(fact->value), STR_ARG(fact->detail));
}

static void compare_fact(struct comparison *comparison, const struct difference__fact *was,
                         const struct difference__fact *is)
{
    struct arena *arena = comparison->arena;
    bool is_detail = !str_equal(was->detail, is->detail);
    bool is_seen = is_detail || !str_equal(was->value, is->value);
    if (!is_seen && str_equal(was->content, is->content))
        return;
    struct str before = is_detail ? with_detail(arena, was) : was->value;
    struct str after = is_detail ? with_detail(arena, is) : is->value;
    if (!is_seen)
        after = str_format(arena, "%.*s%s", STR_ARG(after), unseen_text(is->kind));
    note(comparison, is, DIFFERENCE_CHANGED, before, after);
}

/* The order of rules says something only where they are the same. */
static bool is_passed_over(const struct comparison *comparison, const struct difference__fact *fact,
                           const struct difference__fact *other)
{
    return fact->kind == DIFFERENCE_ORDER &&
           (other == NULL || map_get(comparison->touched, fact->group) != NULL);
}

static void compare_all(struct comparison *comparison, bool is_order)
{
    for (size_t i = 0; i < comparison->before.items.count; i++) {
        const struct difference__fact *was = comparison->before.items.items[i];
        const struct difference__fact *is = map_get(comparison->after.by_key, was->key);
        if ((was->kind == DIFFERENCE_ORDER) != is_order || is_passed_over(comparison, was, is))
            continue;
        if (is == NULL)
            note(comparison, was, DIFFERENCE_REMOVED, was->value, STR_EMPTY);
        else
            compare_fact(comparison, was, is);
    }
    for (size_t i = 0; i < comparison->after.items.count && !is_order; i++) {
        const struct difference__fact *is = comparison->after.items.items[i];
        if (is->kind != DIFFERENCE_ORDER && map_get(comparison->before.by_key, is->key) == NULL)
            note(comparison, is, DIFFERENCE_ADDED, STR_EMPTY, is->value);
    }
}

static int compare_differences(const void *a, const void *b)
{
    const struct difference *left = a;
    const struct difference *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    int order = str_compare(left->name, right->name);
    if (order == 0)
        order = str_compare(left->before, right->before);
    return order != 0 ? order : str_compare(left->after, right->after);
}

/* Mostly it is one place, and often nothing has changed. */
static bool is_same(struct difference_side before, struct difference_side after)
{
    bool same = before.count == after.count;
    for (size_t i = 0; same && i < before.count; i++)
        same = str_equal(before.places[i].mesh, after.places[i].mesh) &&
               str_equal(before.places[i].dataplane, after.places[i].dataplane) &&
               model_digest_equal(&before.places[i].snapshot->digest,
                                  &after.places[i].snapshot->digest);
    return same;
}

static struct differences take(struct comparison *comparison)
{
    size_t count = comparison->found.count;
    struct difference *items = ARENA_NEW_ARRAY(comparison->arena, struct difference, count);
    for (size_t i = 0; i < count; i++)
        items[i] = comparison->found.items[i];
    if (count > 0)
        qsort(items, count, sizeof(*items), compare_differences);
    return (struct differences){items, count};
}

struct differences difference_find(struct arena *arena, struct difference_side before,
                                   struct difference_side after)
{
    struct comparison comparison = {.arena = arena};
    if (is_same(before, after))
        return (struct differences){0};
    difference__facts_init(&comparison.before, arena, before);
    difference__facts_init(&comparison.after, arena, after);
    comparison.touched = map_new();
    compare_all(&comparison, false);
    compare_all(&comparison, true);
    struct differences differences = take(&comparison);
    comparison.touched = map_free(comparison.touched);
    VEC_FREE(&comparison.found);
    difference__facts_deinit(&comparison.before);
    difference__facts_deinit(&comparison.after);
    return differences;
}
