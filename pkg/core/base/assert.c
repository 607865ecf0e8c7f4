#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *condition, const char *file, int line)
{
    /* lint: allow output: the last words of a broken program */
    (void)fprintf(stderr, "otemon: bug: %s at %s:%d\n", condition, file, line);
    abort();
}
