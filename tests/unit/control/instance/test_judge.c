#include <stdio.h>

#include "documents.h"

static struct manifest instance_manifest;
static struct manifest gateway_manifest;
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    manifest_free(&instance_manifest);
    manifest_free(&gateway_manifest);
    return 0;
}

#define OWNED "metadata: {ownerReferences: [{uid: " UID ", controller: true}]}"
#define GATEWAY                                               \
    "{type: MeshGateway, mesh: default, name: g, selectors: " \
    "[{match: {kuma.io/service: front_edge_svc}}], conf: {listeners: %s}}"
#define LISTENERS "[{port: 80, protocol: HTTP}]"

#define AVAILABLE "{" OWNED ", status: {conditions: [{type: Available, status: 'True'}]}}"

/* What is there; NULL: nothing. */
struct situation {
    const char *spec; /* NULL: {} */
    const char *name; /* NULL: front */
    const char *listeners;
    const char *service;
    const char *deployment;
};

static struct instance_verdict judge(const struct situation *s)
{
    char yaml[1024];
    (void)snprintf(yaml, sizeof(yaml),
                   "metadata: {uid: " UID ", name: %s, namespace: edge}\nspec: %s\n",
                   s->name == NULL ? "front" : s->name, s->spec == NULL ? "{}" : s->spec);
    const struct api_object *instance = instance_decode(&instance_manifest, yaml);
    const struct api_object *gateway = NULL;
    if (s->listeners != NULL) {
        (void)snprintf(yaml, sizeof(yaml), GATEWAY, s->listeners);
        manifest_decode(&gateway_manifest, yaml);
        gateway = gateway_manifest.object;
    }
    struct instance_observed observed = {
        s->service == NULL ? NULL : yaml_value(arena, s->service),
        s->deployment == NULL ? NULL : yaml_value(arena, s->deployment),
    };
    return instance_judge(arena, instance, gateway, &observed);
}

static void assert_condition(const struct status_condition *got, enum status_value value,
                             const char *reason, const char *message)
{
    assert_str(got->message, message);
    assert_str(got->reason, reason);
    assert_int_equal(got->value, value);
}

static void nothing_is_made_before_a_gateway_matches(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){.spec = "{}"});
    assert_false(v.wants_service);
    assert_false(v.wants_deployment);
    assert_str(v.accepted.type, "Accepted");
    assert_str(v.ready.type, "Ready");
    assert_condition(&v.accepted, STATUS_TRUE, "Accepted", "");
    assert_condition(&v.ready, STATUS_FALSE, "NoGatewayMatched",
                     "No Gateway matched by tags in mesh: 'default'. Write a MeshGateway of this "
                     "mesh whose selectors have kuma.io/service: front_edge_svc");
    assert_null(v.load_balancer);
    assert_int_equal(v.address_count, 0);
}

static void what_was_made_stays_when_the_gateway_goes(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){
        .service = "{" OWNED ", status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}",
        .deployment = AVAILABLE,
    });
    assert_false(v.wants_service);
    assert_true(v.wants_deployment);
    assert_str(v.ready.reason, "NoGatewayMatched");
    assert_non_null(v.load_balancer);
    assert_int_equal(v.address_count, 1);
}

static void a_gateway_without_ports_makes_no_service(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){.listeners = "[]"});
    assert_false(v.wants_service);
    assert_false(v.wants_deployment);
    v = judge(&(struct situation){.listeners = "[]", .service = "{" OWNED "}"});
    assert_false(v.wants_service);
    assert_true(v.wants_deployment);
}

static void with_a_gateway_both_are_made(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){.listeners = LISTENERS});
    assert_true(v.wants_service);
    assert_true(v.wants_deployment);
    assert_condition(&v.accepted, STATUS_TRUE, "Accepted", "");
    assert_condition(&v.ready, STATUS_FALSE, "DeploymentNotAvailable",
                     "Deployment edge/front: is not there yet");
}

static void the_deployment_has_to_be_available(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){
        .listeners = LISTENERS,
        .deployment = "{" OWNED "}",
    });
    assert_condition(&v.ready, STATUS_UNKNOWN, "DeploymentNotAvailable",
                     "Deployment edge/front: its pods are not reported yet");
    v = judge(&(struct situation){
        .listeners = LISTENERS,
        .deployment = "{" OWNED ", status: {conditions: [{type: Available, status: 'Unknown'}]}}",
    });
    assert_int_equal(v.ready.value, STATUS_UNKNOWN);
    v = judge(&(struct situation){
        .listeners = LISTENERS,
        .deployment = "{" OWNED ", status: {conditions: [{type: Available, status: 'False', "
                      "message: Deployment does not have minimum availability.}]}}",
    });
    assert_condition(&v.ready, STATUS_FALSE, "DeploymentNotAvailable",
                     "Deployment edge/front: Deployment does not have minimum availability. See "
                     "kubectl -n edge describe pods -l app=front");
}

static void a_load_balancer_has_to_have_an_address(void **state)
{
    (void)state;
    struct situation s = {.listeners = LISTENERS, .deployment = AVAILABLE};
    s.service = "{" OWNED ", spec: {clusterIP: 10.0.0.1}}";
    struct instance_verdict v = judge(&s);
    assert_condition(&v.ready, STATUS_FALSE, "LoadBalancerAddressNotReady",
                     "Service edge/front has no address yet: the cluster's load balancer has to "
                     "give it one. Where there is none, write spec.serviceType: NodePort or "
                     "ClusterIP");
    s.service = "{" OWNED ", spec: {clusterIP: 10.0.0.1}, status: {loadBalancer: {ingress: "
                "[{hostname: a.test}]}}}";
    v = judge(&s);
    assert_condition(&v.ready, STATUS_TRUE, "Ready", "");
    assert_int_equal(v.address_count, 1);
    assert_str(v.addresses[0], "a.test");
}

static void other_services_have_to_have_a_cluster_address(void **state)
{
    (void)state;
    static const char *const specs[] = {"{serviceType: ClusterIP}", "{serviceType: NodePort}"};
    for (size_t i = 0; i < ARRAY_SIZE(specs); i++) {
        struct situation s = {specs[i], NULL, LISTENERS, "{" OWNED ", spec: {clusterIP: None}}",
                              AVAILABLE};
        struct instance_verdict v = judge(&s);
        assert_condition(&v.ready, STATUS_FALSE, "LoadBalancerAddressNotReady",
                         "Service edge/front has no address yet");
        s.service = "{" OWNED ", spec: {clusterIP: 10.0.0.1}}";
        v = judge(&s);
        assert_condition(&v.ready, STATUS_TRUE, "Ready", "");
        assert_str(v.addresses[0], "10.0.0.1");
    }
}

static void what_is_of_somebody_else_is_left_alone(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){
        .listeners = LISTENERS,
        .service = "{metadata: {}, status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}",
    });
    assert_false(v.wants_service);
    assert_false(v.wants_deployment);
    assert_null(v.load_balancer);
    assert_condition(&v.accepted, STATUS_FALSE, "NotOwned",
                     "Service edge/front is there already and belongs to somebody else: delete it, "
                     "or give this MeshGatewayInstance another name");
    v = judge(&(struct situation){
        .listeners = LISTENERS,
        .service = "{" OWNED "}",
        .deployment = "{status: {conditions: [{type: Available, status: 'True'}]}}",
    });
    assert_false(v.wants_service);
    assert_false(v.wants_deployment);
    assert_str(v.accepted.reason, "NotOwned");
    assert_true(str_starts_with(v.accepted.message, STR("Deployment edge/front is there already")));
    assert_condition(&v.ready, STATUS_FALSE, "DeploymentNotAvailable",
                     "Deployment edge/front: is not there yet");
}

static void an_invalid_instance_changes_nothing(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){
        .spec = "{replicas: 0, serviceType: x, tag: 1}",
        .listeners = LISTENERS,
        .service = "{" OWNED "}",
        .deployment = AVAILABLE,
    });
    assert_false(v.wants_service);
    assert_false(v.wants_deployment);
    assert_condition(&v.accepted, STATUS_FALSE, "Invalid",
                     "replicas: must be a whole number from 1 to 2147483647, not 0 (and 1 more)");
}

static void warnings_are_said(void **state)
{
    (void)state;
    struct instance_verdict v = judge(&(struct situation){
        .spec = "{replica: 1}",
        .listeners = LISTENERS,
    });
    assert_condition(&v.accepted, STATUS_TRUE, "Accepted",
                     "replica: unknown field, ignored; did you mean \"replicas\"?");
    assert_true(v.wants_service);
}

static void names_that_a_service_cannot_have(void **state)
{
    (void)state;
    static const char longest[] = "a23456789-a23456789-a23456789-a23456789-a23456789-a23456789-abc";
    static const char longer[] = "a23456789-a23456789-a23456789-a23456789-a23456789-a23456789-abcd";
    struct instance_verdict v = judge(&(struct situation){.name = longest, .listeners = LISTENERS});
    assert_int_equal(v.accepted.value, STATUS_TRUE);
    static const char *const bad[] = {longer, "a.b"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        v = judge(&(struct situation){.name = bad[i], .listeners = LISTENERS});
        assert_condition(&v.accepted, STATUS_FALSE, "Invalid",
                         "metadata.name: a Service cannot have this name: write at most 63 "
                         "characters, and no dot");
        assert_false(v.wants_service);
        assert_false(v.wants_deployment);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_made_before_a_gateway_matches),
        TEST(what_was_made_stays_when_the_gateway_goes),
        TEST(a_gateway_without_ports_makes_no_service),
        TEST(with_a_gateway_both_are_made),
        TEST(the_deployment_has_to_be_available),
        TEST(a_load_balancer_has_to_have_an_address),
        TEST(other_services_have_to_have_a_cluster_address),
        TEST(what_is_of_somebody_else_is_left_alone),
        TEST(an_invalid_instance_changes_nothing),
        TEST(warnings_are_said),
        TEST(names_that_a_service_cannot_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
