/* The digest of a resource, by tables: its kind, and every member of its content in their order. */
#include "core/base/assert.h"
#include "model/gather.h"
#include "model/resource.h"
#include "model/shape.h"

static void gather_names(struct model__gatherer *gatherer, struct model_names names)
{
    model__gather_number(gatherer, names.count);
    for (size_t i = 0; i < names.count; i++)
        model__gather_text(gatherer, names.items[i]);
}

static void gather_object(struct model__gatherer *gatherer, const struct model__shape *shape,
                          const void *content);

static void gather_list(struct model__gatherer *gatherer, const struct model__member *member,
                        const void *content)
{
    size_t count;
    const char *items = model__items(member, content, &count);
    model__gather_number(gatherer, count);
    for (size_t i = 0; i < count; i++)
        gather_object(gatherer, member->shape, items + i * member->shape->size);
}

static void gather_member(struct model__gatherer *gatherer, const struct model__member *member,
                          const void *content)
{
    const void *at = model__at(content, member->offset);
    switch (member->type) {
    case MODEL__TEXT: model__gather_text(gatherer, *(const struct str *)at); return;
    case MODEL__BOOL: model__gather_number(gatherer, *(const bool *)at); return;
    case MODEL__U16: model__gather_number(gatherer, *(const uint16_t *)at); return;
    case MODEL__U32: model__gather_number(gatherer, *(const uint32_t *)at); return;
    case MODEL__U64: model__gather_number(gatherer, *(const uint64_t *)at); return;
    case MODEL__CHOICE: model__gather_number(gatherer, model__choice(member, content)); return;
    case MODEL__NAMES: gather_names(gatherer, *(const struct model_names *)at); return;
    case MODEL__OBJECT: gather_object(gatherer, member->shape, at); return;
    case MODEL__LIST: gather_list(gatherer, member, content); return;
    case MODEL__KIND: return; /* it came first */
    case MODEL__OTHER: break;
    }
    UNREACHABLE();
}

static void gather_object(struct model__gatherer *gatherer, const struct model__shape *shape,
                          const void *content)
{
    for (size_t i = 0; i < shape->count; i++)
        gather_member(gatherer, &shape->members[i], content);
}

struct model_digest model__digest(enum model_kind kind, const void *content)
{
    struct model__gatherer gatherer;
    model__gather_init(&gatherer);
    model__gather_number(&gatherer, (uint64_t)kind);
    gather_object(&gatherer, &model__shapes[kind], content);
    struct model_digest digest = model__gathered(&gatherer);
    model__gather_deinit(&gatherer);
    return digest;
}
