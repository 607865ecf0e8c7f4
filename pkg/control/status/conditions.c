#include "control/status/parts.h"

static struct str value_text(enum status_value value)
{
    switch (value) {
    case STATUS_FALSE: return STR("False");
    case STATUS_TRUE: return STR("True");
    case STATUS_UNKNOWN: return STR("Unknown");
    }
    return STR("Unknown");
}

/* When the condition became what it is. */
static struct str transition_time(const struct status__page *page,
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
    return str_of(page->now.text);
}

static void condition_write(struct status__page *page, const struct status_condition *condition,
                            const struct jv *before)
{
    struct jv_writer *writer = &page->writer;
    jv_write_object(writer);
    jv_write_member_string(writer, STR("lastTransitionTime"),
                           transition_time(page, condition, before));
    jv_write_member_string(writer, STR("message"), condition->message);
    jv_write_member_u64(writer, STR("observedGeneration"), page->object->generation);
    jv_write_member_string(writer, STR("reason"), condition->reason);
    jv_write_member_string(writer, STR("status"), value_text(condition->value));
    jv_write_member_string(writer, STR("type"), condition->type);
    jv_write_end(writer);
}

void status__conditions_write(struct status__page *page, struct status_conditions conditions,
                              const struct jv *before)
{
    jv_write_key(&page->writer, STR("conditions"));
    jv_write_array(&page->writer);
    for (size_t i = 0; i < conditions.count; i++)
        condition_write(page, &conditions.items[i], before);
    jv_write_end(&page->writer);
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
