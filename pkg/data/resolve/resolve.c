#include "data/resolve/resolve.h"

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/json/json.h"
#include "data/resolve/parts.h"

/* ---- What is known ---- */

static struct resolve_status status_of(const struct resolve__name *name)
{
    const struct resolve__record *record = &name->record;
    uint64_t now = loop_now_ms(name->resolve->options.loop);
    return (struct resolve_status){
        .name = name->text,
        .addresses = record->addresses,
        .address_count = record->address_count,
        .reason = record->reason,
        .age_ms = record->address_count > 0 ? now - name->confirmed_ms : 0,
    };
}

struct resolve_counts resolve_counts(const struct resolve *resolve)
{
    return resolve->counts;
}

static void status_print(struct jv_writer *writer, const struct resolve_status *status)
{
    jv_write_object(writer);
    jv_write_key(writer, STR("addresses"));
    jv_write_array(writer);
    for (size_t i = 0; i < status->address_count; i++)
        jv_write_string(writer, status->addresses[i]);
    jv_write_end(writer);
    if (status->address_count > 0)
        jv_write_member_u64(writer, STR("ageMs"), status->age_ms);
    jv_write_member_string(writer, STR("name"), status->name);
    if (status->reason != NULL)
        jv_write_member_string(writer, STR("reason"), str_of(status->reason));
    jv_write_end(writer);
}

void resolve_print(const struct resolve *resolve, struct buf *buf)
{
    struct jv_writer writer;
    struct map_cursor at = {0};
    const struct resolve__name *name;
    jv_writer_init(&writer, buf);
    jv_write_array(&writer);
    while ((name = map_next(resolve->names, &at)) != NULL) {
        struct resolve_status status = status_of(name);
        status_print(&writer, &status);
    }
    jv_write_end(&writer);
}

/* ---- Answers ---- */

static void stop_waiting(struct resolve *resolve)
{
    resolve->is_waiting = false;
    loop_timer_stop(resolve->options.loop, &resolve->wait);
}

static void name_forgo(struct resolve__name *name)
{
    if (name->is_missing)
        name->resolve->missing--;
    name->is_missing = false;
}

static void on_wait(void *arg)
{
    struct resolve *resolve = arg;
    struct resolve__name *name;
    struct map_cursor at = {0};
    while ((name = map_next(resolve->names, &at)) != NULL)
        name_forgo(name);
    stop_waiting(resolve);
    resolve->options.events.ready(resolve->options.events.arg);
}

static void on_batch(void *arg)
{
    struct resolve *resolve = arg;
    resolve->options.events.changed(resolve->options.events.arg);
}

void resolve__on_outcome(struct resolve__name *name, const struct resolve__outcome *outcome)
{
    struct resolve *resolve = name->resolve;
    const struct resolve_events *events = &resolve->options.events;
    if (outcome->addresses_changed) {
        name->changed = ++resolve->counts.changes;
        resolve->is_current = false;
    }
    name_forgo(name);
    struct resolve_status status = status_of(name);
    events->answered(events->arg, &status, outcome->is_news);
    if (resolve->is_waiting && resolve->missing == 0) {
        stop_waiting(resolve);
        events->ready(events->arg);
    } else if (!resolve->is_waiting && outcome->addresses_changed &&
               !loop_timer_is_running(&resolve->batch)) {
        loop_timer_start(resolve->options.loop, &resolve->batch, RESOLVE_BATCH_MS);
    }
}

/* ---- What is wanted ---- */

static void name_want(struct resolve *resolve, struct str text)
{
    struct resolve__name *name = map_get(resolve->names, text);
    if (name == NULL) {
        name = resolve__name_new(resolve, text);
        (void)map_set(resolve->names, text, name); /* it was not there */
        name->is_missing = true;
        resolve->missing++;
    }
    name->wanted = resolve->set_count;
}

static void names_update(struct resolve *resolve)
{
    resolve->set_count++;
    for (size_t i = 0; i < resolve->sets.all.count; i++) {
        const struct model_endpoint_set *set = resolve->sets.all.items[i].published->endpoint_set;
        for (size_t j = 0; j < set->endpoint_count; j++) {
            if (!resolve__is_address(&set->endpoints[j]))
                name_want(resolve, set->endpoints[j].address);
        }
    }
    struct resolve__name *name;
    struct map_cursor at = {0};
    while ((name = map_next(resolve->names, &at)) != NULL) {
        if (name->wanted == resolve->set_count)
            continue;
        (void)map_remove(resolve->names, name->text); /* is `name` */
        name_forgo(name);
        (void)resolve__name_free(name); /* always NULL */
    }
}

bool resolve_set(struct resolve *resolve, const struct model_snapshot *snapshot)
{
    ASSERT(resolve != NULL && snapshot != NULL);
    const struct model_snapshot *before = resolve->published;
    resolve->published = model_snapshot_ref(snapshot);
    resolve->is_current = false;
    resolve__sets_update(&resolve->sets, before, snapshot);
    if (before != NULL)
        (void)model_snapshot_unref(before); /* always NULL */
    names_update(resolve);
    stop_waiting(resolve);
    loop_timer_stop(resolve->options.loop, &resolve->batch); /* whoever sets one takes another */
    resolve->is_waiting = resolve->missing > 0;
    if (resolve->is_waiting)
        loop_timer_start(resolve->options.loop, &resolve->wait, RESOLVE_WAIT_MS);
    return !resolve->is_waiting;
}

/* ---- What is resolved ---- */

static const struct resolve__record *record_find(const void *arg, struct str text)
{
    const struct resolve *resolve = arg;
    const struct resolve__name *name = map_get(resolve->names, text);
    ASSERT(name != NULL); /* it is wanted */
    return &name->record;
}

static bool is_stale(const struct resolve *resolve, const struct resolve__set *set)
{
    const struct model_endpoint_set *published = set->published->endpoint_set;
    if (set->resolved == NULL)
        return true;
    for (size_t i = 0; i < published->endpoint_count; i++) {
        const struct resolve__name *name = map_get(resolve->names, published->endpoints[i].address);
        if (name != NULL && name->changed > set->made)
            return true;
    }
    return false;
}

static const struct model_resource *set_resolved(const struct resolve *resolve,
                                                 struct resolve__set *set)
{
    if (is_stale(resolve, set)) {
        if (set->resolved != NULL)
            (void)model_resource_unref(set->resolved); /* always NULL */
        set->resolved = resolve__set_make(set->published->endpoint_set, record_find, resolve);
        set->made = resolve->counts.changes;
    }
    return set->resolved;
}

static void forget_resolved(struct resolve *resolve)
{
    if (resolve->resolved != NULL)
        resolve->resolved = model_snapshot_unref(resolve->resolved);
}

static void make(struct resolve *resolve)
{
    size_t count = resolve->sets.all.count;
    const struct model_resource **sets = MEM_NEW_ARRAY(const struct model_resource *, count);
    for (size_t i = 0; i < count; i++)
        sets[i] = set_resolved(resolve, &resolve->sets.all.items[i]);
    const struct model_snapshot *resolved = NULL;
    enum err result = model_snapshot_with(resolve->published, sets, count, &resolved, NULL);
    ASSERT(result == ERR_OK); /* kinds and names are those of one that was */
    (void)mem_free(sets);     /* always NULL */
    forget_resolved(resolve);
    resolve->resolved = resolved;
    resolve->is_current = true;
}

const struct model_snapshot *resolve_snapshot(struct resolve *resolve)
{
    ASSERT(resolve->published != NULL);
    if (resolve->sets.all.count == 0) {
        forget_resolved(resolve);
        return model_snapshot_ref(resolve->published);
    }
    if (!resolve->is_current)
        make(resolve);
    return model_snapshot_ref(resolve->resolved);
}

/* ---- Life ---- */

struct resolve *resolve_new(const struct resolve_options *options)
{
    ASSERT(options->loop != NULL && options->dns != NULL);
    struct resolve *resolve = MEM_NEW(struct resolve);
    resolve->options = *options;
    resolve->limits = (struct resolve__limits){
        .ttl_min_ms = options->ttl_min_ms > 0 ? options->ttl_min_ms : RESOLVE_TTL_MIN_MS,
        .retry_ms = options->retry_ms > 0 ? options->retry_ms : RESOLVE_RETRY_MS,
    };
    random_init(&resolve->random);
    resolve->names = map_new();
    loop_timer_init(&resolve->wait, on_wait, resolve);
    loop_timer_init(&resolve->batch, on_batch, resolve);
    return resolve;
}

struct resolve *resolve_free(struct resolve *resolve)
{
    if (resolve == NULL)
        return NULL;
    struct resolve__name *name;
    struct map_cursor at = {0};
    while ((name = map_next(resolve->names, &at)) != NULL)
        (void)resolve__name_free(name); /* always NULL */
    resolve->names = map_free(resolve->names);
    loop_timer_stop(resolve->options.loop, &resolve->wait);
    loop_timer_stop(resolve->options.loop, &resolve->batch);
    resolve__sets_deinit(&resolve->sets);
    forget_resolved(resolve);
    if (resolve->published != NULL)
        (void)model_snapshot_unref(resolve->published); /* always NULL */
    return mem_free(resolve);
}
