/* The access log's writer: a thread, because a terminal or a full pipe blocks and a worker must
 * not. Chunks change hands when they are full or 100 ms old, so the lock is far off the request
 * path. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/proxy/log.h"

struct proxy__log_sink {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct proxy__log_chunk *first; /* waiting; under the lock, like what follows */
    struct proxy__log_chunk *last;
    struct proxy__log_chunk *free;
    uint32_t chunk_count;
    bool ending;
};

/* Errors cost the lines: there is nowhere else to put them. */
static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(fd, data, size);
        if (written > 0) {
            data += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1); /* the next write tells */
        } else if (errno != EINTR) {
            return;
        }
    }
}

static struct proxy__log_chunk *first_wait(struct proxy__log_sink *sink)
{
    (void)pthread_mutex_lock(&sink->lock);
    while (sink->first == NULL && !sink->ending)
        (void)pthread_cond_wait(&sink->changed, &sink->lock);
    struct proxy__log_chunk *chunk = sink->first;
    if (chunk != NULL) {
        sink->first = chunk->next;
        if (sink->first == NULL)
            sink->last = NULL;
    }
    (void)pthread_mutex_unlock(&sink->lock);
    return chunk;
}

static void *sink_run(void *arg)
{
    struct proxy__log_sink *sink = arg;
    struct proxy__log_chunk *chunk;
    while ((chunk = first_wait(sink)) != NULL) {
        write_all(sink->fd, chunk->data, chunk->size);
        (void)pthread_mutex_lock(&sink->lock);
        chunk->next = sink->free;
        sink->free = chunk;
        (void)pthread_mutex_unlock(&sink->lock);
    }
    return NULL;
}

enum err proxy__log_sink_new(int fd, struct proxy__log_sink **ret_sink)
{
    struct proxy__log_sink *sink = MEM_NEW(struct proxy__log_sink);
    sink->fd = fd;
    ASSERT(pthread_mutex_init(&sink->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&sink->changed, NULL) == 0);
    if (pthread_create(&sink->thread, NULL, sink_run, sink) != 0) {
        (void)mem_free(sink); /* always NULL */
        return ERR_LIMIT;
    }
    *ret_sink = sink;
    return ERR_OK;
}

struct proxy__log_sink *proxy__log_sink_free(struct proxy__log_sink *sink)
{
    if (sink == NULL)
        return NULL;
    (void)pthread_mutex_lock(&sink->lock);
    sink->ending = true;
    (void)pthread_cond_signal(&sink->changed);
    (void)pthread_mutex_unlock(&sink->lock);
    (void)pthread_join(sink->thread, NULL); /* it is ours and ends by itself */
    while (sink->free != NULL) {
        struct proxy__log_chunk *chunk = sink->free;
        sink->free = chunk->next;
        (void)mem_free(chunk); /* always NULL */
    }
    (void)pthread_cond_destroy(&sink->changed); /* nobody waits */
    (void)pthread_mutex_destroy(&sink->lock);
    return mem_free(sink);
}

struct proxy__log_chunk *proxy__log_sink_swap(struct proxy__log_sink *sink,
                                              struct proxy__log_chunk *chunk)
{
    (void)pthread_mutex_lock(&sink->lock);
    if (chunk != NULL) {
        chunk->next = NULL;
        if (sink->last != NULL)
            sink->last->next = chunk;
        else
            sink->first = chunk;
        sink->last = chunk;
        (void)pthread_cond_signal(&sink->changed);
    }
    struct proxy__log_chunk *empty = sink->free;
    if (empty != NULL)
        sink->free = empty->next;
    bool may_grow = empty == NULL && sink->chunk_count < PROXY__LOG_CHUNKS_MAX;
    if (may_grow)
        sink->chunk_count++;
    (void)pthread_mutex_unlock(&sink->lock);
    if (may_grow)
        empty = mem_alloc(sizeof(*empty));
    if (empty != NULL)
        empty->size = 0;
    return empty;
}
