#include "core/net/internal.h"

#define TYPE_HOST_NAME 0

/* Takes a 16-bit size and as many bytes off the front of `rest`. */
static bool take_sized(struct str *rest, struct str *ret_bytes)
{
    if (rest->size < 2)
        return false;
    size_t size = (size_t)(unsigned char)rest->data[0] << 8 | (unsigned char)rest->data[1];
    *rest = str_from(*rest, 2);
    if (size > rest->size)
        return false;
    *ret_bytes = str_first(*rest, size);
    *rest = str_from(*rest, size);
    return true;
}

static bool copy_lower(struct str name, char ret_name[NET_TLS_SERVER_NAME_MAX])
{
    if (name.size == 0 || name.size > NET_TLS_SERVER_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return false;
    }
    (void)str_copy_lower(name, ret_name); /* the caller knows the size */
    return true;
}

enum err net__server_name_parse(struct str extension, char ret_name[NET_TLS_SERVER_NAME_MAX],
                                size_t *ret_size)
{
    struct str list;
    if (!take_sized(&extension, &list) || extension.size != 0)
        return ERR_PROTOCOL;
    bool found = false;
    struct str host = STR_EMPTY;
    while (list.size > 0) {
        unsigned char type = (unsigned char)list.data[0];
        list = str_from(list, 1);
        struct str name;
        if (!take_sized(&list, &name))
            return ERR_PROTOCOL;
        if (type != TYPE_HOST_NAME)
            continue;
        if (found) /* "MUST NOT contain more than one name of the same name_type" */
            return ERR_PROTOCOL;
        found = true;
        host = name;
    }
    if (!found || !copy_lower(host, ret_name))
        return ERR_PROTOCOL;
    *ret_size = host.size;
    return ERR_OK;
}
