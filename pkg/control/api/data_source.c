#include "control/api/check.h"

/* A certificate with its chain and key is some kilobytes. */
#define FILE_SIZE_MAX ((size_t)256 * 1024)
/* So many bytes in base64, and the ends of its lines. */
#define BASE64_SIZE_MAX 360000

/* So many bytes in base64, and the ends of its lines. */
#define BASE64_SIZE_MAX 360000

/* The members of a source, of which it has one. When several are there, the last one counts. */
struct variant {
    const struct api__field *fields;
    const enum api_data_source_type *types;
    size_t count;
};

#define FIELD(name, type, member, most)                                            \
    API__FIELD(name, type, API__AT(struct api_data_source, member), .max = (most), \
               .presence = API__ONE_OF)
#define SECRET        FIELD("secret", STRING, reference, API__STRING_MAX)
#define FROM_FILE     FIELD("file", STRING, reference, API__PATTERN_MAX)
#define INLINE        FIELD("inline", BYTES, bytes, BASE64_SIZE_MAX)
#define INLINE_STRING FIELD("inlineString", STRING, bytes, FILE_SIZE_MAX)

/* In the order of Kuma's message. */
static const struct api__field fields[] = {SECRET, FROM_FILE, INLINE, INLINE_STRING};
static const enum api_data_source_type types[] = {
    API_SOURCE_SECRET,
    API_SOURCE_FILE,
    API_SOURCE_INLINE,
    API_SOURCE_INLINE_STRING,
};
static const struct variant variant = {fields, types, ARRAY_SIZE(fields)};

/* Of the kinds with a schema. There the first one counts, of: secret, inline, inlineString. */
static const struct api__field schema_fields[] = {
    API__FIELD("inlineString", STRING, API__AT(struct api_data_source, bytes),
               .max = FILE_SIZE_MAX),
    API__FIELD("inline", BYTES, API__AT(struct api_data_source, bytes), .max = BASE64_SIZE_MAX),
    API__FIELD("secret", STRING, API__AT(struct api_data_source, reference),
               .max = API__STRING_MAX),
};
static const enum api_data_source_type schema_types[] = {
    API_SOURCE_INLINE_STRING,
    API_SOURCE_INLINE,
    API_SOURCE_SECRET,
};
static const struct variant schema_variant = {schema_fields, schema_types,
                                              ARRAY_SIZE(schema_fields)};

static void file_load(struct api__decoder *d, struct api_data_source *source)
{
    if (d->origin->load == NULL) {
        source->load_error = STR("files cannot be read here: use a secret");
        return;
    }
    struct buf content;
    buf_init_secret(&content, FILE_SIZE_MAX);
    struct err_info reason = {.message = ""};
    enum err e = d->origin->load(d->origin->load_arg, source->reference, &content, &reason);
    if (e == ERR_OK)
        source->bytes = str_dup(d->arena, buf_str(&content));
    else
        source->load_error = str_dup(d->arena, str_of(reason.message));
    buf_deinit(&content);
}

static void choose(struct api__decoder *d, const struct api__place *place, const struct variant *v,
                   struct api_data_source *source)
{
    size_t chosen = v->count;
    for (size_t i = 0; i < v->count; i++) {
        struct api__place member = api__key(place, v->fields[i].name);
        member.step = API__MEMBER;
        if (!api__is_present(&member))
            continue;
        if (chosen < v->count) {
            api__warning(d, &member, "is used, and %.*s is ignored: a source has one of them",
                         STR_ARG(v->fields[chosen].name));
        }
        chosen = i;
    }
    if (chosen == v->count)
        return;
    source->type = v->types[chosen];
    if (source->type == API_SOURCE_SECRET || source->type == API_SOURCE_FILE)
        source->bytes = STR_EMPTY;
    else
        source->reference = STR_EMPTY;
    if (source->type == API_SOURCE_FILE)
        file_load(d, source);
}

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    choose(d, place, &variant, object);
}

const struct api__table api__data_source_table = API__TABLE(
    fields, struct api_data_source, .mark = offsetof(struct api_data_source, mark), .check = check);

static void check_schema(struct api__decoder *d, const struct api__place *place, void *object)
{
    choose(d, place, &schema_variant, object);
}

const struct api__table api__schema_data_source_table = API__TABLE(
    schema_fields, struct api_data_source, .mark = offsetof(struct api_data_source, mark),
    .check = check_schema);

void api__check_source(struct api__decoder *d, const struct api__place *place,
                       const struct api_data_source *source)
{
    if (api__is_present(place) && source->type == API_SOURCE_NONE)
        api__error(d, place, "data source cannot be empty");
}
