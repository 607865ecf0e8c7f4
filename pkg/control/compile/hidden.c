#include "control/compile/hidden.h"

#include "control/compile/spec.h"

/* A few claims; most hosts have no more. */
#define CHUNK_SIZE ((size_t)512)

void compile__claims_init(struct compile__claims *claims, struct compile__run *run,
                          const struct compile__host *host)
{
    *claims = (struct compile__claims){
        .run = run,
        .host = host,
        .arena = arena_new(CHUNK_SIZE),
        .first = map_new(),
    };
}

static void report(struct compile__claims *claims, const struct compile__claim *hidden,
                   const struct compile__claim *winner, const char *why)
{
    struct compile__run *run = claims->run;
    struct finding_subject other = api_subject(winner->plan->route);
    claims->has_said = true;
    (void)compile__find(
        run, FINDING_WARNING, hidden->plan->route, hidden->match->mark,
        str_format(run->arena, "%.*s.matches[%zu]",
                   STR_ARG(compile__plan_field(run->arena, hidden->plan, hidden->rule)),
                   hidden->match->index),
        "never matches on host \"%.*s\": %.*s of %.*s %.*s %s", STR_ARG(claims->host->domain),
        STR_ARG(compile__plan_field(run->arena, winner->plan, winner->rule)), STR_ARG(other.kind),
        STR_ARG(other.name), why);
}

static bool takes_every_request(const struct compile__plan_match *match)
{
    return match->match == MODEL_PATH_PREFIX && str_equal(match->path, STR("/")) &&
           match->method.size + match->header_count + match->query_count == 0;
}

/* Whether nothing that it asks for besides the path puts it before others of that path. */
static bool is_without_rank(const struct compile__plan_match *match)
{
    if (match->match == MODEL_PATH_REGEX)
        return true;
    for (size_t i = 0; i < match->header_count; i++) {
        if (match->headers[i].match != MODEL_VALUE_PREFIX)
            return false;
    }
    return match->method.size + match->query_count == 0;
}

/* Who asks for this path alone and comes first all the same; or NULL. */
static const struct compile__claim *bare_of(const struct compile__claims *claims,
                                            const struct compile__plan_match *match)
{
    bool is_bare = match->method.size + match->header_count + match->query_count == 0;
    if (is_bare || !is_without_rank(match))
        return NULL;
    const struct compile__plan_match bare = {.match = match->match, .path = match->path};
    return map_get(claims->first, compile__match_key(claims->arena, &bare));
}

static const char *bare_reason(const struct compile__plan_match *hidden)
{
    return hidden->match == MODEL_PATH_REGEX
               ? "takes all of this expression and comes first: of expressions of one length the "
                 "first counts, whatever else they ask for; write this rule before it"
               : "takes all of this path and comes first: the beginning of a header puts no rule "
                 "before another; write this rule before it";
}

/* One that comes after its equal never matches. Inside one rule that is nothing to talk about. */
static void add(struct compile__claims *claims, const struct compile__claim *claim)
{
    const char *why = "asks for the same and comes first";
    const struct compile__claim *winner = map_get(claims->first, claim->match->key);
    if (winner == NULL) {
        why = bare_reason(claim->match);
        winner = bare_of(claims, claim->match);
    }
    if (winner != NULL) {
        if (winner->plan != claim->plan || winner->rule != claim->rule)
            report(claims, claim, winner, why);
        return;
    }
    struct compile__claim *kept = ARENA_NEW(claims->arena, struct compile__claim);
    *kept = *claim;
    (void)map_set(claims->first, claim->match->key, kept); /* it was not there */
    if (takes_every_request(claim->match))
        claims->every = kept;
    if (claim->match->match == MODEL_PATH_REGEX)
        VEC_PUSH(&claims->regexes, kept);
}

void compile__claims_add(struct compile__claims *claims, const struct compile__unit *unit)
{
    for (size_t i = 0; i < unit->count; i++) {
        const struct compile__parts parts = compile__parts_of(unit, i);
        for (size_t j = 0; j < parts.base->match_count; j++) {
            const struct compile__claim claim = {unit->plan, parts.index, &parts.base->matches[j]};
            add(claims, &claim);
        }
    }
}

static const char *remedy_of(const struct compile__claims *claims,
                             const struct compile__claim *every)
{
    return str_format(claims->arena,
                      "takes every path, and a path prefix comes before a regular expression; "
                      "write its path as %s /.*, which comes after longer ones",
                      compile__words_of(every->plan->route->key.kind)->regex)
        .data;
}

bool compile__claims_deinit(struct compile__claims *claims)
{
    for (size_t i = 0; i < claims->regexes.count && claims->every != NULL; i++)
        report(claims, claims->regexes.items[i], claims->every, remedy_of(claims, claims->every));
    VEC_FREE(&claims->regexes);
    claims->first = map_free(claims->first);
    claims->arena = arena_free(claims->arena);
    return claims->has_said;
}
