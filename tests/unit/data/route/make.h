/* Tables under test: listeners of chains and domains, all with the rules that a test gives, and the
 * requests that they are asked about. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "data/route/route.h"

#define PARTS_MAX    16
#define BACKENDS_MAX 8

/* A listener under construction: chains with the domains of their virtual hosts. Every virtual
 * host is named "<chain>/<domain>" and has the one route whose rules the test gave. */
struct part {
    const char *chain;
    const char *domain;
};

static inline const struct model_resource *host_resource(const struct part *part)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "%s/%s", part->chain, part->domain); /* short enough */
    const struct str route = STR("r");
    struct model_virtual_host host = {
        .name = str_of(name), .domain = str_of(part->domain), .routes = {&route, 1}};
    return model_virtual_host_new(&host);
}

static inline const struct model_resource *route_resource(const struct model_rule *rules,
                                                          size_t count)
{
    return model_route_new(&(struct model_route){
        .name = STR("r"), .route = STR("r"), .rules = rules, .rule_count = count});
}

/* What the first rule leads to. Returns how many resources were added. */
static inline size_t clusters_add(const struct model_rule *rules, size_t rule_count,
                                  const struct model_resource **ret_resources)
{
    if (rule_count == 0 || rules[0].backend_count == 0)
        return 0;
    for (size_t i = 0; i < rules[0].backend_count; i++)
        ret_resources[i] = model_cluster_new(
            &(struct model_cluster){.name = rules[0].backends[i].cluster,
                                    .service = rules[0].backends[i].cluster,
                                    .endpoint_set = STR("set")});
    ret_resources[rules[0].backend_count] = model_endpoint_set_new(
        &(struct model_endpoint_set){.name = STR("set")});
    return rules[0].backend_count + 1;
}

/* Parts of one chain stand together. */
static inline const struct model_snapshot *snapshot_make(enum model_protocol protocol,
                                                         const struct part *parts, size_t count,
                                                         const struct model_rule *rules,
                                                         size_t rule_count)
{
    const struct model_resource *resources[PARTS_MAX + BACKENDS_MAX + 3];
    struct model_chain chains[PARTS_MAX] = {0};
    struct str names[PARTS_MAX];
    size_t chain_count = 0;
    for (size_t i = 0; i < count; i++) {
        resources[i] = host_resource(&parts[i]);
        names[i] = resources[i]->name;
        if (i == 0 || strcmp(parts[i].chain, parts[i - 1].chain) != 0) {
            chains[chain_count++] = (struct model_chain){.hostname = str_of(parts[i].chain),
                                                         .virtual_hosts = {&names[i], 0}};
        }
        chains[chain_count - 1].virtual_hosts.count++;
    }
    struct model_listener listener = {
        .name = STR("l"),
        .gateway = STR("g"),
        .address = STR("127.0.0.1"),
        .port = 80,
        .protocol = protocol,
        .chains = chains,
        .chain_count = chain_count,
    };
    resources[count] = model_listener_new(&listener);
    resources[count + 1] = route_resource(rules, rule_count);
    const struct model_snapshot *snapshot = NULL;
    struct err_info why = {0};
    count += 2 + clusters_add(rules, rule_count, resources + count + 2);
    if (model_snapshot_new(resources, count, &snapshot, &why) != ERR_OK) {
        fail_msg("%s", why.message);
    }
    return snapshot;
}

static inline const struct route_table *table_make(const struct model_snapshot *snapshot,
                                                   const struct route_table *previous)
{
    const struct route_table *table = NULL;
    struct err_info why = {0};
    const struct model_resource *listener = model_snapshot_find(snapshot, MODEL_LISTENER, STR("l"));
    if (route_table_new(snapshot, listener, previous, &table, &why) != ERR_OK) {
        fail_msg("%s", why.message);
    }
    return table;
}

static inline const struct route_table *build(enum model_protocol protocol,
                                              const struct part *parts, size_t count,
                                              const struct model_rule *rules, size_t rule_count)
{
    const struct model_snapshot *snapshot = snapshot_make(protocol, parts, count, rules,
                                                          rule_count);
    const struct route_table *table = table_make(snapshot, NULL);
    /* The table alone keeps alive what it needs. */
    (void)model_snapshot_unref(snapshot);
    return table;
}

static inline int teardown(void **state)
{
    (void)state;
    return model_resources_alive() == 0 && model_snapshots_alive() == 0 ? 0 : -1;
}

static inline struct model_rule rule(enum model_path_match match, const char *path)
{
    return (struct model_rule){
        .path_match = match, .path = str_of(path), .action = MODEL_RESPOND, .status = 200};
}

/* The rules of one host behind a plain listener. */
static inline const struct route_table *table_of(const struct model_rule *rules, size_t count)
{
    const struct part part = {"*", "*"};
    return build(MODEL_HTTP, &part, 1, rules, count);
}

/* A GET of a path on a host; nothing else is known of it. */
static inline struct route_match find(const struct route_chain *chain, struct str host,
                                      struct str path)
{
    static struct http_request head;
    head.method_text = STR("GET");
    head.host = host;
    return route_find(chain, &(struct route_request){&head, path, NULL});
}

/* A request as it is read from the wire. */
struct asked {
    char bytes[HTTP_HEAD_MAX];
    struct http_request head;
    struct route_request request;
};

/* `line` is "GET /a?b=c", `fields` are lines that end in CRLF; Host is "h". The arena is the
 * caller's. */
static inline const struct route_request *ask(struct asked *asked, const char *line,
                                              const char *fields, struct arena *arena)
{
    int size = snprintf(asked->bytes, sizeof(asked->bytes), "%s HTTP/1.1\r\n%s%s\r\n", line,
                        strstr(fields, "ost:") == NULL ? "host: h\r\n" : "", fields);
    struct http_scan scan = {0};
    struct http_refusal refusal = {0};
    if (http_request_read(&scan, str_make(asked->bytes, (size_t)size), &asked->head, &refusal) !=
        HTTP_DONE)
        fail_msg("%s\n%s: %s", line, fields, refusal.reason);
    asked->request = (struct route_request){&asked->head, asked->head.path, arena};
    return &asked->request;
}

/* The index of the rule that answers; SIZE_MAX: none. */
static inline size_t winner(const struct route_table *table, const char *line, const char *fields)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct asked asked;
    const struct route_chain *chain = route_chain_find(table, STR(""));
    struct route_match match = route_find(chain, ask(&asked, line, fields, arena));
    return match.outcome == ROUTE_FOUND ? match.rule_index : SIZE_MAX;
}
