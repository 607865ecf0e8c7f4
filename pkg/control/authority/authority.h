/* The operator's authority: who signs the certificate of its stream, and when that changes.
 *
 * Proxies trust the authorities of a bundle that reaches them as a ConfigMap, some time after it
 * was written. So a new authority is published beside the old one first, signs
 * AUTHORITY_SPREAD_MS later, and the old one is dropped when the last certificate that it signed
 * has ended. What has to survive the operator is a Secret with the keys `current.pem`, `next.pem`
 * and `previous.pem`, each of an authority as a PEM bundle, and `next-since`.
 *
 * Pure: the time is an argument. Whoever calls stores what changed, and calls again at `again_ms`
 * at the latest. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"
#include "core/pki/pki.h"

#define AUTHORITY_DAY_MS    ((uint64_t)24 * 3600 * 1000)
#define AUTHORITY_LIFE_MS   (365 * AUTHORITY_DAY_MS)
#define AUTHORITY_SPREAD_MS ((uint64_t)10 * 60 * 1000)
#define AUTHORITY_LEAF_MS   AUTHORITY_DAY_MS
/* Clocks of proxies may be behind. */
#define AUTHORITY_SKEW_MS ((uint64_t)3600 * 1000)

struct authority;

/* What is stored; an empty text is absent. Borrowed. */
struct authority_data {
    struct str current;
    struct str next;
    struct str previous;
    struct str next_since; /* decimal milliseconds since 1970 */
};

/* `name`: of the certificates, "otemon-operator.kuma-system.svc". Data that cannot be read, or has
 * ended, counts as absent: a new authority is made. */
MUST_USE struct authority *authority_new(struct str name, const struct authority_data *data,
                                         uint64_t now_ms);
struct authority *authority_free(struct authority *authority);

/* Does what is due. Borrowed texts and bundles live until the next call. */
struct authority_state {
    bool data_changed; /* `data` is to be stored, before anything else is done with this state */
    bool leaf_changed; /* since the last call; true at first */
    struct authority_data data;
    struct str trust_pem; /* what proxies are to trust */
    const struct pki_bundle *leaf;
    uint64_t again_ms;
};
struct authority_state authority_turn(struct authority *authority, uint64_t now_ms);

CLEANUP_DEFINE(struct authority, authority_free);
