/* When to act on a burst of changes: a moment after the last one, but no later than a ceiling after
 * the first. Pure: time is an argument, in milliseconds of one clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct holdoff {
    uint32_t quiet_ms;
    uint32_t ceiling_ms;
    uint64_t first_ms; /* private, like what follows */
    bool waiting;
};

void holdoff_init(struct holdoff *holdoff, uint32_t quiet_ms, uint32_t ceiling_ms);

/* A change came at `now_ms`. Returns how long to wait from now before acting. */
uint64_t holdoff_touch(struct holdoff *holdoff, uint64_t now_ms);

/* The burst was acted on. */
void holdoff_done(struct holdoff *holdoff);
