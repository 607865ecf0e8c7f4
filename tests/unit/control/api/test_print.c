/* Manifests of every kind, random ones: what is printed is decoded to the same. */
#include "manifest.h"

#include "alike.h"
#include "trees.h"

#include "control/api/print.h"

#define ROUNDS  100
#define DEPTH   12
#define PRINTED ((size_t)4 << 20)

static const struct api_origin origin = {.file = STR_INIT("t.yaml")};
static const struct jv_mark nowhere = {0};

/* A document, what it is decoded to and what is printed of it. */
struct sample {
    const struct jv *document;
    const struct api_object *object;
    struct finding_list *problems;
};

static void sample_decode(struct sample *s, const struct jv *document)
{
    s->document = document;
    s->problems = finding_list_new();
    s->object = api_decode(document, &origin, s->problems);
    assert_non_null(s->object);
}

static void sample_deinit(struct sample *s)
{
    s->object = api_object_unref(s->object);
    s->problems = finding_list_free(s->problems);
}

static void text_add(struct trees *t, struct api__members *members, const char *key,
                     const char *text)
{
    api__members_add(members, str_of(key), trees_text(t, str_of(text)));
}

static const struct jv *universal_new(struct trees *t, enum api_kind kind)
{
    const struct api__kind *info = api__kind_of(kind);
    struct api__members members = {.arena = t->arena};
    const struct jv *fields = trees_of(t, info->table, DEPTH);
    api__members_add_text(&members, STR("type"), info->name);
    if (info->mesh != API__MESH_NONE)
        text_add(t, &members, "mesh", "default");
    text_add(t, &members, "name", "x");
    if (info->has_spec)
        api__members_add(&members, STR("spec"), fields);
    else
        api__members_add_all(&members, fields);
    return api__members_object(&members, nowhere);
}

static const struct jv *metadata_new(struct trees *t, const struct api__kind *info)
{
    struct api__members labels = {.arena = t->arena};
    struct api__members metadata = {.arena = t->arena};
    text_add(t, &metadata, "name", "x");
    if (info->is_namespaced || str_equal(info->name, STR("Secret")))
        text_add(t, &metadata, "namespace", "kuma-system");
    text_add(t, &labels, "a/b", "yes");
    if (info->mesh >= API__MESH_LABEL)
        text_add(t, &labels, "kuma.io/mesh", "default");
    api__members_add(&metadata, STR("labels"), api__members_object(&labels, nowhere));
    return api__members_object(&metadata, nowhere);
}

static const struct jv *kubernetes_new(struct trees *t, enum api_kind kind)
{
    const struct api__kind *info = api__kind_of(kind);
    struct api__members members = {.arena = t->arena};
    text_add(t, &members, "apiVersion", kind == API_SECRET ? "v1" : "kuma.io/v1alpha1");
    api__members_add_text(&members, STR("kind"), info->name);
    if (info->mesh == API__MESH_FIELD)
        text_add(t, &members, "mesh", "default");
    api__members_add(&members, STR("metadata"), metadata_new(t, info));
    if (kind == API_SECRET) {
        struct api__members data = {.arena = t->arena};
        text_add(t, &members, "type", "system.kuma.io/secret");
        text_add(t, &data, "value", "eHh4");
        api__members_add(&members, STR("data"), api__members_object(&data, nowhere));
    } else {
        api__members_add(&members, STR("spec"), trees_of(t, info->table, DEPTH));
    }
    return api__members_object(&members, nowhere);
}

/* As YAML and back, so that the printed text is what is looked at. */
static const struct jv *print(struct arena *arena, const struct sample *s,
                              enum api_envelope envelope, struct buf *text)
{
    struct yaml_stream stream;
    struct yaml_error error;
    const struct jv *printed = api_print(arena, s->document, s->object, envelope,
                                         STR("kuma-system"), s->problems);
    assert_non_null(printed);
    buf_init(text, PRINTED);
    yaml_print(printed, text);
    assert_int_equal(yaml_parse(arena, buf_str(text), &stream, &error), ERR_OK);
    assert_int_equal(stream.count, 1);
    return stream.documents[0];
}

/* The findings of an object, with paths in which spellings do not show. */
static void rules_print(const struct finding_list *list, struct buf *buf)
{
    buf_init(buf, PRINTED);
    for (size_t i = 0; i < finding_count(list); i++) {
        const struct finding *f = finding_get(list, i);
        if (str_starts_with(f->message, STR("means nothing here")) ||
            str_starts_with(f->message, STR("is missing, which is 0")) ||
            str_starts_with(f->message, STR("is ignored: a redirect leads to no backend")))
            continue; /* of a weight and a flag, which are not printed when they are zero */
        for (size_t j = 0; j < f->field.size; j++) {
            if (f->field.data[j] != '_')
                buf_append_char(buf, (char)(f->field.data[j] | 0x20));
        }
        buf_printf(buf, ": %.*s\n", STR_ARG(f->message));
    }
}

static void assert_same_rules(const struct sample *before, const struct sample *after)
{
    struct buf was;
    struct buf is;
    rules_print(before->object->findings, &was);
    rules_print(after->object->findings, &is);
    if (!str_equal(buf_str(&was), buf_str(&is)))
        fail_msg("was\n%.*sis\n%.*s", STR_ARG(buf_str(&was)), STR_ARG(buf_str(&is)));
    buf_deinit(&was);
    buf_deinit(&is);
}

static const struct jv *fields_of(const struct api_object *object, const struct jv *document)
{
    bool is_inline = api_envelope_of(document) == API_UNIVERSAL &&
                     !api__kind_of(object->key.kind)->has_spec;
    return is_inline ? document : jv_get(document, STR("spec"));
}

static void assert_alike(const struct trees *t, const struct sample *before,
                         const struct sample *after, struct str text)
{
    enum api_kind kind = before->object->key.kind;
    struct alike alike = {.says_broken = !t->is_double};
    assert_int_equal(after->object->key.kind, kind);
    assert_true(str_equal(after->object->key.mesh, before->object->key.mesh));
    bool same = false;
    if (kind == API_SECRET)
        same = str_equal(before->object->secret->data, after->object->secret->data);
    else
        same = alike_tables(&alike, api__kind_of(kind)->table, before->object->content,
                            after->object->content, fields_of(after->object, after->document));
    struct buf was;
    buf_init(&was, PRINTED);
    yaml_print(before->document, &was);
    if (!same)
        fail_msg("%s differs between\n%.*s\nand\n%.*s", alike.path, STR_ARG(buf_str(&was)),
                 STR_ARG(text));
    buf_deinit(&was);
}

/* Prints `document` in `envelope` and what that says once more. */
static void check(const struct trees *t, const struct jv *document, enum api_envelope envelope)
{
    struct sample before;
    struct sample after;
    struct buf text;
    struct buf again;
    sample_decode(&before, document);
    sample_decode(&after, print(t->arena, &before, envelope, &text));
    bool is_same_envelope = api_envelope_of(document) == envelope;
    /* Of two members one that cannot be decoded may have left the other's value. */
    if (!t->is_double || !t->is_hostile)
        assert_alike(t, &before, &after, buf_str(&text));
    if (is_same_envelope)
        assert_true(str_equal(after.object->key.name, before.object->key.name));
    if (is_same_envelope && !t->is_double)
        assert_int_equal(before.object->broken, after.object->broken);
    if (is_same_envelope && !t->is_hostile && !t->is_double)
        assert_same_rules(&before, &after);
    (void)print(t->arena, &after, envelope, &again); /* its text is compared */
    if (!str_equal(buf_str(&text), buf_str(&again)))
        fail_msg("printed\n%.*s\nand then\n%.*s", STR_ARG(buf_str(&text)),
                 STR_ARG(buf_str(&again)));
    assert_list_is(before.problems, "");
    sample_deinit(&before);
    sample_deinit(&after);
    buf_deinit(&text);
    buf_deinit(&again);
}

static void check_kind(struct trees *t, enum api_kind kind)
{
    t->is_proto = !api__kind_of(kind)->has_schema;
    if (kind != API_MESH_GATEWAY_INSTANCE) {
        const struct jv *universal = universal_new(t, kind);
        check(t, universal, API_UNIVERSAL);
        if (!t->is_hostile)
            check(t, universal, API_KUBERNETES);
    }
    const struct jv *kubernetes = kubernetes_new(t, kind);
    check(t, kubernetes, API_KUBERNETES);
    if (!t->is_hostile && kind != API_MESH_GATEWAY_INSTANCE)
        check(t, kubernetes, API_UNIVERSAL);
}

static void check_kinds(bool is_hostile, bool is_double)
{
    struct trees t = {.is_hostile = is_hostile, .is_double = is_double};
    random_init(&t.random);
    for (size_t i = 0; i < ROUNDS; i++) {
        t.arena = arena_new(64 << 10);
        for (enum api_kind kind = 0; kind < API_SERVICE; kind++)
            check_kind(&t, kind);
        t.arena = arena_free(t.arena);
    }
    assert_int_equal(api_objects_alive(), 0);
}

static void test_sound_trees(void **state)
{
    (void)state;
    check_kinds(false, false);
}

static void test_hostile_trees(void **state)
{
    (void)state;
    check_kinds(true, false);
}

static void test_doubles(void **state)
{
    (void)state;
    check_kinds(false, true);
    check_kinds(true, true);
}

/* The rules by which Kuma prints its older kinds, in one table. */
static void test_canonical_form(void **state)
{
    (void)state;
    static const struct {
        enum api_kind kind;
        const char *text;
        const char *wanted;
    } cases[] = {
        {API_MESH_GATEWAY,
         "conf: {listeners: [{hostname: '', port: '8080', protocol: 4, crossMesh: false, tags: {},"
         " tls: {}, resources: {connection_limit: '0'}}], more: 1}",
         "conf:\n  listeners:\n  - port: 8080\n    protocol: HTTP\n    tls: {}\n"
         "    resources: {}\n"},
        {API_MESH_GATEWAY, "tags: {b: x, a: null}\nselectors: [null, {match: {}}]",
         "selectors:\n- {}\n- {}\ntags:\n  a: \"\"\n  b: x\n"},
        {API_MESH_GATEWAY,
         "conf: {listeners: [{port: '080', protocol: http, tags: [x], tls: {mode: NONE, "
         "certificates:"
         " [{secret: a, file: ''}, {inline: \"eHh4\\neHh4\"}]}}]}",
         "conf:\n  listeners:\n  - port: \"080\"\n    protocol: http\n    tls:\n"
         "      certificates:\n      - file: \"\"\n      - inline: eHh4eHh4\n    tags:\n"
         "    - x\n"},
        {API_MESH_GATEWAY_ROUTE,
         "conf: {tcp: {}, http: {rules: [{filters: [{mirror: {percentage: '0', backend: {weight: "
         "0}}}, {request_header: {}, rewrite: {replacePrefixMatch: '', replace_full: /,"
         " host_to_backend_hostname: false}}]}]}}",
         "conf:\n  http:\n    rules:\n    - filters:\n      - mirror:\n          backend: {}\n"
         "          percentage: 0\n      - rewrite:\n          replacePrefixMatch: \"\"\n"},
        {API_MESH,
         "mtls: {backends: [{name: a, mode: STRICT, dpCert: {requestTimeout: 1m30s}, rootChain: "
         "{requestTimeout: '0'}}]}\nnetworking: {outbound: {passthrough: false}}\n"
         "skipCreatingInitialPolicies: []",
         "mtls:\n  backends:\n  - name: a\n    dpCert:\n      requestTimeout: 90s\n"
         "    rootChain:\n      requestTimeout: 0s\nnetworking:\n  outbound:\n"
         "    passthrough: false\n"},
        {API_EXTERNAL_SERVICE,
         "networking: {tls: {enabled: false, server_name: '', allowRenegotiation: false,"
         " skipHostnameVerification: false}}",
         "networking:\n  tls:\n    allowRenegotiation: false\n    serverName: \"\"\n"
         "    skipHostnameVerification: false\n"},
    };
    const struct api__printer p = {.arena = arena_new(4096), .is_proto = true};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct yaml_stream stream;
        struct yaml_error error;
        struct buf text;
        if (yaml_parse(p.arena, str_of(cases[i].text), &stream, &error) != ERR_OK)
            fail_msg("%u:%u: %s", error.mark.line, error.mark.column, error.message);
        buf_init(&text, PRINTED);
        yaml_print(api__print(&p, stream.documents[0], api__kind_of(cases[i].kind)->table), &text);
        buf_append_char(&text, '\0');
        assert_string_equal(text.data, cases[i].wanted);
        buf_deinit(&text);
    }
    arena_free(p.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_form),
        cmocka_unit_test(test_sound_trees),
        cmocka_unit_test(test_hostile_trees),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
