/* What a Dataplane says of sidecars: their outbounds, probes and redirection of traffic. A gateway
 * has none of it, so it is checked and not kept. Private to control/api. */
#pragma once

#include "control/api/decode.h"

struct api__outbound {
    struct str address;
    uint32_t port;
    struct api_tags tags;
    bool has_ref;
    struct str ref_kind;
    struct str ref_name;
    uint32_t ref_port;
    struct api_tags ref_labels;
};

extern const struct api__table api__outbound_table;
/* For API__CHECKED. */
extern const struct api__table api__transparent_proxying_table;
extern const struct api__table api__service_probe_table;
extern const struct api__table api__probes_table;

/* Checks each outbound of the list at `list`. */
void api__check_outbounds(struct api__decoder *d, const struct api__place *list,
                          const struct api__outbound *outbounds, size_t count);
