/* What the stages of the compiler hand to each other. Private to control/compile.
 *
 * What stages make lives in the scratch arena of one run, unless it says otherwise, and points into
 * objects of the cache, which the caller keeps alive meanwhile. The arrays of each stage are
 * complete before the next one begins, so pointers into them stay valid. */
#pragma once

#include "control/compile/compile.h"
#include "control/compile/draft.h"
#include "control/compile/memory.h"
#include "control/compile/selection.h"
#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/vec.h"

/* One run of the first half. */
struct compile__run {
    const struct cache *cache;
    bool is_partial; /* as of compile_input, like the next */
    bool is_idle;    /* no proxy is the dataplanes that are looked at: nothing is emitted */
    uint64_t wall_ms;
    struct compile_memory *memory;
    struct compile_draft *draft;   /* what is being made */
    struct finding_list *findings; /* where findings go: the draft's, a plan's, or nowhere */
    struct arena *arena;           /* scratch */
    struct arena *texts;           /* for what outlives the run: the draft's, or a plan's */
    struct map *scopes;            /* attach.c: by identity */
    struct map *selections;        /* attach.c: by the addresses of their routes */
    struct map *gateways;          /* draft.c: by address, the first binding of each */
    struct map *needs;             /* clusters.c: by name, the index in the draft and one more */
    struct compile__route *routes; /* of the cache, in its order */
    size_t route_count;
    size_t rule_count;    /* of all virtual hosts together */
    size_t variant_count; /* routes in the draft */
    bool has_no_routes;
    struct compile__picked picked; /* what is being looked at, whatever the stage */
};

/* Adds a finding about a field of `object`. Returns "<field>: <message>", which lives as long as
 * run->texts. */
struct str compile__find(struct compile__run *run, enum finding_severity severity,
                         const struct api_object *object, struct finding_mark mark,
                         struct str field, const char *format, ...) PRINTF_LIKE(6, 7);

/* ---- conditions.c ---- */

struct compile_condition compile__accepted(void);
struct compile_condition compile__resolved(void);
struct compile_condition compile__unconflicted(void);

/* The first reason not to be ok is the one that stays. */
void compile__deny(struct compile_condition *condition, struct str reason, struct str message);

/* "<field>: <message>" of the first error that decoding found in or below `field` (empty: in the
 * whole object), from `arena`; or empty. */
struct str compile__decoding_error(struct arena *arena, const struct api_object *object,
                                   struct str field);

/* Why a route is not accepted by a gateway that it attaches to. */
extern const struct str compile__no_usable_listener;
extern const struct str compile__no_hostname;

/* Adds what is said of a route and a gateway: to the route as a whole, and to its parents, each of
 * which is there once; it is accepted where it is by one of the gateway's proxies. There is room
 * for COMPILE_PARENTS_MAX of them, or for all that are added. */
void compile__add_parent(struct compile_route_report *route, struct compile_parent_report *parents,
                         const struct compile_parent_report *parent);

/* The same for a gateway that is not among the parents. */
void compile__add_summary(struct compile_route_report *route,
                          const struct compile_parent_report *parent);

/* ---- externals.c ---- */

/* What an ExternalService asks for and gateways do not do yet: findings, and its condition. The
 * texts of that come from `arena`. */
void compile__review_external(struct arena *arena, struct finding_list *findings,
                              struct compile_object_report *report);

/* ---- bind.c ---- */

/* A dataplane that a MeshGateway was found for. */
struct compile__binding {
    const struct compile_dataplane *dataplane;
    const struct api_object *gateway;
    size_t number;                             /* of the gateway in this run; draft.c */
    struct compile_gateway_report *report;     /* ports.c; in the draft */
    struct compile_listener_report *listeners; /* the report's */
};

/* The bound dataplanes, sorted by mesh, then name. */
struct compile__bindings {
    struct compile__binding *items;
    size_t count;
};
struct compile__bindings compile__bind(struct arena *arena, const struct cache *cache,
                                       const struct compile_dataplane *dataplanes, size_t count);

/* ---- bound.c ---- */

/* Bindings, to be asked by gateways. They are borrowed. */
struct compile__bound;

struct compile__bound *compile__bound_new(struct compile__bindings bindings);
struct compile__bound *compile__bound_free(struct compile__bound *bound);

/* Whether any dataplane is bound to the gateway. */
bool compile__bound_has(const struct compile__bound *bound, const struct api_object *gateway);

/* The first dataplane that would have suited the gateway but is bound to another, or NULL. */
const struct compile__binding *compile__bound_lost(struct compile__bound *bound,
                                                   const struct api_object *gateway);

/* ---- attach.c ---- */

/* A gateway whose listeners have tags that a route selects. */
struct compile__parent {
    const struct api_object *gateway;
    const struct compile__binding *counted; /* whose listeners were counted last, */
    size_t listeners;                       /* how many of them the route attaches to, */
    size_t attached;                        /* and the most of any binding */
    bool has_usable;                        /* a listener of matching tags that is not refused */
    struct compile__parent *next;
};

/* A route, and what became of it in this run. */
struct compile__route {
    const struct api_object *object;
    struct compile__plan *plan;      /* made when the first virtual host needs it */
    struct compile__parent *parents; /* the latest first; at most COMPILE_PARENTS_MAX */
    size_t parent_count;
    size_t number_max;           /* of their gateways */
    struct compile__parent more; /* all others together */
    bool has_more;               /* whether there are others */
    size_t rule_count;           /* of all virtual hosts together */
    struct str left_out;         /* why it is, though nothing is wrong with it; or empty */
};

/* The listeners of one mesh that have equal tags: what rules do is the same on all of them. */
struct compile__scope {
    struct str mesh;
    struct api_tags tags; /* what selectors are matched against */
    struct str identity;  /* 16 hex digits of both */
    struct compile__selection *selection;
};

/* The scope of a listener: the tags of the dataplane, overlaid with the gateway's, overlaid with
 * its own. */
struct compile__scope *compile__scope_of(struct compile__run *run,
                                         const struct compile__binding *binding,
                                         const struct api_listener *listener);

/* Notes that a route selects a listener of the binding. */
struct compile__parent *compile__parent_of(struct compile__run *run, struct compile__route *route,
                                           const struct compile__binding *binding);

/* ---- ports.c ---- */

/* A listener of a manifest on its way to being served. */
struct compile__listener {
    const struct api_listener *spec;
    size_t index; /* in the gateway's list */
    struct compile__scope *scope;
    struct compile_listener_report *report;
    struct model_names secrets; /* HTTPS: what it presents */
    bool is_refused;
};

/* All listeners of one dataplane on one port; of one protocol, each hostname once. */
struct compile__port {
    const struct compile__binding *binding;
    struct str name; /* of the model's listener */
    uint16_t number;
    enum model_protocol protocol;
    struct compile__listener *listeners; /* sorted by hostname */
    size_t listener_count;
};

struct compile__ports {
    struct compile__port *items;
    size_t count;
};

/* Merges the listeners of every binding into ports, refuses what cannot be served, and begins the
 * report of each gateway. */
struct compile__ports compile__merge_ports(struct compile__run *run,
                                           struct compile__bindings bindings);

/* ---- certificates.c ---- */

/* Loads what an HTTPS listener presents and emits it. A listener without a usable certificate is
 * refused. */
void compile__load_certificates(struct compile__run *run, const struct compile__port *port,
                                struct compile__listener *listener);

/* What the bytes of a Secret are, parsed or remembered. */
struct compile__certificate *compile__certificate_of(struct compile__run *run,
                                                     const struct api_object *secret);

/* Why clients refuse it for its age, in the run's arena; empty: they do not. */
struct str compile__certificate_age(struct compile__run *run, const struct model_secret *secret);

/* ---- secrets.c ---- */

/* Reports what is wrong with the certificates of Secrets that no listener has asked for. */
void compile__check_secrets(struct compile__run *run);

/* ---- hosts.c ---- */

/* A virtual host to be. */
struct compile__host {
    struct str domain;
    struct compile__scope *scope; /* of the listener it belongs to */
    bool has_listener;            /* it is the hostname of that one, not only of routes */
};

struct compile__hosts {
    const struct compile__host *items; /* sorted by domain */
    size_t count;
    const struct compile__selection *named; /* whose names are hosts: that of "*"; or NULL */
};

/* The virtual hosts of one chain: those of its listeners, and those that routes on a listener for
 * "*" name. Counts what attaches to each listener. */
struct compile__hosts compile__make_hosts(struct compile__run *run,
                                          const struct compile__binding *binding,
                                          const struct compile__listener *listeners, size_t count);

/* The routes of one of the hosts. Nobody holds those of all hosts at once: they are as many as
 * hosts times routes. */
void compile__pick_routes(const struct compile__hosts *hosts, const struct compile__host *host,
                          struct compile__picked *picked);

/* ---- plans.c, rules.c, clusters.c ---- */

/* The plan of a route, made or remembered at its first use. Its findings are reported once. */
struct compile__plan *compile__plan_of(struct compile__run *run, struct compile__route *route);

/* Emits the virtual host `name`, the routes that it names and their clusters. */
void compile__emit_virtual_host(struct compile__run *run, struct str name,
                                const struct compile__hosts *hosts,
                                const struct compile__host *host);

/* Plans the routes of the host, and finds what hides what. */
void compile__look_at_virtual_host(struct compile__run *run, const struct compile__hosts *hosts,
                                   const struct compile__host *host);

/* 16 hex digits that tell listeners of a mesh with different tags apart. */
#define COMPILE__IDENTITY_SIZE 16
struct str compile__identity(struct arena *arena, struct str mesh, struct api_tags tags);

/* The cluster that leads to a back end from the listeners of a scope. */
struct compile__cluster *compile__cluster_of(struct compile__run *run,
                                             const struct compile__scope *scope,
                                             const struct compile__plan_backend *backend);

/* The index of the destination among the draft's needs. */
size_t compile__need_of(struct compile__run *run, struct str mesh,
                        struct compile__plan_backend *backend);

/* ---- membership.c ---- */

/* Reports a Dataplane that the constraints of its mesh keep out. */
void compile__check_member(const struct cache *cache, const struct api_object *dataplane,
                           struct finding_list *findings);

/* ---- emit.c ---- */

/* Adds a resource to the draft, which takes a reference of its own. */
void compile__emit(struct compile__run *run, const struct model_resource *resource);

/* Emits the listener of a port with its virtual hosts. */
void compile__emit_port(struct compile__run *run, struct compile__port *port);

/* Finds what is wrong with it, and emits nothing. */
void compile__look_at_port(struct compile__run *run, struct compile__port *port);
