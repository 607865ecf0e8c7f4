#include "control/api/target_ref.h"

#include "control/api/check.h"

#define BIT API__TARGET_BIT

/* The fields beside `kind`. */
enum {
    NAME = 1,
    NAMESPACE = 2,
    LABELS = 4,
    TAGS = 8,
    MESH = 16,
    PROXY_TYPES = 32,
    SECTION_NAME = 64,
};

/* In the order of Kuma's messages. */
static const struct {
    struct str name;
    unsigned bit;
} field_bits[] = {
    {STR_INIT("name"), NAME},
    {STR_INIT("mesh"), MESH},
    {STR_INIT("tags"), TAGS},
    {STR_INIT("proxyTypes"), PROXY_TYPES},
    {STR_INIT("labels"), LABELS},
    {STR_INIT("namespace"), NAMESPACE},
    {STR_INIT("sectionName"), SECTION_NAME},
};

/* How the object is named. */
enum naming {
    NOT_NAMED,         /* or in a way that nobody checks */
    BY_NAME,           /* which is required */
    BY_NAME_OR_LABELS, /* one of them is */
};

#define NAME_AND_NAMESPACE "either labels or name and namespace must be specified"

/* What a target of each kind may have beside `kind`. */
static const struct kind_rules {
    unsigned forbidden;
    enum naming naming;
    bool has_tags;     /* selectors of tags */
    const char *clash; /* what is said of labels beside a name or a namespace; NULL: nothing */
} kind_rules[] = {
    [API_TARGET_MESH] = {.forbidden = MESH | TAGS | LABELS | NAMESPACE | SECTION_NAME},
    [API_TARGET_MESH_SUBSET] = {.forbidden = NAME | MESH | LABELS | NAMESPACE | SECTION_NAME},
    [API_TARGET_MESH_GATEWAY] = {.naming = BY_NAME,
                                 .has_tags = true,
                                 .forbidden = MESH | PROXY_TYPES | LABELS | NAMESPACE |
                                              SECTION_NAME},
    [API_TARGET_MESH_SERVICE] = {.naming = BY_NAME_OR_LABELS,
                                 .forbidden = MESH | TAGS | PROXY_TYPES,
                                 .clash = NAME_AND_NAMESPACE},
    [API_TARGET_MESH_SERVICE_SUBSET] = {.naming = BY_NAME,
                                        .has_tags = true,
                                        .forbidden = MESH | PROXY_TYPES | LABELS | NAMESPACE |
                                                     SECTION_NAME},
    [API_TARGET_MESH_EXTERNAL_SERVICE] = {.naming = BY_NAME_OR_LABELS,
                                          .forbidden = MESH | TAGS | PROXY_TYPES | SECTION_NAME,
                                          .clash = "either labels or name must be specified"},
    [API_TARGET_MESH_MULTI_ZONE_SERVICE] = {.forbidden = 0},
    [API_TARGET_MESH_HTTP_ROUTE] = {.naming = BY_NAME_OR_LABELS,
                                    .forbidden = MESH | TAGS | PROXY_TYPES | SECTION_NAME,
                                    .clash = NAME_AND_NAMESPACE},
    [API_TARGET_DATAPLANE] = {.forbidden = TAGS | MESH | PROXY_TYPES, .clash = NAME_AND_NAMESPACE},
};

/* ---- Fields ---- */

static const struct api__enum_value proxy_values[] = {
    {STR_INIT("Sidecar"), API_PROXY_SIDECAR},
    {STR_INIT("Gateway"), API_PROXY_GATEWAY},
};
static const struct api__enum proxies = {proxy_values, ARRAY_SIZE(proxy_values)};

/* Each may stand several times. */
#define PROXY_TYPES_MAX 16

static const struct api__enum_value kind_values[] = {
    {STR_INIT("Mesh"), API_TARGET_MESH},
    {STR_INIT("MeshSubset"), API_TARGET_MESH_SUBSET},
    {STR_INIT("MeshGateway"), API_TARGET_MESH_GATEWAY},
    {STR_INIT("MeshService"), API_TARGET_MESH_SERVICE},
    {STR_INIT("MeshExternalService"), API_TARGET_MESH_EXTERNAL_SERVICE},
    {STR_INIT("MeshMultiZoneService"), API_TARGET_MESH_MULTI_ZONE_SERVICE},
    {STR_INIT("MeshServiceSubset"), API_TARGET_MESH_SERVICE_SUBSET},
    {STR_INIT("MeshHTTPRoute"), API_TARGET_MESH_HTTP_ROUTE},
    {STR_INIT("Dataplane"), API_TARGET_DATAPLANE},
};
static const struct api__enum kinds = {kind_values, ARRAY_SIZE(kind_values)};

#define NAME_FIELD(field_name, place) API__FIELD(field_name, STRING, place, .max = API__STRING_MAX)
#define TAGS_FIELD(field_name, place) API__FIELD(field_name, TAGS, place, API__TAGS_BOUNDS)

/* `kind` is text here: it is its position that refuses one. */
#define TARGET_FIELDS(type, path)                                                                 \
    API__FIELD("kind", STRING, API__AT(type, path kind_name), .values = &kinds, .required = true, \
               .is_judged = true),                                                                \
        NAME_FIELD("name", API__AT(type, path name)),                                             \
        NAME_FIELD("namespace", API__AT(type, path namespace)),                                   \
        TAGS_FIELD("labels", API__AT(type, path labels)),                                         \
        TAGS_FIELD("tags", API__AT(type, path tags)),                                             \
        NAME_FIELD("mesh", API__AT(type, path mesh)),                                             \
        API__FIELD("proxyTypes", ENUM_SET, API__AT(type, path proxy_types), .values = &proxies,   \
                   .max = PROXY_TYPES_MAX),                                                       \
        NAME_FIELD("sectionName", API__AT(type, path section_name))

static const struct api__field target_fields[] = {TARGET_FIELDS(struct api_target_ref, )};

static const struct api__field backend_fields[] = {
    TARGET_FIELDS(struct api_backend_ref, target.),
    API__FIELD("weight", UINT32, API__AT(struct api_backend_ref, weight), .preset = 1,
               .max = UINT32_MAX),
    API__FIELD("port", UINT32, API__AT(struct api_backend_ref, port), .max = INT32_MAX),
};

/* ---- Rules ---- */

static enum api_target_kind kind_of(struct str name)
{
    for (size_t i = 0; i < kinds.count; i++) {
        if (str_equal(kind_values[i].name, name))
            return (enum api_target_kind)kind_values[i].number;
    }
    return API_TARGET_NONE;
}

static bool is_target_name(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != '.' && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* A field counts as set when it says something. */
static unsigned fields_set(const struct api_target_ref *ref)
{
    return (ref->name.size > 0 ? NAME : 0U) | (ref->namespace.size > 0 ? NAMESPACE : 0U) |
           (ref->labels.count > 0 ? LABELS : 0U) | (ref->tags.count > 0 ? TAGS : 0U) |
           (ref->mesh.size > 0 ? MESH : 0U) | (ref->proxy_types != 0 ? PROXY_TYPES : 0U) |
           (ref->section_name.size > 0 ? SECTION_NAME : 0U);
}

static void check_naming(struct api__decoder *d, const struct api__place *place,
                         const struct api_target_ref *ref, bool may_be_unresolved)
{
    const struct kind_rules *rules = &kind_rules[ref->kind];
    bool is_unresolved = may_be_unresolved &&
                         str_equal(ref->name, STR("kuma.io/unresolved-backend"));
    bool has_name = ref->name.size > 0;
    bool has_labels = ref->labels.count > 0;
    bool is_named = rules->naming != NOT_NAMED;
    if (is_named && !has_name && (rules->naming == BY_NAME || !has_labels))
        api__error_in(d, place, STR("name"), "must be set with kind %.*s", STR_ARG(ref->kind_name));
    if (is_named && !is_unresolved && !is_target_name(ref->name))
        api__error_in(d, place, STR("name"),
                      "invalid characters: must consist of lower case alphanumeric characters, "
                      "'-', '.' and '_'.");
    if (rules->clash != NULL && has_labels && (has_name || ref->namespace.size > 0))
        api__error_in(d, place, STR("labels"), "%s", rules->clash);
}

/* What only some kinds have. */
static void check_peculiarities(struct api__decoder *d, const struct api__place *place,
                                const struct api_target_ref *ref, int supported)
{
    struct api__place types = api__member(place, STR("proxyTypes"));
    struct api__place tags = api__member(place, STR("tags"));
    bool is_subset = ref->kind == API_TARGET_MESH_SUBSET;
    if (ref->kind == API_TARGET_MESH && ref->name.size > 0)
        api__error_in(d, place, STR("name"), "using name with kind Mesh is not yet supported");
    if ((ref->kind == API_TARGET_MESH || is_subset) && api__is_present(&types) &&
        jv_item_count(types.value) == 0)
        api__error(d, &types, "must be undefined or have at least one element");
    if (is_subset || kind_rules[ref->kind].has_tags)
        api__check_tags(d, &tags, ref->tags, is_subset ? 0 : API__TAGS_SELECTOR);
    if (ref->kind == API_TARGET_MESH_GATEWAY && ref->tags.count > 0 &&
        (supported & API__TARGET_WHOLE) != 0)
        api__error(d, &tags, "must not be set with kind MeshGateway");
    if (ref->kind == API_TARGET_DATAPLANE && ref->section_name.size > 0 &&
        (supported & API__TARGET_INBOUND) == 0)
        api__error_in(d, place, STR("sectionName"), "can only be used with inbound policies");
}

/* "MeshService, MeshServiceSubset": the kinds that may stand there. */
static void append_kinds(struct buf *names, int supported)
{
    for (size_t i = 0; i < kinds.count; i++) {
        if ((BIT(kind_values[i].number) & supported) != 0)
            buf_printf(names, "%s%.*s", names->size > 0 ? ", " : "", STR_ARG(kind_values[i].name));
    }
}

/* One that is missing, that Kuma's schema refuses before any rule is asked, or that does not belong
 * there. */
static void refuse_kind(struct api__decoder *d, const struct api__place *place,
                        const struct api_target_ref *ref, int supported)
{
    CLEANUP(buf_deinit) struct buf names;
    buf_init(&names, ERR_MESSAGE_MAX);
    append_kinds(&names, supported);
    struct str list = buf_str(&names);
    const char *of = str_find_char(list, ',') == STR_NOT_FOUND ? "" : "one of ";
    if (ref->kind_name.size == 0)
        api__error_in(d, place, STR("kind"), "must be defined; it must be %s%.*s", of,
                      STR_ARG(list));
    else if (ref->kind == API_TARGET_NONE)
        api__error_in(d, place, STR("kind"), "unknown value %.*s: must be %s%.*s",
                      STR_ARG(str_first(ref->kind_name, API__QUOTED_MAX)), of, STR_ARG(list));
    else
        api__error_in(d, place, STR("kind"), "value is not supported; it must be %s%.*s", of,
                      STR_ARG(list));
}

void api__check_target(struct api__decoder *d, const struct api__place *place,
                       struct api_target_ref *ref, int supported)
{
    ref->kind = kind_of(ref->kind_name);
    if ((BIT(ref->kind) & supported) == 0 || ref->kind == API_TARGET_NONE) {
        refuse_kind(d, place, ref, supported);
        return;
    }
    const struct kind_rules *rules = &kind_rules[ref->kind];
    unsigned forbidden = fields_set(ref) & rules->forbidden;
    for (size_t i = 0; i < ARRAY_SIZE(field_bits); i++) {
        if ((forbidden & field_bits[i].bit) != 0)
            api__error_in(d, place, field_bits[i].name, "must not be set with kind %.*s",
                          STR_ARG(ref->kind_name));
    }
    check_naming(d, place, ref, (supported & API__TARGET_UNRESOLVED) != 0);
    check_peculiarities(d, place, ref, supported);
}

/* ---- Positions ---- */

enum {
    SERVICES = API__TARGET_SERVICES,
    BACKENDS = SERVICES | BIT(API_TARGET_MESH_SERVICE_SUBSET),
    MIRRORS = BIT(API_TARGET_MESH_SERVICE) | BIT(API_TARGET_MESH_SERVICE_SUBSET),
};

enum api_target_kind api__top_kind(const struct api__place *place)
{
    const struct jv *top = jv_get(api__spec_of(place)->value, STR("targetRef"));
    return top == NULL || top->type == JV_NULL ? API_TARGET_MESH
                                               : kind_of(jv_text(jv_get(top, STR("kind"))));
}

bool api__top_may_be_gateway(const struct api__place *place)
{
    enum api_target_kind kind = api__top_kind(place);
    return kind == API_TARGET_MESH_GATEWAY || kind == API_TARGET_NONE;
}

void api__check_top(struct api__decoder *d, const struct api__place *place,
                    struct api_target_ref *ref, int supported)
{
    const struct jv *document = api__spec_of(place)->parent->value;
    struct str role = api__label(d, document, STR("kuma.io/policy-role"));
    bool is_of_system = role.size == 0 || str_equal(role, STR("system"));
    struct api__place kind = api__member(place, STR("kind"));
    int of_system = BIT(API_TARGET_MESH_GATEWAY) | BIT(API_TARGET_MESH_HTTP_ROUTE);
    api__check_target(d, place, ref, is_of_system ? supported : supported & ~of_system);
    if (!is_of_system && (BIT(ref->kind) & supported & of_system) != 0)
        api__warning(d, &kind,
                     "may be %.*s in the namespace of the system only, where the label "
                     "kuma.io/policy-role is \"system\"; here it is \"%.*s\"",
                     STR_ARG(ref->kind_name), STR_ARG(str_first(role, API__QUOTED_MAX)));
}

static void check_route_target(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_target_ref *ref = object;
    api__check_top(d, place, ref, API__TARGET_TOPS);
    struct api__place kind = api__member(place, STR("kind"));
    if (ref->kind == API_TARGET_MESH_SUBSET || ref->kind == API_TARGET_MESH_SERVICE ||
        ref->kind == API_TARGET_MESH_SERVICE_SUBSET)
        api__warning(d, &kind,
                     "MeshSubset value for 'targetRef.kind' is deprecated, use Dataplane with "
                     "labels instead");
}

static void check_route_to(struct api__decoder *d, const struct api__place *place, void *object)
{
    if (api__top_kind(place) == API_TARGET_NONE)
        return; /* what it may be hangs on that */
    struct api_target_ref *ref = object;
    bool is_gateway = api__top_kind(place) == API_TARGET_MESH_GATEWAY;
    if (!is_gateway && kind_of(ref->kind_name) == API_TARGET_MESH) {
        ref->kind = API_TARGET_MESH;
        api__error_in(
            d, place, STR("kind"),
            "value is not supported; Mesh stands for the clients of a gateway and needs a "
            "spec.targetRef of kind MeshGateway");
        return;
    }
    api__check_target(d, place, ref, is_gateway ? BIT(API_TARGET_MESH) : SERVICES);
}

static void check_backend(struct api__decoder *d, const struct api__place *place,
                          struct api_backend_ref *backend, int supported)
{
    api__check_target(d, place, &backend->target, supported);
    if (backend->target.kind == API_TARGET_MESH_MULTI_ZONE_SERVICE && backend->port == 0)
        api__error_in(d, place, STR("port"), "must be defined with kind MeshMultiZoneService");
}

static void check_http_backend(struct api__decoder *d, const struct api__place *place, void *object)
{
    check_backend(d, place, object, BACKENDS | API__TARGET_UNRESOLVED);
}

static void check_tcp_backend(struct api__decoder *d, const struct api__place *place, void *object)
{
    check_backend(d, place, object, BACKENDS);
}

static void check_mirror(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct api_backend_ref *backend = object;
    api__check_target(d, place, &backend->target, MIRRORS);
}

void api__preset_target(const struct api__place *spec, struct api_target_ref *target)
{
    struct api__place ref = api__member(spec, STR("targetRef"));
    if (!api__is_present(&ref))
        target->kind = API_TARGET_MESH;
}

void api__check_route(struct api__decoder *d, const struct api__place *spec,
                      struct api_target_ref *target)
{
    struct api__place to = api__member(spec, STR("to"));
    api__preset_target(spec, target);
    if (!api__is_present(&to))
        api__warning(d, &to, "is missing, so this routes nothing");
}

void api__check_weights(struct api__decoder *d, const struct api__place *list,
                        const struct api_backend_ref *backends, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += backends[i].weight;
    if (count > 1 && sum == 0)
        api__warning(d, list,
                     "every backend has weight 0, so there is none to choose; give at least one a "
                     "weight");
}

#define TARGET_TABLE(check_function)                 \
    API__TABLE(target_fields, struct api_target_ref, \
               .mark = offsetof(struct api_target_ref, mark), .check = (check_function))
#define BACKEND_TABLE(check_function)                  \
    API__TABLE(backend_fields, struct api_backend_ref, \
               .mark = offsetof(struct api_backend_ref, target.mark), .check = (check_function))

const struct api__table api__route_target_table = TARGET_TABLE(check_route_target);
const struct api__table api__route_to_table = TARGET_TABLE(check_route_to);
const struct api__table api__policy_target_table = TARGET_TABLE(NULL);
const struct api__table api__http_backend_table = BACKEND_TABLE(check_http_backend);
const struct api__table api__tcp_backend_table = BACKEND_TABLE(check_tcp_backend);
const struct api__table api__mirror_backend_table = BACKEND_TABLE(check_mirror);
