/* Endpoints by identity, and the worker's whole. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/upstream/parts.h"

#define SWEEP_MS ((uint64_t)5 * 1000)

static struct str identity_key(const struct upstream__identity *identity)
{
    return str_make((const char *)identity, sizeof(*identity)); /* its padding is zeroed */
}

struct upstream_endpoint *upstream__endpoint_hold(struct upstream *upstream,
                                                  const struct upstream__identity *identity)
{
    struct upstream_endpoint *endpoint = map_get(upstream->endpoints, identity_key(identity));
    if (endpoint == NULL) {
        endpoint = MEM_NEW(struct upstream_endpoint);
        endpoint->upstream = upstream;
        memcpy(&endpoint->identity, identity, sizeof(*identity)); /* its padding, too */
        if (identity->tls != NULL)
            (void)net_tls_client_ref(identity->tls); /* is it */
        endpoint->text = net_address_print(&identity->address, endpoint->text_area);
        list_init(&endpoint->idle);
        list_init(&endpoint->busy);
        (void)map_set(upstream->endpoints, identity_key(identity), endpoint); /* it was not there */
        upstream->counts.endpoints++;
    }
    endpoint->set_count++;
    return endpoint;
}

static void close_idle(struct upstream_endpoint *endpoint, uint64_t before_ms)
{
    while (!list_is_empty(&endpoint->idle)) {
        struct upstream_conn *oldest = LIST_ITEM(endpoint->idle.prev, struct upstream_conn, link);
        if (oldest->idle_since_ms > before_ms)
            return;
        endpoint->idle_count--;
        endpoint->upstream->counts.idle--;
        oldest->state = UPSTREAM_BUSY;
        upstream_close(oldest);
    }
}

void upstream__endpoint_settle(struct upstream_endpoint *endpoint)
{
    if (endpoint->set_count > 0 || endpoint->conn_count > 0)
        return;
    struct upstream *upstream = endpoint->upstream;
    (void)map_remove(upstream->endpoints, identity_key(&endpoint->identity)); /* is `endpoint` */
    upstream->counts.endpoints--;
    net_tls_session_clear(&endpoint->session);
    (void)net_tls_client_unref(endpoint->identity.tls); /* always NULL */
    (void)mem_free(endpoint);                           /* always NULL */
}

void upstream__endpoint_release(struct upstream_endpoint *endpoint)
{
    ASSERT(endpoint->set_count > 0);
    if (--endpoint->set_count > 0)
        return;
    endpoint->conn_count++; /* keeps it while its connections close */
    close_idle(endpoint, UINT64_MAX);
    endpoint->conn_count--;
    upstream__endpoint_settle(endpoint);
}

struct str upstream_endpoint_text(const struct upstream_endpoint *endpoint)
{
    return endpoint->text;
}

static void sweep(void *arg)
{
    struct upstream *upstream = arg;
    uint64_t now = loop_now_ms(upstream->loop);
    struct upstream_endpoint *endpoint;
    struct map_cursor at = {0};
    while ((endpoint = map_next(upstream->endpoints, &at)) != NULL)
        if (now > UPSTREAM_IDLE_MS)
            close_idle(endpoint, now - UPSTREAM_IDLE_MS); /* may not free: a set names it */
    loop_timer_start(upstream->loop, &upstream->sweep, SWEEP_MS);
}

struct upstream *upstream_new(struct loop *loop, uint64_t seed)
{
    ASSERT(loop != NULL);
    struct upstream *upstream = MEM_NEW(struct upstream);
    upstream->loop = loop;
    upstream->seed = seed;
    upstream->endpoints = map_new();
    loop_timer_init(&upstream->sweep, sweep, upstream);
    loop_timer_start(loop, &upstream->sweep, SWEEP_MS);
    return upstream;
}

struct upstream *upstream_free(struct upstream *upstream)
{
    if (upstream == NULL)
        return NULL;
    ASSERT(upstream->counts.sets == 0 && upstream->counts.endpoints == 0);
    loop_timer_stop(upstream->loop, &upstream->sweep);
    upstream->endpoints = map_free(upstream->endpoints);
    return mem_free(upstream);
}

const struct upstream_counts *upstream_counts(const struct upstream *upstream)
{
    return &upstream->counts;
}

void upstream_close_idle(struct upstream *upstream)
{
    struct upstream_endpoint *endpoint;
    struct map_cursor at = {0};
    while ((endpoint = map_next(upstream->endpoints, &at)) != NULL)
        close_idle(endpoint, UINT64_MAX); /* an endpoint without a set has none idle */
}
