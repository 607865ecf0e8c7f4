/* Where to go instead: what rules say, and paths that have a plainer form. */
#include "data/proxy/request.h"

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
    const struct route_place place = {head->host, path};
    const struct http_reply reply = route_redirect(request->arena, request->listener->model,
                                                   request->rule, place);
    send_to(request, &reply, STR("redirect"));
}
