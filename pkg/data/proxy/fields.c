/* What a request becomes on its way upstream: forwarded-for, protocol, request id, and what its
 * rule rewrites. */
#include "data/proxy/request.h"

/* Longer ids of a client are passed on, but not repeated in the log. */
#define ID_LOG_MAX ((size_t)128)

/* 10/8, 172.16/12, 192.168/16, 127.0.0.1, fc00::/7, ::1: the clients that are believed. */
bool proxy__address_is_internal(const struct net_address *address)
{
    const unsigned char *ip = address->ip;
    if (address->family == NET_IPV4)
        return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
               (ip[0] == 192 && ip[1] == 168) || memcmp(ip, "\x7f\0\0\1", 4) == 0;
    static const unsigned char loopback[16] = {[15] = 1};
    return (ip[0] & 0xfe) == 0xfc || memcmp(ip, loopback, sizeof(loopback)) == 0;
}

/* A random UUID, version 4 (RFC 9562 section 5.4). */
static struct str id_make(struct proxy__request *request)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits[2] = {random_next(&request->worker->random),
                        random_next(&request->worker->random)};
    bits[0] = (bits[0] & ~(uint64_t)0xf000) | 0x4000;
    bits[1] = (bits[1] & ~((uint64_t)3 << 62)) | (uint64_t)1 << 63;
    char *at = request->id_area;
    for (unsigned i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *at++ = '-';
        *at++ = digits[bits[i / 16] >> (60 - 4 * (i % 16)) & 0xf];
    }
    return str_make(request->id_area, PROXY__ID_SIZE);
}

void proxy__plan_fill(struct proxy__request *request, struct str path,
                      struct http_request_plan *ret_plan)
{
    const struct proxy__conn *conn = request->conn;
    const struct http_fields *fields = &request->worker->request.fields;
    *ret_plan = route_plan(request->arena, request->rule, path);
    ret_plan->forwarded_for = str_make(conn->client, conn->client_size);
    ret_plan->forwarded_proto = request->listener->model->protocol == MODEL_HTTPS ? STR("https")
                                                                                  : STR("http");
    ret_plan->tunnel = request->tunnel;
    const struct http_field *own = http_fields_find(fields, HTTP_NAME_X_REQUEST_ID);
    bool believed = conn->internal && http_fields_find(fields, HTTP_NAME_X_FORWARDED_FOR) == NULL;
    if (own != NULL && own->value.size > 0 && believed) {
        request->id = str_dup(request->arena, str_first(own->value, ID_LOG_MAX));
        return;
    }
    request->id = id_make(request);
    ret_plan->request_id = request->id;
}
