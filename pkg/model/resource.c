#include "model/resource.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "model/shape.h"

/* A resource is one block of memory: this; its name, which is asked for more than all that follows;
 * its content, and all that this points at. */
struct box {
    alignas(max_align_t) struct model_resource resource;
    uint64_t hash; /* of kind and name */
    size_t size;   /* of the content */
    atomic_uint references;
};

static atomic_size_t alive;

/* A frozen copy of `content`, in the one form that its meaning has. Its name is at `name_offset`.
 */
static const struct model_resource *make(enum model_kind kind, const void *content,
                                         size_t name_offset)
{
    const struct model__shape *shape = &model__shapes[kind];
    struct model__extent extent = model__measure(shape, content);
    size_t size = extent.structs + extent.texts;
    struct str name = *(const struct str *)model__at(content, name_offset);
    size_t name_size = (name.size + alignof(max_align_t)) & ~(alignof(max_align_t) - 1);
    struct box *box = mem_alloc(sizeof(struct box) + name_size + size);
    char *own_name = (char *)(box + 1);
    if (name.size > 0)
        memcpy(own_name, name.data, name.size);
    own_name[name.size] = '\0';
    void *own = own_name + name_size;
    model__copy(shape, content, &extent, own);
    model__settle(kind, own);
    box->size = size;
    box->resource = (struct model_resource){
        .kind = kind,
        .name = str_make(own_name, name.size),
        .digest = model__digest(kind, own),
        .content = own,
    };
    box->hash = model__name_hash(kind, box->resource.name);
    atomic_init(&box->references, 1);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    return &box->resource;
}

const struct model_resource *model_listener_new(const struct model_listener *content)
{
    return make(MODEL_LISTENER, content, offsetof(struct model_listener, name));
}

const struct model_resource *model_virtual_host_new(const struct model_virtual_host *content)
{
    return make(MODEL_VIRTUAL_HOST, content, offsetof(struct model_virtual_host, name));
}

const struct model_resource *model_route_new(const struct model_route *content)
{
    return make(MODEL_ROUTE, content, offsetof(struct model_route, name));
}

const struct model_resource *model_cluster_new(const struct model_cluster *content)
{
    return make(MODEL_CLUSTER, content, offsetof(struct model_cluster, name));
}

const struct model_resource *model_endpoint_set_new(const struct model_endpoint_set *content)
{
    return make(MODEL_ENDPOINT_SET, content, offsetof(struct model_endpoint_set, name));
}

const struct model_resource *model_secret_new(const struct model_secret *content)
{
    return make(MODEL_SECRET, content, offsetof(struct model_secret, name));
}

const struct model_resource *model_upstream_tls_new(const struct model_upstream_tls *content)
{
    return make(MODEL_UPSTREAM_TLS, content, offsetof(struct model_upstream_tls, name));
}

/* The count is the one part of a frozen resource that changes. */
static struct box *box_of(const struct model_resource *resource)
{
    return CONTAINER_OF((uintptr_t)resource, struct box, resource);
}

uint64_t model__resource_hash(const struct model_resource *resource)
{
    return box_of(resource)->hash;
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
        mem_wipe((void *)(uintptr_t)resource->content, box->size);
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
    [MODEL_LISTENER] = "listener",
    [MODEL_VIRTUAL_HOST] = "virtualHost",
    [MODEL_ROUTE] = "route",
    [MODEL_CLUSTER] = "cluster",
    [MODEL_ENDPOINT_SET] = "endpointSet",
    [MODEL_SECRET] = "secret",
    [MODEL_UPSTREAM_TLS] = "upstreamTls",
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
