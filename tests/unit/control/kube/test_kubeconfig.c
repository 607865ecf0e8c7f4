#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/kube/kube.h"

#define CLUSTER(fields)                                                     \
    "contexts: [{name: c, context: {cluster: k, user: u, namespace: ns}}, " \
    "{name: other, context: {cluster: k2}}]\n"                              \
    "current-context: c\n"                                                  \
    "clusters: [{name: k2, cluster: {server: 'https://two:1'}}, {name: k, " \
    "cluster: {server: 'https://one:6443/'" fields "}}]\n"
#define USER(fields) "users: [{name: u, user: {" fields "}}]\n"

static struct kube_config *config;

static int teardown(void **state)
{
    (void)state;
    config = kube_config_free(config);
    return 0;
}

static void parse(const char *text)
{
    struct err_info reason = {.message = ""};
    if (kube_config_parse(str_of(text), STR("/home/x/.kube"), STR_EMPTY, &config, &reason) !=
        ERR_OK)
        fail_msg("%s: %s", reason.path, reason.message);
}

static void assert_text(struct str found, const char *wanted)
{
    if (!str_equal(found, str_of(wanted)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(found), wanted);
}

static void test_data(void **state)
{
    (void)state;
    parse(CLUSTER(", certificate-authority-data: Q0E=, certificate-authority: not.this, "
                  "tls-server-name: api, proxy-url: 'http://p:3128'")
              USER("client-certificate-data: Q1JU, client-key-data: S0VZ, token: abc"));
    assert_text(config->server, "https://one:6443");
    assert_text(config->server_name, "api");
    assert_text(config->proxy, "http://p:3128");
    assert_text(config->name_space, "ns");
    assert_text(config->ca_pem, "CA");
    assert_text(config->ca_file, "");
    assert_text(config->certificate_pem, "CRT");
    assert_text(config->key_pem, "KEY");
    assert_text(config->token, "abc");
    assert_false(config->insecure);
}

static void test_files(void **state)
{
    (void)state;
    parse(CLUSTER(", certificate-authority: ca.crt, insecure-skip-tls-verify: false")
              USER("client-certificate: /a/b.crt, client-key: ../k.key, tokenFile: t, token: x"));
    assert_text(config->ca_file, "/home/x/.kube/ca.crt");
    assert_text(config->certificate_file, "/a/b.crt");
    assert_text(config->key_file, "/home/x/.kube/../k.key");
    assert_text(config->token_file, "/home/x/.kube/t");
    assert_text(config->token, ""); /* the file counts */
    assert_text(config->key_pem, "");
}

static void test_another_context(void **state)
{
    (void)state;
    struct err_info reason = {.message = ""};
    const char *text = CLUSTER(", insecure-skip-tls-verify: true") USER("token: x");
    assert_int_equal(kube_config_parse(str_of(text), STR_EMPTY, STR("other"), &config, &reason),
                     ERR_OK);
    assert_text(config->server, "https://two:1");
    assert_text(config->token, ""); /* it has no user */
    assert_false(config->insecure);
}

static void assert_error(const char *text, enum err wanted, const char *path, const char *message)
{
    struct err_info reason = {.message = ""};
    assert_int_equal(kube_config_parse(str_of(text), STR_EMPTY, STR_EMPTY, &config, &reason),
                     wanted);
    assert_string_equal(reason.path, path);
    assert_string_equal(reason.message, message);
    assert_null(config);
}

static void test_errors_of_the_whole(void **state)
{
    (void)state;
    assert_error("{", ERR_INVALID, "",
                 "line 2, column 1: did not find expected node content while parsing a flow "
                 "node");
    assert_error("[]", ERR_INVALID, "", "is no kubeconfig: it has to be one object");
    assert_error("a: b", ERR_INVALID, "current-context", "is empty: name a context");
    assert_error("current-context: x", ERR_NOT_FOUND, "contexts",
                 "has no entry with the name \"x\"");
    assert_error("current-context: x\ncontexts: [{name: x}]", ERR_INVALID, "contexts[0].context",
                 "must be an object");
    assert_error("current-context: x\ncontexts: [{name: x, context: {cluster: k}}]", ERR_NOT_FOUND,
                 "clusters", "has no entry with the name \"k\"");
    assert_error(CLUSTER(""), ERR_NOT_FOUND, "users", "has no entry with the name \"u\"");
}

static void test_errors_of_a_cluster(void **state)
{
    (void)state;
    assert_error(CLUSTER(", certificate-authority-data: '?'"), ERR_INVALID,
                 "clusters[1].cluster.certificate-authority-data",
                 "is not base64 (with + and /, padded with =)");
    assert_error(CLUSTER(", tls-server-name: 5"), ERR_INVALID,
                 "clusters[1].cluster.tls-server-name", "must be a string, not a number");
    assert_error(CLUSTER(", insecure-skip-tls-verify: 1"), ERR_INVALID,
                 "clusters[1].cluster.insecure-skip-tls-verify", "must be true or false");
#define SERVER(server)                                                            \
    "current-context: x\ncontexts: [{name: x, context: {cluster: k, user: u}}]\n" \
    "clusters: [{name: k, cluster: {server: " server "}}]\n"
    assert_error(SERVER("one"), ERR_INVALID, "clusters[0].cluster.server",
                 "must begin with https:// or http://");
    assert_error(SERVER("'https://a b'"), ERR_INVALID, "clusters[0].cluster.server",
                 "must be an address without a query");
    assert_error(SERVER("http://one") USER("token: x"), ERR_INVALID, "contexts[0].context.cluster",
                 "has a server without TLS, to which no token is sent");
}

static void test_errors_of_a_user(void **state)
{
    (void)state;
    assert_error(CLUSTER("") USER("exec: {command: aws}"), ERR_INVALID, "users[0].user.exec",
                 "is not supported: credentials come from no program; use a token or a client "
                 "certificate");
    assert_error(CLUSTER("") USER("client-key-data: S0VZ"), ERR_INVALID,
                 "users[0].user.client-certificate",
                 "is missing: certificate and key belong together");
    assert_error(CLUSTER("") USER("client-certificate: x"), ERR_INVALID, "users[0].user.client-key",
                 "is missing: certificate and key belong together");
    assert_error(CLUSTER("") USER("token: \"a\\r\\nHost: b\""), ERR_INVALID, "users[0].user.token",
                 "has characters that no token has");
}

static void test_errors_name_the_file(void **state)
{
    (void)state;
    struct err_info reason = {.message = ""};
    assert_int_equal(kube_config_read("/nowhere/config", STR_EMPTY, &config, &reason),
                     ERR_NOT_FOUND);
    assert_string_equal(reason.message, "/nowhere/config does not exist");
    assert_int_equal(kube_config_read("/dev/null", STR_EMPTY, &config, &reason), ERR_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_data),
        TEST(test_files),
        TEST(test_another_context),
        TEST(test_errors_of_the_whole),
        TEST(test_errors_of_a_cluster),
        TEST(test_errors_of_a_user),
        TEST(test_errors_name_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
