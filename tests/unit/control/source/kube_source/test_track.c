#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/source/kube_source/track.h"

/* "+mesh/name " applied, "-mesh/name " removed, "!origin(count) " reported, "." the document. */
static struct buf events;
static struct kube_source__track track;
static struct arena *arena;

static void print_key(const char *sign, const struct api_key *key)
{
    buf_printf(&events, "%s%.*s/%.*s ", sign, STR_ARG(key->mesh), STR_ARG(key->name));
}

static void on_apply(void *arg, const struct api_object *object)
{
    (void)arg;
    print_key("+", &object->key);
}

static void on_remove(void *arg, const struct api_key *key)
{
    (void)arg;
    print_key("-", key);
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    (void)arg;
    buf_printf(&events, "!%.*s(%zu) ", STR_ARG(origin), finding_count(findings));
}

static void on_document(void *arg, const struct api_object *object, const struct jv *document)
{
    (void)arg;
    (void)object;
    assert_non_null(jv_get(document, STR("metadata")));
    buf_append_char(&events, '.');
}

static int setup(void **state)
{
    (void)state;
    static const struct source_events listener = {
        .apply = on_apply, .remove = on_remove, .report = on_report};
    struct kube_source_options options = {.events = &listener, .document = on_document};
    buf_init(&events, 4096);
    arena = arena_new(4096);
    kube_source__track_init(&track, &options);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kube_source__track_deinit(&track);
    buf_deinit(&events);
    arena = arena_free(arena);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static void assert_events(const char *wanted)
{
    buf_append_char(&events, '\0');
    assert_string_equal(events.data, wanted);
    buf_clear(&events);
}

static void apply(enum api_kind kind, const char *text, void **kept)
{
    const struct jv *document = NULL;
    assert_int_equal(jv_parse(arena, str_of(text), 1000, &document, NULL), ERR_OK);
    kube_source__apply(&track, kind, document, kept);
}

static void drop(void *kept)
{
    kube_source__remove(&track, API_SECRET, STR_EMPTY, STR_EMPTY, kept);
}

#define SECRET(type, name, labels, data)                                        \
    "{\"type\":\"" type "\",\"metadata\":{\"namespace\":\"s\",\"name\":\"" name \
    "\",\"labels\":" labels "},\"data\":" data "}"
#define KUMA_SECRET(name, labels) \
    SECRET("system.kuma.io/secret", name, labels, "{\"value\":\"YQ==\"}")
#define TLS_SECRET(name) \
    SECRET("kubernetes.io/tls", name, "{}", "{\"tls.crt\":\"YQ==\",\"tls.key\":\"YQ==\"}")

static void test_apply_and_remove(void **state)
{
    (void)state;
    void *kept = NULL;
    apply(API_SECRET, KUMA_SECRET("a", "{}"), &kept);
    assert_events("+default/a .");
    apply(API_SECRET, KUMA_SECRET("a", "{}"), &kept);
    assert_events("+default/a .");
    kube_source__remove(&track, API_SECRET, STR("s"), STR("a"), kept);
    assert_events("-default/a ");
}

/* A label decides about the mesh. */
static void test_an_object_may_move(void **state)
{
    (void)state;
    void *kept = NULL;
    apply(API_SECRET, KUMA_SECRET("a", "{}"), &kept);
    apply(API_SECRET, KUMA_SECRET("a", "{\"kuma.io/mesh\":\"m\"}"), &kept);
    assert_events("+default/a .-default/a +m/a .");
    kube_source__remove(&track, API_SECRET, STR("s"), STR("a"), kept);
    assert_events("-m/a ");
}

/* A Secret was replaced by one of the other type. The watches tell it in any order. */
static void test_a_key_belongs_to_who_delivered_last(void **state)
{
    (void)state;
    void *old = NULL;
    void *new = NULL;
    apply(API_SECRET, KUMA_SECRET("a", "{}"), &old);
    apply(API_SECRET, TLS_SECRET("a"), &new);
    assert_events("+default/a .+default/a .");
    kube_source__remove(&track, API_SECRET, STR("s"), STR("a"), TAKE(old));
    assert_events("+default/a "); /* what is there anyway */
    kube_source__remove(&track, API_SECRET, STR("s"), STR("a"), TAKE(new));
    assert_events("-default/a ");
}

/* One watch lags behind, and catches up with what is long gone. */
static void test_a_watch_that_lags(void **state)
{
    (void)state;
    void *old = NULL;
    void *new = NULL;
    apply(API_SECRET, TLS_SECRET("a"), &new);
    apply(API_SECRET, KUMA_SECRET("a", "{}"), &old);
    apply(API_SECRET, KUMA_SECRET("a", "{}"), &old);
    assert_events("+default/a .+default/a .+default/a .");
    kube_source__remove(&track, API_SECRET, STR("s"), STR("a"), TAKE(old));
    assert_events("+default/a ");
    apply(API_SECRET, KUMA_SECRET("a", "{\"kuma.io/mesh\":\"m\"}"), &old);
    kube_source__remove(&track, API_SECRET, STR("s"), STR("a"), TAKE(old));
    assert_events("+m/a .-m/a ");
    drop(TAKE(new));
    assert_events("");
}

static void test_names_of_two_namespaces(void **state)
{
    (void)state;
    void *first = NULL;
    void *second = NULL;
    apply(API_POD, "{\"metadata\":{\"namespace\":\"x\",\"name\":\"a\"}}", &first);
    apply(API_POD, "{\"metadata\":{\"namespace\":\"y\",\"name\":\"a\"}}", &second);
    assert_events("+default/a.x .+default/a.y .");
    kube_source__remove(&track, API_POD, STR("x"), STR("a"), first);
    assert_events("-default/a.x ");
    drop(second);
}

static void test_what_is_too_much(void **state)
{
    (void)state;
    void *kept = NULL;
    apply(API_MESH_GATEWAY, "{\"mesh\":\"default\",\"metadata\":{\"name\":\"g\"},\"spec\":{}}",
          &kept);
    assert_events("+default/g .");
    kube_source__refuse(&track, API_MESH_GATEWAY, STR_EMPTY, STR("g"), "too deep", &kept);
    assert_events("-default/g !MeshGateway g(1) ");
    apply(API_MESH_GATEWAY, "{\"mesh\":\"default\",\"metadata\":{\"name\":\"g\"},\"spec\":{}}",
          &kept);
    assert_events("+default/g .!MeshGateway g(0) ");
    kube_source__refuse(&track, API_MESH_GATEWAY, STR_EMPTY, STR("g"), "too deep", &kept);
    buf_clear(&events);
    kube_source__remove(&track, API_MESH_GATEWAY, STR_EMPTY, STR("g"), kept);
    assert_events("!MeshGateway g(0) ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_apply_and_remove),
        TEST(test_an_object_may_move),
        TEST(test_a_key_belongs_to_who_delivered_last),
        TEST(test_a_watch_that_lags),
        TEST(test_names_of_two_namespaces),
        TEST(test_what_is_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
