/* What somebody may have meant: other host names, and other places that would take the request. */
#include "explain/parts.h"

struct tour {
    struct arena *arena;
    const struct explain_scope *scope;
    struct explain_answer *answer;
    struct explain_alternative *found;
    size_t count;
    size_t tries;
};

static const struct model_virtual_host *host_of(const struct explain_place *place, struct str name)
{
    return model_snapshot_get(place->snapshot, MODEL_VIRTUAL_HOST, name)->virtual_host;
}

void explain__list_hosts(struct arena *arena, struct explain_answer *answer)
{
    const struct model_listener *listener = answer->listener;
    if (listener == NULL)
        return;
    struct str *hosts = ARENA_NEW_ARRAY(arena, struct str, EXPLAIN_HOSTS_MAX);
    for (size_t i = 0; i < listener->chain_count; i++) {
        const struct model_names *names = &listener->chains[i].virtual_hosts;
        for (size_t j = 0; j < names->count; j++) {
            const struct model_virtual_host *host = host_of(answer->place, names->items[j]);
            if (host == answer->host)
                continue;
            if (answer->host_count < EXPLAIN_HOSTS_MAX)
                hosts[answer->host_count++] = host->domain;
            else
                answer->omitted_hosts++;
        }
    }
    answer->hosts = hosts;
}

/* ---- Alternatives ---- */

/* Whether the request for another name would be taken there, by the matcher's word. */
static const struct model_rule *try_host(const struct tour *tour, const struct route_table *table,
                                         struct str host)
{
    struct http_request head = tour->answer->request->head;
    const struct route_request request = {&head, tour->answer->path, tour->arena};
    const struct route_chain *chain = route_chain_find(table, host);
    head.host = host;
    if (chain == NULL)
        return NULL;
    struct route_match match = route_find(chain, &request);
    bool is_own = match.rule != NULL && match.rule->route.size == 0;
    return match.outcome == ROUTE_FOUND && !is_own ? match.rule : NULL;
}

static void note(struct tour *tour, const struct explain_place *place,
                 const struct model_listener *listener, struct str host,
                 const struct model_rule *rule)
{
    tour->found[tour->count++] = (struct explain_alternative){place, listener, host, rule};
}

static bool is_enough(const struct tour *tour)
{
    return tour->count == EXPLAIN_ALTERNATIVES_MAX || tour->tries == EXPLAIN_TRIES_MAX;
}

/* Other names of a listener. A wildcard stands for itself: its pattern is a name that it takes. */
static void try_hosts(struct tour *tour, const struct explain_place *place,
                      const struct route_table *table)
{
    const struct model_listener *listener = route_table_listener(table);
    for (size_t i = 0; i < listener->chain_count; i++) {
        const struct model_names *names = &listener->chains[i].virtual_hosts;
        for (size_t j = 0; j < names->count && !is_enough(tour); j++) {
            struct str domain = host_of(place, names->items[j])->domain;
            const struct model_rule *rule = try_host(tour, table, domain);
            tour->tries++;
            if (rule != NULL)
                note(tour, place, listener, domain, rule);
        }
    }
}

typedef void (*visit_fn)(struct tour *tour, const struct explain_place *place,
                         const struct route_table *table);

/* The same name on another port. */
static void try_port(struct tour *tour, const struct explain_place *place,
                     const struct route_table *table)
{
    const struct model_listener *listener = route_table_listener(table);
    struct str host = tour->answer->request->head.host;
    tour->tries++;
    if (listener == tour->answer->listener)
        return;
    const struct model_rule *rule = try_host(tour, table, host);
    if (rule != NULL)
        note(tour, place, listener, host, rule);
}

static void try_own_hosts(struct tour *tour, const struct explain_place *place,
                          const struct route_table *table)
{
    bool is_host = tour->answer->outcome != EXPLAIN_WRONG_PROTOCOL;
    if (is_host && route_table_listener(table) == tour->answer->listener)
        try_hosts(tour, place, table);
}

static enum err visit_place(struct tour *tour, const struct explain_place *place, visit_fn visit,
                            struct err_info *reterr)
{
    size_t count;
    const struct model_resource *const *listeners = model_snapshot_kind(place->snapshot,
                                                                        MODEL_LISTENER, &count);
    for (size_t i = 0; i < count && !is_enough(tour); i++) {
        const struct route_table *table;
        if (!explain__is_wanted(tour->scope, place, listeners[i]->listener->gateway))
            continue;
        enum err e = route_table_new(place->snapshot, listeners[i], NULL, &table, reterr);
        if (e != ERR_OK)
            return e;
        visit(tour, place, table);
        (void)route_table_unref(table); /* what it found is the snapshot's */
    }
    return ERR_OK;
}

static enum err visit_all(struct tour *tour, visit_fn visit, struct err_info *reterr)
{
    for (size_t i = 0; i < tour->scope->count; i++) {
        enum err e = visit_place(tour, &tour->scope->places[i], visit, reterr);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* The path as the data plane would match it, where nobody has come that far. */
static bool has_path(struct arena *arena, struct explain_answer *answer)
{
    struct str path = answer->request->head.path;
    size_t size = HTTP_PATH_AREA(path.size);
    if (answer->outcome == EXPLAIN_REFUSED || answer->request->is_refused || path.size == 0)
        return false;
    if (answer->path.size > 0)
        return true;
    enum http_path form = http_path_normalize(path, arena_alloc(arena, size, 1), size,
                                              &answer->path);
    return form == HTTP_PATH_SAME || form == HTTP_PATH_CHANGED;
}

enum err explain__find_alternatives(struct arena *arena, const struct explain_scope *scope,
                                    struct explain_answer *answer, struct err_info *reterr)
{
    struct tour tour = {
        .arena = arena,
        .scope = scope,
        .answer = answer,
        .found = ARENA_NEW_ARRAY(arena, struct explain_alternative, EXPLAIN_ALTERNATIVES_MAX),
    };
    if (!has_path(arena, answer))
        return ERR_OK;
    enum err e = visit_all(&tour, try_port, reterr);
    if (e == ERR_OK)
        e = visit_all(&tour, try_own_hosts, reterr);
    answer->alternatives = tour.found;
    answer->alternative_count = tour.count;
    return e;
}
