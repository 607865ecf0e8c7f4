/* Which endpoint sets have names. Of the thousands that stay with a change this is known. */
#include "core/base/assert.h"
#include "data/resolve/parts.h"

/* A walk over the former sets beside that over the new ones, both in order of their names. */
struct walk {
    const struct model_resource *const *at;
    const struct model_resource *const *end;
};

static struct walk walk_over(const struct model_snapshot *snapshot)
{
    size_t count;
    if (snapshot == NULL)
        return (struct walk){NULL, NULL};
    const struct model_resource *const *sets = model_snapshot_kind(snapshot, MODEL_ENDPOINT_SET,
                                                                   &count);
    return count > 0 ? (struct walk){sets, sets + count} : (struct walk){NULL, NULL};
}

static bool walk_meets(struct walk *walk, const struct model_resource *set)
{
    while (walk->at < walk->end && *walk->at != set &&
           str_compare((*walk->at)->name, set->name) < 0)
        walk->at++;
    return walk->at < walk->end && *walk->at == set;
}

static struct resolve__set *find(const struct resolve__sets *sets, struct str name)
{
    size_t low = 0;
    size_t high = sets->all.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct resolve__set *set = &sets->all.items[middle];
        int order = str_compare(set->published->name, name);
        if (order == 0)
            return set;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static struct resolve__set set_take(struct resolve__set *set)
{
    struct resolve__set taken = *set;
    taken.published = model_resource_ref(set->published);
    set->resolved = NULL;
    return taken;
}

void resolve__sets_update(struct resolve__sets *sets, const struct model_snapshot *before,
                          const struct model_snapshot *now)
{
    struct resolve__sets former = *sets;
    struct walk walk = walk_over(before);
    struct walk all = walk_over(now);
    *sets = (struct resolve__sets){0};
    for (; all.at < all.end; all.at++) {
        const struct model_resource *set = *all.at;
        struct resolve__set *known = find(&former, set->name);
        bool stays = walk_meets(&walk, set);
        if (known != NULL && known->published == set) {
            VEC_PUSH(&sets->all, set_take(known));
        } else if (!stays && resolve__set_has_names(set->endpoint_set)) {
            struct resolve__set made = {.published = model_resource_ref(set)};
            VEC_PUSH(&sets->all, made);
        }
    }
    resolve__sets_deinit(&former);
}

void resolve__sets_deinit(struct resolve__sets *sets)
{
    for (size_t i = 0; i < sets->all.count; i++) {
        (void)model_resource_unref(sets->all.items[i].published); /* always NULL */
        if (sets->all.items[i].resolved != NULL)
            (void)model_resource_unref(sets->all.items[i].resolved); /* always NULL */
    }
    VEC_FREE(&sets->all);
}
