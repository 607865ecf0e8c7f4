#include "control/placement/derive.h"

struct api_tags placement__derive_tags(struct arena *arena, const struct api_object *gateway)
{
    const struct api_selectors *selectors = &gateway->mesh_gateway->selectors;
    if (selectors->count == 0)
        return (struct api_tags){0};
    struct api_tags match = selectors->items[0].match;
    struct api_tag *items = ARENA_NEW_ARRAY(arena, struct api_tag, match.count);
    for (size_t i = 0; i < match.count; i++) {
        bool is_any = str_equal(match.items[i].value, STR("*"));
        items[i].name = match.items[i].name;
        items[i].value = is_any ? gateway->key.name : match.items[i].value;
    }
    return (struct api_tags){items, match.count};
}
