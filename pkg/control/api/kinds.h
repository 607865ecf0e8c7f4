/* The kinds: one table each. Private to control/api. */
#pragma once

#include "control/api/decode.h"

/* Where an object of Kubernetes says of which mesh it is. In Universal that is always a field. */
enum api__mesh_place {
    API__MESH_NONE,                /* it is of none */
    API__MESH_FIELD,               /* `mesh`, beside metadata */
    API__MESH_LABEL,               /* kuma.io/mesh, else it is of mesh "default" */
    API__MESH_LABEL_OR_ANNOTATION, /* as workloads once did */
};

/* Reads what is kept of an object of Kubernetes, from the root of the document. What it does not
 * expect it passes over: the API server has checked the object. */
typedef const void *(*api__read_fn)(struct api__decoder *d, const struct api__place *root);

/* A kind of Kuma has a table for its spec; one of Kubernetes, of which little is kept, a reader. */
struct api__kind {
    struct str name;
    struct str plural; /* of a kind that an API server has of Kuma */
    const struct api__table *table;
    api__read_fn read;
    enum api__mesh_place mesh;
    bool has_spec;      /* in Universal, too. Else its fields stand beside `type` */
    bool has_schema;    /* Kuma's is as strict as it says: see api__decoder */
    size_t name_max;    /* of its display name; 0: none */
    bool is_namespaced; /* in Kubernetes: then its objects go by "<name>.<namespace>" */
};

const struct api__kind *api__kind_of(enum api_kind kind);

const void *api__service_read(struct api__decoder *d, const struct api__place *root);
const void *api__endpoint_slice_read(struct api__decoder *d, const struct api__place *root);
const void *api__pod_read(struct api__decoder *d, const struct api__place *root);

extern const struct api__table api__mesh_table;
extern const struct api__table api__mesh_gateway_table;
extern const struct api__table api__mesh_gateway_route_table;
extern const struct api__table api__mesh_http_route_table;
extern const struct api__table api__mesh_tcp_route_table;
extern const struct api__table api__dataplane_table;
extern const struct api__table api__external_service_table;
extern const struct api__table api__mesh_service_table;
extern const struct api__table api__mesh_external_service_table;
extern const struct api__table api__mesh_multi_zone_service_table;
extern const struct api__table api__traffic_policy_table; /* of what proxies send and receive */
extern const struct api__table api__fault_policy_table;
extern const struct api__table api__outbound_policy_table;
extern const struct api__table api__inbound_policy_table;
extern const struct api__table api__proxy_policy_table; /* of a whole proxy */
extern const struct api__table api__connection_policy_table;
extern const struct api__table api__permission_policy_table;
extern const struct api__table api__selector_policy_table;
extern const struct api__table api__mesh_gateway_instance_table;
extern const struct api__table api__secret_table;            /* Universal */
extern const struct api__table api__kubernetes_secret_table; /* the whole document */
