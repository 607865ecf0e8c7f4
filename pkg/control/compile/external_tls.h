/* Private to control/compile: what an ExternalService or a MeshExternalService says of TLS. */
#pragma once

#include "control/cache/cache.h"
#include "core/base/vec.h"
#include "core/pki/pki.h"
#include "model/model.h"

/* What is to be said of it. */
struct compile__tls_note {
    bool is_fault; /* so that it cannot be spoken */
    struct finding_mark mark;
    struct str field;
    struct str reason; /* of a condition, with a fault */
    struct str message;
};

/* What an object says of TLS. */
struct compile__tls {
    /* Set before it is read: */
    const struct cache *cache;
    struct arena *arena; /* of what it becomes */
    const struct api_object *object;
    bool lacks_secrets;
    uint64_t wall_ms; /* 0: nothing is said of certificates that are out of date */
    /* What it becomes: */
    const struct api_external_tls *spec;
    struct model_upstream_tls model; /* the name is the caller's */
    struct pki_certificates *authorities;
    struct pki_bundle *presented; /* NULL: nothing is */
    VEC(struct compile__tls_note) notes;
    bool has_fault; /* without a note: what is missing may be elsewhere */
};

/* Reads what was set, of an object that is not broken. Then it is to be freed by deinit. */
void compile__tls_read(struct compile__tls *tls);
void compile__tls_deinit(struct compile__tls *tls);
