#include <stdlib.h>

#include "core/base/assert.h"
#include "model/resource.h"

static int compare_backends(const void *a, const void *b)
{
    const struct model_backend *left = a;
    const struct model_backend *right = b;
    int order = str_compare(left->cluster, right->cluster);
    if (order != 0)
        return order;
    return left->weight < right->weight ? -1 : left->weight > right->weight;
}

/* Back ends are drawn by weight, so their order says nothing: it is made one. */
static const struct model_backend *copy_backends(struct arena *arena,
                                                 const struct model_backend *backends, size_t count)
{
    struct model_backend *copy = ARENA_NEW_ARRAY(arena, struct model_backend, count);
    for (size_t i = 0; i < count; i++) {
        copy[i].cluster = str_dup(arena, backends[i].cluster);
        copy[i].weight = backends[i].weight;
    }
    if (count > 0)
        qsort(copy, count, sizeof(*copy), compare_backends);
    return copy;
}

/* Only what the action uses is kept, so that equal behaviour is equal content. */
static struct model_rule copy_rule(struct arena *arena, struct str route,
                                   const struct model_rule *rule)
{
    struct model_rule copy = {
        .route = route,
        .index = rule->index,
        .path_match = rule->path_match,
        .path = str_dup(arena, rule->path),
        .action = rule->action,
    };
    switch (rule->action) {
    case MODEL_FORWARD:
        copy.request_timeout_ms = rule->request_timeout_ms;
        copy.stream_idle_timeout_ms = rule->stream_idle_timeout_ms;
        copy.backends = copy_backends(arena, rule->backends, rule->backend_count);
        copy.backend_count = rule->backend_count;
        return copy;
    case MODEL_RESPOND:
        copy.status = rule->status;
        copy.body = str_dup(arena, rule->body);
        copy.reason = str_dup(arena, rule->reason);
        return copy;
    }
    UNREACHABLE();
}

const struct model_resource *model_route_new(const struct model_route *content)
{
    struct arena *arena;
    struct model__draft *draft = model__draft_new(MODEL_ROUTE, content->name, &arena);
    struct model_route *copy = ARENA_NEW(arena, struct model_route);
    struct model_rule *rules = ARENA_NEW_ARRAY(arena, struct model_rule, content->rule_count);
    struct str route = str_dup(arena, content->route);
    for (size_t i = 0; i < content->rule_count; i++)
        rules[i] = copy_rule(arena, route, &content->rules[i]);
    *copy = (struct model_route){
        .name = str_dup(arena, content->name),
        .route = route,
        .rules = rules,
        .rule_count = content->rule_count,
    };
    return model__draft_freeze(draft, copy);
}

static void write_backends(struct jv_writer *writer, const struct model_rule *rule)
{
    jv_write_key(writer, STR("backends"));
    jv_write_array(writer);
    for (size_t i = 0; i < rule->backend_count; i++) {
        jv_write_object(writer);
        jv_write_member_string(writer, STR("cluster"), rule->backends[i].cluster);
        jv_write_member_u64(writer, STR("weight"), rule->backends[i].weight);
        jv_write_end(writer);
    }
    jv_write_end(writer);
}

const char *const model__path_match_names[] = {
    [MODEL_PATH_EXACT] = "exact",
    [MODEL_PATH_PREFIX] = "prefix",
    NULL,
};

const char *const model__action_names[] = {
    [MODEL_FORWARD] = "forward",
    [MODEL_RESPOND] = "respond",
    NULL,
};

static void write_rule(struct jv_writer *writer, const struct model_rule *rule)
{
    bool forwards = rule->action == MODEL_FORWARD;
    jv_write_object(writer);
    jv_write_member_string(writer, STR("action"), str_of(model__action_names[rule->action]));
    if (forwards)
        write_backends(writer, rule);
    else
        jv_write_member_string(writer, STR("body"), rule->body);
    jv_write_member_u64(writer, STR("index"), rule->index);
    jv_write_member_string(writer, STR("path"), rule->path);
    jv_write_member_string(writer, STR("pathMatch"),
                           str_of(model__path_match_names[rule->path_match]));
    if (forwards)
        jv_write_member_u64(writer, STR("requestTimeoutMs"), rule->request_timeout_ms);
    else
        jv_write_member_string(writer, STR("reason"), rule->reason);
    if (forwards)
        jv_write_member_u64(writer, STR("streamIdleTimeoutMs"), rule->stream_idle_timeout_ms);
    else
        jv_write_member_u64(writer, STR("status"), rule->status);
    jv_write_end(writer);
}

void model__route_write(struct jv_writer *writer, const struct model_route *route)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("kind"), str_of(model_kind_name(MODEL_ROUTE)));
    jv_write_member_string(writer, STR("name"), route->name);
    jv_write_member_string(writer, STR("route"), route->route);
    jv_write_key(writer, STR("rules"));
    jv_write_array(writer);
    for (size_t i = 0; i < route->rule_count; i++)
        write_rule(writer, &route->rules[i]);
    jv_write_end(writer);
    jv_write_end(writer);
}
