/* How it chooses is shown by tests/golden/cases/place-*; here is who owns what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/placement/placement.h"
#include "core/yaml/yaml.h"

static void put(struct cache *cache, const char *manifest)
{
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    assert_int_equal(yaml_parse(arena, str_of(manifest), &stream, NULL), ERR_OK);
    struct finding_list *problems = finding_list_new();
    const struct api_origin origin = {.file = STR("in.yaml")};
    for (size_t i = 0; i < stream.count; i++) {
        const struct api_object *object = api_decode(stream.documents[i], &origin, problems);
        assert_non_null(object);
        cache_put(cache, object);
        object = api_object_unref(object);
    }
    problems = finding_list_free(problems);
    arena = arena_free(arena);
}

#define GATEWAY                                                  \
    "{type: MeshGateway, mesh: default, name: edge,"             \
    " selectors: [{match: {kuma.io/service: edge, zone: '*'}}]," \
    " conf: {listeners: [{port: 8080, protocol: HTTP}]}}\n"
#define DATAPLANE(name, address)                                        \
    "---\n{type: Dataplane, mesh: default, name: " name ", networking:" \
    " {address: " address ", gateway: {type: BUILTIN,"                  \
    " tags: {kuma.io/service: edge, zone: a}}}}\n"

/* `arg` is the only local address. */
static bool is_address(void *arg, struct str address)
{
    return str_equal(str_of(arg), address);
}

static struct placement_options options_for(char *local)
{
    return (struct placement_options){.is_local = is_address, .is_local_arg = local};
}

static void test_objects_outlive_the_cache(void **state)
{
    (void)state;
    char local[] = "127.0.0.1";
    struct placement_options options = options_for(local);
    struct cache *cache = cache_new();
    struct finding_list *findings = finding_list_new();
    put(cache, GATEWAY DATAPLANE("b", "127.0.0.1") DATAPLANE("a", "127.0.0.1"));
    struct placement *placement = placement_new(cache, &options, findings);
    cache = cache_free(cache);

    assert_int_equal(placement->count, 2);
    assert_true(str_equal(placement->entries[0].dataplane.name, STR("a"))); /* sorted */
    assert_true(str_equal(placement->dataplanes[1].name, STR("b")));
    assert_false(placement->entries[0].is_derived);
    assert_int_equal(finding_count(findings), 0);
    placement = placement_free(placement);
    assert_int_equal(api_objects_alive(), 0);
    findings = finding_list_free(findings);
}

static void test_a_derived_dataplane_has_the_tags_of_the_selector(void **state)
{
    (void)state;
    char local[] = "127.0.0.1";
    struct placement_options options = options_for(local);
    struct cache *cache = cache_new();
    struct finding_list *findings = finding_list_new();
    put(cache, GATEWAY);
    struct placement *placement = placement_new(cache, &options, findings);
    assert_int_equal(placement->count, 1);
    const struct compile_dataplane *dataplane = &placement->dataplanes[0];
    assert_true(placement->entries[0].is_derived);
    assert_true(str_equal(dataplane->name, STR("edge")));
    assert_true(str_equal(dataplane->address, STR("127.0.0.1")));
    assert_null(dataplane->object);
    assert_true(str_equal(*api_tags_find(dataplane->tags, STR("kuma.io/service")), STR("edge")));
    assert_true(str_equal(*api_tags_find(dataplane->tags, STR("zone")), STR("edge")));
    placement = placement_free(placement);
    findings = finding_list_free(findings);
    cache = cache_free(cache);
}

static void test_what_is_elsewhere_is_known_but_not_served(void **state)
{
    (void)state;
    char local[] = "127.0.0.1";
    struct placement_options options = options_for(local);
    struct cache *cache = cache_new();
    struct finding_list *findings = finding_list_new();
    put(cache, GATEWAY DATAPLANE("far", "10.1.1.1"));
    struct placement *placement = placement_new(cache, &options, findings);
    assert_int_equal(placement->count, 0); /* nothing is derived in its place */
    assert_int_equal(placement->known_count, 1);
    assert_int_equal(finding_count(findings), 1);
    placement = placement_free(placement);
    findings = finding_list_free(findings);
    cache = cache_free(cache);
}

static void test_an_address_that_is_not_local_is_an_error(void **state)
{
    (void)state;
    char local[] = "127.0.0.1";
    struct placement_options options = options_for(local);
    options.address = STR("10.9.9.9");
    struct cache *cache = cache_new();
    struct finding_list *findings = finding_list_new();
    struct placement *placement = placement_new(cache, &options, findings);
    assert_int_equal(placement->count, 0);
    assert_int_equal(finding_count(findings), 1);
    assert_int_equal(finding_get(findings, 0)->severity, FINDING_ERROR);
    placement = placement_free(placement);
    assert_null(placement_free(NULL));
    findings = finding_list_free(findings);
    cache = cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_outlive_the_cache),
        cmocka_unit_test(test_a_derived_dataplane_has_the_tags_of_the_selector),
        cmocka_unit_test(test_what_is_elsewhere_is_known_but_not_served),
        cmocka_unit_test(test_an_address_that_is_not_local_is_an_error),
    };
    return cmocka_run_group_tests_name("control/placement", tests, NULL, NULL);
}
