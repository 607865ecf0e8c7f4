/* What the programs that serve traffic have in common: a loop with its signals, a proxy with its
 * metrics, and the flags that shape them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "command/command.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/loop/loop.h"
#include "data/proxy/proxy.h"

enum data_plane_log {
    DATA_PLANE_LOG_OFF,
    DATA_PLANE_LOG_TEXT,
    DATA_PLANE_LOG_JSON,
};

struct data_plane_options {
    uint32_t workers; /* 0: as many as there are CPUs */
    enum data_plane_log access_log;
    uint64_t drain_delay_ms;
    uint64_t drain_time_ms;
    struct str dns_server; /* empty: the system's */
};

/* All on the main thread but the workers of the proxy, whose loops are their own. */
struct data_plane {
    const struct data_plane_options *options; /* borrowed */
    struct loop *loop;
    struct metrics *metrics;
    struct proxy_metrics *proxy_metrics;
    struct proxy *proxy;
    struct loop_signal *signals[2]; /* SIGTERM and SIGINT */
    bool draining;                  /* data_plane_drain was called */
};

/* `on_signal` hears of SIGTERM and SIGINT. After an error, too, it is to be closed. */
MUST_USE enum err data_plane_open(struct data_plane *plane,
                                  const struct data_plane_options *options,
                                  loop_signal_fn on_signal, void *arg, struct err_info *reterr);

/* Lets requests finish for as long as the options say; then `drained`. */
void data_plane_drain(struct data_plane *plane, proxy_drained_fn drained, void *arg);

/* What else is on the loop has closed before. */
void data_plane_close(struct data_plane *plane);

/* ---- Flags ---- */

/* Whether DATA_PLANE_FLAG_DNS_SERVER was given a server, or nothing; if not, a sentence says so. */
MUST_USE bool data_plane_dns_server_check(const char *program, struct str server);

/* The value of DATA_PLANE_FLAG_ACCESS_LOG. */
enum data_plane_log data_plane_log_of(struct str word);

#define DATA_PLANE_SECONDS_MAX 3600

#define DATA_PLANE_FLAG_DNS_SERVER                                                       \
    {                                                                                    \
        .name = "dns-server", .kind = COMMAND_TEXT, .value_name = "IP[:PORT]",           \
        .help = "Ask this name server for the names of back ends. Without it, those of " \
                "/etc/resolv.conf. Either way /etc/hosts comes first."                   \
    }

#define DATA_PLANE_FLAG_WORKERS                                                 \
    {                                                                           \
        .name = "workers", .kind = COMMAND_NUMBER, .value_name = "N",           \
        .number_max = PROXY_WORKERS_MAX,                                        \
        .help = "Worker threads. Without it, as many as this process has CPUs." \
    }

/* `more`: sentences that belong to the program. */
#define DATA_PLANE_FLAG_ACCESS_LOG(fallback_, more)                                            \
    {                                                                                          \
        .name = "access-log", .kind = COMMAND_CHOICE, .value_name = "text|json|off",           \
        .fallback = (fallback_),                                                               \
        .help = "One line per request on standard output, as text for people or as JSON." more \
    }

/* `who`: who is to learn of the end meanwhile. */
#define DATA_PLANE_FLAG_DRAIN_DELAY(fallback_, who)                             \
    {                                                                           \
        .name = "drain-delay", .kind = COMMAND_NUMBER, .value_name = "SECONDS", \
        .fallback = (fallback_), .number_max = DATA_PLANE_SECONDS_MAX,          \
        .help = "After SIGTERM, keep accepting for so long while " who          \
    }

#define DATA_PLANE_FLAG_DRAIN_TIME                                                               \
    {                                                                                            \
        .name = "drain-time", .kind = COMMAND_NUMBER, .value_name = "SECONDS", .fallback = "30", \
        .number_max = DATA_PLANE_SECONDS_MAX,                                                    \
        .help = "Then let requests finish for at most so long. A second signal ends at once."    \
    }
