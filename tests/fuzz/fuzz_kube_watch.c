/* Any bytes as a watch, however they are cut, and as a list: the objects that are known in the end
 * are the same, and all of them are told to be gone when it is closed. The first byte says how the
 * watch is cut. */
#include <stddef.h>
#include <stdint.h>

#include "control/kube/reflector.h"
#include "core/base/assert.h"
#include "core/base/hash.h"

/* What a listener saw. */
struct seen {
    uint64_t events; /* a hash of all of them */
    size_t kept;
};

static void note(struct seen *seen, uint64_t event, struct str text)
{
    seen->events = hash_bytes(text.data, text.size, seen->events * 31 + event);
}

static void on_apply(void *arg, const struct jv *object, void **kept)
{
    struct seen *seen = arg;
    struct buf text;
    buf_init(&text, (size_t)1 << 24);
    jv_print(object, &text);
    note(seen, 1, buf_str(&text));
    buf_deinit(&text);
    seen->kept += *kept == NULL;
    *kept = seen;
}

static void on_refuse(void *arg, struct str name_space, struct str name, const char *reason,
                      void **kept)
{
    struct seen *seen = arg;
    note(seen, 2, name_space);
    note(seen, 3, name);
    ASSERT(reason[0] != '\0');
    seen->kept += *kept == NULL;
    *kept = seen;
}

static void on_remove(void *arg, struct str name_space, struct str name, void *kept)
{
    struct seen *seen = arg;
    ASSERT(kept == seen && seen->kept > 0);
    seen->kept--;
    note(seen, 4, name_space);
    note(seen, 5, name);
}

static void on_state(void *arg, enum kube_watch_state state, const struct err_info *reason)
{
    struct seen *seen = arg;
    note(seen, 6 + (uint64_t)state, STR_EMPTY);
    ASSERT((state == KUBE_WATCH_FAILING || state == KUBE_WATCH_ABSENT) ==
           (reason->message[0] != '\0'));
}

static struct random chance; /* the same pauses each time */

static struct kube__reflector *reflector_new(struct seen *seen)
{
    struct kube_watch_options options = {.path = STR("/apis/x/v1/things"), .timeout_s = 60};
    struct kube_watch_events events = {
        .apply = on_apply,
        .refuse = on_refuse,
        .remove = on_remove,
        .state = on_state,
        .arg = seen,
    };
    chance = (struct random){{1, 2, 3, 4}};
    *seen = (struct seen){.kept = 0};
    return kube__reflector_new(&options, &events, &chance);
}

/* One step that is no pause, for which the machine may ask at most once in a row. */
static enum kube__step next(struct kube__reflector *reflector)
{
    uint64_t pause_ms = 0;
    enum kube__step step = kube__reflector_step(reflector, &pause_ms);
    if (step != KUBE__PAUSE)
        return step;
    ASSERT(pause_ms > 0 && pause_ms <= KUBE_RETRY_AFTER_MAX_MS + KUBE_PAUSE_MAX_MS);
    kube__reflector_paused(reflector);
    step = kube__reflector_step(reflector, &pause_ms);
    ASSERT(step != KUBE__PAUSE);
    return step;
}

/* The bytes as a watch, in pieces of `piece` bytes. */
static struct seen watch(struct str bytes, size_t piece)
{
    static const char list[] = "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":["
                               "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"}}]}";
    struct seen seen;
    struct kube__outcome listed = {.status = 200, .body = str_of(list)};
    struct kube__outcome ended = {.status = 200};
    struct kube__reflector *reflector = reflector_new(&seen);
    ASSERT(next(reflector) == KUBE__LIST);
    kube__reflector_listed(reflector, &listed);
    ASSERT(next(reflector) == KUBE__WATCH);
    kube__reflector_opened(reflector);
    bool more = true;
    for (struct str rest = bytes; more && rest.size > 0; rest = str_from(rest, piece))
        more = kube__reflector_read(reflector, str_first(rest, piece));
    kube__reflector_ended(reflector, &ended, 5000);
    ASSERT(more ? next(reflector) == KUBE__WATCH : next(reflector) != KUBE__PAUSE);
    ASSERT(kube__reflector_count(reflector) == seen.kept);
    struct seen result = seen;
    (void)kube__reflector_free(reflector); /* always NULL */
    ASSERT(seen.kept == 0);
    return result;
}

static void list(struct str bytes)
{
    struct seen seen;
    struct kube__outcome listed = {.status = 200, .body = bytes};
    struct kube__reflector *reflector = reflector_new(&seen);
    ASSERT(next(reflector) == KUBE__LIST);
    kube__reflector_listed(reflector, &listed);
    ASSERT(kube__reflector_count(reflector) == seen.kept);
    (void)next(reflector);                 /* whatever it is */
    (void)kube__reflector_free(reflector); /* always NULL */
    ASSERT(seen.kept == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str bytes = str_make((const char *)data + 1, size - 1);
    struct seen whole = watch(bytes, MAX(bytes.size, (size_t)1));
    struct seen cut = watch(bytes, (size_t)data[0] % 64 + 1);
    ASSERT(whole.events == cut.events && whole.kept == cut.kept);
    list(bytes);
    return 0;
}
