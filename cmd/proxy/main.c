/* otemon-proxy: the data plane of a gateway pod. */
#include "command/command.h"
#include "core/base/attr.h"
#include "core/base/ip.h"
#include "proxy/serve.h"

enum {
    FLAG_OPERATOR,
    FLAG_SERVER_NAME,
    FLAG_CA_FILE,
    FLAG_TOKEN_FILE,
    FLAG_WORKERS,
    FLAG_HEALTH,
    FLAG_ADMIN,
    FLAG_ACCESS_LOG,
    FLAG_DRAIN_DELAY,
    FLAG_DRAIN_TIME,
    FLAG_DNS_SERVER,
};

static const struct command_flag flags[] = {
    [FLAG_OPERATOR] =
        {
            .name = "operator",
            .kind = COMMAND_TEXT,
            .value_name = "HOST:PORT",
            .fallback = "otemon-operator.kuma-system.svc:9901",
            .help = "Where the operator streams configuration from.",
        },
    [FLAG_SERVER_NAME] =
        {
            .name = "server-name",
            .kind = COMMAND_TEXT,
            .value_name = "NAME",
            .help = "The name that the operator's certificate has to be for. Without it, the host "
                    "of --operator.",
        },
    [FLAG_CA_FILE] =
        {
            .name = "ca-file",
            .kind = COMMAND_TEXT,
            .value_name = "FILE",
            .fallback = "/var/run/otemon/ca/ca.crt",
            .help = "The authorities that may have signed the operator's certificate, as PEM. Read "
                    "anew at every connection.",
        },
    [FLAG_TOKEN_FILE] =
        {
            .name = "token-file",
            .kind = COMMAND_TEXT,
            .value_name = "FILE",
            .fallback = "/var/run/otemon/token/token",
            .help = "The service account token of this pod, for the audience otemon. Read anew at "
                    "every connection.",
        },
    [FLAG_WORKERS] = DATA_PLANE_FLAG_WORKERS,
    [FLAG_HEALTH] =
        {
            .name = "health",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT",
            .fallback = ":9902",
            .help = "Where /ready, /live and /metrics answer; without an address, on all of this "
                    "pod. Ready is when the first configuration serves.",
        },
    [FLAG_ADMIN] =
        {
            .name = "admin",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT|off",
            .fallback = "127.0.0.1:9903",
            .help = "Where /config, the configuration that is served, answers; a loopback address. "
                    "Keys are redacted.",
        },
    [FLAG_ACCESS_LOG] = DATA_PLANE_FLAG_ACCESS_LOG("json", ""),
    [FLAG_DRAIN_DELAY] = DATA_PLANE_FLAG_DRAIN_DELAY("5", "the cluster learns of it."),
    [FLAG_DRAIN_TIME] = DATA_PLANE_FLAG_DRAIN_TIME,
    [FLAG_DNS_SERVER] = DATA_PLANE_FLAG_DNS_SERVER,
};

/* Cuts HOST:PORT; false: it is none. */
static bool operator_cut(struct str text, struct serve_options *options)
{
    struct str text_of_port;
    uint64_t port = 0;
    ip_cut_port(text, &options->operator_host, &text_of_port);
    bool is_one = options->operator_host.size > 0 &&
                  str_parse_u64(text_of_port, UINT16_MAX, &port) && port > 0;
    options->operator_port = (uint16_t)port;
    return is_one;
}

static int run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    struct str admin = values[FLAG_ADMIN].text;
    struct serve_options options = {
        .ca_file = values[FLAG_CA_FILE].text.data, /* of the command line, so it is terminated */
        .token_file = values[FLAG_TOKEN_FILE].text.data,
        .health = values[FLAG_HEALTH].text,
        .admin = str_equal(admin, STR("off")) ? STR_EMPTY : admin,
        .data_plane =
            {
                .workers = (uint32_t)values[FLAG_WORKERS].number,
                .access_log = data_plane_log_of(values[FLAG_ACCESS_LOG].text),
                .drain_delay_ms = values[FLAG_DRAIN_DELAY].number * 1000,
                .drain_time_ms = values[FLAG_DRAIN_TIME].number * 1000,
                .dns_server = values[FLAG_DNS_SERVER].text,
            },
    };
    if (!operator_cut(values[FLAG_OPERATOR].text, &options))
        return command_wrong("otemon-proxy", "operator", values[FLAG_OPERATOR].text,
                             "a host and a port");
    if (!data_plane_dns_server_check("otemon-proxy", options.data_plane.dns_server))
        return EXIT_USAGE;
    options.server_name = values[FLAG_SERVER_NAME].given ? values[FLAG_SERVER_NAME].text
                                                         : options.operator_host;
    return serve_run(&options);
}

static const struct command root = {
    .name = "otemon-proxy",
    .summary = "serve what the Otemon operator streams",
    .description =
        "The data plane of a gateway pod. Connects to the operator, proves which pod it is with "
        "its service account token, and serves the listeners and routes that it is sent. It needs "
        "no access to the Kubernetes API.\n"
        "\n"
        "While the operator cannot be reached, what was served last is served on. SIGTERM drains: "
        "readiness fails at once, requests finish, then it ends.",
    .flags = flags,
    .flag_count = ARRAY_SIZE(flags),
    .exit_text = "0  ended by a signal\n"
                 "1  could not start: an address is in use or not allowed\n"
                 "2  the command line was not understood",
    .run = run,
};

int main(int argc, char **argv)
{
    return command_run(&root, argc, argv);
}
