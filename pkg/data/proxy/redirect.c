/* Where to go instead: what rules say, and paths that have a plainer form. */
#include "data/proxy/parts.h"

void proxy__uri_refuse(struct proxy__request *request)
{
    request->close_client = true;
    proxy__reply(request, 414, STR("URI Too Long"), STR("uri_too_long"));
}

static void send_to(struct proxy__request *request, const struct http_reply *reply,
                    struct str reason)
{
    if (reply->location.size + reply->query.size + http_edits_size(&request->down_edits) >
        PROXY__LOCATION_MAX)
        proxy__uri_refuse(request);
    else
        proxy__reply_full(request, reply, reason);
}

void proxy__redirect_plain(struct proxy__request *request, const struct http_request *head,
                           struct str path)
{
    struct http_reply reply = {
        .status = 307, .location = path, .query = head->query, .has_query = head->has_query};
    send_to(request, &reply, STR("escaped_slash"));
}

void proxy__redirect(struct proxy__request *request, const struct http_request *head,
                     struct str path)
{
    const struct model_redirect *redirect = &request->rule->redirect;
    const struct model_listener *listener = request->listener->model;
    struct str query = proxy__path_change(request, &redirect->path, path);
    struct http_reply reply = {.status = redirect->status, .location = str_cut(&query, '?')};
    struct str host = redirect->host.size > 0 ? redirect->host : head->host;
    if (host.size > 0) { /* else there is none to name, and the path alone says what it can */
        struct str scheme = listener->protocol == MODEL_HTTPS ? STR("https") : STR("http");
        unsigned port = redirect->port > 0 ? redirect->port : listener->port;
        const struct str parts[] = {redirect->scheme.size > 0 ? redirect->scheme : scheme,
                                    STR("://"), host, str_format(request->arena, ":%u", port),
                                    reply.location};
        reply.location = proxy__concat(request->arena, parts, ARRAY_SIZE(parts));
    }
    send_to(request, &reply, STR("redirect"));
}
