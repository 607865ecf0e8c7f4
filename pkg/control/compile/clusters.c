/* Stage 7: back ends become clusters, and the endpoint sets that those need.
 *
 * A cluster is what keeps pools and round-robin positions, so the same service reached through
 * listeners with different tags is two clusters. A set of endpoints is named by its mesh and the
 * tags of the destination alone, so that clusters share it and a change of back ends touches
 * nothing else. */
#include "control/compile/stages.h"
#include "core/pki/pki.h"

#define CONNECT_TIMEOUT_MS 5000

static void add_text(struct buf *key, struct str text)
{
    buf_append(key, text);
    buf_append_char(key, '\0'); /* no text holds a NUL, so it separates them */
}

static void add_tags(struct buf *key, struct api_tags tags)
{
    for (size_t i = 0; i < tags.count; i++) {
        add_text(key, tags.items[i].name);
        add_text(key, tags.items[i].value);
    }
    buf_append_char(key, '\0');
}

/* Begins with a mesh. */
static struct buf key_of(struct str mesh)
{
    struct buf key;
    buf_init(&key, SIZE_MAX);
    add_text(&key, mesh);
    return key;
}

/* Of a key, which is used up. */
static struct str identity_of(struct arena *arena, struct buf *key)
{
    unsigned char digest[PKI_SHA256_SIZE];
    pki_sha256(key->data, key->size, digest);
    buf_deinit(key);
    char hex[PKI_SHA256_HEX_SIZE + 1];
    pki_hex(digest, hex);
    return str_dup(arena, str_make(hex, COMPILE__IDENTITY_SIZE));
}

struct str compile__identity(struct arena *arena, struct str mesh, struct api_tags tags)
{
    struct buf key = key_of(mesh);
    add_tags(&key, tags);
    return identity_of(arena, &key);
}

struct str compile__policy_identity(struct arena *arena, const struct compile__policies *policies,
                                    struct str hostname)
{
    struct buf key = key_of(policies->scope->mesh);
    add_tags(&key, policies->scope->tags);
    add_text(&key, policies->gateway->key.name);
    add_text(&key, hostname);
    return identity_of(arena, &key);
}

static struct str name_of(struct compile__run *run, const struct compile__scope *scope,
                          const struct compile__plan_backend *backend)
{
    struct buf key = key_of(scope->mesh);
    if (backend->reference != NULL)
        add_text(&key, backend->set->name);
    add_tags(&key, backend->destination);
    add_tags(&key, scope->tags);
    const struct str parts[] = {backend->service, STR("-"), identity_of(run->arena, &key)};
    return str_concat(run->arena, parts, ARRAY_SIZE(parts));
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
