/* Staging: a transaction becomes a state, or a reason. */
#include "data/subscribe/subscribe.h"

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/host.h"
#include "core/base/mem.h"
#include "core/http/http.h"
#include "data/subscribe/parts.h"

struct subscribe {
    struct net_tls_server *tls;
    unsigned sockets;
    struct arena *arena; /* of texts that it was made with */
    struct subscribe__system system;
    struct subscribe_state *last;
};

static enum err blame(struct err_info *reterr, const struct model_resource *resource, enum err code)
{
    if (reterr == NULL)
        return code;
    struct buf text;
    buf_init(&text, ERR_PATH_MAX);
    buf_printf(&text, "%s %.*s", model_kind_name(resource->kind), STR_ARG(resource->name));
    reterr->path[0] = '\0';
    err_prefix(reterr, buf_str(&text));
    buf_deinit(&text);
    return code;
}

/* The listener of the last state at the same address, or NULL. */
static const struct subscribe_listener *port_find(const struct subscribe_state *state,
                                                  const struct net_address *address)
{
    for (size_t i = 0; state != NULL && i < state->listener_count; i++)
        if (net_address_equal(&state->listeners[i].address, address))
            return &state->listeners[i];
    return NULL;
}

static enum err check_endpoints(const struct model_endpoint_set *set, struct err_info *reterr)
{
    for (size_t i = 0; i < set->endpoint_count; i++) {
        const struct model_endpoint *endpoint = &set->endpoints[i];
        struct net_address address;
        bool is_address = net_address_make(endpoint->address, endpoint->port, &address) == ERR_OK;
        if (endpoint->port == 0 || (!is_address && !host_is_name(endpoint->address)))
            return err_set(reterr, ERR_INVALID, "\"%.*s\" port %u is not an endpoint",
                           STR_ARG(endpoint->address), endpoint->port);
        if (endpoint->hostname.size > HTTP_HOST_MAX ||
            (endpoint->hostname.size > 0 && !http_authority_is_valid(endpoint->hostname)))
            return err_set(reterr, ERR_INVALID, "\"%.*s\" is not a host name",
                           STR_ARG(endpoint->hostname));
    }
    return ERR_OK;
}

/* What is new has to be what the data plane can do; what stays was looked at when it came. */
static enum err check(const struct model_transaction *transaction, struct err_info *reterr)
{
    for (size_t i = 0; i < transaction->put_count; i++) {
        const struct model_resource *resource = transaction->puts[i];
        enum err result = ERR_OK;
        if (resource->kind == MODEL_ENDPOINT_SET)
            result = check_endpoints(resource->endpoint_set, reterr);
        else if (resource->kind == MODEL_ROUTE)
            result = subscribe__rules_check(resource->route, reterr);
        else if (resource->kind == MODEL_UPSTREAM_TLS)
            result = subscribe__upstream_tls_check(resource->upstream_tls, reterr);
        if (result != ERR_OK)
            return blame(reterr, resource, result);
    }
    return ERR_OK;
}

/* Everything of a listener but its sockets. */
static enum err stage_listener(struct subscribe *subscribe, struct subscribe_state *state,
                               struct subscribe_listener *listener,
                               const struct model_resource *resource, struct err_info *reterr)
{
    listener->resource = resource;
    listener->model = resource->listener;
    enum err result = net_address_make(listener->model->address, listener->model->port,
                                       &listener->address);
    if (result != ERR_OK)
        return err_set(reterr, ERR_INVALID, "\"%.*s\" is not an IP address",
                       STR_ARG(listener->model->address));
    if (port_find(state, &listener->address) != listener)
        return err_set(reterr, ERR_CONFLICT, "another listener has the same address and port");
    const struct subscribe_listener *before = port_find(subscribe->last, &listener->address);
    result = route_table_new(state->snapshot, resource, before != NULL ? before->table : NULL,
                             &listener->table, reterr);
    if (result != ERR_OK)
        return result;
    state->matchers_reused += route_table_reused(listener->table);
    if (listener->model->protocol != MODEL_HTTPS)
        return ERR_OK;
    struct subscribe__tls tls = {
        .server = subscribe->tls, .state = state, .last = subscribe->last, .before = before};
    return subscribe__contexts_stage(&tls, listener, reterr);
}

/* Last of all, because it is what others can see. */
static enum err stage_sockets(struct subscribe *subscribe, struct subscribe_state *state,
                              struct err_info *reterr)
{
    for (size_t i = 0; i < state->listener_count; i++) {
        struct subscribe_listener *listener = &state->listeners[i];
        if (port_find(subscribe->last, &listener->address) != NULL)
            continue;
        enum err result = subscribe__sockets_open(state->arena, listener, state->socket_count,
                                                  reterr);
        if (result != ERR_OK)
            return blame(reterr, listener->resource, result);
    }
    for (size_t i = 0; i < state->listener_count; i++) {
        enum err result = subscribe__sockets_listen(&state->listeners[i], state->socket_count,
                                                    reterr);
        if (result != ERR_OK)
            return blame(reterr, state->listeners[i].resource, result);
    }
    return ERR_OK;
}

static enum err stage(struct subscribe *subscribe, struct subscribe_state *state,
                      struct err_info *reterr)
{
    const struct model_resource *blamed = NULL;
    enum err result = subscribe__clients_stage(&subscribe->system, state, subscribe->last, &blamed,
                                               reterr);
    if (result != ERR_OK)
        return blame(reterr, blamed, result);
    size_t count;
    const struct model_resource *const *resources = model_snapshot_kind(state->snapshot,
                                                                        MODEL_LISTENER, &count);
    state->listeners = ARENA_NEW_ARRAY(state->arena, struct subscribe_listener, count + 1);
    for (size_t i = 0; i < count; i++) {
        state->listener_count++;
        result = stage_listener(subscribe, state, &state->listeners[i], resources[i], reterr);
        if (result != ERR_OK)
            return blame(reterr, resources[i], result);
    }
    return stage_sockets(subscribe, state, reterr);
}

enum err subscribe_stage(struct subscribe *subscribe, const struct model_transaction *transaction,
                         struct subscribe_state **ret_state, struct err_info *reterr)
{
    ASSERT(subscribe != NULL && transaction != NULL);
    const struct model_snapshot *base = subscribe->last != NULL ? subscribe->last->snapshot : NULL;
    const struct model_snapshot *snapshot;
    enum err result = model_transaction_apply(transaction, base, &snapshot, reterr);
    if (result != ERR_OK)
        return result;
    CLEANUP(subscribe_state_unref)
    struct subscribe_state *state = subscribe__state_new(snapshot, subscribe->sockets);
    result = check(transaction, reterr);
    if (result == ERR_OK)
        result = stage(subscribe, state, reterr);
    if (result != ERR_OK)
        return result;
    subscribe->last = subscribe_state_unref(subscribe->last);
    subscribe->last = subscribe_state_ref(state);
    *ret_state = TAKE(state);
    return ERR_OK;
}

const struct subscribe_state *subscribe_last(const struct subscribe *subscribe)
{
    return subscribe->last;
}

struct subscribe *subscribe_new(struct net_tls_server *tls, unsigned sockets, struct str trust_file)
{
    ASSERT(tls != NULL && sockets > 0 && sockets <= SUBSCRIBE_SOCKETS_MAX);
    struct subscribe *subscribe = MEM_NEW(struct subscribe);
    subscribe->tls = tls;
    subscribe->sockets = sockets;
    subscribe->arena = arena_new(256);
    subscribe->system.file = str_dup(subscribe->arena, trust_file);
    return subscribe;
}

struct subscribe *subscribe_free(struct subscribe *subscribe)
{
    if (subscribe == NULL)
        return NULL;
    subscribe->last = subscribe_state_unref(subscribe->last);
    subscribe->system.trust = net_tls_trust_unref(subscribe->system.trust);
    subscribe->arena = arena_free(subscribe->arena);
    return mem_free(subscribe);
}
