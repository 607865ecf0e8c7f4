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

/* What is to be known of a need where nothing is asked, side by side with the others. */
struct compile__asked {
    uint64_t serial; /* as of its set */
    uint64_t place;
    bool is_quiet; /* nothing is said of it, whoever leads to it and takes its host as it is */
};

struct compile_memory {
    uint64_t age; /* of the run that is going on, or was last */
    /* Those of the run that was last, in the order of its routes. */
    VEC(struct compile__plan *) plans;
    struct map *sets;                  /* by name: struct compile__set */
    struct map *upstream_tls;          /* by name: struct compile__upstream_tls */
    struct map *hosts;                 /* by name: struct compile__named */
    struct map *certificates;          /* by object and place: struct compile__certificate */
    uint64_t rule_serial;              /* the last of a planned rule, */
    uint64_t variant_serial;           /* and of a variant */
    const struct model_snapshot *last; /* the snapshot that was made last, or NULL, */
    uint64_t last_draft;               /* and the number of its draft, */
    VEC(struct compile__asked) asked;  /* whose needs these are */
    struct compile_counts counts;
};

/* ---- What routes lead to ---- */

/* A cluster: a set, as it is reached from the listeners of one scope. */
struct compile__cluster {
    struct str identity; /* of the scope */
    const struct model_resource *resource;
    uint64_t age;
    struct compile__set *set;
    size_t references; /* of variants */
    struct compile__cluster *next;
};

#define COMPILE__TLS_SOURCES 3

/* How TLS is spoken to a back end outside of the mesh. */
struct compile__upstream_tls {
    const struct api_object *object;                        /* that asks for it, */
    const struct api_object *secrets[COMPILE__TLS_SOURCES]; /* and what it names; or NULL */
    const struct model_resource *resource;                  /* NULL: it cannot be spoken, because */
    const struct model_resource *presented;                 /* by it; or NULL */
    bool lacks_secrets; /* when it was looked for them; as of the draft */
    struct arena *arena;
    struct str reason; /* of a condition, */
    struct str fault;  /* and in words; empty: what is missing may be elsewhere */
    uint64_t run;      /* of the second half, that asked for it last, */
    uint64_t emitted;  /* and that has it in its snapshot */
};

/* Takes NULL. */
struct compile__upstream_tls *compile__upstream_tls_free(struct compile__upstream_tls *tls);

/* Of the endpoints of a set. */
struct compile__set_tls {
    struct str condition; /* the reason of one: no endpoint is left for its sake; or empty */
    bool is_elsewhere;    /* none is left, and what is missing may be elsewhere */
    size_t count;
    struct compile__upstream_tls *items[];
};

/* A destination, and its endpoints. It is there as long as a plan leads to it. */
struct compile__set {
    struct str name;
    size_t references;             /* of plans */
    struct compile_memory *memory; /* that knows it by its name; NULL: it is no more */
    uint64_t need_age;             /* clusters.c: of the run in which it has that index */
    size_t need;
    struct compile__cluster *clusters;
    /* Of the second half: */
    uint64_t serial; /* of the discovery that was asked; 0: ask again */
    uint64_t place;  /* what has to change there for another answer */
    enum discovery_state state;
    bool has_host_name;           /* an endpoint has one */
    struct arena *arena;          /* of what follows; NULL: there is nothing */
    struct compile__set_tls *tls; /* NULL: none is spoken */
    struct str reason;
    struct str protocol;                   /* as of discovery_answer */
    const struct model_resource *resource; /* or NULL: nobody has asked for it yet */
};

/* The set of that name, made or remembered, with one reference more. */
struct compile__set *compile__set_of(struct compile_memory *memory, struct str name);
struct compile__set *compile__set_unref(struct compile__set *set);

/* The cluster of the set for the scope of that identity, or NULL. */
struct compile__cluster *compile__set_cluster(const struct compile__set *set, struct str identity);

/* Adds one, which takes over the reference; it goes with its last variant. */
struct compile__cluster *compile__set_add(struct compile__set *set, struct str identity,
                                          const struct model_resource *resource);

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
    size_t index;             /* in the rule's list of back ends; of a mirror: of filters */
    struct compile__set *set; /* of its endpoints; the plan holds it */
    uint64_t resolve_age;     /* clusters.c: when `is_resolved` was found */
    bool is_resolved;         /* what the reference names is there */
};

struct compile__plan_rule {
    uint64_t serial;                           /* no other of this memory has had it */
    const struct compile__plan_match *matches; /* those that are served */
    size_t match_count;
    const struct model_rule *rule; /* what it does, but for matches, clusters and time limits */
    struct compile__plan_backend *destinations; /* back ends, and behind them that of the mirror */
    size_t backend_count;
    size_t destination_count;
    bool has_filters; /* its author wrote some, */
    bool has_backends;
};

/* A back end of a variant's rules. */
struct compile__lead {
    struct compile__cluster *cluster; /* one reference */
    struct compile__plan_backend *backend;
};

/* The model's route for the listeners of one scope. */
struct compile__variant {
    struct compile__variant *next;
    uint64_t age;
    uint64_t serial;     /* no other of this memory has had it */
    size_t references;   /* the plan's, and those of drafts */
    struct str identity; /* of the scope */
    struct str inputs;   /* what it was made of besides the plan and the scope */
    const struct model_resource *resource;
    size_t lead_count;
    struct compile__lead leads[]; /* and behind them the texts */
};

/* With room for some leads, and one reference. */
struct compile__variant *compile__variant_new(struct str identity, struct str inputs,
                                              size_t lead_max);
struct compile__variant *compile__variant_ref(struct compile__variant *variant);
struct compile__variant *compile__variant_unref(struct compile__variant *variant);

/* Takes a reference of the cluster. */
void compile__variant_lead(struct compile__variant *variant, struct compile__cluster *cluster,
                           struct compile__plan_backend *backend);

/* A set that a plan holds. */
struct compile__hold {
    struct compile__set *set;
    struct compile__hold *next;
};

struct compile__plan {
    const struct api_object *route;
    size_t references; /* the memory's, and those of drafts */
    struct compile__variant *variants;
    struct compile__plan_rule *rules; /* as many as the route has */
    size_t rule_count;
    size_t match_count;                /* of all rules */
    struct finding_list *findings;     /* NULL: there are none */
    size_t actions_size;               /* bytes of what the rules do, once for each match */
    struct compile_condition accepted; /* by any gateway that it attaches to */
    struct compile__hold *holds;
    struct arena *arena;
};

struct compile__plan *compile__plan_ref(struct compile__plan *plan);
struct compile__plan *compile__plan_unref(struct compile__plan *plan);

/* The set of that name, which the plan holds from now on. */
struct compile__set *compile__plan_set(struct compile_memory *memory, struct compile__plan *plan,
                                       struct str name);

/* ---- Others ---- */

/* A virtual host. */
struct compile__named {
    const struct model_resource *resource;
    uint64_t age;
    /* The serials of its variants, a 0 between those of different groups of policies. */
    VEC(uint64_t) inputs;
    bool is_quiet; /* nothing was said of them */
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

/* Forgets what the run of the second half that ends did not ask for. */
void compile__memory_sweep_tls(struct compile_memory *memory);

/* Forgets what the run that ends did not use. Of what it used, it takes over a reference of each
 * plan; they are in the order of routes. */
void compile__memory_sweep(struct compile_memory *memory, struct compile__plan *const *plans,
                           size_t plan_count);
