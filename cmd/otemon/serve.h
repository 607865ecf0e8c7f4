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
#include "data/proxy/proxy.h"

enum serve_access_log {
    SERVE_ACCESS_LOG_OFF,
    SERVE_ACCESS_LOG_TEXT,
    SERVE_ACCESS_LOG_JSON,
};

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
    uint32_t workers; /* 0: as many as there are CPUs */
    struct serve_endpoint health;
    struct serve_endpoint admin;
    enum serve_access_log access_log;
    uint64_t drain_delay_ms;
    uint64_t drain_time_ms;
};

/* Serves until a signal. Returns the exit status. */
int serve_run(const struct serve_options *options);
