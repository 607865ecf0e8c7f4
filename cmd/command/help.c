/* Manual pages from the tables of commands. */

#include "command/command.h"

#include "core/base/buf.h"

#define INDENT 7 /* as man(1) does */
#define WIDTH  80

static void indent(struct buf *buf, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        buf_append_char(buf, ' ');
}

/* What the lines after the first are indented by in an item such as "2  the reason". */
static size_t hanging_of(struct str text)
{
    size_t word = str_find_char(text, ' ');
    bool is_item = word != STR_NOT_FOUND && word + 2 < text.size && text.data[word + 1] == ' ';
    return is_item ? word + 2 : 0;
}

/* One paragraph, broken into lines between words. */
static void paragraph(struct buf *buf, struct str text, size_t margin)
{
    size_t column = 0;
    size_t hanging = hanging_of(text);
    while (text.size > 0) {
        struct str word = str_cut(&text, ' ');
        if (column > 0 && column + 1 + word.size > WIDTH) {
            buf_append_char(buf, '\n');
            column = 0;
            margin += hanging;
            hanging = 0; /* once is for all lines that follow */
        }
        if (column == 0) {
            indent(buf, margin);
            column = margin;
        } else {
            buf_append_char(buf, ' ');
            column++;
        }
        buf_append(buf, word);
        column += word.size;
    }
    buf_append_char(buf, '\n');
}

/* Lines are paragraphs; one that begins with a space stands as it is, without that space. */
static void text_append(struct buf *buf, const char *text, size_t margin)
{
    struct str rest = str_of(text);
    while (rest.size > 0) {
        struct str line = str_cut(&rest, '\n');
        if (line.size > 0 && line.data[0] != ' ') {
            paragraph(buf, line, margin);
            continue;
        }
        if (line.size > 0) {
            indent(buf, margin);
            buf_append(buf, str_from(line, 1));
        }
        buf_append_char(buf, '\n');
    }
}

static void heading(struct buf *buf, const char *name)
{
    buf_printf(buf, "\n%s\n", name);
}

static void synopsis(struct buf *buf, const struct command *command, const char *path)
{
    indent(buf, INDENT);
    buf_append(buf, str_of(path));
    if (command->flag_count > 0)
        buf_append(buf, STR(" [flags]"));
    if (command->run == NULL)
        buf_append(buf, STR(" COMMAND"));
    if (command->arguments != NULL)
        buf_printf(buf, " %s", command->arguments);
    buf_append_char(buf, '\n');
}

static void commands_list(struct buf *buf, const struct command *command)
{
    for (size_t i = 0; i < command->command_count; i++) {
        const struct command *below = command->commands[i];
        indent(buf, INDENT);
        buf_printf(buf, "%-18s%s\n", below->name, below->summary);
    }
}

static void flag_describe(struct buf *buf, const struct command_flag *flag)
{
    indent(buf, INDENT);
    if (flag->letter != 0)
        buf_printf(buf, "-%c, ", flag->letter);
    buf_printf(buf, "--%s", flag->name);
    if (flag->kind == COMMAND_SWITCH)
        buf_append(buf, STR("[=true|false]"));
    else
        buf_printf(buf, "=%s", flag->value_name);
    if (flag->fallback != NULL)
        buf_printf(buf, "  (default %s)", flag->fallback);
    buf_append_char(buf, '\n');
    text_append(buf, flag->help, INDENT + 4);
}

static void version_describe(struct buf *buf)
{
    indent(buf, INDENT);
    buf_append(buf, STR("--version\n"));
    text_append(buf, "Print the version, and do nothing else.", INDENT + 4);
}

void command_help(const struct command *command, bool is_program, const char *path, struct buf *buf)
{
    buf_append(buf, STR("NAME\n"));
    indent(buf, INDENT);
    buf_printf(buf, "%s - %s\n", path, command->summary);
    heading(buf, "SYNOPSIS");
    synopsis(buf, command, path);
    heading(buf, "DESCRIPTION");
    text_append(buf, command->description, INDENT);
    if (command->command_count > 0) {
        heading(buf, "COMMANDS");
        commands_list(buf, command);
        indent(buf, INDENT);
        buf_printf(buf, "`%s COMMAND --help` describes each.\n", path);
    }
    if (command->flag_count > 0 || is_program)
        heading(buf, "FLAGS");
    for (size_t i = 0; i < command->flag_count; i++)
        flag_describe(buf, &command->flags[i]);
    if (is_program)
        version_describe(buf);
    if (command->exit_text != NULL) {
        heading(buf, "EXIT STATUS");
        text_append(buf, command->exit_text, INDENT);
    }
    if (command->examples != NULL) {
        heading(buf, "EXAMPLES");
        text_append(buf, command->examples, INDENT);
    }
}
