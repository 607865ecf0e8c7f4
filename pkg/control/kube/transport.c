#include "control/kube/transport.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "control/kube/credentials.h"
#include "control/kube/easy.h"
#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/loop/loop.h"

/* A descriptor of libcurl's. */
struct watched {
    struct list link;
    struct kube__transport *transport;
    curl_socket_t socket;
    struct loop_fd *fd;
};

struct kube__transport {
    struct loop *loop;
    struct kube__credentials credentials;
    CURLM *multi;
    struct loop_alarm *alarm; /* libcurl's next look */
    struct list watched;
    struct list transfers; /* under way */
    struct list arrived;   /* of these, with bytes to hand out */
    struct list failed;    /* could not begin */
    struct loop_deferred failing;
    struct kube__place place;
    uint64_t last_byte_ms; /* of any transfer */
    bool is_silent;        /* the connections are to be given up */
};

struct kube__transfer {
    struct list link;         /* transfers, or failed */
    struct list arrived_link; /* arrived */
    struct kube__transport *transport;
    struct kube__transfer_events events;
    CURL *easy;
    struct curl_slist *headers;
    struct buf in; /* the body, or bytes of a stream that were not handed out */
    struct loop_timer head_timer;
    uint64_t started_ms;
    unsigned status;   /* 0: no head yet */
    bool is_opened;    /* and `opened` was called */
    bool is_cancelled; /* in its own `data` */
    bool is_busy;      /* an event of it is being called */
    char error[CURL_ERROR_SIZE];
};

/* The end of a transfer. */

static bool is_stream(const struct kube__transfer *x)
{
    return x->events.data != NULL && x->status == 200;
}

static void transfer_free(struct kube__transfer *x)
{
    struct kube__transport *t = x->transport;
    loop_timer_stop(t->loop, &x->head_timer);
    list_remove(&x->link);
    list_remove(&x->arrived_link);
    if (x->easy != NULL) {
        /* Fails only for handles that are not there. */
        (void)curl_multi_remove_handle(t->multi, x->easy);
        curl_easy_cleanup(x->easy);
    }
    curl_slist_free_all(x->headers);
    buf_deinit(&x->in);
    mem_free(x);
}

struct kube__transfer *kube__transfer_cancel(struct kube__transfer *x)
{
    if (x == NULL)
        return NULL;
    if (x->is_busy)
        x->is_cancelled = true;
    else
        transfer_free(x);
    return NULL;
}

/* Tells the end and frees. */
static void end(struct kube__transfer *x, enum err code, const char *message)
{
    struct kube__transport *t = x->transport;
    curl_off_t retry_after_s = 0;
    if (x->easy != NULL)
        (void)curl_easy_getinfo(x->easy, CURLINFO_RETRY_AFTER, &retry_after_s); /* else 0 */
    struct kube__outcome outcome = {
        .err = code,
        .status = x->status,
        .retry_after_ms = retry_after_s > 0 ? (uint64_t)retry_after_s * 1000 : 0,
        .body = is_stream(x) ? STR_EMPTY : buf_str(&x->in),
        .message = message,
    };
    if (x->status == 401)
        kube__credentials_refused(&t->credentials);
    if (code == ERR_TIMEOUT && t->last_byte_ms <= x->started_ms)
        t->is_silent = true;
    loop_timer_stop(t->loop, &x->head_timer);
    x->is_busy = true;
    x->events.done(x->events.arg, &outcome);
    transfer_free(x);
}

static enum err error_of(CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK: return ERR_OK;
    case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
    case CURLE_WRITE_ERROR: return ERR_LIMIT; /* the only reason why we refuse bytes */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL: return ERR_PROTOCOL;
    default: return ERR_UNAVAILABLE;
    }
}

static void finish(struct kube__transfer *x, CURLcode code)
{
    enum err e = error_of(code);
    const char *message = x->error[0] != '\0' ? x->error : curl_easy_strerror(code);
    if (e == ERR_LIMIT)
        message = "the answer is too large";
    end(x, e, message);
}

/* Gives up all connections with what they carry. */
static void restart(struct kube__transport *t);

/* Hands out what libcurl has left behind since it was called. */
static void harvest(struct kube__transport *t)
{
    while (!list_is_empty(&t->arrived)) {
        struct kube__transfer *x = LIST_ITEM(t->arrived.next, struct kube__transfer, arrived_link);
        list_remove(&x->arrived_link);
        x->is_busy = true;
        if (!x->is_opened)
            x->events.opened(x->events.arg);
        x->is_opened = true;
        if (!x->is_cancelled && x->in.size > 0)
            x->events.data(x->events.arg, buf_str(&x->in));
        buf_clear(&x->in);
        x->is_busy = false;
        if (x->is_cancelled)
            transfer_free(x);
    }
    CURLMsg *message = NULL;
    for (int left = 0; (message = curl_multi_info_read(t->multi, &left)) != NULL;) {
        struct kube__transfer *x = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        /* Both succeed for a handle of ours. */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (void *)&x);
        finish(x, message->data.result);
    }
    if (t->is_silent)
        restart(t);
}

/* libcurl's calls. */

static size_t on_head(char *data, size_t one, size_t size, void *arg)
{
    struct kube__transfer *x = arg;
    struct kube__transport *t = x->transport;
    long status = 0;
    (void)one; /* is 1 */
    t->last_byte_ms = loop_now_ms(t->loop);
    bool is_end = size == 2 && memcmp(data, "\r\n", 2) == 0;
    /* Gives 0 at worst. */
    (void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!is_end || status < 200)
        return size;
    x->status = (unsigned)status;
    loop_timer_stop(t->loop, &x->head_timer);
    if (is_stream(x) && !list_is_linked(&x->arrived_link))
        list_push_back(&t->arrived, &x->arrived_link);
    return size;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
    struct kube__transfer *x = arg;
    struct kube__transport *t = x->transport;
    (void)one; /* is 1 */
    t->last_byte_ms = loop_now_ms(t->loop);
    buf_append(&x->in, str_make(data, size));
    if (buf_overflowed(&x->in))
        return 0;
    if (is_stream(x) && !list_is_linked(&x->arrived_link))
        list_push_back(&t->arrived, &x->arrived_link);
    return size;
}

static void action(struct kube__transport *t, curl_socket_t socket, int events)
{
    int running = 0;
    CURLMcode code = curl_multi_socket_action(t->multi, socket, events, &running);
    if (code != CURLM_OK) {
        LOG(LOG_DEBUG, "libcurl", LOG_STR("error", str_of(curl_multi_strerror(code))));
        t->is_silent = true;
    }
    harvest(t);
}

static void on_ready(void *arg, unsigned events)
{
    struct watched *watched = arg;
    int seen = ((events & LOOP_READ) ? CURL_CSELECT_IN : 0) |
               ((events & LOOP_WRITE) ? CURL_CSELECT_OUT : 0);
    action(watched->transport, watched->socket, seen);
}

static void on_due(void *arg)
{
    action(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void unwatch(struct watched *watched)
{
    watched->fd = loop_fd_close(watched->fd);
    list_remove(&watched->link);
    mem_free(watched);
}

/* The descriptor is new, wanted otherwise, or about to be closed. */
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *of_socket)
{
    struct kube__transport *t = arg;
    struct watched *watched = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watched != NULL)
            unwatch(watched);
        return 0;
    }
    unsigned events = ((what & CURL_POLL_IN) ? LOOP_READ : 0) |
                      ((what & CURL_POLL_OUT) ? LOOP_WRITE : 0);
    if (watched != NULL) {
        loop_fd_set(watched->fd, events);
        return 0;
    }
    watched = MEM_NEW(struct watched);
    watched->transport = t;
    watched->socket = socket;
    watched->fd = loop_fd_open(t->loop, socket, events, on_ready, watched);
    if (watched->fd == NULL) {
        mem_free(watched);
        return -1;
    }
    list_push_back(&t->watched, &watched->link);
    return curl_multi_assign(t->multi, socket, watched) == CURLM_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long after_ms, void *arg)
{
    struct kube__transport *t = arg;
    (void)multi;
    if (after_ms < 0)
        loop_alarm_cancel(t->alarm);
    else
        loop_alarm_set(t->alarm, (uint64_t)after_ms);
    return 0;
}

/* The life of the connections. */

static void multi_open(struct kube__transport *t)
{
    t->multi = curl_multi_init();
    ASSERT(t->multi != NULL); /* out of memory */
    bool ok = curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
              curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
              curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
              curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK &&
              curl_multi_setopt(t->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX) ==
                  CURLM_OK &&
              curl_multi_setopt(t->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, KUBE__CONNECTIONS_MAX) ==
                  CURLM_OK;
    ASSERT(ok);
}

static void multi_close(struct kube__transport *t)
{
    loop_alarm_cancel(t->alarm);
    while (!list_is_empty(&t->watched))
        unwatch(LIST_ITEM(t->watched.next, struct watched, link));
    /* What it closes now is not watched any more; nor does it need a look later. */
    (void)curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    (void)curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, NULL);
    ASSERT(curl_multi_cleanup(t->multi) == CURLM_OK);
    t->multi = NULL;
}

static void list_move_all(struct list *from, struct list *to)
{
    LIST_FOR_EACH(node, from) {
        list_remove(node);
        list_push_back(to, node);
    }
}

static void restart(struct kube__transport *t)
{
    struct list stranded;
    list_init(&stranded);
    list_move_all(&t->transfers, &stranded);
    LIST_FOR_EACH(node, &stranded) {
        struct kube__transfer *x = LIST_ITEM(node, struct kube__transfer, link);
        (void)curl_multi_remove_handle(t->multi, x->easy); /* is there */
        curl_easy_cleanup(x->easy);
        x->easy = NULL;
        list_remove(&x->arrived_link);
    }
    multi_close(t);
    multi_open(t);
    t->is_silent = false;
    LOG(LOG_DEBUG, "connections given up");
    while (!list_is_empty(&stranded))
        end(LIST_ITEM(stranded.next, struct kube__transfer, link), ERR_UNAVAILABLE,
            "nothing came from the API server: the connection is given up");
}

/* The beginning of a transfer. */

static void on_head_late(void *arg)
{
    struct kube__transfer *x = arg;
    struct kube__transport *t = x->transport;
    end(x, ERR_TIMEOUT, "the API server does not answer");
    harvest(t);
}

static void on_failing(void *arg)
{
    struct kube__transport *t = arg;
    while (!list_is_empty(&t->failed)) {
        struct kube__transfer *x = LIST_ITEM(t->failed.next, struct kube__transfer, link);
        end(x, ERR_UNAVAILABLE, x->error);
    }
}

static CURLcode calls_set(struct kube__transfer *x)
{
    CURL *easy = x->easy;
    CURLcode code = CURLE_OK;
    KUBE__SET(CURLOPT_HEADERFUNCTION, on_head);
    KUBE__SET(CURLOPT_HEADERDATA, x);
    KUBE__SET(CURLOPT_WRITEFUNCTION, on_body);
    KUBE__SET(CURLOPT_WRITEDATA, x);
    KUBE__SET(CURLOPT_ERRORBUFFER, x->error);
    KUBE__SET(CURLOPT_PRIVATE, x);
    return code;
}

struct kube__transfer *kube__transfer_start(struct kube__transport *t,
                                            const struct kube__transfer_options *options,
                                            const struct kube__transfer_events *events)
{
    struct kube__transfer *x = MEM_NEW(struct kube__transfer);
    x->transport = t;
    x->events = *events;
    x->started_ms = loop_now_ms(t->loop);
    list_init(&x->link);
    list_init(&x->arrived_link);
    buf_init_secret(&x->in, KUBE_BODY_SIZE_MAX); /* it may hold keys */
    loop_timer_init(&x->head_timer, on_head_late, x);
    kube__credentials_refresh(&t->credentials, x->started_ms);
    x->easy = curl_easy_init();
    ASSERT(x->easy != NULL); /* out of memory */
    CURLcode code = kube__easy_set(x->easy, &t->place, &t->credentials, options, &x->headers);
    if (code == CURLE_OK)
        code = calls_set(x);
    if (code == CURLE_OK && curl_multi_add_handle(t->multi, x->easy) != CURLM_OK)
        code = CURLE_FAILED_INIT;
    if (code == CURLE_OK) {
        list_push_back(&t->transfers, &x->link);
        if (options->head_ms > 0)
            loop_timer_start(t->loop, &x->head_timer, options->head_ms);
        return x;
    }
    (void)snprintf(x->error, sizeof(x->error), "libcurl: %s", curl_easy_strerror(code));
    list_push_back(&t->failed, &x->link);
    loop_defer(t->loop, &t->failing);
    return x;
}

/* The transport. */

enum err kube__transport_open(struct loop *loop, const struct kube_config *config,
                              struct kube__transport **ret_transport, struct err_info *reterr)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(reterr, ERR_UNAVAILABLE, "libcurl does not start");
    struct kube__transport *t = MEM_NEW(struct kube__transport);
    t->loop = loop;
    list_init(&t->watched);
    list_init(&t->transfers);
    list_init(&t->arrived);
    list_init(&t->failed);
    loop_deferred_init(&t->failing, on_failing, t);
    enum err e = kube__credentials_init(&t->credentials, config, loop_now_ms(loop), reterr);
    if (e == ERR_OK)
        e = kube__place_init(&t->place, config, reterr);
    if (e != ERR_OK) {
        kube__credentials_deinit(&t->credentials);
        mem_free(t);
        curl_global_cleanup();
        return e;
    }
    /* TLS writes with write(2). */
    (void)signal(SIGPIPE, SIG_IGN); /* succeeds for this signal */
    t->alarm = loop_alarm_open(loop, on_due, t);
    multi_open(t);
    *ret_transport = t;
    return ERR_OK;
}

struct kube__transport *kube__transport_close(struct kube__transport *t)
{
    if (t == NULL)
        return NULL;
    loop_defer_cancel(&t->failing);
    list_move_all(&t->failed, &t->transfers);
    while (!list_is_empty(&t->transfers))
        transfer_free(LIST_ITEM(t->transfers.next, struct kube__transfer, link));
    multi_close(t);
    t->alarm = loop_alarm_close(t->alarm);
    kube__credentials_deinit(&t->credentials);
    kube__place_deinit(&t->place);
    mem_free(t);
    curl_global_cleanup();
    return NULL;
}
