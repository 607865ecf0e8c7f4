/* Any bytes as a YAML stream; what is accepted has to print within bounds, and as YAML of which the
 * same trees are read again. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PRINTED_MAX ((size_t)1 << 20)

/* The documents of `stream`, in canonical JSON and in YAML. */
static void print(const struct yaml_stream *stream, struct buf *json, struct buf *yaml)
{
    for (size_t i = 0; i < stream->count; i++) {
        jv_print(stream->documents[i], json);
        buf_append_char(json, '\n');
        buf_append(yaml, YAML_SEPARATOR);
        yaml_print(stream->documents[i], yaml);
    }
}

/* A text that is shorter than the one it came from may hold less: that alone is no fault. */
static void check_printed(struct arena *arena, const struct yaml_stream *stream)
{
    struct buf json[2];
    struct buf yaml[2];
    struct yaml_stream again;
    struct yaml_error error;
    for (size_t i = 0; i < 2; i++) {
        buf_init(&json[i], PRINTED_MAX);
        buf_init(&yaml[i], PRINTED_MAX);
    }
    print(stream, &json[0], &yaml[0]);
    ASSERT(buf_overflowed(&json[0]) || str_is_utf8(buf_str(&json[0])));
    bool fits = !buf_overflowed(&json[0]) && !buf_overflowed(&yaml[0]);
    enum err e = fits ? yaml_parse(arena, buf_str(&yaml[0]), &again, &error) : ERR_LIMIT;
    ASSERT(e == ERR_OK || e == ERR_LIMIT);
    if (e == ERR_OK) {
        print(&again, &json[1], &yaml[1]);
        ASSERT(str_equal(buf_str(&json[0]), buf_str(&json[1])));
        ASSERT(str_equal(buf_str(&yaml[0]), buf_str(&yaml[1])));
    }
    for (size_t i = 0; i < 2; i++) {
        buf_deinit(&json[i]);
        buf_deinit(&yaml[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    struct yaml_error error = {.message = ""};
    if (yaml_parse(arena, str_make((const char *)data, size), &stream, &error) == ERR_OK)
        check_printed(arena, &stream);
    else
        ASSERT(error.message[0] != '\0' && error.mark.line > 0 && error.mark.column > 0);
    arena_free(arena);
    return 0;
}
