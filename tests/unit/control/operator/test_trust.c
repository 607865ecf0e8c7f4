/* Where the ConfigMap goes; without the Secret, which takes an API server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../turns.h"
#include "control/operator/trust.h"
#include "core/base/arena.h"

static struct loop *loop;
static struct operator__trust trust;
static struct buf sent; /* "<path>\n" of each document */

static void on_send(void *arg, const struct apply_document *document)
{
    (void)arg; /* there is one */
    assert_true(str_equal(document->manager, STR("otemon")));
    assert_non_null(strstr(document->body.data, "\"ca.crt\":\"the bundle\""));
    buf_printf(&sent, "%.*s\n", STR_ARG(document->path));
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new();
    trust = (struct operator__trust){
        .options = {.apply = apply_new(loop, on_send, NULL)},
        .state = {.trust_pem = STR("the bundle")},
        .namespaces = map_new(),
        .is_stored = true,
    };
    buf_init(&sent, 4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    operator__trust_spread_begin(&trust); /* of none */
    operator__trust_spread_end(&trust);
    trust.namespaces = map_free(trust.namespaces);
    trust.options.apply = apply_free(trust.options.apply);
    loop = loop_free(loop);
    buf_deinit(&sent);
    return 0;
}

/* What was sent since the last call, which the server takes. */
static void expect_sent(const char *wanted)
{
    turns_now(loop);
    if (!str_equal(buf_str(&sent), str_of(wanted)))
        fail_msg("%.*s", STR_ARG(buf_str(&sent)));
    struct str rest = buf_str(&sent);
    while (rest.size > 0)
        apply_answer(trust.options.apply, str_cut(&rest, '\n'), ERR_OK, 0);
    buf_clear(&sent);
}

#define MAP(namespace) "/api/v1/namespaces/" namespace "/configmaps/otemon-ca\n"

/* The namespaces that need it at one time, with commas between them. */
static void spread(const char *namespaces)
{
    struct str rest = str_of(namespaces);
    operator__trust_spread_begin(&trust);
    while (rest.size > 0)
        operator__trust_spread(&trust, str_cut(&rest, ','));
    operator__trust_spread_end(&trust);
}

static void each_namespace_gets_it_once(void **state)
{
    (void)state;
    spread("edge,edge,side");
    expect_sent(MAP("edge") MAP("side"));
    spread("side,edge");
    expect_sent("");
}

static void a_namespace_that_comes_back_gets_it_again(void **state)
{
    (void)state;
    spread("edge,side");
    expect_sent(MAP("edge") MAP("side"));
    spread("side"); /* edge was deleted with everything in it */
    expect_sent("");
    spread("side,edge");
    expect_sent(MAP("edge"));
}

static void nobody_gets_what_is_not_stored(void **state)
{
    (void)state;
    trust.is_stored = false;
    spread("edge");
    expect_sent("");
    assert_int_equal(map_count(trust.namespaces), 1); /* it gets it then */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_namespace_gets_it_once),
        TEST(a_namespace_that_comes_back_gets_it_again),
        TEST(nobody_gets_what_is_not_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
