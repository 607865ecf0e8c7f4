/* Mesh: what its gateways share. The rules are those of Kuma's reference. */
#include "control/api/check.h"
#include "control/api/kinds.h"
#include "control/api/mesh_backends.h"
#include "core/base/base64.h"

#define NAME_MAX_SIZE ((size_t)63)

/* ---- mTLS ---- */

static const struct api__field rotation_fields[] = {
    API__FIELD("expiration", STRING, API__AT(struct api_mesh_ca, expiration),
               .max = API__STRING_MAX),
};
static const struct api__table rotation_table = API__TABLE(rotation_fields, struct api_mesh_ca,
                                                           .check = NULL);

static const struct api__field certificate_fields[] = {
    API__FIELD("rotation", OBJECT, .table = &rotation_table),
    API__FIELD("requestTimeout", DURATION, API__AT(struct api_mesh_ca, request_timeout_ns)),
};
static const struct api__table certificate_table = API__TABLE(certificate_fields,
                                                              struct api_mesh_ca, .check = NULL);

static const struct api__field chain_fields[] = {
    API__FIELD("requestTimeout", DURATION, API__AT(struct api_mesh_ca, chain_timeout_ns)),
};
static const struct api__table chain_table = API__TABLE(chain_fields, struct api_mesh_ca,
                                                        .check = NULL);

static const struct api__enum_value mode_values[] = {
    {STR_INIT("STRICT"), API_MTLS_STRICT},
    {STR_INIT("PERMISSIVE"), API_MTLS_PERMISSIVE},
};
static const struct api__enum modes = {mode_values, ARRAY_SIZE(mode_values)};

static const struct api__field ca_fields[] = {
    API__FIELD("name", STRING, API__AT(struct api_mesh_ca, name), .max = API__STRING_MAX),
    API__FIELD("type", STRING, API__AT(struct api_mesh_ca, type), .max = API__STRING_MAX),
    API__FIELD("mode", ENUM, API__AT(struct api_mesh_ca, mode), .values = &modes),
    API__FIELD("dpCert", OBJECT, .has = offsetof(struct api_mesh_ca, has_certificate),
               .table = &certificate_table),
    API__FIELD("rootChain", OBJECT, .table = &chain_table),
    API__FIELD("conf", OPEN), /* check_plugin looks at it */
};

static const struct api__table ca_table = API__TABLE(ca_fields, struct api_mesh_ca, .check = NULL);

static const struct api__field mtls_fields[] = {
    API__FIELD("enabledBackend", STRING, API__AT(struct api_mesh, enabled_backend),
               .max = API__STRING_MAX),
    API__FIELD("backends", LIST, API__AT(struct api_mesh, cas), .table = &ca_table,
               .max = API__LIST_MAX),
    API__FIELD("skipValidation", BOOL, API__AT(struct api_mesh, skips_ca_checks)),
};

/* Kuma writes "dpcert", and not of which back end. */
static void check_expiration(struct api__decoder *d, const struct api__place *mtls,
                             const struct api__place *ca, const struct api_mesh_ca *spec)
{
    if (!spec->has_certificate || api__is_expiration(spec->expiration))
        return;
    struct api__place certificate = api__member(ca, STR("dpCert"));
    struct api__place named = {
        .parent = mtls, .step = API__MEMBER, .name = STR("dpcert"), .mark = certificate.mark};
    struct api__place rotation = api__member(&named, STR("rotation"));
    api__error_in(d, &rotation, STR("expiration"), "has to be a valid format");
}

static void check_source_member(struct api__decoder *d, const struct api__place *member)
{
    struct str text = jv_text(member->value);
    struct str bytes;
    if (text.size == 0)
        api__error(d, member, "cannot be empty");
    else if (str_equal(member->name, STR("inline")) &&
             base64_decode(d->arena, text, &bytes) != ERR_OK)
        api__error(d, member, "is not base64 (with + and /, padded with =)");
}

/* A data source of a CA that is provided. */
static void check_source(struct api__decoder *d, const struct api__place *conf, struct str name)
{
    static const struct str members[] = {STR_INIT("secret"), STR_INIT("file"), STR_INIT("inline"),
                                         STR_INIT("inlineString")};
    struct api__place source = api__member(conf, name);
    bool any = false;
    if (!api__is_present(&source)) {
        api__error(d, &source, "has to be defined");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
        struct api__place member = api__member(&source, members[i]);
        if (!api__is_present(&member))
            continue;
        any = true;
        check_source_member(d, &member);
    }
    if (!any)
        api__error(d, &source,
                   "data source has to be chosen. Available sources: secret, file, inline");
}

static void check_plugin(struct api__decoder *d, const struct api__place *place,
                         const struct api_mesh_ca *ca)
{
    struct api__place conf = api__member(place, STR("conf"));
    if (str_equal(ca->type, STR("provided"))) {
        check_source(d, &conf, STR("cert"));
        check_source(d, &conf, STR("key"));
    } else if (str_equal(ca->type, STR("builtin"))) {
        api__check_builtin_ca(d, &conf);
    } else {
        api__error_in(d, place, STR("type"), "could not find installed plugin for this type");
    }
}

static bool has_name(const struct api_mesh *mesh, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(mesh->cas[i].name, name))
            return true;
    }
    return false;
}

static void check_mtls(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh *mesh = object;
    struct api__place list = api__member(place, STR("backends"));
    if (mesh->ca_count > 1)
        api__error(d, &list, "cannot have more than 1 backends");
    for (size_t i = 0; i < mesh->ca_count; i++) {
        struct api__place ca = api__item(&list, i);
        if (has_name(mesh, i, mesh->cas[i].name))
            api__error_in(d, &ca, STR("name"), "\"%.*s\" name is already used for another backend",
                          STR_ARG(mesh->cas[i].name));
        check_expiration(d, place, &ca, &mesh->cas[i]);
        if (!mesh->skips_ca_checks)
            check_plugin(d, &ca, &mesh->cas[i]);
    }
    if (mesh->enabled_backend.size > 0 && !has_name(mesh, mesh->ca_count, mesh->enabled_backend))
        api__error_in(d, place, STR("enabledBackend"),
                      "has to be set to one of the backends in the mesh");
}

static const struct api__table mtls_table = API__TABLE(mtls_fields, struct api_mesh,
                                                       .check = check_mtls);

/* ---- Routing and networking ---- */

static const struct api__field routing_fields[] = {
    API__FIELD("localityAwareLoadBalancing", BOOL, API__AT(struct api_mesh, prefers_local_zone)),
    API__FIELD("zoneEgress", BOOL, API__AT(struct api_mesh, uses_zone_egress)),
    API__FIELD("defaultForbidMeshExternalServiceAccess", BOOL,
               API__AT(struct api_mesh, forbids_external_services)),
};
static const struct api__table routing_table = API__TABLE(routing_fields, struct api_mesh,
                                                          .check = NULL);

/* Of sidecars: a gateway passes nothing through. */
static const struct api__field outbound_fields[] = {
    API__FIELD("passthrough", BOOL, API__AT(struct api_mesh, passes_through),
               .presence = API__OF_FIELD),
};
static const struct api__table outbound_table = API__TABLE(outbound_fields, struct api_mesh,
                                                           .check = NULL);

static const struct api__field networking_fields[] = {
    API__FIELD("outbound", OBJECT, .table = &outbound_table),
};
static const struct api__table networking_table = API__TABLE(networking_fields, struct api_mesh,
                                                             .check = NULL);

static const struct api__enum_value services_values[] = {
    {STR_INIT("Disabled"), API_SERVICES_DISABLED},
    {STR_INIT("Everywhere"), API_SERVICES_EVERYWHERE},
    {STR_INIT("ReachableBackends"), API_SERVICES_REACHABLE_BACKENDS},
    {STR_INIT("Exclusive"), API_SERVICES_EXCLUSIVE},
};
static const struct api__enum services_modes = {services_values, ARRAY_SIZE(services_values)};

static const struct api__field services_fields[] = {
    API__FIELD("mode", ENUM, API__AT(struct api_mesh, services_mode), .values = &services_modes),
};
static const struct api__table services_table = API__TABLE(services_fields, struct api_mesh,
                                                           .check = NULL);

/* ---- Who may join ---- */

static const struct api__field member_fields[] = {
    API__FIELD("tags", TAGS, API__AT(struct api_selector, match), API__TAGS_BOUNDS),
};

static void check_member(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_selector *member = object;
    struct api__place tags = api__member(place, STR("tags"));
    api__check_tags(d, &tags, member->match, API__TAGS_SELECTOR | API__TAGS_SOME);
}

static const struct api__table member_table = API__TABLE(
    member_fields, struct api_selector, .mark = offsetof(struct api_selector, mark),
    .check = check_member);

static const struct api__field membership_fields[] = {
    API__FIELD("requirements", LIST, API__AT(struct api_mesh, requirements), .table = &member_table,
               .max = API__LIST_MAX),
    API__FIELD("restrictions", LIST, API__AT(struct api_mesh, restrictions), .table = &member_table,
               .max = API__LIST_MAX),
};
static const struct api__table membership_table = API__TABLE(membership_fields, struct api_mesh,
                                                             .check = NULL);

static const struct api__field constraints_fields[] = {
    API__FIELD("dataplaneProxy", OBJECT, .table = &membership_table),
};
static const struct api__table constraints_table = API__TABLE(constraints_fields, struct api_mesh,
                                                              .check = NULL);

/* ---- The mesh ---- */

static const struct api__field fields[] = {
    API__FIELD("mtls", OBJECT, .table = &mtls_table),
    API__FIELD("routing", OBJECT, .table = &routing_table),
    API__FIELD("networking", OBJECT, .table = &networking_table),
    API__FIELD("meshServices", OBJECT, .table = &services_table),
    API__FIELD("constraints", OBJECT, .table = &constraints_table),
    API__FIELD("logging", OPEN), /* api__check_mesh_backends looks at these */
    API__FIELD("tracing", OPEN),
    API__FIELD("metrics", OPEN),
    API__FIELD("skipCreatingInitialPolicies", STRINGS, API__AT(struct api_mesh, skipped_policies),
               API__NAMES_BOUNDS),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct api_mesh *mesh = object;
    api__check_mesh_backends(d, place);
    if (mesh->uses_zone_egress && mesh->enabled_backend.size == 0)
        api__error_in(d, place, STR("mtls"), "has to be set when zoneEgress enabled");
    if (d->subject.name.size > NAME_MAX_SIZE)
        api__error_in(d, place, STR("name"), "cannot be longer than 63 characters");
}

const struct api__table api__mesh_table = API__TABLE(fields, struct api_mesh, .check = check);
