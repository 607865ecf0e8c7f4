/* The end of a struct web, waited for. */
#pragma once

#include "core/loop/loop.h"
#include "core/web/web.h"

struct web_end {
    struct loop *loop;
    bool closed;
};

static inline void web_end_on_closed(void *arg)
{
    struct web_end *end = arg;
    end->closed = true;
    loop_stop(end->loop);
}

/* Always NULL, so that `web = web_end(web, loop)` leaves nothing dangling. */
static inline struct web *web_end(struct web *web, struct loop *loop)
{
    struct web_end end = {.loop = loop};
    web_close(web, web_end_on_closed, &end);
    while (!end.closed)
        loop_run(loop);
    return NULL;
}
