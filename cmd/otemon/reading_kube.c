/* Reading a cluster once: the operator's source, until everything was listed. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/kube/kube.h"
#include "control/source/kube_source/kube_source.h"
#include "core/base/arena.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"
#include "otemon/reading.h"

struct visit {
    struct reading *reading;
    struct loop *loop;
    struct kube_config *config;
    struct kube *kube;
    struct kube_source *source;
    struct loop_alarm *alarm;
    enum err err;
    struct err_info reason;
};

/* Nobody waits here for what comes back: the first thing that cannot be read ends it. */
static void on_kind(void *arg, const struct kube_source_kind *kind)
{
    struct visit *visit = arg;
    if (kind->state != KUBE_WATCH_FAILING || visit->err != ERR_OK)
        return;
    visit->err = err_set(&visit->reason, ERR_UNAVAILABLE, "%.*s: %s", STR_ARG(kind->name),
                         kind->message);
    loop_stop(visit->loop);
}

static void on_late(void *arg)
{
    struct visit *visit = arg;
    visit->err = err_set(&visit->reason, ERR_TIMEOUT,
                         "the cluster did not list everything within %u seconds",
                         READING_TIMEOUT_MS / 1000);
    loop_stop(visit->loop);
}

static const char *default_path(struct arena *arena)
{
    const char *named = getenv("KUBECONFIG");
    const char *home = getenv("HOME");
    if (named != NULL && named[0] != '\0')
        return named;
    if (home == NULL)
        return NULL;
    const char *path = str_format(arena, "%s/.kube/config", home).data;
    return access(path, R_OK) == 0 || errno != ENOENT ? path : NULL;
}

static enum err open_config(struct visit *visit, const struct reading_cluster *cluster)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    bool is_named = cluster->kubeconfig.size > 0;
    const char *path = is_named ? cluster->kubeconfig.data : default_path(arena);
    if (path == NULL && cluster->context.size == 0)
        return kube_config_in_cluster(KUBE_POD_DIRECTORY, &visit->config, &visit->reason);
    if (path == NULL)
        return err_set(&visit->reason, ERR_NOT_FOUND, "there is no kubeconfig with a context");
    return kube_config_read(path, cluster->context, &visit->config, &visit->reason);
}

static enum err visit_run(struct visit *visit, const struct reading_cluster *cluster)
{
    const struct source_events events = reading_events(visit->reading);
    enum err e = open_config(visit, cluster);
    if (e == ERR_OK)
        e = kube_open(visit->loop, visit->config, &visit->kube, &visit->reason);
    if (e != ERR_OK)
        return e;
    const struct kube_source_options options = {
        .loop = visit->loop,
        .kube = visit->kube,
        .system_namespace = cluster->system_namespace,
        .events = &events,
        .kind = on_kind,
        .arg = visit,
    };
    visit->source = kube_source_open(&options);
    loop_alarm_set(visit->alarm, READING_TIMEOUT_MS);
    loop_run(visit->loop);
    return visit->err;
}

/* Of the kinds that a gateway cannot do without. */
static void report_missing(const struct visit *visit)
{
    const struct source_events events = reading_events(visit->reading);
    CLEANUP(finding_list_free) struct finding_list *findings = finding_list_new();
    for (size_t i = 0; i < kube_source_kind_count(visit->source); i++) {
        struct kube_source_kind kind = kube_source_kind(visit->source, i);
        const struct finding_subject subject = {.kind = kind.name};
        if (kind.state == KUBE_WATCH_ABSENT && kind.message[0] != '\0')
            finding_add(findings, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
                        "%s", kind.message);
    }
    events.report(events.arg, STR("kinds of the cluster"), findings);
}

enum err reading_kube(struct reading *reading, const struct reading_cluster *cluster,
                      struct err_info *reterr)
{
    struct visit visit = {.reading = reading, .loop = loop_new()};
    visit.alarm = loop_alarm_open(visit.loop, on_late, &visit);
    reading->is_cluster = true;
    reading->loop = visit.loop;
    enum err e = visit_run(&visit, cluster);
    if (e == ERR_OK)
        report_missing(&visit);
    else if (reterr != NULL)
        *reterr = visit.reason;
    visit.alarm = loop_alarm_close(visit.alarm);
    visit.source = kube_source_close(visit.source);
    visit.kube = kube_close(visit.kube);
    visit.config = kube_config_free(visit.config);
    reading->loop = loop_free(visit.loop);
    return e;
}
