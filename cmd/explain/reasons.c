/* Why nothing takes a request, and what to write. */
#include "core/base/ip.h"
#include "core/base/spell.h"
#include "explain/parts.h"

#define TEXT_SIZE_MAX ((size_t)16 * 1024)
#define NAMES_MAX     20

/* A list "8080 (HTTP), 8443 (HTTPS)" under construction, each item once in a row. */
struct names {
    struct arena *arena;
    struct buf buf;
    size_t count;
    struct str last;
};

static void names_init(struct names *names, struct arena *arena)
{
    *names = (struct names){.arena = arena};
    buf_init(&names->buf, TEXT_SIZE_MAX);
}

static void names_add(struct names *names, struct str item)
{
    if (str_equal(names->last, item))
        return;
    names->last = item;
    if (++names->count > NAMES_MAX)
        return;
    if (names->count > 1)
        buf_append(&names->buf, STR(", "));
    buf_append(&names->buf, item);
}

static struct str names_take(struct names *names)
{
    if (names->count > NAMES_MAX)
        buf_printf(&names->buf, " and %zu more", names->count - NAMES_MAX);
    struct str text = str_dup(names->arena, buf_str(&names->buf));
    buf_deinit(&names->buf);
    return text;
}

typedef void (*visit_fn)(struct names *names, const struct explain_place *place,
                         const struct model_listener *listener);

static void visit_listeners(const struct explain_scope *scope, bool all, struct names *names,
                            visit_fn visit)
{
    for (size_t i = 0; i < scope->count; i++) {
        const struct explain_place *place = &scope->places[i];
        size_t count;
        const struct model_resource *const *listeners = model_snapshot_kind(place->snapshot,
                                                                            MODEL_LISTENER, &count);
        for (size_t j = 0; j < count; j++) {
            if (all || explain__is_wanted(scope, place, listeners[j]->listener->gateway))
                visit(names, place, listeners[j]->listener);
        }
    }
}

static void add_port(struct names *names, const struct explain_place *place,
                     const struct model_listener *listener)
{
    (void)place; /* its gateway is what people know */
    names_add(names,
              str_format(names->arena, "%u (%s, MeshGateway %.*s)", (unsigned)listener->port,
                         model_protocol_name(listener->protocol), STR_ARG(listener->gateway)));
}

static void add_gateway(struct names *names, const struct explain_place *place,
                        const struct model_listener *listener)
{
    names_add(names, str_format(names->arena, "%.*s/%.*s", STR_ARG(place->mesh),
                                STR_ARG(listener->gateway)));
}

static struct str list_all(struct arena *arena, const struct explain_scope *scope, bool all,
                           visit_fn visit)
{
    struct names names;
    names_init(&names, arena);
    visit_listeners(scope, all, &names, visit);
    return names_take(&names);
}

/* The first listener that was to have the port; NULL: there is none. */
static const struct explain_wish *wish_of(const struct explain_scope *scope, uint32_t port)
{
    for (size_t i = 0; i < scope->wish_count; i++) {
        if (scope->wishes[i].port == port)
            return &scope->wishes[i];
    }
    return NULL;
}

static struct str wish_text(struct arena *arena, const struct explain_wish *wish)
{
    return str_format(arena,
                      "conf.listeners[%zu] of MeshGateway %.*s is for this port and is not served: "
                      "what is said of it says why",
                      wish->index, STR_ARG(wish->gateway));
}

static void say_no_listener(struct arena *arena, const struct explain_scope *scope,
                            struct explain_answer *answer)
{
    struct str ports = list_all(arena, scope, false, add_port);
    struct str gateways = list_all(arena, scope, true, add_gateway);
    unsigned port = answer->request->port;
    const struct explain_wish *wish = wish_of(scope, port);
    if (gateways.size == 0 && scope->wish_count == 0) {
        answer->why = STR("there is no MeshGateway with a listener");
        answer->remedy = STR(
            "what is said of the manifests says why; where nothing is, name them with "
            "--resources, or a cluster with --kube");
    } else if (gateways.size == 0) {
        answer->why = STR("no MeshGateway has a listener that is served");
        answer->remedy = STR("what is said of the manifests says why");
    } else if (wish != NULL && scope->gateway.size == 0) {
        answer->why = str_format(arena, "no listener has port %u: a client cannot connect", port);
        answer->remedy = wish_text(arena, wish);
    } else if (ports.size == 0) {
        answer->why = str_format(arena, "no MeshGateway %.*s has a listener that is served",
                                 STR_ARG(scope->gateway));
        answer->remedy = str_format(arena, "served are: %.*s", STR_ARG(gateways));
    } else {
        answer->why = str_format(arena, "no listener has port %u: a client cannot connect", port);
        answer->remedy = str_format(arena,
                                    "served are: %.*s; for another port add one to "
                                    "conf.listeners of the MeshGateway",
                                    STR_ARG(ports));
    }
}

static void say_not_served(struct arena *arena, struct explain_answer *answer)
{
    const struct explain_unserved *unserved = answer->unserved;
    answer->why = str_format(
        arena,
        "port %u of MeshGateway %.*s is for %.*s, which is not served yet: a client cannot "
        "connect",
        (unsigned)unserved->port, STR_ARG(unserved->gateway), STR_ARG(unserved->protocol));
    if (answer->taker_count == 0)
        answer->remedy = STR("no route would take this there, either: write one that attaches to "
                             "such a listener");
}

static void say_ambiguous(struct arena *arena, const struct explain_scope *scope,
                          struct explain_answer *answer)
{
    answer->why = str_format(arena, "several MeshGateways have port %u",
                             (unsigned)answer->request->port);
    answer->remedy = str_format(arena, "choose one with --gateway: %.*s",
                                STR_ARG(list_all(arena, scope, false, add_gateway)));
}

static void say_wrong_protocol(struct arena *arena, struct explain_answer *answer)
{
    bool is_tls = answer->request->is_tls;
    answer->why = str_format(
        arena, "port %u speaks %s, and the URL begins with %s: %s", (unsigned)answer->request->port,
        model_protocol_name(answer->listener->protocol), is_tls ? "https://" : "http://",
        is_tls ? "the TLS handshake fails" : "the connection is closed without an answer");
    answer->remedy = str_format(arena, "ask with %s", is_tls ? "http://" : "https://");
}

/* Whether the listener has "*." and the name, which that does not take. */
static bool has_names_below(const struct explain_answer *answer, struct str name)
{
    for (size_t i = 0; i < answer->host_count; i++) {
        struct str host = answer->hosts[i];
        if (str_starts_with(host, STR("*.")) && str_equal_nocase(str_from(host, 2), name))
            return true;
    }
    return false;
}

/* A name is not meant to be a wildcard. */
static struct str closest(struct arena *arena, const struct explain_answer *answer, struct str name)
{
    struct str *hosts = ARENA_NEW_ARRAY(arena, struct str, answer->host_count);
    size_t count = 0;
    for (size_t i = 0; i < answer->host_count; i++) {
        if (!str_starts_with(answer->hosts[i], STR("*")))
            hosts[count++] = answer->hosts[i];
    }
    return spell_closest(name, hosts, count);
}

static struct str hostname_text(struct arena *arena, const struct explain_answer *answer,
                                struct str name)
{
    if (name.size == 0 || ip_is_address(name))
        return STR("ask by name, or give the name with -H 'Host: NAME'");
    if (has_names_below(answer, name))
        return str_format(arena,
                          "*.%.*s takes the names below %.*s and not %.*s itself; add a listener "
                          "with this hostname to the MeshGateway",
                          STR_ARG(name), STR_ARG(name), STR_ARG(name));
    struct str near = closest(arena, answer, name);
    if (near.size > 0)
        return str_format(arena,
                          "did you mean %.*s? A host name comes from the hostname of a "
                          "listener; a route alone adds none",
                          STR_ARG(near));
    return STR("add a listener with this hostname to the MeshGateway; a route alone adds no host "
               "name");
}

static void say_no_chain(struct arena *arena, struct explain_answer *answer)
{
    struct str name = answer->request->server_name;
    if (name.size == 0) {
        answer->why = STR("the client sends no TLS server name (addresses are none), and no "
                          "listener of this port takes every name: the handshake fails");
        answer->remedy = STR("ask by name, or give the name with --sni");
        return;
    }
    answer->why = str_format(
        arena, "no host name of port %u takes the TLS server name %.*s: the handshake fails",
        (unsigned)answer->request->port, STR_ARG(name));
    answer->remedy = hostname_text(arena, answer, name);
}

static void say_misdirected(struct arena *arena, struct explain_answer *answer)
{
    struct str host = answer->request->head.host;
    answer->why = str_format(
        arena,
        "the host %.*s does not belong to the TLS server name %.*s, which came to the certificate "
        "of %.*s",
        STR_ARG(host), STR_ARG(answer->request->server_name), STR_ARG(answer->chain->hostname));
    answer->remedy = STR("a client has to connect with the server name of the host that it asks "
                         "for, and a listener of this port has to have it");
}

static void say_no_host(struct arena *arena, struct explain_answer *answer)
{
    struct str host = answer->request->head.host;
    if (host.size == 0)
        answer->why = STR("the request names no host, and no listener of this port takes every "
                          "name");
    else
        answer->why = str_format(arena, "no listener of port %u has a host name that takes %.*s",
                                 (unsigned)answer->request->port, STR_ARG(host));
    answer->remedy = hostname_text(arena, answer, host);
}

static void say_no_route(struct arena *arena, struct explain_answer *answer)
{
    answer->why = str_format(arena, "no route attaches to the host name %.*s of port %u",
                             STR_ARG(answer->host->domain), (unsigned)answer->request->port);
    answer->remedy = str_format(
        arena,
        "a route attaches when it is of mesh %.*s, one of its selectors matches the tags of the "
        "listener, and its host names, if it has any, meet those of the listener",
        STR_ARG(answer->place->mesh));
}

static void say_no_rule(struct arena *arena, struct explain_answer *answer)
{
    if (answer->host == NULL) {
        answer->why = str_format(arena, "no rule is asked for a target without a path: %.*s",
                                 STR_ARG(answer->request->method));
        return;
    }
    answer->why = str_format(arena, "no rule of the host name %.*s takes it",
                             STR_ARG(answer->host->domain));
    answer->remedy = answer->candidate_count > 0
                         ? STR("what each of the nearest asks for stands with it")
                         : STR("its routes have no rules that are served");
}

/* A rule that decoding or the compiler has refused, so that it costs only itself. */
static void say_responded(struct arena *arena, struct explain_answer *answer)
{
    answer->why = str_format(arena, "the rule is not served: %.*s", STR_ARG(answer->rule->reason));
}

static void say_refused(struct arena *arena, struct explain_answer *answer)
{
    const char *reason = answer->request->is_refused ? answer->request->refusal.reason
                                                     : "the path cannot be normalised";
    answer->why = str_format(arena, "this is no request that is served: %s", reason);
}

void explain__say_why(struct arena *arena, const struct explain_scope *scope,
                      struct explain_answer *answer)
{
    switch (answer->outcome) {
    case EXPLAIN_FORWARDED:
    case EXPLAIN_REDIRECTED: return;
    case EXPLAIN_RESPONDED: say_responded(arena, answer); return;
    case EXPLAIN_PLAINER:
        answer->why = STR("the path has %2F or %5C, so the client is sent to its plainer form");
        return;
    case EXPLAIN_NO_LISTENER: say_no_listener(arena, scope, answer); return;
    case EXPLAIN_NOT_SERVED: say_not_served(arena, answer); return;
    case EXPLAIN_WRONG_PROTOCOL: say_wrong_protocol(arena, answer); return;
    case EXPLAIN_NO_CHAIN: say_no_chain(arena, answer); return;
    case EXPLAIN_REFUSED: say_refused(arena, answer); return;
    case EXPLAIN_MISDIRECTED: say_misdirected(arena, answer); return;
    case EXPLAIN_NO_HOST: say_no_host(arena, answer); return;
    case EXPLAIN_NO_ROUTE: say_no_route(arena, answer); return;
    case EXPLAIN_NO_RULE: say_no_rule(arena, answer); return;
    case EXPLAIN_AMBIGUOUS: say_ambiguous(arena, scope, answer); return;
    }
}
