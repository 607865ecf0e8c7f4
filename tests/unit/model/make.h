/* Small resources and snapshots for the tests of the model. */
#pragma once

#include "model/model.h"

static inline const struct model_resource *make_set(const char *name, uint16_t port)
{
    const struct model_endpoint endpoints[] = {{.address = STR("127.0.0.1"), .port = port}};
    return model_endpoint_set_new(&(struct model_endpoint_set){
        .name = str_of(name), .endpoints = endpoints, .endpoint_count = 1});
}

static inline const struct model_resource *make_cluster(const char *name, const char *set)
{
    return model_cluster_new(&(struct model_cluster){.name = str_of(name),
                                                     .service = STR("web"),
                                                     .endpoint_set = str_of(set),
                                                     .connect_timeout_ms = 5000});
}

static inline const struct model_resource *make_host(const char *name, const char *route)
{
    const struct str routes[] = {str_of(route)};
    return model_virtual_host_new(&(struct model_virtual_host){
        .name = str_of(name), .domain = STR("*"), .routes = {routes, 1}});
}

static inline const struct model_resource *make_route(const char *name, const char *cluster)
{
    const struct model_backend backend = {.cluster = str_of(cluster), .weight = 1};
    const struct model_rule rule = {.path_match = MODEL_PATH_PREFIX,
                                    .path = STR("/"),
                                    .action = MODEL_FORWARD,
                                    .request_timeout_ms = 15000,
                                    .backends = &backend,
                                    .backend_count = 1};
    return model_route_new(&(struct model_route){
        .name = str_of(name), .route = STR("r"), .rules = &rule, .rule_count = 1});
}

static inline const struct model_resource *make_secret(const char *name, const char *key)
{
    const struct str dns_names[] = {STR("b.test"), STR("a.test")};
    return model_secret_new(&(struct model_secret){.name = str_of(name),
                                                   .certificates_pem = STR("CERT"),
                                                   .key_pem = str_of(key),
                                                   .key_type = STR("rsa"),
                                                   .fingerprint = STR("00ff"),
                                                   .dns_names = {dns_names, 2},
                                                   .not_before_ms = 1,
                                                   .not_after_ms = 2});
}

/* An endpoint set of one endpoint that TLS is spoken to. */
static inline const struct model_resource *make_tls_set(const char *name, const char *tls)
{
    const struct model_endpoint endpoints[] = {
        {.address = STR("127.0.0.1"), .port = 443, .tls = str_of(tls)}};
    return model_endpoint_set_new(&(struct model_endpoint_set){
        .name = str_of(name), .endpoints = endpoints, .endpoint_count = 1});
}

static inline const struct model_resource *make_upstream_tls(const char *name, const char *secret)
{
    const struct model_subject subjects[] = {{MODEL_SUBJECT_PREFIX, STR("b.")},
                                             {MODEL_SUBJECT_EXACT, STR("a.test")}};
    return model_upstream_tls_new(&(struct model_upstream_tls){.name = str_of(name),
                                                               .server_name = STR("a.test"),
                                                               .trust = MODEL_TRUST_GIVEN,
                                                               .ca_pem = STR("CA"),
                                                               .subjects = subjects,
                                                               .subject_count = 2,
                                                               .secret = str_of(secret),
                                                               .min_version = MODEL_TLS_1_2,
                                                               .max_version = MODEL_TLS_1_3});
}

static inline const struct model_resource *make_listener(const char *name, const char *secret,
                                                         const char *host)
{
    const struct str secrets[] = {str_of(secret)};
    const struct str hosts[] = {str_of(host)};
    const struct model_chain chain = {
        .hostname = STR("*"), .secrets = {secrets, 1}, .virtual_hosts = {hosts, 1}};
    return model_listener_new(&(struct model_listener){.name = str_of(name),
                                                       .gateway = STR("edge"),
                                                       .address = STR("127.0.0.1"),
                                                       .port = 8443,
                                                       .protocol = MODEL_HTTPS,
                                                       .header_timeout_ms = 10000,
                                                       .idle_timeout_ms = 300000,
                                                       .chains = &chain,
                                                       .chain_count = 1});
}
