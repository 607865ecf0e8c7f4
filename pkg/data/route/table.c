#include <stdatomic.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/route/host.h"
#include "data/route/names.h"

struct route_chain {
    const struct route_table *table;
    size_t index;
    struct route__names hosts; /* by domain */
};

struct route_table {
    const struct model_resource *resource;
    struct route_chain *chains;
    size_t chain_count;
    struct route__names servers; /* chains by host name */
    struct map *hosts;           /* by the name of the virtual host; each holds a reference */
    size_t reused;
    atomic_uint references;
};

/* The matcher of the virtual host `name`: that of this table, that of the previous one where
 * nothing changed, or a new one. Borrowed. */
static enum err host_take(struct route_table *table, const struct model_snapshot *snapshot,
                          const struct route_table *previous, struct str name,
                          struct route_host **ret_host, struct err_info *reterr)
{
    *ret_host = map_get(table->hosts, name);
    if (*ret_host != NULL) {
        return ERR_OK;
    }
    const struct model_resource *resource = model_snapshot_find(snapshot, MODEL_VIRTUAL_HOST, name);
    if (resource == NULL) {
        return err_set(reterr, ERR_INVALID, "listener %.*s names virtual host %.*s, %s",
                       STR_ARG(table->resource->name), STR_ARG(name),
                       "which the snapshot does not have");
    }
    struct route_host *old = previous == NULL ? NULL : map_get(previous->hosts, name);
    if (old != NULL && route__host_is_current(old, resource, snapshot)) {
        *ret_host = route__host_ref(old);
        table->reused++;
    } else {
        enum err code = route__host_new(resource, snapshot, old, ret_host, reterr);
        if (code != ERR_OK)
            return code;
    }
    (void)map_set(table->hosts, name, *ret_host); /* looked up above: it replaces nothing */
    return ERR_OK;
}

static enum err chain_build(struct route_table *table, size_t index,
                            const struct model_snapshot *snapshot,
                            const struct route_table *previous, struct err_info *reterr)
{
    const struct model_chain *model = &table->resource->listener->chains[index];
    struct route_chain *chain = &table->chains[index];
    chain->table = table;
    chain->index = index;
    if (!route__names_add(&table->servers, model->hostname, chain)) {
        return err_set(reterr, ERR_INVALID, "listener %.*s has two chains for %.*s",
                       STR_ARG(table->resource->name), STR_ARG(model->hostname));
    }
    for (size_t i = 0; i < model->virtual_hosts.count; i++) {
        struct str name = model->virtual_hosts.items[i];
        struct route_host *host = NULL;
        enum err code = host_take(table, snapshot, previous, name, &host, reterr);
        if (code != ERR_OK)
            return code;
        struct str domain = route_host_model(host)->domain;
        if (!route__names_add(&chain->hosts, domain, host)) {
            return err_set(
                reterr, ERR_INVALID, "chain %.*s of listener %.*s has two virtual hosts for %.*s",
                STR_ARG(model->hostname), STR_ARG(table->resource->name), STR_ARG(domain));
        }
    }
    return ERR_OK;
}

static struct route_table *table_free(struct route_table *table)
{
    for (size_t i = 0; i < table->chain_count; i++) {
        route__names_deinit(&table->chains[i].hosts);
    }
    table->chains = mem_free(table->chains);
    route__names_deinit(&table->servers);
    struct map_cursor at = {0};
    for (struct route_host *host = map_next(table->hosts, &at); host != NULL;
         host = map_next(table->hosts, &at)) {
        (void)route__host_unref(host); /* always NULL */
    }
    table->hosts = map_free(table->hosts);
    table->resource = model_resource_unref(table->resource);
    return mem_free(table);
}

enum err route_table_new(const struct model_snapshot *snapshot,
                         const struct model_resource *listener, const struct route_table *previous,
                         const struct route_table **ret_table, struct err_info *reterr)
{
    ASSERT(listener->kind == MODEL_LISTENER);
    struct route_table *table = MEM_NEW(struct route_table);
    table->resource = model_resource_ref(listener);
    table->chain_count = listener->listener->chain_count;
    table->chains = MEM_NEW_ARRAY(struct route_chain, table->chain_count);
    table->hosts = map_new();
    route__names_init(&table->servers);
    atomic_init(&table->references, 1);
    for (size_t i = 0; i < table->chain_count; i++) {
        route__names_init(&table->chains[i].hosts);
    }
    for (size_t i = 0; i < table->chain_count; i++) {
        enum err code = chain_build(table, i, snapshot, previous, reterr);
        if (code != ERR_OK) {
            (void)table_free(table); /* always NULL */
            return code;
        }
    }
    *ret_table = table;
    return ERR_OK;
}

/* The count is the one part of a frozen table that changes. */
static struct route_table *counted(const struct route_table *table)
{
    return (struct route_table *)(uintptr_t)table;
}

const struct route_table *route_table_ref(const struct route_table *table)
{
    unsigned before = atomic_fetch_add_explicit(&counted(table)->references, 1,
                                                memory_order_relaxed);
    ASSERT(before > 0);
    return table;
}

const struct route_table *route_table_unref(const struct route_table *table)
{
    if (table == NULL ||
        atomic_fetch_sub_explicit(&counted(table)->references, 1, memory_order_acq_rel) > 1) {
        return NULL;
    }
    return table_free(counted(table));
}

const struct model_listener *route_table_listener(const struct route_table *table)
{
    return table->resource->listener;
}

size_t route_table_reused(const struct route_table *table)
{
    return table->reused;
}

const struct route_chain *route_chain_find(const struct route_table *table, struct str server_name)
{
    if (table->resource->listener->protocol == MODEL_HTTP) {
        return table->chain_count > 0 ? &table->chains[0] : NULL;
    }
    return route__names_find(&table->servers, server_name);
}

size_t route_chain_index(const struct route_chain *chain)
{
    return chain->index;
}

enum model_protocol route__chain_protocol(const struct route_chain *chain)
{
    return chain->table->resource->listener->protocol;
}

struct route_match route_find(const struct route_chain *chain, const struct route_request *request)
{
    struct route_match match = {.outcome = ROUTE_NO_HOST};
    struct str name = request->head->host;
    /* On HTTPS a name is served behind its own certificate only. */
    if (route_chain_find(chain->table, name) != chain) {
        match.outcome = ROUTE_MISDIRECTED;
        return match;
    }
    const struct route_host *host = route__names_find(&chain->hosts, name);
    if (host == NULL) {
        return match;
    }
    match.host = host;
    match.outcome = ROUTE_NO_RULE;
    const struct route__rule *rule = route__host_find(host, request, route__chain_protocol(chain));
    if (rule != NULL) {
        match.outcome = ROUTE_FOUND;
        match.rule = rule->model;
        match.rule_index = (size_t)(rule - host->rules);
    }
    return match;
}
