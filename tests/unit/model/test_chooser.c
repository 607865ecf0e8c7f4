/* Which secrets of a chain a server name gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "model/model.h"

/* "rsa a.test *.b.test": a key type, and names. */
static const struct model_secret *secret_of(struct arena *arena, const char *text)
{
    struct str rest = str_of(text);
    struct str *names = ARENA_NEW_ARRAY(arena, struct str, 8);
    struct model_secret *secret = ARENA_NEW(arena, struct model_secret);
    secret->key_type = str_cut(&rest, ' ');
    secret->dns_names.items = names;
    while (rest.size > 0)
        names[secret->dns_names.count++] = str_cut(&rest, ' ');
    return secret;
}

struct bench {
    struct arena *arena;
    struct model_chooser *chooser;
};

/* `texts` end with NULL. */
static struct bench bench_open(const char *hostname, const char *const *texts)
{
    struct bench bench = {.arena = arena_new(1024)};
    const struct model_secret *secrets[MODEL_CHAIN_SECRETS_MAX];
    size_t count = 0;
    for (; texts[count] != NULL; count++)
        secrets[count] = secret_of(bench.arena, texts[count]);
    bench.chooser = model_chooser_new(str_of(hostname), secrets, count);
    bench.arena = arena_free(bench.arena); /* nothing of it is needed any more */
    return bench;
}

#define OPEN(hostname, ...) bench_open(hostname, (const char *const[]){__VA_ARGS__, NULL})

static void bench_close(struct bench *bench)
{
    assert_null(model_chooser_free(bench->chooser));
}

static void choice_print(const struct model_choice *choice, char ret_text[16])
{
    for (size_t i = 0; i < choice->count; i++)
        ret_text[i] = (char)('0' + choice->secrets[i]);
    ret_text[choice->count] = '\0';
}

/* `wanted` has the indexes of secrets, the first first; the choice is one of those listed. */
static void assert_gets(const struct bench *bench, const char *name, const char *wanted)
{
    const struct model_choice *choice = model_chooser_find(bench->chooser, str_of(name));
    char text[16];
    choice_print(choice, text);
    if (strcmp(text, wanted) != 0)
        fail_msg("\"%s\" gets %s instead of %s", name, text, wanted);
    size_t count;
    assert_ptr_equal(&model_chooser_list(bench->chooser, &count)[choice->index], choice);
    assert_true(choice->index < count);
}

static void assert_count(const struct bench *bench, size_t wanted)
{
    size_t count;
    (void)model_chooser_list(bench->chooser, &count); /* the count is asked for */
    assert_int_equal(count, wanted);
}

static void the_exact_name_then_the_wildcard_then_the_first(void **state)
{
    (void)state;
    struct bench bench = OPEN("*", "rsa a.test", "rsa *.c.test b.test", "rsa x.c.test a.test");
    assert_gets(&bench, "a.test", "0");
    assert_gets(&bench, "b.test", "1");
    assert_gets(&bench, "y.c.test", "1");
    assert_gets(&bench, "x.c.test", "2");
    assert_gets(&bench, "other.test", "0");
    assert_gets(&bench, "", "0");
    assert_count(&bench, 3);
    bench_close(&bench);
}

static void a_wildcard_takes_one_label(void **state)
{
    (void)state;
    struct bench bench = OPEN("*", "rsa a.test", "rsa *.b.test");
    assert_gets(&bench, "x.b.test", "1");
    assert_gets(&bench, "x.y.b.test", "0");
    assert_gets(&bench, "b.test", "0");
    assert_gets(&bench, ".b.test", "0");
    assert_gets(&bench, "xb.test", "0");
    bench_close(&bench);
}

static void each_type_of_key_has_one(void **state)
{
    (void)state;
    struct bench bench = OPEN("*.test", "ecdsa a.test", "ecdsa b.test", "rsa a.test", "rsa b.test");
    assert_gets(&bench, "a.test", "02");
    assert_gets(&bench, "b.test", "13");
    assert_gets(&bench, "c.test", "02");
    assert_count(&bench, 2);
    bench_close(&bench);
}

static void the_name_comes_before_the_order(void **state)
{
    (void)state;
    struct bench bench = OPEN("*", "ecdsa a.test *.c.test", "rsa b.test x.c.test");
    assert_gets(&bench, "a.test", "01");
    assert_gets(&bench, "b.test", "10");
    assert_gets(&bench, "x.c.test", "10");
    assert_gets(&bench, "y.c.test", "01");
    assert_gets(&bench, "", "01");
    assert_count(&bench, 2);
    bench_close(&bench);
}

static void a_chain_of_one_name_has_one_choice(void **state)
{
    (void)state;
    struct bench bench = OPEN("b.test", "rsa a.test", "rsa b.test");
    assert_gets(&bench, "b.test", "1");
    assert_gets(&bench, "a.test", "1"); /* which does not come here */
    assert_count(&bench, 1);
    bench_close(&bench);
    bench = OPEN("b.c.test", "ecdsa a.test", "rsa *.c.test");
    assert_gets(&bench, "b.c.test", "10");
    assert_count(&bench, 1);
    bench_close(&bench);
}

/* Names that do not come to the chain, and what is no name of a server. */
static void what_never_comes_makes_no_choice(void **state)
{
    (void)state;
    struct bench bench = OPEN("*.a.test", "rsa x.a.test", "rsa a.test b.test *.test *.xa.test");
    assert_gets(&bench, "y.a.test", "0");
    assert_gets(&bench, "b.test", "0");
    assert_count(&bench, 1);
    bench_close(&bench);
    bench = OPEN("*.a.test", "rsa x.a.test", "rsa *.a.test");
    assert_gets(&bench, "y.a.test", "1");
    assert_gets(&bench, "y.z.a.test", "0");
    assert_count(&bench, 2);
    bench_close(&bench);
    bench = OPEN("*", "rsa a.test", "rsa f*.b.test * *. .test *.*.test", "rsa");
    assert_gets(&bench, "foo.b.test", "0");
    assert_gets(&bench, "*", "0");
    assert_gets(&bench, "x.", "0");
    assert_gets(&bench, "", "0");
    assert_count(&bench, 1);
    bench_close(&bench);
}

static void one_secret_is_every_choice(void **state)
{
    (void)state;
    struct bench bench = OPEN("*", "rsa a.test");
    assert_gets(&bench, "a.test", "0");
    assert_gets(&bench, "b.test", "0");
    assert_count(&bench, 1);
    bench_close(&bench);
    assert_null(model_chooser_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_exact_name_then_the_wildcard_then_the_first),
        cmocka_unit_test(a_wildcard_takes_one_label),
        cmocka_unit_test(each_type_of_key_has_one),
        cmocka_unit_test(the_name_comes_before_the_order),
        cmocka_unit_test(a_chain_of_one_name_has_one_choice),
        cmocka_unit_test(what_never_comes_makes_no_choice),
        cmocka_unit_test(one_secret_is_every_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
