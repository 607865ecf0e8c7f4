/* Discovery: who answers for a service.
 *
 * A destination is a set of tags with kuma.io/service among them. In a cluster that is
 * "<name>_<namespace>_svc_<port>": the Service says which port is meant, its EndpointSlices where
 * and how ready its back ends are, and the pods that they name give the other tags. Where there is
 * no such Service, the inbounds of Dataplanes with that tag are the back ends. An ExternalService
 * with that tag comes before both. Routes of Kuma's newer kinds may name a MeshService and the like
 * instead, whose selector then says whose inbounds are meant.
 *
 * A discovery is an index over what the cache holds at this time. It is made once per change of
 * back ends, or brought up to date where a few EndpointSlices are all that changed; it is asked for
 * every destination whose answer may be another, and not used any more after the cache has changed.
 * One loop owns it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "control/api/api.h"
#include "control/cache/cache.h"
#include "core/base/arena.h"
#include "core/base/str.h"
#include "model/model.h"

/* What a route names instead of tags: a MeshService, MeshExternalService or
 * MeshMultiZoneService. */
struct discovery_reference {
    enum api_target_kind kind;
    struct str name; /* empty: by labels */
    struct str namespace;
    struct api_tags labels;
    uint32_t port;      /* 0: none is named, */
    struct str section; /* but this, or nothing */
};

/* Whether a route names an object; else its name is the value of a tag kuma.io/service. */
bool discovery_reference_is_object(const struct api_backend_ref *spec);

/* What `route` names; borrowed from it. */
struct discovery_reference discovery_reference_of(const struct api_object *route,
                                                  const struct api_backend_ref *spec);

/* What it is known by in a mesh; no tags are known by the same (api_tags_key). And what people know
 * it by: "web_shop_msvc_80". Both in `arena`. */
struct str discovery_reference_key(struct arena *arena, struct str mesh,
                                   const struct discovery_reference *reference);
struct str discovery_reference_service(struct arena *arena,
                                       const struct discovery_reference *reference);

/* Whether there is such an object, and such a port of it: what it leads to is another question. */
bool discovery_reference_exists(const struct cache *cache, struct str mesh,
                                const struct discovery_reference *reference);

struct discovery;

MUST_USE struct discovery *discovery_new(const struct cache *cache);
struct discovery *discovery_free(struct discovery *discovery);

/* Takes `former` (or NULL) and returns a discovery over what the cache holds now. `changes`: what
 * has touched the cache since `former` was made or was last brought up to date. */
MUST_USE struct discovery *discovery_next(struct discovery *former, const struct cache *cache,
                                          const struct cache_changes *changes);

/* What it answers from. */
const struct cache *discovery_cache(const struct discovery *discovery);

/* Tells states of discoveries of one process apart: equal numbers give equal answers. */
uint64_t discovery_serial(const struct discovery *discovery);

/* What EndpointSlices have to touch to change the answer for a destination: a number for its
 * service. */
uint64_t discovery_place(struct api_tags destination);

/* The same of a reference: any of them may. */
#define DISCOVERY_ANYWHERE UINT64_MAX

/* Whether an answer that was given under that serial may be another now. */
bool discovery_has_changed(const struct discovery *discovery, uint64_t serial, uint64_t place);

/* A back end that TLS is spoken to. How, only its object says, with Secrets that discovery does not
 * look at: whoever asks has to know, or to leave those endpoints out. */
struct discovery_external {
    const struct api_object *object; /* an ExternalService or a MeshExternalService */
    struct str name;                 /* as endpoints know it: model_endpoint.tls */
    struct str title;                /* "it is ExternalService pay in mesh default" */
};

/* What a destination leads to. All but the first have no endpoints. */
enum discovery_state {
    DISCOVERY_FOUND,
    DISCOVERY_UNREADY,  /* there are back ends, none of which is ready */
    DISCOVERY_NO_MATCH, /* the other tags, or the mesh, exclude all back ends */
    DISCOVERY_UNKNOWN,  /* there is no such service, or no such port of it */
    DISCOVERY_UNUSABLE, /* it is of a kind that leads nowhere: ExternalName, FQDN, not TCP */
};

struct discovery_answer {
    enum discovery_state state;
    /* Why there are no endpoints, to be put into a sentence: "there is no Service web in namespace
     * shop (did you mean wep?)". */
    struct str reason;
    struct str protocol; /* of a port that a reference names: "http", "grpc", ...; or empty */
    const struct model_endpoint *endpoints; /* sorted by address, port and host name, each once */
    size_t count;
    const struct discovery_external *externals; /* of the endpoints that TLS is spoken to */
    size_t external_count;
};

/* Asks for a destination, which names a service, as gateways of `mesh` see it. The answer's texts
 * and arrays are borrowed from the arena and the cache's objects. */
void discovery_resolve(const struct discovery *discovery, struct arena *arena, struct str mesh,
                       struct api_tags destination, struct discovery_answer *ret_answer);

/* The same for what a reference names; DISCOVERY_UNKNOWN: it does not exist, as above. */
void discovery_resolve_reference(const struct discovery *discovery, struct arena *arena,
                                 struct str mesh, const struct discovery_reference *reference,
                                 struct discovery_answer *ret_answer);

/* The TLS that an ExternalService or a MeshExternalService asks for. */
const struct api_external_tls *discovery_external_tls(const struct api_object *object);

CLEANUP_DEFINE(struct discovery, discovery_free);
