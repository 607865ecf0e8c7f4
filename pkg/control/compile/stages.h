/* What the stages of the compiler hand to each other. Private to control/compile.
 *
 * Everything here lives in the arena of one run and points into objects of the cache, which the
 * caller keeps alive meanwhile. The arrays of each stage are complete before the next one begins,
 * so pointers into them stay valid. */
#pragma once

#include "control/compile/compile.h"
#include "core/base/arena.h"
#include "core/base/map.h"
#include "core/base/vec.h"

/* One compilation. */
struct compile__run {
    const struct compile_input *input;
    struct finding_list *findings;
    struct arena *arena;
    VEC(const struct model_resource *) resources; /* of the snapshot; each holds a reference */
    struct map *emitted;                          /* "<kind> <name>" of those that are shared */
    VEC(const struct model_resource *) loaded;    /* certificates.c: holds a reference of each */
    struct map *certificates;                     /* certificates.c: by secret */
    struct map *plans;                            /* plans.c: by route */
    struct map *services;                         /* endpoints.c: by mesh and service */
    size_t rule_count;                            /* of all virtual hosts together */
};

void compile__run_init(struct compile__run *run, const struct compile_input *input,
                       struct finding_list *findings);
void compile__run_deinit(struct compile__run *run);

/* Adds a finding about a field of `object`. */
void compile__find(struct compile__run *run, enum finding_severity severity,
                   const struct api_object *object, struct finding_mark mark, struct str field,
                   const char *format, ...) PRINTF_LIKE(6, 7);

/* "<mesh>/<name>": what an object is called among those of its kind. */
struct str compile__object_key(struct compile__run *run, const struct api_object *object);

/* ---- bind.c ---- */

/* A dataplane that a MeshGateway was found for. */
struct compile__binding {
    const struct compile_dataplane *dataplane;
    const struct api_object *gateway;
};

/* The bound dataplanes, sorted by mesh, then name. */
struct compile__bindings {
    const struct compile__binding *items;
    size_t count;
};
struct compile__bindings compile__bind(struct compile__run *run);

/* Dataplane tags, overlaid with the gateway's, overlaid with the listener's. */
struct api_tags compile__listener_tags(struct compile__run *run,
                                       const struct compile__binding *binding,
                                       const struct api_listener *listener);

/* ---- ports.c ---- */

/* A listener of a manifest on its way to being served. */
struct compile__listener {
    const struct api_listener *spec;
    size_t index;               /* in the gateway's list */
    struct api_tags tags;       /* what selectors are matched against */
    struct model_names secrets; /* HTTPS: what it presents */
    bool is_refused;
};

/* All listeners of one dataplane on one port; of one protocol, each hostname once. */
struct compile__port {
    struct compile__binding binding;
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

/* Merges the listeners of every binding into ports and refuses what cannot be served. */
struct compile__ports compile__merge_ports(struct compile__run *run,
                                           struct compile__bindings bindings);

/* ---- certificates.c ---- */

/* Loads what the HTTPS listeners of a port present. Listeners without a usable certificate are
 * refused. */
void compile__load_certificates(struct compile__run *run, struct compile__port *port);

/* ---- attach.c, hosts.c ---- */

struct compile__routes {
    const struct api_object *const *items; /* sorted by name */
    size_t count;
};

/* The HTTP routes whose selectors match the tags of a listener. */
struct compile__routes compile__attach(struct compile__run *run, struct str mesh,
                                       struct api_tags tags);

/* A virtual host to be. */
struct compile__host {
    struct str domain;
    struct api_tags tags; /* of the listener it belongs to */
    struct compile__routes routes;
};

struct compile__hosts {
    const struct compile__host *items; /* sorted by domain */
    size_t count;
};

/* The virtual hosts of one chain: those of its listeners, and those that routes on a listener for
 * "*" name. */
struct compile__hosts compile__make_hosts(struct compile__run *run, struct str mesh,
                                          const struct compile__listener *listeners, size_t count);

/* ---- plans.c: what a rule of a route does, whatever the virtual host ---- */

struct compile__plan_match {
    enum model_path_match match;
    struct str path; /* as the model writes it */
    size_t index;    /* in the rule's list */
    struct finding_mark mark;
};

struct compile__plan_backend {
    struct api_tags destination;
    struct str service;
    uint32_t weight;
};

struct compile__plan_rule {
    const struct compile__plan_match *matches; /* those that are served */
    size_t match_count;
    struct str refusal; /* why it answers 500; empty: it forwards to */
    const struct compile__plan_backend *backends;
    size_t backend_count;
};

struct compile__plan {
    const struct api_object *route;
    const struct compile__plan_rule *rules; /* as many as the route has */
};

/* The plan of a route, made at its first use. Its findings are reported once. */
const struct compile__plan *compile__plan_of(struct compile__run *run,
                                             const struct api_object *route);

/* ---- rules.c, clusters.c, endpoints.c ---- */

/* Emits the virtual host `name` and the routes that it names. */
void compile__emit_virtual_host(struct compile__run *run, struct str mesh, struct str name,
                                const struct compile__host *host);

/* 16 hex digits that tell listeners of a mesh with different tags apart. */
#define COMPILE__IDENTITY_SIZE 16
struct str compile__identity(struct compile__run *run, struct str mesh, struct api_tags tags);

/* The name of the cluster that leads to `backend` from listeners with `tags`; emits it once. */
struct str compile__cluster(struct compile__run *run, struct str mesh,
                            const struct compile__plan_backend *backend, struct api_tags tags);

/* Why a set of endpoints is empty. */
enum compile__endpoints {
    COMPILE__ENDPOINTS_SOME,
    COMPILE__ENDPOINTS_NO_SERVICE, /* no Dataplane offers it */
    COMPILE__ENDPOINTS_NO_MATCH,   /* the other tags of the destination exclude all that do */
    COMPILE__ENDPOINTS_NOT_READY,  /* none that matches is ready, or has an IP address */
};

/* What the endpoint set for a destination, which names a service, would be like. */
enum compile__endpoints compile__endpoints_state(struct compile__run *run, struct str mesh,
                                                 struct api_tags destination);

/* The name of the endpoint set for a destination; emits it once. */
struct str compile__endpoint_set(struct compile__run *run, struct str mesh,
                                 struct api_tags destination);

/* ---- run.c, emit.c ---- */

/* Adds a resource, with its reference, to the snapshot. */
void compile__emit(struct compile__run *run, const struct model_resource *resource);

/* Whether a resource of that name was claimed before; claims it. */
bool compile__emit_once(struct compile__run *run, enum model_kind kind, struct str name);

/* Emits the listener of a port with its virtual hosts. */
void compile__emit_port(struct compile__run *run, const struct compile__port *port);
