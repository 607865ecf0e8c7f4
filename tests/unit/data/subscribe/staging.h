/* A subscription, and what it is made to stage, for tests. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/subscribe/subscribe.h"

struct staging {
    struct net_tls_server *tls;
    struct subscribe *subscribe;
};

static inline void staging_open(struct staging *staging, unsigned sockets, const char *trust_file)
{
    assert_int_equal(net_tls_server_new(NULL, NULL, &staging->tls, NULL), ERR_OK);
    staging->subscribe = subscribe_new(staging->tls, sockets, str_of(trust_file));
}

/* Nothing that was staged is left, and nothing that it was made of. */
static inline void staging_close(struct staging *staging)
{
    assert_null(subscribe_free(staging->subscribe));
    assert_null(net_tls_server_free(staging->tls));
    assert_int_equal(subscribe_states_alive(), 0);
    assert_int_equal(model_resources_alive(), 0);
}

/* Stages what leads from the last state to `next`, of which it takes over the reference. */
static inline enum err staging_stage(struct staging *staging, const struct model_snapshot *next,
                                     struct subscribe_state **ret_state, struct err_info *reterr)
{
    const struct subscribe_state *last = subscribe_last(staging->subscribe);
    struct model_transaction *transaction = model_transaction_new(
        last != NULL ? last->snapshot : NULL, next);
    enum err result = subscribe_stage(staging->subscribe, transaction, ret_state, reterr);
    assert_null(model_transaction_free(transaction));
    assert_null(model_snapshot_unref(next));
    return result;
}
