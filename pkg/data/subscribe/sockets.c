/* Sockets of new ports: probed, bound once per worker, and listening when nothing else can fail. */
#include <unistd.h>

#include "data/subscribe/parts.h"

enum err subscribe__sockets_open(struct arena *arena, struct subscribe_listener *listener,
                                 unsigned count, struct err_info *reterr)
{
    enum err result = net_probe(&listener->address, reterr);
    if (result != ERR_OK)
        return result;
    listener->sockets = ARENA_NEW_ARRAY(arena, int, count);
    for (unsigned i = 0; i < count; i++)
        listener->sockets[i] = -1;
    for (unsigned i = 0; i < count; i++) {
        result = net_bind(&listener->address, &listener->sockets[i], reterr);
        if (result != ERR_OK)
            return result;
    }
    return ERR_OK;
}

enum err subscribe__sockets_listen(const struct subscribe_listener *listener, unsigned count,
                                   struct err_info *reterr)
{
    for (unsigned i = 0; listener->sockets != NULL && i < count; i++) {
        enum err result = net_listen(listener->sockets[i], NET_BACKLOG_MAX, reterr);
        if (result != ERR_OK)
            return result;
    }
    return ERR_OK;
}

void subscribe__sockets_close(struct subscribe_listener *listener, unsigned count)
{
    for (unsigned i = 0; listener->sockets != NULL && i < count; i++)
        if (listener->sockets[i] >= 0)
            (void)close(listener->sockets[i]); /* nothing was read or written */
}
