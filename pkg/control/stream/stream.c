#include "control/stream/stream.h"

#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/mem.h"

/* A transaction is bounded by what its snapshot holds; this is where the stream ends. */
#define TRANSACTION_SIZE_MAX FEED_DOWN_SIZE_MAX

/* A gateway pod that has been connected. */
struct pod {
    struct stream *stream;
    struct arena *arena;
    struct str uid;
    struct group *group;
    struct publish *publish;
    struct feed_session *session; /* NULL: not connected */
    struct model_digest have;     /* what it said it has */
    bool offered;                 /* on this connection: something was wanted since */
};

struct group {
    struct arena *arena;
    struct str key;
    const struct model_snapshot *snapshot; /* NULL: not compiled yet */
};

/* A session that is not accepted yet. */
struct candidate {
    uint64_t request;
    struct feed_session *session;
    struct model_digest have;
    struct candidate *next;
};

/* What hangs at a session: one of the two. */
struct holder {
    struct candidate *candidate;
    struct pod *pod;
};

struct stream {
    struct stream_options options;
    struct feed_server *server;
    struct map *pods;   /* by uid */
    struct map *groups; /* by key */
    struct candidate *candidates;
    uint64_t requests;
    size_t connected;
};

/* ---- Groups ---- */

static struct group *group_make(struct stream *stream, struct str key)
{
    struct group *group = map_get(stream->groups, key);
    if (group != NULL)
        return group;
    group = MEM_NEW(struct group);
    group->arena = arena_new(128);
    group->key = str_dup(group->arena, key);
    (void)map_set(stream->groups, key, group); /* it was not there */
    return group;
}

static void group_free(struct group *group)
{
    group->snapshot = model_snapshot_unref(group->snapshot);
    group->arena = arena_free(group->arena);
    mem_free(group);
}

/* ---- Pods ---- */

static void changed(struct pod *pod)
{
    pod->stream->options.changed(pod->stream->options.arg, pod->uid);
}

static void on_send(void *arg, const struct model_transaction *transaction)
{
    struct pod *pod = arg;
    if (pod->session == NULL)
        return; /* when it is back it is asked what it has */
    struct buf text;
    buf_init_secret(&text, TRANSACTION_SIZE_MAX); /* it has keys */
    model_transaction_print(transaction, &text);
    if (buf_overflowed(&text) || feed_session_send(pod->session, buf_str(&text)) != ERR_OK)
        feed_session_close(pod->session, STR("the configuration is too large to be sent"));
    buf_deinit(&text);
}

static struct pod *pod_make(struct stream *stream, struct str uid)
{
    struct pod *pod = map_get(stream->pods, uid);
    if (pod != NULL)
        return pod;
    pod = MEM_NEW(struct pod);
    pod->stream = stream;
    pod->arena = arena_new(128);
    pod->uid = str_dup(pod->arena, uid);
    pod->publish = publish_new(on_send, pod);
    (void)map_set(stream->pods, uid, pod); /* it was not there */
    return pod;
}

static void pod_free(struct pod *pod)
{
    pod->publish = publish_free(pod->publish);
    pod->arena = arena_free(pod->arena);
    mem_free(pod);
}

/* Offers what its group serves. The first offer on a connection looks at what the pod has: that is
 * why nothing is sent before publish_resume. */
static void pod_offer(struct pod *pod)
{
    if (pod->group->snapshot == NULL)
        return;
    if (pod->offered || pod->session == NULL) {
        publish_set(pod->publish, pod->group->snapshot);
        return;
    }
    struct feed_session *session = TAKE(pod->session);
    publish_set(pod->publish, pod->group->snapshot);
    pod->session = session;
    pod->offered = true;
    publish_resume(pod->publish, &pod->have);
}

static void pod_disconnect(struct pod *pod)
{
    pod->session = NULL;
    pod->stream->connected--;
}

static struct holder *holder_of(struct feed_session *session)
{
    return feed_session_data(session);
}

/* Its session goes on to its end, and nobody listens. */
static void pod_let_go(struct pod *pod, struct str reason)
{
    if (pod->session == NULL)
        return;
    holder_of(pod->session)->pod = NULL;
    feed_session_close(pod->session, reason);
    pod_disconnect(pod);
}

/* ---- Candidates ---- */

static struct candidate *candidate_take(struct stream *stream, uint64_t request)
{
    struct candidate **at = &stream->candidates;
    while (*at != NULL && (*at)->request != request)
        at = &(*at)->next;
    struct candidate *candidate = *at;
    if (candidate != NULL)
        *at = candidate->next;
    return candidate;
}

static void on_hello(void *arg, struct feed_session *session, const struct feed_hello *hello)
{
    struct stream *stream = arg;
    struct candidate *candidate = MEM_NEW(struct candidate);
    candidate->request = ++stream->requests;
    candidate->session = session;
    candidate->next = stream->candidates;
    if (!model_digest_parse(hello->have, &candidate->have))
        candidate->have = (struct model_digest){{0}}; /* it has nothing that we know */
    stream->candidates = candidate;
    struct holder *holder = MEM_NEW(struct holder);
    holder->candidate = candidate;
    feed_session_set_data(session, holder);
    stream->options.review(stream->options.arg, candidate->request, hello->token);
}

/* The candidate is taken over. */
static void accept(struct stream *stream, struct candidate *candidate,
                   const struct stream_identity *identity, struct str group)
{
    struct pod *pod = pod_make(stream, identity->uid);
    pod_let_go(pod, STR("this pod has connected anew"));
    pod->group = group_make(stream, group);
    pod->session = candidate->session;
    pod->have = candidate->have;
    pod->offered = false;
    stream->connected++;
    struct holder *holder = holder_of(candidate->session);
    *holder = (struct holder){.pod = pod};
    mem_free(candidate);
    feed_session_accept(pod->session);
    pod_offer(pod);
    changed(pod);
}

void stream_reviewed(struct stream *stream, uint64_t request,
                     const struct stream_identity *identity, struct str reason)
{
    struct candidate *candidate = candidate_take(stream, request);
    if (candidate == NULL) /* it has gone meanwhile */
        return;
    struct err_info why = {0};
    struct str group = STR_EMPTY;
    if (identity != NULL) {
        group = stream->options.group_of(stream->options.arg, identity, &why);
        reason = str_of(why.message);
    }
    if (group.size > 0) {
        accept(stream, candidate, identity, group);
        return;
    }
    holder_of(candidate->session)->candidate = NULL;
    feed_session_refuse(candidate->session, reason);
    mem_free(candidate);
}

/* ---- What pods say ---- */

static void on_acknowledged(void *arg, struct feed_session *session, struct str result)
{
    (void)arg; /* the pod knows its stream */
    struct pod *pod = holder_of(session)->pod;
    struct model_digest digest;
    if (pod == NULL || !model_digest_parse(result, &digest))
        return;
    if (publish_acknowledge(pod->publish, &digest))
        changed(pod);
}

static void on_refused(void *arg, struct feed_session *session, struct str result,
                       struct str resource, struct str reason)
{
    (void)arg; /* the pod knows its stream */
    struct pod *pod = holder_of(session)->pod;
    struct model_digest digest;
    if (pod == NULL || !model_digest_parse(result, &digest))
        return;
    if (publish_refuse(pod->publish, &digest, resource, reason))
        changed(pod);
}

static void on_closed(void *arg, struct feed_session *session)
{
    struct stream *stream = arg;
    struct holder *holder = holder_of(session);
    if (holder->candidate != NULL)
        mem_free(candidate_take(stream, holder->candidate->request));
    struct pod *pod = holder->pod;
    mem_free(holder);
    if (pod == NULL)
        return;
    pod_disconnect(pod);
    changed(pod);
}

/* ---- What the operator says ---- */

void stream_set(struct stream *stream, struct str key, const struct model_snapshot *snapshot)
{
    struct group *group = group_make(stream, key);
    const struct model_snapshot *old = group->snapshot;
    group->snapshot = model_snapshot_ref(snapshot);
    old = model_snapshot_unref(old);
    struct map_cursor at = {0};
    struct pod *pod;
    while ((pod = map_next(stream->pods, &at)) != NULL) {
        if (pod->group == group)
            pod_offer(pod);
    }
}

void stream_group_gone(struct stream *stream, struct str key)
{
    struct group *group = map_get(stream->groups, key);
    if (group == NULL)
        return;
    struct map_cursor at = {0};
    struct pod *pod;
    while ((pod = map_next(stream->pods, &at)) != NULL) {
        if (pod->group != group)
            continue;
        (void)map_remove(stream->pods, pod->uid); /* the same */
        pod_let_go(pod, STR("this pod is no gateway any more"));
        pod_free(pod);
    }
    (void)map_remove(stream->groups, key); /* the same */
    group_free(group);
}

void stream_pod_moved(struct stream *stream, struct str uid, struct str key)
{
    struct pod *pod = map_get(stream->pods, uid);
    if (pod == NULL || str_equal(pod->group->key, key))
        return;
    pod->group = group_make(stream, key);
    pod_offer(pod);
}

void stream_pod_gone(struct stream *stream, struct str uid)
{
    struct pod *pod = map_remove(stream->pods, uid);
    if (pod == NULL)
        return;
    pod_let_go(pod, STR("this pod is no gateway any more"));
    pod_free(pod);
}

bool stream_pod_find(const struct stream *stream, struct str uid, struct stream_pod *ret_pod)
{
    static const struct model_digest nothing;
    const struct pod *pod = map_get(stream->pods, uid);
    if (pod == NULL)
        return false;
    *ret_pod = (struct stream_pod){
        .connected = pod->session != NULL,
        .had = !model_digest_equal(&pod->have, &nothing),
        .status = publish_status(pod->publish),
    };
    return true;
}

size_t stream_connected(const struct stream *stream)
{
    return stream->connected;
}

struct feed_server *stream_server(struct stream *stream)
{
    return stream->server;
}

/* ---- Open and close ---- */

static struct stream *stream_new(const struct stream_options *options)
{
    struct stream *stream = MEM_NEW(struct stream);
    stream->options = *options;
    stream->pods = map_new();
    stream->groups = map_new();
    return stream;
}

enum err stream_open(const struct stream_options *options, struct stream **ret_stream,
                     struct err_info *reterr)
{
    struct stream *stream = stream_new(options);
    struct feed_server_options feed = options->feed;
    feed.events = (struct feed_server_events){
        .hello = on_hello,
        .acknowledged = on_acknowledged,
        .refused = on_refused,
        .closed = on_closed,
        .arg = stream,
    };
    enum err err = feed_server_open(&feed, &stream->server, reterr);
    if (err == ERR_OK)
        *ret_stream = stream;
    else
        (void)stream_free(stream); /* always NULL */
    return err;
}

struct stream *stream_free(struct stream *stream)
{
    if (stream == NULL)
        return NULL;
    ASSERT(stream->candidates == NULL && stream->connected == 0);
    stream->server = feed_server_free(stream->server);
    struct map_cursor at = {0};
    struct pod *pod;
    while ((pod = map_next(stream->pods, &at)) != NULL)
        pod_free(pod);
    stream->pods = map_free(stream->pods);
    struct map_cursor next = {0};
    struct group *group;
    while ((group = map_next(stream->groups, &next)) != NULL)
        group_free(group);
    stream->groups = map_free(stream->groups);
    return mem_free(stream);
}
