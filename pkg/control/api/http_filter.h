/* What a rule of a MeshHTTPRoute does with a request besides forwarding it. Private to
 * control/api. */
#pragma once

#include "control/api/decode.h"

#define API__HEADER_NAME_MAX 256

extern const struct api__table api__http_filter_table;

/* One of the filters redirects. */
bool api__filters_redirect(const struct api_filter *filters, size_t count);

/* Reports each filter of the list that replaces the prefix of the path. */
void api__refuse_prefixes(struct api__decoder *d, const struct api__place *list, size_t count);

/* What is said of a name that is none. */
#define API__HEADER_NAME_MESSAGE "must consist of letters, digits and !#$%%&'*+-.^_`|~"

/* A token of RFC 9110, section 5.6.2; Kuma has lower case where names are matched. */
bool api__is_header_name(struct str name, bool may_be_upper);
