/* Stage 7: back ends become clusters.
 *
 * A cluster is what keeps pools and round-robin positions, so the same service reached through
 * listeners with different tags is two clusters. */
#include "control/compile/stages.h"
#include "core/pki/pki.h"

#define CONNECT_TIMEOUT_MS 5000

static void add_text(struct pki_hash *hash, struct str text)
{
    pki_hash_add(hash, text.data, text.size);
    pki_hash_add(hash, "", 1); /* no text holds a NUL, so it separates them */
}

static void add_tags(struct pki_hash *hash, struct api_tags tags)
{
    for (size_t i = 0; i < tags.count; i++) {
        add_text(hash, tags.items[i].name);
        add_text(hash, tags.items[i].value);
    }
    pki_hash_add(hash, "", 1);
}

/* Takes over the hash. */
static struct str identity_of(struct compile__run *run, struct pki_hash *hash)
{
    unsigned char digest[PKI_SHA256_SIZE];
    pki_hash_finish(hash, digest);
    (void)pki_hash_free(hash); /* always NULL */
    char hex[PKI_SHA256_HEX_SIZE + 1];
    pki_hex(digest, hex);
    return str_dup(run->arena, str_make(hex, COMPILE__IDENTITY_SIZE));
}

struct str compile__identity(struct compile__run *run, struct str mesh, struct api_tags tags)
{
    struct pki_hash *hash = pki_hash_new();
    add_text(hash, mesh);
    add_tags(hash, tags);
    return identity_of(run, hash);
}

static struct str name_of(struct compile__run *run, struct str mesh,
                          const struct compile__plan_backend *backend, struct api_tags tags)
{
    struct pki_hash *hash = pki_hash_new();
    add_text(hash, mesh);
    add_tags(hash, backend->destination);
    add_tags(hash, tags);
    struct str identity = identity_of(run, hash);
    return str_format(run->arena, "%.*s-%.*s", STR_ARG(backend->service), STR_ARG(identity));
}

struct str compile__cluster(struct compile__run *run, struct str mesh,
                            const struct compile__plan_backend *backend, struct api_tags tags)
{
    struct str name = name_of(run, mesh, backend, tags);
    if (compile__emit_once(run, MODEL_CLUSTER, name))
        compile__emit(run,
                      model_cluster_new(&(struct model_cluster){
                          .name = name,
                          .service = backend->service,
                          .endpoint_set = compile__endpoint_set(run, mesh, backend->destination),
                          .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                      }));
    return name;
}
