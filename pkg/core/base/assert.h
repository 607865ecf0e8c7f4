/* Assertions: on in production, and they mean a bug in this program.
 *
 * Data from outside is never asserted: it is checked and refused. */
#pragma once

#include "core/base/attr.h"

NORETURN void assert_failed(const char *condition, const char *file, int line);

#define ASSERT(condition) \
    (LIKELY(condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))

/* For checks too slow for production: debug builds only. */
#ifdef DEBUG
#define ASSERT_SLOW(condition) ASSERT(condition)
#else
#define ASSERT_SLOW(condition) ((void)sizeof(condition))
#endif

/* Marks a place that no valid state reaches. */
#define UNREACHABLE() assert_failed("unreachable", __FILE__, __LINE__)
