#include "core/base/clock.h"
#include "otemon/commands.h"
#include "otemon/judgement.h"
#include "otemon/outlook.h"
#include "otemon/reading.h"

enum {
    FLAG_OUTPUT,
    FLAG_COUNT,
};

static const struct command_flag flags[FLAG_COUNT] = {
    [FLAG_OUTPUT] = OUTPUT_FLAG(
        "text is a line for each finding: file:line:column, severity, object, field, "
        "and what is wrong. json is one array of objects with the members file, line, "
        "kind, name, mesh, field, message and severity."),
};

static int validate_run(const struct command_input *input)
{
    struct files_paths paths = {(const char *const *)input->arguments, input->argument_count};
    bool is_json = str_equal(input->values[FLAG_OUTPUT].text, STR("json"));
    struct reading *reading = reading_new();
    reading_files(reading, paths);
    struct outlook *outlook = outlook_new(reading, OUTLOOK_FINDINGS, clock_wall_ms());
    judgement_write(outlook->findings, is_json, stdout);
    int status = judgement_status(reading->unreadable, outlook->findings);
    outlook = outlook_free(outlook);
    reading = reading_free(reading);
    return status;
}

const struct command validate_command = {
    .name = "validate",
    .summary = "check manifests and say what is wrong with them",
    .arguments = "PATH...",
    .argument_count = 1,
    .takes_more = true,
    .description =
        "Reads files, directories (every *.yaml, *.yml and *.json below them) and, as -, the "
        "standard input. Checks each object as `otemon run` and the operator do, and all of them "
        "together: routes that attach to no listener, secrets and back ends that are not there, "
        "gateways that want the same dataplane. Prints every finding, with the place in the file, "
        "the field, what is wrong and what to write instead. Serves nothing.\n"
        "\n"
        "An error is what Kuma would refuse, or what cannot be served; a warning is what is "
        "served, but probably not as meant.\n"
        "\n"
        "Kinds that are left out altogether are taken to be elsewhere: without any Secret no "
        "secret is missing, without any MeshGateway no route lacks its listener, without any "
        "Dataplane that has inbounds no back end is unknown.\n"
        "\n"
        "Objects of others (Deployment, ConfigMap, ...) are passed over.",
    .flags = flags,
    .flag_count = FLAG_COUNT,
    .exit_text = "0  there is nothing to say\n"
                 "1  there are findings, errors or warnings\n"
                 "2  a path cannot be read or is no YAML, which is among the findings; or the "
                 "command line was not understood",
    .examples = " otemon validate gateway.yaml routes/\n"
                " kubectl get meshgateways,meshgatewayroutes -o yaml | otemon validate -\n"
                " otemon validate -o json . | jq -r '.[] | .file + \": \" + .message'",
    .run = validate_run,
};
