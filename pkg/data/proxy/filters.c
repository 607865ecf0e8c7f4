/* What a rule changes of messages: fields, path and host. A rule that changes nothing costs
 * nothing. */
#include "data/proxy/parts.h"

static struct http_edit *edits_put(struct http_edit *at, enum http_edit_kind kind,
                                   const struct model_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *at++ = (struct http_edit){kind, headers[i].name, headers[i].value};
    return at;
}

struct http_edits proxy__edits_make(struct arena *arena, const struct model_header_change *change)
{
    size_t count = change->remove.count + change->set_count + change->add_count;
    if (LIKELY(count == 0))
        return (struct http_edits){0};
    struct http_edit *items = ARENA_NEW_ARRAY(arena, struct http_edit, count);
    struct http_edit *at = items;
    for (size_t i = 0; i < change->remove.count; i++)
        *at++ = (struct http_edit){HTTP_EDIT_REMOVE, change->remove.items[i], STR_EMPTY};
    at = edits_put(at, HTTP_EDIT_SET, change->set, change->set_count);
    (void)edits_put(at, HTTP_EDIT_ADD, change->add, change->add_count); /* the end */
    return (struct http_edits){items, count};
}

struct str proxy__concat(struct arena *arena, const struct str *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    char *all = arena_alloc(arena, size, 1);
    char *at = all;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    return str_make(all, size);
}

/* How much of `path` the rule's prefix took. "/" alone is nothing but the prefix "/"; before it,
 * that takes nothing. A rule that asks for no prefix took all of it. */
static size_t prefix_size(const struct model_rule *rule, struct str path)
{
    if (rule->path_match != MODEL_PATH_PREFIX || path.size == 1)
        return path.size;
    return rule->path.size > 1 ? rule->path.size : 0;
}

struct str proxy__path_change(const struct proxy__request *request,
                              const struct model_path_change *change, struct str path)
{
    switch (change->type) {
    case MODEL_PATH_KEPT: return path;
    case MODEL_PATH_REPLACED: return change->value;
    case MODEL_PATH_PREFIX_REPLACED: break;
    }
    const struct str parts[] = {change->value, str_from(path, prefix_size(request->rule, path))};
    struct str changed = proxy__concat(request->arena, parts, ARRAY_SIZE(parts));
    return changed.size > 0 ? changed : STR("/");
}

struct str proxy__authority(const struct proxy__request *request)
{
    struct str host = request->rule->rewrite.host;
    return host.size > 0 ? host : request->authority;
}

void proxy__host_from_backend(struct proxy__request *request, struct str hostname)
{
    if (hostname.size == 0) {
        if (request->tries == 0)
            return;
        hostname = proxy__authority(request); /* the one before had a name */
    }
    char *area = arena_alloc(request->arena, request->sent.size + hostname.size, 1);
    request->sent = str_make(area, http_request_host_replace(request->sent, hostname, area));
}
