/* Whether what resources refer to is there. */
#include "model/references.h"

#include <stdlib.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "model/resource.h"

/* Looks at a reference of `from`. An error ends the visit. */
typedef enum err (*visit_fn)(void *arg, const struct model_resource *from, enum model_kind kind,
                             struct str name);

MUST_USE static enum err visit_names(const struct model_resource *from, enum model_kind kind,
                                     struct model_names names, visit_fn visit, void *arg)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < names.count && err == ERR_OK; i++)
        err = visit(arg, from, kind, names.items[i]);
    return err;
}

MUST_USE static enum err visit_listener(const struct model_resource *resource, visit_fn visit,
                                        void *arg)
{
    const struct model_listener *listener = resource->listener;
    enum err err = ERR_OK;
    for (size_t i = 0; i < listener->chain_count && err == ERR_OK; i++) {
        const struct model_chain *chain = &listener->chains[i];
        err = visit_names(resource, MODEL_SECRET, chain->secrets, visit, arg);
        if (err == ERR_OK)
            err = visit_names(resource, MODEL_VIRTUAL_HOST, chain->virtual_hosts, visit, arg);
    }
    return err;
}

MUST_USE static enum err visit_route(const struct model_resource *resource, visit_fn visit,
                                     void *arg)
{
    const struct model_route *route = resource->route;
    enum err err = ERR_OK;
    for (size_t i = 0; i < route->rule_count; i++) {
        const struct model_rule *rule = &route->rules[i];
        for (size_t j = 0; j < rule->backend_count && err == ERR_OK; j++) {
            if (rule->backends[j].cluster.size > 0)
                err = visit(arg, resource, MODEL_CLUSTER, rule->backends[j].cluster);
        }
        if (rule->mirror.cluster.size > 0 && err == ERR_OK)
            err = visit(arg, resource, MODEL_CLUSTER, rule->mirror.cluster);
    }
    return err;
}

MUST_USE static enum err visit_endpoint_set(const struct model_resource *resource, visit_fn visit,
                                            void *arg)
{
    const struct model_endpoint_set *set = resource->endpoint_set;
    enum err err = ERR_OK;
    for (size_t i = 0; i < set->endpoint_count && err == ERR_OK; i++) {
        if (set->endpoints[i].tls.size > 0)
            err = visit(arg, resource, MODEL_UPSTREAM_TLS, set->endpoints[i].tls);
    }
    return err;
}

MUST_USE static enum err visit_upstream_tls(const struct model_resource *resource, visit_fn visit,
                                            void *arg)
{
    struct str secret = resource->upstream_tls->secret;
    return secret.size > 0 ? visit(arg, resource, MODEL_SECRET, secret) : ERR_OK;
}

MUST_USE static enum err visit_references(const struct model_resource *resource, visit_fn visit,
                                          void *arg)
{
    switch (resource->kind) {
    case MODEL_LISTENER: return visit_listener(resource, visit, arg);
    case MODEL_VIRTUAL_HOST:
        return visit_names(resource, MODEL_ROUTE, resource->virtual_host->routes, visit, arg);
    case MODEL_ROUTE: return visit_route(resource, visit, arg);
    case MODEL_CLUSTER:
        return visit(arg, resource, MODEL_ENDPOINT_SET, resource->cluster->endpoint_set);
    case MODEL_ENDPOINT_SET: return visit_endpoint_set(resource, visit, arg);
    case MODEL_UPSTREAM_TLS: return visit_upstream_tls(resource, visit, arg);
    case MODEL_SECRET: return ERR_OK; /* it refers to nothing */
    }
    UNREACHABLE();
}

MUST_USE static enum err dangling(const struct model_resource *from, enum model_kind kind,
                                  struct str name, struct err_info *reterr)
{
    return err_set(reterr, ERR_INVALID, "%s \"%.*s\" refers to %s \"%.*s\", which is not there",
                   model_kind_name(from->kind), STR_ARG(from->name), model_kind_name(kind),
                   STR_ARG(name));
}

/* ---- What is there ---- */

/* Resources by kind and name. A search asks for a dozen of them, all over memory; where there are
 * many references, knowing the place is worth its making. */
struct place {
    uint32_t hash;  /* a part of it */
    uint32_t index; /* in the snapshot, and one more; 0: it is free */
};

struct names {
    const struct model_snapshot *snapshot;
    struct place *places; /* a power of two of them, half of them free; NULL: search */
    size_t mask;
};

static void names_init(struct names *names, const struct model_snapshot *snapshot)
{
    size_t size = 16;
    while (size < 2 * snapshot->count)
        size *= 2;
    *names = (struct names){snapshot, MEM_NEW_ARRAY(struct place, size), size - 1};
    for (size_t i = 0; i < snapshot->count; i++) {
        uint64_t hash = model__resource_hash(snapshot->resources[i]);
        size_t at = (size_t)hash & names->mask;
        while (names->places[at].index != 0)
            at = (at + 1) & names->mask;
        names->places[at] = (struct place){(uint32_t)(hash >> 32), (uint32_t)(i + 1)};
    }
}

static bool names_has(const struct names *names, enum model_kind kind, struct str name)
{
    if (names->places == NULL)
        return model_snapshot_find(names->snapshot, kind, name) != NULL;
    uint64_t hash = model__name_hash(kind, name);
    const struct place *place;
    for (size_t at = (size_t)hash & names->mask; (place = &names->places[at])->index != 0;
         at = (at + 1) & names->mask) {
        const struct model_resource *found = names->snapshot->resources[place->index - 1];
        if (place->hash == (uint32_t)(hash >> 32) && found->kind == kind &&
            str_equal(found->name, name))
            return true;
    }
    return false;
}

/* Every reference of new resources leads somewhere, */
struct presence {
    struct names names;
    struct err_info *reterr;
};

static enum err check_presence(void *arg, const struct model_resource *from, enum model_kind kind,
                               struct str name)
{
    const struct presence *presence = arg;
    return names_has(&presence->names, kind, name) ? ERR_OK
                                                   : dangling(from, kind, name, presence->reterr);
}

/* and none of those that stay to one that is gone. */
struct absence {
    VEC(const struct model_resource *) gone; /* sorted by kind and name */
    struct err_info *reterr;
};

static int compare_resources(const void *a, const void *b)
{
    return model__resource_compare(*(const struct model_resource *const *)a,
                                   *(const struct model_resource *const *)b);
}

static bool holds(const struct model_resource *const *sorted, size_t count,
                  const struct model_resource *wanted)
{
    return count > 0 && bsearch(&wanted, sorted, count, sizeof(*sorted), compare_resources) != NULL;
}

static enum err check_absence(void *arg, const struct model_resource *from, enum model_kind kind,
                              struct str name)
{
    const struct absence *absence = arg;
    const struct model_resource wanted = {.kind = kind, .name = name};
    if (!holds(absence->gone.items, absence->gone.count, &wanted))
        return ERR_OK;
    return dangling(from, kind, name, absence->reterr);
}

/* ---- The checks ---- */

MUST_USE static enum err check_fresh(const struct model_snapshot *snapshot,
                                     const struct model__change *change, struct err_info *reterr)
{
    struct presence presence = {.names = {.snapshot = snapshot}, .reterr = reterr};
    enum err err = ERR_OK;
    if (change->fresh.count > snapshot->count / 4)
        names_init(&presence.names, snapshot);
    for (size_t i = 0; i < change->fresh.count && err == ERR_OK; i++)
        err = visit_references(change->fresh.items[i], check_presence, &presence);
    presence.names.places = mem_free(presence.names.places);
    return err;
}

/* What was replaced under its name is not gone. */
MUST_USE static enum err check_kept(const struct model_snapshot *snapshot,
                                    const struct model_snapshot *former,
                                    const struct model__change *change, struct err_info *reterr)
{
    struct absence absence = {.reterr = reterr};
    enum err err = ERR_OK;
    for (size_t i = 0; i < change->dropped.count; i++) {
        const struct model_resource *dropped = former->resources[change->dropped.items[i]];
        if (!holds(change->sorted, change->fresh.count, dropped))
            VEC_PUSH(&absence.gone, dropped);
    }
    for (size_t i = 0; i < snapshot->count && absence.gone.count > 0 && err == ERR_OK; i++)
        err = visit_references(snapshot->resources[i], check_absence, &absence);
    VEC_FREE(&absence.gone);
    return err;
}

enum err model__references_check(const struct model_snapshot *snapshot,
                                 const struct model_snapshot *former,
                                 const struct model__change *change, struct err_info *reterr)
{
    enum err err = check_fresh(snapshot, change, reterr);
    return err != ERR_OK ? err : check_kept(snapshot, former, change, reterr);
}
