#include "control/operator/trust.h"

#include "control/operator/operator.h"
#include "core/base/base64.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define CHUNK_SIZE ((size_t)1024)

/* Three authorities as base64, or a bundle of their certificates. */
#define DOCUMENT_SIZE_MAX ((size_t)1 << 20)

/* The pause after a failure, which doubles up to the second. */
#define PAUSE_MS     250U
#define PAUSE_MAX_MS 30000U

/* An alarm is set anew after a day: clocks are set, and machines sleep. */
#define LOOK_MS ((uint64_t)3600 * 1000)

/* ---- The ConfigMap ---- */

static struct str map_path(struct arena *arena, struct str namespace)
{
    return str_format(arena, "/api/v1/namespaces/%.*s/configmaps/" OPERATOR_CA_MAP,
                      STR_ARG(namespace));
}

static void map_print(const struct operator__trust *trust, struct str namespace, struct buf *body)
{
    struct jv_writer writer;
    jv_writer_init(&writer, body);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("apiVersion"), STR("v1"));
    jv_write_key(&writer, STR("data"));
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("ca.crt"), trust->state.trust_pem);
    jv_write_end(&writer);
    jv_write_member_string(&writer, STR("kind"), STR("ConfigMap"));
    jv_write_key(&writer, STR("metadata"));
    jv_write_object(&writer);
    jv_write_key(&writer, STR("labels"));
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("app.kubernetes.io/managed-by"), OPERATOR__MANAGER);
    jv_write_end(&writer);
    jv_write_member_string(&writer, STR("name"), STR(OPERATOR_CA_MAP));
    jv_write_member_string(&writer, STR("namespace"), namespace);
    jv_write_end(&writer);
    jv_write_end(&writer);
}

/* In any case: somebody may have deleted it. */
static void map_apply(const struct operator__trust *trust, struct str namespace)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    struct buf body;
    buf_init(&body, DOCUMENT_SIZE_MAX);
    map_print(trust, namespace, &body);
    const struct apply_document document = {map_path(arena, namespace), OPERATOR__MANAGER,
                                            buf_str(&body)};
    apply_forget(trust->options.apply, document.path);
    apply_set(trust->options.apply, &document);
    buf_deinit(&body);
}

static void spread_all(const struct operator__trust *trust)
{
    struct map_cursor at = {0};
    while (map_next(trust->namespaces, &at) != NULL)
        map_apply(trust, at.key);
}

void operator__trust_spread_begin(struct operator__trust *trust)
{
    struct map_cursor at = {0};
    struct operator__spread *spread;
    while ((spread = map_next(trust->namespaces, &at)) != NULL)
        spread->is_needed = false;
}

void operator__trust_spread(struct operator__trust *trust, struct str namespace)
{
    struct operator__spread *spread = map_get(trust->namespaces, namespace);
    if (spread == NULL) {
        spread = MEM_NEW(struct operator__spread);
        (void)map_set(trust->namespaces, namespace, spread); /* it was not there */
        if (trust->is_stored)
            map_apply(trust, namespace);
    }
    spread->is_needed = true;
}

/* What is there stays: whoever makes the next pod there is served at once. */
static void unspread(const struct operator__trust *trust, struct str namespace)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    apply_forget(trust->options.apply, map_path(arena, namespace));
    mem_free(map_remove(trust->namespaces, namespace));
}

void operator__trust_spread_end(struct operator__trust *trust)
{
    struct map_cursor at = {0};
    const struct operator__spread *spread;
    while ((spread = map_next(trust->namespaces, &at)) != NULL) {
        if (!spread->is_needed)
            unspread(trust, at.key);
    }
}

/* ---- The Secret ---- */

static void again(struct operator__trust *trust, const struct kube_answer *answer, const char *what)
{
    LOG(LOG_ERROR, what, LOG_STR("secret", trust->secret_path),
        LOG_STR("reason", str_of(answer->reason.message)));
    loop_alarm_set(trust->alarm, MAX(trust->pause_ms, answer->retry_after_ms));
    trust->pause_ms = MIN(2 * trust->pause_ms, (uint64_t)PAUSE_MAX_MS);
}

static void entry_write(struct jv_writer *writer, struct str key, struct str value)
{
    struct buf text;
    if (value.size == 0)
        return;
    buf_init_secret(&text, DOCUMENT_SIZE_MAX);
    base64_encode(value, &text);
    jv_write_member_string(writer, key, buf_str(&text));
    buf_deinit(&text);
}

static void secret_print(const struct operator__trust *trust, struct buf *body)
{
    const struct authority_data *data = &trust->state.data;
    struct jv_writer writer;
    jv_writer_init(&writer, body);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("apiVersion"), STR("v1"));
    jv_write_key(&writer, STR("data"));
    jv_write_object(&writer);
    entry_write(&writer, STR("current.pem"), data->current);
    entry_write(&writer, STR("next-since"), data->next_since);
    entry_write(&writer, STR("next.pem"), data->next);
    entry_write(&writer, STR("previous.pem"), data->previous);
    jv_write_end(&writer);
    jv_write_member_string(&writer, STR("kind"), STR("Secret"));
    jv_write_key(&writer, STR("metadata"));
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("name"), STR(OPERATOR_AUTHORITY));
    jv_write_member_string(&writer, STR("namespace"), trust->options.system_namespace);
    jv_write_end(&writer);
    jv_write_member_string(&writer, STR("type"), STR("otemon.io/authority"));
    jv_write_end(&writer);
}

/* The state holds in the cluster: it is used. */
static void use(struct operator__trust *trust)
{
    trust->is_stored = true;
    trust->pause_ms = PAUSE_MS;
    spread_all(trust);
    if (trust->has_leaf)
        trust->options.leaf(trust->options.arg, trust->state.leaf);
    trust->has_leaf = false;
    uint64_t now_ms = clock_wall_ms();
    uint64_t left_ms = trust->state.again_ms > now_ms ? trust->state.again_ms - now_ms : 0;
    loop_alarm_set(trust->alarm, MIN(left_ms, LOOK_MS));
}

static void on_stored(void *arg, const struct kube_answer *answer)
{
    struct operator__trust *trust = arg;
    trust->request = NULL;
    if (answer->err != ERR_OK)
        again(trust, answer, "the operator's authority could not be stored");
    else
        use(trust);
}

static void store(struct operator__trust *trust)
{
    struct buf body;
    buf_init_secret(&body, DOCUMENT_SIZE_MAX);
    secret_print(trust, &body);
    const struct kube_apply_options options = {
        .path = trust->secret_path,
        .manager = OPERATOR__MANAGER,
        .body = buf_str(&body),
    };
    trust->is_stored = false;
    trust->request = kube_apply(trust->options.kube, &options, on_stored, trust);
    buf_deinit(&body);
}

static void turn(struct operator__trust *trust)
{
    trust->state = authority_turn(trust->authority, clock_wall_ms());
    trust->has_leaf = trust->has_leaf || trust->state.leaf_changed;
    if (trust->state.data_changed || !trust->is_stored)
        store(trust);
    else
        use(trust);
}

static struct str entry_read(struct arena *arena, const struct jv *secret, struct str key)
{
    struct str bytes = STR_EMPTY;
    struct str text = jv_text(jv_get(jv_get(secret, STR("data")), key));
    if (base64_decode(arena, text, &bytes) != ERR_OK)
        LOG(LOG_WARNING, "the Secret of the operator's authority has an entry that is not base64",
            LOG_STR("entry", key));
    return bytes;
}

static void on_read(void *arg, const struct kube_answer *answer)
{
    struct operator__trust *trust = arg;
    trust->request = NULL;
    if (answer->err != ERR_OK && answer->err != ERR_NOT_FOUND) {
        again(trust, answer, "the operator's authority could not be read");
        return;
    }
    const struct jv *secret = answer->err == ERR_OK ? answer->body : NULL;
    struct arena *arena = arena_new(CHUNK_SIZE);
    struct str name = str_format(trust->arena, OPERATOR_SERVICE ".%.*s.svc",
                                 STR_ARG(trust->options.system_namespace));
    const struct authority_data data = {
        .current = entry_read(arena, secret, STR("current.pem")),
        .next = entry_read(arena, secret, STR("next.pem")),
        .previous = entry_read(arena, secret, STR("previous.pem")),
        .next_since = entry_read(arena, secret, STR("next-since")),
    };
    trust->authority = authority_new(name, &data, clock_wall_ms());
    trust->is_stored = secret != NULL; /* unless the turn changes it */
    arena = arena_free_wiped(arena);
    turn(trust);
}

static void read_secret(struct operator__trust *trust)
{
    const struct kube_request_options options = {.method = KUBE_GET, .path = trust->secret_path};
    trust->request = kube_request(trust->options.kube, &options, on_read, trust);
}

static void on_alarm(void *arg)
{
    struct operator__trust *trust = arg;
    if (trust->request != NULL)
        return; /* its answer goes on */
    if (trust->authority == NULL)
        read_secret(trust);
    else
        turn(trust);
}

void operator__trust_init(struct operator__trust *trust,
                          const struct operator__trust_options *options)
{
    *trust = (struct operator__trust){
        .options = *options,
        .arena = arena_new(CHUNK_SIZE),
        .namespaces = map_new(),
        .pause_ms = PAUSE_MS,
    };
    trust->secret_path = str_format(trust->arena,
                                    "/api/v1/namespaces/%.*s/secrets/" OPERATOR_AUTHORITY,
                                    STR_ARG(options->system_namespace));
    trust->alarm = loop_alarm_open(options->loop, on_alarm, trust);
    read_secret(trust);
}

void operator__trust_deinit(struct operator__trust *trust)
{
    trust->request = kube_request_cancel(trust->request);
    trust->alarm = loop_alarm_close(trust->alarm);
    operator__trust_spread_begin(trust); /* of none */
    operator__trust_spread_end(trust);
    trust->namespaces = map_free(trust->namespaces);
    trust->authority = authority_free(trust->authority);
    trust->arena = arena_free(trust->arena);
}
