/* Stage 7: back ends become clusters, and the endpoint sets that those need.
 *
 * A cluster is what keeps pools and round-robin positions, so the same service reached through
 * listeners with different tags is two clusters. A set of endpoints is named by its mesh and the
 * tags of the destination alone, so that clusters share it and a change of back ends touches
 * nothing else. */
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
static struct str identity_of(struct arena *arena, struct pki_hash *hash)
{
    unsigned char digest[PKI_SHA256_SIZE];
    pki_hash_finish(hash, digest);
    (void)pki_hash_free(hash); /* always NULL */
    char hex[PKI_SHA256_HEX_SIZE + 1];
    pki_hex(digest, hex);
    return str_dup(arena, str_make(hex, COMPILE__IDENTITY_SIZE));
}

struct str compile__identity(struct arena *arena, struct str mesh, struct api_tags tags)
{
    struct pki_hash *hash = pki_hash_new();
    add_text(hash, mesh);
    add_tags(hash, tags);
    return identity_of(arena, hash);
}

struct str compile__policy_identity(struct arena *arena, const struct compile__policies *policies,
                                    struct str hostname)
{
    struct pki_hash *hash = pki_hash_new();
    add_text(hash, policies->scope->mesh);
    add_tags(hash, policies->scope->tags);
    add_text(hash, policies->gateway->key.name);
    add_text(hash, hostname);
    return identity_of(arena, hash);
}

static struct str name_of(struct compile__run *run, const struct compile__scope *scope,
                          const struct compile__plan_backend *backend)
{
    struct pki_hash *hash = pki_hash_new();
    add_text(hash, scope->mesh);
    if (backend->reference != NULL)
        add_text(hash, backend->set->name);
    add_tags(hash, backend->destination);
    add_tags(hash, scope->tags);
    struct str identity = identity_of(run->arena, hash);
    return str_format(run->arena, "%.*s-%.*s", STR_ARG(backend->service), STR_ARG(identity));
}

struct compile__cluster *compile__cluster_of(struct compile__run *run,
                                             const struct compile__scope *scope,
                                             const struct compile__plan_backend *backend)
{
    struct compile__cluster *cluster = compile__set_cluster(backend->set, scope->identity);
    if (cluster != NULL)
        return cluster;
    return compile__set_add(backend->set, scope->identity,
                            model_cluster_new(&(struct model_cluster){
                                .name = name_of(run, scope, backend),
                                .service = backend->service,
                                .endpoint_set = backend->set->name,
                                .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                            }));
}

bool compile__backend_exists(struct compile__run *run, struct str mesh,
                             struct compile__plan_backend *backend)
{
    if (backend->reference == NULL)
        return true; /* a service that is not there has no endpoints */
    if (backend->resolve_age != run->memory->age)
        backend->is_resolved = discovery_reference_exists(run->cache, mesh, backend->reference);
    backend->resolve_age = run->memory->age;
    return backend->is_resolved;
}

size_t compile__need_of(struct compile__run *run, struct str mesh,
                        struct compile__plan_backend *backend)
{
    struct compile__set *set = backend->set;
    if (set->need_age == run->memory->age)
        return set->need;
    struct compile__need need = {
        .set = set,
        .mesh = mesh,
        .destination = backend->destination,
        .reference = backend->reference,
    };
    set->need_age = run->memory->age;
    set->need = run->draft->needs.count;
    VEC_PUSH(&run->draft->needs, need);
    return set->need;
}
