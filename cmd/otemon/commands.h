/* The commands of otemon, one file each. */
#pragma once

#include "command/command.h"

/* The flag of commands that write for people or for programs; `help_` says what each gets. */
#define OUTPUT_FLAG(help_)                                                                  \
    {                                                                                       \
        .name = "output", .letter = 'o', .kind = COMMAND_CHOICE, .value_name = "text|json", \
        .fallback = "text", .help = (help_),                                                \
    }

extern const struct command convert_command;
extern const struct command diff_command;
extern const struct command explain_command;
extern const struct command generate_command;
extern const struct command run_command;
extern const struct command validate_command;
extern const struct command version_command;
