/* Stage 5 of listeners that MeshHTTPRoutes serve: each host name of theirs within a listener's is a
 * virtual host, unless a more exact listener of the port has it. What is said for names above it
 * holds there, too. */
#include <stdlib.h>

#include "control/compile/hosts.h"

static const struct str all_hosts = STR_INIT("*");

/* Whether a listener of the port that is more exact has the name. */
static bool belongs_elsewhere(const struct compile__port *port,
                              const struct compile__listener *listener, struct str name)
{
    struct str own = listener->spec->hostname;
    for (size_t i = 0; i < port->listener_count; i++) {
        struct str other = port->listeners[i].spec->hostname;
        if (compile__hostname_compare(other, own) < 0 && compile__hostname_covers(other, name))
            return true;
    }
    return false;
}

static struct compile__host host_of(const struct compile__listener *listener, struct str domain,
                                    bool has_listener)
{
    return (struct compile__host){domain, listener->scope, listener->policies, has_listener};
}

/* Its own name is there in any case: where nothing is said for it, it answers 404. */
size_t compile__add_policy_hosts(const struct compile__port *port,
                                 const struct compile__listener *listener,
                                 struct compile__host *hosts, size_t count)
{
    struct str own = listener->spec->hostname;
    struct map_cursor at = {0};
    const struct compile__group *group;
    hosts[count++] = host_of(listener, own, true);
    while (str_starts_with(own, all_hosts) &&
           (group = map_next(listener->policies->groups, &at)) != NULL) {
        struct str name = group->hostname;
        if (!str_equal(name, own) && compile__hostname_covers(own, name) &&
            !belongs_elsewhere(port, listener, name))
            hosts[count++] = host_of(listener, name, false);
    }
    return count;
}
