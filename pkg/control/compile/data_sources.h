/* Private to control/compile: data sources of certificates and keys, whoever names them. */
#pragma once

#include "control/cache/cache.h"
#include "control/compile/compile.h"
#include "core/pki/pki.h"
#include "model/model.h"

/* Who names a data source, and what it is to hold. */
struct compile__data_place {
    const struct cache *cache;
    struct arena *arena; /* of what is said */
    struct str mesh;
    const char *owner;   /* "gateway" */
    const char *content; /* "certificate and key" */
};

/* What keeps a data source from having bytes; no message: nothing does. */
struct compile__data_fault {
    struct str reason; /* of a condition */
    struct str message;
};

/* Whether there is such a source, and it can be read. */
struct compile__data_fault compile__data_check(const struct compile__data_place *place,
                                               const struct api_data_source *source);

/* The Secret that a source of an object of that mesh names, or NULL. */
const struct api_object *compile__find_secret(const struct cache *cache, struct str mesh,
                                              const struct api_data_source *source);

/* What people know it by: "secret \"web\"". */
struct str compile__data_title(struct arena *arena, const struct api_data_source *source);

/* All Secrets are elsewhere. */
bool compile__lacks_secrets(const struct compile_input *input);

struct compile__validity {
    uint64_t not_before_ms;
    uint64_t not_after_ms;
    const char *consequence; /* of its end */
};

/* What is to be said of a certificate for its age, in `arena`; empty: nothing. */
struct str compile__age_text(struct arena *arena, uint64_t wall_ms,
                             const struct compile__validity *validity);

/* The model's secret of what a source held. */
MUST_USE const struct model_resource *compile__secret_of(struct str name,
                                                         const struct pki_bundle *bundle);
