/* Instances and the documents that are made of them, for tests. Documents are written in the tests
 * as YAML and compared in canonical JSON. */
#pragma once

#include "../api/manifest.h"

#include "control/instance/instance.h"
#include "core/base/file.h"
#include "core/json/json.h"

#define UID "3c1e5b1e-0000-4000-8000-000000000001"

static const struct instance_options options = {
    .proxy_image = STR_INIT("otemon/proxy:0.1.0"),
    .operator_address = STR_INIT("otemon-operator.kuma-system.svc:9901"),
    .ca_map = STR_INIT("otemon-ca"),
    .drain_delay_s = 5,
    .drain_time_s = 30,
};

/* The instance that `yaml` describes: from its metadata on. */
static inline const struct api_object *instance_decode(struct manifest *m, const char *yaml)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_printf(&text, "apiVersion: kuma.io/v1alpha1\nkind: MeshGatewayInstance\n%s", yaml);
    buf_append_char(&text, '\0');
    manifest_decode(m, text.data);
    buf_deinit(&text);
    assert_non_null(m->object);
    return m->object;
}

static inline const struct jv *yaml_value(struct arena *arena, const char *yaml)
{
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, str_of(yaml), &stream, &error) != ERR_OK)
        fail_msg("%u:%u: %s", error.mark.line, error.mark.column, error.message);
    assert_int_equal(stream.count, 1);
    return stream.documents[0];
}

/* The content of a file in the folder of these tests. tests/chart gives the same files to an API
 * server. */
static inline void file_beside(struct buf *buf, const char *name)
{
    struct str here = str_of(__FILE__);
    CLEANUP(arena_free) struct arena *arena = arena_new(256);
    struct str path = str_format(arena, "%.*s/%s",
                                 STR_ARG(str_first(here, str_find_last_char(here, '/'))), name);
    buf_init(buf, 1 << 16);
    assert_int_equal(file_read(path.data, buf, NULL), ERR_OK);
    buf_append_char(buf, '\0');
}

/* `document` says what `yaml` says, and is canonical. */
static inline void assert_document(struct buf *document, const char *yaml)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    struct buf wanted;
    buf_init(&wanted, 1 << 20);
    jv_print(yaml_value(arena, yaml), &wanted);
    buf_append_char(&wanted, '\0');
    assert_false(buf_overflowed(document));
    buf_append_char(document, '\0');
    assert_string_equal(document->data, wanted.data);
    buf_deinit(&wanted);
}
