/* The canonical JSON of resources and snapshots. */
#include "core/pki/pki.h"
#include "model/resource.h"
#include "model/shape.h"

void model__resource_write(struct jv_writer *writer, const struct model_resource *resource,
                           bool redacted)
{
    model__write(writer, &model__shapes[resource->kind], resource->content, resource->kind,
                 redacted);
}

void model_resource_print(const struct model_resource *resource, bool redacted, struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    model__resource_write(&writer, resource, redacted);
}

struct model__hex model__digest_hex(const struct model_digest *digest)
{
    struct model__hex hex;
    _Static_assert(sizeof(hex.text) == PKI_SHA256_HEX_SIZE + 1, "room for the digest");
    pki_hex(digest->bytes, hex.text);
    return hex;
}

void model_digest_print(const struct model_digest *digest, struct buf *buf)
{
    struct model__hex hex = model__digest_hex(digest);
    buf_append(buf, str_make(hex.text, MODEL_DIGEST_TEXT_SIZE));
}

bool model_digest_parse(struct str text, struct model_digest *ret_digest)
{
    static const char digits[] = "0123456789abcdef";
    struct model_digest digest = {{0}};
    if (text.size != MODEL_DIGEST_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        const char *digit = memchr(digits, text.data[i], sizeof(digits) - 1);
        if (digit == NULL)
            return false;
        digest.bytes[i / 2] = (unsigned char)(digest.bytes[i / 2] << 4 | (digit - digits));
    }
    *ret_digest = digest;
    return true;
}

void model_snapshot_print(const struct model_snapshot *snapshot, bool redacted, struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    struct model__hex digest = model__digest_hex(&snapshot->digest);
    jv_write_member_string(&writer, STR("digest"), str_of(digest.text));
    jv_write_key(&writer, STR("resources"));
    jv_write_array(&writer);
    for (size_t i = 0; i < snapshot->count; i++)
        model__resource_write(&writer, snapshot->resources[i], redacted);
    jv_write_end(&writer);
    jv_write_end(&writer);
}
