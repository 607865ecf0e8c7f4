/* The reflector's lists: pages in, objects and what has vanished out. */
#include "control/kube/machine.h"
#include "control/kube/pieces.h"
#include "core/base/assert.h"
#include "core/base/mem.h"

static void remove_known(struct kube__reflector *r, struct str key, struct kube__object *object)
{
    struct str name_space;
    struct str name;
    kube__known_names(key, &name_space, &name);
    r->events.remove(r->events.arg, name_space, name, object->kept);
}

/* Removes what the listing `r->listing` did not have; 0 is all. */
static void remove_others(struct kube__reflector *r, uint32_t listing)
{
    struct map_cursor at = {0};
    for (struct kube__object *object = NULL; (object = map_next(r->known, &at)) != NULL;) {
        if (object->listing == listing)
            continue;
        remove_known(r, at.key, object);
        (void)map_remove(r->known, at.key); /* is `object` */
        mem_free(object);
    }
}

/* One object of a list. False: it is none. */
static bool item_take(struct kube__reflector *r, struct str text)
{
    const struct jv *value = NULL;
    struct kube__identity identity;
    struct err_info reason = {.message = ""};
    kube__arena_renew(r);
    enum err e = jv_parse(r->arena, text, JV_VALUES_MAX, &value, &reason);
    if (e == ERR_LIMIT && kube__identify_text(r, text, &identity)) {
        kube__refuse_object(r, &identity, reason.message);
        return true;
    }
    if (e != ERR_OK || !kube__identity_read(jv_get(value, STR("metadata")), &identity))
        return false;
    kube__apply_object(r, &identity, value);
    return true;
}

static bool items_take(struct kube__reflector *r, struct str text)
{
    struct kube__pieces pieces;
    struct str key;
    struct str item;
    enum err e = kube__pieces_open(text, &pieces);
    while (e == ERR_OK && (e = kube__pieces_next(&pieces, &key, &item)) == ERR_OK) {
        if (!item_take(r, item))
            return false;
    }
    return e == ERR_NOT_FOUND;
}

/* The version of the whole list, and the token of its next page. */
static bool list_metadata_take(struct kube__reflector *r, struct str text)
{
    const struct jv *metadata = NULL;
    kube__arena_renew(r);
    if (jv_parse(r->arena, text, JV_VALUES_MAX, &metadata, NULL) != ERR_OK)
        return false;
    buf_clear(&r->version);
    buf_append(&r->version, jv_text(jv_get(metadata, STR("resourceVersion"))));
    buf_clear(&r->next);
    buf_append(&r->next, jv_text(jv_get(metadata, STR("continue"))));
    return r->version.size > 0 && !buf_overflowed(&r->version) && !buf_overflowed(&r->next);
}

static void list_done(struct kube__reflector *r)
{
    remove_others(r, r->listing);
    r->state = KUBE__LISTED;
    r->resumes = 0;
    r->page = r->options.page;
    r->events.init_done(r->events.arg);
    kube__tell(r, KUBE_WATCH_READY, NULL);
}

static void page_take(struct kube__reflector *r, struct str body)
{
    struct kube__pieces pieces;
    struct str key;
    struct str value;
    bool has_metadata = false;
    r->absences = 0;
    if (r->state == KUBE__EMPTY) {
        r->listing++;
        r->events.init(r->events.arg);
    }
    r->state = KUBE__PAGING;
    enum err e = kube__pieces_open(body, &pieces);
    while (e == ERR_OK && (e = kube__pieces_next(&pieces, &key, &value)) == ERR_OK) {
        bool taken = true;
        if (str_equal(key, STR("items")))
            taken = str_equal(value, STR("null")) || items_take(r, value);
        else if (str_equal(key, STR("metadata")))
            taken = has_metadata = list_metadata_take(r, value);
        if (!taken)
            e = ERR_INVALID;
    }
    if (e != ERR_NOT_FOUND || !has_metadata)
        kube__fail_protocol(r, "the list cannot be read");
    else if (r->next.size == 0)
        list_done(r);
}

/* A kind is absent when that was said often enough; until then it is as if nothing was said. */
static void list_absent(struct kube__reflector *r, const struct err_info *reason)
{
    r->state = KUBE__EMPTY;
    buf_clear(&r->next);
    r->absences++;
    if (map_count(r->known) == 0 || r->absences >= KUBE_ABSENT_LISTS) {
        remove_others(r, 0);
        kube__tell(r, KUBE_WATCH_ABSENT, reason);
    } else {
        kube__tell(r, KUBE_WATCH_FAILING, reason);
    }
    kube__wait_calmly(r);
}

void kube__reflector_listed(struct kube__reflector *r, const struct kube__outcome *outcome)
{
    ASSERT(r->state == KUBE__EMPTY || r->state == KUBE__PAGING);
    if (outcome->err == ERR_OK && outcome->status == 200) {
        page_take(r, outcome->body);
        kube__arena_renew(r);
        return;
    }
    struct err_info reason = {.message = ""};
    enum err e = kube__outcome_reason(outcome, &reason);
    if (e == ERR_LIMIT && r->page > 1)
        r->page /= 2; /* as many objects as fit */
    else if (e == ERR_GONE && r->state == KUBE__PAGING)
        kube__start_over(r); /* the list that its pages are of is too old */
    else if (e == ERR_NOT_FOUND)
        list_absent(r, &reason);
    else
        kube__fail(r, &reason, outcome->retry_after_ms);
}
