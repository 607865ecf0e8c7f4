#include "model/resource.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/pki.h"

#define CHUNK_SIZE ((size_t)512)
/* Printing never meets it: what a resource holds was bounded when manifests were decoded. */
#define PRINT_SIZE_MAX (SIZE_MAX / 4)

_Static_assert(MODEL_DIGEST_SIZE == PKI_SHA256_SIZE, "a digest is a SHA-256");

struct model__draft {
    struct model_resource resource;
    struct arena *arena;
    atomic_uint references;
};

static atomic_size_t alive;

struct model__draft *model__draft_new(enum model_kind kind, struct str name,
                                      struct arena **ret_arena)
{
    struct model__draft *draft = MEM_NEW(struct model__draft);
    draft->arena = arena_new(CHUNK_SIZE);
    draft->resource.kind = kind;
    draft->resource.name = str_dup(draft->arena, name);
    atomic_init(&draft->references, 1);
    *ret_arena = draft->arena;
    return draft;
}

static struct model_digest digest_of(const struct model_resource *resource)
{
    struct buf buf;
    buf_init_secret(&buf, PRINT_SIZE_MAX); /* a key may be in it */
    model_resource_print(resource, false, &buf);
    ASSERT(!buf_overflowed(&buf));
    struct model_digest digest;
    pki_sha256(buf.data, buf.size, digest.bytes);
    buf_deinit(&buf);
    return digest;
}

const struct model_resource *model__draft_freeze(struct model__draft *draft, const void *content)
{
    switch (draft->resource.kind) {
    case MODEL_LISTENER: draft->resource.listener = content; break;
    case MODEL_VIRTUAL_HOST: draft->resource.virtual_host = content; break;
    case MODEL_ROUTE: draft->resource.route = content; break;
    case MODEL_CLUSTER: draft->resource.cluster = content; break;
    case MODEL_ENDPOINT_SET: draft->resource.endpoint_set = content; break;
    case MODEL_SECRET: draft->resource.secret = content; break;
    }
    draft->resource.digest = digest_of(&draft->resource);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    return &draft->resource;
}

/* The count is the one part of a frozen resource that changes. */
static struct model__draft *draft_of(const struct model_resource *resource)
{
    return CONTAINER_OF((uintptr_t)resource, struct model__draft, resource);
}

const struct model_resource *model_resource_ref(const struct model_resource *resource)
{
    unsigned before = atomic_fetch_add_explicit(&draft_of(resource)->references, 1,
                                                memory_order_relaxed);
    ASSERT(before > 0);
    return resource;
}

const struct model_resource *model_resource_unref(const struct model_resource *resource)
{
    if (resource == NULL)
        return NULL;
    struct model__draft *draft = draft_of(resource);
    if (atomic_fetch_sub_explicit(&draft->references, 1, memory_order_acq_rel) > 1)
        return NULL;
    if (resource->kind == MODEL_SECRET)
        draft->arena = arena_free_wiped(draft->arena);
    else
        draft->arena = arena_free(draft->arena);
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
    return mem_free(draft);
}

size_t model_resources_alive(void)
{
    return atomic_load_explicit(&alive, memory_order_relaxed);
}

bool model_digest_equal(const struct model_digest *a, const struct model_digest *b)
{
    return memcmp(a->bytes, b->bytes, MODEL_DIGEST_SIZE) == 0;
}

const char *const model__kind_names[MODEL_KINDS + 1] = {
    [MODEL_LISTENER] = "listener", [MODEL_VIRTUAL_HOST] = "virtualHost", [MODEL_ROUTE] = "route",
    [MODEL_CLUSTER] = "cluster",   [MODEL_ENDPOINT_SET] = "endpointSet", [MODEL_SECRET] = "secret",
};

const char *model_kind_name(enum model_kind kind)
{
    ASSERT((unsigned)kind < MODEL_KINDS);
    return model__kind_names[kind];
}

int model__resource_compare(const struct model_resource *a, const struct model_resource *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return str_compare(a->name, b->name);
}

static struct str *copy_items(struct arena *arena, struct model_names names)
{
    struct str *items = ARENA_NEW_ARRAY(arena, struct str, names.count);
    for (size_t i = 0; i < names.count; i++)
        items[i] = str_dup(arena, names.items[i]);
    return items;
}

struct model_names model__names_copy(struct arena *arena, struct model_names names)
{
    return (struct model_names){copy_items(arena, names), names.count};
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

struct model_names model__names_sorted(struct arena *arena, struct model_names names)
{
    struct str *items = copy_items(arena, names);
    if (names.count > 0)
        qsort(items, names.count, sizeof(*items), compare_names);
    return (struct model_names){items, names.count};
}
