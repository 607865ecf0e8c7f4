/* Transactions as they travel: {"base":…,"puts":[…],"removals":[…],"result":…}. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "model/resource.h"
#include "model/shape.h"
#include "model/transaction.h"

static const struct model_resource *resource_new(enum model_kind kind, const void *content)
{
    switch (kind) {
    case MODEL_LISTENER: return model_listener_new(content);
    case MODEL_VIRTUAL_HOST: return model_virtual_host_new(content);
    case MODEL_ROUTE: return model_route_new(content);
    case MODEL_CLUSTER: return model_cluster_new(content);
    case MODEL_ENDPOINT_SET: return model_endpoint_set_new(content);
    case MODEL_SECRET: return model_secret_new(content);
    case MODEL_UPSTREAM_TLS: return model_upstream_tls_new(content);
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
    void *content = arena_alloc(arena, 1, model__shapes[kind].size);
    enum err err = model__read(arena, object, &model__shapes[kind], content, reterr);
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
    MODEL__MEMBER(wire_removal, kind, "kind", CHOICE, .choices = model__kind_names),
    MODEL__MEMBER(wire_removal, name, "name", TEXT, .optional = false),
};
static const struct model__shape removal = MODEL__SHAPE(wire_removal, removal_members);

static const struct model__member transaction_members[] = {
    MODEL__MEMBER(wire_transaction, base, "base", TEXT, .optional = false),
    {.name = "puts", .type = MODEL__OTHER}, /* resources are read by their kinds */
    MODEL__LISTED(wire_transaction, removals, removal_count, "removals", removal,
                  .optional = false),
    MODEL__MEMBER(wire_transaction, result, "result", TEXT, .optional = false),
};
static const struct model__shape transaction_shape = MODEL__SHAPE(wire_transaction,
                                                                  transaction_members);

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
