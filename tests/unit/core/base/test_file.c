#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[128];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/otemon-file-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/file", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path); /* some tests leave none */
    return rmdir(folder);
}

static void test_write_and_read(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_int_equal(file_write(path, STR("a\0b"), 0600, NULL), ERR_OK);
    buf_append(&buf, STR("before:"));
    assert_int_equal(file_read(path, &buf, NULL), ERR_OK);
    assert_true(str_equal(buf_str(&buf), STR("before:a\0b")));
    buf_clear(&buf);
    assert_int_equal(file_write(path, STR("x"), 0600, NULL), ERR_OK); /* emptied first */
    assert_int_equal(file_read(path, &buf, NULL), ERR_OK);
    assert_true(str_equal(buf_str(&buf), STR("x")));
    buf_clear(&buf);
    assert_int_equal(file_write(path, STR_EMPTY, 0600, NULL), ERR_OK);
    assert_int_equal(file_read(path, &buf, NULL), ERR_OK);
    assert_int_equal(buf.size, 0);
    buf_deinit(&buf);
}

static void test_bound(void **state)
{
    (void)state;
    static char content[200000];
    memset(content, 'x', sizeof(content));
    struct str whole = str_make(content, sizeof(content));
    assert_int_equal(file_write(path, whole, 0600, NULL), ERR_OK);
    struct buf buf;
    struct err_info info;
    buf_init(&buf, sizeof(content));
    assert_int_equal(file_read(path, &buf, &info), ERR_OK);
    assert_true(str_equal(buf_str(&buf), whole));
    buf_deinit(&buf);
    buf_init(&buf, sizeof(content) - 1);
    assert_int_equal(file_read(path, &buf, &info), ERR_LIMIT);
    assert_non_null(strstr(info.message, "is larger than 199999 bytes"));
    buf_deinit(&buf);
}

static void test_what_is_not_a_file(void **state)
{
    (void)state;
    struct buf buf;
    struct err_info info;
    buf_init(&buf, 1000);
    assert_int_equal(file_read(path, &buf, &info), ERR_NOT_FOUND);
    assert_non_null(strstr(info.message, "does not exist"));
    assert_int_equal(file_read(folder, &buf, &info), ERR_INVALID);
    assert_non_null(strstr(info.message, "is a directory"));
    assert_int_equal(file_write(folder, STR("x"), 0600, &info), ERR_SYSTEM);
    assert_int_equal(file_write("/nowhere/file", STR("x"), 0600, &info), ERR_NOT_FOUND);
    assert_int_equal(file_write("/dev/full", STR("x"), 0600, &info), ERR_SYSTEM);
    assert_non_null(strstr(info.message, "No space left"));
    buf_deinit(&buf);
}

static unsigned mode_of_path(void)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void test_modes(void **state)
{
    (void)state;
    (void)umask(022);
    assert_int_equal(file_write(path, STR("public"), 0644, NULL), ERR_OK);
    assert_int_equal(mode_of_path(), 0644);
    /* A key over what all could read. */
    assert_int_equal(file_write(path, STR("key"), 0600, NULL), ERR_OK);
    assert_int_equal(mode_of_path(), 0600);
    /* Nothing is granted that was not. */
    assert_int_equal(file_write(path, STR("public"), 0644, NULL), ERR_OK);
    assert_int_equal(mode_of_path(), 0600);
}

static void test_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char name[32];
    (void)snprintf(name, sizeof(name), "/dev/fd/%d", ends[1]);
    assert_int_equal(file_write(name, STR("through"), 0600, NULL), ERR_OK);
    assert_int_equal(close(ends[1]), 0);
    (void)snprintf(name, sizeof(name), "/dev/fd/%d", ends[0]);
    struct buf buf;
    buf_init(&buf, 100);
    assert_int_equal(file_read(name, &buf, NULL), ERR_OK);
    assert_true(str_equal(buf_str(&buf), STR("through")));
    buf_deinit(&buf);
    (void)close(ends[0]); /* only read */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
        cmocka_unit_test(test_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
