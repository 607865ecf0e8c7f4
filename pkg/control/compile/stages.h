/* What the stages of the compiler hand to each other. Private to control/compile.
 *
 * What stages make lives in the scratch arena of one run, unless it says otherwise, and points into
 * objects of the cache, which the caller keeps alive meanwhile. The arrays of each stage are
 * complete before the next one begins, so pointers into them stay valid. */
#pragma once

#include "control/compile/compile.h"
#include "control/compile/draft.h"
#include "control/compile/hostnames.h"
#include "control/compile/memory.h"
#include "control/compile/selection.h"
#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/vec.h"

/* One run of the first half. */
struct compile__run {
    const struct cache *cache;
    bool is_partial; /* as of compile_input */
    bool is_unplaced;
    bool is_idle; /* no proxy is the dataplanes that are looked at: nothing is emitted */
    uint64_t wall_ms;
    struct compile_memory *memory;
    struct compile_draft *draft;   /* what is being made */
    struct finding_list *findings; /* where findings go: the draft's, a plan's, or nowhere */
    struct arena *arena;           /* scratch */
    struct arena *texts;           /* for what outlives the run: the draft's, or a plan's */
    struct map *scopes;            /* attach.c: by identity */
    struct map *policies;          /* policies.c: by scope and gateway */
    struct map *selections;        /* attach.c: by the addresses of their routes */
    struct map *gateways;          /* draft.c: by address, the first binding of each */
    struct compile__route *routes; /* of the cache, kind by kind, in its order */
    size_t route_count;
    size_t first_routes[API_KINDS]; /* of a kind */
    size_t rule_count;              /* of all virtual hosts together */
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

/* Why a route is not accepted by a gateway that it attaches to, in `arena`. */
struct str compile__no_usable_listener(struct arena *arena, const struct api_object *route);
struct str compile__no_hostname(struct arena *arena, const struct api_object *route,
                                const struct api_object *gateway);

/* Adds what is said of a route and a gateway: to the route as a whole, and to its parents, each of
 * which is there once; it is accepted where it is by one of the gateway's proxies. There is room
 * for COMPILE_PARENTS_MAX of them, or for all that are added. */
void compile__add_parent(struct compile_route_report *route, struct compile_parent_report *parents,
                         const struct compile_parent_report *parent);

/* The same for a gateway that is not among the parents. */
void compile__add_summary(struct compile_route_report *route,
                          const struct compile_parent_report *parent);

/* ---- upstream_tls.c ---- */

/* What it becomes, or became before of the same. It is there until the run of the second half in
 * which nobody asks for it. */
struct compile__upstream_tls *compile__upstream_tls_of(struct compile_memory *memory,
                                                       const struct cache *cache,
                                                       const struct discovery_external *external,
                                                       bool lacks_secrets);

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

/* ---- matches.c ---- */

/* What a match asks for, as text: that of another is equal when it asks for the same. */
struct str compile__match_key(struct arena *arena, const struct compile__plan_match *match);

/* ---- nearest.c ---- */

/* "shop.example.com, blog.example.com": the host names of the gateway's listeners whose tags do not
 * keep the route from attaching, the first of them. In `arena`. */
struct str compile__hostnames_near(struct arena *arena, const struct api_object *route,
                                   const struct api_object *gateway);

/* ---- attach.c ---- */

/* A gateway whose listeners have tags that a route selects. */
struct compile__parent {
    const struct api_object *gateway;
    const struct compile__binding *counted; /* whose listeners were counted last, */
    size_t listeners;                       /* how many of them the route attaches to, */
    size_t attached;                        /* and the most of any binding */
    bool has_usable;                        /* a listener of matching tags that is not refused */
    struct str lost;     /* that a listener is served by others, which was said; or empty */
    struct str unserved; /* that a listener is not served yet, which was said; or empty */
    struct compile__parent *next;
};

/* A route, and what became of it in this run. */
struct compile__route {
    const struct api_object *object;
    struct compile__plan *known;     /* of this very object, from the last run; or NULL */
    struct compile__plan *plan;      /* made when the first virtual host needs it */
    struct compile__parent *parents; /* the latest first; at most COMPILE_PARENTS_MAX */
    size_t parent_count;
    size_t number_max;           /* of their gateways */
    struct compile__parent more; /* all others together */
    bool has_more;               /* whether there are others */
    size_t rule_count;           /* of all virtual hosts together */
    struct str left_out;         /* why it is, though nothing is wrong with it; or empty */
    const struct compile_listener_report *attached_to; /* policies.c: the last */
    struct str refusal; /* units.c: why a rule answers 500 in this run; or empty */
};

/* The routes of one kind in one mesh, in the order of the cache. */
struct compile__route *compile__routes_of(struct compile__run *run, enum api_kind kind,
                                          struct str mesh, size_t *ret_count);

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

struct compile__port;

/* A route that matches the tags of listeners of a port has them as a parent, which is usable if
 * they are served. */
void compile__note_usable(struct compile__run *run, struct compile__route *route,
                          const struct compile__port *port);

/* A route that matches tags and host names of listeners of a port is attached to them. */
void compile__attach(struct compile__run *run, struct compile__route *route,
                     const struct compile__port *port, size_t listeners);

/* ---- targets.c ---- */

/* What its author called it, which others name it by: copies have longer names. */
struct str compile__display_name(const struct api_object *object);

/* Whether a targetRef means a listener of the gateway that has these tags. */
bool compile__target_selects(const struct api_target_ref *target, const struct api_object *gateway,
                             struct api_tags tags);

/* Below 0: what `a` says at the top comes before what `b` does. */
int compile__policy_compare(const struct api_object *a, const struct api_target_ref *target_a,
                            const struct api_object *b, const struct api_target_ref *target_b);

/* ---- policies.c, units.c ---- */

/* A rule of a route of the model, from parts of one planned rule, or of several. */
struct compile__parts {
    const struct compile__plan_rule *base; /* what it asks for */
    const struct compile__plan_rule *filters;
    const struct compile__plan_rule *backends;
    size_t index; /* in the rules of the route */
};

/* A route of the model to be. */
struct compile__unit {
    struct compile__route *route;
    struct compile__plan *plan;
    struct compile__parts *parts; /* NULL: those of the plan as they are */
    size_t count;
    size_t match_count;  /* of all rules */
    struct str identity; /* tells units of a route apart */
    struct str inputs;   /* what it was made of besides the plan and its identity */
};

/* What a MeshHTTPRoute says for a host name: an item of its list. */
struct compile__entry {
    struct compile__route *route;
    size_t item;
    struct compile__entry *next;
};

/* What MeshHTTPRoutes say for one host name, word by word: none is below another. */
struct compile__group {
    struct str hostname;
    struct compile__entry *first; /* of the strongest route */
    struct compile__entry *last;
    bool is_merged; /* then there are */
    struct compile__unit *units;
    size_t unit_count;
};

/* The MeshHTTPRoutes of listeners of a gateway that have equal tags. */
struct compile__policies {
    const struct api_object *gateway;
    struct compile__scope *scope;
    struct compile__route **routes; /* the strongest first */
    size_t route_count;
    struct map *groups;                   /* by host name */
    const struct compile__binding *noted; /* whose listeners are usable, which was said */
};

/* Whether a MeshHTTPRoute or MeshTCPRoute says something for a listener with these tags. */
bool compile__takes_part(const struct api_object *route, const struct api_object *gateway,
                         struct api_tags tags);

struct compile__policies *compile__policies_of(struct compile__run *run,
                                               const struct compile__binding *binding,
                                               struct compile__scope *scope);
void compile__policies_free(struct map *policies);

/* What is said for a host name of the listener, if any of them is for one, so that they alone serve
 * it; or NULL. */
const struct compile__group *compile__policies_serve(const struct compile__policies *policies,
                                                     struct str hostname);

/* What they say for the host names that cover `name`, the most exact first; how many there are. */
size_t compile__policies_at(const struct compile__policies *policies, struct str name,
                            struct compile__group *ret_groups[COMPILE__COVERS_MAX]);

/* Merges what they say, once. */
void compile__merge_group(struct compile__run *run, const struct compile__policies *policies,
                          struct compile__group *group);

/* A MeshGatewayRoute, which has a plan. */
struct compile__unit compile__unit_of(const struct compile__scope *scope,
                                      struct compile__route *route);

/* One of its rules. */
struct compile__parts compile__parts_of(const struct compile__unit *unit, size_t index);

/* ---- Listeners and ports ---- */

/* A listener of a manifest on its way to being served. */
struct compile__listener {
    const struct api_listener *spec;
    size_t index; /* in the gateway's list */
    struct compile__scope *scope;
    struct compile__policies *policies;
    struct compile_listener_report *report;
    struct model_names secrets; /* HTTPS: what it presents */
    bool is_refused;
};

/* All listeners of one dataplane on one port; of one protocol, each hostname once. */
struct compile__port {
    const struct compile__binding *binding;
    struct str name; /* of the model's listener */
    uint16_t number;
    bool is_served; /* else it is looked at: it is for TCP, TLS or other meshes */
    enum api_protocol protocol;
    struct compile__listener *listeners; /* sorted by hostname */
    size_t listener_count;
};

/* ---- attach.c, policies.c ---- */

/* Notes that a route has no part in a listener, which `winner` serves, and tells it so once. */
void compile__lose(struct compile__run *run, const struct compile__port *port,
                   const struct compile__listener *listener, struct compile__route *route,
                   const struct compile__route *winner);

/* Attaches MeshHTTPRoutes to a listener, as far as their host names are its. */
void compile__attach_policies(struct compile__run *run, const struct compile__port *port,
                              const struct compile__listener *listener);

struct compile__hosts;

/* ---- ports.c ---- */

/* The field of a listener, or with `member` of what is in it: "conf.listeners[0].port". */
struct str compile__listener_field(struct arena *arena, size_t index, const char *member);

struct compile__ports {
    struct compile__port *items;
    size_t count;
};

/* Merges the listeners of every binding into ports, refuses what cannot be served, and begins the
 * report of each gateway. */
struct compile__ports compile__merge_ports(struct compile__run *run,
                                           struct compile__bindings bindings);

/* ---- tcp.c ---- */

/* Whether the protocol is TCP or TLS. */
bool compile__is_of_connections(enum api_protocol protocol);

/* The routes of connections that select a listener which is refused have it as a parent. */
void compile__note_tcp(struct compile__run *run, const struct compile__binding *binding,
                       const struct compile__listener *listener);

/* Attaches the routes of connections to the listeners of a port for TCP or TLS. */
void compile__attach_tcp(struct compile__run *run, const struct compile__port *port);

/* The same, and finds what is wrong with them and with the port's certificates. */
void compile__look_at_tcp(struct compile__run *run, const struct compile__port *port);

/* ---- unserved.c ---- */

/* Says that a listener is not served yet, and what is missing for it. */
void compile__say_unserved(struct compile__run *run, const struct compile__binding *binding,
                           const struct compile__listener *listener);

/* Says to a route that a port which it attaches to is not served yet; to each parent once. */
void compile__warn_unserved(struct compile__run *run, const struct compile__port *port,
                            struct compile__route *route, struct compile__parent *parent);

/* Notes who would take what comes to a listener of a port that is not served. */
void compile__note_taker(const struct compile__listener *listener,
                         const struct compile__route *route);

/* The same for all listeners of a port for other meshes, which is one chain with these hosts. */
void compile__note_takers(struct compile__run *run, const struct compile__port *port,
                          const struct compile__hosts *hosts);

/* ---- presented.c ---- */

/* Loads what an HTTPS listener presents and emits it. A listener without a usable certificate is
 * refused. */
void compile__load_certificates(struct compile__run *run, const struct compile__port *port,
                                struct compile__listener *listener);

/* ---- certificates.c ---- */

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
    struct compile__scope *scope;             /* of the listener it belongs to */
    const struct compile__policies *policies; /* that serve it alone; or NULL */
    bool has_listener; /* it is the hostname of that one, not only of routes */
};

struct compile__hosts {
    const struct compile__host *items; /* sorted by domain */
    size_t count;
    const struct compile__selection *named; /* whose names are hosts: that of "*"; or NULL */
};

/* The virtual hosts of one chain: those of its listeners, and those that routes on a listener for
 * "*" name. Counts what attaches to each listener. */
struct compile__hosts compile__make_hosts(struct compile__run *run,
                                          const struct compile__port *port,
                                          const struct compile__listener *listeners, size_t count);

/* The MeshGatewayRoutes of one of the hosts. Nobody holds those of all hosts at once: they are as
 * many as hosts times routes. */
void compile__pick_routes(const struct compile__hosts *hosts, const struct compile__host *host,
                          struct compile__picked *picked);

/* ---- plans.c, rules.c, virtual_hosts.c, clusters.c ---- */

/* The plan of a route, made or remembered at its first use. Its findings are reported once. */
struct compile__plan *compile__plan_of(struct compile__run *run, struct compile__route *route);

/* The field of a rule: "conf.http.rules[1]". */
struct str compile__plan_field(struct arena *arena, const struct compile__plan *plan, size_t rule);

/* What a route of the model was made of, if it was; or NULL. */
struct compile__variant *compile__variant_find(const struct compile__unit *unit);

/* Emits the route for the listeners of a scope once, with all that it needs. It lives as long as
 * the draft. */
const struct compile__variant *compile__emit_route(struct compile__run *run,
                                                   const struct compile__scope *scope,
                                                   const struct compile__unit *unit);

/* Emits the route of hosts that have none, once. Returns its name. */
struct str compile__emit_no_routes(struct compile__run *run);

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

/* The same for what MeshHTTPRoutes say for a host name. */
struct str compile__policy_identity(struct arena *arena, const struct compile__policies *policies,
                                    struct str hostname);

/* Whether what it names is there; else requests to it get 500. */
bool compile__backend_exists(struct compile__run *run, struct str mesh,
                             struct compile__plan_backend *backend);

/* The cluster that leads to a back end from the listeners of a scope. */
struct compile__cluster *compile__cluster_of(struct compile__run *run,
                                             const struct compile__scope *scope,
                                             const struct compile__plan_backend *backend);

/* The index of the destination among the draft's needs. */
size_t compile__need_of(struct compile__run *run, struct str mesh,
                        struct compile__plan_backend *backend);

/* ---- emit.c ---- */

/* Adds a resource to the draft, which takes a reference of its own. */
void compile__emit(struct compile__run *run, const struct model_resource *resource);

/* Emits the listener of a port with its virtual hosts. */
void compile__emit_port(struct compile__run *run, struct compile__port *port);

/* Finds what is wrong with it, and emits nothing: the run is idle. */
void compile__look_at_port(struct compile__run *run, struct compile__port *port);
