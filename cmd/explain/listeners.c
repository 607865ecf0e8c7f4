/* The listener of a port: of one gateway, though of several of its dataplanes. */
#include "explain/parts.h"

bool explain__is_wanted(const struct explain_scope *scope, const struct explain_place *place,
                        struct str gateway)
{
    struct str name = scope->gateway;
    struct str mesh = str_cut(&name, '/');
    if (name.data == NULL)
        return scope->gateway.size == 0 || str_equal(scope->gateway, gateway);
    return str_equal(mesh, place->mesh) && str_equal(name, gateway);
}

static void note(struct explain_answer *answer, const struct explain_place *place,
                 const struct model_listener *listener)
{
    if (answer->listener == NULL) {
        answer->place = place;
        answer->listener = listener;
    }
    bool is_same = str_equal(answer->place->mesh, place->mesh) &&
                   str_equal(answer->listener->gateway, listener->gateway);
    if (is_same)
        answer->same_count++;
    else
        answer->outcome = EXPLAIN_AMBIGUOUS;
}

bool explain__find_listener(const struct explain_scope *scope, struct explain_answer *answer)
{
    answer->outcome = EXPLAIN_NO_LISTENER;
    for (size_t i = 0; i < scope->count; i++) {
        size_t count;
        const struct model_resource *const *listeners = model_snapshot_kind(
            scope->places[i].snapshot, MODEL_LISTENER, &count);
        for (size_t j = 0; j < count; j++) {
            const struct model_listener *listener = listeners[j]->listener;
            if (listener->port == answer->request->port &&
                explain__is_wanted(scope, &scope->places[i], listener->gateway))
                note(answer, &scope->places[i], listener);
        }
    }
    if (answer->outcome != EXPLAIN_AMBIGUOUS)
        return answer->listener != NULL;
    answer->place = NULL;
    answer->listener = NULL;
    return false;
}

struct explain__where explain__where(const struct explain_answer *answer)
{
    const struct explain_unserved *unserved = answer->unserved;
    const struct model_listener *listener = answer->listener;
    if (unserved != NULL)
        return (struct explain__where){unserved->gateway, unserved->port, unserved->protocol};
    return (struct explain__where){listener->gateway, listener->port,
                                   str_of(model_protocol_name(listener->protocol))};
}
