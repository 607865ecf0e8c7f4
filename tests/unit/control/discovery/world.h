/* A cache filled from YAML, and questions to it, for tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "control/discovery/discovery.h"
#include "core/yaml/yaml.h"

struct world {
    struct cache *cache;
    struct arena *arena;
    struct finding_list *findings;
    struct discovery_answer answer;
};

static inline void world_init(struct world *w)
{
    *w = (struct world){cache_new(), arena_new(4096), finding_list_new(), {0}};
}

static inline void world_deinit(struct world *w)
{
    w->cache = cache_free(w->cache);
    w->arena = arena_free(w->arena);
    w->findings = finding_list_free(w->findings);
    assert_int_equal(api_objects_alive(), 0);
}

/* The kinds of Kubernetes as an API server delivers them, others as manifests. */
static inline void world_put(struct world *w, const char *yaml)
{
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(w->arena, str_of(yaml), &stream, &error) != ERR_OK)
        fail_msg("%u:%u: %s", error.mark.line, error.mark.column, error.message);
    for (size_t i = 0; i < stream.count; i++) {
        struct str kind = jv_text(jv_get(stream.documents[i], STR("kind")));
        struct api_origin origin = {.file = STR("t.yaml")};
        for (enum api_kind k = API_SERVICE; k < API_KINDS; k++) {
            origin.has_kind = origin.has_kind || str_equal(api_kind_name(k), kind);
            origin.kind = str_equal(api_kind_name(k), kind) ? k : origin.kind;
        }
        const struct api_object *object = api_decode(stream.documents[i], &origin, w->findings);
        assert_non_null(object);
        assert_int_equal(finding_count(object->findings), 0);
        cache_put(w->cache, object);
        object = api_object_unref(object);
    }
}

/* A manifest that is broken at its root; world_put takes sound ones alone. */
static inline void world_put_broken(struct world *w, const char *yaml)
{
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(w->arena, str_of(yaml), &stream, NULL), ERR_OK);
    const struct api_origin origin = {.file = STR("t.yaml")};
    const struct api_object *object = api_decode(stream.documents[0], &origin, w->findings);
    assert_true(object->broken);
    cache_put(w->cache, object);
    object = api_object_unref(object);
}

/* Asks as a gateway of `mesh` does; `more` is "name=value" of another tag of the destination, or
 * NULL. */
static inline void world_ask(struct world *w, const char *mesh, const char *service,
                             const char *more)
{
    struct api_tag tags[2];
    size_t count = 0;
    struct str rest = more == NULL ? STR_EMPTY : str_of(more);
    struct str name = str_cut(&rest, '=');
    bool is_first = more != NULL && str_compare(name, STR("kuma.io/service")) < 0;
    if (is_first)
        tags[count++] = (struct api_tag){name, rest};
    tags[count++] = (struct api_tag){STR("kuma.io/service"), str_of(service)};
    if (more != NULL && !is_first)
        tags[count++] = (struct api_tag){name, rest};
    struct discovery *discovery = discovery_new(w->cache);
    discovery_resolve(discovery, w->arena, str_of(mesh), (struct api_tags){tags, count},
                      &w->answer);
    discovery = discovery_free(discovery);
}

/* "10.0.0.1:80 10.0.0.2:80", in any order of the slices: sorted by the test's author. */
static inline void assert_endpoints(struct world *w, const char *wanted)
{
    char text[512] = "";
    size_t size = 0;
    for (size_t i = 0; i < w->answer.count; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%.*s:%u", i == 0 ? "" : " ",
                                 STR_ARG(w->answer.endpoints[i].address),
                                 (unsigned)w->answer.endpoints[i].port);
    assert_string_equal(text, wanted);
    assert_int_equal(w->answer.state == DISCOVERY_FOUND, w->answer.count > 0);
}

static inline void assert_nothing(struct world *w, enum discovery_state state, const char *reason)
{
    assert_int_equal(w->answer.count, 0);
    assert_int_equal(w->answer.state, state);
    char text[512];
    (void)snprintf(text, sizeof(text), "%.*s", STR_ARG(w->answer.reason));
    assert_string_equal(text, reason);
}
