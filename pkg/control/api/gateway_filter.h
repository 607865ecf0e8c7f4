/* What a rule of a MeshGatewayRoute does with a request besides forwarding it, and where it
 * forwards to. Private to control/api. */
#pragma once

#include "control/api/decode.h"

extern const struct api__table api__gateway_filter_table;

/* A back end, by the tags of its destination. */
extern const struct api__table api__destination_table;

/* Checks the filters of `rule`, whose list is at `list`. They are checked together, because some
 * depend on the matches of the rule, and because Kuma numbers them anew. */
void api__check_gateway_filters(struct api__decoder *d, const struct api__place *list,
                                const struct api_route_rule *rule);
