/* The life of the operator process: connect to the API server, serve proxies, end. */
#pragma once

#include <stdint.h>

#include "command/command.h"
#include "core/base/str.h"

struct serve_options {
    const char *kubeconfig; /* NULL: the credentials of this pod */
    struct str system_namespace;
    struct str feed_address; /* an IP address, or empty for all */
    uint16_t feed_port;
    struct str health;
    struct str admin; /* empty: none */
    struct str proxy_image;
    struct str proxy_pull_policy;            /* or empty */
    struct command_names gateway_namespaces; /* none: all */
};

/* Until a signal ends it. Returns the exit status. */
int serve_run(const struct serve_options *options);
