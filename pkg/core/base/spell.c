#include "core/base/spell.h"

/* Insertions, deletions and replacements from `a` to `b` (Levenshtein), without case. */
static size_t distance(struct str a, struct str b)
{
    size_t row[SPELL_NAME_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = diagonal +
                              (str_lower(a.data[i - 1]) == str_lower(b.data[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = MIN(replaced, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.size];
}

struct str spell_closest(struct str name, const struct str *names, size_t count)
{
    struct str best = STR_EMPTY;
    if (name.size == 0 || name.size > SPELL_NAME_MAX)
        return best;
    size_t least = name.size / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t steps = names[i].size > SPELL_NAME_MAX ? least : distance(name, names[i]);
        if (steps < least) {
            best = names[i];
            least = steps;
        }
    }
    return best;
}

struct str spell_hint(struct arena *arena, struct str near)
{
    return near.size == 0 ? STR_EMPTY : str_format(arena, " (did you mean %.*s?)", STR_ARG(near));
}
