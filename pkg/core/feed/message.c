#include "core/feed/message.h"

static const struct str types[] = {
    [FEED__HELLO] = STR_INIT("hello"),
    [FEED__WELCOME] = STR_INIT("welcome"),
    [FEED__TRANSACTION] = STR_INIT("transaction"),
    [FEED__ACKNOWLEDGE] = STR_INIT("acknowledge"),
    [FEED__REFUSE] = STR_INIT("refuse"),
};

/* The texts of each type, in the order in which they are written. */
struct member {
    struct str name;
    size_t offset;
    unsigned types; /* a bit for each */
};

#define BIT(type) (1U << (unsigned)(type))
#define TEXT(field, bits)                                             \
    {                                                                 \
        STR_INIT(#field), offsetof(struct feed__message, field), bits \
    }

static const struct member members[] = {
    TEXT(have, BIT(FEED__HELLO)),      TEXT(reason, BIT(FEED__REFUSE)),
    TEXT(resource, BIT(FEED__REFUSE)), TEXT(result, BIT(FEED__ACKNOWLEDGE) | BIT(FEED__REFUSE)),
    TEXT(token, BIT(FEED__HELLO)),
};

static enum err refuse(struct err_info *reterr, const char *why)
{
    return err_set(reterr, ERR_PROTOCOL, "%s", why);
}

static bool type_find(struct str name, enum feed__type *ret_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (str_equal(name, types[i])) {
            *ret_type = (enum feed__type)i;
            return true;
        }
    }
    return false;
}

static enum err texts_read(const struct jv *object, struct feed__message *message,
                           struct err_info *reterr)
{
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if ((members[i].types & BIT(message->type)) == 0)
            continue;
        const struct jv *value = jv_get(object, members[i].name);
        if (value == NULL || value->type != JV_STRING)
            return err_set(reterr, ERR_PROTOCOL, "\"%.*s\" is missing or no text",
                           STR_ARG(members[i].name));
        struct str *text = (void *)((char *)message + members[i].offset);
        *text = value->text;
    }
    return ERR_OK;
}

enum err feed__message_read(struct arena *arena, struct str text, size_t values_max,
                            struct feed__message *ret_message, struct err_info *reterr)
{
    const struct jv *object = NULL;
    enum err err = jv_parse(arena, text, values_max, &object, reterr);
    if (err != ERR_OK)
        return err == ERR_LIMIT ? err : ERR_PROTOCOL;
    struct feed__message message = {.type = FEED__HELLO};
    uint64_t version = 0;
    if (!type_find(jv_text(jv_get(object, STR("type"))), &message.type))
        return refuse(reterr, "the type of the message is not known");
    if (message.type == FEED__HELLO &&
        (!jv_u64(jv_get(object, STR("version")), UINT32_MAX, &version) || version != FEED_VERSION))
        return refuse(reterr, "another version of the stream is spoken: operator and proxies have "
                              "to be of one release");
    err = texts_read(object, &message, reterr);
    if (err != ERR_OK)
        return err;
    message.transaction = jv_get(object, STR("transaction"));
    if (message.type == FEED__TRANSACTION && message.transaction == NULL)
        return refuse(reterr, "\"transaction\" is missing");
    *ret_message = message;
    return ERR_OK;
}

void feed__message_print(const struct feed__message *message, struct str transaction,
                         struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        if ((members[i].types & BIT(message->type)) == 0)
            continue;
        const void *text = (const char *)message + members[i].offset;
        jv_write_member_string(&writer, members[i].name, *(const struct str *)text);
    }
    if (message->type == FEED__TRANSACTION) {
        jv_write_key(&writer, STR("transaction"));
        jv_write_canonical(&writer, transaction);
    }
    jv_write_member_string(&writer, STR("type"), types[message->type]);
    if (message->type == FEED__HELLO)
        jv_write_member_u64(&writer, STR("version"), FEED_VERSION);
    jv_write_end(&writer);
}
