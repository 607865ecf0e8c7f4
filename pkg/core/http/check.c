/* What may be written, for whoever lets others choose it. */
#include "core/http/parse.h"

bool http_name_is_valid(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        if (!http__is(c, HTTP__TOKEN | HTTP__UNDERSCORE) || c != str_lower(c)) {
            return false;
        }
    }
    return name.size > 0;
}

bool http_value_is_valid(struct str value)
{
    const char *end = value.data + value.size;
    const char *at = value.data;
    while ((at = http__find_control(at, end)) < end && *at == '\t') {
        at++;
    }
    return at == end;
}

bool http_path_is_valid(struct str path)
{
    for (size_t i = 0; i < path.size; i++) {
        if (!http__is(path.data[i], HTTP__TARGET)) {
            return false;
        }
    }
    return path.size > 0 && path.data[0] == '/';
}
