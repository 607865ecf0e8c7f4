#include "proxy/serve.h"

#include "command/command.h"
#include "core/admin/admin.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/web/web.h"
#include "data/follow/follow.h"

struct serve {
    const struct serve_options *options;
    struct data_plane plane;
    struct web *web; /* the stream's */
    struct follow *follow;
    follow_applied_fn applied; /* of the transaction under way */
    void *applied_arg;
    struct admin *admin;
    bool ending;
    bool ended;
    unsigned open; /* what closes before the loop may end */
    int status;
};

/* ---- The end ---- */

static void on_closed(void *arg)
{
    struct serve *serve = arg;
    if (--serve->open > 0)
        return;
    serve->ended = true;
    loop_stop(serve->plane.loop);
}

static void end(struct serve *serve, int status)
{
    if (serve->ending)
        return;
    serve->ending = true;
    serve->status = status;
    serve->follow = follow_close(serve->follow);
    serve->open = 2;
    admin_close(TAKE(serve->admin), on_closed, serve);
    web_close(TAKE(serve->web), on_closed, serve);
}

static void on_drained(void *arg)
{
    end(arg, EXIT_DONE);
}

static void on_signal(void *arg, int signal)
{
    struct serve *serve = arg;
    (void)signal; /* all of them mean the same */
    if (serve->plane.draining || serve->follow == NULL || !follow_has_applied(serve->follow)) {
        end(serve, EXIT_DONE);
        return;
    }
    LOG(LOG_INFO, "draining", LOG_U64("delay_ms", serve->options->data_plane.drain_delay_ms),
        LOG_U64("time_ms", serve->options->data_plane.drain_time_ms));
    data_plane_drain(&serve->plane, on_drained, serve);
}

/* ---- The stream ---- */

/* The workers may answer when nobody follows any more: the end has begun. */
static void on_proxy_applied(void *arg, const struct model_digest *result)
{
    const struct serve *serve = arg;
    if (serve->follow != NULL)
        serve->applied(serve->applied_arg, result);
}

static enum err on_apply(void *arg, const struct model_transaction *transaction,
                         follow_applied_fn applied, void *applied_arg, struct err_info *reterr)
{
    struct serve *serve = arg;
    serve->applied = applied;
    serve->applied_arg = applied_arg;
    return proxy_apply(serve->plane.proxy, transaction, on_proxy_applied, serve, reterr);
}

static void on_connected(void *arg)
{
    (void)arg; /* the line says it */
    LOG(LOG_INFO, "connected to the operator");
}

static void on_disconnected(void *arg, struct str reason)
{
    const struct serve *serve = arg;
    LOG(LOG_WARNING, "not connected to the operator",
        LOG_STR("operator", serve->options->operator_host), LOG_STR("reason", reason));
}

static void on_applied(void *arg, const struct model_digest *result)
{
    (void)arg; /* the line says it */
    struct buf text;
    buf_init(&text, MODEL_DIGEST_TEXT_SIZE);
    model_digest_print(result, &text);
    LOG(LOG_INFO, "serving", LOG_STR("snapshot", str_first(buf_str(&text), 16)));
    buf_deinit(&text);
}

static void on_refused(void *arg, struct str resource, struct str reason)
{
    (void)arg; /* the line says it */
    LOG(LOG_ERROR, "refused a configuration; what was served before is still served",
        LOG_STR("resource", resource), LOG_STR("reason", reason));
}

/* ---- The addresses of core/admin ---- */

static bool on_ready(void *arg, struct buf *reasons)
{
    const struct serve *serve = arg;
    if (serve->plane.draining)
        buf_append(reasons, STR("draining\n"));
    else if (serve->follow == NULL || !follow_has_applied(serve->follow))
        buf_append(reasons, STR("no configuration has come yet\n"));
    return reasons->size == 0;
}

static void on_config(void *arg, struct buf *json)
{
    const struct serve *serve = arg;
    proxy_dump(serve->plane.proxy, json);
}

static enum err admin_start(struct serve *serve, struct err_info *reterr)
{
    struct admin_options options = {
        .loop = serve->plane.loop,
        .health = serve->options->health,
        .admin = serve->options->admin,
        .metrics = serve->plane.metrics,
        .ready = on_ready,
        .config = on_config,
        .arg = serve,
    };
    return admin_open(&options, &serve->admin, reterr);
}

/* ---- Start ---- */

static enum err follow_start(struct serve *serve, struct err_info *reterr)
{
    serve->web = web_open(serve->plane.loop);
    enum err e = web_start(serve->web, reterr);
    if (e != ERR_OK)
        return e;
    struct follow_options options = {
        .feed =
            {
                .loop = serve->plane.loop,
                .web = serve->web,
                .host = serve->options->operator_host,
                .port = serve->options->operator_port,
                .server_name = serve->options->server_name,
                .ca_file = serve->options->ca_file,
                .token_file = serve->options->token_file,
            },
        .apply = on_apply,
        .events = {on_connected, on_disconnected, on_applied, on_refused},
        .arg = serve,
    };
    serve->follow = follow_open(&options);
    return ERR_OK;
}

/* In the order in which what comes later uses what came before. */
static enum err start(struct serve *serve, struct err_info *reterr)
{
    enum err e = data_plane_open(&serve->plane, &serve->options->data_plane, on_signal, serve,
                                 reterr);
    if (e == ERR_OK)
        e = admin_start(serve, reterr);
    return e == ERR_OK ? follow_start(serve, reterr) : e;
}

int serve_run(const struct serve_options *options)
{
    struct serve serve = {.options = options};
    struct err_info reason = {0};
    mem_return_large(); /* a configuration in full */
    if (start(&serve, &reason) != ERR_OK)
        end(&serve, command_failed("otemon-proxy", &reason));
    if (!serve.ended)
        loop_run(serve.plane.loop);
    data_plane_close(&serve.plane);
    return serve.status;
}
