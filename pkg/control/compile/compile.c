#include "control/compile/compile.h"

#include "control/compile/stages.h"
#include "core/base/assert.h"

static const struct model_snapshot *finish(struct compile__run *run)
{
    const struct model_snapshot *snapshot = NULL;
    enum err err = model_snapshot_new(run->resources.items, run->resources.count, &snapshot, NULL);
    ASSERT(err == ERR_OK);    /* every reference was made together with what it names */
    run->resources.count = 0; /* the snapshot has taken them over */
    return snapshot;
}

const struct model_snapshot *compile_snapshot(const struct compile_input *input,
                                              struct finding_list *findings)
{
    struct compile__run run;
    compile__run_init(&run, input, findings);
    struct compile__ports ports = compile__merge_ports(&run, compile__bind(&run));
    for (size_t i = 0; i < ports.count; i++) {
        struct compile__port *port = &ports.items[i];
        compile__load_certificates(&run, port);
        if (port->listener_count > 0)
            compile__emit_port(&run, port);
    }
    const struct model_snapshot *snapshot = finish(&run);
    compile__run_deinit(&run);
    return snapshot;
}
