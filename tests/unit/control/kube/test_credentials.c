#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/kube/credentials.h"
#include "core/base/file.h"

static char directory[64];
static struct kube_config config;
static struct kube__credentials credentials;

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void put(const char *name, const char *content)
{
    assert_int_equal(file_write(path_of(name), str_of(content), 0600, NULL), ERR_OK);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/otemon-credentials-XXXXXX");
    assert_non_null(mkdtemp(directory));
    put("token", "one\n");
    put("ca.crt", "CA");
    assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1), 0);
    assert_int_equal(setenv("KUBERNETES_SERVICE_PORT", "443", 1), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"token", "ca.crt", "namespace"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        (void)unlink(path_of(names[i])); /* not all of them are there */
    return rmdir(directory);
}

static void assert_content(const struct buf *buf, const char *wanted)
{
    assert_true(str_equal(buf_str(buf), str_of(wanted)));
}

static void test_files_are_read_again(void **state)
{
    (void)state;
    struct arena *arena CLEANUP(arena_free) = arena_new(256);
    config = (struct kube_config){
        .token_file = str_dup(arena, str_of(path_of("token"))),
        .ca_file = str_dup(arena, str_of(path_of("ca.crt"))),
    };
    assert_int_equal(kube__credentials_init(&credentials, &config, 1000, NULL), ERR_OK);
    assert_content(&credentials.token, "one");
    assert_content(&credentials.ca, "CA");
    put("token", "two");
    put("ca.crt", "NEW");
    kube__credentials_refresh(&credentials, 1000 + KUBE__CREDENTIALS_MS - 1);
    assert_content(&credentials.token, "one");
    kube__credentials_refresh(&credentials, 1000 + KUBE__CREDENTIALS_MS);
    assert_content(&credentials.token, "two");
    assert_content(&credentials.ca, "NEW");
    put("token", "three");
    kube__credentials_refused(&credentials); /* 401 */
    kube__credentials_refresh(&credentials, 1001 + KUBE__CREDENTIALS_MS);
    assert_content(&credentials.token, "three");
    kube__credentials_deinit(&credentials);
}

/* A file that is being replaced, or lost, costs nothing at once. */
static void test_what_cannot_be_read_stays(void **state)
{
    (void)state;
    struct arena *arena CLEANUP(arena_free) = arena_new(256);
    config = (struct kube_config){.token_file = str_dup(arena, str_of(path_of("token")))};
    assert_int_equal(kube__credentials_init(&credentials, &config, 0, NULL), ERR_OK);
    static const char *const contents[] = {"", " \n", "a b", "a\r\nX: y", "\xFF"};
    for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
        put("token", contents[i]);
        kube__credentials_refused(&credentials);
        kube__credentials_refresh(&credentials, 1);
        assert_content(&credentials.token, "one");
    }
    assert_int_equal(unlink(path_of("token")), 0);
    kube__credentials_refused(&credentials);
    kube__credentials_refresh(&credentials, 2);
    assert_content(&credentials.token, "one");
    kube__credentials_deinit(&credentials);
}

static void test_at_first_they_have_to_be_there(void **state)
{
    (void)state;
    struct err_info reason = {.message = ""};
    config = (struct kube_config){.key_file = STR("/nowhere/key")};
    assert_int_equal(kube__credentials_init(&credentials, &config, 0, &reason), ERR_NOT_FOUND);
    assert_string_equal(reason.message, "/nowhere/key does not exist");
}

static void test_in_a_pod(void **state)
{
    (void)state;
    struct kube_config *pod = NULL;
    put("namespace", "kuma-system\n");
    assert_int_equal(kube_config_in_cluster(directory, &pod, NULL), ERR_OK);
    assert_true(str_equal(pod->server, STR("https://[fd00::1]:443")));
    assert_true(str_equal(pod->token_file, str_of(path_of("token"))));
    assert_true(str_equal(pod->ca_file, str_of(path_of("ca.crt"))));
    pod = kube_config_free(pod);
    assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1), 0);
    assert_int_equal(kube_config_in_cluster(directory, &pod, NULL), ERR_OK);
    assert_true(str_equal(pod->server, STR("https://10.0.0.1:443")));
    pod = kube_config_free(pod);
}

static void test_in_no_pod(void **state)
{
    (void)state;
    struct kube_config *pod = NULL;
    struct err_info reason = {.message = ""};
    assert_int_equal(kube_config_in_cluster("/nowhere", &pod, &reason), ERR_NOT_FOUND);
    assert_string_equal(reason.message, "/nowhere/token: the pod has no token: "
                                        "automountServiceAccountToken is off");
    assert_int_equal(setenv("KUBERNETES_SERVICE_PORT", "x", 1), 0);
    assert_int_equal(kube_config_in_cluster(directory, &pod, &reason), ERR_INVALID);
    assert_int_equal(unsetenv("KUBERNETES_SERVICE_HOST"), 0);
    assert_int_equal(kube_config_in_cluster(directory, &pod, &reason), ERR_NOT_FOUND);
    assert_null(pod);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_files_are_read_again),
        TEST(test_what_cannot_be_read_stays),
        TEST(test_at_first_they_have_to_be_there),
        TEST(test_in_a_pod),
        TEST(test_in_no_pod),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
