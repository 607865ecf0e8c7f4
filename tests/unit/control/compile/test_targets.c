#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/compile/stages.h"

static const struct api_object gateway = {
    .key = {API_MESH_GATEWAY, STR_INIT("m"), STR_INIT("edge")}};
static const struct api_tag of_listener[] = {{STR_INIT("kuma.io/service"), STR_INIT("front")},
                                             {STR_INIT("team"), STR_INIT("a")}};
static const struct api_tag team_a = {STR_INIT("team"), STR_INIT("a")};
static const struct api_tag team_any = {STR_INIT("team"), STR_INIT("*")};
static const struct api_tag team_b = {STR_INIT("team"), STR_INIT("b")};

static bool selects(struct api_target_ref target)
{
    return compile__target_selects(&target, &gateway, (struct api_tags){of_listener, 2});
}

static void whom_a_target_means(void **state)
{
    (void)state;
    typedef struct api_target_ref target;
    assert_true(selects((target){.kind = API_TARGET_MESH}));
    assert_true(selects((target){.kind = API_TARGET_MESH, .proxy_types = API_PROXY_GATEWAY}));
    assert_false(selects((target){.kind = API_TARGET_MESH, .proxy_types = API_PROXY_SIDECAR}));
    assert_true(selects((target){.kind = API_TARGET_MESH_SUBSET, .tags = {&team_a, 1}}));
    assert_false(selects((target){.kind = API_TARGET_MESH_SUBSET, .tags = {&team_b, 1}}));
    assert_false(selects((target){
        .kind = API_TARGET_MESH_SUBSET, .tags = {&team_a, 1}, .proxy_types = API_PROXY_SIDECAR}));
    assert_true(selects((target){.kind = API_TARGET_MESH_GATEWAY, .name = STR("edge")}));
    assert_false(selects((target){.kind = API_TARGET_MESH_GATEWAY, .name = STR("front")}));
    assert_true(selects(
        (target){.kind = API_TARGET_MESH_GATEWAY, .name = STR("edge"), .tags = {&team_any, 1}}));
    assert_false(selects(
        (target){.kind = API_TARGET_MESH_GATEWAY, .name = STR("edge"), .tags = {&team_b, 1}}));
    assert_true(selects((target){.kind = API_TARGET_MESH_SERVICE, .name = STR("front")}));
    assert_false(selects((target){.kind = API_TARGET_MESH_SERVICE, .name = STR("edge")}));
    assert_true(selects((target){
        .kind = API_TARGET_MESH_SERVICE_SUBSET, .name = STR("front"), .tags = {&team_a, 1}}));
    assert_false(selects((target){
        .kind = API_TARGET_MESH_SERVICE_SUBSET, .name = STR("front"), .tags = {&team_b, 1}}));
    assert_false(selects((target){.kind = API_TARGET_DATAPLANE, .name = STR("edge")}));
    assert_false(selects((target){.kind = API_TARGET_NONE}));
}

static void a_copy_goes_by_the_name_of_its_original(void **state)
{
    (void)state;
    const struct api_tag display_name = {STR("kuma.io/display-name"), STR("edge")};
    const struct api_object copy = {.key = {API_MESH_GATEWAY, STR("m"), STR("edge-64vx4x")},
                                    .labels = {&display_name, 1}};
    struct api_target_ref target = {.kind = API_TARGET_MESH_GATEWAY, .name = STR("edge")};
    assert_true(compile__target_selects(&target, &copy, (struct api_tags){0}));
    target.name = copy.key.name;
    assert_false(compile__target_selects(&target, &copy, (struct api_tags){0}));
}

/* A policy, as far as its rank goes. */
struct policy {
    struct api_tag labels[2];
    struct api_object object;
    struct api_target_ref target;
};

static struct policy policy(const char *name, enum api_target_kind kind, const char *origin)
{
    struct policy policy = {
        .labels = {{STR("kuma.io/display-name"), str_of(name)}},
        .object = {.key = {API_MESH_HTTP_ROUTE, STR("m"), str_of(name)}},
        .target = {.kind = kind},
    };
    if (origin != NULL)
        policy.labels[1] = (struct api_tag){STR("kuma.io/origin"), str_of(origin)};
    return policy;
}

static void the_stronger_comes_first(void **state)
{
    (void)state;
    struct policy order[] = {
        policy("z", API_TARGET_MESH_SERVICE_SUBSET, NULL),
        policy("y", API_TARGET_MESH_SERVICE, NULL),
        policy("x", API_TARGET_MESH_GATEWAY, "zone"),
        policy("w", API_TARGET_MESH_GATEWAY, NULL),
        policy("a", API_TARGET_MESH_GATEWAY, NULL),
        policy("b", API_TARGET_MESH_GATEWAY, NULL),
        policy("v", API_TARGET_MESH_GATEWAY, "global"),
        policy("u", API_TARGET_MESH_SUBSET, NULL),
        policy("t", API_TARGET_DATAPLANE, NULL),
        policy("s", API_TARGET_MESH, NULL),
    };
    order[3].target.tags = (struct api_tags){&team_a, 1}; /* more of them are more */
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        order[i].object.labels = (struct api_tags){order[i].labels,
                                                   order[i].labels[1].name.size > 0 ? 2 : 1};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(order); j++) {
            int compared = compile__policy_compare(&order[i].object, &order[i].target,
                                                   &order[j].object, &order[j].target);
            if ((compared < 0) != (i < j) || (compared == 0) != (i == j))
                fail_msg("%zu, %zu: %d", i, j, compared);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whom_a_target_means),
        cmocka_unit_test(a_copy_goes_by_the_name_of_its_original),
        cmocka_unit_test(the_stronger_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
