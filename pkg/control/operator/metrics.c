#include "core/metrics/metrics.h"

#include "control/operator/parts.h"

static uint64_t read_proxies(void *arg)
{
    const struct operator_handle *op = arg;
    return op->stream == NULL ? 0 : stream_connected(op->stream);
}

static uint64_t read_groups(void *arg)
{
    const struct operator_handle *op = arg;
    return map_count(op->groups.by_key);
}

static uint64_t read_passes(void *arg)
{
    const struct operator_handle *op = arg;
    return op->groups.passes;
}

static uint64_t read_drafts(void *arg)
{
    const struct operator_handle *op = arg;
    return operator__groups_counts(&op->groups).drafts;
}

static uint64_t read_routes(void *arg)
{
    const struct operator_handle *op = arg;
    return operator__groups_counts(&op->groups).routes;
}

static uint64_t read_writes(void *arg)
{
    const struct operator_handle *op = arg;
    return op->writes;
}

static uint64_t read_write_failures(void *arg)
{
    const struct operator_handle *op = arg;
    return op->write_failures;
}

static uint64_t read_pending(void *arg)
{
    const struct operator_handle *op = arg;
    return apply_pending(op->apply);
}

static uint64_t read_refused(void *arg)
{
    const struct operator_handle *op = arg;
    return op->reviews.refused;
}

static uint64_t read_watch_requests(void *arg)
{
    const struct operator_handle *op = arg;
    return kube_watch_requests(op->options.kube);
}

static uint64_t read_objects(void *arg)
{
    (void)arg; /* of this process */
    return api_objects_alive();
}

static uint64_t read_snapshots(void *arg)
{
    (void)arg; /* of this process */
    return model_snapshots_alive();
}

void operator__metrics_open(struct operator_handle *op)
{
    static const struct {
        const char *name;
        const char *help;
        metrics_read_fn read;
    } gauges[] = {
        {"otemon_operator_proxies", "Proxies that are connected.", read_proxies},
        {"otemon_operator_groups", "Groups of gateway pods that serve the same.", read_groups},
        {"otemon_operator_passes", "Passes over the cache since the start.", read_passes},
        {"otemon_operator_compiles", "Compiles of routes since the start.", read_drafts},
        {"otemon_operator_routes_compiled", "Routes that were compiled rather than remembered.",
         read_routes},
        {"otemon_operator_writes", "Documents that were sent to the API server.", read_writes},
        {"otemon_operator_write_failures", "Documents that it did not take.", read_write_failures},
        {"otemon_operator_writes_pending", "Documents that it does not have yet.", read_pending},
        {"otemon_operator_tokens_refused", "Tokens of proxies that were no good.", read_refused},
        {"otemon_operator_watch_requests", "Lists and watches that were begun.",
         read_watch_requests},
        {"otemon_operator_objects", "Objects of the cluster that are held.", read_objects},
        {"otemon_operator_snapshots", "Snapshots that are held.", read_snapshots},
    };
    for (size_t i = 0; i < ARRAY_SIZE(gauges); i++)
        metrics_gauge_new(op->options.metrics, gauges[i].name, gauges[i].help, gauges[i].read, op);
}
