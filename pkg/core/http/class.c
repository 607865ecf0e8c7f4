#include "core/http/parse.h"

/* One row per 16 bytes; a cell is the sum of the classes in parse.h. Bytes from 0x80 have none. */
/* clang-format off */
const unsigned char http__class[256] = {
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
     0, 15,  2,  1, 15,  7, 15, 15, 14, 14, 15, 15, 14, 31, 31, 10,
    31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 10, 14,  2, 14,  2,  2,
    10, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31,
    31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 10,  2, 10,  3, 62,
     3, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31,
    31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 31,  2,  3,  2, 31,  0,
};
/* clang-format on */

int http__hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}
