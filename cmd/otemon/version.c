#include "otemon/commands.h"

static int version_run(const struct command_input *input)
{
    (void)input; /* it takes nothing */
    return command_version();
}

const struct command version_command = {
    .name = "version",
    .summary = "print the version",
    .description = "Prints the name of the product and its version, as --version of every program "
                   "does.",
    .run = version_run,
};
