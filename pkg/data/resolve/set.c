/* Endpoint sets with names. */
#include "core/base/ip.h"
#include "data/resolve/parts.h"

#define ARENA_CHUNK ((size_t)4096)

bool resolve__is_address(const struct model_endpoint *endpoint)
{
    return ip_is_address(endpoint->address);
}

bool resolve__set_has_names(const struct model_endpoint_set *set)
{
    for (size_t i = 0; i < set->endpoint_count; i++) {
        if (!resolve__is_address(&set->endpoints[i]))
            return true;
    }
    return false;
}

static size_t count_of(const struct model_endpoint *endpoint, resolve__find_fn find,
                       const void *arg)
{
    if (resolve__is_address(endpoint))
        return 1;
    const struct resolve__record *record = find(arg, endpoint->address);
    return record != NULL ? record->address_count : 0;
}

/* All of it but the address stays. */
static size_t put(struct model_endpoint *endpoints, const struct model_endpoint *endpoint,
                  const struct resolve__record *record)
{
    for (size_t i = 0; i < record->address_count; i++) {
        endpoints[i] = *endpoint;
        endpoints[i].address = record->addresses[i];
    }
    return record->address_count;
}

const struct model_resource *resolve__set_make(const struct model_endpoint_set *set,
                                               resolve__find_fn find, const void *arg)
{
    struct arena *arena CLEANUP(arena_free) = arena_new(ARENA_CHUNK);
    size_t count = 0;
    for (size_t i = 0; i < set->endpoint_count; i++)
        count += count_of(&set->endpoints[i], find, arg);
    struct model_endpoint *endpoints = ARENA_NEW_ARRAY(arena, struct model_endpoint, count + 1);
    count = 0;
    for (size_t i = 0; i < set->endpoint_count; i++) {
        const struct model_endpoint *endpoint = &set->endpoints[i];
        const struct resolve__record *record = NULL;
        if (resolve__is_address(endpoint))
            endpoints[count++] = *endpoint;
        else if ((record = find(arg, endpoint->address)) != NULL)
            count += put(endpoints + count, endpoint, record);
    }
    struct model_endpoint_set resolved = *set;
    resolved.endpoints = endpoints;
    resolved.endpoint_count = count;
    return model_endpoint_set_new(&resolved);
}
