/* Pieces of bytes on their way into one SHA-256, gathered while they are small. Private to model.
 *
 * Numbers and the sizes of texts are written so that none begins another (LEB128), so that whoever
 * knows what comes next could read it all back: what is gathered differently differs. */
#pragma once

#include "core/pki/pki.h"
#include "model/model.h"

struct model__gatherer {
    struct pki_hash *hash; /* of what was there before; NULL: all of it is still here */
    size_t size;
    unsigned char bytes[2048];
};

void model__gather_init(struct model__gatherer *gatherer);
void model__gather_deinit(struct model__gatherer *gatherer);

void model__gather(struct model__gatherer *gatherer, const void *data, size_t size);
void model__gather_number(struct model__gatherer *gatherer, uint64_t number);

/* With its size before it. */
void model__gather_text(struct model__gatherer *gatherer, struct str text);

/* The digest; the next one begins. Nothing of what was gathered stays in memory: it may be a key.
 */
struct model_digest model__gathered(struct model__gatherer *gatherer);
