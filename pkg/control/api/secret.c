/* Secret: bytes that certificates are made of, in Kuma's two forms and as Kubernetes keeps TLS. */
#include "control/api/kinds.h"
#include "core/base/base64.h"

static const struct api__field universal_fields[] = {
    {.name = STR_INIT("data"),
     .type = API__BYTES,
     .offset = offsetof(struct api_secret, data),
     .presence = API__OF_FIELD},
};
const struct api__table api__secret_table = API__TABLE(universal_fields, struct api_secret,
                                                       .check = NULL);

/* A Secret of Kubernetes, from the root of the document. */
struct staged {
    struct api_secret secret; /* first: what is left of it */
    struct str type;
    struct api_tags data; /* base64 */
    struct api_tags string_data;
};

/* The bytes of one entry. Empty: there are none. */
static struct str entry(struct api__decoder *d, const struct api__place *place,
                        const struct staged *staged, struct str name)
{
    const struct str *text = api_tags_find(staged->string_data, name);
    if (text != NULL)
        return *text;
    const struct str *encoded = api_tags_find(staged->data, name);
    struct str bytes = STR_EMPTY;
    struct api__place data = api__member(place, STR("data"));
    struct api__place field = api__member(&data, name);
    if (encoded != NULL && base64_decode(d->arena, *encoded, &bytes) != ERR_OK) {
        api__undecodable(d, &field, "is not base64 (with + and /, padded with =)");
        return STR_EMPTY;
    }
    if (bytes.size == 0)
        api__error(d, &field, "cannot be empty.");
    return bytes;
}

static void check_kubernetes(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct staged *staged = object;
    if (!str_equal(staged->type, STR("kubernetes.io/tls"))) {
        staged->secret.data = entry(d, place, staged, STR("value"));
        return;
    }
    struct str key = entry(d, place, staged, STR("tls.key"));
    struct str certificates = entry(d, place, staged, STR("tls.crt"));
    /* The line end keeps the blocks apart whatever the first one ends with. */
    staged->secret.data = str_format(d->arena, "%.*s\n%.*s", STR_ARG(key), STR_ARG(certificates));
}

static const struct api__field kubernetes_fields[] = {
    {.name = STR_INIT("apiVersion"), .type = API__IGNORED},
    {.name = STR_INIT("kind"), .type = API__IGNORED},
    {.name = STR_INIT("metadata"), .type = API__IGNORED},
    {.name = STR_INIT("immutable"), .type = API__IGNORED},
    {.name = STR_INIT("type"), .type = API__STRING, .offset = offsetof(struct staged, type)},
    {.name = STR_INIT("data"), .type = API__TAGS, .offset = offsetof(struct staged, data)},
    {.name = STR_INIT("stringData"),
     .type = API__TAGS,
     .offset = offsetof(struct staged, string_data)},
};
const struct api__table api__kubernetes_secret_table = API__TABLE(kubernetes_fields, struct staged,
                                                                  .check = check_kubernetes);
