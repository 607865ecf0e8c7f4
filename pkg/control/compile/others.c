/* What is said of objects that are neither MeshGateways nor their routes: what is wrong with them,
 * and what they ask for that has no effect yet. */
#include "control/compile/review.h"
#include "control/compile/spec.h"

struct viewer {
    struct arena *arena;
    struct finding_list *findings;
    const struct compile_input *input;
};

/* Kuma's kinds, but for those that have reports of their own. */
static bool is_other(enum api_kind kind)
{
    for (size_t i = 0; i < COMPILE__ROUTE_KINDS; i++) {
        if (compile__route_kinds[i] == kind)
            return false;
    }
    return api_kind_plural(kind).size > 0 && kind != API_MESH_GATEWAY &&
           kind != API_MESH_GATEWAY_INSTANCE;
}

void compile__warn_object(struct arena *arena, struct finding_list *findings,
                          struct compile_object_report *report, struct str field,
                          struct str message)
{
    struct finding_subject subject = api_subject(report->object);
    finding_add(findings, FINDING_WARNING, &subject, report->object->mark, field, "%.*s",
                STR_ARG(message));
    compile__deny(&report->programmed, STR("UnsupportedValue"),
                  str_format(arena, "%.*s: %.*s", STR_ARG(field), STR_ARG(message)));
}

/* What a mesh asks for and its gateways do not do. */
static void review_mesh(const struct viewer *viewer, struct compile_object_report *report)
{
    const struct api_mesh *mesh = report->object->mesh;
    const struct {
        bool is_asked;
        struct str field;
        const char *message;
    } unserved_fields[] = {
        {mesh->enabled_backend.size > 0, STR("mtls.enabledBackend"),
         "has no effect yet: the gateway speaks to its back ends without mTLS, and one that wants "
         "it refuses"},
        {mesh->prefers_local_zone, STR("routing.localityAwareLoadBalancing"),
         "has no effect yet: all zones are equal"},
        {mesh->uses_zone_egress, STR("routing.zoneEgress"),
         "has no effect yet: back ends are reached without an egress"},
        {mesh->requirements.count + mesh->restrictions.count > 0, STR("constraints.dataplaneProxy"),
         "is checked and has no other effect yet: every dataplane may join"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(unserved_fields); i++) {
        if (unserved_fields[i].is_asked)
            compile__warn_object(viewer->arena, viewer->findings, report, unserved_fields[i].field,
                                 str_of(unserved_fields[i].message));
    }
}

/* A kind that is understood, so that what is wrong in it is found, and that changes nothing. */
static void review_unserved(const struct viewer *viewer, struct compile_object_report *report)
{
    const struct api_object *object = report->object;
    struct finding_subject subject = api_subject(object);
    struct str text = str_format(viewer->arena, "%.*s is not served yet: it has no effect",
                                 STR_ARG(subject.kind));
    if (object->is_shadow) { /* as its author wants it */
        compile__deny(&report->programmed, STR("Shadow"),
                      STR("kuma.io/effect is shadow: it has no effect"));
        return;
    }
    compile__deny(&report->programmed, STR("UnsupportedValue"), text);
    finding_add(viewer->findings, FINDING_WARNING, &subject, object->mark, STR_EMPTY, "%.*s",
                STR_ARG(text));
}

/* Nothing is to be said of those that nobody names. */
static bool is_named_back_end(enum api_kind kind)
{
    return kind == API_MESH_SERVICE || kind == API_MESH_MULTI_ZONE_SERVICE;
}

static void review_other(const struct viewer *viewer, const struct api_object *object,
                         struct compile_object_report *report)
{
    *report = (struct compile_object_report){
        .object = object,
        .accepted = compile__accepted(),
        .programmed = {true, STR("Programmed"), STR_EMPTY},
    };
    if (object->broken)
        compile__deny(&report->accepted, STR("Invalid"),
                      compile__decoding_error(viewer->arena, object, STR_EMPTY));
    if (object->key.kind == API_MESH && !object->broken)
        review_mesh(viewer, report);
    else if (object->key.kind == API_DATAPLANE && !object->broken)
        compile__check_member(viewer->input->cache, object, viewer->findings);
    else if (object->key.kind == API_EXTERNAL_SERVICE ||
             object->key.kind == API_MESH_EXTERNAL_SERVICE)
        compile__review_external(viewer->arena, viewer->findings, viewer->input, report);
    else if (!is_named_back_end(object->key.kind) && object->key.kind != API_MESH &&
             object->key.kind != API_DATAPLANE)
        review_unserved(viewer, report);
}

void compile__review_others(struct arena *arena, struct finding_list *findings,
                            const struct compile_input *input, struct compile_report *report)
{
    const struct viewer viewer = {arena, findings, input};
    const struct cache *cache = input->cache;
    size_t total = 0;
    for (enum api_kind kind = 0; kind < API_KINDS; kind++) {
        if (is_other(kind))
            total += cache_count_all(cache, kind);
    }
    struct compile_object_report *others = ARENA_NEW_ARRAY(arena, struct compile_object_report,
                                                           total);
    for (enum api_kind kind = 0; kind < API_KINDS; kind++) {
        size_t count;
        if (!is_other(kind))
            continue;
        const struct api_object *const *objects = cache_list_all(cache, kind, &count);
        for (size_t j = 0; j < count; j++)
            review_other(&viewer, objects[j], &others[report->other_count++]);
    }
    report->others = others;
}
