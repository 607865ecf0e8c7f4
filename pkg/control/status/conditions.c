#include "control/status/parts.h"

#include "core/base/clock.h"

static struct str value_text(enum status_value value)
{
    switch (value) {
    case STATUS_FALSE: return STR("False");
    case STATUS_TRUE: return STR("True");
    case STATUS_UNKNOWN: return STR("Unknown");
    }
    return STR("Unknown");
}

void status__context_init(struct status__context *context, const struct status_object *object,
                          struct arena *arena)
{
    *context = (struct status__context){.object = object, .arena = arena};
    const struct jv *previous = NULL;
    /* What stands there was written by anybody: what cannot be read counts as nothing. */
    if (object->previous.size > 0 &&
        jv_parse(arena, object->previous, JV_VALUES_MAX, &previous, NULL) == ERR_OK)
        context->previous = previous;
    char text[CLOCK_TEXT_SIZE];
    clock_format(object->now_ms, text);
    memcpy(context->now, text, 19); /* without the milliseconds, which metav1.Time has not */
    memcpy(context->now + 19, "Z", 2);
}

/* When the condition became what it is. */
static struct str transition_time(const struct status__context *context,
                                  const struct status_condition *condition, const struct jv *before)
{
    const struct jv *list = jv_get(before, STR("conditions"));
    for (size_t i = 0; i < jv_item_count(list); i++) {
        const struct jv *item = list->items[i];
        struct str since = jv_text(jv_get(item, STR("lastTransitionTime")));
        if (str_equal(jv_text(jv_get(item, STR("type"))), condition->type) &&
            str_equal(jv_text(jv_get(item, STR("status"))), value_text(condition->value)) &&
            since.size > 0)
            return since;
    }
    return str_of(context->now);
}

static void condition_write(const struct status__context *context, struct jv_writer *writer,
                            const struct status_condition *condition, const struct jv *before)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("lastTransitionTime"),
                           transition_time(context, condition, before));
    jv_write_member_string(writer, STR("message"), condition->message);
    jv_write_member_u64(writer, STR("observedGeneration"), context->object->generation);
    jv_write_member_string(writer, STR("reason"), condition->reason);
    jv_write_member_string(writer, STR("status"), value_text(condition->value));
    jv_write_member_string(writer, STR("type"), condition->type);
    jv_write_end(writer);
}

void status__conditions_write(const struct status__context *context, struct jv_writer *writer,
                              struct status_conditions conditions, const struct jv *before)
{
    jv_write_key(writer, STR("conditions"));
    jv_write_array(writer);
    for (size_t i = 0; i < conditions.count; i++)
        condition_write(context, writer, &conditions.items[i], before);
    jv_write_end(writer);
}

void status_condition_merge(struct status_condition *into, const struct status_condition *other)
{
    static const int weights[] = {
        [STATUS_FALSE] = 2,
        [STATUS_TRUE] = 0,
        [STATUS_UNKNOWN] = 1,
    };
    if (weights[other->value] > weights[into->value])
        *into = *other;
}
