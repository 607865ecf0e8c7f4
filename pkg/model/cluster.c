#include "model/resource.h"

const struct model_resource *model_cluster_new(const struct model_cluster *content)
{
    struct arena *arena;
    struct model__draft *draft = model__draft_new(MODEL_CLUSTER, content->name, &arena);
    struct model_cluster *copy = ARENA_NEW(arena, struct model_cluster);
    *copy = (struct model_cluster){
        .name = str_dup(arena, content->name),
        .service = str_dup(arena, content->service),
        .endpoint_set = str_dup(arena, content->endpoint_set),
        .connect_timeout_ms = content->connect_timeout_ms,
    };
    return model__draft_freeze(draft, copy);
}

void model__cluster_write(struct jv_writer *writer, const struct model_cluster *cluster)
{
    jv_write_object(writer);
    jv_write_member_u64(writer, STR("connectTimeoutMs"), cluster->connect_timeout_ms);
    jv_write_member_string(writer, STR("endpointSet"), cluster->endpoint_set);
    jv_write_member_string(writer, STR("kind"), str_of(model_kind_name(MODEL_CLUSTER)));
    jv_write_member_string(writer, STR("name"), cluster->name);
    jv_write_member_string(writer, STR("service"), cluster->service);
    jv_write_end(writer);
}
