/* Names that are wanted: asked for, and again. */
#include "core/base/mem.h"
#include "data/resolve/parts.h"

static void on_answer(void *arg, const struct dns_answer *answer)
{
    struct resolve__name *name = arg;
    struct resolve *resolve = name->resolve;
    name->question = NULL;
    struct resolve__outcome outcome = resolve__record_take(&name->record, answer, &resolve->limits,
                                                           &resolve->random);
    if (answer->outcome == DNS_FOUND)
        name->confirmed_ms = loop_now_ms(resolve->options.loop);
    else
        resolve->counts.failures++;
    loop_timer_start(resolve->options.loop, &name->again, outcome.pause_ms);
    resolve__on_outcome(name, &outcome);
}

static void ask(void *arg)
{
    struct resolve__name *name = arg;
    name->resolve->counts.queries++;
    name->question = dns_resolve(name->resolve->options.dns, name->text, on_answer, name);
}

struct resolve__name *resolve__name_new(struct resolve *resolve, struct str text)
{
    struct resolve__name *name = mem_zero(1, sizeof(*name) + text.size);
    memcpy(name->area, text.data, text.size);
    name->text = str_make(name->area, text.size);
    name->resolve = resolve;
    loop_timer_init(&name->again, ask, name);
    resolve->counts.names++;
    ask(name);
    return name;
}

struct resolve__name *resolve__name_free(struct resolve__name *name)
{
    name->resolve->counts.names--;
    name->question = dns_cancel(name->question);
    loop_timer_stop(name->resolve->options.loop, &name->again);
    resolve__record_deinit(&name->record);
    return mem_free(name);
}
