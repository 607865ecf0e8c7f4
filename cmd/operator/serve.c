#include "operator/serve.h"

#include <signal.h>

#include "command/command.h"
#include "control/kube/kube.h"
#include "control/operator/operator.h"
#include "core/admin/admin.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"
#include "core/metrics/metrics.h"
#include "core/web/web.h"

struct serve {
    const struct serve_options *options;
    struct loop *loop;
    struct loop_signal *signals[2]; /* SIGTERM and SIGINT */
    struct metrics *metrics;
    struct kube_config *config;
    struct kube *kube;
    struct web *web; /* the stream's */
    struct operator_handle *op;
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
    loop_stop(serve->loop);
}

/* Proxies serve on without us. */
static void end(struct serve *serve, int status)
{
    if (serve->ending)
        return;
    serve->ending = true;
    serve->status = status;
    serve->open = 2;
    if (serve->op != NULL)
        operator_stop(serve->op);
    serve->kube = kube_close(serve->kube);
    admin_close(TAKE(serve->admin), on_closed, serve);
    web_close(TAKE(serve->web), on_closed, serve);
}

static void on_signal(void *arg, int signal)
{
    (void)signal; /* all of them mean the same */
    end(arg, EXIT_DONE);
}

static void on_failed(void *arg, const struct err_info *reason)
{
    end(arg, command_failed("otemon-operator", reason));
}

/* ---- The addresses of core/admin ---- */

static bool on_ready(void *arg, struct buf *reasons)
{
    const struct serve *serve = arg;
    return serve->op != NULL && operator_is_ready(serve->op, reasons);
}

static void on_config(void *arg, struct buf *json)
{
    const struct serve *serve = arg;
    if (serve->op != NULL)
        operator_dump(serve->op, json);
}

static enum err admin_start(struct serve *serve, struct err_info *reterr)
{
    struct admin_options options = {
        .loop = serve->loop,
        .health = serve->options->health,
        .admin = serve->options->admin,
        .metrics = serve->metrics,
        .ready = on_ready,
        .config = on_config,
        .arg = serve,
    };
    return admin_open(&options, &serve->admin, reterr);
}

/* ---- Start ---- */

static enum err kube_start(struct serve *serve, struct err_info *reterr)
{
    const char *path = serve->options->kubeconfig;
    enum err e = path == NULL ? kube_config_in_cluster(KUBE_POD_DIRECTORY, &serve->config, reterr)
                              : kube_config_read(path, STR_EMPTY, &serve->config, reterr);
    return e == ERR_OK ? kube_open(serve->loop, serve->config, &serve->kube, reterr) : e;
}

static enum err web_open_started(struct serve *serve, struct err_info *reterr)
{
    serve->web = web_open(serve->loop);
    return web_start(serve->web, reterr);
}

static void operator_start(struct serve *serve)
{
    const struct serve_options *options = serve->options;
    const struct operator_options op = {
        .loop = serve->loop,
        .kube = serve->kube,
        .web = serve->web,
        .metrics = serve->metrics,
        .system_namespace = options->system_namespace,
        .feed_address = options->feed_address,
        .feed_port = options->feed_port,
        .gateway_namespaces = options->gateway_namespaces.items,
        .gateway_namespace_count = options->gateway_namespaces.count,
        .proxy_image = options->proxy_image,
        .proxy_pull_policy = options->proxy_pull_policy,
        .failed = on_failed,
        .arg = serve,
    };
    serve->op = operator_open(&op);
}

/* In the order in which what comes later uses what came before. */
static enum err start(struct serve *serve, struct err_info *reterr)
{
    enum err e = admin_start(serve, reterr);
    if (e == ERR_OK)
        e = kube_start(serve, reterr);
    if (e == ERR_OK)
        e = web_open_started(serve, reterr);
    if (e == ERR_OK)
        operator_start(serve);
    return e;
}

static void serve_open(struct serve *serve)
{
    mem_return_large(); /* a configuration in full, for a proxy that comes anew */
    serve->loop = loop_new();
    serve->signals[0] = loop_signal_open(serve->loop, SIGTERM, on_signal, serve);
    serve->signals[1] = loop_signal_open(serve->loop, SIGINT, on_signal, serve);
    serve->metrics = metrics_new(1);
}

static void serve_close(struct serve *serve)
{
    serve->op = operator_free(serve->op);
    serve->config = kube_config_free(serve->config);
    serve->metrics = metrics_free(serve->metrics);
    for (size_t i = 0; i < ARRAY_SIZE(serve->signals); i++)
        serve->signals[i] = loop_signal_close(serve->signals[i]);
    serve->loop = loop_free(serve->loop);
}

int serve_run(const struct serve_options *options)
{
    struct serve serve = {.options = options};
    struct err_info reason = {0};
    serve_open(&serve);
    if (start(&serve, &reason) != ERR_OK)
        end(&serve, command_failed("otemon-operator", &reason));
    if (!serve.ended)
        loop_run(serve.loop);
    serve_close(&serve);
    return serve.status;
}
