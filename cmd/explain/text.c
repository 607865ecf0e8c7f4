/* The answer for people: one aligned line for each thing. */
#include "core/base/log.h"
#include "explain/parts.h"

#define CHUNK_SIZE ((size_t)4 * 1024)

struct printer {
    const struct explain_answer *answer;
    struct arena *arena;
    struct buf *buf;
};

/* Where the second column begins. */
#define INDENT 13

static void put(const struct printer *printer, const char *label, struct str text)
{
    struct buf *buf = printer->buf;
    size_t begin = buf->size;
    buf_append(buf, str_of(label));
    while (buf->size - begin < INDENT && !buf_overflowed(buf))
        buf_append_char(buf, ' ');
    log_append_visible(buf, text); /* manifests may hold anything */
    buf_append_char(buf, '\n');
}

#define PUT(printer, label, ...) put(printer, label, str_format((printer)->arena, __VA_ARGS__))

/* ---- What happens ---- */

static void put_outcome(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    struct str status = answer->status == 0 ? STR_EMPTY : http_status_text(answer->status);
    struct str text = STR("no answer");
    if (answer->outcome == EXPLAIN_FORWARDED)
        text = str_format(printer->arena, "forwarded to %.*s", STR_ARG(answer->target));
    else if (answer->location.size > 0)
        text = str_format(printer->arena, "%u %.*s to %.*s", answer->status, STR_ARG(status),
                          STR_ARG(answer->location));
    else if (answer->body.size > 0)
        text = str_format(printer->arena, "%u %.*s, with a text", answer->status, STR_ARG(status));
    else if (answer->status != 0)
        text = str_format(printer->arena, "%u %.*s", answer->status, STR_ARG(status));
    put(printer, "answer", text);
    if (answer->why.size > 0)
        put(printer, "why", answer->why);
    if (answer->remedy.size > 0)
        put(printer, "remedy", answer->remedy);
}

/* ---- Where ---- */

/* Of a listener that is not served. */
static void put_takers(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    for (size_t i = 0; i < answer->taker_count; i++)
        put(printer, i == 0 ? "would go to" : "", answer->takers[i]);
    if (answer->has_more_takers)
        put(printer, "", STR("and others"));
}

/* "cert.ecdsa:secret:m/a of *.a.test, by server name x.a.test"; and below it what clients get that
 * cannot verify such a key. */
static void put_certificates(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    struct str name = answer->request->server_name;
    struct str place = str_format(printer->arena, "of %.*s, by server name %.*s",
                                  STR_ARG(answer->chain->hostname),
                                  STR_ARG(name.size > 0 ? name : STR("(none)")));
    if (answer->secrets.count == 0)
        put(printer, "certificate", place);
    for (size_t i = 0; i < answer->secrets.count; i++)
        PUT(printer, i == 0 ? "certificate" : "", "%.*s %.*s", STR_ARG(answer->secrets.items[i]),
            STR_ARG(i == 0 ? place : STR("for a client that cannot verify that type of key")));
}

static void put_place(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    if (answer->place == NULL)
        return;
    struct explain__where where = explain__where(answer);
    struct str more = answer->place->note;
    if (more.size > 0)
        more = str_format(printer->arena, ", %.*s", STR_ARG(more));
    if (answer->same_count > 1)
        more = str_format(printer->arena, "%.*s, the first of %zu", STR_ARG(more),
                          answer->same_count);
    PUT(printer, "gateway", "MeshGateway %.*s (mesh %.*s), dataplane %.*s%.*s",
        STR_ARG(where.gateway), STR_ARG(answer->place->mesh), STR_ARG(answer->place->dataplane),
        STR_ARG(more));
    PUT(printer, "listener", "port %u, %.*s", where.port, STR_ARG(where.protocol));
    put_takers(printer);
    if (answer->chain != NULL && answer->listener->protocol == MODEL_HTTPS)
        put_certificates(printer);
    if (answer->host != NULL)
        put(printer, "host name", answer->host->domain);
    if (answer->path.size > 0 && !str_equal(answer->path, answer->request->head.path))
        PUT(printer, "path", "%.*s, which is the normal form of %.*s", STR_ARG(answer->path),
            STR_ARG(answer->request->head.path));
    if (answer->rule == NULL || answer->rule->route.size == 0)
        return;
    struct str name = explain__rule_name(printer->arena, answer->rule);
    struct str text = explain_rule_text(printer->arena, answer->rule);
    PUT(printer, "rule", "%.*s: %.*s", STR_ARG(name), STR_ARG(text));
}

/* ---- What it becomes ---- */

static void put_edits(const struct printer *printer, const char *label, struct http_edits edits)
{
    for (size_t i = 0; i < edits.count; i++) {
        const struct http_edit *edit = &edits.items[i];
        switch (edit->kind) {
        case HTTP_EDIT_REMOVE: PUT(printer, label, "remove %.*s", STR_ARG(edit->name)); break;
        case HTTP_EDIT_SET:
            PUT(printer, label, "set %.*s: %.*s", STR_ARG(edit->name), STR_ARG(edit->value));
            break;
        case HTTP_EDIT_ADD:
            PUT(printer, label, "add %.*s: %.*s", STR_ARG(edit->name), STR_ARG(edit->value));
            break;
        }
    }
}

/* "12.5%": as many digits as it has. */
static struct str percent_text(struct arena *arena, uint32_t ppm)
{
    struct str text = str_format(arena, "%u.%04u", ppm / 10000, ppm % 10000);
    while (str_ends_with(text, STR("0")))
        text.size--;
    if (str_ends_with(text, STR(".")))
        text.size--;
    return str_format(arena, "%.*s%%", STR_ARG(text));
}

/* " at a.test, b.test"; or empty. */
static struct str names_text(struct arena *arena, const struct explain_backend *backend)
{
    struct str text = STR_EMPTY;
    for (size_t i = 0; i < backend->name_count; i++)
        text = str_format(arena, "%.*s%s%.*s", STR_ARG(text), i == 0 ? " at " : ", ",
                          STR_ARG(backend->names[i]));
    return text;
}

static void put_backend(const struct printer *printer, const char *label,
                        const struct explain_backend *backend)
{
    struct str share = percent_text(printer->arena, backend->ppm);
    if (backend->cluster.size == 0)
        PUT(printer, label, "%.*s to no back end that exists: %u", STR_ARG(share), backend->status);
    else
        PUT(printer, label, "%.*s to %.*s, %zu endpoint%s%.*s%s%s", STR_ARG(share),
            STR_ARG(backend->service), backend->endpoints, backend->endpoints == 1 ? "" : "s",
            STR_ARG(names_text(printer->arena, backend)), backend->has_tls ? ", over TLS" : "",
            backend->status != 0 ? ": 503 while there is none" : "");
}

static void put_effects(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    if (answer->outcome == EXPLAIN_FORWARDED) {
        bool is_changed = !str_equal(answer->authority, answer->request->head.authority);
        if (is_changed)
            PUT(printer, "host becomes", "%.*s", STR_ARG(answer->authority));
        if (answer->rule->rewrite.host_from_backend)
            put(printer, "host becomes", STR("the back end's own name, where it has one"));
        put_edits(printer, "to back end", answer->request_edits);
        for (size_t i = 0; i < answer->backend_count; i++)
            put_backend(printer, "back end", &answer->backends[i]);
        if (answer->mirror.cluster.size > 0)
            put_backend(printer, "mirror", &answer->mirror);
    }
    put_edits(printer, "to client", answer->response_edits);
}

/* ---- What else there is ---- */

static void put_candidates(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    for (size_t i = 0; i < answer->candidate_count; i++) {
        const struct explain_candidate *candidate = &answer->candidates[i];
        struct str name = explain__rule_name(printer->arena, candidate->rule);
        struct str text = explain_rule_text(printer->arena, candidate->rule);
        PUT(printer, i == 0 ? "not taken by" : "", "%.*s: %.*s", STR_ARG(name), STR_ARG(text));
        PUT(printer, "", "  %.*s", STR_ARG(candidate->why));
    }
    if (answer->candidate_count > 0 && answer->omitted_count > 0)
        PUT(printer, "", "and %zu rule%s for other paths", answer->omitted_count,
            answer->omitted_count == 1 ? "" : "s");
}

static void put_alternatives(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    for (size_t i = 0; i < answer->alternative_count; i++) {
        const struct explain_alternative *other = &answer->alternatives[i];
        struct str name = explain__rule_name(printer->arena, other->rule);
        PUT(printer, i == 0 ? "taken at" : "", "port %u, %s, host %.*s: %.*s",
            (unsigned)other->listener->port, model_protocol_name(other->listener->protocol),
            STR_ARG(other->host), STR_ARG(name));
    }
}

static void put_hosts(const struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    if (answer->host_count == 0)
        return;
    CLEANUP(buf_deinit) struct buf list;
    buf_init(&list, EXPLAIN_SIZE_MAX);
    for (size_t i = 0; i < answer->host_count; i++)
        buf_printf(&list, "%s%.*s", i == 0 ? "" : ", ", STR_ARG(answer->hosts[i]));
    if (answer->omitted_hosts > 0)
        buf_printf(&list, " and %zu more", answer->omitted_hosts);
    put(printer, "other hosts", buf_str(&list));
}

void explain_text(const struct explain_answer *answer, struct buf *buf)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    const struct printer printer = {answer, arena, buf};
    PUT(&printer, "request", "%.*s %.*s", STR_ARG(answer->request->method),
        STR_ARG(answer->request->url));
    put_outcome(&printer);
    put_place(&printer);
    put_effects(&printer);
    put_candidates(&printer);
    put_alternatives(&printer);
    put_hosts(&printer);
}
