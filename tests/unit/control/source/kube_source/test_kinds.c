#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/source/kube_source/kinds.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static struct kube_source__kind kind(const char *name)
{
    for (size_t i = 0; i < kube_source__kind_count(); i++) {
        struct kube_source__kind kind = kube_source__kind_at(i, arena);
        if (str_equal(kind.name, str_of(name)))
            return kind;
    }
    fail_msg("no kind %s", name);
    return (struct kube_source__kind){0};
}

static void test_every_kind_of_kuma_is_watched_once(void **state)
{
    (void)state;
    size_t kumas = 0;
    for (size_t i = 0; i < API_KINDS; i++) {
        struct str plural = api_kind_plural((enum api_kind)i);
        if (plural.size == 0)
            continue;
        struct kube_source__kind found = kube_source__kind_at(kumas++, arena);
        assert_int_equal(found.kind, i);
        assert_true(str_equal(found.name, api_kind_name(found.kind)));
        assert_true(str_equal(found.plural, plural));
        assert_true(str_ends_with(found.path, plural));
    }
    assert_int_equal(kube_source__kind_count(), kumas + 5);
    struct kube_source__kind mesh = kind("Mesh");
    assert_true(str_equal(mesh.path, STR("/apis/kuma.io/v1alpha1/meshes")));
    assert_true(mesh.is_optional);
    assert_false(kind("MeshGatewayInstance").is_optional);
    assert_false(kind("Pod").is_optional);
}

static enum kube_source__presence presence(const char *body, const char *plural)
{
    const struct jv *value = NULL;
    assert_int_equal(jv_parse(arena, str_of(body), 100, &value, NULL), ERR_OK);
    return kube_source__presence_of(value, str_of(plural));
}

static void test_presence_is_what_discovery_lists(void **state)
{
    (void)state;
    const char *body =
        "{\"resources\":[{\"name\":\"meshgateways\"},{\"name\":\"meshgatewayroutes\"},"
        "{\"name\":\"meshgateways/status\"},{\"name\":\"meshgatewayroutes/scale\"}]}";
    assert_int_equal(presence(body, "meshgateways"), KUBE_SOURCE__WITH_STATUS);
    assert_int_equal(presence(body, "meshgatewayroutes"), KUBE_SOURCE__WITHOUT_STATUS);
    assert_int_equal(presence(body, "meshgatewayinstances"), KUBE_SOURCE__ABSENT);
    assert_int_equal(presence("{}", "meshgateways"), KUBE_SOURCE__ABSENT);
    assert_int_equal(presence("{\"resources\":[1,{\"name\":2}]}", "meshgateways"),
                     KUBE_SOURCE__ABSENT);
    assert_int_equal(kube_source__presence_of(NULL, STR("meshgateways")), KUBE_SOURCE__ABSENT);
}

static void assert_message(const char *name, enum kube_watch_state state, bool lacks_status,
                           const char *wanted)
{
    struct err_info reason = {.code = ERR_UNAUTHORISED, .message = "because"};
    struct buf message;
    buf_init(&message, 1024);
    struct kube_source__kind described = kind(name);
    kube_source__describe(&described, state, lacks_status, &reason, &message);
    buf_append_char(&message, '\0');
    assert_string_equal(message.data, wanted);
    buf_deinit(&message);
}

static void test_messages_name_the_remedy(void **state)
{
    (void)state;
    assert_message("MeshGateway", KUBE_WATCH_LISTING, false, "");
    assert_message("MeshGateway", KUBE_WATCH_READY, false, "");
    assert_message("MeshGateway", KUBE_WATCH_ABSENT, false,
                   "the CustomResourceDefinition meshgateways.kuma.io is not installed; it is "
                   "waited for: kubectl apply --server-side --force-conflicts -f crds/");
    assert_message("MeshGateway", KUBE_WATCH_READY, true,
                   "the CustomResourceDefinition meshgateways.kuma.io has no status subresource, "
                   "so that no status can be written; it is used when it is there: kubectl apply "
                   "--server-side --force-conflicts -f crds/");
    assert_message("MeshTimeout", KUBE_WATCH_ABSENT, false, "");
    assert_message("MeshTimeout", KUBE_WATCH_READY, true, "");
    assert_message("EndpointSlice", KUBE_WATCH_ABSENT, false,
                   "EndpointSlice is not served by this API server (because)");
    assert_message("Pod", KUBE_WATCH_FAILING, false, "because: the roles of the chart allow it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_kuma_is_watched_once),
        cmocka_unit_test(test_presence_is_what_discovery_lists),
        cmocka_unit_test(test_messages_name_the_remedy),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
