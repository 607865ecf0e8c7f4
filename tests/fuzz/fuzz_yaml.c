/* Any bytes as a YAML stream; what is accepted has to print within bounds and hold its promises. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    struct yaml_error error = {.message = ""};
    if (yaml_parse(arena, str_make((const char *)data, size), &stream, &error) != ERR_OK) {
        ASSERT(error.message[0] != '\0' && error.mark.line > 0 && error.mark.column > 0);
    } else {
        struct buf buf;
        buf_init(&buf, (size_t)1 << 20);
        for (size_t i = 0; i < stream.count; i++)
            jv_print(stream.documents[i], &buf);
        ASSERT(buf_overflowed(&buf) || str_is_utf8(buf_str(&buf)));
        buf_deinit(&buf);
    }
    arena_free(arena);
    return 0;
}
