/* What is counted, and how it is called. */
#include "data/proxy/metrics.h"

#include "core/base/mem.h"
#include "core/regex/regex.h"
#include "data/proxy/main.h"

static const char *const by_listener[] = {"listener"};
static const char *const by_class[] = {"listener", "class"};
static const char *const by_result[] = {"listener", "result"};

/* Milliseconds. */
static const uint64_t duration_bounds[] = {1,   2,   5,    10,   25,   50,   100,
                                           250, 500, 1000, 2500, 5000, 10000};

#define FAMILY(n, h, t, l)          \
    (&(struct metrics_description){ \
        .name = (n), .help = (h), .type = (t), .labels = (l), .label_count = ARRAY_SIZE(l)})

#define PLAIN(member) offsetof(struct proxy_metrics, member)

/* Those without labels. */
static const struct plain {
    size_t offset; /* of the series, in struct proxy_metrics */
    const char *name;
    const char *help;
    enum metrics_type type;
} plains[] = {
    {PLAIN(second_tries), "otemon_second_tries_total", "Requests that were sent once more.",
     METRICS_COUNTER},
    {PLAIN(upstream_connects), "otemon_upstream_connects_total",
     "Connections to back ends that were begun.", METRICS_COUNTER},
    {PLAIN(upstream_failures), "otemon_upstream_connect_failures_total",
     "Connections to back ends that did not come about.", METRICS_COUNTER},
    {PLAIN(upstream_reuses), "otemon_upstream_reuses_total",
     "Requests that took a pooled connection.", METRICS_COUNTER},
    {PLAIN(upstream_open), "otemon_upstream_connections_open",
     "Connections to back ends, busy and idle.", METRICS_GAUGE},
    {PLAIN(upstream_idle), "otemon_upstream_connections_idle", "Connections to back ends in pools.",
     METRICS_GAUGE},
    {PLAIN(endpoints), "otemon_upstream_endpoints", "Endpoints known, summed over the workers.",
     METRICS_GAUGE},
    {PLAIN(views), "otemon_worker_states",
     "Configurations that workers serve or still finish requests of.", METRICS_GAUGE},
    {PLAIN(requests_open), "otemon_requests_open", "Requests under way, each with an arena.",
     METRICS_GAUGE},
    {PLAIN(blocks), "otemon_buffers", "Buffers of connections that wait.", METRICS_GAUGE},
    {PLAIN(lines_dropped), "otemon_access_log_lines_dropped_total",
     "Access log lines that found the writer behind.", METRICS_COUNTER},
    {PLAIN(mirrors), "otemon_mirrors_total", "Requests of which a mirror was to get a copy.",
     METRICS_COUNTER},
    {PLAIN(mirrors_lost), "otemon_mirrors_lost_total",
     "Copies that a mirror did not get whole, or not answer.", METRICS_COUNTER},
    {PLAIN(names), "otemon_dns_names", "Names of back ends that are kept resolved.", METRICS_GAUGE},
    {PLAIN(name_queries), "otemon_dns_queries_total", "Questions for the addresses of a name.",
     METRICS_COUNTER},
    {PLAIN(name_failures), "otemon_dns_failures_total", "Questions that brought no address.",
     METRICS_COUNTER},
    {PLAIN(name_changes), "otemon_dns_changes_total", "Answers with other addresses than before.",
     METRICS_COUNTER},
};
_Static_assert(ARRAY_SIZE(plains) == PROXY__PLAIN_METRICS, "each has its family");

static struct metrics_series **plain_series(struct proxy_metrics *metrics, size_t index)
{
    return (struct metrics_series **)(void *)((char *)metrics + plains[index].offset);
}

static void plains_open(struct proxy_metrics *metrics)
{
    for (size_t i = 0; i < ARRAY_SIZE(plains); i++) {
        const struct metrics_description description = {
            .name = plains[i].name, .help = plains[i].help, .type = plains[i].type};
        metrics->families[i] = metrics_family_new(metrics->registry, &description);
        *plain_series(metrics, i) = metrics_series_open(metrics->families[i], NULL);
    }
}

static void families_make(struct proxy_metrics *metrics)
{
    struct metrics *registry = metrics->registry;
    metrics->connections_open = metrics_family_new(
        registry, FAMILY("otemon_connections_open", "Client connections that are open now.",
                         METRICS_GAUGE, by_listener));
    metrics->connections = metrics_family_new(
        registry, FAMILY("otemon_connections_total", "Client connections that were accepted.",
                         METRICS_COUNTER, by_listener));
    metrics->requests = metrics_family_new(
        registry, FAMILY("otemon_requests_total",
                         "Requests by class of status; none: the client went without an answer.",
                         METRICS_COUNTER, by_class));
    metrics->bytes_received = metrics_family_new(registry, FAMILY("otemon_request_body_bytes_total",
                                                                  "Bytes of request bodies.",
                                                                  METRICS_COUNTER, by_listener));
    metrics->bytes_sent = metrics_family_new(registry, FAMILY("otemon_response_body_bytes_total",
                                                              "Bytes of response bodies.",
                                                              METRICS_COUNTER, by_listener));
    metrics->handshakes = metrics_family_new(registry, FAMILY("otemon_tls_handshakes_total",
                                                              "TLS handshakes by result.",
                                                              METRICS_COUNTER, by_result));
    struct metrics_description duration = {
        .name = "otemon_request_duration_seconds",
        .help = "From the complete head of a request to the last byte of its answer.",
        .type = METRICS_HISTOGRAM,
        .labels = by_listener,
        .label_count = ARRAY_SIZE(by_listener),
        .bounds = duration_bounds,
        .bound_count = ARRAY_SIZE(duration_bounds),
        .divisor = 1000,
    };
    metrics->duration = metrics_family_new(registry, &duration);
}

static uint64_t read_snapshots(void *arg)
{
    (void)arg; /* of the whole process */
    return model_snapshots_alive();
}

static uint64_t read_resources(void *arg)
{
    (void)arg;
    return model_resources_alive();
}

static uint64_t read_states(void *arg)
{
    (void)arg;
    return subscribe_states_alive();
}

static uint64_t read_regex_exceeded(void *arg)
{
    (void)arg;
    return regex_exceeded();
}

static void process_gauges_make(struct metrics *registry)
{
    metrics_gauge_new(registry, "otemon_snapshots", "Snapshots in memory.", read_snapshots, NULL);
    metrics_gauge_new(registry, "otemon_resources", "Resources of snapshots in memory.",
                      read_resources, NULL);
    metrics_gauge_new(registry, "otemon_states", "Staged states in memory.", read_states, NULL);
    metrics_gauge_new(registry, "otemon_regex_exceeded",
                      "Matches of regular expressions that were given up.", read_regex_exceeded,
                      NULL);
}

struct proxy_metrics *proxy_metrics_new(struct metrics *registry)
{
    struct proxy_metrics *metrics = MEM_NEW(struct proxy_metrics);
    metrics->registry = registry;
    families_make(metrics);
    process_gauges_make(registry);
    plains_open(metrics);
    return metrics;
}

struct proxy_metrics *proxy_metrics_free(struct proxy_metrics *metrics)
{
    if (metrics == NULL)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(plains); i++) {
        struct metrics_series **series = plain_series(metrics, i);
        *series = metrics_series_close(metrics->families[i], *series);
    }
    return mem_free(metrics);
}

void proxy__series_open(struct proxy_metrics *metrics, struct str listener,
                        struct proxy__series *series)
{
    static const struct str classes[] = {STR_INIT("none"), STR_INIT("1xx"), STR_INIT("2xx"),
                                         STR_INIT("3xx"),  STR_INIT("4xx"), STR_INIT("5xx")};
    series->connections_open = metrics_series_open(metrics->connections_open, &listener);
    series->connections = metrics_series_open(metrics->connections, &listener);
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
        series->requests[i] = metrics_series_open(metrics->requests,
                                                  (struct str[]){listener, classes[i]});
    series->duration = metrics_series_open(metrics->duration, &listener);
    series->bytes_received = metrics_series_open(metrics->bytes_received, &listener);
    series->bytes_sent = metrics_series_open(metrics->bytes_sent, &listener);
    series->handshakes = metrics_series_open(metrics->handshakes,
                                             (struct str[]){listener, STR("ok")});
    series->handshake_failures = metrics_series_open(metrics->handshakes,
                                                     (struct str[]){listener, STR("failed")});
}

void proxy__series_close(struct proxy_metrics *metrics, struct proxy__series *series)
{
    series->connections_open = metrics_series_close(metrics->connections_open,
                                                    series->connections_open);
    series->connections = metrics_series_close(metrics->connections, series->connections);
    for (size_t i = 0; i < ARRAY_SIZE(series->requests); i++)
        series->requests[i] = metrics_series_close(metrics->requests, series->requests[i]);
    series->duration = metrics_series_close(metrics->duration, series->duration);
    series->bytes_received = metrics_series_close(metrics->bytes_received, series->bytes_received);
    series->bytes_sent = metrics_series_close(metrics->bytes_sent, series->bytes_sent);
    series->handshakes = metrics_series_close(metrics->handshakes, series->handshakes);
    series->handshake_failures = metrics_series_close(metrics->handshakes,
                                                      series->handshake_failures);
}

/* A plain number went from `*was` to `is`; gauges go down by wrapping around. */
static void publish(struct metrics_writer *writer, const struct metrics_series *series,
                    uint64_t *was, uint64_t is)
{
    if (*was == is)
        return;
    metrics_add(writer, series, is - *was);
    *was = is;
}

void proxy__worker_publish(struct proxy__worker *worker)
{
    struct proxy_metrics *metrics = worker->proxy->metrics;
    const struct upstream_counts *counts = upstream_counts(worker->upstream);
    struct proxy__published *was = &worker->published;
    struct metrics_writer *writer = worker->metrics;
    publish(writer, metrics->upstream_connects, &was->connects, counts->connects);
    publish(writer, metrics->upstream_failures, &was->failures, counts->connect_failures);
    publish(writer, metrics->upstream_reuses, &was->reuses, counts->reuses);
    publish(writer, metrics->upstream_open, &was->open, counts->connections);
    publish(writer, metrics->upstream_idle, &was->idle, counts->idle);
    publish(writer, metrics->endpoints, &was->endpoints, counts->endpoints);
    publish(writer, metrics->views, &was->views, counts->sets);
    publish(writer, metrics->requests_open, &was->requests, worker->request_count);
    publish(writer, metrics->blocks, &was->blocks, worker->block_count);
    publish(writer, metrics->second_tries, &was->second_tries, worker->second_tries);
    publish(writer, metrics->mirrors, &was->mirrors, worker->mirrors_begun);
    publish(writer, metrics->mirrors_lost, &was->mirrors_lost, worker->mirrors_lost);
    publish(writer, metrics->lines_dropped, &was->lines_dropped, worker->lines_dropped);
}

void proxy__names_publish(struct proxy *proxy)
{
    struct proxy_metrics *metrics = proxy->metrics;
    struct metrics_writer *writer = metrics_writer(metrics->registry, proxy->main_writer);
    struct resolve_counts is = resolve_counts(proxy->resolve);
    struct resolve_counts *was = &proxy->names_published;
    publish(writer, metrics->names, &was->names, is.names);
    publish(writer, metrics->name_queries, &was->queries, is.queries);
    publish(writer, metrics->name_failures, &was->failures, is.failures);
    publish(writer, metrics->name_changes, &was->changes, is.changes);
}
