/* Pod, of which the metadata alone is read: what its labels say, and whether it is a gateway. */
#include "control/api/check.h"
#include "control/api/envelope.h"
#include "control/api/kinds.h"

/* Whether a label says something about the workload, as tags do: Kuma's own do not. */
static bool is_tag(const struct jv_member *label)
{
    const struct str own = STR("kuma.io/");
    for (size_t i = 0; i + own.size <= label->key.size; i++) {
        if (str_starts_with(str_from(label->key, i), own))
            return false;
    }
    return jv_text(label->value).size > 0;
}

/* More values than a gateway has tags, by far. */
#define TAG_VALUES_MAX 1000

/* The tags of a builtin gateway: a JSON object of strings in an annotation. */
static void read_gateway_tags(struct api__decoder *d, const struct api__place *annotations,
                              struct api_pod *pod)
{
    const struct str form = STR("write a JSON object of strings, such as {\"kuma.io/service\":"
                                "\"edge\"}");
    struct api__place annotation = api__key(annotations, STR("kuma.io/tags"));
    struct err_info info = {0};
    const struct jv *tags = NULL;
    if (!api__is_present(&annotation)) {
        api__error(d, &annotation, "is missing on a builtin gateway; %.*s", STR_ARG(form));
        return;
    }
    if (jv_parse(d->arena, jv_text(annotation.value), TAG_VALUES_MAX, &tags, &info) != ERR_OK) {
        api__undecodable(d, &annotation, "is not JSON: %s; %.*s", info.message, STR_ARG(form));
        return;
    }
    annotation.value = tags;
    api__decode_tags(d, &annotation, &pod->gateway_tags);
    api__check_tags(d, &annotation, pod->gateway_tags, API__TAGS_SERVICE);
}

static void check_gateway(struct api__decoder *d, const struct api__place *annotations,
                          struct api_pod *pod)
{
    const struct str name = STR("kuma.io/gateway");
    struct api__place annotation = api__key(annotations, name);
    struct str value = jv_text(annotation.value);
    pod->is_builtin_gateway = str_equal(value, STR("builtin"));
    if (pod->is_builtin_gateway)
        read_gateway_tags(d, annotations, pod);
    if (!api__is_present(&annotation) || pod->is_builtin_gateway ||
        str_equal(value, STR("enabled")) || str_equal(value, STR("provided")))
        return;
    api__error(d, &annotation,
               "must be builtin for a gateway that MeshGateways configure, enabled or provided for "
               "one of your own");
}

const void *api__pod_read(struct api__decoder *d, const struct api__place *root)
{
    struct api__place metadata = api__member(root, STR("metadata"));
    struct api__place annotations = api__member(&metadata, STR("annotations"));
    struct api_pod *pod = ARENA_NEW(d->arena, struct api_pod);
    pod->has_mesh = api__labelled_mesh(metadata.value, API_POD).size > 0;
    pod->is_terminating = jv_text(jv_get(metadata.value, STR("deletionTimestamp"))).size > 0;
    pod->tags = api__read_labels(d, jv_get(metadata.value, STR("labels")), is_tag);
    check_gateway(d, &annotations, pod);
    return pod;
}
