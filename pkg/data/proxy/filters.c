/* The Host that a back end gets. */
#include "data/proxy/request.h"

struct str proxy__authority(const struct proxy__request *request)
{
    struct str host = request->rule->rewrite.host;
    return host.size > 0 ? host : request->authority;
}

void proxy__host_from_backend(struct proxy__request *request, struct str hostname)
{
    if (hostname.size == 0) {
        if (request->tries == 0)
            return;
        hostname = proxy__authority(request); /* the one before had a name */
    }
    char *area = arena_alloc(request->arena, request->sent.size + hostname.size, 1);
    request->sent = str_make(area, http_request_host_replace(request->sent, hostname, area));
}
