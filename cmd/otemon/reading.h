/* Reading resources once, for commands that serve nothing: from files, or from a cluster.
 *
 *     reading_new ── reading_files | reading_kube ── outlook_new(reading) ... reading_free
 *
 * Of objects with the same key the last one read counts, so that a change can be read over what
 * there is. */
#pragma once

#include "command/command.h"
#include "control/cache/cache.h"
#include "control/finding/finding.h"
#include "control/source/files/files.h"
#include "control/source/source.h"
#include "core/base/err.h"
#include "core/loop/loop.h"

/* Most of what a cluster says, it says at once. */
#define READING_TIMEOUT_MS 30000U

struct reading {
    struct cache *cache;
    struct finding_book *reports;            /* of the sources */
    size_t unreadable;                       /* paths that cannot be read */
    bool is_cluster;                         /* what is not there is nowhere */
    struct command_names gateway_namespaces; /* whose pods may be gateways; none: all */
    struct loop *loop;                       /* private: to be stopped when all was listed */
};

MUST_USE struct reading *reading_new(void);
struct reading *reading_free(struct reading *reading);

/* What a source has to be given to be read from. */
struct source_events reading_events(struct reading *reading);

void reading_files(struct reading *reading, struct files_paths paths);

/* The paths of a flag; without any, the current directory. */
void reading_values(struct reading *reading, const struct command_value *value);

struct reading_cluster {
    struct str kubeconfig; /* empty: $KUBECONFIG, ~/.kube/config, or as a pod of the cluster */
    struct str context;    /* empty: the current one */
    struct str system_namespace;
};

/* Lists everything that the operator watches. An error is the first thing that cannot be read. */
MUST_USE enum err reading_kube(struct reading *reading, const struct reading_cluster *cluster,
                               struct err_info *reterr);

/* ---- The flags that say where from ---- */

/* A command's table has them in this order, from the index that it gives to reading_from. */
enum {
    READING_FLAG_PATHS,
    READING_FLAG_KUBE,
    READING_FLAG_KUBECONFIG,
    READING_FLAG_CONTEXT,
    READING_FLAG_SYSTEM_NAMESPACE,
    READING_FLAG_GATEWAY_NAMESPACES,
    READING_FLAGS,
};

#define READING_FLAG_TABLE(paths_, begin)                                                       \
    [(begin) +                                                                                  \
        READING_FLAG_PATHS] =                                                                   \
        {                                                                                       \
            .name = (paths_),                                                                   \
            .kind = COMMAND_LIST,                                                               \
            .value_name = "PATH",                                                               \
            .help = "A file, a directory (every *.yaml, *.yml and *.json below it) or, as -, "  \
                    "the standard input. May be given more than once. Without it, the current " \
                    "directory.",                                                               \
    },                                                                                          \
        [(begin) + READING_FLAG_KUBE] =                                                         \
            {                                                                                   \
                .name = "kube",                                                                 \
                .kind = COMMAND_SWITCH,                                                         \
                .help = "Read a cluster instead: what the operator reads, by its rules.",       \
    },                                                                                          \
        [(begin) + READING_FLAG_KUBECONFIG] =                                                   \
            {                                                                                   \
                .name = "kubeconfig",                                                           \
                .kind = COMMAND_TEXT,                                                           \
                .value_name = "FILE",                                                           \
                .help =                                                                         \
                    "With --kube: how to reach it. Without it, $KUBECONFIG or ~/.kube/config; " \
                    "where there is neither, as a pod of the cluster.",                         \
    },                                                                                          \
        [(begin) + READING_FLAG_CONTEXT] =                                                      \
            {                                                                                   \
                .name = "context",                                                              \
                .kind = COMMAND_TEXT,                                                           \
                .value_name = "NAME",                                                           \
                .help =                                                                         \
                    "With --kube: the context of the kubeconfig. Without it, its current one.", \
    },                                                                                          \
        [(begin) + READING_FLAG_SYSTEM_NAMESPACE] =                                             \
            {                                                                                   \
                .name = "system-namespace",                                                     \
                .kind = COMMAND_TEXT,                                                           \
                .value_name = "NAMESPACE",                                                      \
                .fallback = "kuma-system",                                                      \
                .help = "With --kube: where the Secrets with certificates are.",                \
    },                                                                                          \
        [(begin) + READING_FLAG_GATEWAY_NAMESPACES] = {                                         \
            .name = "gateway-namespaces",                                                       \
            .kind = COMMAND_TEXT,                                                               \
            .value_name = "NAMESPACE,...",                                                      \
            .help = "With --kube: the namespaces whose pods may be gateways, which is the "     \
                    "chart's gatewayNamespaces. Without it, all.",                              \
    }

/* Reads what the flags say, which are `values`. Returns EXIT_DONE, or the exit status after a
 * sentence on standard error. */
MUST_USE int reading_from(struct reading *reading, const char *program,
                          const struct command_value *values);
