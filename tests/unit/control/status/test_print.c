#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/status/status.h"

/* 2036-11-24T00:00:00Z and a bit, and an hour later. */
#define NOW_MS   2111097600123ULL
#define LATER_MS (NOW_MS + 3600000)
#define NOW      "2036-11-24T00:00:00Z"
#define LATER    "2036-11-24T01:00:00Z"

#define CONDITION(type, status, reason, message, generation, since)                           \
    "{\"lastTransitionTime\":\"" since "\",\"message\":\"" message                            \
    "\",\"observedGeneration\":" generation ",\"reason\":\"" reason "\",\"status\":\"" status \
    "\",\"type\":\"" type "\"}"

static struct status_condition condition(const char *type, enum status_value value)
{
    return (struct status_condition){
        .type = str_of(type), .reason = STR("Why"), .message = STR("text"), .value = value};
}

static void expect_text(struct buf *buf, const char *text)
{
    buf_append_char(buf, '\0');
    assert_string_equal(buf->data, text);
    buf_deinit(buf);
}

static struct buf buf_make(void)
{
    struct buf buf;
    buf_init(&buf, 65536);
    return buf;
}

static void expect_route(const struct status_object *object, const struct status_route *route,
                         const char *text)
{
    struct buf buf = buf_make();
    status_route_print(object, route, &buf);
    expect_text(&buf, text);
}

static void a_transition_is_when_the_status_changed(void **state)
{
    (void)state;
    struct status_condition accepted = condition("Accepted", STATUS_TRUE);
    struct status_route route = {.conditions = {&accepted, 1}};
    struct status_object object = {.generation = 3, .now_ms = NOW_MS};
    const char *first = "{\"conditions\":[" CONDITION("Accepted", "True", "Why", "text", "3",
                                                      NOW) "],\"parents\":[]}";
    expect_route(&object, &route, first);

    object = (struct status_object){.generation = 4, .previous = str_of(first), .now_ms = LATER_MS};
    accepted.message = STR("new");
    expect_route(&object, &route,
                 "{\"conditions\":[" CONDITION("Accepted", "True", "Why", "new", "4",
                                               NOW) "],\"parents\":[]}");
    accepted.value = STATUS_UNKNOWN;
    expect_route(&object, &route,
                 "{\"conditions\":[" CONDITION("Accepted", "Unknown", "Why", "new", "4",
                                               LATER) "],\"parents\":[]}");
    object.previous = STR("{not json");
    accepted.value = STATUS_TRUE;
    expect_route(&object, &route,
                 "{\"conditions\":[" CONDITION("Accepted", "True", "Why", "new", "4",
                                               LATER) "],\"parents\":[]}");
}

static void conditions_of_parents_have_transitions_of_their_own(void **state)
{
    (void)state;
    struct status_condition summary = condition("Accepted", STATUS_TRUE);
    struct status_condition own = condition("Accepted", STATUS_FALSE);
    struct status_parent parents[] = {
        {.gateway = STR("b"), .attached_listeners = 2, .conditions = {&own, 1}},
    };
    struct status_route route = {
        .conditions = {&summary, 1}, .parents = parents, .parent_count = 1};
    const char *before =
        "{\"parents\":[{\"gateway\":\"a\",\"conditions\":[{\"type\":\"Accepted\",\"status\":"
        "\"False\",\"lastTransitionTime\":\"1999-01-01T00:00:00Z\"}]},"
        "{\"gateway\":\"b\",\"conditions\":[{\"type\":\"Accepted\",\"status\":"
        "\"False\",\"lastTransitionTime\":\"2000-01-01T00:00:00Z\"}]}]}";
    struct status_object object = {.generation = 1, .previous = str_of(before), .now_ms = NOW_MS};
    expect_route(
        &object, &route,
        "{\"conditions\":[" CONDITION("Accepted", "True", "Why", "text", "1",
                                      NOW) "],\"parents\":[{\"attachedListeners\":2,\"conditions\":"
                                           "[" CONDITION("Accepted", "False", "Why", "text", "1",
                                                         "2000-01-01T00:00:00Z") "],\"gateway\":"
                                                                                 "\"b\"}]}");
}

static void a_gateway_lists_its_listeners_and_certificates(void **state)
{
    (void)state;
    const struct str names[] = {STR("a.test"), STR("b.test")};
    const struct model_secret secret = {.fingerprint = STR("00ff"),
                                        .key_type = STR("ecdsa"),
                                        .dns_names = {names, 2},
                                        .not_before_ms = NOW_MS,
                                        .not_after_ms = LATER_MS};
    const struct model_secret *certificates[] = {&secret};
    struct status_condition own = condition("Programmed", STATUS_TRUE);
    const struct status_listener listeners[] = {
        {.port = 80, .protocol = STR("HTTP"), .hostname = STR("*"), .conditions = {&own, 1}},
        {.port = 443,
         .protocol = STR("HTTPS"),
         .hostname = STR("a.test"),
         .attached_routes = 7,
         .conditions = {&own, 1},
         .certificates = certificates,
         .certificate_count = 1},
    };
    const struct status_gateway gateway = {
        .listeners = listeners, .listener_count = 2, .ready = 3, .serves = 2};
    const char *before = "{\"listeners\":[{\"port\":80,\"protocol\":\"HTTPS\",\"hostname\":\"*\"},"
                         "{\"port\":80,\"protocol\":\"HTTP\",\"hostname\":\"*\",\"conditions\":["
                         "{\"type\":\"Programmed\",\"status\":\"True\",\"lastTransitionTime\":"
                         "\"2001-01-01T00:00:00Z\"}]}]}";
    struct status_object object = {.generation = 9, .previous = str_of(before), .now_ms = NOW_MS};
    struct buf buf = buf_make();
    status_gateway_print(&object, &gateway, &buf);
    expect_text(
        &buf, "{\"conditions\":[],\"listeners\":[{\"attachedRoutes\":0,\"conditions\":[" CONDITION(
                  "Programmed", "True", "Why", "text", "9",
                  "2001-01-01T00:00:00Z") "],\"hostname\":\"*\",\"port\":80,\"protocol\":\"HTTP\"},"
                                          "{\"attachedRoutes\":7,\"certificates\":[{\"dnsNames\":["
                                          "\"a.test\",\"b.test\"],"
                                          "\"fingerprint\":\"00ff\",\"keyType\":\"ecdsa\","
                                          "\"notAfter\":\"" LATER "\",\"notBefore\":\"" NOW
                                          "\"}],\"conditions\":[" CONDITION(
                                              "Programmed", "True", "Why", "text", "9",
                                              NOW) "],\"hostname\":\"a.test\",\"port\":443,"
                                                   "\"protocol\":\"HTTPS\"}],"
                                                   "\"proxies\":{\"programmed\":2,\"ready\":3}}");
}

static void other_kinds_have_conditions_alone(void **state)
{
    (void)state;
    struct status_condition accepted = condition("Accepted", STATUS_TRUE);
    struct status_object object = {.generation = 3, .now_ms = NOW_MS};
    struct buf buf = buf_make();
    status_plain_print(&object, (struct status_conditions){&accepted, 1}, &buf);
    expect_text(&buf,
                "{\"conditions\":[" CONDITION("Accepted", "True", "Why", "text", "3", NOW) "]}");
}

static void an_instance_says_where_it_is(void **state)
{
    (void)state;
    const struct str addresses[] = {STR("10.0.0.1"), STR("lb.example.com"), STR("fd00::1")};
    const struct status_instance instance = {.addresses = addresses, .address_count = 3};
    struct status_object object = {.generation = 1, .now_ms = NOW_MS};
    struct buf buf = buf_make();
    status_instance_print(&object, &instance, &buf);
    expect_text(&buf, "{\"addresses\":[{\"type\":\"IPAddress\",\"value\":\"10.0.0.1\"},"
                      "{\"type\":\"Hostname\",\"value\":\"lb.example.com\"},"
                      "{\"type\":\"IPAddress\",\"value\":\"fd00::1\"}],\"conditions\":[]}");
}

static void a_document_is_what_apply_takes(void **state)
{
    (void)state;
    struct status_object object = {.kind = STR("MeshGateway"), .name = STR("edge")};
    struct buf buf = buf_make();
    status_document_print(&object, STR("{\"x\":1}"), &buf);
    expect_text(&buf, "{\"apiVersion\":\"kuma.io/v1alpha1\",\"kind\":\"MeshGateway\","
                      "\"metadata\":{\"name\":\"edge\"},\"status\":{\"x\":1}}");
    object.namespace = STR("team");
    buf = buf_make();
    status_document_print(&object, STR("{}"), &buf);
    expect_text(&buf, "{\"apiVersion\":\"kuma.io/v1alpha1\",\"kind\":\"MeshGateway\","
                      "\"metadata\":{\"name\":\"edge\",\"namespace\":\"team\"},\"status\":{}}");
}

static void of_several_judges_the_worst_counts(void **state)
{
    (void)state;
    struct status_condition good = condition("Accepted", STATUS_TRUE);
    struct status_condition bad = condition("Accepted", STATUS_FALSE);
    struct status_condition unknown = condition("Accepted", STATUS_UNKNOWN);
    struct status_condition merged = good;
    bad.message = STR("bad");
    status_condition_merge(&merged, &unknown);
    assert_int_equal(merged.value, STATUS_UNKNOWN);
    status_condition_merge(&merged, &bad);
    assert_int_equal(merged.value, STATUS_FALSE);
    status_condition_merge(&merged, &good);
    assert_true(str_equal(merged.message, STR("bad")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transition_is_when_the_status_changed),
        cmocka_unit_test(conditions_of_parents_have_transitions_of_their_own),
        cmocka_unit_test(a_gateway_lists_its_listeners_and_certificates),
        cmocka_unit_test(other_kinds_have_conditions_alone),
        cmocka_unit_test(an_instance_says_where_it_is),
        cmocka_unit_test(a_document_is_what_apply_takes),
        cmocka_unit_test(of_several_judges_the_worst_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
