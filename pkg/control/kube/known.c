#include "control/kube/known.h"

#include <string.h>

#include "core/base/hash.h"
#include "core/base/mem.h"

/* A key that lives as long as the buffer it is written to. */
static struct str key_of(const struct kube__identity *identity, char buffer[KUBE__KEY_SIZE_MAX])
{
    struct str name_space = identity->name_space;
    struct str name = identity->name;
    /* Longer ones are no identities: kube__identity_read refuses them. */
    memcpy(buffer, name_space.data, name_space.size);
    buffer[name_space.size] = '/';
    memcpy(buffer + name_space.size + 1, name.data, name.size);
    return str_make(buffer, name_space.size + 1 + name.size);
}

bool kube__identity_read(const struct jv *metadata, struct kube__identity *ret_identity)
{
    struct kube__identity identity = {
        .name_space = jv_text(jv_get(metadata, STR("namespace"))),
        .name = jv_text(jv_get(metadata, STR("name"))),
        .uid = jv_text(jv_get(metadata, STR("uid"))),
        .version = jv_text(jv_get(metadata, STR("resourceVersion"))),
    };
    if (identity.name.size == 0 || identity.version.size == 0 ||
        identity.name_space.size + 1 + identity.name.size > KUBE__KEY_SIZE_MAX)
        return false;
    *ret_identity = identity;
    return true;
}

struct kube__object *kube__known_note(struct map *known, const struct kube__identity *identity,
                                      uint32_t listing, bool *ret_same)
{
    char buffer[KUBE__KEY_SIZE_MAX];
    struct str key = key_of(identity, buffer);
    uint64_t version = hash_str(identity->version) ^ (hash_str(identity->uid) << 1);
    struct kube__object *object = map_get(known, key);
    *ret_same = object != NULL && object->version == version;
    if (object == NULL) {
        object = MEM_NEW(struct kube__object);
        (void)map_set(known, key, object); /* there was none */
    }
    object->version = version;
    object->listing = listing;
    return object;
}

bool kube__known_remove(struct map *known, const struct kube__identity *identity, void **ret_kept)
{
    char buffer[KUBE__KEY_SIZE_MAX];
    struct kube__object *object = map_remove(known, key_of(identity, buffer));
    if (object == NULL)
        return false;
    *ret_kept = object->kept;
    mem_free(object);
    return true;
}

void kube__known_names(struct str key, struct str *ret_name_space, struct str *ret_name)
{
    struct str rest = key;
    *ret_name_space = str_cut(&rest, '/');
    *ret_name = rest;
}
