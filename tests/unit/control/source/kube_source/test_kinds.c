#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/source/kube_source/kinds.h"

static const struct kube_source__kind *kind(const char *name)
{
    for (size_t i = 0; i < KUBE_SOURCE__KINDS; i++) {
        if (str_equal(kube_source__kinds[i].name, str_of(name)))
            return &kube_source__kinds[i];
    }
    fail_msg("no kind %s", name);
    return NULL;
}

static void test_names_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < KUBE_SOURCE__KINDS; i++)
        assert_ptr_equal(kind(kube_source__kinds[i].name.data), &kube_source__kinds[i]);
}

static bool has_status(const char *body, const char *name)
{
    struct arena *arena CLEANUP(arena_free) = arena_new(256);
    const struct jv *value = NULL;
    assert_int_equal(jv_parse(arena, str_of(body), 100, &value, NULL), ERR_OK);
    return kube_source__has_status(value, kind(name));
}

static void test_status_subresources(void **state)
{
    (void)state;
    const char *body =
        "{\"resources\":[{\"name\":\"meshgateways\"},{\"name\":\"meshgatewayroutes\"},"
        "{\"name\":\"meshgateways/status\"},{\"name\":\"meshgatewayroutes/scale\"}]}";
    assert_true(has_status(body, "MeshGateway"));
    assert_false(has_status(body, "MeshGatewayRoute"));
    assert_false(has_status(body, "MeshGatewayInstance"));
    assert_false(has_status("{}", "MeshGateway"));
    assert_false(has_status("{\"resources\":[1,{\"name\":2}]}", "MeshGateway"));
}

static void assert_message(const char *name, enum kube_watch_state state, bool lacks_status,
                           const char *wanted)
{
    struct err_info reason = {.code = ERR_UNAUTHORISED, .message = "because"};
    struct buf message;
    buf_init(&message, 1024);
    kube_source__describe(kind(name), state, lacks_status, &reason, &message);
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
    assert_message("EndpointSlice", KUBE_WATCH_ABSENT, false,
                   "EndpointSlice is not served by this API server (because)");
    assert_message("Pod", KUBE_WATCH_FAILING, false, "because: the roles of the chart allow it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_differ),
        cmocka_unit_test(test_status_subresources),
        cmocka_unit_test(test_messages_name_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
