/* Private to data/proxy: what a worker keeps in free lists, each with a bound. */
#pragma once

#include <sys/uio.h>

#include "core/net/net.h"
#include "data/proxy/proxy.h"

struct proxy__request;
struct proxy__worker;

/* Bytes of a connection that wait. */
struct proxy__block {
    struct proxy__block *next;
    size_t begin; /* bytes from `begin` to `end` wait */
    size_t end;
    char data[PROXY_BLOCK_SIZE];
};

/* NULL: PROXY_BLOCKS_MAX are taken. Empty. */
struct proxy__block *proxy__block_take(struct proxy__worker *worker);
struct proxy__block *proxy__block_give(struct proxy__worker *worker, struct proxy__block *block);
struct proxy__request *proxy__request_take(struct proxy__worker *worker);
void proxy__request_give(struct proxy__worker *worker, struct proxy__request *request);
void proxy__memory_free(struct proxy__worker *worker);

/* Its bytes move to its start, so that there is room behind them. */
void proxy__block_compact(struct proxy__block *block);

/* Appends what follows the first `skip` bytes of `parts`. False: there is no room for it. */
MUST_USE bool proxy__block_append(struct proxy__block *block, const struct iovec *parts, int count,
                                  size_t skip);

/* Writes `parts` to `top`; what it does not take becomes `*rest`, which is NULL before. ERR_OK;
 * ERR_AGAIN: there is a rest; ERR_LIMIT: no block for it; else the connection failed, and
 * `*ret_none` says that not one byte was written. */
MUST_USE enum err proxy__write(struct proxy__worker *worker, struct net_filter *top,
                               struct iovec *parts, int count, struct proxy__block **rest,
                               bool *ret_none);

/* Writes `*rest` on; NULL afterwards when all went. Errors as net_writev. */
MUST_USE enum err proxy__write_rest(struct proxy__worker *worker, struct net_filter *top,
                                    struct proxy__block **rest);

/* Ends our direction as well as it goes; what the client or back end does next tells the rest. */
static inline void proxy__shutdown(struct net_filter *top)
{
    enum err ignored = net_shutdown(top);
    (void)ignored;
}
