/* Members that no table names: what their author meant instead, or where they belong. */
#include "control/api/decode.h"
#include "core/base/assert.h"
#include "core/base/spell.h"

#define FIELDS_MAX 24

/* The few names that there are, for who wrote one that is like none of them. */
#define TOLD_MAX 6

/* Objects in objects that are looked through for where a field belongs. */
#define DEPTH_MAX 3

/* What stands beside the fields of a Universal resource. */
static const struct str envelope_names[] = {STR_INIT("type"),   STR_INIT("mesh"),
                                            STR_INIT("name"),   STR_INIT("creationTime"),
                                            STR_INIT("labels"), STR_INIT("modificationTime")};

static bool is_envelope_name(struct str name)
{
    for (size_t i = 0; i < ARRAY_SIZE(envelope_names); i++) {
        if (str_equal(envelope_names[i], name))
            return true;
    }
    return false;
}

static bool is_field_name(const struct api__table *table, struct str name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (str_equal(table->fields[i].name, name) ||
            (name.size > 0 && str_equal(table->fields[i].proto, name)))
            return true;
    }
    return false;
}

/* ---- Where it belongs ---- */

static bool has_below(const struct api__field *field, enum api__type type, struct str name)
{
    return field->type == type && field->table != NULL && is_field_name(field->table, name);
}

/* "conf.http", where an object in the table's, or else an item of a list in it, has the field;
 * "tcp or http", where several have; or empty. */
static struct str find_below(struct arena *arena, const struct api__table *table, struct str name,
                             size_t depth)
{
    const enum api__type types[] = {API__OBJECT, API__LIST};
    struct str below = STR_EMPTY;
    for (size_t i = 0; i < ARRAY_SIZE(types) && below.size == 0; i++) {
        for (size_t j = 0; j < table->count; j++) {
            struct str field = table->fields[j].name;
            if (!has_below(&table->fields[j], types[i], name))
                continue;
            below = below.size == 0
                        ? field
                        : str_format(arena, "%.*s or %.*s", STR_ARG(below), STR_ARG(field));
        }
    }
    if (below.size > 0)
        return below;
    for (size_t i = 0; i < table->count && depth > 1; i++) {
        const struct api__field *field = &table->fields[i];
        if (field->type != API__OBJECT || field->table == NULL)
            continue;
        struct str inner = find_below(arena, field->table, name, depth - 1);
        if (inner.size > 0)
            return str_format(arena, "%.*s.%.*s", STR_ARG(field->name), STR_ARG(inner));
    }
    return STR_EMPTY;
}

/* Tags have names with a slash, fields have not. */
static struct str find_tags(const struct api__table *table, struct str name)
{
    for (size_t i = 0; i < table->count && str_find_char(name, '/') != STR_NOT_FOUND; i++) {
        if (table->fields[i].type == API__TAGS)
            return table->fields[i].name;
    }
    return STR_EMPTY;
}

/* The member that it stands beside, where what is around the object at `place` has the field. */
static struct str find_beside(const struct api__place *place, struct str name)
{
    struct str beside = STR_EMPTY;
    for (; place->parent != NULL; place = place->parent) {
        if (place->step == API__MEMBER)
            beside = place->name;
        const struct api__place *around = place->parent;
        if (around->table != NULL && is_field_name(around->table, name))
            return beside;
    }
    return STR_EMPTY;
}

/* Of what belongs to the envelope, and stands in the spec. */
static struct str find_in_envelope(const struct api__decoder *d, const struct api__place *place,
                                   struct str name)
{
    bool is_inline = place->parent == NULL; /* the fields of an older kind */
    bool is_spec = !is_inline && place->parent->parent == NULL &&
                   str_equal(place->name, STR("spec"));
    if (is_inline && !d->is_universal && str_equal(name, STR("mesh")))
        return STR("metadata");
    if (is_spec && d->is_universal && is_envelope_name(name))
        return STR("spec");
    return STR_EMPTY;
}

/* False: nobody knows where it belongs. */
static bool warn_of_place(struct api__decoder *d, const struct api__place *unknown)
{
    const struct api__place *place = unknown->parent;
    struct str below = STR_EMPTY;
    struct str beside = find_in_envelope(d, place, unknown->name);
    if (d->below_spec != NULL && is_field_name(d->below_spec, unknown->name))
        below = STR("spec");
    if (below.size + beside.size == 0)
        below = find_below(d->arena, place->table, unknown->name, DEPTH_MAX);
    if (below.size + beside.size == 0)
        below = find_tags(place->table, unknown->name);
    if (below.size + beside.size == 0)
        beside = find_beside(place, unknown->name);
    if (below.size > 0)
        api__warning(d, unknown, "unknown field, ignored: it stands below %.*s", STR_ARG(below));
    else if (beside.size > 0)
        api__warning(d, unknown, "unknown field, ignored: it stands beside %.*s", STR_ARG(beside));
    return below.size + beside.size > 0;
}

/* ---- What it is ---- */

struct str api__fields_text(struct api__decoder *d, const struct api__table *table)
{
    if (table->count == 0 || table->count > TOLD_MAX)
        return STR_EMPTY;
    CLEANUP(buf_deinit) struct buf names;
    buf_init(&names, ERR_MESSAGE_MAX);
    for (size_t i = 0; i < table->count; i++) {
        if (i > 0)
            buf_append(&names, i + 1 == table->count ? STR(" and ") : STR(", "));
        buf_append(&names, table->fields[i].name);
    }
    return str_dup(d->arena, buf_str(&names));
}

/* A field that is not here, and that no name here is like. */
static void warn_of_stranger(struct api__decoder *d, const struct api__place *unknown)
{
    const struct api__table *table = unknown->parent->table;
    bool is_root = unknown->parent->parent == NULL;
    if (is_root && d->is_universal && str_equal(unknown->name, STR("spec"))) {
        api__warning(d, unknown,
                     "unknown field, ignored: in the Universal form what stands in it stands "
                     "beside type");
        return;
    }
    struct str fields = is_root ? STR_EMPTY : api__fields_text(d, table);
    api__warning(d, unknown, "unknown field, ignored%s%.*s",
                 fields.size > 0 ? "; known here: " : "", STR_ARG(fields));
}

/* Of the names that may stand at `place` the one that is nearest. */
static struct str closest_at(const struct api__place *place, bool has_envelope, struct str name)
{
    struct str names[FIELDS_MAX + ARRAY_SIZE(envelope_names)];
    size_t count = 0;
    ASSERT(place->table->count <= FIELDS_MAX);
    for (size_t i = 0; i < place->table->count; i++)
        names[count++] = place->table->fields[i].name;
    for (size_t i = 0; has_envelope && i < ARRAY_SIZE(envelope_names); i++)
        names[count++] = envelope_names[i];
    return spell_closest(name, names, count);
}

void api__warn_of_unknown(struct api__decoder *d, const struct api__place *place)
{
    bool has_envelope = place->parent == NULL && d->is_universal;
    for (size_t i = 0; i < place->value->count && !api__is_full(d); i++) {
        struct str name = place->value->members[i].key;
        if (is_field_name(place->table, name) || (has_envelope && is_envelope_name(name)))
            continue;
        struct api__place unknown = api__key(place, name);
        unknown.step = API__MEMBER;
        if (warn_of_place(d, &unknown))
            continue;
        struct str closest = closest_at(place, has_envelope, name);
        if (closest.size > 0)
            api__warning(d, &unknown, "unknown field, ignored; did you mean \"%.*s\"?",
                         STR_ARG(closest));
        else
            warn_of_stranger(d, &unknown);
    }
}
