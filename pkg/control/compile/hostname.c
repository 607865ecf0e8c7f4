#include "control/compile/hostname.h"

bool compile__hostname_is_wildcard(struct str name)
{
    return str_equal(name, STR("*")) || str_starts_with(name, STR("*."));
}

bool compile__hostname_contains(struct str outer, struct str inner)
{
    if (!compile__hostname_is_wildcard(outer))
        return str_equal(outer, inner);
    /* "*.example.com" becomes ".example.com", which is what a name below it ends with; "*" becomes
     * nothing, which is what every name ends with. */
    struct str suffix = str_from(outer, 1);
    return str_ends_with(inner, suffix) && inner.size > suffix.size;
}

bool compile__hostname_intersects(struct str a, struct str b)
{
    return compile__hostname_contains(a, b) || compile__hostname_contains(b, a);
}
