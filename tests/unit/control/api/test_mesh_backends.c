/* Where a Mesh sends logs and traces, and how its metrics are read. */
#include <stdio.h>

#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static void assert_mesh(const char *spec, const char *wanted)
{
    char yaml[2048];
    (void)snprintf(yaml, sizeof(yaml), "{type: Mesh, name: shop, %s}\n", spec);
    manifest_decode(&m, yaml);
    assert_faults(&m, wanted);
}

static void names(void **state)
{
    (void)state;
    assert_mesh("logging: {}, tracing: {backends: []}, metrics: null", "");
    assert_mesh("logging: {defaultBackend: b, backends: [{name: a, type: file, conf: {path: /x}}]}",
                "error logging.defaultBackend: has to be set to one of the logging backend in "
                "mesh\n");
    assert_mesh("tracing: {defaultBackend: b}", "error tracing.defaultBackend: has to be set to "
                                                "one of the tracing backend in mesh\n");
    assert_mesh("metrics: {enabledBackend: b}", "error metrics.enabledBackend: has to be set to "
                                                "one of the backends in the mesh\n");
    assert_mesh("metrics: {enabledBackend: a, backends: [{name: a, type: prometheus}, {name: b, "
                "type: prometheus}, {name: a, type: prometheus}]}",
                "error metrics.backends[2].name: \"a\" name is already used for another "
                "backend\n");
    assert_mesh("logging: {backends: [{type: file, conf: {path: /x}}]}",
                "error logging.backends[0].name: cannot be empty\n");
    assert_mesh("logging: {backends: [{name: 1, type: file, conf: {path: /x}}]}",
                "error logging.backends[0].name: cannot be empty\n"
                "error logging.backends[0].name: must be a string, not a number\n");
    assert_mesh("logging: {backends: a}", "error logging.backends: must be a list, not a string\n");
}

static void types(void **state)
{
    (void)state;
    assert_mesh("logging: {backends: [{name: a, type: fluentd}]}",
                "error logging.backends[0].type: unknown backend type. Available backends: "
                "\"tcp\", \"file\"\n");
    assert_mesh("tracing: {backends: [{name: a}]}",
                "error tracing.backends[0].type: unknown backend type. Available backends: "
                "\"zipkin\", \"datadog\"\n");
    assert_mesh("metrics: {backends: [{name: a, type: statsd}]}",
                "error metrics.backends[0].type: unknown backend type. Available backends: "
                "\"prometheus\"\n");
}

static void logs(void **state)
{
    (void)state;
#define TCP(conf)   "logging: {backends: [{name: a, type: tcp, conf: " conf "}]}"
#define FILE_(conf) "logging: {backends: [{name: a, type: file, conf: " conf "}]}"
#define LOG         "error logging.backends[0].config"
#define HOST_PORT   LOG ".address: has to be in format of HOST:PORT\n"
    assert_mesh(TCP("{address: 'logs:5000'}"), "");
    assert_mesh(TCP("{address: '[::1]:5000'}"), "");
    assert_mesh(TCP("{}"), LOG ".address: cannot be empty\n");
    assert_mesh(TCP("{address: logs}"), HOST_PORT);
    assert_mesh(TCP("{address: ':5000'}"), HOST_PORT);
    assert_mesh(TCP("{address: 'logs:'}"), HOST_PORT);
    assert_mesh(TCP("{address: '::1:5000'}"), HOST_PORT);
    assert_mesh(TCP("{address: 5000}"), LOG ": could not parse config: address must be a string\n");
    assert_mesh(TCP("[]"), LOG ": could not parse config: must be an object, not a list\n");
    assert_mesh(FILE_("{path: /tmp/access.log}"), "");
    assert_mesh(FILE_("null"), LOG ".path: cannot be empty\n");
    assert_mesh(FILE_("{path: true}"), LOG ": could not parse config: path must be a string\n");
}

static void traces(void **state)
{
    (void)state;
#define ZIPKIN(conf)  "tracing: {backends: [{name: a, type: zipkin, conf: " conf "}]}"
#define DATADOG(conf) "tracing: {backends: [{name: a, type: datadog, conf: " conf "}]}"
#define SAMPLING(n)                                                                            \
    "tracing: {backends: [{name: a, type: datadog, sampling: " n ", conf: {address: d, port: " \
    "1}}]}"
#define TRACE "error tracing.backends[0].config"
    assert_mesh(ZIPKIN("{url: 'http://zipkin:9411/api/v2/spans', apiVersion: httpProto, "
                       "traceId128bit: true, sharedSpanContext: false}"),
                "");
    assert_mesh(ZIPKIN("{url: 'http://[::1]:9411'}"), "");
    assert_mesh(ZIPKIN("{}"), TRACE ".url: cannot be empty\n");
    assert_mesh(ZIPKIN("{url: zipkin}"), TRACE ".url: invalid URL\n");
    assert_mesh(ZIPKIN("{url: 'http://a b:1'}"), TRACE ".url: invalid URL\n");
    assert_mesh(ZIPKIN("{url: 'http://zipkin/api'}"),
                TRACE ".url: port has to be explicitly specified\n");
    assert_mesh(ZIPKIN("{url: 'http://z:1', apiVersion: v2}"),
                TRACE ".apiVersion: has invalid value. Allowed values: httpJsonV1, httpJson, "
                      "httpProto\n");
    assert_mesh(ZIPKIN("{url: 'http://z:1', traceId128bit: 'yes'}"),
                TRACE ": could not parse config: traceId128bit must be true or false\n");
    assert_mesh(DATADOG("{address: d, port: '8126', splitService: true}"), "");
    assert_mesh(DATADOG("{}"), TRACE ".address: cannot be empty\n" TRACE
                                     ".port: port must be in the range [1, 65535]\n");
    assert_mesh(DATADOG("{address: d, port: 1.5}"),
                TRACE ": could not parse config: port must be a number from 0 to 4294967295\n");
    static const char *const good[] = {SAMPLING("0"), SAMPLING("100.0"), SAMPLING("'1e1'")};
    static const char *const bad[] = {SAMPLING("100.1"), SAMPLING("-1"), SAMPLING("all")};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_mesh(good[i], "");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_mesh(bad[i], "error tracing.backends[0].sampling: has to be in [0.0 - 100.0] "
                            "range\n");
}

static void metrics(void **state)
{
    (void)state;
#define PROMETHEUS(conf) "metrics: {backends: [{name: a, type: prometheus, conf: " conf "}]}"
#define METRICS          "error metrics.backends[0].conf"
    assert_mesh(PROMETHEUS("{port: 5670, path: /metrics, tags: {a: b}, aggregate: [{name: x}, "
                           "{name: y}]}"),
                "");
    assert_mesh(PROMETHEUS("{port: -1}"), METRICS ": could not parse config: port must be a number "
                                                  "from 0 to 4294967295\n");
    assert_mesh(PROMETHEUS("{aggregate: {}}"),
                METRICS ": could not parse config: aggregate must be a list\n");
    assert_mesh(PROMETHEUS("{aggregate: [{name: x}, {name: x}]}"),
                METRICS ".aggregate[1].name: duplicate entry: x, values have to be unique\n");
}

static void builtin_authorities(void **state)
{
    (void)state;
#define CA(conf) "mtls: {backends: [{name: ca, type: builtin, conf: " conf "}]}"
#define BUILTIN  "error mtls.backends[0].conf"
    assert_mesh(CA("{caCert: {RSAbits: '2048', expiration: 10y}}"), "");
    assert_mesh(CA("null"), "");
    assert_mesh(CA("{caCert: 1}"),
                BUILTIN ": could not convert backend config: caCert must be an object\n");
    assert_mesh(CA("{caCert: {RSAbits: many}}"), BUILTIN
                ".caCert: could not convert backend config: RSAbits must be a number from 0 "
                "to 4294967295\n");
    assert_mesh(CA("{caCert: {expiration: 1d1h}}"),
                "warning mtls.backends[0].conf.caCert.expiration: has to be a number and one of "
                "the units y, w, d, h, m, s, ms: Kuma cannot make the CA\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names),  TEST(types),   TEST(logs),
        TEST(traces), TEST(metrics), TEST(builtin_authorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
