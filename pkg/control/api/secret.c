/* Secret: bytes that certificates are made of, in Kuma's two forms and as Kubernetes keeps TLS. */
#include "control/api/kinds.h"
#include "core/base/base64.h"

/* A Secret of Kubernetes, from the root of the document. */
struct staged {
    struct api_secret secret; /* first: what is left of it */
    struct str type;
    struct api_tags data; /* base64 */
    struct api_tags string_data;
};

static bool has_pem(struct str text)
{
    struct str begin = STR("-----BEGIN ");
    return text.size > 0 && memmem(text.data, text.size, begin.data, begin.size) != NULL;
}

/* PEM that is hidden by an encoding too many. What it says is a secret: it is not quoted. */
static void warn_of_encoding(struct api__decoder *d, const struct api__place *field,
                             struct str bytes, const char *remedy)
{
    struct str inner = STR_EMPTY;
    bool is_encoded = !has_pem(bytes) && base64_decode(d->arena, str_trim(bytes), &inner) == ERR_OK;
    if (is_encoded && has_pem(inner))
        api__warning(d, field, "is PEM that is encoded in base64 once more: %s", remedy);
}

/* The bytes of one entry. Empty: there are none. */
static struct str entry(struct api__decoder *d, const struct api__place *place,
                        const struct staged *staged, struct str name)
{
    const struct str *text = api_tags_find(staged->string_data, name);
    struct api__place plain = api__member(place, STR("stringData"));
    struct api__place plain_field = api__member(&plain, name);
    if (text != NULL) {
        warn_of_encoding(d, &plain_field, *text, "in stringData it stands as it is");
        return *text;
    }
    const struct str *encoded = api_tags_find(staged->data, name);
    struct str bytes = STR_EMPTY;
    struct api__place data = api__member(place, STR("data"));
    struct api__place field = api__member(&data, name);
    if (encoded != NULL && base64_decode(d->arena, *encoded, &bytes) != ERR_OK) {
        api__undecodable(d, &field, "is not base64 (with + and /, padded with =)");
        return STR_EMPTY;
    }
    if (bytes.size == 0 && staged->data.count + staged->string_data.count > 0)
        api__error(d, &field, "cannot be empty. Of a Secret of this type no other key is read");
    else if (bytes.size == 0)
        api__error(d, &field, "cannot be empty.");
    warn_of_encoding(d, &field, bytes, "encode it once");
    return bytes;
}

/* The operator lists the Secrets of one namespace. That has another name than kuma-system where the
 * product has, and then ends so, too. */
static void check_namespace(struct api__decoder *d, const struct api__place *place)
{
    struct api__place metadata = api__member(place, STR("metadata"));
    struct api__place field = api__member(&metadata, STR("namespace"));
    struct str namespace = api__is_present(&field) ? jv_text(field.value) : STR_EMPTY;
    if (d->origin->has_kind || namespace.size == 0 || str_ends_with(namespace, STR("-system")))
        return;
    api__warning(d, &field,
                 "in a cluster only Secrets of the namespace of the system are read, which is "
                 "kuma-system unless the operator was told another; write that one");
}

static void check_kubernetes(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct staged *staged = object;
    if (!str_equal(staged->type, STR("kubernetes.io/tls"))) {
        check_namespace(d, place);
        staged->secret.data = entry(d, place, staged, STR("value"));
        return;
    }
    struct str key = entry(d, place, staged, STR("tls.key"));
    struct str certificates = entry(d, place, staged, STR("tls.crt"));
    /* The line end keeps the blocks apart whatever the first one ends with. */
    staged->secret.data = str_format(d->arena, "%.*s\n%.*s", STR_ARG(key), STR_ARG(certificates));
}

static void check_universal(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_secret *secret = object;
    struct api__place data = api__member(place, STR("data"));
    warn_of_encoding(d, &data, secret->data, "encode it once");
}

static const struct api__field universal_fields[] = {
    {.name = STR_INIT("data"),
     .type = API__BYTES,
     .offset = offsetof(struct api_secret, data),
     .presence = API__OF_FIELD},
};
const struct api__table api__secret_table = API__TABLE(universal_fields, struct api_secret,
                                                       .check = check_universal);

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
