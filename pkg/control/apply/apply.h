/* Keeps documents applied: what the API server shall have from us, by path.
 *
 * Who wants a document sets it, as often as it likes; it is sent when it differs from what was
 * applied last, and only then. A newer document replaces one that waits; one that is under way ends
 * first. What failed is sent again after a pause (control/queue), newest content first. An object
 * that is not there (any more) ends the matter: who wants it sets it again.
 *
 *     apply_set ... send(document) ... apply_answer ... apply_set
 *
 * The transport is a callback, so that this is tested without one. Everything is on one loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/str.h"

struct apply;
struct loop;

/* Requests under way at once: enough to hide the time of one, few enough for a small server. */
#define APPLY_IN_FLIGHT_MAX 16U

struct apply_document {
    struct str path;    /* "/apis/apps/v1/namespaces/edge/deployments/front" */
    struct str manager; /* the field manager; a constant */
    struct str body;    /* JSON */
};

/* Carries the document, borrowed until this returns, to the server, whose answer is told to
 * apply_answer afterwards. */
typedef void (*apply_send_fn)(void *arg, const struct apply_document *document);

MUST_USE struct apply *apply_new(struct loop *loop, apply_send_fn send, void *arg);

/* What is under way is not answered any more. */
struct apply *apply_free(struct apply *apply);

/* The document of that path from now on. Copied. */
void apply_set(struct apply *apply, const struct apply_document *document);

/* Nothing is to be said at that path any more, or nobody knows what is there now: the next
 * apply_set sends, whatever was applied. What is there stays. */
void apply_forget(struct apply *apply, struct str path);

/* The server's answer to what was sent. ERR_OK: it is applied; ERR_NOT_FOUND: there is no such
 * object, and the document is dropped; all others: to be sent again, not before `wait_ms`. */
void apply_answer(struct apply *apply, struct str path, enum err outcome, uint64_t wait_ms);

/* Whether the document of that path is under way: the server may have acted on it. */
bool apply_is_sent(const struct apply *apply, struct str path);

/* Documents that are not applied yet, for metrics and tests. */
size_t apply_pending(const struct apply *apply);

CLEANUP_DEFINE(struct apply, apply_free);
