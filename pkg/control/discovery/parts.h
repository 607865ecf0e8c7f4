/* Private to control/discovery: its three sources of back ends. */
#pragma once

#include "control/discovery/discovery.h"
#include "core/base/map.h"
#include "core/base/vec.h"

/* When the slices of a service changed. */
struct discovery__touch {
    uint64_t serial;
    uint64_t place;
};

struct discovery {
    const struct cache *cache;
    uint64_t serial;
    uint64_t first_serial; /* when it was made; since then these were touched */
    VEC(struct discovery__touch) touches;
    struct arena *arena;
    struct map *services;  /* by "<service>.<namespace>": struct discovery__service */
    struct map *inbounds;  /* by "<mesh>/<service>": struct discovery__inbounds */
    struct map *externals; /* likewise: struct discovery__externals */
};

/* What belongs to one service, linked in the arena. */
struct discovery__slices {
    struct str name; /* of the object, which may be gone while this is brought up to date */
    const struct api_object *object;
    struct discovery__slices *next; /* by name, the last first */
};

/* A Service, and what its EndpointSlices say. */
struct discovery__service {
    const struct api_object *object; /* NULL: there is none, only slices that name it */
    struct discovery__slices *slices;
};

struct discovery__inbounds {
    const struct api_object *dataplane;
    const struct api_inbound *inbound;
    const struct discovery__inbounds *next;
};

struct discovery__externals {
    const struct api_object *object;
    const struct discovery__externals *next;
};

/* A question on its way to its answer. */
struct discovery__question {
    const struct discovery *discovery;
    struct arena *arena; /* of the answer */
    struct str mesh;
    struct api_tags destination;
    struct str service;                          /* of the destination, */
    const struct discovery__service *kubernetes; /* services.c: the one of that name, or NULL */
    const struct discovery_reference *reference; /* instead of a destination, or NULL */
    VEC(struct model_endpoint) endpoints;        /* found so far, with these: */
    VEC(struct discovery_external) externals;
};

/* "<a><separator><b>": keys are made for every question, so they are not printed. */
struct str discovery__key(struct arena *arena, struct str a, char separator, struct str b);

/* " (there is one in namespace shop)", to be put behind a sentence. */
struct str discovery__elsewhere_hint(struct arena *arena, const struct api_object *object);

void discovery__index_services(struct discovery *discovery);

/* Brings the index up to date, and returns the place of the slice's service. */
uint64_t discovery__touch_slice(struct discovery *discovery, const struct cache_slice *slice);
void discovery__index_inbounds(struct discovery *discovery);
void discovery__index_externals(struct discovery *discovery);

/* Whether an ExternalService of the mesh is that service: then nobody else is asked. One that is
 * broken takes nothing from others. */
bool discovery__has_externals(const struct discovery__question *question);

/* If nobody is that service because its ExternalServices are broken, says so. */
void discovery__blame_broken_external(const struct discovery__question *question,
                                      struct discovery_answer *answer);

/* Whether the Services of the cluster answer: there is such a Service, or there is neither that nor
 * a Dataplane, and the name is as those of Services. */
bool discovery__is_kubernetes(struct discovery__question *question);

/* The name of a Service whose own name is the beginning of the service's, as destinations have it:
 * "shop_default_svc_80"; or empty. */
struct str discovery__service_meant(const struct discovery__question *question);

/* Whether a Dataplane of the mesh has an inbound with that service. */
bool discovery__has_inbounds(const struct discovery__question *question);

/* ---- references.c ---- */

enum api_kind discovery__kind_of(const struct discovery_reference *reference);

/* What a reference names, or NULL. */
const struct api_object *discovery__find_object(const struct cache *cache, struct str mesh,
                                                const struct discovery_reference *reference);

/* The port that it names, or NULL. */
const struct api_mesh_service_port *
discovery__find_port(const struct discovery_reference *reference,
                     const struct api_mesh_service_port *ports, size_t count);

/* Whether an object, whose kind may be any of them, has it. */
bool discovery__object_has_port(const struct api_object *object,
                                const struct discovery_reference *reference);

/* ---- Sources ---- */

/* Adds a place outside of the mesh, an IP address or a name, to the endpoints. `title` as of
 * discovery_external. */
void discovery__take_external(struct discovery__question *question, const struct api_object *object,
                              struct str title, struct str host, uint32_t port);

/* Adds an inbound to the endpoints, if it can take requests. */
void discovery__take_inbound(struct discovery__question *question,
                             const struct discovery__inbounds *entry);

/* Fill endpoints, state and reason of the answer. */
void discovery__ask_services(struct discovery__question *question, struct discovery_answer *answer);
void discovery__ask_inbounds(struct discovery__question *question, struct discovery_answer *answer);
void discovery__ask_externals(struct discovery__question *question,
                              struct discovery_answer *answer);
void discovery__ask_reference(struct discovery__question *question,
                              struct discovery_answer *answer);
