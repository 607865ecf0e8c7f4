/* How host names become virtual hosts: hosts.c by MeshGatewayRoutes, policy_hosts.c by
 * MeshHTTPRoutes. Private to control/compile. */
#pragma once

#include "control/compile/stages.h"

/* The listeners of one chain. */
struct compile__chain {
    struct compile__run *run;
    const struct compile__port *port;
    const struct compile__listener *plain; /* that MeshGatewayRoutes serve */
    size_t plain_count;
    const struct compile__listener *taken; /* that MeshHTTPRoutes serve */
    size_t taken_count;
};

/* Adds the hosts of a listener that MeshHTTPRoutes serve: one, and at most one for each host name
 * of theirs. Returns how many there are then. */
size_t compile__add_policy_hosts(const struct compile__port *port,
                                 const struct compile__listener *listener,
                                 struct compile__host *hosts, size_t count);
