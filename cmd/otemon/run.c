#include "otemon/commands.h"
#include "otemon/serve.h"

#include <stdio.h>

#include "core/admin/admin.h"
#include "core/base/attr.h"
#include "core/net/net.h"

enum {
    FLAG_DATAPLANE,
    FLAG_ADDRESS,
    FLAG_WATCH,
    FLAG_WORKERS,
    FLAG_HEALTH,
    FLAG_ADMIN,
    FLAG_ACCESS_LOG,
    FLAG_DRAIN_DELAY,
    FLAG_DRAIN_TIME,
    FLAG_DNS_SERVER,
};

static const struct command_flag flags[] = {
    [FLAG_DATAPLANE] =
        {
            .name = "dataplane",
            .kind = COMMAND_LIST,
            .value_name = "NAME",
            .help = "Serve this gateway Dataplane of the directory. May be given more than once. "
                    "Without it, every one whose address is this machine's is served; with none "
                    "that a MeshGateway selects, one is derived from the gateway's first selector.",
        },
    [FLAG_ADDRESS] =
        {
            .name = "address",
            .kind = COMMAND_TEXT,
            .value_name = "IP",
            .help = "Listen on this address instead of the one in the Dataplane (derived ones "
                    "listen on 127.0.0.1).",
        },
    [FLAG_WATCH] =
        {
            .name = "watch",
            .kind = COMMAND_SWITCH,
            .fallback = "true",
            .help = "Follow changes of the files while running.",
        },
    [FLAG_WORKERS] = DATA_PLANE_FLAG_WORKERS,
    [FLAG_HEALTH] =
        {
            .name = "health",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT|off",
            .help = "Where /ready, /live and /metrics answer (default 127.0.0.1:9902).",
        },
    [FLAG_ADMIN] =
        {
            .name = "admin",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT|off",
            .help = "Where /config, the configuration that is served, answers; a loopback address "
                    "(default 127.0.0.1:9901). Keys are redacted.",
        },
    [FLAG_ACCESS_LOG] = DATA_PLANE_FLAG_ACCESS_LOG(
        "text", " With JSON, the table and the findings go to standard error."),
    [FLAG_DRAIN_DELAY] = DATA_PLANE_FLAG_DRAIN_DELAY(
        NULL, "whoever sends requests learns of it. Without it, not at all."),
    [FLAG_DRAIN_TIME] = DATA_PLANE_FLAG_DRAIN_TIME,
    [FLAG_DNS_SERVER] = DATA_PLANE_FLAG_DNS_SERVER,
};

/* "off" is no address; a flag that is not given leaves the default, which may be taken. */
static struct serve_endpoint endpoint_of(const struct command_value *value, struct str fallback)
{
    if (!value->given)
        return (struct serve_endpoint){.address = fallback};
    if (str_equal(value->text, STR("off")))
        return (struct serve_endpoint){.address = STR_EMPTY};
    return (struct serve_endpoint){.address = value->text, .required = true};
}

/* What can be known of addresses before anything is opened. False: a sentence was printed. */
static bool check_addresses(const struct serve_options *options)
{
    struct err_info reason;
    struct net_address address;
    if (options->address.size > 0 && net_address_make(options->address, 0, &address) != ERR_OK) {
        (void)fprintf(stderr, "otemon run: --address is an IP address, not \"%.*s\"\n",
                      STR_ARG(options->address));
        return false;
    }
    if (admin_check(options->health.address, options->admin.address, &reason) != ERR_OK) {
        (void)fprintf(stderr, "otemon run: --%s: %s\n", reason.path, reason.message);
        return false;
    }
    return true;
}

static int run_run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    struct serve_options options = {
        .directory = input->arguments[0],
        .dataplanes = values[FLAG_DATAPLANE].list,
        .dataplane_count = values[FLAG_DATAPLANE].list_count,
        .address = values[FLAG_ADDRESS].text,
        .watch = values[FLAG_WATCH].on,
        .health = endpoint_of(&values[FLAG_HEALTH], STR("127.0.0.1:9902")),
        .admin = endpoint_of(&values[FLAG_ADMIN], STR("127.0.0.1:9901")),
        .data_plane =
            {
                .workers = (uint32_t)values[FLAG_WORKERS].number,
                .access_log = data_plane_log_of(values[FLAG_ACCESS_LOG].text),
                .drain_delay_ms = values[FLAG_DRAIN_DELAY].number * 1000,
                .drain_time_ms = values[FLAG_DRAIN_TIME].number * 1000,
                .dns_server = values[FLAG_DNS_SERVER].text,
            },
    };
    if (!data_plane_dns_server_check("otemon run", options.data_plane.dns_server))
        return EXIT_USAGE;
    return check_addresses(&options) ? serve_run(&options) : EXIT_USAGE;
}

const struct command run_command = {
    .name = "run",
    .summary = "serve the MeshGateway manifests of a directory",
    .arguments = "DIR",
    .argument_count = 1,
    .description =
        "Reads every *.yaml, *.yml and *.json below DIR: MeshGateways, their routes, and what "
        "these name and lead to, in the form that kubectl takes or in Kuma's Universal form. "
        "Serves the gateways on this machine, prints what is served and every finding with its "
        "file and line, and follows changes of the files: a change is served without a restart "
        "and without a lost request, and only what changed is printed.\n"
        "\n"
        "One bad object costs only itself. A file that is not readable YAML keeps its previous "
        "objects until it is. Back ends are the inbounds of Dataplanes, ExternalServices and "
        "MeshExternalServices; one that has none answers 503. A MeshExternalService with TLS that "
        "names no authorities has to be vouched for by those of the system, or of the file that "
        "SSL_CERT_FILE names.\n"
        "\n"
        "Ctrl-C or SIGTERM lets requests finish, then ends.",
    .flags = flags,
    .flag_count = ARRAY_SIZE(flags),
    .exit_text = "0  ended by a signal, after serving\n"
                 "1  could not serve: the directory cannot be read or holds no gateway, a port is "
                 "in use or not allowed, an address is not this machine's\n"
                 "2  the command line was not understood",
    .examples = " otemon run examples/quickstart\n"
                " otemon run --address=0.0.0.0 --access-log=json /etc/otemon",
    .run = run_run,
};
