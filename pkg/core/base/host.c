#include "core/base/host.h"

#include "core/base/ip.h"

#define LABEL_SIZE_MAX ((size_t)63)

static bool is_of_label(char c)
{
    char lower = str_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_label(struct str label)
{
    if (label.size == 0 || label.size > LABEL_SIZE_MAX || label.data[0] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++) {
        if (!is_of_label(label.data[i]))
            return false;
    }
    return true;
}

bool host_is_name(struct str text)
{
    if (text.size == 0 || text.size > HOST_NAME_MAX_SIZE || ip_is_address(text))
        return false;
    struct str rest = str_ends_with(text, STR(".")) ? str_first(text, text.size - 1) : text;
    while (rest.data != NULL) {
        if (!is_label(str_cut(&rest, '.')))
            return false;
    }
    return true;
}
