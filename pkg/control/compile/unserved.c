/* What is said where a listener is understood and not served yet: it is for TCP or TLS, or for
 * other meshes. Its routes are looked at as if it were. */
#include "control/compile/spec.h"
#include "control/compile/stages.h"

/* ---- Listeners ---- */

static struct str field_of(struct compile__run *run, const struct compile__listener *listener,
                           const char *member)
{
    return compile__listener_field(run->arena, listener->index, member);
}

/* Where meshes may be elsewhere, so may their mTLS. */
static bool lacks_mtls(const struct compile__run *run, struct str mesh)
{
    const struct api_key key = {API_MESH, STR_EMPTY, mesh};
    const struct api_object *object = cache_find(run->cache, &key);
    if (object == NULL)
        return !run->is_partial || cache_count_all(run->cache, API_MESH) > 0;
    return !object->broken && object->mesh->enabled_backend.size == 0;
}

static void say_cross_mesh(struct compile__run *run, const struct compile__binding *binding,
                           const struct compile__listener *listener)
{
    const struct api_object *gateway = binding->gateway;
    struct str field = field_of(run, listener, ".crossMesh");
    struct str text = compile__find(run, FINDING_ERROR, gateway, listener->spec->mark, field,
                                    "crossMesh listeners are not served yet; this listener is left "
                                    "out");
    compile__deny(&listener->report->accepted, STR("UnsupportedValue"), text);
    if (listener->spec->protocol != API_PROTOCOL_HTTP)
        (void)compile__find(run, FINDING_WARNING, gateway, listener->spec->mark,
                            field_of(run, listener, ".protocol"),
                            "listeners for other meshes speak HTTP over the mTLS of meshes, "
                            "whatever stands here; write HTTP, or leave crossMesh out");
    if (lacks_mtls(run, gateway->key.mesh))
        (void)compile__find(run, FINDING_ERROR, gateway, listener->spec->mark, field,
                            "takes the mTLS of its mesh, and mesh %.*s has none; set "
                            "mtls.enabledBackend of the Mesh",
                            STR_ARG(gateway->key.mesh));
}

static void say_protocol(struct compile__run *run, const struct compile__binding *binding,
                         const struct compile__listener *listener)
{
    const struct api_object *gateway = binding->gateway;
    const struct api_listener *spec = listener->spec;
    struct str protocol = api_protocol_name(spec->protocol);
    struct str text = compile__find(
        run, FINDING_ERROR, gateway, spec->mark, field_of(run, listener, ".protocol"),
        "listeners for %.*s are not served yet, only those for HTTP and HTTPS; this listener is "
        "left out",
        STR_ARG(protocol));
    compile__deny(&listener->report->accepted, STR("UnsupportedProtocol"), text);
    if (spec->protocol == API_PROTOCOL_TCP && !str_equal(spec->hostname, STR("*")))
        (void)compile__find(run, FINDING_WARNING, gateway, spec->mark,
                            field_of(run, listener, ".hostname"),
                            "has no effect: a plain connection names no host, so those to port %u "
                            "are shared by the routes of all its listeners",
                            (unsigned)spec->port);
}

void compile__say_unserved(struct compile__run *run, const struct compile__binding *binding,
                           const struct compile__listener *listener)
{
    listener->report->is_unserved = true;
    listener->report->is_cross_mesh = listener->spec->cross_mesh;
    if (listener->spec->cross_mesh)
        say_cross_mesh(run, binding, listener);
    else
        say_protocol(run, binding, listener);
}

/* ---- Routes ---- */

void compile__warn_unserved(struct compile__run *run, const struct compile__port *port,
                            struct compile__route *route, struct compile__parent *parent)
{
    const struct api_object *object = route->object;
    bool is_tcp = compile__is_tcp(object);
    if (parent->unserved.size > 0)
        return;
    struct str what = is_tcp ? api_protocol_name(port->protocol) : STR("other meshes (crossMesh)");
    parent->unserved = compile__find(
        run, is_tcp ? FINDING_ERROR : FINDING_WARNING, object, compile__attaching_mark(object),
        compile__words_of(object->key.kind)->attaches,
        "attaches to port %u of MeshGateway %.*s, which is for %.*s and not served yet: the route "
        "has no effect there",
        (unsigned)port->number, STR_ARG(port->binding->gateway->key.name), STR_ARG(what));
}

/* ---- Who would take it ---- */

void compile__note_taker(const struct compile__listener *listener,
                         const struct compile__route *route)
{
    struct compile_listener_report *report = listener->report;
    for (size_t i = 0; i < report->taker_count; i++) {
        if (report->takers[i] == route->object)
            return;
    }
    if (report->taker_count == COMPILE_TAKERS_MAX)
        report->has_more_takers = true;
    else
        report->takers[report->taker_count++] = route->object;
}

static void note_for_all(const struct compile__port *port, const struct compile__route *route)
{
    for (size_t i = 0; i < port->listener_count; i++)
        compile__note_taker(&port->listeners[i], route);
}

static void note_policies(const struct compile__port *port, const struct compile__host *host)
{
    struct compile__group *groups[COMPILE__COVERS_MAX];
    size_t count = compile__policies_at(host->policies, host->domain, groups);
    for (size_t i = 0; i < count; i++) {
        for (const struct compile__entry *at = groups[i]->first; at != NULL; at = at->next)
            note_for_all(port, at->route);
    }
}

void compile__note_takers(struct compile__run *run, const struct compile__port *port,
                          const struct compile__hosts *hosts)
{
    struct compile__picked *picked = &run->picked;
    for (size_t i = 0; i < hosts->count; i++) {
        if (hosts->items[i].policies != NULL) {
            note_policies(port, &hosts->items[i]);
            continue;
        }
        compile__pick_routes(hosts, &hosts->items[i], picked);
        for (size_t j = 0; j < picked->routes.count; j++)
            note_for_all(port, picked->routes.items[j]);
    }
}
