#include "model/resource.h"

const struct model_resource *model_virtual_host_new(const struct model_virtual_host *content)
{
    struct arena *arena;
    struct model__draft *draft = model__draft_new(MODEL_VIRTUAL_HOST, content->name, &arena);
    struct model_virtual_host *copy = ARENA_NEW(arena, struct model_virtual_host);
    *copy = (struct model_virtual_host){
        .name = str_dup(arena, content->name),
        .domain = str_dup(arena, content->domain),
        .routes = model__names_copy(arena, content->routes),
    };
    return model__draft_freeze(draft, copy);
}

void model__virtual_host_write(struct jv_writer *writer, const struct model_virtual_host *host)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("domain"), host->domain);
    jv_write_member_string(writer, STR("kind"), str_of(model_kind_name(MODEL_VIRTUAL_HOST)));
    jv_write_member_string(writer, STR("name"), host->name);
    model__write_names(writer, STR("routes"), host->routes);
    jv_write_end(writer);
}
