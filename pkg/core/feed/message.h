/* Private to core/feed: the messages, pure. */
#pragma once

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/feed/feed.h"
#include "core/json/json.h"

enum feed__type {
    FEED__HELLO,
    FEED__WELCOME,
    FEED__TRANSACTION,
    FEED__ACKNOWLEDGE,
    FEED__REFUSE,
};

/* What a type has not is empty. */
struct feed__message {
    enum feed__type type;
    struct str token;
    struct str have;
    struct str result;
    struct str resource;
    struct str reason;
    const struct jv *transaction;
};

/* Reads a message into `arena`. ERR_PROTOCOL: it is none, or of a version that is not ours;
 * ERR_LIMIT: too many values. */
MUST_USE enum err feed__message_read(struct arena *arena, struct str text, size_t values_max,
                                     struct feed__message *ret_message, struct err_info *reterr);

/* Appends a message; `transaction`, of one that has it, is JSON text. */
void feed__message_print(const struct feed__message *message, struct str transaction,
                         struct buf *buf);
