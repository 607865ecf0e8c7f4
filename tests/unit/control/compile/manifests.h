/* Manifests into a cache, and a gateway dataplane, for tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/compile.h"
#include "core/yaml/yaml.h"

static const struct api_tag manifests_tags[] = {{STR_INIT("kuma.io/service"), STR_INIT("e")}};
static const struct compile_dataplane manifests_dataplane = {.mesh = STR_INIT("default"),
                                                             .name = STR_INIT("d"),
                                                             .address = STR_INIT("127.0.0.1"),
                                                             .tags = {manifests_tags, 1}};

/* The kinds of Kubernetes as an API server delivers them. */
static inline struct api_origin manifests_origin(const struct jv *document)
{
    struct str name = jv_text(jv_get(document, STR("kind")));
    for (enum api_kind kind = API_SERVICE; kind < API_KINDS; kind++) {
        if (str_equal(api_kind_name(kind), name))
            return (struct api_origin){.has_kind = true, .kind = kind};
    }
    return (struct api_origin){.file = STR("t.yaml")};
}

/* The only object of the text; NULL: it is none, or no YAML. */
static inline const struct api_object *manifests_decode(struct str text)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    if (yaml_parse(arena, text, &stream, NULL) != ERR_OK || stream.count != 1)
        return NULL;
    struct api_origin origin = manifests_origin(stream.documents[0]);
    return api_decode(stream.documents[0], &origin, problems);
}

static inline void manifests_put(struct cache *cache, struct str text)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, text, &stream, &error) != ERR_OK)
        fail_msg("%.*s: %s", STR_ARG(text), error.message);
    for (size_t i = 0; i < stream.count; i++) {
        struct api_origin origin = manifests_origin(stream.documents[i]);
        const struct api_object *object = api_decode(stream.documents[i], &origin, problems);
        assert_non_null(object);
        cache_put(cache, object);
        object = api_object_unref(object);
    }
}
