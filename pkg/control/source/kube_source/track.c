#include "control/source/kube_source/track.h"

#include "core/base/mem.h"

/* What is kept for an object of the API server. */
struct entry {
    const struct api_object *object; /* NULL: it could not be decoded */
    struct entry *below;             /* has the same key, and delivered before us */
    bool is_reported;
};

/* "Secret x/y", and mesh with name for keys: names have at most 253 bytes, but that is the server's
 * to see to. */
#define TEXT_SIZE_MAX ((size_t)4096)

void kube_source__track_init(struct kube_source__track *track,
                             const struct kube_source_options *options)
{
    *track = (struct kube_source__track){
        .events = *options->events,
        .document = options->document,
        .arg = options->arg,
        .holders = map_new(),
        .problems = finding_list_new(),
    };
}

void kube_source__track_deinit(struct kube_source__track *track)
{
    track->holders = map_free(track->holders);
    track->problems = finding_list_free(track->problems);
}

/* Only Secrets come from two watches. */
static bool is_shared(const struct api_object *object)
{
    return object->key.kind == API_SECRET;
}

static void key_print(const struct api_key *key, struct buf *text)
{
    buf_append(text, key->mesh);
    buf_append_char(text, '/');
    buf_append(text, key->name);
}

/* The key of `entry`, and who holds it. */
static struct entry *holder_of(const struct kube_source__track *track, const struct entry *entry,
                               struct buf *key)
{
    buf_init(key, TEXT_SIZE_MAX);
    key_print(&entry->object->key, key);
    return map_get(track->holders, buf_str(key));
}

/* Takes `entry` from below others. */
static void unlink_below(struct entry *top, const struct entry *entry)
{
    for (struct entry *above = top; above != NULL; above = above->below) {
        if (above->below == entry)
            above->below = entry->below;
    }
}

/* The key is that of `entry` from now on. */
static void hold(struct kube_source__track *track, struct entry *entry)
{
    if (!is_shared(entry->object))
        return;
    struct buf key;
    struct entry *top = holder_of(track, entry, &key);
    if (top != entry) {
        unlink_below(top, entry);
        entry->below = top;
        (void)map_set(track->holders, buf_str(&key), entry); /* is `top` */
    }
    buf_deinit(&key);
}

/* Gives up the key, and hands it to who had it before. Returns what is under it now, or NULL. */
static const struct api_object *release(struct kube_source__track *track, struct entry *entry)
{
    if (!is_shared(entry->object))
        return NULL;
    struct buf key;
    struct entry *top = holder_of(track, entry, &key);
    if (top != entry) {
        unlink_below(top, entry);
    } else if (entry->below != NULL) {
        top = entry->below;
        (void)map_set(track->holders, buf_str(&key), top); /* is `entry` */
    } else {
        top = NULL;
        (void)map_remove(track->holders, buf_str(&key)); /* is `entry` */
    }
    entry->below = NULL;
    buf_deinit(&key);
    return top == NULL ? NULL : top->object;
}

/* The object under its old key is no more. */
static void forget(struct kube_source__track *track, struct entry *entry)
{
    if (entry->object == NULL)
        return;
    const struct api_object *other = release(track, entry);
    if (other == NULL)
        track->events.remove(track->events.arg, &entry->object->key);
    else
        track->events.apply(track->events.arg, other);
    entry->object = api_object_unref(entry->object);
}

/* Says what `problems` has about the object, or that it has nothing any more. */
static void report(struct kube_source__track *track, enum api_kind kind, struct str name_space,
                   struct str name, struct entry *entry)
{
    bool any = finding_count(track->problems) > 0;
    if (track->events.report == NULL || (!any && !entry->is_reported))
        return;
    struct buf origin;
    buf_init(&origin, TEXT_SIZE_MAX);
    buf_append(&origin, api_kind_name(kind));
    buf_append_char(&origin, ' ');
    if (name_space.size > 0) {
        buf_append(&origin, name_space);
        buf_append_char(&origin, '/');
    }
    buf_append(&origin, name);
    entry->is_reported = any;
    track->events.report(track->events.arg, buf_str(&origin), track->problems);
    buf_deinit(&origin);
}

static struct entry *entry_of(void **kept)
{
    if (*kept == NULL)
        *kept = MEM_NEW(struct entry);
    return *kept;
}

void kube_source__apply(struct kube_source__track *track, enum api_kind kind,
                        const struct jv *document, void **kept)
{
    struct entry *entry = entry_of(kept);
    struct api_origin origin = {.has_kind = true, .kind = kind};
    finding_list_clear(track->problems);
    const struct api_object *object = api_decode(document, &origin, track->problems);
    if (object == NULL ||
        (entry->object != NULL && api_key_compare(&entry->object->key, &object->key) != 0))
        forget(track, entry);
    if (object != NULL) {
        entry->object = api_object_unref(entry->object);
        entry->object = object;
        hold(track, entry);
        track->events.apply(track->events.arg, object);
        if (track->document != NULL)
            track->document(track->arg, object, document);
    }
    const struct jv *metadata = jv_get(document, STR("metadata"));
    report(track, kind, jv_text(jv_get(metadata, STR("namespace"))),
           jv_text(jv_get(metadata, STR("name"))), entry);
}

void kube_source__refuse(struct kube_source__track *track, enum api_kind kind,
                         struct str name_space, struct str name, const char *reason, void **kept)
{
    struct entry *entry = entry_of(kept);
    struct finding_subject subject = {.kind = api_kind_name(kind), .name = name};
    forget(track, entry);
    finding_list_clear(track->problems);
    finding_add(track->problems, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
                "is left out, because it is too much: %s. Make it smaller", reason);
    report(track, kind, name_space, name, entry);
}

void kube_source__remove(struct kube_source__track *track, enum api_kind kind,
                         struct str name_space, struct str name, void *kept)
{
    struct entry *entry = kept;
    if (entry == NULL)
        return;
    if (name.size > 0) {
        forget(track, entry);
        finding_list_clear(track->problems);
        report(track, kind, name_space, name, entry);
    }
    (void)api_object_unref(entry->object); /* always NULL */
    mem_free(entry);
}
