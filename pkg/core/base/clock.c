#include "core/base/clock.h"

#include <stdio.h>
#include <time.h>

#include "core/base/assert.h"

static uint64_t read_us(clockid_t id)
{
    struct timespec now;
    ASSERT(clock_gettime(id, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_now_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

uint64_t clock_now_ms(void)
{
    return clock_now_us() / 1000;
}

uint64_t clock_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}

void clock_format(uint64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    ASSERT(gmtime_r(&seconds, &parts) != NULL);
    ASSERT(parts.tm_year >= 0 && parts.tm_year < 8100);
    char date[64];
    ASSERT(strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts) == CLOCK_TEXT_SIZE - 6);
    int size = snprintf(ret_text, CLOCK_TEXT_SIZE, "%.19s.%03uZ", date, (unsigned)(wall_ms % 1000));
    ASSERT(size == CLOCK_TEXT_SIZE - 1);
}
