#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/loop/loop.h"
#include "core/web/resolve.h"

struct seen {
    struct loop *loop;
    unsigned count;
    struct web__addresses addresses;
    char why[1024];
};

static void on_resolved(void *arg, const struct web__addresses *addresses, const char *why)
{
    struct seen *seen = arg;
    seen->count++;
    seen->addresses = *addresses;
    if (why != NULL)
        memcpy(seen->why, why, strlen(why) + 1);
    loop_stop(seen->loop);
}

static void resolve(struct seen *seen, const char *name)
{
    struct loop *loop CLEANUP(loop_free) = loop_new();
    *seen = (struct seen){.loop = loop};
    assert_non_null(web__resolve_start(loop, name, on_resolved, seen));
    assert_int_equal(seen->count, 0);
    loop_run(loop);
    assert_int_equal(seen->count, 1);
}

static void a_name_has_addresses(void **state)
{
    struct seen seen;
    bool found = false;
    (void)state; /* none */
    resolve(&seen, "localhost");
    for (size_t i = 0; i < seen.addresses.count; i++)
        found = found || strcmp(seen.addresses.texts[i], "127.0.0.1") == 0;
    assert_true(found);
    assert_string_equal(seen.why, "");
}

static void what_is_no_name_has_none(void **state)
{
    struct seen seen;
    char name[100]; /* longer than a label may be: no name server is asked */
    (void)state;    /* none */
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    resolve(&seen, name);
    assert_int_equal(seen.addresses.count, 0);
    assert_non_null(strstr(seen.why, "xxx: "));
}

/* Whichever of the two threads is the last one. */
static void one_that_is_cancelled_is_not_heard_of(void **state)
{
    (void)state; /* none */
    for (unsigned i = 0; i < 50; i++) {
        struct loop *loop CLEANUP(loop_free) = loop_new();
        struct seen seen = {.loop = loop};
        struct web__resolve *first = web__resolve_start(loop, "localhost", on_resolved, &seen);
        if (i % 2 == 0) { /* the second is answered, and so the first may be, too */
            assert_non_null(web__resolve_start(loop, "127.0.0.1", on_resolved, &seen));
            web__resolve_cancel(first);
            loop_run(loop);
        } else {
            web__resolve_cancel(first);
        }
        assert_int_equal(seen.count, i % 2 == 0 ? 1 : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_addresses),
        cmocka_unit_test(what_is_no_name_has_none),
        cmocka_unit_test(one_that_is_cancelled_is_not_heard_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
