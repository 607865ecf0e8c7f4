#include "core/admin/admin.h"

#include <netinet/in.h>

#include "core/base/ip.h"
#include "core/base/mem.h"
#include "core/web/web.h"

struct admin {
    struct admin_options options;
    struct web *web;
    struct web_server *health;
    struct web_server *admin;
    struct web_handler health_handlers[4];
    struct web_handler admin_handlers[2];
    admin_closed_fn closed;
    void *closed_arg;
};

static void ready_answer(const struct web_request *request, struct web_response *response,
                         void *arg)
{
    (void)request; /* every request gets the same answer */
    const struct admin *admin = arg;
    struct buf reasons;
    buf_init(&reasons, WEB_BODY_SIZE_MAX);
    if (admin->options.ready(admin->options.arg, &reasons))
        buf_append(&response->body, STR("ready\n"));
    else
        response->status = 503;
    buf_append(&response->body, buf_str(&reasons));
    buf_deinit(&reasons);
}

static void live_answer(const struct web_request *request, struct web_response *response, void *arg)
{
    (void)request; /* that we are here is the answer */
    (void)arg;     /* likewise */
    buf_append(&response->body, STR("live\n"));
}

static void metrics_answer(const struct web_request *request, struct web_response *response,
                           void *arg)
{
    (void)request; /* every request gets the same answer */
    const struct admin *admin = arg;
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_print(admin->options.metrics, &response->body);
}

static void health_index(const struct web_request *request, struct web_response *response,
                         void *arg)
{
    (void)request; /* every request gets the same answer */
    (void)arg;     /* likewise */
    buf_append(&response->body, STR("/ready    200, or 503 with the reasons\n"
                                    "/live     200\n"
                                    "/metrics  Prometheus text format\n"));
}

/* Of 127.0.0.0/8 or ::1, without brackets. */
static bool is_loopback(struct str ip)
{
    static const unsigned char loopback[IP_SIZE_MAX] = {[IP_SIZE_MAX - 1] = 1};
    unsigned char bytes[IP_SIZE_MAX];
    size_t size = ip_parse(ip, bytes);
    if (size == IP_SIZE_MAX)
        return memcmp(bytes, loopback, size) == 0;
    return size > 0 && bytes[0] == IN_LOOPBACKNET;
}

/* A name that somebody else's DNS leads here is not good enough: pages of that name would be
 * allowed to read what they get. */
static bool may_read(const struct web_request *request, struct web_response *response)
{
    struct str host;
    struct str port;
    ip_cut_port(request->host, &host, &port);
    if (str_equal_nocase(host, STR("localhost")) || is_loopback(host))
        return true;
    response->status = 403;
    buf_append(
        &response->body,
        STR("Only localhost and loopback addresses are answered here: use one of them as the "
            "name of the host.\n"));
    return false;
}

static void config_answer(const struct web_request *request, struct web_response *response,
                          void *arg)
{
    const struct admin *admin = arg;
    if (!may_read(request, response))
        return;
    response->content_type = "application/json";
    admin->options.config(admin->options.arg, &response->body);
}

static void admin_index(const struct web_request *request, struct web_response *response, void *arg)
{
    (void)arg; /* every request gets the same answer */
    if (may_read(request, response))
        buf_append(&response->body, STR("/config  what is being served, as JSON, without keys\n"));
}

/* The IP address is empty for all of this machine's. */
static enum err address_parse(struct str text, struct str *ret_ip, uint16_t *ret_port,
                              struct err_info *reterr)
{
    if (ip_port_parse(text, ret_ip, ret_port))
        return ERR_OK;
    return err_set(reterr, ERR_INVALID,
                   "\"%.*s\" is not an IP address and port: write it like 127.0.0.1:9902",
                   STR_ARG(str_first(text, 64)));
}

static enum err health_open(struct admin *admin, struct err_info *reterr)
{
    struct web_server_options server = {
        .handlers = admin->health_handlers,
        .handler_count = ARRAY_SIZE(admin->health_handlers),
    };
    if (admin->options.health.size == 0)
        return ERR_OK;
    enum err e = address_parse(admin->options.health, &server.address, &server.port, reterr);
    if (e != ERR_OK)
        return e;
    if (server.address.size > 0)
        return web_server_open(admin->web, &server, &admin->health, reterr);
    /* All addresses: a socket of IPv6 takes both families, but not every machine has it. */
    server.address = STR("::");
    e = web_server_open(admin->web, &server, &admin->health, reterr);
    if (e != ERR_INVALID)
        return e;
    server.address = STR("0.0.0.0");
    return web_server_open(admin->web, &server, &admin->health, reterr);
}

static enum err admin_address_parse(struct str text, struct str *ret_ip, uint16_t *ret_port,
                                    struct err_info *reterr)
{
    struct str ip;
    enum err e = address_parse(text, &ip, ret_port, reterr);
    if (e == ERR_OK && !is_loopback(ip))
        return err_set(reterr, ERR_INVALID,
                       "\"%.*s\" is not a loopback address: the admin address shows the "
                       "configuration, so it has to be of 127.0.0.0/8 or ::1",
                       STR_ARG(str_first(ip, 64)));
    if (e == ERR_OK)
        *ret_ip = ip;
    return e;
}

static enum err admin_server_open(struct admin *admin, struct err_info *reterr)
{
    struct web_server_options server = {
        .handlers = admin->admin_handlers,
        .handler_count = ARRAY_SIZE(admin->admin_handlers),
    };
    if (admin->options.admin.size == 0)
        return ERR_OK;
    enum err e = admin_address_parse(admin->options.admin, &server.address, &server.port, reterr);
    if (e != ERR_OK)
        return e;
    return web_server_open(admin->web, &server, &admin->admin, reterr);
}

enum err admin_check(struct str health, struct str admin, struct err_info *reterr)
{
    struct str ip;
    uint16_t port;
    enum err e = ERR_OK;
    if (health.size > 0)
        e = address_parse(health, &ip, &port, reterr);
    if (e != ERR_OK) {
        err_prefix(reterr, STR("health"));
        return e;
    }
    if (admin.size > 0)
        e = admin_address_parse(admin, &ip, &port, reterr);
    if (e != ERR_OK)
        err_prefix(reterr, STR("admin"));
    return e;
}

static struct admin *admin_new(const struct admin_options *options)
{
    struct admin *admin = MEM_NEW(struct admin);
    admin->options = *options;
    admin->web = web_open(options->loop);
    admin->health_handlers[0] = (struct web_handler){"/ready", ready_answer, admin};
    admin->health_handlers[1] = (struct web_handler){"/live", live_answer, admin};
    admin->health_handlers[2] = (struct web_handler){"/metrics", metrics_answer, admin};
    admin->health_handlers[3] = (struct web_handler){"/", health_index, admin};
    admin->admin_handlers[0] = (struct web_handler){"/config", config_answer, admin};
    admin->admin_handlers[1] = (struct web_handler){"/", admin_index, admin};
    return admin;
}

enum err admin_open(const struct admin_options *options, struct admin **ret_admin,
                    struct err_info *reterr)
{
    struct admin *admin = admin_new(options);
    enum err e = health_open(admin, reterr);
    if (e != ERR_OK)
        err_prefix(reterr, STR("health"));
    if (e == ERR_OK) {
        e = admin_server_open(admin, reterr);
        if (e != ERR_OK)
            err_prefix(reterr, STR("admin"));
    }
    if (e == ERR_OK)
        e = web_start(admin->web, reterr);
    if (e != ERR_OK) {
        web_close(admin->web, NULL, NULL); /* it was not started, so nothing stays on the loop */
        mem_free(admin);
        return e;
    }
    *ret_admin = admin;
    return ERR_OK;
}

static void web_closed(void *arg)
{
    struct admin *admin = arg;
    admin_closed_fn closed = admin->closed;
    void *closed_arg = admin->closed_arg;
    mem_free(admin);
    if (closed != NULL)
        closed(closed_arg);
}

void admin_close(struct admin *admin, admin_closed_fn closed, void *arg)
{
    if (admin == NULL) {
        if (closed != NULL)
            closed(arg);
        return;
    }
    admin->closed = closed;
    admin->closed_arg = arg;
    web_close(admin->web, web_closed, admin);
}

uint16_t admin_health_port(const struct admin *admin)
{
    return admin->health == NULL ? 0 : web_server_port(admin->health);
}

uint16_t admin_admin_port(const struct admin *admin)
{
    return admin->admin == NULL ? 0 : web_server_port(admin->admin);
}
