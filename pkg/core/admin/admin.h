/* The two addresses of a program for those who operate it.
 *
 *     health   /ready    200 or 503, with a line of text for each thing that is wrong
 *              /live     200 as long as the loop turns
 *              /metrics  Prometheus text format 0.0.4
 *     admin    /config   what is being served, as JSON, without keys
 *              /         what there is
 *
 * The health address may be any of this machine's: what it says is no secret. The admin address has
 * to be a loopback address, and it answers only to a Host that is one too ("localhost" or a
 * loopback IP address), so that no page in a browser can read it through a name of its own.
 *
 * For the thread of the loop, as core/web. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/str.h"
#include "core/metrics/metrics.h"

struct admin;
struct loop;

/* Whether the program is ready. Appends to `reasons` a line for each that it is not, or is not as
 * it should be. */
typedef bool (*admin_ready_fn)(void *arg, struct buf *reasons);

/* Appends the configuration as JSON, keys redacted. */
typedef void (*admin_config_fn)(void *arg, struct buf *json);

struct admin_options {
    struct loop *loop;
    struct str health; /* "127.0.0.1:9902", "[::1]:9902", ":9902" for all; empty: none */
    struct str admin;  /* a loopback address and port; empty: none */
    const struct metrics *metrics;
    admin_ready_fn ready;
    admin_config_fn config;
    void *arg; /* of both */
};

/* Whether these can be the addresses of the options, as far as that can be known without opening
 * them: for command lines. reterr's path is "health" or "admin". ERR_INVALID. */
MUST_USE enum err admin_check(struct str health, struct str admin, struct err_info *reterr);

/* Opens what the options name, all or nothing. reterr's path is "health" or "admin".
 * ERR_INVALID: not an address and port, not this machine's, or admin not on loopback;
 * ERR_CONFLICT: in use; ERR_UNAUTHORISED: the port needs a privilege; ERR_UNAVAILABLE,
 * ERR_SYSTEM. */
MUST_USE enum err admin_open(const struct admin_options *options, struct admin **ret_admin,
                             struct err_info *reterr);

/* Stops listening at once; the rest goes in the next turns of the loop, and then `closed` is
 * called, which may be NULL. Takes NULL: then `closed` is called before it returns. */
typedef void (*admin_closed_fn)(void *arg);
void admin_close(struct admin *admin, admin_closed_fn closed, void *arg);

/* The ports they listen on; 0: not open. */
uint16_t admin_health_port(const struct admin *admin);
uint16_t admin_admin_port(const struct admin *admin);
