#include "data/route/names.h"

void route__names_init(struct route__names *names)
{
    *names = (struct route__names){.exact = map_new(), .suffixes = map_new()};
}

void route__names_deinit(struct route__names *names)
{
    names->exact = map_free(names->exact);
    names->suffixes = map_free(names->suffixes);
}

static bool add(struct map *map, struct str key, void *value)
{
    if (map_get(map, key) != NULL) {
        return false;
    }
    (void)map_set(map, key, value); /* it replaces nothing */
    return true;
}

bool route__names_add(struct route__names *names, struct str name, void *value)
{
    if (str_equal(name, STR("*"))) {
        bool is_new = names->any == NULL;
        names->any = is_new ? value : names->any;
        return is_new;
    }
    if (str_starts_with(name, STR("*."))) {
        struct str suffix = str_from(name, 1);
        names->suffix_size_max = MAX(names->suffix_size_max, suffix.size);
        return add(names->suffixes, suffix, value);
    }
    return add(names->exact, name, value);
}

/* From the longest suffix to the shortest: whole labels, and at least one byte before it. */
static void *find_suffix(const struct route__names *names, struct str name)
{
    size_t start = name.size > names->suffix_size_max ? name.size - names->suffix_size_max : 1;
    for (size_t i = start; i < name.size; i++) {
        if (name.data[i] == '.') {
            void *value = map_get(names->suffixes, str_from(name, i));
            if (value != NULL) {
                return value;
            }
        }
    }
    return NULL;
}

void *route__names_find(const struct route__names *names, struct str name)
{
    char lower[ROUTE__NAME_MAX];
    if (name.size > sizeof(lower)) {
        return names->any;
    }
    struct str wanted = str_copy_lower(name, lower);
    void *value = map_get(names->exact, wanted);
    if (value == NULL && names->suffix_size_max > 0) {
        value = find_suffix(names, wanted);
    }
    return value != NULL ? value : names->any;
}
