/* Round robin: one after the other, beginning where the seed says, so that the workers of a process
 * do not all start at the same endpoint. */
#include "core/base/assert.h"
#include "data/upstream/parts.h"

static void round_robin_init(uint64_t *state, uint64_t seed)
{
    *state = seed & UINT32_MAX;
}

static size_t round_robin_pick(uint64_t *state, const struct upstream__member *members,
                               size_t count, const struct upstream_endpoint *avoid)
{
    ASSERT(count > 0);
    size_t index = (*state)++ % count;
    if (members[index].endpoint == avoid && count > 1)
        index = (*state)++ % count;
    return index;
}

const struct upstream__balancer upstream__round_robin = {
    .name = "round robin",
    .init = round_robin_init,
    .pick = round_robin_pick,
};
