/* The two clocks. Pure code takes the time as an argument; only loops and programs read it. */
#pragma once

#include <stdint.h>

/* Monotonic, from an arbitrary start. */
uint64_t clock_now_ms(void);
uint64_t clock_now_us(void);

/* Wall time, for people and certificates: milliseconds since 1970 UTC. */
uint64_t clock_wall_ms(void);

/* "2026-11-24T03:50:19.123Z" and its terminator. */
#define CLOCK_TEXT_SIZE 25

/* Writes `wall_ms` as RFC 3339 in UTC. Years 1970 to 9999. */
void clock_format(uint64_t wall_ms, char ret_text[CLOCK_TEXT_SIZE]);
