/* TokenReview, asked and answered. */
#include "control/stream/stream.h"

#define ACCOUNT_PREFIX STR("system:serviceaccount:")

void stream_review_print(struct str token, struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("apiVersion"), STR("authentication.k8s.io/v1"));
    jv_write_member_string(&writer, STR("kind"), STR("TokenReview"));
    jv_write_key(&writer, STR("spec"));
    jv_write_object(&writer);
    jv_write_key(&writer, STR("audiences"));
    jv_write_array(&writer);
    jv_write_string(&writer, STR(STREAM_AUDIENCE));
    jv_write_end(&writer);
    jv_write_member_string(&writer, STR("token"), token);
    jv_write_end(&writer);
    jv_write_end(&writer);
}

static bool list_has(const struct jv *list, struct str text)
{
    for (size_t i = 0; i < jv_item_count(list); i++) {
        if (str_equal(jv_text(list->items[i]), text))
            return true;
    }
    return false;
}

/* Extra values are lists; ours have one. */
static struct str extra_of(const struct jv *user, struct str name)
{
    const struct jv *list = jv_get(jv_get(user, STR("extra")), name);
    if (jv_item_count(list) != 1)
        return STR_EMPTY;
    return jv_text(list->items[0]);
}

static struct str namespace_of(const struct jv *user)
{
    struct str name = jv_text(jv_get(user, STR("username")));
    if (!str_starts_with(name, ACCOUNT_PREFIX))
        return STR_EMPTY;
    struct str rest = str_from(name, ACCOUNT_PREFIX.size);
    return str_cut(&rest, ':');
}

enum err stream_review_read(const struct jv *review, struct stream_identity *ret_identity,
                            struct err_info *reterr)
{
    const struct jv *status = jv_get(review, STR("status"));
    const struct jv *authenticated = jv_get(status, STR("authenticated"));
    if (authenticated == NULL || authenticated->type != JV_BOOL || !authenticated->boolean)
        return err_set(reterr, ERR_UNAUTHORISED, "the token is not valid");
    /* A server that does not know audiences names none: then the token may be for anybody. */
    if (!list_has(jv_get(status, STR("audiences")), STR(STREAM_AUDIENCE)))
        return err_set(reterr, ERR_UNAUTHORISED, "the token is not for the audience \"%s\"",
                       STREAM_AUDIENCE);
    const struct jv *user = jv_get(status, STR("user"));
    struct stream_identity identity = {
        .namespace = namespace_of(user),
        .pod = extra_of(user, STR("authentication.kubernetes.io/pod-name")),
        .uid = extra_of(user, STR("authentication.kubernetes.io/pod-uid")),
    };
    if (identity.namespace.size == 0)
        return err_set(reterr, ERR_UNAUTHORISED, "the token is not of a service account");
    if (identity.pod.size == 0 || identity.uid.size == 0)
        return err_set(reterr, ERR_UNAUTHORISED, "the token is not bound to a pod");
    *ret_identity = identity;
    return ERR_OK;
}
