/* What a rule makes of messages: fields, path and host. A rule that changes nothing costs
 * nothing. */
#include "data/route/route.h"

static struct http_edit *edits_put(struct http_edit *at, enum http_edit_kind kind,
                                   const struct model_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *at++ = (struct http_edit){kind, headers[i].name, headers[i].value};
    return at;
}

struct http_edits route_edits(struct arena *arena, const struct model_header_change *change)
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

/* How much of `path` the rule's prefix took. "/" alone is nothing but the prefix "/"; before it,
 * that takes nothing. A rule that asks for no prefix took all of it. */
static size_t prefix_size(const struct model_rule *rule, struct str path)
{
    if (rule->path_match != MODEL_PATH_PREFIX || path.size == 1)
        return path.size;
    return rule->path.size > 1 ? rule->path.size : 0;
}

static struct str path_change(struct arena *arena, const struct model_rule *rule,
                              const struct model_path_change *change, struct str path)
{
    switch (change->type) {
    case MODEL_PATH_KEPT: return path;
    case MODEL_PATH_REPLACED: return change->value;
    case MODEL_PATH_PREFIX_REPLACED: break;
    }
    const struct str parts[] = {change->value, str_from(path, prefix_size(rule, path))};
    struct str changed = str_concat(arena, parts, ARRAY_SIZE(parts));
    return changed.size > 0 ? changed : STR("/");
}

struct http_request_plan route_plan(struct arena *arena, const struct model_rule *rule,
                                    struct str path)
{
    struct http_request_plan plan = {
        .path = path_change(arena, rule, &rule->rewrite.path, path),
        .authority = rule->rewrite.host,
        .edits = route_edits(arena, &rule->request_headers),
    };
    plan.path_has_query = rule->rewrite.path.type == MODEL_PATH_REPLACED &&
                          str_find_char(plan.path, '?') != STR_NOT_FOUND;
    return plan;
}

struct http_reply route_redirect(struct arena *arena, const struct model_listener *listener,
                                 const struct model_rule *rule, struct route_place place)
{
    const struct model_redirect *redirect = &rule->redirect;
    struct str query = path_change(arena, rule, &redirect->path, place.path);
    struct http_reply reply = {.status = redirect->status, .location = str_cut(&query, '?')};
    struct str host = redirect->host.size > 0 ? redirect->host : place.host;
    if (host.size == 0)
        return reply; /* there is none to name, and the path alone says what it can */
    struct str scheme = listener->protocol == MODEL_HTTPS ? STR("https") : STR("http");
    unsigned port = redirect->port > 0 ? redirect->port : listener->port;
    const struct str parts[] = {redirect->scheme.size > 0 ? redirect->scheme : scheme, STR("://"),
                                host, str_format(arena, ":%u", port), reply.location};
    reply.location = str_concat(arena, parts, ARRAY_SIZE(parts));
    return reply;
}
