#include "otemon/reading.h"

#include "core/base/mem.h"

struct reading *reading_new(void)
{
    struct reading *reading = MEM_NEW(struct reading);
    reading->cache = cache_new();
    reading->reports = finding_book_new();
    return reading;
}

struct reading *reading_free(struct reading *reading)
{
    if (reading == NULL)
        return NULL;
    reading->cache = cache_free(reading->cache);
    reading->reports = finding_book_free(reading->reports);
    return mem_free(reading);
}

static void on_apply(void *arg, const struct api_object *object)
{
    const struct reading *reading = arg;
    cache_put(reading->cache, object);
}

static void on_remove(void *arg, const struct api_key *key)
{
    const struct reading *reading = arg;
    cache_remove(reading->cache, key);
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    const struct reading *reading = arg;
    finding_book_set(reading->reports, origin, findings);
}

static void on_settled(void *arg)
{
    const struct reading *reading = arg;
    if (reading->loop != NULL)
        loop_stop(reading->loop);
}

struct source_events reading_events(struct reading *reading)
{
    return (struct source_events){
        .apply = on_apply,
        .remove = on_remove,
        .report = on_report,
        .settled = on_settled,
        .arg = reading,
    };
}

void reading_files(struct reading *reading, struct files_paths paths)
{
    const struct source_events events = reading_events(reading);
    reading->unreadable += files_read(paths, &events);
}

void reading_values(struct reading *reading, const struct command_value *value)
{
    const char *paths[COMMAND_LIST_MAX] = {"."};
    for (size_t i = 0; i < value->list_count; i++)
        paths[i] = value->list[i].data; /* a word of the command line, so it is terminated */
    reading_files(reading, (struct files_paths){paths, MAX(value->list_count, 1)});
}

/* Words that contradict each other; false: they are fine. */
static bool contradict(const struct command_value *values, struct err_info *reterr)
{
    bool is_kube = values[READING_FLAG_KUBE].on;
    bool has_paths = values[READING_FLAG_PATHS].given;
    bool has_cluster = values[READING_FLAG_KUBECONFIG].given ||
                       values[READING_FLAG_CONTEXT].given ||
                       values[READING_FLAG_SYSTEM_NAMESPACE].given ||
                       values[READING_FLAG_GATEWAY_NAMESPACES].given;
    enum err e = ERR_OK;
    if (is_kube && has_paths)
        e = err_set(reterr, ERR_INVALID, "reads a cluster, and paths are given: choose one");
    if (!is_kube && has_cluster)
        e = err_set(reterr, ERR_INVALID, "is missing, and what it needs is given");
    err_prefix(reterr, STR("--kube"));
    return e != ERR_OK;
}

int reading_from(struct reading *reading, const char *program, const struct command_value *values)
{
    struct str namespaces = values[READING_FLAG_GATEWAY_NAMESPACES].text;
    if (!command_names_cut(namespaces, &reading->gateway_namespaces))
        return command_wrong(program, "gateway-namespaces", namespaces,
                             "a list of at most 256 namespaces");
    const struct reading_cluster cluster = {
        .kubeconfig = values[READING_FLAG_KUBECONFIG].text,
        .context = values[READING_FLAG_CONTEXT].text,
        .system_namespace = values[READING_FLAG_SYSTEM_NAMESPACE].text,
    };
    struct err_info reason = {0};
    enum err e = contradict(values, &reason) ? ERR_INVALID : ERR_OK;
    if (e == ERR_OK && values[READING_FLAG_KUBE].on)
        e = reading_kube(reading, &cluster, &reason);
    else if (e == ERR_OK)
        reading_values(reading, &values[READING_FLAG_PATHS]);
    if (e == ERR_OK)
        return EXIT_DONE;
    (void)command_failed(program, &reason); /* the status is another: nothing can be said */
    return EXIT_USAGE;
}
