#include "command/command.h"

#include <stdio.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/base/buf.h"
#include "core/base/spell.h"

#define ERROR(parse, ...) (void)snprintf((parse)->error, sizeof((parse)->error), __VA_ARGS__)

static const struct command *command_find(const struct command *parent, struct str name)
{
    for (size_t i = 0; i < parent->command_count; i++) {
        if (str_equal(str_of(parent->commands[i]->name), name))
            return parent->commands[i];
    }
    return NULL;
}

static void error_command(struct command_parse *parse, struct str word)
{
    struct str names[COMMAND_FLAGS_MAX];
    size_t count = MIN(parse->command->command_count, ARRAY_SIZE(names));
    for (size_t i = 0; i < count; i++)
        names[i] = str_of(parse->command->commands[i]->name);
    struct str near = spell_closest(word, names, count);
    ERROR(parse, "there is no command \"%.*s\"%s%.*s; %s --help lists the commands", STR_ARG(word),
          near.size > 0 ? "; did you mean " : "", STR_ARG(near), parse->path);
}

static void error_flag(struct command_parse *parse, struct str name)
{
    if (command_find(parse->command, name) != NULL) {
        ERROR(parse, "%.*s is a command, not a flag: %s %.*s", STR_ARG(name), parse->path,
              STR_ARG(name));
        return;
    }
    struct str names[COMMAND_FLAGS_MAX];
    for (size_t i = 0; i < parse->command->flag_count; i++)
        names[i] = str_of(parse->command->flags[i].name);
    struct str near = spell_closest(name, names, parse->command->flag_count);
    ERROR(parse, "there is no flag --%.*s%s%.*s; %s --help lists the flags", STR_ARG(name),
          near.size > 0 ? "; did you mean --" : "", STR_ARG(near), parse->path);
}

static bool choice_has(struct str choices, struct str word)
{
    while (choices.size > 0) {
        if (str_equal(str_cut(&choices, '|'), word))
            return true;
    }
    return false;
}

static void value_set(struct command_parse *parse, const struct command_flag *flag,
                      struct command_value *value, struct str text)
{
    value->text = text;
    switch (flag->kind) {
    case COMMAND_TEXT:
        if (text.size == 0 && !flag->may_be_empty)
            ERROR(parse, "--%s needs a value: %s", flag->name, flag->value_name);
        return;
    case COMMAND_CHOICE:
        if (!choice_has(str_of(flag->value_name), text))
            ERROR(parse, "--%s is one of %s, not \"%.*s\"", flag->name, flag->value_name,
                  STR_ARG(text));
        return;
    case COMMAND_LIST:
        if (value->list_count == COMMAND_LIST_MAX)
            ERROR(parse, "--%s may be given %d times", flag->name, COMMAND_LIST_MAX);
        else
            value->list[value->list_count++] = text;
        return;
    case COMMAND_NUMBER:
        if (!str_parse_u64(text, flag->number_max, &value->number) || value->number == 0)
            ERROR(parse, "--%s is a number from 1 to %llu, not \"%.*s\"", flag->name,
                  (unsigned long long)flag->number_max, STR_ARG(text));
        return;
    case COMMAND_SWITCH:
        value->on = str_equal(text, STR("true"));
        if (!value->on && !str_equal(text, STR("false")))
            ERROR(parse, "--%s is true or false, not \"%.*s\"", flag->name, STR_ARG(text));
        return;
    }
}

static void values_init(struct command_parse *parse)
{
    for (size_t i = 0; i < parse->command->flag_count; i++) {
        const struct command_flag *flag = &parse->command->flags[i];
        struct command_value *value = &parse->values[i];
        *value = (struct command_value){0};
        if (flag->fallback != NULL)
            value_set(parse, flag, value, str_of(flag->fallback));
    }
}

/* The flag has been read, and `value`, if it has one; else that is the next word. */
static void flag_set(struct command_parse *parse, size_t index, const struct str *value,
                     char ***next)
{
    const struct command_flag *flag = &parse->command->flags[index];
    struct str text = STR("true"); /* of a switch */
    if (value != NULL) {
        text = *value;
    } else if (flag->kind != COMMAND_SWITCH && **next == NULL) {
        ERROR(parse, "--%s needs a value: %s", flag->name, flag->value_name);
        return;
    } else if (flag->kind != COMMAND_SWITCH) {
        text = str_of(*(*next)++);
    }
    parse->values[index].given = true;
    value_set(parse, flag, &parse->values[index], text);
}

/* Reads the flag in `word` ("--name" or "--name=value"). */
static void flag_read(struct command_parse *parse, struct str word, char ***next)
{
    struct str value = str_from(word, 2);
    bool has_value = str_find_char(value, '=') != STR_NOT_FOUND;
    struct str name = str_cut(&value, '=');
    if (str_equal(name, STR("help"))) {
        parse->help = true;
        return;
    }
    if (parse->command == parse->root && str_equal(name, STR("version"))) {
        parse->version = true;
        return;
    }
    size_t index = 0;
    while (index < parse->command->flag_count &&
           !str_equal(str_of(parse->command->flags[index].name), name))
        index++;
    if (index == parse->command->flag_count)
        error_flag(parse, name);
    else
        flag_set(parse, index, has_value ? &value : NULL, next);
}

/* Reads the flag in `word` ("-n", "-n=value" or "-nvalue"). */
static void letter_read(struct command_parse *parse, struct str word, char ***next)
{
    struct str value = str_from(word, 2);
    bool has_value = value.size > 0;
    if (str_equal(word, STR("-h"))) {
        parse->help = true;
        return;
    }
    size_t index = 0;
    while (index < parse->command->flag_count &&
           parse->command->flags[index].letter != word.data[1])
        index++;
    if (index == parse->command->flag_count) {
        ERROR(parse, "there is no flag %.*s; %s --help lists the flags", STR_ARG(word),
              parse->path);
        return;
    }
    if (str_starts_with(value, STR("=")))
        value = str_from(value, 1);
    flag_set(parse, index, has_value ? &value : NULL, next);
}

static void path_extend(struct command_parse *parse, const char *name)
{
    size_t used = strlen(parse->path);
    int size = snprintf(parse->path + used, sizeof(parse->path) - used, "%s%s", used > 0 ? " " : "",
                        name);
    ASSERT(size > 0 && (size_t)size < sizeof(parse->path) - used);
}

static void word_read(struct command_parse *parse, char *word)
{
    if (parse->command->run == NULL && strcmp(word, "help") == 0) {
        parse->help_last = true;
        return;
    }
    if (parse->command->run != NULL) {
        parse->arguments[parse->argument_count++] = word;
        return;
    }
    const struct command *below = command_find(parse->command, str_of(word));
    if (below == NULL) {
        error_command(parse, str_of(word));
        return;
    }
    parse->command = below;
    path_extend(parse, below->name);
    values_init(parse);
}

static void arguments_check(struct command_parse *parse)
{
    const struct command *command = parse->command;
    if (command->run == NULL || parse->help_last)
        parse->help = true;
    else if (parse->argument_count < command->argument_count)
        ERROR(parse, "%s is missing; usage: %s [flags] %s", command->arguments, parse->path,
              command->arguments);
    else if (parse->argument_count > command->argument_count && !command->takes_more)
        ERROR(parse, "\"%s\" is one argument too many; usage: %s%s%s%s",
              parse->arguments[command->argument_count], parse->path,
              command->flag_count > 0 ? " [flags]" : "", command->arguments == NULL ? "" : " ",
              command->arguments == NULL ? "" : command->arguments);
}

void command_parse(const struct command *root, int argc, char **argv, struct command_parse *ret)
{
    *ret = (struct command_parse){.root = root, .command = root, .arguments = argv};
    path_extend(ret, root->name);
    values_init(ret); /* a program may be one command */
    char **next = argv + (argc > 0 ? 1 : 0);
    bool flags_end = false;
    while (*next != NULL && ret->error[0] == '\0' && !ret->help && !ret->version) {
        char *word = *next++;
        if (!flags_end && strcmp(word, "--") == 0)
            flags_end = true;
        else if (!flags_end && strncmp(word, "--", 2) == 0)
            flag_read(ret, str_of(word), &next);
        else if (!flags_end && word[0] == '-' && word[1] != '\0')
            letter_read(ret, str_of(word), &next);
        else
            word_read(ret, word);
    }
    if (ret->error[0] == '\0' && !ret->help && !ret->version)
        arguments_check(ret);
}

static void help_show(const struct command_parse *parse)
{
    struct buf text;
    buf_init(&text, (size_t)64 * 1024);
    command_help(parse->command, parse->command == parse->root, parse->path, &text);
    (void)fwrite(text.data, 1, text.size, stdout); /* nobody is left to tell */
    buf_deinit(&text);
}

int command_run(const struct command *root, int argc, char **argv)
{
    struct command_parse parse;
    command_parse(root, argc, argv, &parse);
    if (parse.error[0] != '\0') {
        (void)fprintf(stderr, "%s: %s\n", parse.path, parse.error);
        return EXIT_USAGE;
    }
    if (parse.help) {
        help_show(&parse);
        return EXIT_DONE;
    }
    if (parse.version)
        return command_version();
    struct command_input input = {
        .values = parse.values,
        .arguments = parse.arguments,
        .argument_count = parse.argument_count,
    };
    return parse.command->run(&input);
}

bool command_names_cut(struct str text, struct command_names *ret_names)
{
    ret_names->count = 0;
    while (text.size > 0) {
        struct str name = str_trim(str_cut(&text, ','));
        if (name.size == 0)
            continue;
        if (ret_names->count == COMMAND_NAMES_MAX)
            return false;
        ret_names->items[ret_names->count++] = name;
    }
    return true;
}

int command_version(void)
{
    (void)puts("otemon " OTEMON_VERSION);
    return EXIT_DONE;
}

int command_wrong(const char *program, const char *flag, struct str text, const char *wanted)
{
    (void)fprintf(stderr, "%s: --%s: \"%.*s\" is not %s\n", program, flag, STR_ARG(text), wanted);
    return EXIT_USAGE;
}

int command_failed(const char *program, const struct err_info *reason)
{
    (void)fprintf(stderr, "%s: %s%s%s\n", program, reason->path,
                  reason->path[0] != '\0' ? ": " : "", reason->message);
    return EXIT_FAILED;
}
