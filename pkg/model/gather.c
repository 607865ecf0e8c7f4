#include "model/gather.h"

#include <string.h>

#include "core/base/mem.h"

_Static_assert(MODEL_DIGEST_SIZE == PKI_SHA256_SIZE, "a digest is a SHA-256");

void model__gather_init(struct model__gatherer *gatherer)
{
    gatherer->hash = NULL;
    gatherer->size = 0;
}

void model__gather_deinit(struct model__gatherer *gatherer)
{
    gatherer->hash = pki_hash_free(gatherer->hash);
}

static void hash(struct model__gatherer *gatherer, const void *data, size_t size)
{
    if (gatherer->hash == NULL)
        gatherer->hash = pki_hash_new();
    pki_hash_add(gatherer->hash, data, size);
}

/* Makes room for more. */
static void spill(struct model__gatherer *gatherer)
{
    hash(gatherer, gatherer->bytes, gatherer->size);
    gatherer->size = 0;
}

void model__gather(struct model__gatherer *gatherer, const void *data, size_t size)
{
    if (size > sizeof(gatherer->bytes) - gatherer->size)
        spill(gatherer);
    if (size > sizeof(gatherer->bytes)) {
        hash(gatherer, data, size);
        return;
    }
    if (size > 0)
        memcpy(gatherer->bytes + gatherer->size, data, size);
    gatherer->size += size;
}

#define NUMBER_SIZE_MAX ((size_t)10)

void model__gather_number(struct model__gatherer *gatherer, uint64_t number)
{
    if (sizeof(gatherer->bytes) - gatherer->size < NUMBER_SIZE_MAX)
        spill(gatherer);
    for (; number >= 0x80; number >>= 7)
        gatherer->bytes[gatherer->size++] = (unsigned char)(number | 0x80);
    gatherer->bytes[gatherer->size++] = (unsigned char)number;
}

void model__gather_text(struct model__gatherer *gatherer, struct str text)
{
    model__gather_number(gatherer, text.size);
    model__gather(gatherer, text.data, text.size);
}

struct model_digest model__gathered(struct model__gatherer *gatherer)
{
    struct model_digest digest;
    size_t used = gatherer->hash == NULL ? gatherer->size : sizeof(gatherer->bytes);
    if (gatherer->hash == NULL) {
        pki_sha256(gatherer->bytes, gatherer->size, digest.bytes);
    } else {
        spill(gatherer);
        pki_hash_finish(gatherer->hash, digest.bytes);
        gatherer->hash = pki_hash_free(gatherer->hash);
    }
    mem_wipe(gatherer->bytes, used);
    gatherer->size = 0;
    return digest;
}
