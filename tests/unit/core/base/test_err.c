#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/err.h"

#include <errno.h>

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_OK), "ok");
    for (enum err a = ERR_OK; a <= ERR_SYSTEM; a++) {
        assert_string_not_equal(err_name(a), "unknown");
        for (enum err b = ERR_OK; b < a; b++)
            assert_string_not_equal(err_name(a), err_name(b));
    }
}

static void test_set(void **state)
{
    (void)state;
    struct err_info info = {.path = "old"};
    assert_int_equal(err_set(&info, ERR_LIMIT, "%d routes", 5), ERR_LIMIT);
    assert_int_equal(info.code, ERR_LIMIT);
    assert_string_equal(info.path, "");
    assert_string_equal(info.message, "5 routes");
    assert_int_equal(err_set(NULL, ERR_INVALID, "nobody listens"), ERR_INVALID);
    assert_int_equal(err_set_errno(NULL, "nobody listens"), ERR_SYSTEM);
}

static void test_own_texts_as_arguments(void **state)
{
    (void)state;
    struct err_info info;
    assert_int_equal(err_set(&info, ERR_INVALID, "not a number"), ERR_INVALID);
    err_prefix(&info, STR("port"));
    assert_int_equal(err_set(&info, ERR_INVALID, "%s: %s", info.path, info.message), ERR_INVALID);
    assert_string_equal(info.message, "port: not a number");
    assert_string_equal(info.path, "");
    err_prefix(&info, STR("port"));
    errno = ENOENT;
    assert_int_equal(err_set_errno(&info, "at %s: %s", info.path, info.message), ERR_SYSTEM);
    assert_string_equal(info.message, "at port: port: not a number: No such file or directory");
    assert_string_equal(info.path, "");
}

static void test_long_messages_are_cut(void **state)
{
    (void)state;
    struct err_info info;
    assert_int_equal(err_set(&info, ERR_INVALID, "%2000d", 1), ERR_INVALID);
    assert_int_equal(strlen(info.message), ERR_MESSAGE_MAX - 1);
    errno = ENOENT;
    assert_int_equal(err_set_errno(&info, "%2000d", 1), ERR_SYSTEM);
    assert_int_equal(strlen(info.message), ERR_MESSAGE_MAX - 1);
    errno = ENOENT;
    assert_int_equal(err_set_errno(&info, "%*d", ERR_MESSAGE_MAX - 5, 1), ERR_SYSTEM);
    assert_int_equal(strlen(info.message), ERR_MESSAGE_MAX - 1);
}

static void test_set_errno(void **state)
{
    (void)state;
    struct err_info info;
    errno = ENOENT;
    assert_int_equal(err_set_errno(&info, "cannot open %s", "x"), ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(info.code, ERR_SYSTEM);
    assert_string_equal(info.message, "cannot open x: No such file or directory");
}

static void test_prefix(void **state)
{
    (void)state;
    struct err_info info;
    assert_int_equal(err_set(&info, ERR_INVALID, "is not a number"), ERR_INVALID);
    err_prefix(&info, STR("port"));
    assert_string_equal(info.path, "port");
    err_prefix(&info, STR("[2]"));
    assert_string_equal(info.path, "[2].port");
    err_prefix(&info, STR("listeners"));
    assert_string_equal(info.path, "listeners[2].port");
    err_prefix(&info, STR_EMPTY);
    assert_string_equal(info.path, "listeners[2].port");
    err_prefix(&info, STR("conf"));
    assert_string_equal(info.path, "conf.listeners[2].port");
    assert_string_equal(info.message, "is not a number");
    err_prefix(NULL, STR("x"));
}

static void test_long_paths_are_cut(void **state)
{
    (void)state;
    struct err_info info;
    assert_int_equal(err_set(&info, ERR_INVALID, "no"), ERR_INVALID);
    for (int i = 0; i < 100; i++)
        err_prefix(&info, STR("segment"));
    assert_int_equal(strlen(info.path), ERR_PATH_MAX - 1);
    assert_memory_equal(info.path, "segment.segment.", 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_own_texts_as_arguments),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_set_errno),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_long_paths_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
