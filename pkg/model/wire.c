/* Transactions as they travel: {"base":…,"puts":[…],"removals":[…],"result":…}. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "model/read.h"
#include "model/resource.h"
#include "model/transaction.h"

#define MEMBER(struct_, field, json, type_)                                        \
    {                                                                              \
        .name = (json), .type = (type_), .offset = offsetof(struct struct_, field) \
    }
#define OPTIONAL(struct_, field, json, type_)                                       \
    {                                                                               \
        .name = (json), .type = (type_), .offset = offsetof(struct struct_, field), \
        .optional = true                                                            \
    }
#define LIST(struct_, field, count_, json, shape_)                                      \
    {                                                                                   \
        .name = (json), .type = MODEL__LIST, .offset = offsetof(struct struct_, field), \
        .count_offset = offsetof(struct struct_, count_), .shape = &(shape_)            \
    }
#define CHOICE(struct_, field, json, choices_)                                            \
    {                                                                                     \
        .name = (json), .type = MODEL__CHOICE, .offset = offsetof(struct struct_, field), \
        .choices = (choices_)                                                             \
    }
#define KIND                                \
    {                                       \
        .name = "kind", .type = MODEL__KIND \
    }
#define SHAPE(struct_, members_)                                                             \
    {                                                                                        \
        .members = (members_), .count = ARRAY_SIZE(members_), .size = sizeof(struct struct_) \
    }

static const struct model__member chain_members[] = {
    MEMBER(model_chain, hostname, "hostname", MODEL__TEXT),
    MEMBER(model_chain, secrets, "secrets", MODEL__NAMES),
    MEMBER(model_chain, virtual_hosts, "virtualHosts", MODEL__NAMES),
};
static const struct model__shape chain_shape = SHAPE(model_chain, chain_members);

static const struct model__member listener_members[] = {
    KIND,
    MEMBER(model_listener, name, "name", MODEL__TEXT),
    MEMBER(model_listener, gateway, "gateway", MODEL__TEXT),
    MEMBER(model_listener, address, "address", MODEL__TEXT),
    MEMBER(model_listener, port, "port", MODEL__U16),
    CHOICE(model_listener, protocol, "protocol", model__protocol_names),
    MEMBER(model_listener, header_timeout_ms, "headerTimeoutMs", MODEL__U32),
    MEMBER(model_listener, idle_timeout_ms, "idleTimeoutMs", MODEL__U32),
    LIST(model_listener, chains, chain_count, "chains", chain_shape),
};

static const struct model__member virtual_host_members[] = {
    KIND,
    MEMBER(model_virtual_host, name, "name", MODEL__TEXT),
    MEMBER(model_virtual_host, domain, "domain", MODEL__TEXT),
    MEMBER(model_virtual_host, routes, "routes", MODEL__NAMES),
};

static const struct model__member backend_members[] = {
    MEMBER(model_backend, cluster, "cluster", MODEL__TEXT),
    MEMBER(model_backend, weight, "weight", MODEL__U32),
};
static const struct model__shape backend_shape = SHAPE(model_backend, backend_members);

/* Which of the optional ones are there, the action says: others are dropped, which shows in the
 * digest. */
static const struct model__member rule_members[] = {
    MEMBER(model_rule, index, "index", MODEL__U32),
    CHOICE(model_rule, path_match, "pathMatch", model__path_match_names),
    MEMBER(model_rule, path, "path", MODEL__TEXT),
    CHOICE(model_rule, action, "action", model__action_names),
    OPTIONAL(model_rule, request_timeout_ms, "requestTimeoutMs", MODEL__U32),
    OPTIONAL(model_rule, stream_idle_timeout_ms, "streamIdleTimeoutMs", MODEL__U32),
    {.name = "backends",
     .type = MODEL__LIST,
     .offset = offsetof(struct model_rule, backends),
     .count_offset = offsetof(struct model_rule, backend_count),
     .shape = &backend_shape,
     .optional = true},
    OPTIONAL(model_rule, status, "status", MODEL__U16),
    OPTIONAL(model_rule, body, "body", MODEL__TEXT),
    OPTIONAL(model_rule, reason, "reason", MODEL__TEXT),
};
static const struct model__shape rule_shape = SHAPE(model_rule, rule_members);

static const struct model__member route_members[] = {
    KIND,
    MEMBER(model_route, name, "name", MODEL__TEXT),
    MEMBER(model_route, route, "route", MODEL__TEXT),
    LIST(model_route, rules, rule_count, "rules", rule_shape),
};

static const struct model__member cluster_members[] = {
    KIND,
    MEMBER(model_cluster, name, "name", MODEL__TEXT),
    MEMBER(model_cluster, service, "service", MODEL__TEXT),
    MEMBER(model_cluster, endpoint_set, "endpointSet", MODEL__TEXT),
    MEMBER(model_cluster, connect_timeout_ms, "connectTimeoutMs", MODEL__U32),
};

static const struct model__member endpoint_members[] = {
    MEMBER(model_endpoint, address, "address", MODEL__TEXT),
    MEMBER(model_endpoint, port, "port", MODEL__U16),
};
static const struct model__shape endpoint_shape = SHAPE(model_endpoint, endpoint_members);

static const struct model__member endpoint_set_members[] = {
    KIND,
    MEMBER(model_endpoint_set, name, "name", MODEL__TEXT),
    LIST(model_endpoint_set, endpoints, endpoint_count, "endpoints", endpoint_shape),
};

static const struct model__member secret_members[] = {
    KIND,
    MEMBER(model_secret, name, "name", MODEL__TEXT),
    MEMBER(model_secret, certificates_pem, "certificatesPem", MODEL__TEXT),
    MEMBER(model_secret, key_pem, "keyPem", MODEL__TEXT),
    MEMBER(model_secret, key_type, "keyType", MODEL__TEXT),
    MEMBER(model_secret, fingerprint, "fingerprint", MODEL__TEXT),
    MEMBER(model_secret, dns_names, "dnsNames", MODEL__NAMES),
    MEMBER(model_secret, not_before_ms, "notBeforeMs", MODEL__U64),
    MEMBER(model_secret, not_after_ms, "notAfterMs", MODEL__U64),
};

static const struct model__shape shapes[MODEL_KINDS] = {
    [MODEL_LISTENER] = SHAPE(model_listener, listener_members),
    [MODEL_VIRTUAL_HOST] = SHAPE(model_virtual_host, virtual_host_members),
    [MODEL_ROUTE] = SHAPE(model_route, route_members),
    [MODEL_CLUSTER] = SHAPE(model_cluster, cluster_members),
    [MODEL_ENDPOINT_SET] = SHAPE(model_endpoint_set, endpoint_set_members),
    [MODEL_SECRET] = SHAPE(model_secret, secret_members),
};

static const struct model_resource *resource_new(enum model_kind kind, const void *content)
{
    switch (kind) {
    case MODEL_LISTENER: return model_listener_new(content);
    case MODEL_VIRTUAL_HOST: return model_virtual_host_new(content);
    case MODEL_ROUTE: return model_route_new(content);
    case MODEL_CLUSTER: return model_cluster_new(content);
    case MODEL_ENDPOINT_SET: return model_endpoint_set_new(content);
    case MODEL_SECRET: return model_secret_new(content);
    }
    UNREACHABLE();
}

MUST_USE static bool kind_parse(struct str text, enum model_kind *ret_kind)
{
    for (enum model_kind kind = 0; kind < MODEL_KINDS; kind++) {
        if (str_equal(text, str_of(model__kind_names[kind]))) {
            *ret_kind = kind;
            return true;
        }
    }
    return false;
}

/* Says which resource an error is about: its kind and name, as far as they can be read. */
static void blame(const struct jv *object, struct err_info *reterr)
{
    struct buf text;
    buf_init(&text, ERR_PATH_MAX);
    buf_printf(&text, "%.*s %.*s", STR_ARG(str_first(jv_text(jv_get(object, STR("kind"))), 32)),
               STR_ARG(str_first(jv_text(jv_get(object, STR("name"))), 128)));
    err_prefix(reterr, buf_str(&text));
    buf_deinit(&text);
}

static enum err resource_read(const struct jv *object, struct arena *arena,
                              const struct model_resource **ret_resource, struct err_info *reterr)
{
    enum model_kind kind;
    if (!kind_parse(jv_text(jv_get(object, STR("kind"))), &kind))
        return err_set(reterr, ERR_INVALID, "its kind is not known");
    void *content = arena_alloc(arena, 1, shapes[kind].size);
    enum err err = model__read(arena, object, &shapes[kind], content, reterr);
    if (err == ERR_OK)
        *ret_resource = resource_new(kind, content);
    return err;
}

/* ---- Transactions ---- */

struct wire_removal {
    unsigned kind;
    struct str name;
};

struct wire_transaction {
    struct str base;
    struct str result;
    const struct wire_removal *removals;
    size_t removal_count;
};

static const struct model__member removal_members[] = {
    CHOICE(wire_removal, kind, "kind", model__kind_names),
    MEMBER(wire_removal, name, "name", MODEL__TEXT),
};
static const struct model__shape removal_shape = SHAPE(wire_removal, removal_members);

static const struct model__member transaction_members[] = {
    MEMBER(wire_transaction, base, "base", MODEL__TEXT),
    {.name = "puts", .type = MODEL__KIND}, /* resources are read by their kinds */
    LIST(wire_transaction, removals, removal_count, "removals", removal_shape),
    MEMBER(wire_transaction, result, "result", MODEL__TEXT),
};
static const struct model__shape transaction_shape = SHAPE(wire_transaction, transaction_members);

static enum err digest_read(struct str text, const char *member, struct model_digest *ret_digest,
                            struct err_info *reterr)
{
    if (model_digest_parse(text, ret_digest))
        return ERR_OK;
    enum err err = err_set(reterr, ERR_INVALID, "it is no digest");
    err_prefix(reterr, str_of(member));
    return err;
}

static enum err puts_read(const struct jv *list, struct model__transaction *box,
                          struct err_info *reterr)
{
    if (list == NULL || list->type != JV_ARRAY)
        return err_set(reterr, ERR_INVALID, "\"puts\" is no list");
    struct arena *arena = arena_new(1024);
    enum err err = ERR_OK;
    for (size_t i = 0; i < list->count && err == ERR_OK; i++) {
        const struct model_resource *resource = NULL;
        err = resource_read(list->items[i], arena, &resource, reterr);
        if (err == ERR_OK)
            model__transaction_put(box, resource);
        else
            blame(list->items[i], reterr);
        arena_clear(arena);
    }
    (void)arena_free(arena); /* always NULL */
    return err;
}

static enum err transaction_read(const struct jv *object, struct arena *arena,
                                 struct model__transaction *box, struct err_info *reterr)
{
    struct wire_transaction wire = {0};
    enum err err = model__read(arena, object, &transaction_shape, &wire, reterr);
    if (err == ERR_OK)
        err = digest_read(wire.base, "base", &box->transaction.base, reterr);
    if (err == ERR_OK)
        err = digest_read(wire.result, "result", &box->transaction.result, reterr);
    if (err == ERR_OK)
        err = puts_read(jv_get(object, STR("puts")), box, reterr);
    for (size_t i = 0; i < wire.removal_count && err == ERR_OK; i++)
        model__transaction_remove(box, (enum model_kind)wire.removals[i].kind,
                                  wire.removals[i].name);
    return err;
}

enum err model_transaction_parse(const struct jv *object,
                                 struct model_transaction **ret_transaction,
                                 struct err_info *reterr)
{
    struct model__transaction *box = model__transaction_new();
    struct arena *arena = arena_new(1024);
    enum err err = transaction_read(object, arena, box, reterr);
    (void)arena_free(arena); /* always NULL */
    struct model_transaction *transaction = model__transaction_done(box);
    if (err == ERR_OK)
        *ret_transaction = transaction;
    else
        (void)model_transaction_free(transaction); /* always NULL */
    return err;
}

static void write_digest(struct jv_writer *writer, struct str key,
                         const struct model_digest *digest)
{
    struct model__hex hex = model__digest_hex(digest);
    jv_write_member_string(writer, key, str_of(hex.text));
}

void model_transaction_print(const struct model_transaction *transaction, struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    write_digest(&writer, STR("base"), &transaction->base);
    jv_write_key(&writer, STR("puts"));
    jv_write_array(&writer);
    for (size_t i = 0; i < transaction->put_count; i++)
        model__resource_write(&writer, transaction->puts[i], false);
    jv_write_end(&writer);
    jv_write_key(&writer, STR("removals"));
    jv_write_array(&writer);
    for (size_t i = 0; i < transaction->removal_count; i++) {
        jv_write_object(&writer);
        jv_write_member_string(&writer, STR("kind"),
                               str_of(model_kind_name(transaction->removals[i].kind)));
        jv_write_member_string(&writer, STR("name"), transaction->removals[i].name);
        jv_write_end(&writer);
    }
    jv_write_end(&writer);
    write_digest(&writer, STR("result"), &transaction->result);
    jv_write_end(&writer);
}
