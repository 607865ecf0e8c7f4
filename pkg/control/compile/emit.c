/* Stage 8: ports become listeners of the model. */
#include "control/compile/stages.h"

#define HEADER_TIMEOUT_MS 10000
#define IDLE_TIMEOUT_MS   300000

void compile__emit(struct compile__run *run, const struct model_resource *resource)
{
    if (run->is_idle)
        return;
    VEC_PUSH(&run->draft->resources, resource);
    VEC_PUSH(&run->draft->held, model_resource_ref(resource));
}

/* Emits the virtual hosts of a chain and returns their names. */
static struct model_names emit_hosts(struct compile__run *run, const struct compile__port *port,
                                     struct str chain, struct compile__hosts hosts)
{
    struct str *names = ARENA_NEW_ARRAY(run->arena, struct str, hosts.count);
    for (size_t i = 0; i < hosts.count; i++) {
        names[i] = str_format(run->arena, "%.*s/%.*s/%.*s", STR_ARG(port->name), STR_ARG(chain),
                              STR_ARG(hosts.items[i].domain));
        compile__emit_virtual_host(run, names[i], &hosts, &hosts.items[i]);
    }
    return (struct model_names){names, hosts.count};
}

/* A plain port has one chain. */
static size_t make_plain_chain(struct compile__run *run, const struct compile__port *port,
                               struct model_chain *chains)
{
    struct compile__hosts hosts = compile__make_hosts(run, port, port->listeners,
                                                      port->listener_count);
    chains[0] = (struct model_chain){
        .hostname = STR("*"),
        .virtual_hosts = emit_hosts(run, port, STR("*"), hosts),
    };
    return 1;
}

/* Each listener is a chain, which it takes a certificate for. What attaches to one without counts
 * all the same. */
static size_t make_chains(struct compile__run *run, const struct compile__port *port,
                          struct model_chain *chains)
{
    size_t count = 0;
    for (size_t i = 0; i < port->listener_count; i++) {
        struct compile__listener *listener = &port->listeners[i];
        struct compile__hosts hosts = compile__make_hosts(run, port, listener, 1);
        compile__load_certificates(run, port, listener);
        if (listener->is_refused)
            continue;
        chains[count++] = (struct model_chain){
            .hostname = listener->spec->hostname,
            .secrets = listener->secrets,
            .virtual_hosts = emit_hosts(run, port, listener->spec->hostname, hosts),
        };
    }
    return count;
}

void compile__emit_port(struct compile__run *run, struct compile__port *port)
{
    struct model_chain *chains = ARENA_NEW_ARRAY(run->arena, struct model_chain,
                                                 port->listener_count);
    size_t count = port->protocol == API_PROTOCOL_HTTPS ? make_chains(run, port, chains)
                                                        : make_plain_chain(run, port, chains);
    if (count == 0)
        return;
    const struct model_resource *listener = model_listener_new(&(struct model_listener){
        .name = port->name,
        .gateway = port->binding->gateway->key.name,
        .address = port->binding->dataplane->address,
        .port = port->number,
        .protocol = port->protocol == API_PROTOCOL_HTTPS ? MODEL_HTTPS : MODEL_HTTP,
        .header_timeout_ms = HEADER_TIMEOUT_MS,
        .idle_timeout_ms = IDLE_TIMEOUT_MS,
        .chains = chains,
        .chain_count = count,
    });
    compile__emit(run, listener);
    listener = model_resource_unref(listener);
}

/* ---- Where no proxy is ---- */

static void look_at_chain(struct compile__run *run, const struct compile__port *port,
                          const struct compile__listener *listeners, size_t count)
{
    struct compile__hosts hosts = compile__make_hosts(run, port, listeners, count);
    for (size_t i = 0; i < hosts.count; i++)
        compile__look_at_virtual_host(run, &hosts, &hosts.items[i]);
    if (!port->is_served)
        compile__note_takers(run, port, &hosts);
}

static void look_at_https(struct compile__run *run, struct compile__port *port)
{
    for (size_t i = 0; i < port->listener_count; i++) {
        look_at_chain(run, port, &port->listeners[i], 1);
        compile__load_certificates(run, port, &port->listeners[i]);
    }
}

void compile__look_at_port(struct compile__run *run, struct compile__port *port)
{
    if (compile__is_of_connections(port->protocol))
        compile__look_at_tcp(run, port);
    else if (port->protocol == API_PROTOCOL_HTTPS)
        look_at_https(run, port);
    else
        look_at_chain(run, port, port->listeners, port->listener_count);
}
