#include "data_plane/data_plane.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/dns/dns.h"

/* As OpenSSL and others name it. */
static struct str trust_file(void)
{
    const char *named = getenv("SSL_CERT_FILE");
    return named == NULL ? STR_EMPTY : str_of(named);
}

static enum err proxy_start(struct data_plane *plane, struct err_info *reterr)
{
    enum data_plane_log log = plane->options->access_log;
    uint32_t workers = plane->options->workers;
    if (workers == 0)
        workers = proxy_workers_default();
    plane->metrics = metrics_new(workers + 1); /* the first is the main thread's */
    plane->proxy_metrics = proxy_metrics_new(plane->metrics);
    struct proxy_options options = {
        .loop = plane->loop,
        .metrics = plane->proxy_metrics,
        .first_writer = 1,
        .workers = workers,
        .log_fd = log == DATA_PLANE_LOG_OFF ? -1 : STDOUT_FILENO,
        .trust_file = trust_file(),
        .log_format = log == DATA_PLANE_LOG_JSON ? LOG_JSON : LOG_TEXT,
        .dns_server = plane->options->dns_server,
    };
    return proxy_new(&options, &plane->proxy, reterr);
}

enum err data_plane_open(struct data_plane *plane, const struct data_plane_options *options,
                         loop_signal_fn on_signal, void *arg, struct err_info *reterr)
{
    *plane = (struct data_plane){.options = options, .loop = loop_new()};
    plane->signals[0] = loop_signal_open(plane->loop, SIGTERM, on_signal, arg);
    plane->signals[1] = loop_signal_open(plane->loop, SIGINT, on_signal, arg);
    return proxy_start(plane, reterr);
}

void data_plane_drain(struct data_plane *plane, proxy_drained_fn drained, void *arg)
{
    plane->draining = true;
    proxy_drain(plane->proxy, plane->options->drain_delay_ms, plane->options->drain_time_ms,
                drained, arg);
}

void data_plane_close(struct data_plane *plane)
{
    proxy_free(plane->proxy);
    proxy_metrics_free(plane->proxy_metrics);
    metrics_free(plane->metrics);
    for (size_t i = 0; i < ARRAY_SIZE(plane->signals); i++)
        loop_signal_close(plane->signals[i]);
    loop_free(plane->loop);
}

bool data_plane_dns_server_check(const char *program, struct str server)
{
    if (server.size == 0 || dns_server_is_valid(server))
        return true;
    (void)command_wrong(program, "dns-server", server, /* which exits with it */
                        "an IP address of a name server, with a port or without");
    return false;
}

enum data_plane_log data_plane_log_of(struct str word)
{
    if (str_equal(word, STR("json")))
        return DATA_PLANE_LOG_JSON;
    return str_equal(word, STR("off")) ? DATA_PLANE_LOG_OFF : DATA_PLANE_LOG_TEXT;
}
