#include "control/pipeline/pipeline.h"
#include "control/source/files/files.h"
#include "core/base/attr.h"
#include "core/base/clock.h"
#include "otemon/commands.h"
#include "otemon/judgement.h"

enum {
    FLAG_OUTPUT,
    FLAG_COUNT,
};

static const struct command_flag flags[FLAG_COUNT] = {
    [FLAG_OUTPUT] =
        {
            .name = "output",
            .letter = 'o',
            .kind = COMMAND_CHOICE,
            .value_name = "text|json",
            .fallback = "text",
            .help = "text is a line for each finding: file:line:column, severity, object, field, "
                    "and what is wrong. json is one array of objects with the members file, line, "
                    "kind, name, mesh, field, message and severity.",
        },
};

/* Nothing is served here, so every address will do. */
static bool on_is_local(void *arg, struct str address)
{
    (void)arg;
    (void)address;
    return true;
}

static void on_send(void *arg, const struct model_transaction *transaction)
{
    (void)arg;
    (void)transaction;
}

static void on_compiled(void *arg)
{
    (void)arg; /* the findings are asked for at the end */
}

static int validate_run(const struct command_input *input)
{
    const struct pipeline_options options = {
        .loop = loop_new(),
        .placement = {.is_local = on_is_local, .is_partial = true},
        .send = on_send,
        .compiled = on_compiled,
        .wall_ms = clock_wall_ms,
    };
    struct pipeline *pipeline = pipeline_new(&options);
    struct source_events events = pipeline_events(pipeline);
    struct files_paths paths = {(const char *const *)input->arguments, input->argument_count};
    size_t unreadable = files_read(paths, &events);
    const struct finding_list *findings = pipeline_findings(pipeline);
    judgement_write(findings, str_equal(input->values[FLAG_OUTPUT].text, STR("json")), stdout);
    int status = judgement_status(unreadable, findings);
    pipeline_free(pipeline);
    loop_free(options.loop);
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
