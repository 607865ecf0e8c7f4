/* Keys and values of labels. */
#include <stdio.h>

#include "manifest.h"

static struct manifest m;

static int teardown(void **state)
{
    (void)state;
    manifest_free(&m);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

static void assert_labels(const char *labels, const char *wanted)
{
    char yaml[2048];
    (void)snprintf(yaml, sizeof(yaml), "{type: Mesh, name: shop, labels: %s}\n", labels);
    manifest_decode(&m, yaml);
    assert_faults(&m, wanted);
    assert_int_equal(m.object->broken, wanted[0] != '\0');
}

#define WORD                                                                                    \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " \
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "      \
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define VALUE                                                                                     \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value'," \
    "  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')\n"
#define TEN(c)      c c c c c c c c c c
#define SIXTY_THREE TEN("abcdef") "abc"

static void what_kubernetes_takes(void **state)
{
    (void)state;
    assert_labels("{}", "");
    assert_labels("null", "");
    assert_labels(
        "{a: b, A_b-c.d: '', kuma.io/mesh: shop, e: null, " SIXTY_THREE ": " SIXTY_THREE "}", "");
}

static void keys(void **state)
{
    (void)state;
    assert_labels("{'a b': x}", "error labels[\"a b\"]: name part " WORD "\n");
    assert_labels("{'-a': x}", "error labels[\"-a\"]: name part " WORD "\n");
    assert_labels("{'a_': x}", "error labels[\"a_\"]: name part " WORD "\n");
    assert_labels("{'': x}", "error labels[\"\"]: name part must be non-empty\n"
                             "error labels[\"\"]: name part " WORD "\n");
    assert_labels("{'/a': x}", "error labels[\"/a\"]: prefix part must be non-empty\n");
    assert_labels("{'a/': x}", "error labels[\"a/\"]: name part must be non-empty\n"
                               "error labels[\"a/\"]: name part " WORD "\n");
    assert_labels("{a/b/c: x}", "error labels[\"a/b/c\"]: a qualified name " WORD
                                " with an optional DNS subdomain prefix and '/' (e.g. "
                                "'example.com/MyName')\n");
    assert_labels("{" SIXTY_THREE "d: x}", "error labels[\"" SIXTY_THREE
                                           "d\"]: name part must be no more than 63 characters\n");
    assert_labels(
        "{A.b/c: x}",
        "error labels[\"A.b/c\"]: prefix part a lowercase RFC 1123 subdomain must consist "
        "of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        "alphanumeric character (e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n");
}

static void values(void **state)
{
    (void)state;
    assert_labels("{a: 'b c'}", "error labels[\"a\"]: " VALUE);
    assert_labels("{a: b/c}", "error labels[\"a\"]: " VALUE);
    assert_labels("{a: " SIXTY_THREE "d}",
                  "error labels[\"a\"]: must be no more than 63 characters\n");
    assert_labels("{a: 1}",
                  "error labels[\"a\"]: must be a string, not a number: write it in quotes\n");
}

static void the_envelope_of_kubernetes(void **state)
{
    (void)state;
    manifest_decode(&m, "apiVersion: kuma.io/v1alpha1\nkind: Mesh\nmetadata: {name: shop, labels: "
                        "{'a b': 'c d'}}\n");
    assert_faults(&m, "error metadata.labels[\"a b\"]: " VALUE
                      "error metadata.labels[\"a b\"]: name part " WORD "\n");
}

#define TEST(function) cmocka_unit_test_teardown(function, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_kubernetes_takes),
        TEST(keys),
        TEST(values),
        TEST(the_envelope_of_kubernetes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
