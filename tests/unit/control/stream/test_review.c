#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/stream/stream.h"

static void asks_for_our_audience(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4096);
    stream_review_print(STR("a.\"b"), &buf);
    buf_append_char(&buf, '\0');
    assert_string_equal(buf.data,
                        "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\","
                        "\"spec\":{\"audiences\":[\"otemon\"],\"token\":\"a.\\\"b\"}}");
    buf_deinit(&buf);
}

#define USER(extra)                                                                      \
    "\"user\":{\"username\":\"system:serviceaccount:edge:default\",\"uid\":\"account\"," \
    "\"extra\":{" extra "}}"
#define POD(name, uid)                                          \
    "\"authentication.kubernetes.io/pod-name\":[\"" name "\"]," \
    "\"authentication.kubernetes.io/pod-uid\":[\"" uid "\"]"
#define ANSWER(authenticated, audiences, user)                               \
    "{\"kind\":\"TokenReview\",\"status\":{\"authenticated\":" authenticated \
    ",\"audiences\":[" audiences "]," user "}}"

static enum err read(struct arena *arena, const char *text, struct stream_identity *ret_identity,
                     struct err_info *reterr)
{
    const struct jv *value = NULL;
    assert_int_equal(jv_parse(arena, str_of(text), JV_VALUES_MAX, &value, NULL), ERR_OK);
    return stream_review_read(value, ret_identity, reterr);
}

static void a_pod_is_who_its_token_says(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    struct stream_identity identity;
    assert_int_equal(
        read(arena, ANSWER("true", "\"otemon\"", USER(POD("front-1", "u-1"))), &identity, NULL),
        ERR_OK);
    assert_true(str_equal(identity.namespace, STR("edge")));
    assert_true(str_equal(identity.pod, STR("front-1")));
    assert_true(str_equal(identity.uid, STR("u-1")));
    (void)arena_free(arena); /* always NULL */
}

static void other_tokens_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{}", "the token is not valid"},
        {"{\"status\":{\"error\":\"expired\"}}", "the token is not valid"},
        {ANSWER("false", "\"otemon\"", USER(POD("p", "u"))), "the token is not valid"},
        {ANSWER("\"true\"", "\"otemon\"", USER(POD("p", "u"))), "the token is not valid"},
        {ANSWER("true", "", USER(POD("p", "u"))), "the token is not for the audience \"otemon\""},
        {ANSWER("true", "\"https://kubernetes.default.svc\"", USER(POD("p", "u"))),
         "the token is not for the audience \"otemon\""},
        {ANSWER("true", "\"otemon\"", USER("")), "the token is not bound to a pod"},
        {ANSWER("true", "\"otemon\"", USER("\"authentication.kubernetes.io/pod-name\":[\"p\"]")),
         "the token is not bound to a pod"},
        {ANSWER("true", "\"otemon\"",
                USER("\"authentication.kubernetes.io/pod-name\":[\"p\",\"q\"],"
                     "\"authentication.kubernetes.io/pod-uid\":[\"u\"]")),
         "the token is not bound to a pod"},
        {ANSWER("true", "\"otemon\"",
                "\"user\":{\"username\":\"admin\",\"extra\":{" POD("p", "u") "}}"),
         "the token is not of a service account"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct arena *arena = arena_new(1024);
        struct stream_identity identity;
        struct err_info why = {0};
        assert_int_equal(read(arena, cases[i].text, &identity, &why), ERR_UNAUTHORISED);
        assert_string_equal(why.message, cases[i].message);
        (void)arena_free(arena); /* always NULL */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_our_audience),
        cmocka_unit_test(a_pod_is_who_its_token_says),
        cmocka_unit_test(other_tokens_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
