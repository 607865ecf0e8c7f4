#include "control/compile/hostnames.h"

static bool is_wildcard(struct str name)
{
    return str_starts_with(name, STR("*"));
}

bool compile__hostname_covers(struct str wide, struct str narrow)
{
    if (str_equal(wide, narrow) || str_equal(wide, STR("*")))
        return true;
    struct str rest = str_from(wide, 1); /* no host name is empty */
    return str_starts_with(wide, STR("*.")) && narrow.size > rest.size &&
           str_ends_with(narrow, rest);
}

static size_t label_count(struct str name)
{
    size_t count = 1;
    for (size_t i = 0; i < name.size; i++)
        count += name.data[i] == '.';
    return count;
}

int compile__hostname_compare(struct str a, struct str b)
{
    if (is_wildcard(a) != is_wildcard(b))
        return is_wildcard(a) ? 1 : -1;
    size_t left = label_count(a);
    size_t right = label_count(b);
    if (is_wildcard(a) && left != right)
        return left > right ? -1 : 1;
    return str_compare(a, b);
}

/* For each dot of the name the rest from there, with "*" before it. */
void compile__visit_wildcards(struct str name, compile__wildcard_fn visit, void *arg)
{
    char text[COMPILE__HOSTNAME_MAX + 1] = "*";
    for (size_t i = 1; i < name.size && name.size <= COMPILE__HOSTNAME_MAX; i++) {
        if (name.data[i] != '.')
            continue;
        memcpy(text + 1, name.data + i, name.size - i);
        struct str wildcard = str_make(text, name.size - i + 1);
        if (!str_equal(wildcard, name))
            visit(arg, wildcard);
    }
}
