/* Any bytes as YAML, each document as a manifest and as an answer of an API server: decoding says
 * what it thinks and leaks nothing. What is printed of a manifest, in either envelope, is one of
 * the same name, and printed the same again. */
#include <stddef.h>
#include <stdint.h>

#include "control/api/api.h"
#include "core/base/assert.h"
#include "core/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PRINTED_MAX ((size_t)1 << 20)

static const struct api_origin origin = {.file = STR_INIT("fuzz.yaml")};

static void print(struct arena *arena, const struct jv *document, const struct api_object *object,
                  enum api_envelope envelope, struct finding_list *problems, struct buf *text)
{
    const struct jv *printed = api_print(arena, document, object, envelope, STR("kuma-system"),
                                         problems);
    buf_init(text, PRINTED_MAX);
    if (printed != NULL)
        yaml_print(printed, text);
}

/* What was printed in its own envelope, `is_settled`, is printed the same again. What comes from
 * the other one may have been incomplete there, and is made complete first. */
static void check_again(struct arena *arena, struct str text, bool is_settled,
                        const struct api_object *before, struct finding_list *problems)
{
    struct yaml_stream stream;
    struct yaml_error error;
    struct buf again;
    enum err e = yaml_parse(arena, text, &stream, &error);
    ASSERT(e == ERR_OK || e == ERR_LIMIT); /* a text that is shorter may hold less */
    if (e != ERR_OK)
        return;
    ASSERT(stream.count == 1);
    const struct api_object *object = api_decode(stream.documents[0], &origin, problems);
    ASSERT(object != NULL && object->key.kind == before->key.kind);
    print(arena, stream.documents[0], object, api_envelope_of(stream.documents[0]), problems,
          &again);
    if (is_settled)
        ASSERT(str_equal(text, buf_str(&again)));
    else if (again.size > 0 && !buf_overflowed(&again))
        check_again(arena, buf_str(&again), true, object, problems);
    buf_deinit(&again);
    ASSERT(api_object_unref(object) == NULL);
}

static void check_printed(struct arena *arena, const struct jv *document,
                          const struct api_object *object, struct finding_list *problems)
{
    for (enum api_envelope envelope = API_UNIVERSAL; envelope <= API_KUBERNETES; envelope++) {
        struct buf text;
        bool is_settled = api_envelope_of(document) == envelope;
        print(arena, document, object, envelope, problems, &text);
        if (text.size > 0 && !buf_overflowed(&text))
            check_again(arena, buf_str(&text), is_settled, object, problems);
        buf_deinit(&text);
    }
}

static void decode_as(struct arena *arena, const struct jv *document, const struct api_origin *from,
                      struct finding_list *problems)
{
    const struct api_object *object = api_decode(document, from, problems);
    if (object == NULL)
        return;
    ASSERT(object->key.name.size > 0);
    ASSERT(!from->has_kind || object->key.kind == from->kind);
    if (!from->has_kind)
        check_printed(arena, document, object, problems);
    finding_add_all(problems, object->findings);
    ASSERT(api_object_unref(object) == NULL);
}

/* As a manifest, and as an API server's answer for each kind. */
static void decode(struct arena *arena, const struct jv *document, struct finding_list *problems)
{
    decode_as(arena, document, &origin, problems);
    for (enum api_kind kind = 0; kind < API_KINDS; kind++)
        decode_as(arena, document, &(struct api_origin){.has_kind = true, .kind = kind}, problems);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, str_make((const char *)data, size), &stream, &error) == ERR_OK) {
        for (size_t i = 0; i < stream.count; i++) {
            size_t count = 0;
            const struct jv *const *documents = api_documents(&stream.documents[i], &count);
            for (size_t j = 0; j < count; j++)
                decode(arena, documents[j], problems);
        }
        finding_sort(problems);
    }
    ASSERT(api_objects_alive() == 0);
    finding_list_free(problems);
    arena_free(arena);
    return 0;
}
