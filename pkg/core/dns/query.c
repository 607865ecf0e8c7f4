/* Queries: one for each name that is asked for. */
#include <sys/socket.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/dns/internal.h"

static void finish(struct dns__query *query, struct dns__answer answer)
{
    struct dns *dns = query->dns;
    query->answer = answer;
    dns->running--;
    (void)map_remove(dns->queries, str_of(query->name)); /* is `query` */
    list_push_back(&dns->answered, &query->link);
    loop_defer(dns->loop, &dns->work);
}

static void ask(struct dns__query *query);

static bool says_none(int status)
{
    return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

/* That a name has no IPv4 address says nothing of the other family, neither in DNS nor in the hosts
 * file. Where it is known by then, it stays known: some servers say of every type that they have
 * nothing of that there is no such name. */
static void on_addrinfo(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct dns__query *query = arg;
    (void)timeouts; /* only the outcome counts */
    if (status == ARES_EDESTRUCTION) {
        dns__query_free(query);
    } else if (says_none(status) && query->family == AF_INET) {
        query->family = AF_INET6;
        query->is_known = status == ARES_ENODATA;
        ask(query);
    } else {
        bool is_known = status == ARES_ENOTFOUND && query->is_known;
        finish(query, dns__answer_make(is_known ? ARES_ENODATA : status, info));
    }
    ares_freeaddrinfo(info);
}

static void ask(struct dns__query *query)
{
    struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, /* which opens sockets */
                                        .ai_family = query->family,
                                        .ai_socktype = SOCK_STREAM};
    ares_getaddrinfo(query->dns->channel, query->name, NULL, &hints, on_addrinfo, query);
}

/* Nobody asks any more: it does not take the turn of one that is asked for. */
static void forget(struct dns__query *query)
{
    (void)map_remove(query->dns->queries, str_of(query->name)); /* is `query` */
    dns__query_free(query);
}

static void start_some(struct dns *dns)
{
    if (dns->running == 0 && !list_is_empty(&dns->waiting))
        dns__channel_renew(dns);
    while (dns->running < DNS_QUERIES_MAX && !list_is_empty(&dns->waiting)) {
        struct dns__query *query = LIST_ITEM(dns->waiting.next, struct dns__query, link);
        list_remove(&query->link);
        if (list_is_empty(&query->questions)) {
            forget(query);
            continue;
        }
        dns->running++;
        ask(query);
    }
    dns__channel_arm(dns);
}

/* Each is gone before it is told, so that it can ask again and cancel others. */
static void tell(struct dns__query *query)
{
    struct str addresses[DNS_ADDRESSES_MAX];
    const struct dns__answer *kept = &query->answer;
    for (size_t i = 0; i < kept->count; i++)
        addresses[i] = str_of(kept->texts[i]);
    struct dns_answer answer = {.outcome = kept->outcome,
                                .addresses = addresses,
                                .count = kept->count,
                                .ttl_s = kept->ttl_s,
                                .reason = kept->reason};
    while (!list_is_empty(&query->questions)) {
        struct dns_question *question = LIST_ITEM(query->questions.next, struct dns_question, link);
        dns_answered_fn fn = question->fn;
        void *arg = question->arg;
        question = dns_cancel(question);
        fn(arg, &answer);
    }
}

void dns__work(void *arg)
{
    struct dns *dns = arg;
    while (!list_is_empty(&dns->answered)) {
        struct dns__query *query = LIST_ITEM(dns->answered.next, struct dns__query, link);
        list_remove(&query->link);
        tell(query);
        dns__query_free(query);
    }
    start_some(dns);
}

void dns__query_free(struct dns__query *query)
{
    LIST_FOR_EACH(node, &query->questions)
        (void)dns_cancel(LIST_ITEM(node, struct dns_question, link)); /* always NULL */
    dns__answer_deinit(&query->answer);
    (void)mem_free(query); /* always NULL */
}

static struct dns__query *query_new(struct dns *dns, struct str name)
{
    struct dns__query *query = mem_zero(1, sizeof(*query) + name.size + 1);
    query->dns = dns;
    query->family = AF_INET;
    list_init(&query->questions);
    memcpy(query->name, name.data, name.size); /* and stays terminated */
    (void)map_set(dns->queries, name, query);  /* it was not there */
    list_push_back(&dns->waiting, &query->link);
    loop_defer(dns->loop, &dns->work);
    return query;
}

struct dns_question *dns_resolve(struct dns *dns, struct str name, dns_answered_fn fn, void *arg)
{
    ASSERT(dns != NULL && fn != NULL && str_find_char(name, '\0') == STR_NOT_FOUND);
    struct dns__query *query = map_get(dns->queries, name);
    if (query == NULL)
        query = query_new(dns, name);
    struct dns_question *question = MEM_NEW(struct dns_question);
    question->fn = fn;
    question->arg = arg;
    list_push_back(&query->questions, &question->link);
    return question;
}

/* Its query goes on when it is under way: c-ares has no way to end one, and its answer comes
 * soon. */
struct dns_question *dns_cancel(struct dns_question *question)
{
    if (question == NULL)
        return NULL;
    list_remove(&question->link);
    return mem_free(question);
}
