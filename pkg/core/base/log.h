/* The log: one event, one line, stable keys.
 *
 *     LOG(LOG_INFO, "listener opened", LOG_STR("address", address), LOG_U64("port", 8080));
 *
 * gives `2026-11-24T03:50:19.123Z info listener opened address=127.0.0.1 port=8080`, or the same as
 * a JSON object. Untrusted bytes are escaped. Any thread: a line is one write(2). Secrets never get
 * here. Library modules log at debug only; control/operator, data/proxy and cmd speak. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/str.h"

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
};

enum log_format {
    LOG_TEXT,
    LOG_JSON,
};

struct log_field {
    const char *key;
    bool is_number;
    struct str text;
    uint64_t number;
};

#define LOG_STR(k, s) ((struct log_field){.key = (k), .text = (s)})
#define LOG_U64(k, n) ((struct log_field){.key = (k), .is_number = true, .number = (n)})

/* Where the log goes; before this call it goes to standard error as text, from level info. Call
 * it before other threads start. The descriptor stays the caller's. */
void log_open(int fd, enum log_level least, enum log_format format);

bool log_enabled(enum log_level level);

/* A line longer than this is dropped, with a line in its place that says so. */
#define LOG_LINE_MAX ((size_t)16 * 1024)

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

#define LOG(level, event, ...)                                                         \
    do {                                                                               \
        if (log_enabled(level)) {                                                      \
            const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};               \
            log_write((level), (event), log_fields_ + 1, ARRAY_SIZE(log_fields_) - 1); \
        }                                                                              \
    } while (0)

/* Appends `s` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void log_append_json(struct buf *buf, struct str s);

/* Appends `s` as a value of key=value: bare when it is one plain word, else quoted and escaped. */
void log_append_text(struct buf *buf, struct str s);

/* Appends `s` as it is, except what could confuse a terminal or split the line. */
void log_append_visible(struct buf *buf, struct str s);
