#include "control/api/check.h"

/* A certificate with its chain and key is some kilobytes. */
#define FILE_SIZE_MAX ((size_t)256 * 1024)

/* In the order of Kuma's message: when several are there, the last one counts. */
static const struct api__field fields[] = {
    {.name = STR_INIT("secret"),
     .type = API__STRING,
     .offset = offsetof(struct api_data_source, reference)},
    {.name = STR_INIT("file"),
     .type = API__STRING,
     .offset = offsetof(struct api_data_source, reference)},
    {.name = STR_INIT("inline"),
     .type = API__BYTES,
     .offset = offsetof(struct api_data_source, bytes)},
    {.name = STR_INIT("inlineString"),
     .type = API__STRING,
     .offset = offsetof(struct api_data_source, bytes)},
};

static const enum api_data_source_type types[] = {
    API_SOURCE_SECRET,
    API_SOURCE_FILE,
    API_SOURCE_INLINE,
    API_SOURCE_INLINE_STRING,
};

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

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_data_source *source = object;
    size_t chosen = ARRAY_SIZE(fields);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct api__place member = api__key(place, fields[i].name);
        member.step = API__MEMBER;
        if (!api__is_present(&member))
            continue;
        if (chosen < ARRAY_SIZE(fields)) {
            api__warning(d, &member, "is used, and %.*s is ignored: a source has one of them",
                         STR_ARG(fields[chosen].name));
        }
        chosen = i;
    }
    if (chosen == ARRAY_SIZE(fields))
        return;
    source->type = types[chosen];
    if (source->type == API_SOURCE_SECRET || source->type == API_SOURCE_FILE)
        source->bytes = STR_EMPTY;
    else
        source->reference = STR_EMPTY;
    if (source->type == API_SOURCE_FILE)
        file_load(d, source);
}

const struct api__table api__data_source_table = API__TABLE(
    fields, struct api_data_source, .mark = offsetof(struct api_data_source, mark), .check = check);
