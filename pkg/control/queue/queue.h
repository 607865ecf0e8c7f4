/* The work queue: keys that wait to be worked on.
 *
 * A key is queued at most once; asking again keeps the earlier time. A key that queue_take handed
 * out is running and is not handed out again before queue_done; asked for meanwhile, it waits for
 * that. Work that failed comes again after a pause that doubles each time, with jitter, so that
 * many failures do not come back together; success forgets the failures.
 *
 *     queue_ask ... queue_take, the work, queue_done ... queue_next_ms says when to look again
 *
 * Pure: time is an argument, in milliseconds of one clock. One loop owns a queue. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/random.h"
#include "core/base/str.h"

/* The pause after the first failure, and the longest: a quick try for what passes in a moment, and
 * a calm one for what needs a person. */
#define QUEUE_PAUSE_MS     100U
#define QUEUE_PAUSE_MAX_MS 30000U

/* What queue_next_ms says when nothing waits. */
#define QUEUE_NEVER UINT64_MAX

struct queue;

/* `random` makes the jitter and is borrowed as long as the queue lives. */
MUST_USE struct queue *queue_new(struct random *random);
struct queue *queue_free(struct queue *queue);

/* Asks for `key` at `at_ms` or earlier. Copies the key. */
void queue_ask(struct queue *queue, struct str key, uint64_t at_ms);

/* Hands out the key that is due longest at `now_ms`. False: none is. The key is borrowed until
 * queue_done. */
MUST_USE bool queue_take(struct queue *queue, uint64_t now_ms, struct str *ret_key);

enum queue_outcome {
    QUEUE_DONE,
    QUEUE_FAILED, /* to be tried again, after a pause */
};

/* The work on a running key has ended. `wait_ms`: no next try of what failed before that, whatever
 * the pause (Retry-After); 0: none was named. */
void queue_done(struct queue *queue, struct str key, enum queue_outcome outcome, uint64_t now_ms,
                uint64_t wait_ms);

/* Forgets a key, its failures included; one that is running ends with queue_done as usual. */
void queue_forget(struct queue *queue, struct str key);

/* When the first key that waits is due, or QUEUE_NEVER. */
uint64_t queue_next_ms(const struct queue *queue);

/* How many keys wait or run. */
size_t queue_count(const struct queue *queue);

CLEANUP_DEFINE(struct queue, queue_free);
