/* Records: the status that stands in each object, as far as is known. Private to control/operator.
 *
 * Two know: we, who said something last, and the watch, which tells what the server has, some time
 * later. Until the watch has caught up it tells what we said before; that is known again by its
 * hash and believed to be overwritten. Whatever else it tells, somebody else has written: then that
 * stands, and is said anew.
 *
 *     records_see: from the watch ... records_say: before it is sent */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/map.h"
#include "core/base/str.h"
#include "core/json/json.h"

struct operator__records {
    struct map *by_path; /* of the status: struct record */
};

void operator__records_init(struct operator__records *records);
void operator__records_deinit(struct operator__records *records);

/* The server has `status` (NULL: none) in the object of that uid. True: it is not what we said: by
 * somebody else, or in another object of that name. */
bool operator__records_see(struct operator__records *records, struct str path, struct str uid,
                           const struct jv *status);

/* The object is gone. */
void operator__records_forget(struct operator__records *records, struct str path);

/* What stands there, canonical JSON, borrowed until the next call; empty: nothing. */
struct str operator__records_standing(const struct operator__records *records, struct str path);

/* `status` is to stand there from now on. False: it does already. */
MUST_USE bool operator__records_say(struct operator__records *records, struct str path,
                                    struct str status);

/* What was said last was made of an input with this hash, which tells inputs of one path apart. */
void operator__records_note(struct operator__records *records, struct str path, uint64_t input);

/* What stands there is what we made of that input: there is nothing to say. */
bool operator__records_knows(const struct operator__records *records, struct str path,
                             uint64_t input);

/* Nobody knows whether what we said has arrived: all of it is to be said anew. `lost` is told each
 * path. */
void operator__records_lose(struct operator__records *records,
                            void (*lost)(void *arg, struct str path), void *arg);
