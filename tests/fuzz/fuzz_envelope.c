/* Any bytes as YAML, each document as a manifest and as an answer of an API server: decoding says
 * what it thinks and leaks nothing. */
#include <stddef.h>
#include <stdint.h>

#include "control/api/api.h"
#include "core/base/assert.h"
#include "core/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_as(const struct jv *document, const struct api_origin *origin,
                      struct finding_list *problems)
{
    const struct api_object *object = api_decode(document, origin, problems);
    if (object == NULL)
        return;
    ASSERT(object->key.name.size > 0);
    ASSERT(!origin->has_kind || object->key.kind == origin->kind);
    finding_add_all(problems, object->findings);
    ASSERT(api_object_unref(object) == NULL);
}

/* As a manifest, and as an API server's answer for each kind. */
static void decode(const struct jv *document, struct finding_list *problems)
{
    decode_as(document, &(struct api_origin){.file = STR("fuzz.yaml")}, problems);
    for (enum api_kind kind = 0; kind < API_KINDS; kind++)
        decode_as(document, &(struct api_origin){.has_kind = true, .kind = kind}, problems);
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
                decode(documents[j], problems);
        }
        finding_sort(problems);
    }
    ASSERT(api_objects_alive() == 0);
    finding_list_free(problems);
    arena_free(arena);
    return 0;
}
