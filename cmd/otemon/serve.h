/* `otemon run`: both planes in one process.
 *
 *     files ─> pipeline ─> transaction ─> proxy ─> acknowledged ─> report
 *
 * The main loop has the control plane, the staging of the data plane, the two addresses of
 * core/admin and the signals; the proxy's workers have loops of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/str.h"
#include "data_plane/data_plane.h"

/* Where a helper of core/admin listens. */
struct serve_endpoint {
    struct str address; /* "127.0.0.1:9902"; empty: nowhere */
    bool required;      /* somebody asked for it: not to get it is an error, else a warning */
};

struct serve_options {
    const char *directory;
    const struct str *dataplanes;
    size_t dataplane_count;
    struct str address;
    bool watch;
    struct serve_endpoint health;
    struct serve_endpoint admin;
    struct data_plane_options data_plane;
};

/* Serves until a signal. Returns the exit status. */
int serve_run(const struct serve_options *options);
