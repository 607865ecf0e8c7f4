/* The verdict about a gateway's proxies. */
#include "control/status/status.h"

/* Pods that a message names before it only counts. */
#define NAMES_MAX 3

struct tally {
    uint32_t ready;
    uint32_t serves;
    uint32_t refused;
    const struct status_proxy *refusal; /* the first */
};

static struct tally count_proxies(const struct status_proxy *proxies, size_t count)
{
    struct tally tally = {0};
    for (size_t i = 0; i < count; i++) {
        switch (proxies[i].state) {
        case STATUS_PROXY_NOT_READY: continue;
        case STATUS_PROXY_WAITING: break;
        case STATUS_PROXY_SERVES: tally.serves++; break;
        case STATUS_PROXY_REFUSED:
            tally.refused++;
            if (tally.refusal == NULL)
                tally.refusal = &proxies[i];
            break;
        }
        tally.ready++;
    }
    return tally;
}

static struct str names_of_waiting(struct arena *arena, const struct status_proxy *proxies,
                                   size_t count)
{
    struct str names = STR_EMPTY;
    size_t named = 0;
    for (size_t i = 0; i < count; i++) {
        if (proxies[i].state != STATUS_PROXY_WAITING)
            continue;
        if (named++ == NAMES_MAX)
            return str_format(arena, "%.*s and others", STR_ARG(names));
        names = str_format(arena, "%.*s%s%.*s", STR_ARG(names), named == 1 ? "" : ", ",
                           STR_ARG(proxies[i].name));
    }
    return names;
}

static struct status_condition refused(struct arena *arena, const struct tally *tally)
{
    const struct status_proxy *first = tally->refusal;
    struct str more = STR_EMPTY;
    if (tally->refused > 1)
        more = str_format(arena, ", and so did %u more", tally->refused - 1);
    return (struct status_condition){
        .type = STR("Programmed"),
        .value = STATUS_FALSE,
        .reason = STR("Invalid"),
        .message = str_format(arena,
                              "%u/%u proxies serve this: %.*s refused it%.*s: %.*s%s%.*s; what was "
                              "served before is still served",
                              tally->serves, tally->ready, STR_ARG(first->name), STR_ARG(more),
                              STR_ARG(first->resource), first->resource.size > 0 ? ": " : "",
                              STR_ARG(first->reason)),
    };
}

struct status_programmed status_judge(struct arena *arena, const struct status_proxy *proxies,
                                      size_t count)
{
    struct tally tally = count_proxies(proxies, count);
    struct status_programmed verdict = {
        .condition = {.type = STR("Programmed"), .value = STATUS_FALSE},
        .ready = tally.ready,
        .serves = tally.serves,
    };
    struct status_condition *condition = &verdict.condition;
    if (tally.refused > 0) {
        *condition = refused(arena, &tally);
    } else if (tally.ready == 0) {
        condition->reason = STR("NoProxies");
        condition->message = STR("no ready proxy runs for this gateway: create a "
                                 "MeshGatewayInstance of this mesh whose tags its selectors match; "
                                 "where there is one, its status and its pods say why");
    } else if (tally.serves < tally.ready) {
        struct str names = names_of_waiting(arena, proxies, count);
        condition->reason = STR("Pending");
        condition->message = str_format(arena, "%u/%u proxies serve this; waiting for %.*s",
                                        tally.serves, tally.ready, STR_ARG(names));
        verdict.waiting = true;
    } else {
        condition->value = STATUS_TRUE;
        condition->reason = STR("Programmed");
        condition->message = str_format(arena, "%u/%u proxies serve this", tally.serves,
                                        tally.ready);
    }
    return verdict;
}
