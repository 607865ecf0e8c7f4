/* What the first half of the compiler leaves to the second. Private to control/compile. */
#pragma once

#include "control/compile/compile.h"
#include "control/compile/memory.h"
#include "core/base/arena.h"
#include "core/base/vec.h"

/* A destination whose endpoints are wanted. */
struct compile__need {
    struct compile__set *set; /* a plan of the draft holds it */
    struct str mesh;
    struct api_tags destination;
    const struct discovery_reference *reference; /* instead, or NULL; a plan's */
    bool has_cluster;                            /* else the set is asked for its findings alone */
};

/* A destination of a route that leads to a need. */
struct compile__use {
    size_t route; /* in the report */
    const struct compile__plan *plan;
    size_t rule;
    size_t destination; /* in the rule's plan */
    size_t need;
    bool wants_host; /* the host is to be that of the endpoint */
};

struct compile_draft {
    size_t references;
    uint64_t number;     /* no other draft of the memory has it; from 1 */
    struct arena *arena; /* of the report and of names */
    struct finding_list *findings;
    bool lacks_secrets;   /* all of them are elsewhere, and so are those that are missing */
    bool lacks_back_ends; /* all of them are elsewhere: nobody is told of one that is missing */
    VEC(const struct model_resource *) resources; /* all, held by what follows */
    VEC(const struct model_resource *) held;      /* one reference each */
    VEC(struct compile__variant *) variants;      /* likewise; of the plans below */
    VEC(const struct api_object *) objects;       /* one reference each; routes without a plan */
    VEC(struct compile__plan *) plans;            /* one reference each */
    VEC(struct compile__need) needs;
    VEC(struct compile__use) uses;
    bool wants_hosts; /* one of them does */
    VEC(struct compile_gateway_report *) gateways;
    struct compile_report report; /* as if every back end were there */
};

const struct compile_draft *compile__draft_ref(const struct compile_draft *draft);
