/* Which certificates a client is shown. */
#include "story.h"

#include "explain/parts.h"

static const struct model_resource *secret_new(const char *name, const char *key_type,
                                               const char *dns_name)
{
    const struct str dns_names[] = {str_of(dns_name)};
    return model_secret_new(&(struct model_secret){
        .name = str_of(name), .key_type = str_of(key_type), .dns_names = {dns_names, 1}});
}

/* `wanted` has names with spaces behind them. */
static void assert_shown(size_t count, const char *server_name, const char *wanted)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(1024);
    const struct model_resource *const resources[] = {secret_new("a", "ecdsa", "a.test"),
                                                      secret_new("b", "rsa", "b.test"),
                                                      secret_new("c", "rsa", "c.test")};
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, ARRAY_SIZE(resources), &snapshot, NULL), ERR_OK);
    const struct str names[] = {STR("a"), STR("b"), STR("c")};
    const struct model_chain chain = {.hostname = STR("*.test"), .secrets = {names, count}};
    const struct explain_place place = {.snapshot = snapshot};
    const struct explain_request request = {.server_name = str_of(server_name)};
    struct explain_answer answer = {.request = &request, .place = &place, .chain = &chain};
    explain__find_secrets(arena, &answer);
    struct str text = STR_EMPTY;
    for (size_t i = 0; i < answer.secrets.count; i++)
        text = str_format(arena, "%.*s%.*s ", STR_ARG(text), STR_ARG(answer.secrets.items[i]));
    assert_true(str_equal(text, str_of(wanted)));
    (void)model_snapshot_unref(snapshot); /* always NULL */
}

static void the_server_name_chooses(void **state)
{
    (void)state;
    assert_shown(3, "a.test", "a b ");
    assert_shown(3, "c.test", "c a ");
    assert_shown(3, "x.test", "a b ");
    assert_shown(3, "", "a b ");
    assert_shown(1, "c.test", "a ");
}

static void plain_http_shows_none(void **state)
{
    (void)state;
    assert_shown(0, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_name_chooses),
        cmocka_unit_test(plain_http_shows_none),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
