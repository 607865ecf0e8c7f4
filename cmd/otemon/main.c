/* otemon: run MeshGateway manifests on one machine, check them, and make what they need. */
#include "otemon/commands.h"

#include "core/base/attr.h"

static const struct command *const commands[] = {
    &run_command,     &validate_command, &explain_command, &diff_command,
    &convert_command, &generate_command, &version_command,
};

static const struct command root = {
    .name = "otemon",
    .summary = "the gateway for Kuma's MeshGateway manifests",
    .description =
        "Otemon serves MeshGateway manifests and their routes as they are, without Kuma and "
        "without Kubernetes. Start with `otemon run DIR`; `otemon validate PATH...` only checks.",
    .exit_text = "0  done\n"
                 "1  understood, but it could not be done; a sentence on standard error says why\n"
                 "2  the command line was not understood",
    .commands = commands,
    .command_count = ARRAY_SIZE(commands),
};

int main(int argc, char **argv)
{
    return command_run(&root, argc, argv);
}
