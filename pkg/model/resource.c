#include "model/resource.h"

#include <stdatomic.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/pki.h"
#include "model/shape.h"

#define CHUNK_SIZE ((size_t)512)
/* Printing never meets it: what a resource holds was bounded when manifests were decoded. */
#define PRINT_SIZE_MAX (SIZE_MAX / 4)

_Static_assert(MODEL_DIGEST_SIZE == PKI_SHA256_SIZE, "a digest is a SHA-256");

struct box {
    struct model_resource resource;
    struct arena *arena;
    atomic_uint references;
};

static atomic_size_t alive;

static struct model_digest digest_of(const struct model_resource *resource)
{
    struct buf buf;
    if (resource->kind == MODEL_SECRET)
        buf_init_secret(&buf, PRINT_SIZE_MAX);
    else
        buf_init(&buf, PRINT_SIZE_MAX);
    model_resource_print(resource, false, &buf);
    ASSERT(!buf_overflowed(&buf));
    struct model_digest digest;
    pki_sha256(buf.data, buf.size, digest.bytes);
    buf_deinit(&buf);
    return digest;
}

/* A frozen copy of `content`, in the one form that its meaning has. */
static const struct model_resource *make(enum model_kind kind, struct str name, const void *content)
{
    struct box *box = MEM_NEW(struct box);
    const struct model__shape *shape = &model__shapes[kind];
    box->arena = arena_new(CHUNK_SIZE);
    void *copy = arena_alloc(box->arena, 1, shape->size);
    model__copy(box->arena, shape, content, copy);
    model__settle(kind, copy);
    box->resource.kind = kind;
    box->resource.name = str_dup(box->arena, name);
    box->resource.content = copy;
    box->resource.digest = digest_of(&box->resource);
    atomic_init(&box->references, 1);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    return &box->resource;
}

const struct model_resource *model_listener_new(const struct model_listener *content)
{
    return make(MODEL_LISTENER, content->name, content);
}

const struct model_resource *model_virtual_host_new(const struct model_virtual_host *content)
{
    return make(MODEL_VIRTUAL_HOST, content->name, content);
}

const struct model_resource *model_route_new(const struct model_route *content)
{
    return make(MODEL_ROUTE, content->name, content);
}

const struct model_resource *model_cluster_new(const struct model_cluster *content)
{
    return make(MODEL_CLUSTER, content->name, content);
}

const struct model_resource *model_endpoint_set_new(const struct model_endpoint_set *content)
{
    return make(MODEL_ENDPOINT_SET, content->name, content);
}

const struct model_resource *model_secret_new(const struct model_secret *content)
{
    return make(MODEL_SECRET, content->name, content);
}

/* The count is the one part of a frozen resource that changes. */
static struct box *box_of(const struct model_resource *resource)
{
    return CONTAINER_OF((uintptr_t)resource, struct box, resource);
}

const struct model_resource *model_resource_ref(const struct model_resource *resource)
{
    unsigned before = atomic_fetch_add_explicit(&box_of(resource)->references, 1,
                                                memory_order_relaxed);
    ASSERT(before > 0);
    return resource;
}

const struct model_resource *model_resource_unref(const struct model_resource *resource)
{
    if (resource == NULL)
        return NULL;
    struct box *box = box_of(resource);
    if (atomic_fetch_sub_explicit(&box->references, 1, memory_order_acq_rel) > 1)
        return NULL;
    if (resource->kind == MODEL_SECRET)
        box->arena = arena_free_wiped(box->arena);
    else
        box->arena = arena_free(box->arena);
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
    return mem_free(box);
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
