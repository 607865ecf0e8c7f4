/* Any bytes as a JSON text; what is accepted, written anew, is accepted again and is the same. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const struct jv *value, struct buf *buf)
{
    buf_init(buf, (size_t)1 << 24);
    jv_print(value, buf);
    ASSERT(!buf_overflowed(buf) && str_is_utf8(buf_str(buf)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    const struct jv *value = NULL;
    struct err_info why = {.message = ""};
    if (jv_parse(arena, str_make((const char *)data, size), JV_VALUES_MAX, &value, &why) !=
        ERR_OK) {
        ASSERT(why.message[0] != '\0' && value == NULL);
    } else {
        struct buf first;
        struct buf second;
        const struct jv *again = NULL;
        print(value, &first);
        enum err err = jv_parse(arena, buf_str(&first), SIZE_MAX, &again, &why);
        ASSERT(err == ERR_OK);
        print(again, &second);
        ASSERT(str_equal(buf_str(&first), buf_str(&second)));
        buf_deinit(&first);
        buf_deinit(&second);
    }
    arena_free(arena);
    return 0;
}
