#include "control/holdoff/holdoff.h"

#include "core/base/attr.h"

void holdoff_init(struct holdoff *holdoff, uint32_t quiet_ms, uint32_t ceiling_ms)
{
    *holdoff = (struct holdoff){.quiet_ms = quiet_ms, .ceiling_ms = ceiling_ms};
}

uint64_t holdoff_touch(struct holdoff *holdoff, uint64_t now_ms)
{
    if (!holdoff->waiting) {
        holdoff->waiting = true;
        holdoff->first_ms = now_ms;
    }
    uint64_t latest_ms = holdoff->first_ms + holdoff->ceiling_ms;
    uint64_t left_ms = latest_ms > now_ms ? latest_ms - now_ms : 0;
    return MIN(left_ms, (uint64_t)holdoff->quiet_ms);
}

void holdoff_done(struct holdoff *holdoff)
{
    holdoff->waiting = false;
}
