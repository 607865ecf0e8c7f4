/* Every kind on one page: what it is called, where it lives and how it is decoded. */
#include "control/api/kinds.h"

#include "core/base/assert.h"

/* Of one label of a host name. */
#define LABEL_MAX 63

/* Kuma's older kinds, and its newer ones. */
#define WITHOUT_SPEC(kind_name, plural_name, kind_table)                                 \
    {                                                                                    \
        STR_INIT(kind_name), STR_INIT(plural_name), .table = &api__##kind_table##_table, \
                                                    .mesh = API__MESH_FIELD              \
    }
#define WITH_SPEC(kind_name, plural_name, kind_table, display_name_max)                     \
    {                                                                                       \
        STR_INIT(kind_name), STR_INIT(plural_name),                                         \
            .table = &api__##kind_table##_table, .mesh = API__MESH_LABEL, .has_spec = true, \
            .has_schema = true, .name_max = (display_name_max), .is_namespaced = true       \
    }

static const struct api__kind kinds[API_KINDS] = {
    [API_MESH] = {STR_INIT("Mesh"), STR_INIT("meshes"), .table = &api__mesh_table},
    [API_MESH_GATEWAY] = WITHOUT_SPEC("MeshGateway", "meshgateways", mesh_gateway),
    [API_MESH_GATEWAY_ROUTE] = WITHOUT_SPEC("MeshGatewayRoute", "meshgatewayroutes",
                                            mesh_gateway_route),
    [API_DATAPLANE] = {STR_INIT("Dataplane"), STR_INIT("dataplanes"),
                       .table = &api__dataplane_table, .mesh = API__MESH_FIELD,
                       .is_namespaced = true},
    [API_SECRET] = {.name = STR_INIT("Secret"),
                    .table = &api__secret_table,
                    .mesh = API__MESH_LABEL},
    [API_MESH_HTTP_ROUTE] = WITH_SPEC("MeshHTTPRoute", "meshhttproutes", mesh_http_route, 0),
    [API_MESH_TCP_ROUTE] = WITH_SPEC("MeshTCPRoute", "meshtcproutes", mesh_tcp_route, 0),
    [API_EXTERNAL_SERVICE] = WITHOUT_SPEC("ExternalService", "externalservices", external_service),
    [API_MESH_SERVICE] = WITH_SPEC("MeshService", "meshservices", mesh_service, LABEL_MAX),
    [API_MESH_EXTERNAL_SERVICE] = WITH_SPEC("MeshExternalService", "meshexternalservices",
                                            mesh_external_service, LABEL_MAX),
    [API_MESH_MULTI_ZONE_SERVICE] = WITH_SPEC("MeshMultiZoneService", "meshmultizoneservices",
                                              mesh_multi_zone_service, 0),
    [API_MESH_ACCESS_LOG] = WITH_SPEC("MeshAccessLog", "meshaccesslogs", traffic_policy, 0),
    [API_MESH_CIRCUIT_BREAKER] = WITH_SPEC("MeshCircuitBreaker", "meshcircuitbreakers",
                                           traffic_policy, 0),
    [API_MESH_FAULT_INJECTION] = WITH_SPEC("MeshFaultInjection", "meshfaultinjections",
                                           fault_policy, 0),
    [API_MESH_HEALTH_CHECK] = WITH_SPEC("MeshHealthCheck", "meshhealthchecks", outbound_policy, 0),
    [API_MESH_LOAD_BALANCING_STRATEGY] = WITH_SPEC(
        "MeshLoadBalancingStrategy", "meshloadbalancingstrategies", outbound_policy, 0),
    [API_MESH_METRIC] = WITH_SPEC("MeshMetric", "meshmetrics", proxy_policy, 0),
    [API_MESH_PROXY_PATCH] = WITH_SPEC("MeshProxyPatch", "meshproxypatches", proxy_policy, 0),
    [API_MESH_RATE_LIMIT] = WITH_SPEC("MeshRateLimit", "meshratelimits", traffic_policy, 0),
    [API_MESH_RETRY] = WITH_SPEC("MeshRetry", "meshretries", outbound_policy, 0),
    [API_MESH_TIMEOUT] = WITH_SPEC("MeshTimeout", "meshtimeouts", traffic_policy, 0),
    [API_MESH_TLS] = WITH_SPEC("MeshTLS", "meshtlses", inbound_policy, 0),
    [API_MESH_TRACE] = WITH_SPEC("MeshTrace", "meshtraces", proxy_policy, 0),
    [API_CIRCUIT_BREAKER] = WITHOUT_SPEC("CircuitBreaker", "circuitbreakers", connection_policy),
    [API_FAULT_INJECTION] = WITHOUT_SPEC("FaultInjection", "faultinjections", connection_policy),
    [API_HEALTH_CHECK] = WITHOUT_SPEC("HealthCheck", "healthchecks", connection_policy),
    [API_RATE_LIMIT] = WITHOUT_SPEC("RateLimit", "ratelimits", connection_policy),
    [API_RETRY] = WITHOUT_SPEC("Retry", "retries", connection_policy),
    [API_TIMEOUT] = WITHOUT_SPEC("Timeout", "timeouts", connection_policy),
    [API_TRAFFIC_LOG] = WITHOUT_SPEC("TrafficLog", "trafficlogs", connection_policy),
    [API_TRAFFIC_PERMISSION] = WITHOUT_SPEC("TrafficPermission", "trafficpermissions",
                                            permission_policy),
    [API_TRAFFIC_TRACE] = WITHOUT_SPEC("TrafficTrace", "traffictraces", selector_policy),
    [API_PROXY_TEMPLATE] = WITHOUT_SPEC("ProxyTemplate", "proxytemplates", selector_policy),
    [API_MESH_GATEWAY_INSTANCE] = {STR_INIT("MeshGatewayInstance"),
                                   STR_INIT("meshgatewayinstances"),
                                   .table = &api__mesh_gateway_instance_table, .has_schema = true,
                                   .mesh = API__MESH_LABEL_OR_ANNOTATION, .is_namespaced = true},
    [API_SERVICE] = {.name = STR_INIT("Service"), .read = api__service_read, .is_namespaced = true},
    [API_ENDPOINT_SLICE] = {.name = STR_INIT("EndpointSlice"),
                            .read = api__endpoint_slice_read,
                            .is_namespaced = true},
    [API_POD] = {.name = STR_INIT("Pod"),
                 .read = api__pod_read,
                 .mesh = API__MESH_LABEL_OR_ANNOTATION,
                 .is_namespaced = true},
};

const struct api__kind *api__kind_of(enum api_kind kind)
{
    ASSERT(kind < API_KINDS);
    return &kinds[kind];
}

struct str api_kind_name(enum api_kind kind)
{
    return api__kind_of(kind)->name;
}

struct str api_kind_plural(enum api_kind kind)
{
    return api__kind_of(kind)->plural;
}
