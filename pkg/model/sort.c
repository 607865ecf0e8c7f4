/* Names of one kind mostly begin alike, and each stands somewhere else in memory. What they begin
 * with is skipped, and the eight bytes behind it are compared as one number, beside the pointer. */
#include "model/sort.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "model/resource.h"

struct keyed {
    uint64_t key;
    const struct model_resource *resource;
};

static int compare_keyed(const void *a, const void *b)
{
    const struct keyed *left = a;
    const struct keyed *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return str_compare(left->resource->name, right->resource->name);
}

/* How many bytes all names begin with. */
static size_t common_size(const struct keyed *items, size_t count)
{
    struct str first = items[0].resource->name;
    size_t size = first.size;
    for (size_t i = 1; i < count && size > 0; i++) {
        struct str name = items[i].resource->name;
        size = MIN(size, name.size);
        while (size > 0 && memcmp(first.data, name.data, size) != 0)
            size--;
    }
    return size;
}

/* Eight bytes of a name; there are zeros behind its end, so a tie may still be decided by size. */
static uint64_t key_of(struct str name, size_t begin)
{
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof(key); i++) {
        size_t at = begin + i;
        key = key << 8 | (at < name.size ? (unsigned char)name.data[at] : 0);
    }
    return key;
}

static const struct model_resource *sort_kind(struct keyed *items, size_t count)
{
    if (count < 2)
        return NULL;
    size_t begin = common_size(items, count);
    for (size_t i = 0; i < count; i++)
        items[i].key = key_of(items[i].resource->name, begin);
    qsort(items, count, sizeof(*items), compare_keyed);
    const struct model_resource *twice = NULL;
    for (size_t i = 1; i < count; i++) {
        if (compare_keyed(&items[i - 1], &items[i]) == 0)
            twice = items[i].resource;
    }
    return twice;
}

const struct model_resource *model__sort(const struct model_resource **resources, size_t count)
{
    size_t ends[MODEL_KINDS] = {0};
    if (count < 2)
        return NULL;
    for (size_t i = 0; i < count; i++)
        ends[resources[i]->kind]++;
    for (size_t kind = 1; kind < MODEL_KINDS; kind++)
        ends[kind] += ends[kind - 1];
    size_t places[MODEL_KINDS] = {0}; /* where the next of a kind goes */
    memcpy(places + 1, ends, (MODEL_KINDS - 1) * sizeof(*places));
    struct keyed *items = MEM_NEW_ARRAY(struct keyed, count);
    for (size_t i = 0; i < count; i++)
        items[places[resources[i]->kind]++].resource = resources[i];
    const struct model_resource *twice = NULL;
    for (size_t kind = 0; kind < MODEL_KINDS; kind++) {
        size_t begin = kind == 0 ? 0 : ends[kind - 1];
        const struct model_resource *found = sort_kind(items + begin, ends[kind] - begin);
        twice = found != NULL ? found : twice;
    }
    for (size_t i = 0; i < count; i++)
        resources[i] = items[i].resource;
    items = mem_free(items);
    return twice;
}
