/* The manifests, decoded once into typed structs.
 *
 * api_decode turns one document (a tree with positions) in the Universal or the Kubernetes envelope
 * into an object. Tables, one file per kind, say what each field is called, which spellings it has,
 * its type, default and limits; what they do not name is a finding, never dropped silently. An
 * object with problems is still an object: it is kept as "invalid, because", and costs only itself.
 *
 * Objects are frozen, reference counted with atomic counts, and own all they point at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/finding/finding.h"
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/json/json.h"

enum api_kind {
    API_MESH,
    API_MESH_GATEWAY,
    API_MESH_GATEWAY_ROUTE,
    API_DATAPLANE,
    API_SECRET,
    API_MESH_HTTP_ROUTE,
    API_MESH_TCP_ROUTE,
    API_EXTERNAL_SERVICE,
    API_MESH_SERVICE,
    API_MESH_EXTERNAL_SERVICE,
    API_MESH_MULTI_ZONE_SERVICE,
    API_MESH_ACCESS_LOG,
    API_MESH_CIRCUIT_BREAKER,
    API_MESH_FAULT_INJECTION,
    API_MESH_HEALTH_CHECK,
    API_MESH_LOAD_BALANCING_STRATEGY,
    API_MESH_METRIC,
    API_MESH_PROXY_PATCH,
    API_MESH_RATE_LIMIT,
    API_MESH_RETRY,
    API_MESH_TIMEOUT,
    API_MESH_TLS,
    API_MESH_TRACE,
    API_CIRCUIT_BREAKER,
    API_FAULT_INJECTION,
    API_HEALTH_CHECK,
    API_RATE_LIMIT,
    API_RETRY,
    API_TIMEOUT,
    API_TRAFFIC_LOG,
    API_TRAFFIC_PERMISSION,
    API_TRAFFIC_TRACE,
    API_PROXY_TEMPLATE,
    API_MESH_GATEWAY_INSTANCE, /* Kubernetes only */
    API_SERVICE,               /* this and what follows: from an API server only */
    API_ENDPOINT_SLICE,
    API_POD,
};
#define API_KINDS 37

/* "MeshGateway". */
struct str api_kind_name(enum api_kind kind);

/* "meshgateways", as an API server names the resources of a kind of the group kuma.io; empty for
 * kinds of other groups. */
struct str api_kind_plural(enum api_kind kind);

/* What identifies an object. For namespaced objects in the Kubernetes envelope the name is
 * "<name>.<namespace>"; Secrets go by their bare name, since they all live in one namespace. */
struct api_key {
    enum api_kind kind;
    struct str mesh; /* empty for a Mesh, a Service and an EndpointSlice */
    struct str name;
};

int api_key_compare(const struct api_key *a, const struct api_key *b);

struct api_tag {
    struct str name;
    struct str value;
};

/* Sorted by name, each name once. */
struct api_tags {
    const struct api_tag *items;
    size_t count;
};

/* The value of a tag, or NULL. */
const struct str *api_tags_find(struct api_tags tags, struct str name);

/* The same names with the same values. */
bool api_tags_equal(struct api_tags a, struct api_tags b);

/* "<mesh>/<tag>=<value>,<tag>=<value>", in `arena`: what tags of a mesh are known by. */
struct str api_tags_key(struct arena *arena, struct str mesh, struct api_tags tags);

struct api_selector {
    struct api_tags match;
    struct finding_mark mark;
};

struct api_selectors {
    const struct api_selector *items;
    size_t count;
};

enum api_data_source_type {
    API_SOURCE_NONE,
    API_SOURCE_SECRET,
    API_SOURCE_FILE,
    API_SOURCE_INLINE,
    API_SOURCE_INLINE_STRING,
};

/* Where bytes come from. A relative `file` is relative to the manifest; the source that read the
 * manifest has read the file too, so that the compiler needs no I/O. */
struct api_data_source {
    enum api_data_source_type type;
    struct str reference;  /* secret: its name; file: the path as written */
    struct str bytes;      /* inline, inlineString and file: the content */
    struct str load_error; /* file: why it could not be read, else empty */
    struct finding_mark mark;
};

enum api_protocol {
    API_PROTOCOL_NONE = 0,
    API_PROTOCOL_TCP = 1,
    API_PROTOCOL_TLS = 3,
    API_PROTOCOL_HTTP = 4,
    API_PROTOCOL_HTTPS = 5,
};

/* "HTTP", as manifests have it; empty for none. */
struct str api_protocol_name(enum api_protocol protocol);

enum api_tls_mode {
    API_TLS_NONE = 0,
    API_TLS_TERMINATE = 1,
    API_TLS_PASSTHROUGH = 2,
};

struct api_tls {
    enum api_tls_mode mode;
    const struct api_data_source *certificates;
    size_t certificate_count;
};

/* What a listener shares with another one on its port, and may not; then it is broken. */
enum api_conflict {
    API_CONFLICT_NONE,
    API_CONFLICT_PROTOCOL, /* it speaks another protocol */
    API_CONFLICT_HOSTNAME, /* it is for the same host name */
};

struct api_listener {
    struct str hostname; /* "*" when absent or empty; lower case */
    uint32_t port;
    enum api_protocol protocol;
    bool has_tls;
    struct api_tls tls;
    struct api_tags tags;
    bool cross_mesh;
    uint32_t connection_limit; /* 0: none */
    bool broken;               /* has an error of its own: not served; the others are */
    enum api_conflict conflict;
    struct finding_mark mark;
};

struct api_mesh_gateway {
    struct api_selectors selectors;
    struct api_tags tags;
    const struct api_listener *listeners;
    size_t listener_count;
};

enum api_path_match {
    API_PATH_EXACT = 0,
    API_PATH_PREFIX = 1,
    API_PATH_REGEX = 2,
};

enum api_value_match {
    API_VALUE_EXACT = 0,
    API_VALUE_REGEX = 1,
    API_VALUE_ABSENT = 2,
    API_VALUE_PRESENT = 3,
    API_VALUE_PREFIX = 4,
};

struct api_value_criterion {
    enum api_value_match match;
    struct str name;
    struct str value;
    struct finding_mark mark;
};

struct api_route_match {
    bool has_path;
    enum api_path_match path_match;
    struct str path;
    struct str method; /* empty: any */
    const struct api_value_criterion *headers;
    size_t header_count;
    const struct api_value_criterion *query_parameters;
    size_t query_parameter_count;
    struct finding_mark mark;
};

enum api_filter_type {
    API_FILTER_NONE,
    API_FILTER_REQUEST_HEADER,
    API_FILTER_RESPONSE_HEADER,
    API_FILTER_MIRROR,
    API_FILTER_REDIRECT,
    API_FILTER_REWRITE,
};

struct api_header {
    struct str name; /* as written */
    struct str value;
};

/* Of the header fields of a request or a response: replaced, added and removed. */
struct api_header_change {
    const struct api_header *set;
    size_t set_count;
    const struct api_header *add;
    size_t add_count;
    const struct str *remove;
    size_t remove_count;
};

enum api_path_change_type {
    API_PATH_KEPT,
    API_PATH_REPLACED,        /* as a whole */
    API_PATH_PREFIX_REPLACED, /* that of the match */
};

struct api_path_change {
    enum api_path_change_type type;
    struct str full_path;
    struct str prefix;
};

struct api_redirect {
    struct str scheme;    /* empty: as the request's */
    struct str hostname;  /* empty: as the request's */
    uint32_t port;        /* 0: as the request's */
    uint32_t status_code; /* 301, 302, 303, 307, 308 */
    struct api_path_change path;
};

struct api_rewrite {
    struct str hostname; /* empty: as the request's */
    struct api_path_change path;
    bool host_to_backend_hostname;
};

/* What a policy or a route points at. */
enum api_target_kind {
    API_TARGET_NONE,
    API_TARGET_MESH,
    API_TARGET_MESH_SUBSET,
    API_TARGET_MESH_GATEWAY,
    API_TARGET_MESH_SERVICE,
    API_TARGET_MESH_SERVICE_SUBSET,
    API_TARGET_MESH_EXTERNAL_SERVICE,
    API_TARGET_MESH_MULTI_ZONE_SERVICE,
    API_TARGET_MESH_HTTP_ROUTE,
    API_TARGET_DATAPLANE,
};

enum api_proxy_type {
    API_PROXY_SIDECAR = 1,
    API_PROXY_GATEWAY = 2,
};

struct api_target_ref {
    enum api_target_kind kind;
    struct str kind_name;
    struct str name;
    struct str namespace; /* empty: that of the object */
    struct api_tags labels;
    struct api_tags tags; /* MeshGateway: of its listeners */
    struct str mesh;      /* Kuma has reserved it: never set in a sound object */
    uint32_t proxy_types; /* bits of api_proxy_type; 0: all */
    struct str section_name;
    struct finding_mark mark;
};

struct api_backend_ref {
    struct api_target_ref target;
    uint32_t weight; /* 1 when it is not there */
    uint32_t port;   /* 0: none */
};

struct api_backend {
    uint32_t weight;
    struct api_tags tags; /* of the destination, with kuma.io/service */
    struct finding_mark mark;
};

struct api_mirror {
    struct api_backend_ref backend;
    struct api_backend destination; /* of a MeshGatewayRoute, instead */
    struct str percentage;          /* as written */
    uint32_t ppm;                   /* of the requests, in millionths */
};

/* One thing that a rule does with a request or its answer. Until that is done, the compiler makes
 * it a finding on its rule. */
struct api_filter {
    enum api_filter_type type;
    /* By type: */
    struct api_header_change request_headers;
    struct api_header_change response_headers;
    struct api_redirect redirect;
    struct api_rewrite rewrite;
    struct api_mirror mirror;
    struct finding_mark mark;
};

struct api_route_rule {
    const struct api_route_match *matches;
    size_t match_count;
    const struct api_filter *filters;
    size_t filter_count;
    const struct api_backend *backends;
    size_t backend_count;
    bool broken; /* has an error of its own: it answers 500; the others are served */
    struct finding_mark mark;
};

/* Of a TCP route. */
struct api_forward_rule {
    const struct api_backend *backends;
    size_t backend_count;
    bool broken; /* has an error of its own */
    struct finding_mark mark;
};

struct api_mesh_gateway_route {
    struct api_selectors selectors;
    bool has_http; /* else it is a TCP route, which is a finding until TCP is served: */
    const struct api_forward_rule *tcp_rules; /* whose back ends together are one set */
    size_t tcp_rule_count;
    const struct str *hostnames; /* lower case */
    size_t hostname_count;
    const struct api_route_rule *rules;
    size_t rule_count;
};

struct api_http_rule {
    const struct api_route_match *matches;
    size_t match_count;
    const struct api_filter *filters;
    size_t filter_count;
    const struct api_backend_ref *backends;
    size_t backend_count;
    bool broken; /* has an error of its own */
    struct finding_mark mark;
};

struct api_http_to {
    struct api_target_ref target;
    const struct str *hostnames; /* lower case; none: all */
    size_t hostname_count;
    const struct api_http_rule *rules;
    size_t rule_count;
    bool broken; /* has an error of its own */
    struct finding_mark mark;
};

struct api_mesh_http_route {
    struct api_target_ref target; /* kind Mesh when there is none */
    const struct api_http_to *to;
    size_t to_count;
};

struct api_tcp_rule {
    const struct api_backend_ref *backends;
    size_t backend_count;
    bool broken; /* has an error of its own */
    struct finding_mark mark;
};

struct api_tcp_to {
    struct api_target_ref target;
    const struct api_tcp_rule *rules; /* one at most */
    size_t rule_count;
    bool broken; /* has an error of its own */
    struct finding_mark mark;
};

struct api_mesh_tcp_route {
    struct api_target_ref target; /* kind Mesh when there is none */
    const struct api_tcp_to *to;
    size_t to_count;
};

/* One of `to` or `from`: what the policy says of the traffic with a target. */
struct api_policy_item {
    struct api_target_ref target; /* kind API_TARGET_NONE: there is none */
    bool broken;                  /* has an error of its own */
    struct finding_mark mark;
};

/* Kuma's newer policies. What they say is decoded with the work that gives it effect. */
struct api_policy {
    struct api_target_ref target; /* kind Mesh when there is none */
    const struct api_policy_item *to;
    size_t to_count;
    const struct api_policy_item *from;
    size_t from_count;
};

/* Kuma's older policies, likewise: between sources and destinations, or of what is selected. */
struct api_tag_policy {
    struct api_selectors sources; /* and `selectors` */
    struct api_selectors destinations;
};

enum api_inbound_state {
    API_INBOUND_READY = 0,
    API_INBOUND_NOT_READY = 1,
    API_INBOUND_IGNORED = 2,
};

struct api_inbound {
    struct str name; /* of the port, or empty */
    uint32_t port;
    uint32_t service_port;
    struct str service_address;
    struct str address; /* overrides the dataplane's, else empty */
    struct api_tags tags;
    enum api_inbound_state state;
    bool broken; /* has an error of its own */
    bool ready;  /* an endpoint: not broken, in state Ready and not unhealthy */
    struct finding_mark mark;
};

struct api_dataplane {
    struct str address;
    struct str advertised_address; /* what others use instead, or empty */
    uint32_t admin_port;           /* 0: as it comes */
    bool is_builtin_gateway;
    struct api_tags gateway_tags;
    const struct api_inbound *inbounds;
    size_t inbound_count;
    struct finding_mark address_mark;
};

enum api_tls_version {
    API_TLS_AUTO,
    API_TLS_1_0,
    API_TLS_1_1,
    API_TLS_1_2,
    API_TLS_1_3,
};

enum api_verification {
    API_VERIFY_ALL,
    API_VERIFY_SKIP_SAN, /* whom the certificate is for */
    API_VERIFY_SKIP_CA,  /* who has issued it */
    API_VERIFY_SKIP_ALL,
};

/* A name that a certificate may be for. */
struct api_subject_name {
    enum { API_SUBJECT_EXACT, API_SUBJECT_PREFIX } match;
    struct str value;
};

/* How a proxy speaks TLS to a back end outside of the mesh. */
struct api_external_tls {
    bool enabled;
    bool allow_renegotiation;
    enum api_tls_version min_version;
    enum api_tls_version max_version;
    enum api_verification verification;
    struct str server_name;                       /* empty: the host */
    const struct api_subject_name *subject_names; /* none: the server's name */
    size_t subject_name_count;
    struct api_data_source ca; /* each may be of type API_SOURCE_NONE: not there */
    struct api_data_source client_certificate;
    struct api_data_source client_key;
};

struct api_external_service {
    struct str host; /* an IP address, without brackets, or a name */
    uint32_t port;
    struct api_external_tls tls;
    bool disable_host_dns_entry;
    struct api_tags tags;
};

/* A port of a MeshService. */
struct api_mesh_service_port {
    uint32_t port;
    struct str name;        /* what a sectionName calls it: the port when it has none */
    struct str target_port; /* of the dataplanes: a number or a name; empty: `port` */
    struct str protocol;    /* what it speaks: "http", ..., else "tcp" */
    bool broken;            /* has an error of its own */
    struct finding_mark mark;
};

struct api_identity {
    enum { API_IDENTITY_SERVICE_TAG, API_IDENTITY_SPIFFE_ID } type;
    struct str value;
};

struct api_mesh_service {
    bool is_available;
    struct api_tags dataplane_tags;
    struct str dataplane_name; /* a single one; or empty */
    const struct api_mesh_service_port *ports;
    size_t port_count;
    const struct api_identity *identities;
    size_t identity_count;
};

struct api_mesh_multi_zone_service {
    struct api_tags labels; /* of its MeshServices */
    const struct api_mesh_service_port *ports;
    size_t port_count;
};

struct api_external_endpoint {
    struct str address;
    uint32_t port;
    bool broken; /* has an error of its own */
    struct finding_mark mark;
};

struct api_mesh_external_service {
    uint32_t port;       /* by which it is reached */
    struct str protocol; /* tcp, grpc, http, http2 */
    const struct api_external_endpoint *endpoints;
    size_t endpoint_count;
    bool has_extension; /* which says where it is; endpoints and TLS then mean nothing */
    struct api_external_tls tls;
};

enum api_mtls_mode {
    API_MTLS_STRICT = 0,
    API_MTLS_PERMISSIVE = 1,
};

/* A certificate authority of a mesh. Its own key is no business of ours. */
struct api_mesh_ca {
    struct str name;
    struct str type; /* "builtin", "provided" */
    enum api_mtls_mode mode;
    bool has_certificate;
    struct str expiration; /* of certificates: "30d" */
    uint64_t request_timeout_ns;
    uint64_t chain_timeout_ns;
};

enum api_services_mode {
    API_SERVICES_DISABLED = 0,
    API_SERVICES_EVERYWHERE = 1,
    API_SERVICES_REACHABLE_BACKENDS = 2,
    API_SERVICES_EXCLUSIVE = 3,
};

struct api_mesh {
    struct str enabled_backend; /* the CA that counts; empty: no mTLS */
    const struct api_mesh_ca *cas;
    size_t ca_count;
    bool skips_ca_checks;
    bool prefers_local_zone;
    bool uses_zone_egress;
    bool forbids_external_services;
    bool passes_through; /* false as well when it is not said */
    enum api_services_mode services_mode;
    struct api_selectors requirements; /* a dataplane has to fulfil one of them, */
    struct api_selectors restrictions; /* and none of these */
    const struct str *skipped_policies;
    size_t skipped_policy_count;
};

struct api_secret {
    struct str data; /* decoded bytes */
};

enum api_service_type {
    API_SERVICE_LOAD_BALANCER,
    API_SERVICE_CLUSTER_IP,
    API_SERVICE_NODE_PORT,
};

/* What a template adds to the metadata of what is made from it. */
struct api_template {
    struct api_tags annotations;
    struct api_tags labels;
};

/* `resources` of a manifest are at most this much text, some hundred times what people write. */
#define API_JSON_SIZE_MAX ((size_t)64 << 10)

/* A list or map of a manifest has at most so many items, some ten times what people write. */
#define API_ITEMS_MAX ((size_t)10 * 1000)

/* Findings of one object, the first ones; one more says that there are others. */
#define API_FINDINGS_MAX ((size_t)100)

struct api_mesh_gateway_instance {
    uint32_t replicas; /* at least 1 */
    enum api_service_type service_type;
    struct api_tags tags; /* of the pods; kuma.io/service is always there */
    struct str resources; /* of the container: canonical JSON of an object, or empty */
    struct api_template service;
    struct str load_balancer_ip; /* or empty */
    struct api_template pod;
    struct str service_account; /* or empty: the namespace's default */
    bool has_fs_group;
    uint32_t fs_group;
    bool has_read_only_root;
    bool read_only_root;
};

/* A port of a Service. Only TCP ports lead anywhere. */
struct api_service_port {
    struct str name; /* may be empty when it is the only one */
    uint32_t port;
    bool is_tcp;
    struct str protocol; /* what it speaks, as kuma.io/protocol says: "http", ..., else "tcp" */
};

struct api_service {
    bool is_external_name; /* a name elsewhere, without endpoints */
    bool is_headless;
    bool is_ignored; /* the annotation kuma.io/ignore says so */
    const struct api_service_port *ports;
    size_t port_count;
};

/* One back end of a Service. */
struct api_endpoint {
    struct str address;
    struct str pod; /* its name, in the namespace of the slice; empty: it is no pod */
    bool is_ready;
    bool is_serving; /* answers, though it may be about to end */
    bool is_terminating;
};

struct api_slice_port {
    struct str name; /* of the Service's port */
    uint32_t port;   /* 0: that of the Service */
    bool is_tcp;
};

struct api_endpoint_slice {
    struct str service; /* its name, in the namespace of the slice; empty: it is nobody's */
    bool is_fqdn;       /* its addresses are names */
    const struct api_endpoint *endpoints;
    size_t endpoint_count;
    const struct api_slice_port *ports;
    size_t port_count;
};

struct api_pod {
    bool has_mesh;                /* says of what mesh it is; else it is of any */
    bool is_terminating;          /* deleted, with its grace period running */
    bool is_builtin_gateway;      /* kuma.io/gateway: builtin */
    struct api_tags tags;         /* its labels, without those of Kuma and without empty ones */
    struct api_tags gateway_tags; /* of a builtin gateway: kuma.io/tags. The object is broken when
                                     they cannot be read */
};

struct api_object {
    struct api_key key;
    struct str file; /* as the source names it; empty when it was derived */
    struct finding_mark mark;
    struct str namespace;      /* Kubernetes; empty: of the cluster, or from another envelope */
    struct str uid;            /* Kubernetes; else empty */
    uint64_t generation;       /* Kubernetes; else 0 */
    uint64_t creation_time_ms; /* 0: unknown */
    struct api_tags labels;    /* of gateways, and of routes and services of Kuma's newer kinds;
                                  with those that Kuma adds */
    bool is_shadow;            /* its author wants it to have no effect: kuma.io/effect: shadow */
    bool broken;               /* at its root (selectors, conf): it takes no part in anything */
    const struct finding_list *findings;
    union {
        const struct api_mesh *mesh;
        const void *content; /* whichever it is */
        const struct api_mesh_gateway *mesh_gateway;
        const struct api_mesh_gateway_route *mesh_gateway_route;
        const struct api_mesh_http_route *mesh_http_route;
        const struct api_mesh_tcp_route *mesh_tcp_route;
        const struct api_dataplane *dataplane;
        const struct api_external_service *external_service;
        const struct api_mesh_service *mesh_service;
        const struct api_mesh_external_service *mesh_external_service;
        const struct api_mesh_multi_zone_service *mesh_multi_zone_service;
        const struct api_policy *policy;
        const struct api_tag_policy *tag_policy;
        const struct api_secret *secret;
        const struct api_mesh_gateway_instance *mesh_gateway_instance;
        const struct api_service *service;
        const struct api_endpoint_slice *endpoint_slice;
        const struct api_pod *pod;
    };
};

/* Appends the content of the file at `path`, as a manifest names it, to `content`. Errors: as
 * file_read. */
typedef enum err (*api_load_fn)(void *arg, struct str path, struct buf *content,
                                struct err_info *reterr);

/* Where a document comes from. */
struct api_origin {
    struct str file;  /* as findings shall name it */
    api_load_fn load; /* reads what a data source names by `file:`; NULL: it cannot be read */
    void *load_arg;
    /* An API server: it was asked for objects of `kind`, and its documents need not say so again,
     * as the items of its lists do not. Pods may be their metadata alone. */
    bool has_kind;
    enum api_kind kind;
};

/* Decodes one document in either envelope into an object with one reference.
 *
 * What is wrong with an object stands in its own findings. NULL: the document is none that we keep.
 * Then `problems` has got a finding that says so, unless the document is empty or of a Kubernetes
 * kind that is no business of a gateway (Deployment, ...), or that only an API server delivers
 * (Service, EndpointSlice, Pod): those are passed over. */
MUST_USE const struct api_object *api_decode(const struct jv *document,
                                             const struct api_origin *origin,
                                             struct finding_list *problems);

/* The two envelopes of a document. */
enum api_envelope {
    API_UNIVERSAL,
    API_KUBERNETES,
};

enum api_envelope api_envelope_of(const struct jv *document);

/* What is printed is at most so deep: an envelope and a list may come around it. */
#define API_PRINT_DEPTH_MAX (JV_DEPTH_MAX - 2)

/* Prints a manifest, `document`, of which `object` was decoded, back in canonical form and in
 * `envelope`: as a tree in `arena` that borrows from both.
 *
 * Fields go by Kuma's names for them, in one order; the older kinds say nothing of what is zero, as
 * when Kuma prints them, the newer ones what was written. All that Kuma knows is kept, with effect
 * or without; values that cannot be decoded stay as they are. What else stands in the document is
 * left out, of which the findings of `object` tell. What decides about an object in one envelope
 * goes to where the other one has it: its mesh, its namespace, the labels and annotations of Kuma;
 * of the rest `problems` has got a finding. `namespace` is for objects that come from Universal and
 * do not say in which one they are.
 *
 * NULL: there are no such objects in that envelope, or it is too deep, as a finding says. */
MUST_USE const struct jv *api_print(struct arena *arena, const struct jv *document,
                                    const struct api_object *object, enum api_envelope envelope,
                                    struct str namespace, struct finding_list *problems);

/* The documents in `document`: the items of a Kubernetes list (`kind: List`), else itself. */
const struct jv *const *api_documents(const struct jv *const *document, size_t *ret_count);

const struct api_object *api_object_ref(const struct api_object *object);
const struct api_object *api_object_unref(const struct api_object *object);

/* Whether two objects of one key and uid say the same of what is kept, so that either will do.
 * Services, EndpointSlices and Pods are compared, unless they have findings; the kinds of Kuma that
 * an API server delivers have a generation, which says it, but for labels. That of a MeshService or
 * MeshMultiZoneService may rise for its status alone, so these are compared where it has. All
 * others are never equal: a file says what it likes of its generation. */
bool api_object_equal(const struct api_object *a, const struct api_object *b);

/* The bytes of its address, as the key of a map: while a reference is held, no other object has it.
 */
struct str api_object_address(const struct api_object *const *object);

/* Objects alive in this process, for leak tests. Any thread. */
size_t api_objects_alive(void);

/* The subject of findings about `object`, borrowed from it. */
struct finding_subject api_subject(const struct api_object *object);
