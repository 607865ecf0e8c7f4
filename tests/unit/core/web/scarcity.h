/* A while in which no descriptor is left, on a loop that should have nothing to do meanwhile. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../turns.h"
#include "core/loop/loop.h"

#define SCARCITY_DESCRIPTORS 128
#define SCARCITY_MS          400U

static inline uint64_t scarcity_cpu_ms(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* Turns the loop for a while without a descriptor. Returns the time that the processor worked. */
static inline uint64_t scarcity_turn(struct loop *loop)
{
    struct rlimit before;
    int taken[SCARCITY_DESCRIPTORS];
    size_t count = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit few = {.rlim_cur = SCARCITY_DESCRIPTORS, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    while ((taken[count] = dup(STDIN_FILENO)) != -1)
        count++;
    assert_true(count > 0);
    uint64_t start_ms = scarcity_cpu_ms();
    turns_for(loop, SCARCITY_MS);
    uint64_t worked_ms = scarcity_cpu_ms() - start_ms;
    while (count > 0)
        assert_int_equal(close(taken[--count]), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    return worked_ms;
}
