/* Objects from manifests, for tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/api/api.h"
#include "core/yaml/yaml.h"

/* What a test has decoded. */
struct manifest {
    struct arena *arena;
    struct finding_list *problems;
    const struct api_object *object;
};

static inline void manifest_free(struct manifest *m)
{
    m->object = api_object_unref(m->object);
    m->problems = finding_list_free(m->problems);
    m->arena = arena_free(m->arena);
}

/* Decodes the first document of `yaml`. */
static inline void manifest_decode_with(struct manifest *m, const char *yaml,
                                        const struct api_origin *origin)
{
    manifest_free(m);
    m->arena = arena_new(4096);
    m->problems = finding_list_new();
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(m->arena, str_of(yaml), &stream, &error) != ERR_OK)
        fail_msg("%u:%u: %s", error.mark.line, error.mark.column, error.message);
    assert_true(stream.count > 0);
    m->object = api_decode(stream.documents[0], origin, m->problems);
}

static inline void manifest_decode(struct manifest *m, const char *yaml)
{
    const struct api_origin origin = {.file = STR("t.yaml")};
    manifest_decode_with(m, yaml, &origin);
}

/* `head`, then `count` times `item`, then `tail`. */
static inline void manifest_decode_many(struct manifest *m, const char *head, size_t count,
                                        const char *item, const char *tail)
{
    struct buf yaml;
    buf_init(&yaml, (size_t)4 << 20);
    buf_append(&yaml, str_of(head));
    for (size_t i = 0; i < count; i++)
        buf_append(&yaml, str_of(item));
    buf_append(&yaml, str_of(tail));
    buf_append_char(&yaml, '\0');
    manifest_decode(m, yaml.data);
    buf_deinit(&yaml);
}

/* The findings, one per line, sorted. To be freed by buf_deinit. */
static inline void findings_print(const struct finding_list *list, struct buf *buf)
{
    CLEANUP(finding_list_free) struct finding_list *sorted = finding_list_new();
    finding_add_all(sorted, list);
    finding_sort(sorted);
    for (size_t i = 0; i < finding_count(sorted); i++) {
        finding_print(finding_get(sorted, i), buf);
        buf_append_char(buf, '\n');
    }
    buf_append_char(buf, '\0');
}

static inline void assert_list_is(const struct finding_list *list, const char *wanted)
{
    struct buf buf;
    buf_init(&buf, 1 << 20);
    findings_print(list, &buf);
    assert_string_equal(buf.data, wanted);
    buf_deinit(&buf);
}

/* A wanted line may leave out what stands behind "; " in the message: what to write instead. */
static inline void assert_lines(struct str said, struct str wanted)
{
    struct str rest = said;
    struct str rest_wanted = wanted;
    while (rest.size > 0 && rest_wanted.size > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str wanted_line = str_cut(&rest_wanted, '\n');
        if (!str_starts_with(line, wanted_line) ||
            (line.size > wanted_line.size &&
             !str_starts_with(str_from(line, wanted_line.size), STR("; "))))
            break;
        if (rest.size == 0 && rest_wanted.size == 0)
            return;
    }
    if (said.size + wanted.size > 0)
        fail_msg("said:\n%.*swanted:\n%.*s", STR_ARG(said), STR_ARG(wanted));
}

static inline void assert_object_findings(const struct manifest *m, bool with_marks,
                                          const char *wanted)
{
    assert_non_null(m->object);
    assert_int_equal(finding_count(m->problems), 0);
    CLEANUP(finding_list_free) struct finding_list *sorted = finding_list_new();
    finding_add_all(sorted, m->object->findings);
    finding_sort(sorted);
    struct buf buf;
    buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < finding_count(sorted); i++) {
        const struct finding *f = finding_get(sorted, i);
        if (with_marks)
            buf_printf(&buf, "%u:%u ", f->mark.line, f->mark.column);
        buf_printf(&buf, "%s %.*s: %.*s\n", f->severity == FINDING_ERROR ? "error" : "warning",
                   STR_ARG(f->field), STR_ARG(f->message));
    }
    assert_lines(buf_str(&buf), str_of(wanted));
    buf_deinit(&buf);
}

/* The findings of the object, each as "line:column error field: message", in this order. */
static inline void assert_findings(const struct manifest *m, const char *wanted)
{
    assert_object_findings(m, true, wanted);
}

/* The same, without "line:column ". */
static inline void assert_faults(const struct manifest *m, const char *wanted)
{
    assert_object_findings(m, false, wanted);
}

static inline void assert_str(struct str got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    assert_memory_equal(got.data, wanted, got.size);
}

/* A bound of a table: `most` times `item` between `head` and `tail` pass, one more is `fault`. */
struct manifest_bound {
    const char *head;
    const char *item;
    const char *tail;
    size_t most;
    const char *fault;
};

static inline void assert_bounds(struct manifest *m, const struct manifest_bound *bounds,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct manifest_bound *bound = &bounds[i];
        manifest_decode_many(m, bound->head, bound->most, bound->item, bound->tail);
        assert_faults(m, "");
        manifest_decode_many(m, bound->head, bound->most + 1, bound->item, bound->tail);
        assert_faults(m, bound->fault);
    }
}
