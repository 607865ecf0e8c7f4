#include "control/source/kube_source/kinds.h"

#define KUMA "/apis/kuma.io/v1alpha1/"

const struct kube_source__kind kube_source__kinds[KUBE_SOURCE__KINDS] = {
    {
        .name = STR_INIT("MeshGateway"),
        .kind = API_MESH_GATEWAY,
        .path = KUMA "meshgateways",
        .plural = STR_INIT("meshgateways"),
    },
    {
        .name = STR_INIT("MeshGatewayRoute"),
        .kind = API_MESH_GATEWAY_ROUTE,
        .path = KUMA "meshgatewayroutes",
        .plural = STR_INIT("meshgatewayroutes"),
    },
    {
        .name = STR_INIT("MeshGatewayInstance"),
        .kind = API_MESH_GATEWAY_INSTANCE,
        .path = KUMA "meshgatewayinstances",
        .plural = STR_INIT("meshgatewayinstances"),
    },
    {
        .name = STR_INIT("Secret (system.kuma.io/secret)"),
        .kind = API_SECRET,
        .path = "/api/v1/namespaces/%s/secrets",
        .field_selector = STR_INIT("type=system.kuma.io/secret"),
    },
    {
        .name = STR_INIT("Secret (kubernetes.io/tls)"),
        .kind = API_SECRET,
        .path = "/api/v1/namespaces/%s/secrets",
        .field_selector = STR_INIT("type=kubernetes.io/tls"),
    },
    {
        .name = STR_INIT("Service"),
        .kind = API_SERVICE,
        .path = "/api/v1/services",
    },
    {
        .name = STR_INIT("EndpointSlice"),
        .kind = API_ENDPOINT_SLICE,
        .path = "/apis/discovery.k8s.io/v1/endpointslices",
    },
    {
        .name = STR_INIT("Pod"),
        .kind = API_POD,
        .path = "/api/v1/pods",
        .metadata_only = true,
    },
};

#define REMEDY "kubectl apply --server-side --force-conflicts -f crds/"

bool kube_source__has_status(const struct jv *body, const struct kube_source__kind *kind)
{
    const struct jv *resources = jv_get(body, STR("resources"));
    for (size_t i = 0; i < jv_item_count(resources); i++) {
        struct str rest = jv_text(jv_get(resources->items[i], STR("name")));
        struct str name = str_cut(&rest, '/');
        if (str_equal(name, kind->plural) && str_equal(rest, STR("status")))
            return true;
    }
    return false;
}

static void describe_absent(const struct kube_source__kind *kind, const struct err_info *reason,
                            struct buf *message)
{
    if (kind->plural.size == 0)
        buf_printf(message, "%.*s is not served by this API server (%s)", STR_ARG(kind->name),
                   reason->message);
    else
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
    else if (lacks_status)
        buf_printf(message,
                   "the CustomResourceDefinition %.*s.kuma.io has no status subresource, so that "
                   "no status can be written; it is used when it is there: %s",
                   STR_ARG(kind->plural), REMEDY);
}
