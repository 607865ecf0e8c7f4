/* States: counted, and freed by whoever is last. */
#include <stdatomic.h>

#include "core/base/arena.h"
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/subscribe/parts.h"

#define STATE_ARENA_CHUNK ((size_t)4096)

static atomic_size_t alive;

size_t subscribe_states_alive(void)
{
    return atomic_load(&alive);
}

struct subscribe_state *subscribe__state_new(const struct model_snapshot *snapshot,
                                             unsigned socket_count)
{
    struct subscribe_state *state = MEM_NEW(struct subscribe_state);
    state->snapshot = snapshot;
    state->arena = arena_new(STATE_ARENA_CHUNK);
    state->references = 1;
    state->socket_count = socket_count;
    (void)atomic_fetch_add(&alive, 1); /* the former value is of no use */
    return state;
}

struct subscribe_state *subscribe_state_ref(struct subscribe_state *state)
{
    int before = __atomic_fetch_add(&state->references, 1, __ATOMIC_RELAXED);
    ASSERT(before > 0);
    return state;
}

static void listener_deinit(struct subscribe_listener *listener, unsigned socket_count)
{
    for (size_t i = 0; listener->contexts != NULL && i < listener->model->chain_count; i++)
        listener->contexts[i] = subscribe__contexts_unref(listener->contexts[i]);
    listener->table = route_table_unref(listener->table);
    subscribe__sockets_close(listener, socket_count);
}

struct subscribe_state *subscribe_state_unref(struct subscribe_state *state)
{
    if (state == NULL)
        return NULL;
    int before = __atomic_fetch_sub(&state->references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before > 0);
    if (before > 1)
        return NULL;
    for (size_t i = 0; i < state->client_count; i++)
        state->clients[i] = net_tls_client_unref(state->clients[i]);
    for (size_t i = 0; i < state->listener_count; i++)
        listener_deinit(&state->listeners[i], state->socket_count);
    (void)model_snapshot_unref(state->snapshot); /* always NULL */
    state->arena = arena_free(state->arena);
    (void)atomic_fetch_sub(&alive, 1); /* the former value is of no use */
    return mem_free(state);
}

int subscribe_socket_take(struct subscribe_listener *listener, unsigned worker)
{
    if (listener->sockets == NULL)
        return -1;
    int fd = listener->sockets[worker];
    listener->sockets[worker] = -1;
    return fd;
}
