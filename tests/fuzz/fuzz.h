/* What libFuzzer, or the replay program, calls with one input. Each fuzz_<parser>.c defines it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
