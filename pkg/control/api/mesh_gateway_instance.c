/* MeshGatewayInstance: how the pods of a gateway and the Service before them shall look. Kubernetes
 * only, so spellings and types are those of its schema. */
#include "control/api/check.h"
#include "control/api/kinds.h"

/* Ids of groups are signed 32-bit numbers in Kubernetes, and so are replicas. */
#define NUMBER_MAX ((uint32_t)INT32_MAX)

/* A pod has a handful. */
#define CLAIMS_MAX ((size_t)256)

#define AT(member) API__AT(struct api_mesh_gateway_instance, member)

/* Annotations hold whole documents: Kubernetes bounds only all together. */
#define ANNOTATIONS_BOUNDS .max = API__LIST_MAX, .item_max = 256 * 1024

#define TABLE(array) API__TABLE(array, struct api_mesh_gateway_instance, .check = NULL)

static const struct api__field service_metadata_fields[] = {
    API__FIELD("annotations", TAGS, AT(service.annotations), ANNOTATIONS_BOUNDS),
    API__FIELD("labels", TAGS, AT(service.labels), API__TAGS_BOUNDS),
};
static const struct api__table service_metadata_table = TABLE(service_metadata_fields);

static const struct api__field service_spec_fields[] = {
    API__FIELD("loadBalancerIP", STRING, AT(load_balancer_ip), .max = API__STRING_MAX),
};
static const struct api__table service_spec_table = TABLE(service_spec_fields);

static const struct api__field service_template_fields[] = {
    API__FIELD("metadata", OBJECT, .table = &service_metadata_table),
    API__FIELD("spec", OBJECT, .table = &service_spec_table),
};
static const struct api__table service_template_table = TABLE(service_template_fields);

static const struct api__field pod_metadata_fields[] = {
    API__FIELD("annotations", TAGS, AT(pod.annotations), ANNOTATIONS_BOUNDS),
    API__FIELD("labels", TAGS, AT(pod.labels), API__TAGS_BOUNDS),
};

/* What the operator itself writes on the pods, and has to find there again. */
static void check_pod_metadata(struct api__decoder *d, const struct api__place *place, void *object)
{
    static const struct str labels[] = {STR_INIT("app"), STR_INIT("kuma.io/mesh")};
    static const struct str annotations[] = {STR_INIT("kuma.io/gateway"), STR_INIT("kuma.io/tags")};
    const struct api_mesh_gateway_instance *instance = object;
    struct api__place inner = api__member(place, STR("labels"));
    for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
        struct api__place label = api__key(&inner, labels[i]);
        if (api_tags_find(instance->pod.labels, labels[i]) != NULL)
            api__warning(d, &label, "is ignored: the operator sets this label");
    }
    inner = api__member(place, STR("annotations"));
    for (size_t i = 0; i < ARRAY_SIZE(annotations); i++) {
        struct api__place annotation = api__key(&inner, annotations[i]);
        if (api_tags_find(instance->pod.annotations, annotations[i]) != NULL)
            api__warning(d, &annotation,
                         "is ignored: the operator sets this annotation; "
                         "write what the pods shall be tagged with to spec.tags");
    }
}

static const struct api__table pod_metadata_table = API__TABLE(
    pod_metadata_fields, struct api_mesh_gateway_instance, .check = check_pod_metadata);

static const struct api__field pod_security_fields[] = {
    API__FIELD("fsGroup", UINT32, AT(fs_group),
               .has = offsetof(struct api_mesh_gateway_instance, has_fs_group)),
};

static void check_pod_security(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh_gateway_instance *instance = object;
    if (instance->fs_group > NUMBER_MAX)
        api__error_in(d, place, STR("fsGroup"), "must be at most %u", NUMBER_MAX);
}

static const struct api__table pod_security_table = API__TABLE(
    pod_security_fields, struct api_mesh_gateway_instance, .check = check_pod_security);

static const struct api__field container_security_fields[] = {
    API__FIELD("readOnlyRootFilesystem", BOOL, AT(read_only_root),
               .has = offsetof(struct api_mesh_gateway_instance, has_read_only_root)),
};
static const struct api__table container_security_table = TABLE(container_security_fields);

static const struct api__field container_fields[] = {
    API__FIELD("securityContext", OBJECT, .table = &container_security_table),
};
static const struct api__table container_table = TABLE(container_fields);

static const struct api__field pod_spec_fields[] = {
    API__FIELD("container", OBJECT, .table = &container_table),
    API__FIELD("securityContext", OBJECT, .table = &pod_security_table),
    API__FIELD("serviceAccountName", STRING, AT(service_account), .max = API__STRING_MAX),
};
static const struct api__table pod_spec_table = TABLE(pod_spec_fields);

static const struct api__field pod_template_fields[] = {
    API__FIELD("metadata", OBJECT, .table = &pod_metadata_table),
    API__FIELD("spec", OBJECT, .table = &pod_spec_table),
};
static const struct api__table pod_template_table = TABLE(pod_template_fields);

/* ---- Resources of the container ---- */

static const struct api__field claim_fields[] = {
    API__FIELD("name", STRING, .required = true, .max = API__STRING_MAX),
    API__FIELD("request", STRING, .max = API__STRING_MAX),
};
static const struct api__table claim_table = API__SHAPE(claim_fields);

static const struct api__field resources_fields[] = {
    API__FIELD("claims", LIST, .table = &claim_table, .max = CLAIMS_MAX),
    API__FIELD("limits", QUANTITIES, .max = API__TAGS_MAX),
    API__FIELD("requests", QUANTITIES, .max = API__TAGS_MAX),
};

/* The list is a map by the name. */
static void check_resources(struct api__decoder *d, const struct api__place *place, void *object)
{
    (void)object; /* of a shape there is none */
    struct api__place claims = api__member(place, STR("claims"));
    size_t count = MIN(jv_item_count(claims.value), CLAIMS_MAX);
    for (size_t i = 1; i < count; i++) {
        struct api__place claim = api__item(&claims, i);
        struct str name = jv_text(jv_get(claim.value, STR("name")));
        for (size_t j = 0; j < i; j++) {
            if (str_equal(name, jv_text(jv_get(claims.value->items[j], STR("name"))))) {
                api__error(d, &claim, "is there twice: \"%.*s\"", STR_ARG(name));
                break;
            }
        }
    }
}

static const struct api__table resources_table = API__SHAPE(resources_fields,
                                                            .check = check_resources);

/* ---- The instance ---- */

static const struct api__enum_value service_type_values[] = {
    {STR_INIT("LoadBalancer"), API_SERVICE_LOAD_BALANCER},
    {STR_INIT("ClusterIP"), API_SERVICE_CLUSTER_IP},
    {STR_INIT("NodePort"), API_SERVICE_NODE_PORT},
};
static const struct api__enum service_types = {service_type_values,
                                               ARRAY_SIZE(service_type_values)};

/* Kuma's name for the service that the pods of an instance are: "front_edge_svc". */
static struct str derived_service(struct api__decoder *d)
{
    struct str name = d->subject.name; /* "<name>.<namespace>" */
    size_t dot = str_find_last_char(name, '.');
    return str_format(d->arena, "%.*s_%.*s_svc", STR_ARG(str_first(name, dot)),
                      STR_ARG(str_from(name, dot + 1)));
}

/* The tags of the pods: those of the manifest, and the service that they are. */
static void check_tags(struct api__decoder *d, const struct api__place *place,
                       struct api_mesh_gateway_instance *instance)
{
    const struct str name = STR("kuma.io/service");
    struct api__place tags = api__member(place, STR("tags"));
    struct str derived = derived_service(d);
    api__check_tags(d, &tags, instance->tags, 0);
    if (api_tags_find(instance->tags, name) != NULL) {
        struct api__place tag = api__key(&tags, name);
        api__warning(d, &tag,
                     "is used, though Kuma refuses this tag here: without it the pods get "
                     "\"%.*s\", and a MeshGateway selects them by that",
                     STR_ARG(derived));
        return;
    }
    size_t count = instance->tags.count;
    struct api_tag *all = ARENA_NEW_ARRAY(d->arena, struct api_tag, count + 1);
    size_t before = 0;
    while (before < count && str_compare(instance->tags.items[before].name, name) < 0) {
        all[before] = instance->tags.items[before];
        before++;
    }
    all[before] = (struct api_tag){name, derived};
    for (size_t i = before; i < count; i++)
        all[i + 1] = instance->tags.items[i];
    instance->tags = (struct api_tags){all, count + 1};
}

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    check_tags(d, place, object);
}

static const struct api__field fields[] = {
    API__FIELD("podTemplate", OBJECT, .table = &pod_template_table),
    API__FIELD("replicas", UINT32, AT(replicas), .min = 1, .max = NUMBER_MAX, .preset = 1),
    API__FIELD("resources", JSON, AT(resources), .table = &resources_table),
    API__FIELD("serviceTemplate", OBJECT, .table = &service_template_table),
    API__FIELD("serviceType", ENUM, AT(service_type), .values = &service_types),
    API__FIELD("tags", TAGS, AT(tags), API__TAGS_BOUNDS),
};
const struct api__table api__mesh_gateway_instance_table = API__TABLE(
    fields, struct api_mesh_gateway_instance, .check = check);
