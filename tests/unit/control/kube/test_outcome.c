#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/kube/outcome.h"

static void assert_reason(unsigned status, const char *body, enum err wanted, const char *path,
                          const char *message)
{
    struct err_info reason = {.message = ""};
    struct kube__outcome outcome = {.status = status, .body = str_of(body)};
    assert_int_equal(kube__outcome_reason(&outcome, &reason), wanted);
    assert_int_equal(reason.code, wanted);
    assert_string_equal(reason.path, path);
    assert_string_equal(reason.message, message);
}

static void test_a_status_object_speaks(void **state)
{
    (void)state;
    assert_reason(422,
                  "{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"it is \\\"x\\\"\","
                  "\"code\":422,\"details\":{\"causes\":[{\"reason\":\"y\"},"
                  "{\"field\":\"spec.replicas\"},{\"field\":\"spec.x\"}]}}",
                  ERR_INVALID, "spec.replicas", "Invalid (status 422): it is \"x\"");
    assert_reason(404, "{\"kind\":\"Status\",\"message\":\"none\",\"code\":404}", ERR_NOT_FOUND, "",
                  "status 404: none");
}

static void test_other_bodies(void **state)
{
    (void)state;
    assert_reason(404, "404 page not found\nx", ERR_NOT_FOUND, "",
                  "status 404: 404 page not found");
    assert_reason(503, "", ERR_UNAVAILABLE, "", "status 503");
    assert_reason(503, "\xFF\xFE", ERR_UNAVAILABLE, "", "status 503");
    assert_reason(500, "{\"kind\":\"Pod\"}", ERR_UNAVAILABLE, "", "status 500: {\"kind\":\"Pod\"}");
    assert_reason(200, "x", ERR_PROTOCOL, "", "status 200: x");
}

static void test_a_failed_transfer(void **state)
{
    (void)state;
    struct err_info reason = {.message = ""};
    struct kube__outcome outcome = {.err = ERR_TIMEOUT, .status = 200, .message = "too late"};
    assert_int_equal(kube__outcome_reason(&outcome, &reason), ERR_TIMEOUT);
    assert_string_equal(reason.message, "too late");
}

static void test_codes(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        enum err err;
    } codes[] = {
        {200, ERR_OK},           {201, ERR_OK},          {299, ERR_OK},
        {301, ERR_PROTOCOL},     {400, ERR_INVALID},     {401, ERR_UNAUTHORISED},
        {403, ERR_UNAUTHORISED}, {404, ERR_NOT_FOUND},   {405, ERR_PROTOCOL},
        {409, ERR_CONFLICT},     {410, ERR_GONE},        {422, ERR_INVALID},
        {429, ERR_UNAVAILABLE},  {500, ERR_UNAVAILABLE}, {504, ERR_UNAVAILABLE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        assert_int_equal(kube__status_err(codes[i].status), codes[i].err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_status_object_speaks),
        cmocka_unit_test(test_other_bodies),
        cmocka_unit_test(test_a_failed_transfer),
        cmocka_unit_test(test_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
