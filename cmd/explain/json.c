/* The answer for programs: one object, whose members docs/explaining.md describes. */
#include "core/json/json.h"
#include "explain/parts.h"

#define CHUNK_SIZE ((size_t)4 * 1024)

struct printer {
    const struct explain_answer *answer;
    struct arena *arena;
    struct jv_writer json;
};

/* What every rule is known by. Of one object's members these come where `matches` sorts. */
static void write_rule_members(struct printer *printer, const struct model_rule *rule)
{
    jv_write_member_string(&printer->json, STR("matches"), explain_rule_text(printer->arena, rule));
    jv_write_member_string(&printer->json, STR("route"), rule->route);
    jv_write_member_u64(&printer->json, STR("rule"), rule->index);
}

static void write_alternatives(struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    jv_write_key(&printer->json, STR("alternatives"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < answer->alternative_count; i++) {
        const struct explain_alternative *other = &answer->alternatives[i];
        jv_write_object(&printer->json);
        jv_write_member_string(&printer->json, STR("gateway"), other->listener->gateway);
        jv_write_member_string(&printer->json, STR("host"), other->host);
        jv_write_member_string(&printer->json, STR("mesh"), other->place->mesh);
        jv_write_member_u64(&printer->json, STR("port"), other->listener->port);
        jv_write_member_string(&printer->json, STR("protocol"),
                               str_of(model_protocol_name(other->listener->protocol)));
        jv_write_member_string(&printer->json, STR("route"), other->rule->route);
        jv_write_member_u64(&printer->json, STR("rule"), other->rule->index);
        jv_write_end(&printer->json);
    }
    jv_write_end(&printer->json);
}

static void write_backend(struct printer *printer, const struct explain_backend *backend)
{
    jv_write_object(&printer->json);
    jv_write_member_string(&printer->json, STR("cluster"), backend->cluster);
    jv_write_member_u64(&printer->json, STR("endpoints"), backend->endpoints);
    jv_write_key(&printer->json, STR("names"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < backend->name_count; i++)
        jv_write_string(&printer->json, backend->names[i]);
    jv_write_end(&printer->json);
    jv_write_member_u64(&printer->json, STR("ppm"), backend->ppm);
    jv_write_member_string(&printer->json, STR("service"), backend->service);
    jv_write_member_u64(&printer->json, STR("status"), backend->status);
    jv_write_member_bool(&printer->json, STR("tls"), backend->has_tls);
    jv_write_end(&printer->json);
}

static void write_backends(struct printer *printer)
{
    jv_write_key(&printer->json, STR("backends"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < printer->answer->backend_count; i++)
        write_backend(printer, &printer->answer->backends[i]);
    jv_write_end(&printer->json);
}

static void write_candidates(struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    jv_write_key(&printer->json, STR("candidates"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < answer->candidate_count; i++) {
        const struct explain_candidate *candidate = &answer->candidates[i];
        jv_write_object(&printer->json);
        jv_write_member_string(&printer->json, STR("fate"), explain__fate_name(candidate->fate));
        write_rule_members(printer, candidate->rule);
        jv_write_member_string(&printer->json, STR("why"), candidate->why);
        jv_write_end(&printer->json);
    }
    jv_write_end(&printer->json);
}

static void write_gateway(struct printer *printer)
{
    const struct explain_answer *answer = printer->answer;
    jv_write_key(&printer->json, STR("gateway"));
    if (answer->place == NULL) {
        jv_write_null(&printer->json);
        return;
    }
    struct explain__where where = explain__where(answer);
    jv_write_object(&printer->json);
    jv_write_member_string(&printer->json, STR("dataplane"), answer->place->dataplane);
    jv_write_member_string(&printer->json, STR("mesh"), answer->place->mesh);
    jv_write_member_string(&printer->json, STR("name"), where.gateway);
    jv_write_member_string(&printer->json, STR("note"), answer->place->note);
    jv_write_member_u64(&printer->json, STR("port"), where.port);
    jv_write_member_string(&printer->json, STR("protocol"), where.protocol);
    jv_write_end(&printer->json);
}

static void write_takers(struct printer *printer)
{
    jv_write_key(&printer->json, STR("takers"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < printer->answer->taker_count; i++)
        jv_write_string(&printer->json, printer->answer->takers[i]);
    jv_write_end(&printer->json);
}

static void write_edits(struct printer *printer, struct str key, struct http_edits edits)
{
    static const struct str kinds[] = {
        [HTTP_EDIT_SET] = STR_INIT("set"),
        [HTTP_EDIT_ADD] = STR_INIT("add"),
        [HTTP_EDIT_REMOVE] = STR_INIT("remove"),
    };
    jv_write_key(&printer->json, key);
    jv_write_array(&printer->json);
    for (size_t i = 0; i < edits.count; i++) {
        jv_write_object(&printer->json);
        jv_write_member_string(&printer->json, STR("change"), kinds[edits.items[i].kind]);
        jv_write_member_string(&printer->json, STR("name"), edits.items[i].name);
        jv_write_member_string(&printer->json, STR("value"), edits.items[i].value);
        jv_write_end(&printer->json);
    }
    jv_write_end(&printer->json);
}

static void write_hosts(struct printer *printer)
{
    jv_write_key(&printer->json, STR("otherHosts"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < printer->answer->host_count; i++)
        jv_write_string(&printer->json, printer->answer->hosts[i]);
    jv_write_end(&printer->json);
}

static void write_certificates(struct printer *printer)
{
    const struct model_names *secrets = &printer->answer->secrets;
    jv_write_key(&printer->json, STR("certificates"));
    jv_write_array(&printer->json);
    for (size_t i = 0; i < secrets->count; i++)
        jv_write_string(&printer->json, secrets->items[i]);
    jv_write_end(&printer->json);
}

static void write_mirror(struct printer *printer)
{
    jv_write_key(&printer->json, STR("mirror"));
    if (printer->answer->mirror.cluster.size == 0)
        jv_write_null(&printer->json);
    else
        write_backend(printer, &printer->answer->mirror);
}

static void write_rule(struct printer *printer)
{
    const struct model_rule *rule = printer->answer->rule;
    jv_write_key(&printer->json, STR("rule"));
    if (rule == NULL || rule->route.size == 0) {
        jv_write_null(&printer->json);
        return;
    }
    jv_write_object(&printer->json);
    write_rule_members(printer, rule);
    jv_write_end(&printer->json);
}

void explain_json(const struct explain_answer *answer, struct str findings, struct buf *buf)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    struct printer printer = {.answer = answer, .arena = arena};
    struct jv_writer *json = &printer.json;
    const struct explain_request *request = answer->request;
    jv_writer_init(json, buf);
    jv_write_object(json);
    write_alternatives(&printer);
    write_backends(&printer);
    jv_write_member_string(json, STR("body"), answer->body);
    write_candidates(&printer);
    jv_write_member_string(json, STR("certificate"),
                           request->is_tls && answer->chain != NULL ? answer->chain->hostname
                                                                    : STR_EMPTY);
    write_certificates(&printer);
    jv_write_key(json, STR("findings"));
    jv_write_canonical(json, findings);
    write_gateway(&printer);
    jv_write_member_string(json, STR("host"),
                           answer->host == NULL ? STR_EMPTY : answer->host->domain);
    jv_write_member_bool(json, STR("hostFromBackend"),
                         answer->outcome == EXPLAIN_FORWARDED &&
                             answer->rule->rewrite.host_from_backend);
    jv_write_member_string(json, STR("location"), answer->location);
    jv_write_member_string(json, STR("method"), request->method);
    write_mirror(&printer);
    write_hosts(&printer);
    jv_write_member_string(json, STR("outcome"), explain__outcome_name(answer->outcome));
    jv_write_member_string(json, STR("path"), answer->path);
    jv_write_member_string(json, STR("remedy"), answer->remedy);
    write_edits(&printer, STR("requestHeaders"), answer->request_edits);
    write_edits(&printer, STR("responseHeaders"), answer->response_edits);
    write_rule(&printer);
    jv_write_member_string(json, STR("sentHost"), answer->authority);
    jv_write_member_string(json, STR("sentTarget"), answer->target);
    jv_write_member_string(json, STR("serverName"), request->server_name);
    jv_write_member_u64(json, STR("status"), answer->status);
    write_takers(&printer);
    jv_write_member_string(json, STR("url"), request->url);
    jv_write_member_string(json, STR("why"), answer->why);
    jv_write_end(json);
}
