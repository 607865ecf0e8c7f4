/* Stage 8: ports become listeners of the model. */
#include "control/compile/stages.h"

#define HEADER_TIMEOUT_MS 10000
#define IDLE_TIMEOUT_MS   300000

/* Emits the virtual hosts of a chain and returns their names. */
static struct model_names emit_hosts(struct compile__run *run, const struct compile__port *port,
                                     struct str chain, struct compile__hosts hosts)
{
    struct str *names = ARENA_NEW_ARRAY(run->arena, struct str, hosts.count);
    for (size_t i = 0; i < hosts.count; i++) {
        names[i] = str_format(run->arena, "%.*s/%.*s/%.*s", STR_ARG(port->name), STR_ARG(chain),
                              STR_ARG(hosts.items[i].domain));
        compile__emit_virtual_host(run, port->binding.dataplane->mesh, names[i], &hosts.items[i]);
    }
    return (struct model_names){names, hosts.count};
}

static struct model_chain make_chain(struct compile__run *run, const struct compile__port *port,
                                     struct str hostname, const struct compile__listener *listeners,
                                     size_t count)
{
    struct compile__hosts hosts = compile__make_hosts(run, port->binding.dataplane->mesh, listeners,
                                                      count);
    return (struct model_chain){
        .hostname = hostname,
        .secrets = port->protocol == MODEL_HTTPS ? listeners->secrets : (struct model_names){0},
        .virtual_hosts = emit_hosts(run, port, hostname, hosts),
    };
}

void compile__emit_port(struct compile__run *run, const struct compile__port *port)
{
    size_t count = port->protocol == MODEL_HTTPS ? port->listener_count : 1;
    struct model_chain *chains = ARENA_NEW_ARRAY(run->arena, struct model_chain, count);
    if (port->protocol == MODEL_HTTP)
        chains[0] = make_chain(run, port, STR("*"), port->listeners, port->listener_count);
    for (size_t i = 0; port->protocol == MODEL_HTTPS && i < count; i++)
        chains[i] = make_chain(run, port, port->listeners[i].spec->hostname, &port->listeners[i],
                               1);
    compile__emit(run, model_listener_new(&(struct model_listener){
                           .name = port->name,
                           .gateway = port->binding.gateway->key.name,
                           .address = port->binding.dataplane->address,
                           .port = port->number,
                           .protocol = port->protocol,
                           .header_timeout_ms = HEADER_TIMEOUT_MS,
                           .idle_timeout_ms = IDLE_TIMEOUT_MS,
                           .chains = chains,
                           .chain_count = count,
                       }));
}
