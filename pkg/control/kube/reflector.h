/* A list that is kept by watching, as a machine: answers and bytes in, events and the next request
 * out. It has no socket and no clock; whoever drives it sends what it asks for and tells it what
 * came. Private to control/kube.
 *
 *            first page        last page           closed, or failed
 *     EMPTY ----------> PAGING ---------> LISTED <------------------- WATCHING
 *       ^                 |                 |  `--------------------->   |
 *       |                 |                 |       the watch begins     |
 *       +-----------------+-----------------+----------------------------+
 *         410 in any form, broken events, resuming that fails too often
 *
 *     loop: kube__reflector_step
 *         LIST   kube__reflector_target, send, kube__reflector_listed
 *         WATCH  kube__reflector_target, send, _opened, _read..., _ended
 *         PAUSE  wait, kube__reflector_paused
 *
 * A closed watch is resumed after the last version it delivered. Whatever fails, a pause with
 * jitter follows that doubles until a watch has lived for a moment, so that no answer of a server
 * makes it busy. Styled after the watcher of kube-rs. */
#pragma once

#include "control/kube/kube.h"
#include "control/kube/outcome.h"
#include "core/base/buf.h"
#include "core/base/random.h"

/* A watch that ended sooner was no success. */
#define KUBE__WATCH_SHORT_MS 1000U
/* Failures to resume from a version before everything is listed again: it may be of a past that the
 * server does not know (any more). */
#define KUBE__RESUMES_MAX 5U
/* A version or the token of a page. */
#define KUBE__TOKEN_SIZE_MAX ((size_t)16 * 1024)

enum kube__step {
    KUBE__LIST,
    KUBE__WATCH,
    KUBE__PAUSE,
};

struct kube__reflector;

/* Borrows the random numbers; copies the rest. */
MUST_USE struct kube__reflector *kube__reflector_new(const struct kube_watch_options *options,
                                                     const struct kube_watch_events *events,
                                                     struct random *random);

/* Calls `remove` for everything that is kept. */
struct kube__reflector *kube__reflector_free(struct kube__reflector *reflector);

/* What to do next, and for a pause how long. */
enum kube__step kube__reflector_step(struct kube__reflector *reflector, uint64_t *ret_pause_ms);

/* Appends the target of the list or the watch. */
void kube__reflector_target(const struct kube__reflector *reflector, struct buf *target);

/* What the server is asked to keep the next watch for. */
unsigned kube__reflector_timeout_s(const struct kube__reflector *reflector);

/* The pause is over. */
void kube__reflector_paused(struct kube__reflector *reflector);

/* The list has ended, one way or another. */
void kube__reflector_listed(struct kube__reflector *reflector, const struct kube__outcome *outcome);

/* The watch was answered with status 200. */
void kube__reflector_opened(struct kube__reflector *reflector);

/* Bytes of the watch. False: it is to be ended, and kube__reflector_ended to be called. */
MUST_USE bool kube__reflector_read(struct kube__reflector *reflector, struct str bytes);

/* The watch has ended, by the server or by us, `lived_ms` after it was sent. */
void kube__reflector_ended(struct kube__reflector *reflector, const struct kube__outcome *outcome,
                           uint64_t lived_ms);

/* Objects that are known. */
size_t kube__reflector_count(const struct kube__reflector *reflector);
