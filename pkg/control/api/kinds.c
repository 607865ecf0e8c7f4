/* Every kind on one page: what it is called, where it lives and how it is decoded. */
#include "control/api/kinds.h"

#include "core/base/assert.h"

/* Of one label of a host name. */
#define LABEL_MAX 63

/* Kuma's newer kinds are alike. */
#define WITH_SPEC .mesh = API__MESH_LABEL, .has_spec = true, .is_namespaced = true

static const struct api__kind kinds[API_KINDS] = {
    [API_MESH] = {STR_INIT("Mesh"), .table = &api__mesh_table},
    [API_MESH_GATEWAY] = {STR_INIT("MeshGateway"), .table = &api__mesh_gateway_table,
                          .mesh = API__MESH_FIELD},
    [API_MESH_GATEWAY_ROUTE] = {STR_INIT("MeshGatewayRoute"),
                                .table = &api__mesh_gateway_route_table, .mesh = API__MESH_FIELD},
    [API_DATAPLANE] = {STR_INIT("Dataplane"), .table = &api__dataplane_table,
                       .mesh = API__MESH_FIELD, .is_namespaced = true},
    [API_SECRET] = {STR_INIT("Secret"), .table = &api__secret_table, .mesh = API__MESH_LABEL},
    [API_MESH_HTTP_ROUTE] = {STR_INIT("MeshHTTPRoute"), .table = &api__mesh_http_route_table,
                             WITH_SPEC},
    [API_MESH_TCP_ROUTE] = {STR_INIT("MeshTCPRoute"), .table = &api__mesh_tcp_route_table,
                            WITH_SPEC},
    [API_EXTERNAL_SERVICE] = {STR_INIT("ExternalService"), .table = &api__external_service_table,
                              .mesh = API__MESH_FIELD},
    [API_MESH_SERVICE] = {STR_INIT("MeshService"), .table = &api__mesh_service_table,
                          .name_max = LABEL_MAX, WITH_SPEC},
    [API_MESH_EXTERNAL_SERVICE] = {STR_INIT("MeshExternalService"),
                                   .table = &api__mesh_external_service_table,
                                   .name_max = LABEL_MAX, WITH_SPEC},
    [API_MESH_GATEWAY_INSTANCE] = {STR_INIT("MeshGatewayInstance"),
                                   .table = &api__mesh_gateway_instance_table,
                                   .mesh = API__MESH_LABEL_OR_ANNOTATION, .is_namespaced = true},
    [API_SERVICE] = {STR_INIT("Service"), .read = api__service_read, .is_namespaced = true},
    [API_ENDPOINT_SLICE] = {STR_INIT("EndpointSlice"), .read = api__endpoint_slice_read,
                            .is_namespaced = true},
    [API_POD] = {STR_INIT("Pod"), .read = api__pod_read, .mesh = API__MESH_LABEL_OR_ANNOTATION,
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
