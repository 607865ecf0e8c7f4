#include <stdatomic.h>

#include "control/api/object.h"
#include "core/base/assert.h"
#include "core/base/buf.h"
#include "core/base/mem.h"

/* What most Services and EndpointSlices take, which are the most objects. */
#define CHUNK_SIZE ((size_t)256)
#define KEY_MAX    (SIZE_MAX / 4) /* tags were bounded when they were decoded */

struct object_box {
    struct api_object object;
    struct arena *arena;
    struct finding_list *findings;
    atomic_uint references;
};

static atomic_size_t alive;

struct api_object *api__object_new(struct arena **ret_arena, struct finding_list **ret_findings)
{
    struct object_box *box = MEM_NEW(struct object_box);
    box->arena = arena_new(CHUNK_SIZE);
    box->findings = finding_list_new();
    box->object.findings = box->findings;
    atomic_init(&box->references, 1);
    atomic_fetch_add_explicit(&alive, 1, memory_order_relaxed);
    *ret_arena = box->arena;
    *ret_findings = box->findings;
    return &box->object;
}

/* The count is the one part of a frozen object that changes. */
static struct object_box *box_of(const struct api_object *object)
{
    return CONTAINER_OF((uintptr_t)object, struct object_box, object);
}

const struct api_object *api_object_ref(const struct api_object *object)
{
    unsigned before = atomic_fetch_add_explicit(&box_of(object)->references, 1,
                                                memory_order_relaxed);
    ASSERT(before > 0);
    return object;
}

const struct api_object *api_object_unref(const struct api_object *object)
{
    if (object == NULL)
        return NULL;
    struct object_box *box = box_of(object);
    if (atomic_fetch_sub_explicit(&box->references, 1, memory_order_acq_rel) > 1)
        return NULL;
    finding_list_free(box->findings);
    arena_free_wiped(box->arena); /* it may hold keys */
    atomic_fetch_sub_explicit(&alive, 1, memory_order_relaxed);
    return mem_free(box);
}

struct str api_object_address(const struct api_object *const *object)
{
    return str_make((const char *)object, sizeof(*object));
}

size_t api_objects_alive(void)
{
    return atomic_load_explicit(&alive, memory_order_relaxed);
}

struct finding_subject api_subject(const struct api_object *object)
{
    return (struct finding_subject){
        .kind = api_kind_name(object->key.kind),
        .mesh = object->key.mesh,
        .name = object->key.name,
        .file = object->file,
    };
}

int api_key_compare(const struct api_key *a, const struct api_key *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    int order = str_compare(a->mesh, b->mesh);
    return order != 0 ? order : str_compare(a->name, b->name);
}

const struct str *api_tags_find(struct api_tags tags, struct str name)
{
    size_t low = 0;
    size_t high = tags.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(name, tags.items[middle].name);
        if (order == 0)
            return &tags.items[middle].value;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct str api_tags_key(struct arena *arena, struct str mesh, struct api_tags tags)
{
    struct buf key;
    buf_init(&key, KEY_MAX);
    buf_append(&key, mesh);
    buf_append_char(&key, '/');
    for (size_t i = 0; i < tags.count; i++) {
        if (i > 0)
            buf_append_char(&key, ',');
        buf_append(&key, tags.items[i].name);
        buf_append_char(&key, '=');
        buf_append(&key, tags.items[i].value);
    }
    struct str copy = str_dup(arena, buf_str(&key));
    buf_deinit(&key);
    return copy;
}
