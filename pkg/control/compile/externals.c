/* What is said of ExternalServices and MeshExternalServices, whether a route leads to them or not.
 */
#include "control/compile/data_sources.h"
#include "control/compile/external_tls.h"
#include "control/compile/review.h"

static struct str protocol_of(const struct api_object *object)
{
    if (object->key.kind == API_MESH_EXTERNAL_SERVICE)
        return object->mesh_external_service->protocol;
    const struct str *protocol = api_tags_find(object->external_service->tags,
                                               STR("kuma.io/protocol"));
    return protocol == NULL ? STR_EMPTY : *protocol;
}

/* HTTP/1.1 is spoken to all of them. */
static bool wants_another_protocol(const struct api_object *object)
{
    struct str protocol = protocol_of(object);
    return str_equal(protocol, STR("http2")) || str_equal(protocol, STR("grpc"));
}

static struct str protocol_field(const struct api_object *object)
{
    return object->key.kind == API_MESH_EXTERNAL_SERVICE ? STR("spec.match.protocol")
                                                         : STR("tags[\"kuma.io/protocol\"]");
}

/* Where its back ends are, only whoever knows the extension could say. */
static bool has_extension(const struct api_object *object)
{
    return object->key.kind == API_MESH_EXTERNAL_SERVICE &&
           object->mesh_external_service->has_extension;
}

/* ---- TLS ---- */

/* What it costs is that share of requests, and nobody else's. */
static void say(struct arena *arena, struct finding_list *findings,
                const struct compile__tls_note *note, struct compile_object_report *report)
{
    struct finding_subject subject = api_subject(report->object);
    finding_add(findings, note->is_fault ? FINDING_ERROR : FINDING_WARNING, &subject, note->mark,
                note->field, "%.*s", STR_ARG(note->message));
    struct str text = str_format(arena, "%.*s: %.*s", STR_ARG(note->field), STR_ARG(note->message));
    if (note->is_fault)
        compile__deny(&report->programmed, note->reason, text);
    else if (report->accepted.ok && report->accepted.message.size == 0)
        report->accepted.message = text;
}

static void review_tls(struct arena *arena, struct finding_list *findings,
                       const struct compile_input *input, struct compile_object_report *report)
{
    struct compile__tls tls = {
        .cache = input->cache,
        .arena = arena,
        .object = report->object,
        .lacks_secrets = compile__lacks_secrets(input),
        .wall_ms = input->wall_ms,
    };
    compile__tls_read(&tls);
    for (size_t i = 0; i < tls.notes.count; i++)
        say(arena, findings, &tls.notes.items[i], report);
    compile__tls_deinit(&tls);
}

void compile__review_external(struct arena *arena, struct finding_list *findings,
                              const struct compile_input *input,
                              struct compile_object_report *report)
{
    if (report->object->broken)
        return;
    if (has_extension(report->object))
        compile__warn_object(
            arena, findings, report, STR("spec.extension"),
            STR("extensions are not known here, so it is no back end; write endpoints"));
    else if (discovery_external_tls(report->object)->enabled)
        review_tls(arena, findings, input, report);
    if (wants_another_protocol(report->object))
        compile__warn_object(
            arena, findings, report, protocol_field(report->object),
            STR("HTTP/2 to back ends is not spoken yet: requests go to it as HTTP/1.1"));
}
