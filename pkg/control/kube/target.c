#include "control/kube/target.h"

#include "core/base/assert.h"

/* RFC 3986 section 2.3. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void escape(struct buf *target, struct str value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (is_unreserved(c))
            buf_append_char(target, c);
        else
            buf_printf(target, "%%%02X", (unsigned char)c);
    }
}

void kube__target_add(struct buf *target, struct str name, struct str value)
{
    bool is_first = str_find_char(buf_str(target), '?') == STR_NOT_FOUND;
    buf_append_char(target, is_first ? '?' : '&');
    buf_append(target, name);
    buf_append_char(target, '=');
    escape(target, value);
}

static void add_number(struct buf *target, struct str name, unsigned number)
{
    struct buf digits;
    buf_init(&digits, 16);
    buf_append_u64(&digits, number);
    kube__target_add(target, name, buf_str(&digits));
    buf_deinit(&digits);
}

static void add_selectors(struct buf *target, const struct kube_watch_options *options)
{
    if (options->field_selector.size > 0)
        kube__target_add(target, STR("fieldSelector"), options->field_selector);
    if (options->label_selector.size > 0)
        kube__target_add(target, STR("labelSelector"), options->label_selector);
}

void kube__target_list(struct buf *target, const struct kube_watch_options *options, unsigned page,
                       struct str next)
{
    buf_append(target, options->path);
    add_selectors(target, options);
    add_number(target, STR("limit"), page);
    if (next.size > 0)
        kube__target_add(target, STR("continue"), next);
}

void kube__target_watch(struct buf *target, const struct kube_watch_options *options,
                        struct str version, unsigned timeout_s)
{
    buf_append(target, options->path);
    add_selectors(target, options);
    kube__target_add(target, STR("watch"), STR("true"));
    kube__target_add(target, STR("allowWatchBookmarks"), STR("true"));
    kube__target_add(target, STR("resourceVersion"), version);
    add_number(target, STR("timeoutSeconds"), timeout_s);
}

void kube__target_apply(struct buf *target, const struct kube_apply_options *options)
{
    buf_append(target, options->path);
    kube__target_add(target, STR("fieldManager"), options->manager);
    kube__target_add(target, STR("force"), STR("true"));
}

const char *kube__method_name(enum kube_method method)
{
    static const char *const names[] = {
        [KUBE_GET] = "GET",     [KUBE_POST] = "POST",     [KUBE_PUT] = "PUT",
        [KUBE_PATCH] = "PATCH", [KUBE_DELETE] = "DELETE",
    };
    ASSERT((size_t)method < ARRAY_SIZE(names));
    return names[method];
}

struct str kube__accept(const struct kube_watch_options *options, bool is_list)
{
    if (!options->metadata_only)
        return STR("application/json");
    return is_list ? STR("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
                   : STR("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
}
