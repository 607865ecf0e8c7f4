/* An object on its way into an envelope. Private to control/api. */
#pragma once

#include "control/api/print.h"

struct api__wrapping {
    struct arena *arena;
    const struct jv *document;
    const struct api_object *object;
    const struct api__kind *kind;
    bool from_universal;
    bool to_universal;
    const struct jv *metadata; /* Kubernetes; else NULL */
    struct str namespace;      /* of what comes from Universal and does not say */
    struct finding_list *problems;
};

/* There is no place for `field`, which stands where `mark` says. */
void api__wrap_lose(const struct api__wrapping *w, struct jv_mark mark, struct str field,
                    const char *message);

/* What stands around the fields of the object: name, mesh, labels and so on. */
void api__wrap_universal(const struct api__wrapping *w, struct api__members *members);
void api__wrap_kubernetes(const struct api__wrapping *w, struct api__members *members);

/* The fields of a Secret, which look different in each envelope. */
void api__wrap_secret(const struct api__wrapping *w, struct api__members *members);
