/* The normal form of paths: what is matched is what is forwarded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/mem.h"
#include "core/base/random.h"
#include "core/http/http.h"

struct path {
    const char *path;
    enum http_path result;
    const char *normal;
};

static const struct path paths[] = {
    {"/", HTTP_PATH_SAME, "/"},
    {"/a/b.c/~d;e=f,g:h@i", HTTP_PATH_SAME, "/a/b.c/~d;e=f,g:h@i"},
    {"/a/", HTTP_PATH_SAME, "/a/"},
    /* dot segments */
    {"/.", HTTP_PATH_CHANGED, "/"},
    {"/..", HTTP_PATH_CHANGED, "/"},
    {"/../..", HTTP_PATH_CHANGED, "/"},
    {"/a/.", HTTP_PATH_CHANGED, "/a/"},
    {"/a/..", HTTP_PATH_CHANGED, "/"},
    {"/a/b/../c", HTTP_PATH_CHANGED, "/a/c"},
    {"/a/./b/", HTTP_PATH_CHANGED, "/a/b/"},
    {"/a/../../b", HTTP_PATH_CHANGED, "/b"},
    {"/.well-known/x", HTTP_PATH_SAME, "/.well-known/x"},
    {"/...", HTTP_PATH_SAME, "/..."},
    {"/a/..;/b", HTTP_PATH_SAME, "/a/..;/b"},
    {"/%2e%2E/a/%2e/b", HTTP_PATH_CHANGED, "/a/b"},
    {"/a/.%2e/b", HTTP_PATH_CHANGED, "/b"},
    /* slashes: an empty segment counts for "..", then it goes */
    {"//", HTTP_PATH_CHANGED, "/"},
    {"//a///b//", HTTP_PATH_CHANGED, "/a/b/"},
    {"/a//../b", HTTP_PATH_CHANGED, "/a/b"},
    {"/a\\b", HTTP_PATH_CHANGED, "/a/b"},
    {"/\\evil.test", HTTP_PATH_CHANGED, "/evil.test"},
    {"/a%2Fb", HTTP_PATH_REDIRECT, "/a/b"},
    {"/a%2fb/../c", HTTP_PATH_REDIRECT, "/a/c"},
    {"/a%5Cb", HTTP_PATH_REDIRECT, "/a/b"},
    {"/%2F%2Fevil.test", HTTP_PATH_REDIRECT, "/evil.test"},
    {"/a%5c..%5Cb", HTTP_PATH_REDIRECT, "/b"},
    {"/a%252Fb", HTTP_PATH_SAME, "/a%252Fb"},
    /* escapes */
    {"/%41%2d%7E%5f", HTTP_PATH_CHANGED, "/A-~_"},
    {"/%20%3f%23%c3%A4", HTTP_PATH_SAME, "/%20%3f%23%c3%A4"},
    {"/%zz", HTTP_PATH_SAME, "/%zz"},
    {"/%", HTTP_PATH_SAME, "/%"},
    {"/%4", HTTP_PATH_SAME, "/%4"},
    {"/%%32F", HTTP_PATH_SAME, "/%%32F"},
    {"/%2%46", HTTP_PATH_SAME, "/%2%46"},
    {"/%%7E", HTTP_PATH_CHANGED, "/%~"},
    {"/%zz%41", HTTP_PATH_CHANGED, "/%zzA"},
    {"/|^\"<>`{}", HTTP_PATH_CHANGED, "/%7C%5E%22%3C%3E%60%7B%7D"},
    /* not a path */
    {"", HTTP_PATH_REFUSED, NULL},
    {"*", HTTP_PATH_REFUSED, NULL},
    {"%2Fa", HTTP_PATH_REFUSED, NULL},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct str path = str_of(paths[i].path);
        size_t area_size = HTTP_PATH_AREA(path.size);
        char *area = mem_alloc(area_size);
        struct str normal = STR_EMPTY;
        enum http_path result = http_path_normalize(path, area, area_size, &normal);
        if (result != paths[i].result) {
            fail_msg("%s: %d", paths[i].path, result);
        }
        if (paths[i].normal != NULL) {
            assert_int_equal(normal.size, strlen(paths[i].normal));
            assert_memory_equal(normal.data, paths[i].normal, normal.size);
        }
        mem_free(area);
    }
}

static void test_small_area(void **state)
{
    (void)state;
    char area[8];
    struct str normal = STR_EMPTY;
    assert_int_equal(http_path_normalize(STR("/a/../b"), area, sizeof(area), &normal),
                     HTTP_PATH_REFUSED);
    assert_int_equal(http_path_normalize(STR("/abcdefghijkl"), area, sizeof(area), &normal),
                     HTTP_PATH_SAME);
}

/* A normal form is normal, holds no way upwards and no "//", whatever it was made from. */
static void test_properties(void **state)
{
    (void)state;
    static const char alphabet[] = "//..%%2255FfEeCcaA0\\;|~";
    struct random random = {{1, 2, 3, 4}};
    for (size_t round = 0; round < 200000; round++) {
        char text[24] = "/";
        size_t size = 1 + (size_t)random_below(&random, sizeof(text) - 1);
        for (size_t i = 1; i < size; i++) {
            text[i] = alphabet[random_below(&random, sizeof(alphabet) - 1)];
        }
        char area[HTTP_PATH_AREA(sizeof(text))];
        struct str normal = STR_EMPTY;
        enum http_path result = http_path_normalize(str_make(text, size), area, sizeof(area),
                                                    &normal);
        assert_int_not_equal(result, HTTP_PATH_REFUSED);
        assert_int_equal(normal.data[0], '/');
        assert_null(memmem(normal.data, normal.size, "//", 2));
        assert_null(memmem(normal.data, normal.size, "/../", 4));
        assert_false(str_ends_with(normal, STR("/..")));
        char area_again[3 * sizeof(area)];
        struct str again = STR_EMPTY;
        result = http_path_normalize(normal, area_again, sizeof(area_again), &again);
        if (result != HTTP_PATH_SAME) {
            fail_msg("%.*s -> %.*s -> %.*s", (int)size, text, STR_ARG(normal), STR_ARG(again));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_small_area),
        cmocka_unit_test(test_properties),
    };
    return cmocka_run_group_tests_name("core/http path", tests, NULL, NULL);
}
