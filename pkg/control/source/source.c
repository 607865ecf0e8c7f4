#include "control/source/source.h"

static void apply(void *arg, const struct api_object *object)
{
    cache_put(arg, object);
}

static void forget(void *arg, const struct api_key *key)
{
    cache_remove(arg, key);
}

struct source_events source_into_cache(struct cache *cache)
{
    return (struct source_events){.apply = apply, .remove = forget, .arg = cache};
}
