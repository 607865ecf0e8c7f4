#include "control/compile/compile.h"

struct compile_result *compile_snapshot(const struct compile_input *input)
{
    struct compile_memory *memory = compile_memory_new();
    struct discovery *discovery = discovery_new(input->cache);
    const struct compile_draft *draft = compile_draft_new(input, memory);
    struct compile_result *result = compile_result_new(draft, discovery, memory);
    draft = compile_draft_unref(draft);
    discovery = discovery_free(discovery);
    memory = compile_memory_free(memory);
    return result;
}
