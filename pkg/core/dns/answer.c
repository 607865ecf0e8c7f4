/* What c-ares found, as sorted texts; what it did not, in words. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/dns/internal.h"

static const struct {
    int status;
    enum dns_outcome outcome;
    const char *reason;
} failures[] = {
    {ARES_ENOTFOUND, DNS_NONE, "there is no such name"},
    {ARES_ENODATA, DNS_NONE, "the name has no address"},
    {ARES_EBADNAME, DNS_FAILED, "it is not a name that DNS knows"},
    {ARES_EFORMERR, DNS_FAILED, "the name server did not understand the question (FORMERR)"},
    {ARES_EBADRESP, DNS_FAILED, "the answer of the name server is not readable"},
    {ARES_ETIMEOUT, DNS_FAILED, "no name server answered in time"},
    /* c-ares goes on to the next server after any of these. */
    {ARES_ECONNREFUSED, DNS_FAILED,
     "no name server gives an answer: they cannot be reached, or say that they failed (SERVFAIL) "
     "or refuse (REFUSED)"},
};

static void explain(int status, struct dns__answer *answer)
{
    answer->outcome = DNS_FAILED;
    answer->reason = ares_strerror(status); /* a constant */
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
        if (failures[i].status == status) {
            answer->outcome = failures[i].outcome;
            answer->reason = failures[i].reason;
        }
    }
}

static bool print(const struct ares_addrinfo_node *node, char ret_text[DNS__TEXT_SIZE])
{
    const void *bytes = NULL;
    if (node->ai_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr;
    else if (node->ai_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr;
    return bytes != NULL && inet_ntop(node->ai_family, bytes, ret_text, DNS__TEXT_SIZE) != NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Sorted, each once, and the first of them. A message has room for some thousands. */
static void collect(const struct ares_addrinfo *info, struct dns__answer *answer)
{
    size_t most = 0;
    for (const struct ares_addrinfo_node *at = info->nodes; at != NULL; at = at->ai_next)
        most++;
    char(*texts)[DNS__TEXT_SIZE] = mem_zero(most + 1, sizeof(*texts));
    size_t count = 0;
    for (const struct ares_addrinfo_node *at = info->nodes; at != NULL; at = at->ai_next) {
        if (print(at, texts[count]))
            count++;
    }
    qsort(texts, count, sizeof(*texts), compare);
    for (size_t i = 0; i < count && answer->count < DNS_ADDRESSES_MAX; i++) {
        if (answer->count == 0 || strcmp(texts[answer->count - 1], texts[i]) != 0)
            memmove(texts[answer->count++], texts[i], sizeof(*texts));
    }
    answer->texts = texts;
}

/* Aliases on the way count, too. What is negative is 0 (RFC 2181 section 8). */
static uint32_t ttl_of(const struct ares_addrinfo *info)
{
    int least = INT32_MAX;
    for (const struct ares_addrinfo_node *at = info->nodes; at != NULL; at = at->ai_next)
        least = MIN(least, at->ai_ttl);
    for (const struct ares_addrinfo_cname *at = info->cnames; at != NULL; at = at->next)
        least = MIN(least, at->ttl);
    return (uint32_t)MAX(least, 0);
}

struct dns__answer dns__answer_make(int status, const struct ares_addrinfo *info)
{
    struct dns__answer answer = {.outcome = DNS_FOUND};
    if (status == ARES_SUCCESS && info != NULL)
        collect(info, &answer);
    if (answer.count > 0)
        answer.ttl_s = ttl_of(info);
    else
        explain(status == ARES_SUCCESS ? ARES_ENODATA : status, &answer);
    return answer;
}

void dns__answer_deinit(struct dns__answer *answer)
{
    answer->texts = mem_free(answer->texts);
}
