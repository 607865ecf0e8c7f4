/* The way of a request, as data/proxy goes it: port, TLS, head, path, host, rule. */
#include "core/base/assert.h"
#include "explain/parts.h"

static void end(struct explain_answer *answer, enum explain_outcome outcome, uint16_t status)
{
    answer->outcome = outcome;
    answer->status = status;
}

/* The gateway itself answers in two cases: a host name without routes, and a rule that has been
 * refused. */
static void settle_rule(struct arena *arena, struct explain_answer *answer)
{
    explain__run_rule(arena, answer);
    switch (answer->rule->action) {
    case MODEL_FORWARD: end(answer, EXPLAIN_FORWARDED, 0); return;
    case MODEL_REDIRECT: end(answer, EXPLAIN_REDIRECTED, answer->rule->redirect.status); return;
    case MODEL_RESPOND: break;
    }
    answer->body = answer->rule->body;
    bool is_own = answer->rule->route.size == 0;
    end(answer, is_own ? EXPLAIN_NO_ROUTE : EXPLAIN_RESPONDED, answer->rule->status);
}

static void settle_match(struct arena *arena, const struct route_match *match,
                         struct explain_answer *answer)
{
    if (match->host != NULL)
        answer->host = route_host_model(match->host);
    answer->rule = match->rule;
    switch (match->outcome) {
    case ROUTE_FOUND: settle_rule(arena, answer); return;
    case ROUTE_NO_HOST: end(answer, EXPLAIN_NO_HOST, 404); return;
    case ROUTE_NO_RULE: end(answer, EXPLAIN_NO_RULE, 404); return;
    case ROUTE_MISDIRECTED: end(answer, EXPLAIN_MISDIRECTED, 421); return;
    }
    UNREACHABLE();
}

static void route_path(struct arena *arena, const struct route_chain *chain,
                       struct explain_answer *answer)
{
    const struct http_request *head = &answer->request->head;
    size_t size = HTTP_PATH_AREA(head->path.size);
    char *area = arena_alloc(arena, size, 1);
    struct str query = head->has_query ? str_format(arena, "?%.*s", STR_ARG(head->query))
                                       : STR_EMPTY;
    switch (http_path_normalize(head->path, area, size, &answer->path)) {
    case HTTP_PATH_SAME:
    case HTTP_PATH_CHANGED: {
        struct route_match match = explain__find_rule(arena, chain, answer);
        settle_match(arena, &match, answer);
        return;
    }
    case HTTP_PATH_REDIRECT: {
        const struct str parts[] = {answer->path, query};
        answer->location = str_concat(arena, parts, ARRAY_SIZE(parts));
        end(answer, EXPLAIN_PLAINER, 307);
        return;
    }
    case HTTP_PATH_REFUSED:
        answer->body = STR("Bad Request");
        end(answer, EXPLAIN_REFUSED, 400);
        return;
    }
    UNREACHABLE();
}

static void route_head(struct arena *arena, const struct route_chain *chain,
                       struct explain_answer *answer)
{
    const struct explain_request *request = answer->request;
    if (request->is_refused) {
        answer->body = request->refusal.body;
        end(answer, EXPLAIN_REFUSED, request->refusal.status);
        return;
    }
    if (request->head.target_form == HTTP_TARGET_AUTHORITY ||
        request->head.target_form == HTTP_TARGET_ASTERISK) {
        end(answer, EXPLAIN_NO_RULE, 404); /* no rule is asked */
        return;
    }
    route_path(arena, chain, answer);
}

static void route_connection(struct arena *arena, const struct route_table *table,
                             struct explain_answer *answer)
{
    bool is_https = answer->listener->protocol == MODEL_HTTPS;
    if (is_https != answer->request->is_tls) {
        answer->outcome = EXPLAIN_WRONG_PROTOCOL;
        return;
    }
    const struct route_chain *chain = route_chain_find(table, answer->request->server_name);
    if (chain == NULL) {
        answer->outcome = EXPLAIN_NO_CHAIN;
        return;
    }
    answer->chain = &answer->listener->chains[route_chain_index(chain)];
    explain__find_secrets(arena, answer);
    route_head(arena, chain, answer);
}

bool explain_is_taken(const struct explain_answer *answer)
{
    return answer->outcome <= EXPLAIN_PLAINER;
}

enum err explain_answer(struct arena *arena, const struct explain_request *request,
                        const struct explain_scope *scope, struct explain_answer *ret_answer,
                        struct err_info *reterr)
{
    struct explain_answer answer = {.request = request};
    enum err e = ERR_OK;
    if (explain__find_listener(scope, &answer)) {
        const struct route_table *table;
        const struct model_resource *listener = model_snapshot_get(
            answer.place->snapshot, MODEL_LISTENER, answer.listener->name);
        e = route_table_new(answer.place->snapshot, listener, NULL, &table, reterr);
        if (e != ERR_OK)
            return e;
        route_connection(arena, table, &answer);
        (void)route_table_unref(table); /* what it found is the snapshot's */
    }
    if (answer.outcome == EXPLAIN_NO_LISTENER)
        explain__find_unserved(arena, scope, &answer);
    explain__list_hosts(arena, &answer);
    if (!explain_is_taken(&answer) && answer.outcome != EXPLAIN_AMBIGUOUS)
        e = explain__find_alternatives(arena, scope, &answer, reterr);
    if (e != ERR_OK)
        return e;
    explain__say_why(arena, scope, &answer);
    *ret_answer = answer;
    return ERR_OK;
}
