/* What is remembered from run to run. Private to control/compile.
 *
 * Everything is kept under the very objects it was made from, which it holds references of, so that
 * an address means one object. A run stamps what it uses with its age; what has another age when
 * the run ends is forgotten. */
#pragma once

#include "control/compile/compile.h"
#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/vec.h"
#include "core/pki/pki.h"

struct compile_memory {
    uint64_t age;             /* of the run that is going on, or was last */
    struct map *plans;        /* by route object: struct compile__plan */
    struct map *clusters;     /* by name: struct compile__cluster */
    struct map *hosts;        /* by name: struct compile__named */
    struct map *certificates; /* by object and place: struct compile__certificate */
    struct map *sets;         /* by name: struct compile__set; of the second half */
    uint64_t set_age;
    /* Those of the needs of the draft that was completed last: `asked` is its number. */
    VEC(struct compile__set *) asked_sets;
    uint64_t asked;
    uint64_t rule_serial;              /* the last of a planned rule */
    const struct model_snapshot *last; /* the snapshot that was made last, or NULL */
    struct compile_counts counts;
};

/* ---- What a route does, whatever the virtual host ---- */

struct compile__plan_match {
    enum model_path_match match;
    struct str path; /* as the model writes it, like what follows */
    struct str method;
    const struct model_criterion *headers;
    size_t header_count;
    const struct model_criterion *queries;
    size_t query_count;
    struct str key; /* equal keys hide each other */
    size_t index;   /* in the rule's list */
    struct finding_mark mark;
};

/* Where a rule forwards to, or mirrors to. */
struct compile__plan_backend {
    struct api_tags destination;
    const struct discovery_reference *reference; /* instead of tags; or NULL */
    struct str service;                          /* for people */
    uint32_t weight;
    bool is_mirror;
    size_t index;        /* in the rule's list of back ends; of a mirror: of filters */
    struct str set_name; /* of its endpoints */
    uint64_t need_age;   /* clusters.c: when `need` was found */
    size_t need;
    uint64_t resolve_age; /* the same of `is_resolved` */
    bool is_resolved;     /* what the reference names is there */
};

struct compile__plan_rule {
    uint64_t serial;                           /* no other of this memory has had it */
    const struct compile__plan_match *matches; /* those that are served */
    size_t match_count;
    struct model_rule rule; /* what it does, but for matches, clusters and time limits */
    struct compile__plan_backend *destinations; /* back ends, and behind them that of the mirror */
    size_t backend_count;
    size_t destination_count;
    bool has_filters; /* its author wrote some, */
    bool has_backends;
};

/* A cluster; the name says what it is. */
struct compile__cluster {
    const struct model_resource *resource;
    uint64_t age;
};

/* The model's route for the listeners of one scope. */
struct compile__variant {
    struct str identity; /* of the scope */
    uint64_t age;
    const struct model_resource *resource;
    struct str inputs; /* what it was made of besides the plan and the scope */
    VEC(struct compile__cluster *) clusters;      /* of its rules; of the same age */
    VEC(struct compile__plan_backend *) backends; /* that they lead to */
};

struct compile__plan {
    const struct api_object *route;
    struct compile__plan_rule *rules; /* as many as the route has */
    size_t rule_count;
    size_t match_count;  /* of all rules */
    size_t actions_size; /* bytes of what they do, once for each match */
    struct finding_list *findings;
    struct compile_condition accepted; /* by any gateway that it attaches to */
    struct arena *arena;
    uint64_t age;
    size_t references; /* the memory's, and those of drafts */
    VEC(struct compile__variant *) variants;
};

struct compile__plan *compile__plan_ref(struct compile__plan *plan);
struct compile__plan *compile__plan_unref(struct compile__plan *plan);

/* The plan of that very object, or NULL. */
struct compile__plan *compile__plan_recall(const struct compile_memory *memory,
                                           const struct api_object *route);
void compile__plan_remember(struct compile_memory *memory, struct compile__plan *plan);

/* ---- Others ---- */

/* A resource that is compared by its content. */
struct compile__named {
    const struct model_resource *resource;
    uint64_t age;
};

/* What one data source turned out to be. */
struct compile__certificate {
    const struct api_object *object; /* of which the bytes are */
    struct arena *arena;
    const struct model_resource *secret; /* NULL: it cannot be used, because */
    struct str error;
    struct str fault; /* the same without the name of the source */
    enum pki_key_type key_type;
    uint64_t age;
    uint64_t loaded_age;  /* of the run in which a listener asked for it */
    uint64_t emitted_age; /* of the run that has its secret in the draft */
};

/* The endpoints of a destination. */
struct compile__set {
    struct arena *arena;
    uint64_t serial; /* of the discovery that was asked; 0: ask again */
    uint64_t place;  /* what has to change there for another answer */
    enum discovery_state state;
    struct str reason;
    bool has_host_name;                    /* an endpoint has one */
    struct str protocol;                   /* as of discovery_answer */
    const struct model_resource *resource; /* or NULL: nobody has asked for it yet */
    uint64_t age;
};

struct compile__set *compile__set_free(struct compile__set *set);

/* Forgets what the run that ends did not use. */
void compile__memory_sweep(struct compile_memory *memory);
void compile__memory_sweep_sets(struct compile_memory *memory);
