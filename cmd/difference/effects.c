/* What a rule does, in words. Whatever a rule may have stands here, so that no change of it goes
 * unseen. */
#include "core/base/assert.h"
#include "difference/facts.h"

#define TEXT_SIZE_MAX ((size_t)256 * 1024)

struct writer {
    const struct model_snapshot *snapshot;
    struct buf text;
    struct buf content;
};

static const struct model_cluster *cluster_of(const struct writer *writer, struct str name)
{
    return model_snapshot_get(writer->snapshot, MODEL_CLUSTER, name)->cluster;
}

static void put_service(struct writer *writer, struct str name)
{
    const struct model_cluster *cluster = cluster_of(writer, name);
    buf_append(&writer->text, cluster->service);
    buf_printf(&writer->content, "%.*s\n", STR_ARG(cluster->endpoint_set));
}

static void put_backends(struct writer *writer, const struct model_rule *rule)
{
    for (size_t i = 0; i < rule->backend_count; i++) {
        const struct model_backend *backend = &rule->backends[i];
        buf_append(&writer->text, i == 0 ? STR("to ") : STR(", "));
        if (backend->cluster.size > 0)
            put_service(writer, backend->cluster);
        else
            buf_printf(&writer->text, "nobody (%u)", backend->status);
        buf_printf(&writer->text, " with weight %u", backend->weight);
    }
    if (rule->backend_count == 0)
        buf_append(&writer->text, STR("to nobody"));
}

static void put_path(struct writer *writer, const struct model_path_change *change)
{
    switch (change->type) {
    case MODEL_PATH_KEPT: return;
    case MODEL_PATH_REPLACED:
        buf_printf(&writer->text, "; path becomes %.*s", STR_ARG(change->value));
        return;
    case MODEL_PATH_PREFIX_REPLACED:
        buf_printf(&writer->text, "; prefix becomes \"%.*s\"", STR_ARG(change->value));
        return;
    }
    UNREACHABLE();
}

static void put_headers(struct writer *writer, const char *verb, const struct model_header *headers,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(&writer->text, "; %s %.*s: %.*s", verb, STR_ARG(headers[i].name),
                   STR_ARG(headers[i].value));
}

static void put_change(struct writer *writer, const char *whose,
                       const struct model_header_change *change)
{
    if (change->remove.count + change->set_count + change->add_count == 0)
        return;
    buf_printf(&writer->text, "; %s", whose);
    for (size_t i = 0; i < change->remove.count; i++)
        buf_printf(&writer->text, "; remove %.*s", STR_ARG(change->remove.items[i]));
    put_headers(writer, "set", change->set, change->set_count);
    put_headers(writer, "add", change->add, change->add_count);
}

static void put_forward(struct writer *writer, const struct model_rule *rule)
{
    put_backends(writer, rule);
    put_path(writer, &rule->rewrite.path);
    if (rule->rewrite.host.size > 0)
        buf_printf(&writer->text, "; host becomes %.*s", STR_ARG(rule->rewrite.host));
    if (rule->rewrite.host_from_backend)
        buf_append(&writer->text, STR("; host becomes the back end's own"));
    put_change(writer, "to back ends", &rule->request_headers);
    if (rule->mirror.cluster.size > 0) {
        buf_append(&writer->text, STR("; mirror to "));
        put_service(writer, rule->mirror.cluster);
        buf_printf(&writer->text, ", %u of a million", rule->mirror.ppm);
    }
}

static void put_redirect(struct writer *writer, const struct model_redirect *redirect)
{
    buf_printf(&writer->text, "redirect %u", redirect->status);
    if (redirect->scheme.size > 0)
        buf_printf(&writer->text, "; scheme %.*s", STR_ARG(redirect->scheme));
    if (redirect->host.size > 0)
        buf_printf(&writer->text, "; host %.*s", STR_ARG(redirect->host));
    if (redirect->port > 0)
        buf_printf(&writer->text, "; port %u", redirect->port);
    put_path(writer, &redirect->path);
}

static void put_action(struct writer *writer, const struct model_rule *rule)
{
    switch (rule->action) {
    case MODEL_FORWARD: put_forward(writer, rule); return;
    case MODEL_REDIRECT: put_redirect(writer, &rule->redirect); return;
    case MODEL_RESPOND:
        buf_printf(&writer->text, "answers %u (%.*s) \"%.*s\"", rule->status, STR_ARG(rule->reason),
                   STR_ARG(rule->body));
        return;
    }
    UNREACHABLE();
}

void difference__effect(struct arena *arena, const struct model_snapshot *snapshot,
                        const struct model_rule *rule, struct difference__fact *fact)
{
    struct writer writer = {.snapshot = snapshot};
    buf_init(&writer.text, TEXT_SIZE_MAX);
    buf_init(&writer.content, TEXT_SIZE_MAX);
    put_action(&writer, rule);
    put_change(&writer, "to clients", &rule->response_headers);
    fact->value = str_dup(arena, buf_str(&writer.text));
    fact->content = str_dup(arena, buf_str(&writer.content));
    if (rule->action == MODEL_FORWARD)
        fact->detail = str_format(arena, "answered within %u ms, idle at most %u ms",
                                  rule->request_timeout_ms, rule->stream_idle_timeout_ms);
    buf_deinit(&writer.text);
    buf_deinit(&writer.content);
}
