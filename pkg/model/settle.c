/* What content means is in it once: lists without an order get one, and what is not used is
 * dropped, so that equal behaviour is an equal digest. */
#include <stdlib.h>

#include "model/resource.h"

/* The list of a copy, which is its maker's to change. */
static void *own(const void *list)
{
    return (void *)(uintptr_t)list;
}

static void sort(const void *list, size_t count, size_t size,
                 int (*compare)(const void *, const void *))
{
    if (count > 0)
        qsort(own(list), count, size, compare);
}

/* ---- Listeners: chains are found by name ---- */

static int compare_chains(const void *a, const void *b)
{
    return str_compare(((const struct model_chain *)a)->hostname,
                       ((const struct model_chain *)b)->hostname);
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void sort_names(struct model_names names)
{
    sort(names.items, names.count, sizeof(*names.items), compare_names);
}

static void settle_listener(void *content)
{
    const struct model_listener *listener = content;
    for (size_t i = 0; i < listener->chain_count; i++)
        sort_names(listener->chains[i].virtual_hosts);
    sort(listener->chains, listener->chain_count, sizeof(*listener->chains), compare_chains);
}

/* ---- Routes: back ends are drawn by weight ---- */

static int compare_backends(const void *a, const void *b)
{
    const struct model_backend *left = a;
    const struct model_backend *right = b;
    int order = str_compare(left->cluster, right->cluster);
    if (order == 0)
        order = (int)left->status - (int)right->status;
    if (order != 0)
        return order;
    return left->weight < right->weight ? -1 : left->weight > right->weight;
}

/* Every criterion has to be met, so their order says nothing. */
int model_criterion_compare(const void *a, const void *b)
{
    const struct model_criterion *left = a;
    const struct model_criterion *right = b;
    int order = str_compare(left->name, right->name);
    if (order == 0)
        order = (int)left->match - (int)right->match;
    return order != 0 ? order : str_compare(left->value, right->value);
}

static void drop_forward(struct model_rule *rule)
{
    rule->request_timeout_ms = 0;
    rule->stream_idle_timeout_ms = 0;
    rule->request_headers = (struct model_header_change){0};
    rule->rewrite = (struct model_rewrite){0};
    rule->mirror = (struct model_mirror){0};
    rule->backends = NULL;
    rule->backend_count = 0;
}

static void drop_response(struct model_rule *rule)
{
    rule->status = 0;
    rule->body = STR_EMPTY;
    rule->reason = STR_EMPTY;
}

static void settle_rule(struct model_rule *rule, struct str route)
{
    rule->route = route;
    if (rule->action != MODEL_FORWARD)
        drop_forward(rule);
    if (rule->action != MODEL_REDIRECT)
        rule->redirect = (struct model_redirect){0};
    if (rule->action != MODEL_RESPOND)
        drop_response(rule);
    sort(rule->backends, rule->backend_count, sizeof(*rule->backends), compare_backends);
    sort(rule->headers, rule->header_count, sizeof(*rule->headers), model_criterion_compare);
    sort(rule->queries, rule->query_count, sizeof(*rule->queries), model_criterion_compare);
}

static void settle_route(void *content)
{
    const struct model_route *route = content;
    struct model_rule *rules = own(route->rules);
    for (size_t i = 0; i < route->rule_count; i++)
        settle_rule(&rules[i], route->route);
}

/* ---- Endpoint sets ---- */

int model_endpoint_compare(const void *a, const void *b)
{
    const struct model_endpoint *left = a;
    const struct model_endpoint *right = b;
    int order = str_compare(left->address, right->address);
    if (order == 0)
        order = (int)left->port - (int)right->port;
    if (order == 0)
        order = str_compare(left->hostname, right->hostname);
    return order != 0 ? order : str_compare(left->tls, right->tls);
}

static void settle_endpoint_set(void *content)
{
    struct model_endpoint_set *set = content;
    struct model_endpoint *endpoints = own(set->endpoints);
    size_t kept = 0;
    sort(endpoints, set->endpoint_count, sizeof(*endpoints), model_endpoint_compare);
    for (size_t i = 0; i < set->endpoint_count; i++) {
        if (kept == 0 || model_endpoint_compare(&endpoints[kept - 1], &endpoints[i]) != 0)
            endpoints[kept++] = endpoints[i];
    }
    set->endpoint_count = kept;
}

/* ---- TLS to back ends: one of the subjects is enough ---- */

static int compare_subjects(const void *a, const void *b)
{
    const struct model_subject *left = a;
    const struct model_subject *right = b;
    int order = (int)left->match - (int)right->match;
    return order != 0 ? order : str_compare(left->value, right->value);
}

static void settle_upstream_tls(void *content)
{
    struct model_upstream_tls *tls = content;
    if (tls->trust != MODEL_TRUST_GIVEN)
        tls->ca_pem = STR_EMPTY;
    sort(tls->subjects, tls->subject_count, sizeof(*tls->subjects), compare_subjects);
}

void model__settle(enum model_kind kind, void *content)
{
    static void (*const settles[MODEL_KINDS])(void *) = {
        [MODEL_LISTENER] = settle_listener,
        [MODEL_ROUTE] = settle_route,
        [MODEL_ENDPOINT_SET] = settle_endpoint_set,
        [MODEL_UPSTREAM_TLS] = settle_upstream_tls,
    };
    if (settles[kind] != NULL)
        settles[kind](content);
}
