#include "control/compile/hidden.h"

void compile__claims_init(struct compile__claims *claims, struct compile__run *run,
                          const struct compile__host *host)
{
    *claims = (struct compile__claims){.run = run, .host = host, .first = map_new()};
}

static void report(const struct compile__claims *claims, const struct compile__claim *hidden,
                   const struct compile__claim *winner, const char *why)
{
    struct compile__run *run = claims->run;
    (void)compile__find(run, FINDING_WARNING, hidden->plan->route, hidden->match->mark,
                        str_format(run->arena, "conf.http.rules[%zu].matches[%zu]", hidden->rule,
                                   hidden->match->index),
                        "never matches on host \"%.*s\": conf.http.rules[%zu] of MeshGatewayRoute "
                        "%.*s %s",
                        STR_ARG(claims->host->domain), winner->rule,
                        STR_ARG(winner->plan->route->key.name), why);
}

static bool takes_every_request(const struct compile__plan_match *match)
{
    return match->match == MODEL_PATH_PREFIX && str_equal(match->path, STR("/")) &&
           match->method.size + match->header_count + match->query_count == 0;
}

/* One that comes after its equal never matches. Inside one rule that is nothing to talk about. */
static void add(struct compile__claims *claims, const struct compile__claim *claim)
{
    const struct compile__claim *winner = map_get(claims->first, claim->match->key);
    if (winner != NULL) {
        if (winner->plan != claim->plan || winner->rule != claim->rule)
            report(claims, claim, winner, "asks for the same and comes first");
        return;
    }
    struct compile__claim *kept = ARENA_NEW(claims->run->arena, struct compile__claim);
    *kept = *claim;
    (void)map_set(claims->first, claim->match->key, kept); /* it was not there */
    if (takes_every_request(claim->match))
        claims->every = kept;
    if (claim->match->match == MODEL_PATH_REGEX)
        VEC_PUSH(&claims->regexes, kept);
}

void compile__claims_add(struct compile__claims *claims, const struct compile__plan *plan)
{
    for (size_t i = 0; i < plan->route->mesh_gateway_route->rule_count; i++) {
        for (size_t j = 0; j < plan->rules[i].match_count; j++) {
            const struct compile__claim claim = {plan, i, &plan->rules[i].matches[j]};
            add(claims, &claim);
        }
    }
}

void compile__claims_deinit(struct compile__claims *claims)
{
    for (size_t i = 0; i < claims->regexes.count && claims->every != NULL; i++)
        report(claims, claims->regexes.items[i], claims->every,
               "takes every path, and a path prefix comes before a regular expression; write its "
               "path as REGEX /.*, which comes after longer ones");
    VEC_FREE(&claims->regexes);
    claims->first = map_free(claims->first);
}
