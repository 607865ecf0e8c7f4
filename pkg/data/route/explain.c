/* Why a rule answers a request and the others do not: the matcher's own judgement, told. */
#include "data/route/host.h"

struct explanation {
    const struct route_host *host;
    struct route__view view;
    bool *told; /* by the index of the rule */
    const struct route__rule *winner;
    route_candidate_fn visit;
    void *arg;
};

static bool tell(struct explanation *why, const struct route__rule *rule, enum route_fate fate,
                 const struct route__check *check)
{
    struct route_candidate candidate = {
        .rule = rule->model, .rule_index = (size_t)(rule - why->host->rules), .fate = fate};
    if (check != NULL) {
        candidate.criterion = check->criterion;
        candidate.has_value = route__view_get(&why->view, check->question, &candidate.value);
    }
    why->told[candidate.rule_index] = true;
    return why->visit(&candidate, why->arg);
}

/* Those that are tried. Regular expressions for other paths wait for the others. */
static bool tell_tried(struct explanation *why)
{
    bool goes_on = true;
    const struct route__entry *entry = route__host_first(why->host, why->view.request->path);
    for (; entry != NULL && goes_on; entry = entry->next) {
        const struct route__check *check = NULL;
        enum route_fate fate = route__judge(entry->rule, &why->view, &check);
        if (fate == ROUTE_OTHER_PATH)
            continue;
        if (fate == ROUTE_TAKES && entry->rule != why->winner)
            fate = ROUTE_COMES_LATER;
        goes_on = tell(why, entry->rule, fate, check);
    }
    return goes_on;
}

/* A prefix that is the path itself and was not tried has been left to those that name it. */
static void tell_others(struct explanation *why)
{
    bool goes_on = true;
    for (size_t i = 0; i < why->host->rule_count && goes_on; i++) {
        const struct route__rule *rule = &why->host->rules[i];
        bool is_left = rule->model->path_match == MODEL_PATH_PREFIX &&
                       str_equal(rule->model->path, why->view.request->path);
        if (!why->told[i])
            goes_on = tell(why, rule, is_left ? ROUTE_LEFT_TO_EXACT : ROUTE_OTHER_PATH, NULL);
    }
}

struct route_match route_explain(const struct route_chain *chain,
                                 const struct route_request *request, route_candidate_fn visit,
                                 void *arg)
{
    struct route_match match = route_find(chain, request);
    if (match.host == NULL)
        return match;
    struct explanation why = {
        .host = match.host,
        .view = route__view_of(match.host, request, route__chain_protocol(chain)),
        .told = ARENA_NEW_ARRAY(request->arena, bool, match.host->rule_count),
        .winner = match.rule == NULL ? NULL : &match.host->rules[match.rule_index],
        .visit = visit,
        .arg = arg,
    };
    if (tell_tried(&why))
        tell_others(&why);
    return match;
}
