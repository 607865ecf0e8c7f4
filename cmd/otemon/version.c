#include <stdio.h>

#include "otemon/commands.h"

static int version_run(const struct command_input *input)
{
    (void)input; /* it takes nothing */
    (void)puts("otemon " OTEMON_VERSION);
    return EXIT_DONE;
}

const struct command version_command = {
    .name = "version",
    .summary = "print the version",
    .description = "Prints the name of the program and its version.",
    .run = version_run,
};
