/* otemon-operator: the control plane in a cluster. */
#include <unistd.h>

#include "command/command.h"
#include "core/base/attr.h"
#include "core/base/ip.h"
#include "core/base/log.h"
#include "operator/serve.h"

enum {
    FLAG_SYSTEM_NAMESPACE,
    FLAG_FEED,
    FLAG_HEALTH,
    FLAG_ADMIN,
    FLAG_PROXY_IMAGE,
    FLAG_PROXY_PULL_POLICY,
    FLAG_GATEWAY_NAMESPACES,
    FLAG_KUBECONFIG,
    FLAG_LOG_LEVEL,
    FLAG_LOG_FORMAT,
};

static const struct command_flag flags[] = {
    [FLAG_SYSTEM_NAMESPACE] =
        {
            .name = "system-namespace",
            .kind = COMMAND_TEXT,
            .value_name = "NAMESPACE",
            .fallback = "kuma-system",
            .help = "Where the operator runs, and where the Secrets with certificates are.",
        },
    [FLAG_FEED] =
        {
            .name = "feed",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT",
            .fallback = ":9901",
            .help = "Where proxies connect for their configuration; without an address, on all of "
                    "this pod.",
        },
    [FLAG_HEALTH] =
        {
            .name = "health",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT",
            .fallback = ":9902",
            .help = "Where /ready, /live and /metrics answer. Ready is when proxies can connect; "
                    "what is wrong in the cluster stands below.",
        },
    [FLAG_ADMIN] =
        {
            .name = "admin",
            .kind = COMMAND_TEXT,
            .value_name = "ADDRESS:PORT|off",
            .fallback = "127.0.0.1:9903",
            .help = "Where /config, the configuration of every gateway, answers; a loopback "
                    "address. Keys are redacted.",
        },
    [FLAG_PROXY_IMAGE] =
        {
            .name = "proxy-image",
            .kind = COMMAND_TEXT,
            .value_name = "IMAGE",
            .fallback = "otemon/proxy:" OTEMON_VERSION,
            .help = "What the pods of a MeshGatewayInstance run.",
        },
    [FLAG_PROXY_PULL_POLICY] =
        {
            .name = "proxy-pull-policy",
            .kind = COMMAND_CHOICE,
            .value_name = "Always|IfNotPresent|Never",
            .help = "When that image is pulled. Without it, as Kubernetes does.",
        },
    [FLAG_GATEWAY_NAMESPACES] =
        {
            .name = "gateway-namespaces",
            .kind = COMMAND_TEXT,
            .value_name = "NAMESPACE,...",
            .help = "The namespaces whose pods may be gateways. Without it, all.",
        },
    [FLAG_KUBECONFIG] =
        {
            .name = "kubeconfig",
            .kind = COMMAND_TEXT,
            .value_name = "FILE",
            .help = "How to reach the API server from outside of the cluster. Without it, as a pod "
                    "of the cluster.",
        },
    [FLAG_LOG_LEVEL] =
        {
            .name = "log-level",
            .kind = COMMAND_CHOICE,
            .value_name = "debug|info|warning|error",
            .fallback = "info",
            .help = "The least severe lines of the log that are written.",
        },
    [FLAG_LOG_FORMAT] =
        {
            .name = "log-format",
            .kind = COMMAND_CHOICE,
            .value_name = "text|json",
            .fallback = "text",
            .help = "Lines of the log, on standard error, as text for people or as JSON.",
        },
};

static enum log_level level_of(struct str word)
{
    static const char *const words[] = {
        [LOG_DEBUG] = "debug",
        [LOG_INFO] = "info",
        [LOG_WARNING] = "warning",
        [LOG_ERROR] = "error",
    };
    size_t level = 0;
    while (!str_equal(word, str_of(words[level]))) /* it is one of them */
        level++;
    return (enum log_level)level;
}

static int run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    struct str admin = values[FLAG_ADMIN].text;
    struct serve_options options = {
        /* Of the command line, so it is terminated. */
        .kubeconfig = values[FLAG_KUBECONFIG].given ? values[FLAG_KUBECONFIG].text.data : NULL,
        .system_namespace = values[FLAG_SYSTEM_NAMESPACE].text,
        .health = values[FLAG_HEALTH].text,
        .admin = str_equal(admin, STR("off")) ? STR_EMPTY : admin,
        .proxy_image = values[FLAG_PROXY_IMAGE].text,
        .proxy_pull_policy = values[FLAG_PROXY_PULL_POLICY].text,
    };
    if (!ip_port_parse(values[FLAG_FEED].text, &options.feed_address, &options.feed_port))
        return command_wrong("otemon-operator", "feed", values[FLAG_FEED].text,
                             "an IP address and a port");
    if (!command_names_cut(values[FLAG_GATEWAY_NAMESPACES].text, &options.gateway_namespaces))
        return command_wrong("otemon-operator", "gateway-namespaces",
                             values[FLAG_GATEWAY_NAMESPACES].text,
                             "a list of at most 256 namespaces");
    log_open(STDERR_FILENO, level_of(values[FLAG_LOG_LEVEL].text),
             str_equal(values[FLAG_LOG_FORMAT].text, STR("json")) ? LOG_JSON : LOG_TEXT);
    return serve_run(&options);
}

static const struct command root = {
    .name = "otemon-operator",
    .summary = "run Kuma's builtin gateways in a cluster",
    .description =
        "The control plane in a cluster. Watches MeshGateways, MeshGatewayRoutes, "
        "MeshGatewayInstances and the back ends they lead to, compiles what each gateway serves, "
        "streams it to the gateway's pods, makes the Deployments and Services of instances, and "
        "writes into the status of each object what became of it.\n"
        "\n"
        "Proxies serve on while it is away.",
    .flags = flags,
    .flag_count = ARRAY_SIZE(flags),
    .exit_text = "0  ended by a signal\n"
                 "1  could not start: an address is in use, or there are no credentials\n"
                 "2  the command line was not understood",
    .run = run,
};

int main(int argc, char **argv)
{
    return command_run(&root, argc, argv);
}
