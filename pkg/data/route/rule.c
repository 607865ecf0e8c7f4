#include "data/route/rule.h"

/* Those that ask for the beginning of a value do not count. */
static uint64_t headers_counted(const struct model_rule *rule)
{
    uint64_t count = 0;
    for (size_t i = 0; i < rule->header_count; i++)
        count += rule->headers[i].match != MODEL_VALUE_PREFIX;
    return count;
}

uint64_t route__rank(const struct model_rule *rule)
{
    if (rule->path_match == MODEL_PATH_REGEX)
        return rule->path.size;
    const uint64_t max = INT32_MAX;
    uint64_t has_method = rule->method.size > 0;
    return has_method << 63 | MIN(headers_counted(rule), max) << 32 | MIN(rule->query_count, max);
}

static bool is_before(const struct route__entry *a, const struct route__entry *b)
{
    return a->rule->rank != b->rule->rank ? a->rule->rank > b->rule->rank : a->rule < b->rule;
}

static struct route__entry *merge(struct route__entry *a, struct route__entry *b)
{
    struct route__entry head = {0};
    struct route__entry *last = &head;
    while (a != NULL && b != NULL) {
        struct route__entry **from = is_before(a, b) ? &a : &b;
        last->next = *from;
        last = *from;
        *from = (*from)->next;
    }
    last->next = a != NULL ? a : b;
    return head.next;
}

/* By merging runs of 1, 2, 4, ... entries: waiting[i] is empty or holds 2^i of them. */
static struct route__entry *sort(struct route__entry *entries)
{
    struct route__entry *waiting[64] = {NULL};
    size_t used = 0;
    while (entries != NULL) {
        struct route__entry *run = entries;
        entries = run->next;
        run->next = NULL;
        size_t i = 0;
        for (; waiting[i] != NULL; i++) {
            run = merge(waiting[i], run);
            waiting[i] = NULL;
        }
        waiting[i] = run;
        used = MAX(used, i + 1);
    }
    struct route__entry *sorted = NULL;
    for (size_t i = 0; i < used; i++)
        sorted = merge(waiting[i], sorted);
    return sorted;
}

struct route__entry *route__entries_settle(struct route__entry *entries, struct route__entry *rest)
{
    if (entries == NULL)
        return rest;
    struct route__entry *first = entries->next == NULL ? entries : sort(entries);
    struct route__entry *last = first;
    while (last->next != NULL)
        last = last->next;
    last->next = rest;
    return first;
}
