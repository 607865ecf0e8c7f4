/* Sub-commands and flags, as tables: what a program takes, and its help, stand in one place. All
 * programs share this.
 *
 * A command either runs or has commands below it. Flags are `--name value` or `--name=value`;
 * a switch is `--name`, `--name=true` or `--name=false`; one with a letter is `-n value`,
 * `-n=value` or `-nvalue` as well; `--` ends them. `--help`, `-h` and a `help` before the name of a
 * command show its page. `--version` right behind the name of a program prints what it is, the same
 * of all programs. A wrong word gets one sentence on standard error with the nearest right
 * one, and exit status 2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/str.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1, /* it was understood, and could not be done */
    EXIT_USAGE = 2,  /* the command line was not understood */
};

enum command_flag_kind {
    COMMAND_TEXT,
    COMMAND_CHOICE, /* one of the words in value_name, which are separated by "|" */
    COMMAND_LIST,   /* may be given more than once */
    COMMAND_NUMBER, /* decimal, 1 to number_max */
    COMMAND_SWITCH,
};

struct command_flag {
    const char *name; /* without dashes */
    char letter;      /* its short form, 0: it has none */
    enum command_flag_kind kind;
    const char *value_name; /* for the help: "DIR"; a switch has none */
    const char *fallback;   /* what counts when it is not given, NULL: nothing */
    uint64_t number_max;
    bool may_be_empty; /* a text */
    const char *help;  /* sentences */
};

#define COMMAND_FLAGS_MAX 16
#define COMMAND_LIST_MAX  64 /* values of one list flag */

/* The value of the flag with the same index in the command's table. */
struct command_value {
    bool given; /* false: the fallback's, or nothing */
    struct str text;
    uint64_t number;
    bool on;
    struct str list[COMMAND_LIST_MAX];
    size_t list_count;
};

struct command_input {
    const struct command_value *values;
    char *const *arguments; /* what is not a flag */
    size_t argument_count;
};

struct command {
    const char *name;
    const char *summary;     /* one line */
    const char *arguments;   /* "DIR", or NULL: it takes none */
    size_t argument_count;   /* so many */
    bool takes_more;         /* or more */
    const char *description; /* paragraphs */
    const struct command_flag *flags;
    size_t flag_count;
    const char *exit_text; /* what the exit statuses mean */
    const char *examples;
    int (*run)(const struct command_input *input); /* NULL: it has commands below */
    const struct command *const *commands;
    size_t command_count;
};

/* Finds the command that the arguments name below `root`, and runs it. Returns the exit status. */
int command_run(const struct command *root, int argc, char **argv);

/* What a flag was given is not what is wanted of it, as only the program can tell: "otemon-proxy:
 * --operator: "x" is not a host and a port". Returns the exit status. */
int command_wrong(const char *program, const char *flag, struct str text, const char *wanted);

/* Why the program could not do it: "otemon-proxy: health: the address is in use". Returns the exit
 * status. */
int command_failed(const char *program, const struct err_info *reason);

/* The names in a text, between commas. */
#define COMMAND_NAMES_MAX 256

struct command_names {
    struct str items[COMMAND_NAMES_MAX]; /* of the text; none is empty */
    size_t count;
};

/* False: there are too many. */
MUST_USE bool command_names_cut(struct str text, struct command_names *ret_names);

/* Prints the product and its version. Returns the exit status. */
int command_version(void);

/* ---- For command_run and its tests ---- */

struct command_parse {
    const struct command *root;    /* the program */
    const struct command *command; /* the one that was named */
    char path[128];                /* "otemon generate tls-certificate" */
    bool help;                     /* --help was given, or a command is missing */
    bool help_last;                /* "help", before the command that it is wanted of */
    bool version;                  /* --version was given to the program itself */
    struct command_value values[COMMAND_FLAGS_MAX];
    char **arguments; /* the words of argv that are no flags, moved to its front */
    size_t argument_count;
    char error[512]; /* one sentence; empty: none */
};

/* Slices and arguments in the result borrow from argv, whose words change their order. */
void command_parse(const struct command *root, int argc, char **argv, struct command_parse *ret);

struct buf;

/* Appends the manual page of `command`, which is a program of its own if `is_program`. */
void command_help(const struct command *command, bool is_program, const char *path,
                  struct buf *buf);
