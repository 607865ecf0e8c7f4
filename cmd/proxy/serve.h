/* The life of the proxy process: start, follow the operator, drain, end. */
#pragma once

#include <stdint.h>

#include "core/base/str.h"
#include "data_plane/data_plane.h"

struct serve_options {
    struct str operator_host;
    uint16_t operator_port;
    struct str server_name;
    const char *ca_file;
    const char *token_file;
    struct str health;
    struct str admin; /* empty: none */
    struct data_plane_options data_plane;
};

/* Until a signal ends it. Returns the exit status. */
int serve_run(const struct serve_options *options);
