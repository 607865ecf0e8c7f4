#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/kube/target.h"

static const struct kube_watch_options SECRETS = {
    .path = STR_INIT("/api/v1/namespaces/kuma-system/secrets"),
    .field_selector = STR_INIT("type=system.kuma.io/secret"),
    .label_selector = STR_INIT("a in (b,c)"),
};

static struct buf target;

static void assert_target(const char *wanted)
{
    buf_append_char(&target, '\0');
    assert_string_equal(target.data, wanted);
    buf_deinit(&target);
}

static void test_list(void **state)
{
    (void)state;
    buf_init(&target, KUBE__TARGET_SIZE_MAX);
    kube__target_list(&target, &SECRETS, 100, STR("a+/=\xFF"));
    assert_target("/api/v1/namespaces/kuma-system/secrets?fieldSelector=type%3Dsystem.kuma.io%2F"
                  "secret&labelSelector=a%20in%20%28b%2Cc%29&limit=100&continue=a%2B%2F%3D%FF");
}

static void test_watch(void **state)
{
    (void)state;
    buf_init(&target, KUBE__TARGET_SIZE_MAX);
    kube__target_watch(&target, &SECRETS, STR("7&x"), 290);
    assert_target("/api/v1/namespaces/kuma-system/secrets?fieldSelector=type%3Dsystem.kuma.io%2F"
                  "secret&labelSelector=a%20in%20%28b%2Cc%29&watch=true&allowWatchBookmarks=true&"
                  "resourceVersion=7%26x&timeoutSeconds=290");
}

static void test_apply(void **state)
{
    (void)state;
    struct kube_apply_options options = {
        .path = STR("/apis/apps/v1/namespaces/x/deployments/y/status"),
        .manager = STR("otemon-operator-status"),
    };
    buf_init(&target, KUBE__TARGET_SIZE_MAX);
    kube__target_apply(&target, &options);
    assert_target("/apis/apps/v1/namespaces/x/deployments/y/status?fieldManager="
                  "otemon-operator-status&force=true");
}

static void test_accept(void **state)
{
    (void)state;
    struct kube_watch_options options = SECRETS;
    assert_true(str_equal(kube__accept(&options, true), STR("application/json")));
    options.metadata_only = true;
    assert_true(str_equal(kube__accept(&options, true),
                          STR("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")));
    assert_true(str_equal(kube__accept(&options, false),
                          STR("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
