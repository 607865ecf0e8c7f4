/* The commands of otemon, one file each. */
#pragma once

#include "command/command.h"

extern const struct command convert_command;
extern const struct command diff_command;
extern const struct command explain_command;
extern const struct command generate_command;
extern const struct command run_command;
extern const struct command validate_command;
extern const struct command version_command;
