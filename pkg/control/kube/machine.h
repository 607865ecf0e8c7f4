/* What the files of the reflector share. Private to control/kube. */
#pragma once

#include "control/kube/known.h"
#include "control/kube/reflector.h"

enum kube__reflector_state {
    KUBE__EMPTY,
    KUBE__PAGING,
    KUBE__LISTED,
    KUBE__WATCHING,
};

/* What a watch said that ends it. */
enum kube__verdict {
    KUBE__VERDICT_NONE,
    KUBE__VERDICT_GONE,   /* the version is too old */
    KUBE__VERDICT_RELIST, /* what came cannot be understood, so that something may be missing */
    KUBE__VERDICT_ERROR,  /* an ERROR event of another kind */
};

struct kube__reflector {
    struct arena *strings; /* of the options */
    struct kube_watch_options options;
    struct kube_watch_events events;
    struct random *random;

    enum kube__reflector_state state;
    enum kube__verdict verdict;
    bool paused; /* `pause_ms` are to be waited before the next request */
    uint64_t pause_ms;
    unsigned failures; /* in a row, for the length of pauses */
    unsigned resumes;  /* that failed, from this version */
    unsigned absences; /* lists in a row that did not find the kind */
    unsigned page;     /* objects to ask for */
    unsigned timeout_s;

    uint32_t listing;   /* counts them */
    struct map *known;  /* struct kube__object, by namespace and name */
    struct buf version; /* to resume from */
    struct buf next;    /* the token of the next page */
    struct buf line;    /* the beginning of an event whose end has not come */
    struct arena *arena;

    bool has_told; /* a state has been told */
    enum kube_watch_state told_state;
    struct err_info told_reason;
    struct err_info error; /* what the last ERROR event said */
};

/* Nothing of the former object is needed any more. */
void kube__arena_renew(struct kube__reflector *r);

/* Tells a state, unless it has been told with this reason. */
void kube__tell(struct kube__reflector *r, enum kube_watch_state state,
                const struct err_info *reason);

/* Waits before the next request, as long as the failures in a row ask for and at least for
 * `least_ms`. */
void kube__back_off(struct kube__reflector *r, uint64_t least_ms);

/* Asks again in a while for what somebody has to do something about. */
void kube__wait_calmly(struct kube__reflector *r);

void kube__fail(struct kube__reflector *r, const struct err_info *reason, uint64_t least_ms);

/* What came is not what the API server's protocol says: everything is listed again. */
void kube__fail_protocol(struct kube__reflector *r, const char *what);

/* Everything is to be listed again. The first time after a good while at once. */
void kube__start_over(struct kube__reflector *r);

/* The object is there, in this version. */
void kube__apply_object(struct kube__reflector *r, const struct kube__identity *identity,
                        const struct jv *value);

/* As that, for one that is too much. */
void kube__refuse_object(struct kube__reflector *r, const struct kube__identity *identity,
                         const char *reason);

/* The identity of an object whose text is too much to be parsed as a whole. */
MUST_USE bool kube__identify_text(struct kube__reflector *r, struct str text,
                                  struct kube__identity *ret_identity);
