#include "core/dns/dns.h"

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/dns/internal.h"

enum err dns_new(const struct dns_options *options, struct dns **ret_dns, struct err_info *reterr)
{
    ASSERT(options->loop != NULL);
    struct ares_addr_port_node server = {0};
    if (options->server.size > 0 && !dns__server_parse(options->server, &server))
        return err_set(reterr, ERR_INVALID,
                       "\"%.*s\" is not an IP address of a name server, with a port or without",
                       STR_ARG(options->server));
    struct dns *dns = MEM_NEW(struct dns);
    dns->loop = options->loop;
    dns->server = server;
    dns->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : DNS_TIMEOUT_MS;
    dns->queries = map_new();
    list_init(&dns->sockets);
    list_init(&dns->waiting);
    list_init(&dns->answered);
    loop_deferred_init(&dns->work, dns__work, dns);
    (void)ares_library_init(ARES_LIB_INIT_ALL); /* cannot fail here: it is for other systems */
    enum err result = dns__channel_open(dns, reterr);
    if (result != ERR_OK) {
        (void)dns_free(dns); /* always NULL */
        return result;
    }
    *ret_dns = dns;
    return ERR_OK;
}

static void queries_free(struct list *queries)
{
    LIST_FOR_EACH(node, queries) {
        list_remove(node);
        dns__query_free(LIST_ITEM(node, struct dns__query, link));
    }
}

struct dns *dns_free(struct dns *dns)
{
    if (dns == NULL)
        return NULL;
    dns__channel_close(dns);
    ares_library_cleanup();
    ASSERT(list_is_empty(&dns->sockets));
    queries_free(&dns->waiting);
    queries_free(&dns->answered);
    loop_defer_cancel(&dns->work);
    dns->queries = map_free(dns->queries);
    return mem_free(dns);
}
