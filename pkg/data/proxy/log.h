/* Private to data/proxy: the access log. Workers fill chunks, and a thread of its own writes them,
 * so that no worker waits for whoever reads the log. */
#pragma once

#include <stddef.h>

#include "core/base/attr.h"
#include "core/base/err.h"

struct proxy__request;
struct proxy__worker;

/* What a log line shows of a target or an id at most. */
#define PROXY__LOG_TARGET_MAX ((size_t)2048)

#define PROXY__LOG_CHUNK_SIZE ((size_t)64 * 1024)
#define PROXY__LOG_CHUNKS_MAX \
    64U /* that wait for the disk; beyond it lines are lost, and counted */
#define PROXY__LOG_FLUSH_MS 100U

/* ---- access_log.c ---- */

void proxy__log(struct proxy__request *request);
void proxy__log_flush(struct proxy__worker *worker);

/* ---- log_sink.c ---- */

struct proxy__log_chunk {
    struct proxy__log_chunk *next;
    size_t size;
    char data[PROXY__LOG_CHUNK_SIZE];
};

struct proxy__log_sink;
MUST_USE enum err proxy__log_sink_new(int fd, struct proxy__log_sink **ret_sink);
/* Writes what is left. */
struct proxy__log_sink *proxy__log_sink_free(struct proxy__log_sink *sink);
/* Hands `chunk` over (NULL: none) and gives an empty one; NULL: the writer is behind. */
struct proxy__log_chunk *proxy__log_sink_swap(struct proxy__log_sink *sink,
                                              struct proxy__log_chunk *chunk);
