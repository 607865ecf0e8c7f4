/* Private to core/dns: what its files share.
 *
 *     question ─> query ─ waits ─> under way (c-ares) ─> has its answer ─> the questions' callbacks
 *
 * c-ares calls back whenever it likes, also out of the call that asks. Here an answer is kept, and
 * told at the end of the turn. */
#pragma once

#include <ares.h>
#include <sys/stat.h>

#include "core/base/list.h"
#include "core/base/map.h"
#include "core/dns/dns.h"

/* The longest text of an IP address, terminated. */
#define DNS__TEXT_SIZE 46

/* An answer that is kept. */
struct dns__answer {
    enum dns_outcome outcome;
    char (*texts)[DNS__TEXT_SIZE]; /* sorted, each once; NULL: none */
    size_t count;
    uint32_t ttl_s;
    const char *reason;
};

/* One name, and all that ask for it. */
struct dns__query {
    struct list link; /* of those that wait, or of those that are answered */
    struct dns *dns;
    struct list questions;
    struct dns__answer answer;
    int family;    /* what is being asked for: AF_INET, then maybe AF_INET6 */
    bool is_known; /* there is such a name, without an address of the first */
    char name[];   /* terminated */
};

struct dns_question {
    struct list link; /* of its query */
    dns_answered_fn fn;
    void *arg;
};

/* A descriptor of c-ares that is watched. */
struct dns__socket {
    struct list link;
    struct dns *dns;
    int fd;
    struct loop_fd *watch;
};

struct dns {
    struct loop *loop;
    ares_channel channel;
    struct ares_addr_port_node server; /* family 0: the system's */
    uint32_t timeout_ms;
    struct stat system; /* of resolv.conf as it was when the channel was made */
    struct loop_alarm *alarm;
    struct list sockets;
    struct map *queries; /* by name, those that are not answered */
    struct list waiting;
    struct list answered;
    uint32_t running;
    struct loop_deferred work;
};

/* ---- server.c ---- */

/* False: it is none. */
MUST_USE bool dns__server_parse(struct str text, struct ares_addr_port_node *ret_server);

/* ---- channel.c: c-ares on our loop ---- */

MUST_USE enum err dns__channel_open(struct dns *dns, struct err_info *reterr);

/* Queries under way are called back with ARES_EDESTRUCTION. */
void dns__channel_close(struct dns *dns);

/* Another one, if the system's configuration is another. While nothing is under way. */
void dns__channel_renew(struct dns *dns);

/* After every call of c-ares: when it wants to be called next. */
void dns__channel_arm(struct dns *dns);

/* ---- query.c ---- */

void dns__work(void *arg);
void dns__query_free(struct dns__query *query);

/* ---- answer.c ---- */

/* What `status` of c-ares and `info` (or NULL) mean. */
struct dns__answer dns__answer_make(int status, const struct ares_addrinfo *info);
void dns__answer_deinit(struct dns__answer *answer);
