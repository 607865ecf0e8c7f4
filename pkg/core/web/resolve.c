#include "core/web/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/mem.h"
#include "core/loop/loop.h"

/* Shared by the loop's thread and the one that looks up. Whoever is last frees it: the task, or the
 * thread when it was cancelled before the task was posted. */
struct web__resolve {
    pthread_mutex_t mutex;
    bool cancelled; /* under the mutex, like the loop, which may go afterwards */
    struct loop *loop;
    web__resolved_fn fn;
    void *arg;
    char name[WEB__NAME_SIZE];
    struct web__addresses addresses;
    char why[WEB__NAME_SIZE + 128]; /* empty: there are addresses */
};

static void resolve_free(struct web__resolve *resolve)
{
    (void)pthread_mutex_destroy(&resolve->mutex); /* nobody holds it */
    (void)mem_free(resolve);                      /* always NULL */
}

static void on_task(void *arg)
{
    struct web__resolve *resolve = arg;
    (void)pthread_mutex_lock(&resolve->mutex); /* the thread is about to give it back */
    bool cancelled = resolve->cancelled;
    (void)pthread_mutex_unlock(&resolve->mutex);
    if (!cancelled)
        resolve->fn(resolve->arg, &resolve->addresses,
                    resolve->why[0] != '\0' ? resolve->why : NULL);
    resolve_free(resolve);
}

static void addresses_set(struct web__addresses *addresses, const struct addrinfo *list)
{
    for (const struct addrinfo *at = list; at != NULL && addresses->count < WEB__ADDRESSES_MAX;
         at = at->ai_next) {
        char *text = addresses->texts[addresses->count];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text, WEB__NAME_SIZE, NULL, 0,
                        NI_NUMERICHOST) == 0)
            addresses->count++;
    }
}

static void lookup(struct web__resolve *resolve)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = getaddrinfo(resolve->name, NULL, &hints, &list);
    if (error == 0) {
        addresses_set(&resolve->addresses, list);
        freeaddrinfo(list);
    }
    if (resolve->addresses.count == 0)
        (void)snprintf(resolve->why, sizeof(resolve->why), "%s: %s", resolve->name,
                       error == 0 ? "it has no address" : gai_strerror(error));
}

static void *thread_run(void *arg)
{
    struct web__resolve *resolve = arg;
    lookup(resolve);
    (void)pthread_mutex_lock(&resolve->mutex);
    bool cancelled = resolve->cancelled;
    if (!cancelled)
        loop_post(resolve->loop, on_task, resolve);
    (void)pthread_mutex_unlock(&resolve->mutex);
    if (cancelled)
        resolve_free(resolve);
    return NULL;
}

/* Nobody waits for its end: it may be long. Signals belong to the main thread. */
static int thread_start(struct web__resolve *resolve)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all); /* cannot fail */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, thread_run, resolve);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        (void)pthread_detach(thread); /* it is ours */
    return error;
}

struct web__resolve *web__resolve_start(struct loop *loop, const char *name, web__resolved_fn fn,
                                        void *arg)
{
    struct web__resolve *resolve = MEM_NEW(struct web__resolve);
    (void)pthread_mutex_init(&resolve->mutex, NULL); /* cannot fail */
    resolve->loop = loop;
    resolve->fn = fn;
    resolve->arg = arg;
    (void)snprintf(resolve->name, sizeof(resolve->name), "%s", name);
    if (thread_start(resolve) != 0) {
        (void)snprintf(resolve->why, sizeof(resolve->why), "%s: no thread to look it up",
                       resolve->name);
        loop_post(loop, on_task, resolve);
    }
    return resolve;
}

void web__resolve_cancel(struct web__resolve *resolve)
{
    (void)pthread_mutex_lock(&resolve->mutex);
    resolve->cancelled = true;
    (void)pthread_mutex_unlock(&resolve->mutex);
}
