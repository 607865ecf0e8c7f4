#include "world.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_deinit(&w);
    return 0;
}

#define EXTERNAL(name, tags, networking)                                            \
    "---\ntype: ExternalService\nmesh: default\nname: " name "\ntags: {" tags "}\n" \
    "networking: {" networking "}\n"
#define PAY "kuma.io/service: pay"

static void addresses_are_endpoints(void **state)
{
    (void)state;
    world_put(&w, EXTERNAL("b", PAY ", v: '2'", "address: '10.0.0.2:443'")
                      EXTERNAL("a", PAY ", v: '1'", "address: '[2001:db8::1]:80'"));
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "10.0.0.2:443 2001:db8::1:80");
    assert_int_equal(w.answer.endpoints[0].hostname.size, 0);
    world_ask(&w, "default", "pay", "v=1");
    assert_endpoints(&w, "2001:db8::1:80");
    world_ask(&w, "default", "pay", "v=3");
    assert_nothing(&w, DISCOVERY_NO_MATCH,
                   "no ExternalService of this name in mesh default has the other tags of the "
                   "destination");
    world_ask(&w, "other", "pay", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh other");
    world_ask(&w, "default", "pya", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh default (did you mean "
                   "pay?)");
}

static void names_are_endpoints(void **state)
{
    (void)state;
    world_put(&w, EXTERNAL("a", PAY, "address: 'pay.example.com:80'"));
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "pay.example.com:80");
    assert_true(str_equal(w.answer.endpoints[0].hostname, STR("pay.example.com")));
    world_put(&w, EXTERNAL("d", PAY, "address: '10.0.0.9:80'"));
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "10.0.0.9:80 pay.example.com:80");
    assert_int_equal(w.answer.endpoints[0].hostname.size, 0);
    assert_int_equal(w.answer.external_count, 0);
}

static void with_tls_it_is_said_whose(void **state)
{
    (void)state;
    world_put(&w, EXTERNAL("a", PAY, "address: 'pay.example.com:443', tls: {enabled: true}")
                      EXTERNAL("b", PAY, "address: '10.0.0.1:443', tls: {enabled: true}")
                          EXTERNAL("c", PAY, "address: '10.0.0.1:443', tls: {enabled: false}"));
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "10.0.0.1:443 10.0.0.1:443 pay.example.com:443"); /* two ways to one */
    assert_int_equal(w.answer.endpoints[0].tls.size, 0);
    assert_int_equal(w.answer.external_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct discovery_external *external = &w.answer.externals[i];
        bool is_first = str_equal(external->object->key.name, STR("a"));
        assert_true(str_equal(external->name, is_first ? STR("default/ExternalService/a")
                                                       : STR("default/ExternalService/b")));
        assert_true(str_equal(external->title, is_first
                                                   ? STR("it is ExternalService a in mesh default")
                                                   : STR("it is ExternalService b in mesh "
                                                         "default")));
        assert_true(str_equal(external->name, w.answer.endpoints[is_first ? 2 : 1].tls));
    }
}

static void it_comes_before_all_others(void **state)
{
    (void)state;
    world_put(&w, "{kind: Service, metadata: {name: s, namespace: ns}, spec: {ports: [{port: 80}]}}"
                  "\n---\n"
                  "{type: Dataplane, mesh: default, name: d, networking: {address: 10.0.0.1, "
                  "inbound: [{port: 80, tags: {kuma.io/service: pay}}]}}\n");
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "10.0.0.1:80");
    world_put(&w, EXTERNAL("a", PAY, "address: '10.0.0.2:80'")
                      EXTERNAL("b", "kuma.io/service: s_ns_svc_80", "address: '10.0.0.3:80'"));
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "10.0.0.2:80");
    world_ask(&w, "default", "s_ns_svc_80", NULL);
    assert_endpoints(&w, "10.0.0.3:80");
}

/* world_put takes sound objects alone. */
static void a_broken_one_takes_nothing_from_others(void **state)
{
    (void)state;
    world_put_broken(&w, EXTERNAL("a", PAY, "address: nowhere"));
    world_ask(&w, "default", "pay", NULL);
    assert_nothing(&w, DISCOVERY_UNUSABLE,
                   "it is ExternalService a in mesh default: it is not valid");
    world_put(&w, "{type: Dataplane, mesh: default, name: d, networking: {address: 10.0.0.1, "
                  "inbound: [{port: 80, tags: {kuma.io/service: pay}}]}}\n");
    world_ask(&w, "default", "pay", NULL);
    assert_endpoints(&w, "10.0.0.1:80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(addresses_are_endpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_endpoints, setup, teardown),
        cmocka_unit_test_setup_teardown(with_tls_it_is_said_whose, setup, teardown),
        cmocka_unit_test_setup_teardown(it_comes_before_all_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_one_takes_nothing_from_others, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
