/* The life of the proxy process: start, follow the operator, drain, end. */
#pragma once

#include <stdint.h>

#include "core/base/str.h"
#include "data/proxy/proxy.h"

enum serve_access_log {
    SERVE_ACCESS_LOG_TEXT,
    SERVE_ACCESS_LOG_JSON,
    SERVE_ACCESS_LOG_OFF,
};

struct serve_options {
    struct str operator_host;
    uint16_t operator_port;
    struct str server_name;
    const char *ca_file;
    const char *token_file;
    uint32_t workers; /* 0: one per CPU */
    struct str health;
    struct str admin; /* empty: none */
    enum serve_access_log access_log;
    uint64_t drain_delay_ms;
    uint64_t drain_time_ms;
};

/* Until a signal ends it. Returns the exit status. */
int serve_run(const struct serve_options *options);
