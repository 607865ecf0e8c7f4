/* Every kind of resource on one page, as it is written and travels. */
#include "model/shape.h"

#define KIND MODEL__MEMBER(model_resource, kind, "kind", KIND, .optional = false)
#define MEMBER(struct_, field, json, type) \
    MODEL__MEMBER(struct_, field, json, type, .optional = false)
#define OPTIONAL(struct_, field, json, type) \
    MODEL__MEMBER(struct_, field, json, type, .optional = true)
#define CHOICE(struct_, field, json, names) \
    MODEL__MEMBER(struct_, field, json, CHOICE, .choices = (names))
#define OBJECT(struct_, field, json, shape_) \
    MODEL__MEMBER(struct_, field, json, OBJECT, .shape = &(shape_), .optional = true)
#define LIST(struct_, field, count, json, shape_) \
    MODEL__LISTED(struct_, field, count, json, shape_, .optional = false)
#define OPTIONAL_LIST(struct_, field, count, json, shape_) \
    MODEL__LISTED(struct_, field, count, json, shape_, .optional = true)

/* ---- Listeners ---- */

static const char *const protocols[] = {
    [MODEL_HTTP] = "HTTP",
    [MODEL_HTTPS] = "HTTPS",
    NULL,
};

const char *model_protocol_name(enum model_protocol protocol)
{
    return protocols[protocol];
}

static const struct model__member chain_members[] = {
    MEMBER(model_chain, hostname, "hostname", TEXT),
    MEMBER(model_chain, secrets, "secrets", NAMES),
    MEMBER(model_chain, virtual_hosts, "virtualHosts", NAMES),
};
static const struct model__shape chain = MODEL__SHAPE(model_chain, chain_members);

static const struct model__member listener_members[] = {
    MEMBER(model_listener, address, "address", TEXT),
    LIST(model_listener, chains, chain_count, "chains", chain),
    MEMBER(model_listener, gateway, "gateway", TEXT),
    MEMBER(model_listener, header_timeout_ms, "headerTimeoutMs", U32),
    MEMBER(model_listener, idle_timeout_ms, "idleTimeoutMs", U32),
    KIND,
    MEMBER(model_listener, name, "name", TEXT),
    MEMBER(model_listener, port, "port", U16),
    CHOICE(model_listener, protocol, "protocol", protocols),
};

/* ---- Virtual hosts ---- */

static const struct model__member virtual_host_members[] = {
    MEMBER(model_virtual_host, domain, "domain", TEXT),
    KIND,
    MEMBER(model_virtual_host, name, "name", TEXT),
    MEMBER(model_virtual_host, routes, "routes", NAMES),
};

/* ---- Routes ---- */

static const char *const path_matches[] = {
    [MODEL_PATH_EXACT] = "exact",
    [MODEL_PATH_PREFIX] = "prefix",
    [MODEL_PATH_REGEX] = "regex",
    NULL,
};

static const char *const value_matches[] = {
    [MODEL_VALUE_EXACT] = "exact",   [MODEL_VALUE_PREFIX] = "prefix",
    [MODEL_VALUE_REGEX] = "regex",   [MODEL_VALUE_PRESENT] = "present",
    [MODEL_VALUE_ABSENT] = "absent", NULL,
};

static const char *const path_changes[] = {
    [MODEL_PATH_KEPT] = "keep",
    [MODEL_PATH_REPLACED] = "replace",
    [MODEL_PATH_PREFIX_REPLACED] = "replacePrefix",
    NULL,
};

static const char *const actions[] = {
    [MODEL_FORWARD] = "forward",
    [MODEL_RESPOND] = "respond",
    [MODEL_REDIRECT] = "redirect",
    NULL,
};

static const struct model__member criterion_members[] = {
    CHOICE(model_criterion, match, "match", value_matches),
    MEMBER(model_criterion, name, "name", TEXT),
    OPTIONAL(model_criterion, value, "value", TEXT),
};
static const struct model__shape criterion = MODEL__SHAPE(model_criterion, criterion_members);

static const struct model__member header_members[] = {
    MEMBER(model_header, name, "name", TEXT),
    MEMBER(model_header, value, "value", TEXT),
};
static const struct model__shape header = MODEL__SHAPE(model_header, header_members);

static const struct model__member header_change_members[] = {
    OPTIONAL_LIST(model_header_change, add, add_count, "add", header),
    OPTIONAL(model_header_change, remove, "remove", NAMES),
    OPTIONAL_LIST(model_header_change, set, set_count, "set", header),
};
static const struct model__shape header_change = MODEL__SHAPE(model_header_change,
                                                              header_change_members);

static const struct model__member path_change_members[] = {
    CHOICE(model_path_change, type, "type", path_changes),
    OPTIONAL(model_path_change, value, "value", TEXT),
};
static const struct model__shape path_change = MODEL__SHAPE(model_path_change, path_change_members);

static const struct model__member redirect_members[] = {
    OPTIONAL(model_redirect, host, "host", TEXT),
    OBJECT(model_redirect, path, "path", path_change),
    OPTIONAL(model_redirect, port, "port", U16),
    OPTIONAL(model_redirect, scheme, "scheme", TEXT),
    MEMBER(model_redirect, status, "status", U16),
};
static const struct model__shape redirect = MODEL__SHAPE(model_redirect, redirect_members);

static const struct model__member rewrite_members[] = {
    OPTIONAL(model_rewrite, host, "host", TEXT),
    OPTIONAL(model_rewrite, host_from_backend, "hostFromBackend", BOOL),
    OBJECT(model_rewrite, path, "path", path_change),
};
static const struct model__shape rewrite = MODEL__SHAPE(model_rewrite, rewrite_members);

static const struct model__member mirror_members[] = {
    MEMBER(model_mirror, cluster, "cluster", TEXT),
    MEMBER(model_mirror, ppm, "ppm", U32),
};
static const struct model__shape mirror = MODEL__SHAPE(model_mirror, mirror_members);

static const struct model__member backend_members[] = {
    OPTIONAL(model_backend, cluster, "cluster", TEXT),
    OPTIONAL(model_backend, status, "status", U16),
    MEMBER(model_backend, weight, "weight", U32),
};
static const struct model__shape backend = MODEL__SHAPE(model_backend, backend_members);

static const struct model__member rule_members[] = {
    CHOICE(model_rule, action, "action", actions),
    OPTIONAL_LIST(model_rule, backends, backend_count, "backends", backend),
    OPTIONAL(model_rule, body, "body", TEXT),
    OPTIONAL_LIST(model_rule, headers, header_count, "headers", criterion),
    MEMBER(model_rule, index, "index", U32),
    OPTIONAL(model_rule, method, "method", TEXT),
    OBJECT(model_rule, mirror, "mirror", mirror),
    MEMBER(model_rule, path, "path", TEXT),
    CHOICE(model_rule, path_match, "pathMatch", path_matches),
    OPTIONAL_LIST(model_rule, queries, query_count, "queries", criterion),
    OPTIONAL(model_rule, reason, "reason", TEXT),
    OBJECT(model_rule, redirect, "redirect", redirect),
    OBJECT(model_rule, request_headers, "requestHeaders", header_change),
    OPTIONAL(model_rule, request_timeout_ms, "requestTimeoutMs", U32),
    OBJECT(model_rule, response_headers, "responseHeaders", header_change),
    OBJECT(model_rule, rewrite, "rewrite", rewrite),
    OPTIONAL(model_rule, status, "status", U16),
    OPTIONAL(model_rule, stream_idle_timeout_ms, "streamIdleTimeoutMs", U32),
};
static const struct model__shape rule = MODEL__SHAPE(model_rule, rule_members);

static const struct model__member route_members[] = {
    KIND,
    MEMBER(model_route, name, "name", TEXT),
    MEMBER(model_route, route, "route", TEXT),
    LIST(model_route, rules, rule_count, "rules", rule),
};

/* ---- Clusters and endpoints ---- */

static const struct model__member cluster_members[] = {
    MEMBER(model_cluster, connect_timeout_ms, "connectTimeoutMs", U32),
    MEMBER(model_cluster, endpoint_set, "endpointSet", TEXT),
    KIND,
    MEMBER(model_cluster, name, "name", TEXT),
    MEMBER(model_cluster, service, "service", TEXT),
};

static const struct model__member endpoint_members[] = {
    MEMBER(model_endpoint, address, "address", TEXT),
    OPTIONAL(model_endpoint, hostname, "hostname", TEXT),
    MEMBER(model_endpoint, port, "port", U16),
    OPTIONAL(model_endpoint, tls, "tls", TEXT),
};
static const struct model__shape endpoint = MODEL__SHAPE(model_endpoint, endpoint_members);

static const struct model__member endpoint_set_members[] = {
    LIST(model_endpoint_set, endpoints, endpoint_count, "endpoints", endpoint),
    KIND,
    MEMBER(model_endpoint_set, name, "name", TEXT),
};

/* ---- Secrets ---- */

static const struct model__member secret_members[] = {
    MEMBER(model_secret, certificates_pem, "certificatesPem", TEXT),
    MEMBER(model_secret, dns_names, "dnsNames", NAMES),
    MEMBER(model_secret, fingerprint, "fingerprint", TEXT),
    MODEL__MEMBER(model_secret, key_pem, "keyPem", TEXT, .secret = true),
    MEMBER(model_secret, key_type, "keyType", TEXT),
    KIND,
    MEMBER(model_secret, name, "name", TEXT),
    MEMBER(model_secret, not_after_ms, "notAfterMs", U64),
    MEMBER(model_secret, not_before_ms, "notBeforeMs", U64),
};

/* ---- TLS to back ends ---- */

static const char *const trusts[] = {
    [MODEL_TRUST_ANYONE] = "anyone",
    [MODEL_TRUST_SYSTEM] = "system",
    [MODEL_TRUST_GIVEN] = "given",
    NULL,
};

static const char *const tls_versions[] = {
    [MODEL_TLS_1_2] = "1.2",
    [MODEL_TLS_1_3] = "1.3",
    NULL,
};

static const char *const subject_matches[] = {
    [MODEL_SUBJECT_EXACT] = "exact",
    [MODEL_SUBJECT_PREFIX] = "prefix",
    NULL,
};

static const struct model__member subject_members[] = {
    CHOICE(model_subject, match, "match", subject_matches),
    MEMBER(model_subject, value, "value", TEXT),
};
static const struct model__shape subject = MODEL__SHAPE(model_subject, subject_members);

static const struct model__member upstream_tls_members[] = {
    OPTIONAL(model_upstream_tls, ca_pem, "caPem", TEXT),
    KIND,
    CHOICE(model_upstream_tls, max_version, "maxVersion", tls_versions),
    CHOICE(model_upstream_tls, min_version, "minVersion", tls_versions),
    MEMBER(model_upstream_tls, name, "name", TEXT),
    OPTIONAL(model_upstream_tls, secret, "secret", TEXT),
    OPTIONAL(model_upstream_tls, server_name, "serverName", TEXT),
    OPTIONAL_LIST(model_upstream_tls, subjects, subject_count, "subjects", subject),
    CHOICE(model_upstream_tls, trust, "trust", trusts),
};

const struct model__shape model__shapes[MODEL_KINDS] = {
    [MODEL_LISTENER] = MODEL__SHAPE(model_listener, listener_members),
    [MODEL_VIRTUAL_HOST] = MODEL__SHAPE(model_virtual_host, virtual_host_members),
    [MODEL_ROUTE] = MODEL__SHAPE(model_route, route_members),
    [MODEL_CLUSTER] = MODEL__SHAPE(model_cluster, cluster_members),
    [MODEL_ENDPOINT_SET] = MODEL__SHAPE(model_endpoint_set, endpoint_set_members),
    [MODEL_SECRET] = MODEL__SHAPE(model_secret, secret_members),
    [MODEL_UPSTREAM_TLS] = MODEL__SHAPE(model_upstream_tls, upstream_tls_members),
};
