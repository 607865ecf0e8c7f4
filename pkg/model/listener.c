#include <stdlib.h>

#include "model/resource.h"

static int compare_chains(const void *a, const void *b)
{
    const struct model_chain *left = a;
    const struct model_chain *right = b;
    return str_compare(left->hostname, right->hostname);
}

/* Chains are found by name, so their order says nothing: it is made one. */
static const struct model_chain *copy_chains(struct arena *arena, const struct model_chain *chains,
                                             size_t count)
{
    struct model_chain *copy = ARENA_NEW_ARRAY(arena, struct model_chain, count);
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct model_chain){
            .hostname = str_dup(arena, chains[i].hostname),
            .secrets = model__names_sorted(arena, chains[i].secrets),
            .virtual_hosts = model__names_sorted(arena, chains[i].virtual_hosts),
        };
    }
    if (count > 0)
        qsort(copy, count, sizeof(*copy), compare_chains);
    return copy;
}

const struct model_resource *model_listener_new(const struct model_listener *content)
{
    struct arena *arena;
    struct model__draft *draft = model__draft_new(MODEL_LISTENER, content->name, &arena);
    struct model_listener *copy = ARENA_NEW(arena, struct model_listener);
    *copy = *content;
    copy->name = str_dup(arena, content->name);
    copy->gateway = str_dup(arena, content->gateway);
    copy->address = str_dup(arena, content->address);
    copy->chains = copy_chains(arena, content->chains, content->chain_count);
    return model__draft_freeze(draft, copy);
}

const char *const model__protocol_names[] = {
    [MODEL_HTTP] = "HTTP",
    [MODEL_HTTPS] = "HTTPS",
    NULL,
};

static void write_chain(struct jv_writer *writer, const struct model_chain *chain)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("hostname"), chain->hostname);
    model__write_names(writer, STR("secrets"), chain->secrets);
    model__write_names(writer, STR("virtualHosts"), chain->virtual_hosts);
    jv_write_end(writer);
}

void model__listener_write(struct jv_writer *writer, const struct model_listener *listener)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("address"), listener->address);
    jv_write_key(writer, STR("chains"));
    jv_write_array(writer);
    for (size_t i = 0; i < listener->chain_count; i++)
        write_chain(writer, &listener->chains[i]);
    jv_write_end(writer);
    jv_write_member_string(writer, STR("gateway"), listener->gateway);
    jv_write_member_u64(writer, STR("headerTimeoutMs"), listener->header_timeout_ms);
    jv_write_member_u64(writer, STR("idleTimeoutMs"), listener->idle_timeout_ms);
    jv_write_member_string(writer, STR("kind"), str_of(model_kind_name(MODEL_LISTENER)));
    jv_write_member_string(writer, STR("name"), listener->name);
    jv_write_member_u64(writer, STR("port"), listener->port);
    jv_write_member_string(writer, STR("protocol"),
                           str_of(model__protocol_names[listener->protocol]));
    jv_write_end(writer);
}
