#include "otemon/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command/command.h"
#include "control/pipeline/pipeline.h"
#include "control/source/files/files.h"
#include "core/admin/admin.h"
#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/net/net.h"
#include "otemon/report.h"

struct serve {
    const struct serve_options *options;
    struct data_plane plane;
    struct pipeline *pipeline;
    struct files *files;
    struct admin *admin;
    struct report *report;
    bool serving; /* a transaction was acknowledged */
    bool ending;
    int status;
};

/* The report goes to standard output, unless a program reads JSON there. */
static FILE *report_stream(const struct serve *serve)
{
    return serve->options->data_plane.access_log == DATA_PLANE_LOG_JSON ? stderr : stdout;
}

/* Standard error has the sentences about what is not done. */
static void say(const char *first, const char *second)
{
    (void)fprintf(stderr, "otemon: %s%s\n", first, second);
}

static void on_admin_closed(void *arg)
{
    struct serve *serve = arg;
    loop_stop(serve->plane.loop);
}

/* The loop ends as soon as what is asynchronous on it has closed. */
static void end(struct serve *serve, int status)
{
    if (serve->ending)
        return;
    serve->ending = true;
    serve->status = status;
    admin_close(TAKE(serve->admin), on_admin_closed, serve);
}

static void report_now(struct serve *serve)
{
    struct report_input input = {
        .served = publish_status(pipeline_publish(serve->pipeline)).acknowledged,
        .placement = pipeline_placement(serve->pipeline),
        .findings = pipeline_findings(serve->pipeline),
    };
    struct buf text;
    buf_init(&text, REPORT_SIZE_MAX);
    report_update(serve->report, &input, &text);
    FILE *stream = report_stream(serve);
    (void)fwrite(text.data, 1, text.size, stream); /* a closed terminal is no reason to stop */
    (void)fflush(stream);
    if (buf_overflowed(&text))
        say("there is more to report than fits, so it was cut", "");
    buf_deinit(&text);
}

/* ---- The way of a transaction ---- */

static void endpoints_open(struct serve *serve);

static void on_applied(void *arg, const struct model_digest *result)
{
    struct serve *serve = arg;
    /* Nothing else is under way, so the answer is never stale. */
    (void)publish_acknowledge(pipeline_publish(serve->pipeline), result);
    if (!serve->serving) {
        serve->serving = true;
        endpoints_open(serve);
    }
    if (!serve->ending)
        report_now(serve);
}

static void on_refused(struct serve *serve, const struct model_transaction *transaction,
                       const struct err_info *reason)
{
    (void)publish_refuse(pipeline_publish(serve->pipeline), &transaction->result,
                         str_of(reason->path), str_of(reason->message));
    (void)fprintf(stderr, "otemon: not served: %s%s%s%s\n", reason->path,
                  reason->path[0] != '\0' ? ": " : "", reason->message,
                  serve->serving ? "; what was served before is still served" : "");
    if (!serve->serving)
        end(serve, EXIT_FAILED);
}

static void on_send(void *arg, const struct model_transaction *transaction)
{
    struct serve *serve = arg;
    struct err_info reason;
    enum err e = proxy_apply(serve->plane.proxy, transaction, on_applied, serve, &reason);
    if (e != ERR_OK)
        on_refused(serve, transaction, &reason);
}

/* The first compile decides whether there is anything to do here; later ones only report. */
static void check_first(struct serve *serve)
{
    size_t listeners = 0;
    const struct model_snapshot *wanted = publish_status(pipeline_publish(serve->pipeline)).wanted;
    (void)model_snapshot_kind(wanted, MODEL_LISTENER, &listeners);
    if (listeners > 0)
        return;
    report_now(serve);
    bool told = finding_count(pipeline_findings(serve->pipeline)) > 0;
    const char *what = "has no listener that can be served";
    if (pipeline_placement(serve->pipeline)->count == 0)
        what = told ? "holds no MeshGateway that can be served here"
                    : "holds no MeshGateway; manifests are files named *.yaml, *.yml or *.json";
    (void)fprintf(stderr, "otemon: %s %s%s\n", serve->options->directory, what,
                  told ? "; the findings above say why" : "");
    end(serve, EXIT_FAILED);
}

static void on_compiled(void *arg)
{
    struct serve *serve = arg;
    /* While a transaction is under way, its acknowledgement reports. */
    if (publish_status(pipeline_publish(serve->pipeline)).state != PUBLISH_SENT)
        report_now(serve);
}

/* ---- The addresses of core/admin ---- */

static bool on_ready(void *arg, struct buf *reasons)
{
    const struct serve *serve = arg;
    if (serve->plane.draining)
        buf_append(reasons, STR("draining\n"));
    return !serve->plane.draining;
}

static void on_config(void *arg, struct buf *json)
{
    const struct serve *serve = arg;
    proxy_dump(serve->plane.proxy, json);
}

/* An address that nobody asked for may be taken by another program: then it is left out. */
static enum err admin_open_what_is_free(struct serve *serve, struct admin_options *options,
                                        struct err_info *reason)
{
    enum err e = admin_open(options, &serve->admin, reason);
    while (e == ERR_CONFLICT) {
        bool health = strcmp(reason->path, "health") == 0;
        const struct serve_endpoint *endpoint = health ? &serve->options->health
                                                       : &serve->options->admin;
        struct str *address = health ? &options->health : &options->admin;
        if (endpoint->required || address->size == 0)
            return e;
        (void)fprintf(stderr, "otemon: going on without --%s: %s\n", reason->path, reason->message);
        *address = STR_EMPTY;
        e = admin_open(options, &serve->admin, reason);
    }
    return e;
}

static void endpoints_open(struct serve *serve)
{
    struct admin_options options = {
        .loop = serve->plane.loop,
        .health = serve->options->health.address,
        .admin = serve->options->admin.address,
        .metrics = serve->plane.metrics,
        .ready = on_ready,
        .config = on_config,
        .arg = serve,
    };
    struct err_info reason;
    if (admin_open_what_is_free(serve, &options, &reason) == ERR_OK)
        return;
    (void)fprintf(stderr, "otemon: --%s: %s\n", reason.path, reason.message);
    end(serve, EXIT_FAILED);
}

/* ---- Start and stop ---- */

static void on_drained(void *arg)
{
    end(arg, EXIT_DONE);
}

static void on_signal(void *arg, int signal)
{
    struct serve *serve = arg;
    (void)signal; /* all of them mean the same */
    if (serve->plane.draining || !serve->serving) {
        end(serve, EXIT_DONE);
        return;
    }
    data_plane_drain(&serve->plane, on_drained, serve);
}

static bool on_is_local(void *arg, struct str text)
{
    (void)arg; /* the kernel knows */
    struct net_address address;
    return net_address_make(text, 0, &address) == ERR_OK && net_address_is_local(&address);
}

/* Colour and width only for people: a terminal, and NO_COLOR (no-color.org) not set. */
static struct table_style style_of(int fd)
{
    struct winsize size;
    if (!isatty(fd))
        return (struct table_style){0};
    bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;
    const char *no_colour = getenv("NO_COLOR");
    return (struct table_style){
        .width = known ? size.ws_col : 0,
        .colour = no_colour == NULL || no_colour[0] == '\0',
    };
}

static enum err pipeline_begin(struct serve *serve, struct err_info *reterr)
{
    struct pipeline_options options = {
        .loop = serve->plane.loop,
        .placement =
            {
                .names = serve->options->dataplanes,
                .name_count = serve->options->dataplane_count,
                .address = serve->options->address,
                .is_local = on_is_local,
            },
        .send = on_send,
        .compiled = on_compiled,
        .arg = serve,
        .wall_ms = clock_wall_ms,
    };
    serve->pipeline = pipeline_new(&options);
    struct source_events events = pipeline_events(serve->pipeline);
    struct loop *loop = serve->options->watch ? serve->plane.loop : NULL;
    enum err e = files_open(loop, serve->options->directory, &events, &serve->files, reterr);
    if (e == ERR_OK)
        check_first(serve);
    return e;
}

/* In the order in which what comes later uses what came before. */
static enum err start(struct serve *serve, struct err_info *reterr)
{
    serve->report = report_new(style_of(fileno(report_stream(serve))));
    enum err e = data_plane_open(&serve->plane, &serve->options->data_plane, on_signal, serve,
                                 reterr);
    return e == ERR_OK ? pipeline_begin(serve, reterr) : e;
}

static void stop(struct serve *serve)
{
    files_close(serve->files);
    pipeline_free(serve->pipeline);
    data_plane_close(&serve->plane);
    report_free(serve->report);
}

int serve_run(const struct serve_options *options)
{
    struct serve serve = {.options = options};
    struct err_info reason;
    if (start(&serve, &reason) != ERR_OK) {
        say(reason.message, "");
        serve.status = EXIT_FAILED;
    } else if (!serve.ending) {
        loop_run(serve.plane.loop);
    }
    stop(&serve);
    return serve.status;
}
