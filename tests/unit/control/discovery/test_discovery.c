#include "world.h"

/* What a discovery was asked is remembered by its number. */
static void discoveries_are_told_apart(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct discovery *one = discovery_new(w.cache);
    struct discovery *two = discovery_new(w.cache);
    assert_true(discovery_serial(one) != 0);
    assert_true(discovery_serial(one) != discovery_serial(two));
    one = discovery_free(one);
    two = discovery_free(two);
    assert_null(discovery_free(NULL));
    world_deinit(&w);
}

static void put_slice(struct world *w, unsigned name, unsigned service, unsigned address)
{
    char yaml[512];
    (void)snprintf(yaml, sizeof(yaml),
                   "{kind: EndpointSlice, metadata: {name: e%u, namespace: ns, labels: "
                   "{kubernetes.io/service-name: s%u}}, addressType: IPv4, endpoints: [{addresses: "
                   "[10.0.0.%u]}], ports: [{name: http, port: 80, protocol: TCP}]}",
                   name, service, address);
    world_put(w, yaml);
}

static size_t answer_of(struct world *w, const struct discovery *discovery, unsigned service,
                        uint16_t *ret_last)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "s%u_ns_svc_80", service);
    const struct api_tag tag = {STR_INIT("kuma.io/service"), str_of(name)};
    struct discovery_answer answer;
    discovery_resolve(discovery, w->arena, STR("m"), (struct api_tags){&tag, 1}, &answer);
    *ret_last = 0; /* the last bytes of all addresses say which they are */
    for (size_t i = 0; i < answer.count; i++)
        *ret_last =
            (uint16_t)(*ret_last * 31 +
                       answer.endpoints[i].address.data[answer.endpoints[i].address.size - 1]);
    return answer.count;
}

static uint64_t place_of(unsigned service)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "s%u_ns_svc_80", service);
    const struct api_tag tag = {STR_INIT("kuma.io/service"), str_of(name)};
    return discovery_place((struct api_tags){&tag, 1});
}

/* One that was brought up to date answers as a new one, and knows for whom the answer is another.
 */
static void what_is_brought_up_to_date_is_as_new(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (unsigned i = 0; i < 4; i++) {
        char yaml[128];
        (void)snprintf(
            yaml, sizeof(yaml),
            "{kind: Service, metadata: {name: s%u, namespace: ns}, spec: {ports: [{name: "
            "http, port: 80}]}}",
            i);
        world_put(&w, yaml);
    }
    struct cache_changes changes = cache_take_changes(w.cache);
    struct discovery *discovery = discovery_next(NULL, w.cache, &changes);
    uint32_t random = 1;
    size_t kept = 0;
    for (int step = 0; step < 600; step++) {
        uint64_t before = discovery_serial(discovery);
        uint16_t was[4];
        size_t counts[4];
        for (unsigned i = 0; i < 4; i++)
            counts[i] = answer_of(&w, discovery, i, &was[i]);
        random = random * 1664525 + 1013904223;
        unsigned name = random >> 8 & 7;
        char key[16];
        (void)snprintf(key, sizeof(key), "e%u.ns", name);
        if ((random >> 12 & 3) == 0)
            cache_remove(w.cache, &(struct api_key){API_ENDPOINT_SLICE, STR_EMPTY, str_of(key)});
        else
            put_slice(&w, name, random >> 16 & 3, random >> 20 & 7);
        if (!cache_has_changes(w.cache))
            continue;
        changes = cache_take_changes(w.cache);
        const struct discovery *former = discovery;
        discovery = discovery_next(discovery, w.cache, &changes);
        kept += discovery == former ? 1 : 0;
        struct discovery *fresh = discovery_new(w.cache);
        for (unsigned i = 0; i < 4; i++) {
            uint16_t wanted;
            uint16_t got;
            assert_int_equal(answer_of(&w, discovery, i, &got), answer_of(&w, fresh, i, &wanted));
            assert_int_equal(got, wanted);
            bool differs = counts[i] != answer_of(&w, fresh, i, &wanted) || was[i] != wanted;
            assert_true(!differs || discovery_has_changed(discovery, before, place_of(i)));
        }
        assert_true(discovery_has_changed(discovery, before, DISCOVERY_ANYWHERE));
        assert_false(discovery_has_changed(discovery, discovery_serial(discovery), place_of(0)));
        fresh = discovery_free(fresh);
    }
    assert_true(kept > 300);
    discovery = discovery_free(discovery);
    world_deinit(&w);
}

static void an_empty_cache_has_nobody(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    world_ask(&w, "m", "web_shop_svc_80", NULL);
    assert_nothing(&w, DISCOVERY_UNKNOWN,
                   "no Dataplane has an inbound with this service in mesh m");
    world_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discoveries_are_told_apart),
        cmocka_unit_test(what_is_brought_up_to_date_is_as_new),
        cmocka_unit_test(an_empty_cache_has_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
