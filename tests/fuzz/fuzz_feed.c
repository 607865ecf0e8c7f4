/* Any bytes as a message of the stream; what is accepted, written anew, is accepted again. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/feed/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    struct feed__message message;
    struct err_info why = {.message = ""};
    enum err err = feed__message_read(arena, str_make((const char *)data, size), FEED_UP_VALUES_MAX,
                                      &message, &why);
    if (err != ERR_OK) {
        ASSERT(why.message[0] != '\0');
    } else {
        struct buf transaction;
        struct buf text;
        buf_init(&transaction, (size_t)1 << 24);
        buf_init(&text, (size_t)1 << 24);
        if (message.transaction != NULL)
            jv_print(message.transaction, &transaction);
        feed__message_print(&message, buf_str(&transaction), &text);
        struct feed__message again;
        err = feed__message_read(arena, buf_str(&text), JV_VALUES_MAX, &again, &why);
        ASSERT(err == ERR_OK && again.type == message.type);
        ASSERT(str_equal(again.token, message.token) && str_equal(again.reason, message.reason));
        buf_deinit(&transaction);
        buf_deinit(&text);
    }
    arena_free(arena);
    return 0;
}
