/* A reflector with a listener that writes down what it is told. For the tests of its files. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/kube/machine.h"
#include "control/kube/target.h"
#include "core/base/mem.h"

/* "init " a listing begins, "+name=version " applied, "-name " removed, "!name " refused, "done "
 * a listing is complete, "ready ", "absent ", "failing(reason) " states. What is kept for an object
 * is the number of times that it was applied. */
struct reflected {
    struct kube__reflector *reflector;
    struct random random;
    struct buf events;
    size_t kept; /* objects for which something is */
};

static struct reflected f;

static inline void on_init(void *arg)
{
    (void)arg;
    buf_append(&f.events, STR("init "));
}

static inline void on_init_done(void *arg)
{
    (void)arg;
    buf_append(&f.events, STR("done "));
}

static inline void count(void **kept)
{
    if (*kept == NULL)
        f.kept++;
    *kept = (void *)((uintptr_t)*kept + 1); /* a count, which no pointer is */
}

static inline void on_apply(void *arg, const struct jv *object, void **kept)
{
    (void)arg;
    const struct jv *metadata = jv_get(object, STR("metadata"));
    struct str name = jv_text(jv_get(metadata, STR("name")));
    struct str version = jv_text(jv_get(metadata, STR("resourceVersion")));
    buf_printf(&f.events, "+%.*s=%.*s ", STR_ARG(name), STR_ARG(version));
    count(kept);
}

static inline void on_refuse(void *arg, struct str name_space, struct str name, const char *reason,
                             void **kept)
{
    (void)arg;
    (void)name_space;
    assert_true(reason[0] != '\0');
    buf_printf(&f.events, "!%.*s ", STR_ARG(name));
    count(kept);
}

static inline void on_remove(void *arg, struct str name_space, struct str name, void *kept)
{
    (void)arg;
    (void)name_space;
    assert_non_null(kept);
    f.kept--;
    if (name.size > 0)
        buf_printf(&f.events, "-%.*s ", STR_ARG(name));
}

static inline void on_state(void *arg, enum kube_watch_state state, const struct err_info *reason)
{
    (void)arg;
    switch (state) {
    case KUBE_WATCH_LISTING: break;
    case KUBE_WATCH_READY: buf_append(&f.events, STR("ready ")); break;
    case KUBE_WATCH_ABSENT: buf_append(&f.events, STR("absent ")); break;
    case KUBE_WATCH_FAILING: buf_printf(&f.events, "failing(%s) ", reason->message); break;
    }
}

static const struct kube_watch_events REFLECTED_EVENTS = {
    .init = on_init,
    .apply = on_apply,
    .refuse = on_refuse,
    .remove = on_remove,
    .init_done = on_init_done,
    .state = on_state,
};

static const struct kube_watch_options REFLECTED_OPTIONS = {
    .path = STR_INIT("/apis/x/v1/things"),
    .page = 4,
    .timeout_s = 100,
};

static inline int reflected_teardown(void **state)
{
    (void)state;
    f.reflector = kube__reflector_free(f.reflector);
    assert_int_equal(f.kept, 0);
    buf_deinit(&f.events);
    return 0;
}

/* A fresh one; a test may call it again. */
static inline int reflected_setup(void **state)
{
    if (f.reflector != NULL) /* a test that begins anew */
        (void)reflected_teardown(state);
    memset(&f, 0, sizeof(f));
    random_init(&f.random);
    buf_init(&f.events, 1 << 16);
    f.reflector = kube__reflector_new(&REFLECTED_OPTIONS, &REFLECTED_EVENTS, &f.random);
    return 0;
}

/* What came since the last look. */
static inline void assert_events(const char *wanted)
{
    buf_append_char(&f.events, '\0');
    assert_string_equal(f.events.data, wanted);
    buf_clear(&f.events);
}

/* The next request is this one. */
static inline void assert_target(enum kube__step wanted, const char *target)
{
    uint64_t pause_ms = 0;
    struct buf text;
    buf_init(&text, KUBE__TARGET_SIZE_MAX);
    assert_int_equal(kube__reflector_step(f.reflector, &pause_ms), wanted);
    kube__reflector_target(f.reflector, &text);
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, target);
    buf_deinit(&text);
}

/* A pause of so many milliseconds is next; it passes. */
static inline void assert_pause(uint64_t least_ms, uint64_t most_ms)
{
    uint64_t pause_ms = 0;
    assert_int_equal(kube__reflector_step(f.reflector, &pause_ms), KUBE__PAUSE);
    assert_in_range(pause_ms, least_ms, most_ms);
    kube__reflector_paused(f.reflector);
}

static inline void answer_list(unsigned status, const char *body)
{
    struct kube__outcome outcome = {.status = status, .body = str_of(body)};
    kube__reflector_listed(f.reflector, &outcome);
}

/* The transfer failed before an answer. */
static inline void fail_list(enum err err, const char *message)
{
    struct kube__outcome outcome = {.err = err, .message = message};
    kube__reflector_listed(f.reflector, &outcome);
}

static inline void end_watch(unsigned status, const char *body, uint64_t lived_ms)
{
    struct kube__outcome outcome = {.status = status, .body = str_of(body)};
    kube__reflector_ended(f.reflector, &outcome, lived_ms);
}

#define ITEM(name, version) \
    "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define LIST(version, items) \
    "{\"kind\":\"L\",\"metadata\":{\"resourceVersion\":\"" version "\"},\"items\":[" items "]}"
#define PAGE(version, next, items)                              \
    "{\"items\":[" items "],\"metadata\":{\"continue\":\"" next \
    "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define STATUS(code, reason)                                                             \
    "{\"kind\":\"Status\",\"code\":" code ",\"reason\":\"" reason "\",\"message\":\"so " \
    "it is\"}"

#define TARGET_LIST "/apis/x/v1/things?limit=4"
#define TARGET_WATCH(v)                                                                           \
    "/apis/x/v1/things?watch=true&allowWatchBookmarks=true&resourceVersion=" v "&timeoutSeconds=" \
    "100"

/* Lists what there is and begins to watch from version `v`. */
#define BEGIN_WATCH(v, items)                        \
    do {                                             \
        assert_target(KUBE__LIST, TARGET_LIST);      \
        answer_list(200, LIST(v, items));            \
        assert_target(KUBE__WATCH, TARGET_WATCH(v)); \
        kube__reflector_opened(f.reflector);         \
        buf_clear(&f.events);                        \
    } while (0)
