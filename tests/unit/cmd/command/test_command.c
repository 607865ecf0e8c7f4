#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command/command.h"
#include "core/base/buf.h"

enum { FLAG_NAME, FLAG_TYPE, FLAG_HOST, FLAG_COUNT, FLAG_WATCH, FLAG_NOTE };

static const struct command_flag flags[] = {
    [FLAG_NAME] = {.name = "name",
                   .letter = 'n',
                   .kind = COMMAND_TEXT,
                   .value_name = "NAME",
                   .help = "A name."},
    [FLAG_TYPE] = {.name = "type",
                   .kind = COMMAND_CHOICE,
                   .value_name = "server|client",
                   .fallback = "server",
                   .help = "A type."},
    [FLAG_HOST] = {.name = "host", .kind = COMMAND_LIST, .value_name = "HOST", .help = "Hosts."},
    [FLAG_COUNT] = {.name = "count",
                    .kind = COMMAND_NUMBER,
                    .value_name = "N",
                    .number_max = 256,
                    .help = "How many."},
    [FLAG_WATCH] = {.name = "watch",
                    .letter = 'w',
                    .kind = COMMAND_SWITCH,
                    .fallback = "true",
                    .help = "Watch."},
    [FLAG_NOTE] = {.name = "note",
                   .kind = COMMAND_TEXT,
                   .value_name = "TEXT",
                   .may_be_empty = true,
                   .help = "A note."},
};

static int run_stub(const struct command_input *input)
{
    return (int)input->argument_count + 40;
}

static const struct command leaf = {
    .name = "leaf",
    .summary = "a leaf",
    .arguments = "DIR",
    .argument_count = 1,
    .description = "Does things.",
    .flags = flags,
    .flag_count = ARRAY_SIZE(flags),
    .exit_text = "0  fine",
    .examples = " tool leaf dir",
    .run = run_stub,
};

static const struct command twig = {
    .name = "twig",
    .summary = "takes nothing",
    .description = "Does nothing.",
    .run = run_stub,
};

static const struct command bush = {
    .name = "bush",
    .summary = "takes much",
    .arguments = "PATH...",
    .argument_count = 1,
    .takes_more = true,
    .description = "Does much.",
    .flags = flags,
    .flag_count = ARRAY_SIZE(flags),
    .run = run_stub,
};

static const struct command *const below[] = {&leaf, &twig, &bush};

static const struct command root = {
    .name = "tool",
    .summary = "a tool",
    .description = "A tool.",
    .commands = below,
    .command_count = ARRAY_SIZE(below),
};

static struct command_parse parsed;
static char *argv[100]; /* what was parsed borrows from it */

#define PARSE(...)                                                       \
    do {                                                                 \
        const char *words[] = {"tool", __VA_ARGS__, NULL};               \
        memcpy(argv, words, sizeof(words));                              \
        command_parse(&root, (int)ARRAY_SIZE(words) - 1, argv, &parsed); \
    } while (0)

static void expect_error(const char *part)
{
    if (strstr(parsed.error, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, parsed.error);
}

static void test_fallbacks_count_when_nothing_is_given(void **state)
{
    (void)state;
    PARSE("leaf", "dir");
    assert_string_equal(parsed.error, "");
    assert_string_equal(parsed.path, "tool leaf");
    assert_ptr_equal(parsed.command, &leaf);
    assert_string_equal(parsed.arguments[0], "dir");
    assert_false(parsed.values[FLAG_NAME].given);
    assert_true(str_equal(parsed.values[FLAG_TYPE].text, STR("server")));
    assert_true(parsed.values[FLAG_WATCH].on);
    assert_int_equal(parsed.values[FLAG_COUNT].number, 0);
}

static void test_a_program_may_be_one_command(void **state)
{
    (void)state;
    char *words[] = {(char[]){"leaf"}, (char[]){"dir"}, NULL};
    command_parse(&leaf, 2, words, &parsed);
    assert_string_equal(parsed.error, "");
    assert_true(parsed.values[FLAG_WATCH].on);
    assert_false(parsed.values[FLAG_WATCH].given);
    assert_int_equal(parsed.argument_count, 1);
}

static void test_values_stand_in_the_word_or_after_it(void **state)
{
    (void)state;
    PARSE("leaf", "--name=a=b", "--count", "256", "dir", "--type", "client");
    assert_string_equal(parsed.error, "");
    assert_true(parsed.values[FLAG_NAME].given);
    assert_true(str_equal(parsed.values[FLAG_NAME].text, STR("a=b")));
    assert_int_equal(parsed.values[FLAG_COUNT].number, 256);
    assert_true(str_equal(parsed.values[FLAG_TYPE].text, STR("client")));
}

static void test_a_text_may_be_empty_where_that_says_something(void **state)
{
    (void)state;
    PARSE("leaf", "dir", "--note=");
    assert_string_equal(parsed.error, "");
    assert_true(parsed.values[FLAG_NOTE].given);
    assert_int_equal(parsed.values[FLAG_NOTE].text.size, 0);
}

static void test_lists_collect(void **state)
{
    (void)state;
    PARSE("leaf", "dir", "--host=a", "--host", "b");
    assert_int_equal(parsed.values[FLAG_HOST].list_count, 2);
    assert_true(str_equal(parsed.values[FLAG_HOST].list[1], STR("b")));
}

static void test_switches(void **state)
{
    (void)state;
    PARSE("leaf", "--watch=false", "dir");
    assert_false(parsed.values[FLAG_WATCH].on);
    PARSE("leaf", "--watch", "dir");
    assert_true(parsed.values[FLAG_WATCH].on);
    assert_int_equal(parsed.argument_count, 1);
    PARSE("leaf", "--watch=no", "dir");
    expect_error("--watch is true or false, not \"no\"");
}

static void test_two_dashes_end_the_flags(void **state)
{
    (void)state;
    PARSE("leaf", "--", "--name");
    assert_string_equal(parsed.error, "");
    assert_string_equal(parsed.arguments[0], "--name");
}

static void test_wrong_words_get_the_nearest_right_one(void **state)
{
    (void)state;
    PARSE("laef");
    expect_error("did you mean leaf");
    PARSE("leaf", "--nmae=x", "dir");
    expect_error("there is no flag --nmae; did you mean --name");
    PARSE("leaf", "--zzzzzz", "dir");
    expect_error("there is no flag --zzzzzz; tool leaf --help");
    PARSE("leaf", "-z", "dir");
    expect_error("there is no flag -z; tool leaf --help");
    PARSE("--leaf");
    expect_error("leaf is a command, not a flag: tool leaf");
}

static void test_wrong_values(void **state)
{
    (void)state;
    PARSE("leaf", "dir", "--count=0");
    expect_error("--count is a number from 1 to 256, not \"0\"");
    PARSE("leaf", "dir", "--count=257");
    expect_error("not \"257\"");
    PARSE("leaf", "dir", "--type=both");
    expect_error("--type is one of server|client, not \"both\"");
    PARSE("leaf", "dir", "--name");
    expect_error("--name needs a value: NAME");
    PARSE("leaf", "dir", "--name=");
    expect_error("--name needs a value: NAME");
}

static void test_arguments_are_counted(void **state)
{
    (void)state;
    PARSE("leaf");
    expect_error("DIR is missing");
    PARSE("leaf", "a", "b");
    expect_error("\"b\" is one argument too many; usage: tool leaf [flags] DIR");
    PARSE("twig", "b");
    assert_string_equal(parsed.error, "\"b\" is one argument too many; usage: tool twig");
}

static void test_letters_stand_for_flags(void **state)
{
    (void)state;
    PARSE("leaf", "-n", "a", "dir");
    assert_string_equal(parsed.error, "");
    assert_true(str_equal(parsed.values[FLAG_NAME].text, STR("a")));
    assert_string_equal(parsed.arguments[0], "dir");
    PARSE("leaf", "-na", "dir");
    assert_true(str_equal(parsed.values[FLAG_NAME].text, STR("a")));
    PARSE("leaf", "-n=a=b", "-w=false", "dir");
    assert_true(str_equal(parsed.values[FLAG_NAME].text, STR("a=b")));
    assert_false(parsed.values[FLAG_WATCH].on);
    PARSE("leaf", "dir", "-w");
    assert_true(parsed.values[FLAG_WATCH].on);
    PARSE("leaf", "dir", "-n");
    expect_error("--name needs a value: NAME");
    PARSE("leaf", "dir", "-n=");
    expect_error("--name needs a value: NAME");
    PARSE("twig", "-n", "a");
    expect_error("there is no flag -n; tool twig --help");
}

static void test_a_command_may_take_any_number_of_arguments(void **state)
{
    (void)state;
    PARSE("bush");
    expect_error("PATH... is missing");
    PARSE("bush", "a", "-n", "b", "c", "--count=3", "--", "-d");
    assert_string_equal(parsed.error, "");
    assert_int_equal(parsed.argument_count, 3);
    assert_string_equal(parsed.arguments[0], "a");
    assert_string_equal(parsed.arguments[1], "c");
    assert_string_equal(parsed.arguments[2], "-d");
    argv[0] = (char[]){"tool"};
    argv[1] = (char[]){"bush"};
    for (size_t i = 2; i < ARRAY_SIZE(argv) - 1; i++)
        argv[i] = (char[]){"path"};
    argv[ARRAY_SIZE(argv) - 1] = NULL;
    command_parse(&root, (int)ARRAY_SIZE(argv) - 1, argv, &parsed);
    assert_int_equal(parsed.argument_count, ARRAY_SIZE(argv) - 3);
}

static void test_a_single_dash_is_an_argument(void **state)
{
    (void)state;
    PARSE("leaf", "-");
    assert_string_equal(parsed.error, "");
    assert_string_equal(parsed.arguments[0], "-");
}

static void test_help_wins_over_what_is_missing(void **state)
{
    (void)state;
    PARSE("leaf", "--help");
    assert_true(parsed.help);
    assert_string_equal(parsed.error, "");
    PARSE("-h");
    assert_true(parsed.help);
    assert_ptr_equal(parsed.command, &root);
}

static void test_the_word_help_comes_before_a_command(void **state)
{
    (void)state;
    PARSE("help");
    assert_true(parsed.help);
    assert_ptr_equal(parsed.command, &root);
    PARSE("help", "leaf");
    assert_true(parsed.help);
    assert_string_equal(parsed.error, "");
    assert_ptr_equal(parsed.command, &leaf);
    PARSE("leaf", "help");
    assert_false(parsed.help);
    assert_string_equal(parsed.arguments[0], "help");
}

static void test_names_stand_between_commas(void **state)
{
    (void)state;
    static struct command_names names;
    static char many[4 * COMMAND_NAMES_MAX];
    assert_true(command_names_cut(STR(" a,,b ,c,"), &names));
    assert_int_equal(names.count, 3);
    assert_true(str_equal(names.items[0], STR("a")));
    assert_true(str_equal(names.items[1], STR("b")));
    assert_true(command_names_cut(STR(""), &names));
    assert_int_equal(names.count, 0);
    for (size_t i = 0; i < 2 * COMMAND_NAMES_MAX; i += 2)
        memcpy(many + i, "x,", 2);
    assert_true(command_names_cut(str_make(many, 2 * COMMAND_NAMES_MAX), &names));
    memcpy(many + 2 * COMMAND_NAMES_MAX, "x", 1);
    assert_false(command_names_cut(str_make(many, 2 * COMMAND_NAMES_MAX + 1), &names));
}

static void test_a_program_has_a_version(void **state)
{
    (void)state;
    PARSE("--version");
    assert_true(parsed.version);
    assert_string_equal(parsed.error, "");
    PARSE("leaf", "--version");
    assert_false(parsed.version);
    expect_error("there is no flag --version");
    char *words[] = {(char[]){"leaf"}, (char[]){"--version"}, NULL};
    command_parse(&leaf, 2, words, &parsed);
    assert_true(parsed.version);
    assert_string_equal(parsed.error, "");
    assert_int_equal(command_run(&leaf, 2, words), EXIT_DONE);
}

static void test_a_command_without_its_sub_command_shows_help(void **state)
{
    (void)state;
    const char *words[] = {"tool", NULL};
    memcpy(argv, words, sizeof(words));
    command_parse(&root, 1, argv, &parsed);
    assert_true(parsed.help);
}

static void test_help_has_every_section(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 65536);
    command_help(&leaf, false, "tool leaf", &buf);
    buf_append_char(&buf, '\0');
    const char *parts[] = {
        "NAME\n       tool leaf - a leaf\n",
        "SYNOPSIS\n       tool leaf [flags] DIR\n",
        "DESCRIPTION\n       Does things.\n",
        "       --type=server|client  (default server)\n           A type.\n",
        "       -n, --name=NAME\n           A name.\n",
        "       -w, --watch[=true|false]  (default true)\n",
        "EXIT STATUS\n       0  fine\n",
        "EXAMPLES\n       tool leaf dir\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (strstr(buf.data, parts[i]) == NULL)
            fail_msg("no \"%s\" in:\n%s", parts[i], buf.data);
    }
    assert_null(strstr(buf.data, "--version"));
    buf_deinit(&buf);
}

static void test_help_breaks_long_lines_between_words(void **state)
{
    (void)state;
    static const struct command wordy = {
        .name = "wordy",
        .summary = "many words",
        .description =
            "aaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccccc ddddd",
        .exit_text = "0  aaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccccccc ddddd",
        .run = run_stub,
    };
    struct buf buf;
    buf_init(&buf, 65536);
    command_help(&wordy, true, "wordy", &buf);
    buf_append_char(&buf, '\0');
    assert_non_null(strstr(buf.data, "\nFLAGS\n       --version\n           Print the version"));
    assert_non_null(strstr(buf.data, "cccc\n       ddddd\n"));
    assert_non_null(strstr(buf.data, "cccc\n          ddddd\n")); /* below the text of its item */
    buf_deinit(&buf);
}

static void test_run_calls_the_command_and_reports_errors(void **state)
{
    (void)state;
    const char *words[] = {"tool", "leaf", "dir", NULL};
    memcpy(argv, words, sizeof(words));
    assert_int_equal(command_run(&root, 3, argv), 41);
    const char *wrong[] = {"tool", "leaf", "--no", NULL};
    memcpy(argv, wrong, sizeof(wrong));
    assert_int_equal(command_run(&root, 3, argv), EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fallbacks_count_when_nothing_is_given),
        cmocka_unit_test(test_a_program_may_be_one_command),
        cmocka_unit_test(test_values_stand_in_the_word_or_after_it),
        cmocka_unit_test(test_a_text_may_be_empty_where_that_says_something),
        cmocka_unit_test(test_lists_collect),
        cmocka_unit_test(test_switches),
        cmocka_unit_test(test_two_dashes_end_the_flags),
        cmocka_unit_test(test_wrong_words_get_the_nearest_right_one),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_arguments_are_counted),
        cmocka_unit_test(test_letters_stand_for_flags),
        cmocka_unit_test(test_a_command_may_take_any_number_of_arguments),
        cmocka_unit_test(test_a_single_dash_is_an_argument),
        cmocka_unit_test(test_help_wins_over_what_is_missing),
        cmocka_unit_test(test_the_word_help_comes_before_a_command),
        cmocka_unit_test(test_names_stand_between_commas),
        cmocka_unit_test(test_a_program_has_a_version),
        cmocka_unit_test(test_a_command_without_its_sub_command_shows_help),
        cmocka_unit_test(test_help_has_every_section),
        cmocka_unit_test(test_help_breaks_long_lines_between_words),
        cmocka_unit_test(test_run_calls_the_command_and_reports_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
