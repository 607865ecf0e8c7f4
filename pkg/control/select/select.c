#include "control/select/select.h"

static bool is_any(struct str value)
{
    return str_equal(value, STR("*"));
}

/* Both sides are sorted by name: one walk. */
bool select_match(struct api_tags selector, struct api_tags tags)
{
    size_t j = 0;
    for (size_t i = 0; i < selector.count; i++) {
        const struct api_tag *wanted = &selector.items[i];
        while (j < tags.count && str_compare(tags.items[j].name, wanted->name) < 0)
            j++;
        if (j == tags.count || !str_equal(tags.items[j].name, wanted->name))
            return false;
        if (!is_any(wanted->value) && !str_equal(wanted->value, tags.items[j].value))
            return false;
    }
    return true;
}

bool select_match_any(struct api_selectors selectors, struct api_tags tags)
{
    for (size_t i = 0; i < selectors.count; i++) {
        if (select_match(selectors.items[i].match, tags))
            return true;
    }
    return false;
}

struct select_rank select_rank_of(struct api_tags selector)
{
    struct select_rank rank = {0};
    for (size_t i = 0; i < selector.count; i++) {
        if (is_any(selector.items[i].value))
            rank.any++;
        else
            rank.exact++;
    }
    return rank;
}

static int compare_sizes(size_t a, size_t b)
{
    return a < b ? -1 : a > b;
}

int select_rank_compare(struct select_rank a, struct select_rank b)
{
    int order = compare_sizes(a.exact + a.any, b.exact + b.any);
    return order != 0 ? order : compare_sizes(a.exact, b.exact);
}

bool select_best(struct api_selectors selectors, struct api_tags tags, struct select_rank *ret_rank)
{
    bool found = false;
    for (size_t i = 0; i < selectors.count; i++) {
        if (!select_match(selectors.items[i].match, tags))
            continue;
        struct select_rank rank = select_rank_of(selectors.items[i].match);
        if (!found || select_rank_compare(rank, *ret_rank) > 0)
            *ret_rank = rank;
        found = true;
    }
    return found;
}

const struct api_object *select_gateway(const struct api_object *const *gateways, size_t count,
                                        struct api_tags tags)
{
    const struct api_object *best = NULL;
    struct select_rank best_so_far = {0};
    for (size_t i = 0; i < count; i++) {
        const struct api_object *gateway = gateways[i];
        struct select_rank rank = {0};
        if (gateway->broken || !select_best(gateway->mesh_gateway->selectors, tags, &rank))
            continue;
        int order = best == NULL ? 1 : select_rank_compare(rank, best_so_far);
        if (order > 0 || (order == 0 && gateway->creation_time_ms > best->creation_time_ms)) {
            best = gateway;
            best_so_far = rank;
        }
    }
    return best;
}

/* No name, value or mesh holds a NUL, so it separates them. */
struct str select_tag_key(struct buf *key, struct str mesh, struct str name, struct str value)
{
    const struct str parts[] = {mesh, name, value};
    buf_clear(key);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buf_append(key, parts[i]);
        buf_append_char(key, '\0');
    }
    return buf_str(key);
}

struct api_tags select_overlay(struct arena *arena, struct api_tags base, struct api_tags over)
{
    struct api_tag *items = ARENA_NEW_ARRAY(arena, struct api_tag, base.count + over.count);
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    while (i < base.count || j < over.count) {
        int order = 0;
        if (i == base.count)
            order = 1;
        else if (j == over.count)
            order = -1;
        else
            order = str_compare(base.items[i].name, over.items[j].name);
        items[count++] = order < 0 ? base.items[i] : over.items[j];
        i += order <= 0;
        j += order >= 0;
    }
    return (struct api_tags){items, count};
}
