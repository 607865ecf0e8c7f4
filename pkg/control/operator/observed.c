#include "control/operator/observed.h"

#include "core/base/hash.h"
#include "core/base/log.h"

#define FIELD_SIZE_MAX ((size_t)512)

/* A number that the server does not give: then every event may be somebody's change. */
#define NO_GENERATION 0U

uint64_t operator__observed_version(const struct jv *object)
{
    return hash_str(jv_text(jv_get(jv_get(object, STR("metadata")), STR("resourceVersion"))));
}

static void on_apply(void *arg, const struct jv *object, void **kept)
{
    struct operator__observed *observed = arg;
    (void)kept; /* there is one object */
    uint64_t generation = NO_GENERATION;
    const struct jv *number = jv_get(jv_get(object, STR("metadata")), STR("generation"));
    if (!jv_u64(number, UINT64_MAX, &generation))
        generation = NO_GENERATION;
    bool is_new = !observed->is_there; /* who is new has not changed anything of ours */
    bool by_others = !is_new && (generation == NO_GENERATION || generation != observed->generation);
    observed->generation = generation;
    observed->version = operator__observed_version(object);
    observed->is_there = true;
    buf_clear(&observed->text);
    jv_print(object, &observed->text);
    observed->options.changed(observed->options.arg, by_others);
}

static void on_remove(void *arg, struct str name_space, struct str name, void *kept)
{
    struct operator__observed *observed = arg;
    (void)name_space; /* there is one object */
    (void)kept;
    if (name.size == 0)
        return; /* the watch is closed */
    observed->is_there = false;
    observed->version = 0;
    buf_clear(&observed->text);
    observed->options.changed(observed->options.arg, true);
}

static void on_init_done(void *arg)
{
    struct operator__observed *observed = arg;
    observed->is_known = true;
    observed->options.changed(observed->options.arg, false);
}

static void on_state(void *arg, enum kube_watch_state state, const struct err_info *reason)
{
    const struct operator__observed *observed = arg;
    if (state == KUBE_WATCH_FAILING)
        LOG(LOG_WARNING, "an object of an instance cannot be watched",
            LOG_STR("collection", observed->options.collection),
            LOG_STR("reason", str_of(reason->message)));
}

void operator__observed_init(struct operator__observed *observed,
                             const struct operator__observed_options *options)
{
    struct buf selector;
    *observed = (struct operator__observed){.options = *options};
    buf_init(&observed->text, KUBE_BODY_SIZE_MAX);
    buf_init(&selector, FIELD_SIZE_MAX);
    buf_append(&selector, STR("metadata.name="));
    buf_append(&selector, options->name);
    const struct kube_watch_options watch = {
        .path = options->collection,
        .field_selector = buf_str(&selector),
    };
    const struct kube_watch_events events = {
        .apply = on_apply,
        .remove = on_remove,
        .init_done = on_init_done,
        .state = on_state,
        .arg = observed,
    };
    observed->watch = kube_watch_open(options->kube, &watch, &events);
    buf_deinit(&selector);
}

void operator__observed_deinit(struct operator__observed *observed)
{
    observed->watch = kube_watch_close(observed->watch);
    buf_deinit(&observed->text);
}

const struct jv *operator__observed_read(const struct operator__observed *observed,
                                         struct arena *arena)
{
    const struct jv *object = NULL;
    if (!observed->is_there ||
        jv_parse(arena, buf_str(&observed->text), JV_VALUES_MAX, &object, NULL) != ERR_OK)
        return NULL;
    return object;
}
