/* The compiler: resources in; snapshot, findings and report out.
 *
 * A pure function. It reads no clock (the time is an argument), no file and no former result, and
 * never fails: what cannot be served becomes a finding and costs only itself. Equal objects give an
 * equal outcome, in whatever order they came. It has two halves, because back ends come and go all
 * day and routes do not:
 *
 *     input ──> draft: all but endpoint sets ──> result: with the endpoints of a discovery
 *
 * The stages of the first half, one file each, in the order in which a change passes them:
 *
 *     bind      dataplane -> MeshGateway                                      bind.c
 *     ports     listeners -> ports, chains and hosts; conflicts are refused   ports.c
 *     attach    MeshGatewayRoutes -> listeners with tags that match           attach.c
 *     tcp       routes of connections -> listeners, which are looked at       tcp.c, unserved.c
 *     hosts     host names -> virtual hosts, with the routes of each          hosts.c, selection.c
 *     tls       data sources -> certificates of a host          presented.c, certificates.c
 *     rules     routes -> their rules: plans.c with matches.c, filters.c, headers.c and
 *               destinations.c; then rules.c, virtual_hosts.c, hidden.c
 *     clusters  back ends -> clusters, and the endpoint sets that are needed  clusters.c
 *     emit      all of it -> resources of the model                           emit.c
 *
 * The second half, result.c, asks for endpoints, and upstream_tls.c how TLS is spoken to them.
 *
 * A memory may be given from run to run. What it remembers it returns for the very same decoded
 * objects only, so that the outcome is that of a run without; it makes the second run cheap.
 *
 * Findings are about objects of the cache and name field and place. Those of decoding stay with
 * their objects (api_object.findings) and are not repeated here. The report says the same in the
 * terms of status conditions; both come from one pass.
 *
 * Not thread-safe in its arguments: one loop owns cache, memory, drafts and results. Snapshots are
 * frozen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/api/api.h"
#include "control/cache/cache.h"
#include "control/discovery/discovery.h"
#include "control/finding/finding.h"
#include "core/base/str.h"
#include "model/model.h"

/* A gateway dataplane to serve: from a Dataplane object, a gateway pod, or derived. Borrowed. */
struct compile_dataplane {
    struct str mesh;
    struct str name;
    struct str address; /* where its listeners are bound: an IP address */
    struct api_tags tags;
    const struct api_object *object; /* the Dataplane it was read from; NULL: there is none */
};

/* What one proxy process serves. In a cluster that is one dataplane; on one machine it may be
 * several, which have to differ in address or ports. */
struct compile_input {
    const struct cache *cache;
    const struct compile_dataplane *dataplanes;
    size_t dataplane_count;
    /* Those that are known but served elsewhere: nothing of them is in the snapshot or the
     * findings, but the report knows what attaches to them. */
    const struct compile_dataplane *elsewhere;
    size_t elsewhere_count;
    /* Those that no proxy is yet: what is wrong with their gateways is found and reported, as far
     * as it does not take a snapshot to find it, and nothing of them is in this one. */
    const struct compile_dataplane *idle;
    size_t idle_count;
    /* The cache may lack what is elsewhere: nobody is told that a MeshGateway, a Secret or a back
     * end is missing while the cache has none of their kind at all. */
    bool is_partial;
    /* Where a dataplane without an object will be is not known: it may have an address of its own,
     * and takes no port from others. */
    bool is_unplaced;
    bool checks_secrets; /* those that no listener asks for, too */
    uint64_t wall_ms;    /* what is said of certificates that are out of date; 0: nothing is */
};

/* A snapshot takes at most this many matches of rules (10,000 routes of five matches on ten hosts),
 * so that a few objects cannot multiply into all memory; what comes after them is left out, with a
 * finding on its route. */
#define COMPILE_RULES_MAX ((size_t)500 * 1000)

/* No route takes more than a part of them, so that it costs itself before it costs others. */
#define COMPILE_ROUTE_RULES_MAX (COMPILE_RULES_MAX / 10)

/* A route is a resource for each set of tags that its listeners have. As many as this are some 50
 * MB on their way to a proxy, which takes 64 MiB. */
#define COMPILE_ROUTES_MAX ((size_t)50 * 1000)

/* A route reports at most as many of the gateways that it attaches to, which is what the Gateway
 * API allows; it is served by all of them, and what is said of the route as a whole is of all. */
#define COMPILE_PARENTS_MAX 32

/* ---- The report ---- */

/* A status condition to be, in the terms of the Gateway API. */
struct compile_condition {
    bool ok;            /* of Conflicted: there is no conflict */
    struct str reason;  /* "Accepted", "HostnameConflict", "BackendNotFound", ... */
    struct str message; /* "conf.listeners[0]: what is wrong and what to do"; empty when ok */
};

/* Routes that a report names as those of a listener which is not served yet. */
#define COMPILE_TAKERS_MAX 16

/* One of conf.listeners. */
struct compile_listener_report {
    size_t index;
    uint32_t port;
    enum api_protocol protocol;
    struct str hostname;    /* "*" for all */
    size_t attached_routes; /* whose tags and host names both match */
    /* UnsupportedProtocol, UnsupportedValue, PortUnavailable, Invalid; and those of a conflict */
    struct compile_condition accepted;
    struct compile_condition resolved_refs; /* InvalidCertificateRef, RefNotPermitted */
    struct compile_condition conflicted;    /* ProtocolConflict, HostnameConflict */
    struct model_names secrets;             /* of the snapshot, that the listener presents */
    /* It is understood and not served yet: it is for TCP or TLS, or for other meshes. */
    bool is_unserved;
    bool is_cross_mesh;
    /* Then: the routes that would take what comes to it. Connections are shared by all of them. */
    const struct api_object *takers[COMPILE_TAKERS_MAX];
    size_t taker_count;
    bool has_more_takers;
};

struct compile_gateway_report {
    const struct api_object *gateway;
    /* ListenersNotValid: ok while any listener is; then with the message of the first that is not.
     * Invalid, NoProxies. */
    struct compile_condition accepted;
    struct compile_condition resolved_refs;          /* as the first listener that is not ok */
    const struct compile_listener_report *listeners; /* in the order of the manifest */
    size_t listener_count;
};

/* A gateway that a route attaches to by its tags. */
struct compile_parent_report {
    const struct api_object *gateway;
    size_t attached_listeners;
    /* NoMatchingListenerHostname; NoMatchingParent: every such listener is refused;
     * UnsupportedValue, Invalid: a rule or match is refused, the others are served */
    struct compile_condition accepted;
    struct compile_condition resolved_refs; /* BackendNotFound, InvalidKind: the first of them */
};

struct compile_route_report {
    const struct api_object *route;
    const struct compile_parent_report *parents; /* each gateway once */
    size_t parent_count;
    bool has_more_parents; /* than COMPILE_PARENTS_MAX */
    bool is_attached;      /* to a listener of any of them */
    /* Of the route as a whole: accepted by any parent, else as by the first; NoMatchingParent. */
    struct compile_condition accepted;
    struct compile_condition resolved_refs;
};

/* An object of another kind. */
struct compile_object_report {
    const struct api_object *object;
    struct compile_condition accepted; /* Invalid */
    /* UnsupportedValue: the object, or something that it asks for, has no effect yet; Shadow: it
     * shall have none; ok: there is nothing to say */
    struct compile_condition programmed;
};

struct compile_report {
    const struct compile_gateway_report *gateways;
    size_t gateway_count;
    const struct compile_route_report *routes; /* sorted by mesh and name, each once */
    size_t route_count;
    const struct compile_object_report *others; /* of a review; sorted by kind, mesh and name */
    size_t other_count;
};

/* ---- Memory ---- */

/* Of one process's runs: it forgets what the last one did not use. */
struct compile_memory;

MUST_USE struct compile_memory *compile_memory_new(void);

/* Before it is freed no draft of it may be completed any more. */
struct compile_memory *compile_memory_free(struct compile_memory *memory);

/* What was done rather than remembered, since the memory was made. */
struct compile_counts {
    uint64_t drafts;       /* runs of the first half */
    uint64_t results;      /* runs of the second */
    uint64_t routes;       /* routes that were planned */
    uint64_t certificates; /* certificates that were parsed */
    uint64_t endpoints;    /* destinations that were resolved */
};

struct compile_counts compile_memory_counts(const struct compile_memory *memory);

/* ---- The two halves ---- */

/* A snapshot but for its endpoint sets. Immutable; counted, not atomic. */
struct compile_draft;

/* The first half. One reference is the caller's. The draft holds what it needs of the cache's
 * objects. */
MUST_USE const struct compile_draft *compile_draft_new(const struct compile_input *input,
                                                       struct compile_memory *memory);
const struct compile_draft *compile_draft_unref(const struct compile_draft *draft);

struct compile_result {
    const struct model_snapshot *snapshot;
    const struct finding_list *findings;
    struct compile_report report; /* of the gateways in the input, and what attaches to them */
};

/* The second half: what a proxy serves now. It needs the memory that the draft was made with, and
 * keeps the draft as long as it lives. */
MUST_USE struct compile_result *compile_result_new(const struct compile_draft *draft,
                                                   const struct discovery *discovery,
                                                   struct compile_memory *memory);
struct compile_result *compile_result_free(struct compile_result *result);

/* Both halves, with nothing remembered. */
MUST_USE struct compile_result *compile_snapshot(const struct compile_input *input);

/* ---- All gateways together ---- */

/* What only shows when all dataplanes of the run (or the cluster) are seen together: MeshGateways
 * that no dataplane is bound to, or that lost one to another gateway, routes that attach to no
 * listener of any gateway, and objects of kinds that have no effect yet. Its report is complete:
 * every MeshGateway and every MeshGatewayRoute of the cache once, the broken ones too, with what
 * the results say of it, and everything else whose author may ask what became of it. */
struct compile_review {
    const struct finding_list *findings;
    struct compile_report report;
};

/* `input` names all dataplanes, `results` are what was compiled of them. The review borrows from
 * both, and from the objects of the cache: it is read before either changes. */
MUST_USE struct compile_review *compile_review_new(const struct compile_input *input,
                                                   const struct compile_result *const *results,
                                                   size_t result_count);
struct compile_review *compile_review_free(struct compile_review *review);

CLEANUP_DEFINE(struct compile_memory, compile_memory_free);
CLEANUP_DEFINE(struct compile_result, compile_result_free);
CLEANUP_DEFINE(struct compile_review, compile_review_free);
