/* Compiler attributes and the few macros the whole tree shares. */
#pragma once

#include <stddef.h>

/* The caller has to look at the result. Ignoring it is `(void)` with a reason. */
#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(format_index, first_arg) \
    __attribute__((format(printf, format_index, first_arg)))

#define LIKELY(condition)   __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))

/* The struct of `type` whose field `member` is at `pointer`. */
#define CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Yields `pointer` and clears it: every hand-over of ownership is visible at the call. */
#define TAKE(pointer)                           \
    (__extension__({                            \
        __typeof__(pointer) taken_ = (pointer); \
        (pointer) = NULL;                       \
        taken_;                                 \
    }))

/* The variable is freed at the end of its scope by `x_free`, which takes NULL. TAKE disarms it.
 * A module that wants this defines the adapter with CLEANUP_DEFINE next to its x_free. */
#define CLEANUP(free_function) __attribute__((cleanup(free_function##_cleanup_)))
#define CLEANUP_DEFINE(type, free_function)                     \
    static inline void free_function##_cleanup_(type **pointer) \
    {                                                           \
        (void)free_function(*pointer); /* always NULL */        \
    }                                                           \
    struct free_function##_needs_semicolon_
