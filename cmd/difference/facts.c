/* What there is to say of one side. */
#include "difference/facts.h"

#include "core/base/assert.h"
#include "core/base/clock.h"
#include "core/base/mem.h"

#define TEXT_SIZE_MAX ((size_t)4 * 1024 * 1024)

struct at {
    struct difference__facts *facts;
    const struct explain_place *place;
};

static const void *find(const struct at *at, enum model_kind kind, struct str name)
{
    return model_snapshot_get(at->place->snapshot, kind, name)->content;
}

static bool is_equal(const struct difference__fact *a, const struct difference__fact *b)
{
    return str_equal(a->value, b->value) && str_equal(a->detail, b->detail) &&
           str_equal(a->content, b->content);
}

/* A fact is one wherever it comes from. Where two that have one name say different things (routes
 * of two kinds), the first is told, and what the other says counts. */
static void put(const struct at *at, struct difference__fact fact)
{
    struct arena *arena = at->facts->arena;
    fact.key = str_format(arena, "%d/%.*s", (int)fact.kind, STR_ARG(fact.key));
    struct difference__fact *kept = map_get(at->facts->by_key, fact.key);
    if (kept != NULL && !is_equal(kept, &fact))
        kept->content = str_format(arena, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(kept->content),
                                   STR_ARG(fact.value), STR_ARG(fact.detail),
                                   STR_ARG(fact.content));
    if (kept != NULL)
        return;
    kept = ARENA_NEW(arena, struct difference__fact);
    *kept = fact;
    (void)map_set(at->facts->by_key, fact.key, kept); /* it is new */
    VEC_PUSH(&at->facts->items, kept);
}

/* "(mesh default)", with the dataplane where it goes by another name than its gateway. */
static struct str whose(const struct at *at, struct str gateway)
{
    struct arena *arena = at->facts->arena;
    if (str_equal(gateway, at->place->dataplane))
        return str_format(arena, "MeshGateway %.*s (mesh %.*s)", STR_ARG(gateway),
                          STR_ARG(at->place->mesh));
    return str_format(arena, "MeshGateway %.*s (mesh %.*s, dataplane %.*s)", STR_ARG(gateway),
                      STR_ARG(at->place->mesh), STR_ARG(at->place->dataplane));
}

static struct str place_key(const struct at *at, const struct model_listener *listener)
{
    return str_format(at->facts->arena, "%.*s/%.*s/%.*s/%05u", STR_ARG(at->place->mesh),
                      STR_ARG(listener->gateway), STR_ARG(at->place->dataplane),
                      (unsigned)listener->port);
}

/* ---- Listeners, host names, certificates ---- */

static void put_listener(const struct at *at, const struct model_listener *listener)
{
    struct arena *arena = at->facts->arena;
    struct str owner = whose(at, listener->gateway);
    put(at,
        (struct difference__fact){
            .kind = DIFFERENCE_LISTENER,
            .key = place_key(at, listener),
            .name = str_format(arena, "port %u of %.*s", (unsigned)listener->port, STR_ARG(owner)),
            .value = str_format(arena, "%s on %.*s", model_protocol_name(listener->protocol),
                                STR_ARG(listener->address)),
            .detail = str_format(arena, "head within %u ms, idle at most %u ms",
                                 listener->header_timeout_ms, listener->idle_timeout_ms),
        });
}

/* "a.test, *.b.test", from names or what stands for them. */
static void put_list(struct buf *buf, struct str item, struct str *last)
{
    if (item.size == 0 || str_equal(*last, item))
        return;
    buf_printf(buf, "%s%.*s", last->size == 0 ? "" : ", ", STR_ARG(item));
    *last = item;
}

static struct str host_value(const struct at *at, const struct model_chain *chain,
                             const struct model_virtual_host *host)
{
    CLEANUP(buf_deinit) struct buf buf;
    struct str last = STR_EMPTY;
    buf_init(&buf, TEXT_SIZE_MAX);
    buf_append(&buf, STR("routes "));
    for (size_t i = 0; i < host->routes.count; i++) {
        const struct model_route *route = find(at, MODEL_ROUTE, host->routes.items[i]);
        put_list(&buf, route->route, &last);
    }
    if (last.size == 0)
        buf_append(&buf, STR("none"));
    last = STR_EMPTY;
    if (chain->secrets.count > 0)
        buf_append(&buf, STR("; certificates "));
    for (size_t i = 0; i < chain->secrets.count; i++)
        put_list(&buf, chain->secrets.items[i], &last);
    return str_dup(at->facts->arena, buf_str(&buf));
}

static void put_host(const struct at *at, const struct model_listener *listener,
                     const struct model_chain *chain, const struct model_virtual_host *host)
{
    struct arena *arena = at->facts->arena;
    struct str key = place_key(at, listener);
    struct str owner = whose(at, listener->gateway);
    put(at, (struct difference__fact){
                .kind = DIFFERENCE_HOST,
                .key = str_format(arena, "%.*s/%.*s/%.*s", STR_ARG(key), STR_ARG(chain->hostname),
                                  STR_ARG(host->domain)),
                .name = str_format(arena, "%.*s on port %u of %.*s", STR_ARG(host->domain),
                                   (unsigned)listener->port, STR_ARG(owner)),
                .value = host_value(at, chain, host),
            });
}

static void put_chains(const struct at *at, const struct model_listener *listener)
{
    for (size_t i = 0; i < listener->chain_count; i++) {
        const struct model_chain *chain = &listener->chains[i];
        for (size_t j = 0; j < chain->virtual_hosts.count; j++)
            put_host(at, listener, chain,
                     find(at, MODEL_VIRTUAL_HOST, chain->virtual_hosts.items[j]));
    }
}

static struct str names_text(struct arena *arena, const struct model_names *names)
{
    CLEANUP(buf_deinit) struct buf buf;
    struct str last = STR_EMPTY;
    buf_init(&buf, TEXT_SIZE_MAX);
    for (size_t i = 0; i < names->count; i++)
        put_list(&buf, names->items[i], &last);
    return str_dup(arena, buf_str(&buf));
}

static void put_certificate(const struct at *at, const struct model_secret *secret)
{
    struct arena *arena = at->facts->arena;
    struct str names = names_text(arena, &secret->dns_names);
    char until[CLOCK_TEXT_SIZE];
    clock_format(secret->not_after_ms, until);
    put(at,
        (struct difference__fact){
            .kind = DIFFERENCE_CERTIFICATE,
            .key = str_format(arena, "%.*s/%.*s", STR_ARG(at->place->mesh), STR_ARG(secret->name)),
            .name = str_format(arena, "%.*s (mesh %.*s)", STR_ARG(secret->name),
                               STR_ARG(at->place->mesh)),
            .value = str_format(arena, "SHA-256 %.*s; %.*s for %.*s, until %.10s",
                                STR_ARG(secret->fingerprint), STR_ARG(secret->key_type),
                                STR_ARG(names), until),
        });
}

/* ---- Back ends ---- */

/* How TLS is spoken to an endpoint: by what is trusted and presented, as digests. */
static void put_tls(const struct at *at, struct str name, struct buf *buf)
{
    const struct model_resource *tls = model_snapshot_get(at->place->snapshot, MODEL_UPSTREAM_TLS,
                                                          name);
    struct str secret = tls->upstream_tls->secret;
    buf_append_char(buf, ' ');
    model_digest_print(&tls->digest, buf);
    if (secret.size == 0)
        return;
    const struct model_resource *presented = model_snapshot_get(at->place->snapshot, MODEL_SECRET,
                                                                secret);
    buf_append_char(buf, ' ');
    model_digest_print(&presented->digest, buf);
}

static struct str endpoints_content(const struct at *at, const struct model_endpoint_set *set)
{
    CLEANUP(buf_deinit) struct buf buf;
    buf_init(&buf, TEXT_SIZE_MAX);
    for (size_t i = 0; i < set->endpoint_count; i++) {
        const struct model_endpoint *endpoint = &set->endpoints[i];
        buf_printf(&buf, "%.*s %u %.*s", STR_ARG(endpoint->address), (unsigned)endpoint->port,
                   STR_ARG(endpoint->hostname));
        if (endpoint->tls.size > 0)
            put_tls(at, endpoint->tls, &buf);
        buf_append_char(&buf, '\n');
    }
    return str_dup(at->facts->arena, buf_str(&buf));
}

static void put_backend(const struct at *at, const struct model_cluster *cluster)
{
    struct arena *arena = at->facts->arena;
    const struct model_endpoint_set *set = find(at, MODEL_ENDPOINT_SET, cluster->endpoint_set);
    put(at, (struct difference__fact){
                .kind = DIFFERENCE_BACKEND,
                .key = str_format(arena, "%.*s/%.*s", STR_ARG(at->place->mesh),
                                  STR_ARG(cluster->endpoint_set)),
                .name = str_format(arena, "%.*s (mesh %.*s)", STR_ARG(cluster->service),
                                   STR_ARG(at->place->mesh)),
                .value = str_format(arena, "%zu endpoint%s", set->endpoint_count,
                                    set->endpoint_count == 1 ? "" : "s"),
                .detail = str_format(arena, "connected within %u ms", cluster->connect_timeout_ms),
                .content = endpoints_content(at, set),
            });
}

/* ---- Rules ---- */

/* The how many-th rule of its route with this text it is: authors may write one twice. */
static size_t count_up(struct arena *arena, struct map *seen, struct str text)
{
    size_t *count = map_get(seen, text);
    if (count == NULL) {
        count = ARENA_NEW(arena, size_t);
        (void)map_set(seen, text, count); /* it is new */
    }
    return (*count)++;
}

static void put_rule(const struct at *at, struct str group, struct map *seen,
                     const struct model_rule *rule)
{
    struct arena *arena = at->facts->arena;
    struct str text = explain_rule_text(arena, rule);
    struct difference__fact fact = {
        .kind = DIFFERENCE_RULE,
        .key = str_format(arena, "%.*s/%.*s/%zu", STR_ARG(group), STR_ARG(text),
                          count_up(arena, seen, text)),
        .name = str_format(arena, "%.*s of route %.*s (mesh %.*s)", STR_ARG(text),
                           STR_ARG(rule->route), STR_ARG(at->place->mesh)),
        .group = group,
    };
    difference__effect(arena, at->place->snapshot, rule, &fact);
    put(at, fact);
}

/* What the gateway answers by itself is none of anybody's rules. */
static void put_route(const struct at *at, const struct model_route *route)
{
    struct arena *arena = at->facts->arena;
    CLEANUP(buf_deinit) struct buf order;
    if (route->route.size == 0)
        return;
    struct str group = str_format(arena, "%.*s/%.*s", STR_ARG(at->place->mesh),
                                  STR_ARG(route->route));
    struct map *seen = map_new();
    buf_init(&order, TEXT_SIZE_MAX);
    for (size_t i = 0; i < route->rule_count; i++) {
        struct str text = explain_rule_text(arena, &route->rules[i]);
        buf_printf(&order, "%.*s\n", STR_ARG(text));
        put_rule(at, group, seen, &route->rules[i]);
    }
    seen = map_free(seen);
    put(at, (struct difference__fact){
                .kind = DIFFERENCE_ORDER,
                .key = group,
                .name = str_format(arena, "rules of route %.*s (mesh %.*s)", STR_ARG(route->route),
                                   STR_ARG(at->place->mesh)),
                .group = group,
                .value = str_format(arena, "%zu rule%s", route->rule_count,
                                    route->rule_count == 1 ? "" : "s"),
                .content = str_dup(arena, buf_str(&order)),
            });
}

/* ---- All of it ---- */

static void put_resource(const struct at *at, const struct model_resource *resource)
{
    switch (resource->kind) {
    case MODEL_LISTENER:
        put_listener(at, resource->listener);
        put_chains(at, resource->listener);
        return;
    case MODEL_ROUTE: put_route(at, resource->route); return;
    case MODEL_CLUSTER: put_backend(at, resource->cluster); return;
    case MODEL_SECRET: put_certificate(at, resource->secret); return;
    case MODEL_VIRTUAL_HOST:
    case MODEL_ENDPOINT_SET:
    case MODEL_UPSTREAM_TLS: return; /* told with those that name them */
    }
    UNREACHABLE();
}

void difference__facts_init(struct difference__facts *facts, struct arena *arena,
                            struct difference_side side)
{
    *facts = (struct difference__facts){.arena = arena, .by_key = map_new()};
    for (size_t i = 0; i < side.count; i++) {
        const struct at at = {facts, &side.places[i]};
        for (size_t j = 0; j < side.places[i].snapshot->count; j++)
            put_resource(&at, side.places[i].snapshot->resources[j]);
    }
}

void difference__facts_deinit(struct difference__facts *facts)
{
    facts->by_key = map_free(facts->by_key);
    VEC_FREE(&facts->items);
}
