/* Round robin: one after the other, beginning where the seed says, so that the workers of a process
 * do not all start at the same endpoint. */
#include "core/base/assert.h"
#include "data/upstream/parts.h"

static void round_robin_init(uint64_t *state, uint64_t seed)
{
    *state = seed & UINT32_MAX;
}

static struct upstream_endpoint *round_robin_pick(uint64_t *state,
                                                  struct upstream_endpoint *const *endpoints,
                                                  size_t count,
                                                  const struct upstream_endpoint *avoid)
{
    ASSERT(count > 0);
    struct upstream_endpoint *endpoint = endpoints[(*state)++ % count];
    if (endpoint == avoid && count > 1)
        endpoint = endpoints[(*state)++ % count];
    return endpoint;
}

const struct upstream__balancer upstream__round_robin = {
    .name = "round robin",
    .init = round_robin_init,
    .pick = round_robin_pick,
};
