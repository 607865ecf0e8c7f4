#include "core/regex/regex.h"
#include "control/api/check.h"

void api__check_regex(struct api__decoder *d, const struct api__place *place, struct str text)
{
    struct err_info why;
    if (regex_check(text, &why) != ERR_OK)
        api__error(d, place, "is no regular expression of RE2: %s", why.message);
}
