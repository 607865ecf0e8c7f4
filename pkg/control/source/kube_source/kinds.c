#include "control/source/kube_source/kinds.h"

#include "core/base/assert.h"

#define KUMA "/apis/kuma.io/v1alpha1/"

/* Those of Kubernetes. */
static const struct kube_source__kind others[] = {
    {
        .name = STR_INIT("Secret (system.kuma.io/secret)"),
        .kind = API_SECRET,
        .path = STR_INIT("/api/v1/namespaces/%s/secrets"),
        .field_selector = STR_INIT("type=system.kuma.io/secret"),
    },
    {
        .name = STR_INIT("Secret (kubernetes.io/tls)"),
        .kind = API_SECRET,
        .path = STR_INIT("/api/v1/namespaces/%s/secrets"),
        .field_selector = STR_INIT("type=kubernetes.io/tls"),
    },
    {
        .name = STR_INIT("Service"),
        .kind = API_SERVICE,
        .path = STR_INIT("/api/v1/services"),
    },
    {
        .name = STR_INIT("EndpointSlice"),
        .kind = API_ENDPOINT_SLICE,
        .path = STR_INIT("/apis/discovery.k8s.io/v1/endpointslices"),
    },
    {
        .name = STR_INIT("Pod"),
        .kind = API_POD,
        .path = STR_INIT("/api/v1/pods"),
        .metadata_only = true,
    },
};

/* Without these there is no gateway. */
static bool is_needed(enum api_kind kind)
{
    return kind == API_MESH_GATEWAY || kind == API_MESH_GATEWAY_ROUTE ||
           kind == API_MESH_GATEWAY_INSTANCE;
}

static bool is_kumas(enum api_kind kind)
{
    return api_kind_plural(kind).size > 0;
}

static size_t kumas_count(void)
{
    size_t count = 0;
    for (size_t kind = 0; kind < API_KINDS; kind++)
        count += is_kumas((enum api_kind)kind);
    return count;
}

static enum api_kind kumas_at(size_t index)
{
    size_t kind = 0;
    for (size_t before = 0; before < index || !is_kumas((enum api_kind)kind); kind++)
        before += is_kumas((enum api_kind)kind);
    return (enum api_kind)kind;
}

size_t kube_source__kind_count(void)
{
    return kumas_count() + ARRAY_SIZE(others);
}

struct kube_source__kind kube_source__kind_at(size_t index, struct arena *arena)
{
    ASSERT(index < kube_source__kind_count());
    if (index >= kumas_count())
        return others[index - kumas_count()];
    enum api_kind kind = kumas_at(index);
    struct str plural = api_kind_plural(kind);
    return (struct kube_source__kind){
        .name = api_kind_name(kind),
        .kind = kind,
        .path = str_format(arena, KUMA "%.*s", STR_ARG(plural)),
        .plural = plural,
        .is_optional = !is_needed(kind),
    };
}

#define REMEDY "kubectl apply --server-side --force-conflicts -f crds/"

enum kube_source__presence kube_source__presence_of(const struct jv *body, struct str plural)
{
    const struct jv *resources = jv_get(body, STR("resources"));
    enum kube_source__presence presence = KUBE_SOURCE__ABSENT;
    for (size_t i = 0; i < jv_item_count(resources); i++) {
        struct str rest = jv_text(jv_get(resources->items[i], STR("name")));
        struct str name = str_cut(&rest, '/');
        if (!str_equal(name, plural))
            continue;
        if (str_equal(rest, STR("status")))
            return KUBE_SOURCE__WITH_STATUS;
        presence = KUBE_SOURCE__WITHOUT_STATUS;
    }
    return presence;
}

static void describe_absent(const struct kube_source__kind *kind, const struct err_info *reason,
                            struct buf *message)
{
    if (kind->plural.size == 0)
        buf_printf(message, "%.*s is not served by this API server (%s)", STR_ARG(kind->name),
                   reason->message);
    else if (!kind->is_optional)
        buf_printf(message,
                   "the CustomResourceDefinition %.*s.kuma.io is not installed; it is waited for: "
                   "%s",
                   STR_ARG(kind->plural), REMEDY);
}

void kube_source__describe(const struct kube_source__kind *kind, enum kube_watch_state state,
                           bool lacks_status, const struct err_info *reason, struct buf *message)
{
    if (state == KUBE_WATCH_ABSENT)
        describe_absent(kind, reason, message);
    else if (state == KUBE_WATCH_FAILING && reason->code == ERR_UNAUTHORISED)
        buf_printf(message, "%s: the roles of the chart allow it", reason->message);
    else if (state == KUBE_WATCH_FAILING)
        buf_append(message, str_of(reason->message));
    else if (lacks_status && !kind->is_optional)
        buf_printf(message,
                   "the CustomResourceDefinition %.*s.kuma.io has no status subresource, so that "
                   "no status can be written; it is used when it is there: %s",
                   STR_ARG(kind->plural), REMEDY);
}
