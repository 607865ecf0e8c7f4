#include "control/operator/statuses.h"

#include "control/instance/instance.h"
#include "control/operator/operator.h"
#include "core/base/assert.h"
#include "core/base/hash.h"
#include "core/base/mem.h"

#define CHUNK_SIZE ((size_t)16 * 1024)

/* An object is at most 3 MiB for the API server. */
#define DOCUMENT_SIZE_MAX ((size_t)3 << 20)

/* One run. */
struct run {
    struct operator__statuses *statuses;
    const struct operator__view *view;
    struct arena *arena;
    struct operator__verdict *verdicts; /* of the gateways of the report */
    bool *held;                         /* the same: nothing is said of them yet */
    struct buf status;
    uint64_t again_ms;
};

void operator__statuses_init(struct operator__statuses *statuses, struct operator__records *records,
                             struct apply *apply)
{
    *statuses = (struct operator__statuses){
        .records = records,
        .apply = apply,
        .waiting = map_new(),
    };
}

static void waiting_free(struct map *waiting)
{
    struct map_cursor at = {0};
    uint64_t *since_ms;
    while ((since_ms = map_next(waiting, &at)) != NULL)
        mem_free(since_ms);
    map_free(waiting);
}

void operator__statuses_deinit(struct operator__statuses *statuses)
{
    waiting_free(TAKE(statuses->waiting));
}

/* ---- Documents ---- */

/* The name and the namespace of an object in a cluster. */
static struct str name_of(const struct api_object *object)
{
    return object->namespace.size > 0 ? instance_name(object) : object->key.name;
}

struct str operator__status_path(struct arena *arena, const struct api_object *object)
{
    struct str name = name_of(object);
    struct str plural = api_kind_plural(object->key.kind);
    const char *scope = object->namespace.size > 0 ? "namespaces/" : "";
    const char *slash = object->namespace.size > 0 ? "/" : "";
    return str_format(arena, "/apis/kuma.io/v1alpha1/%s%.*s%s%.*s/%.*s/status", scope,
                      STR_ARG(object->namespace), slash, STR_ARG(plural), STR_ARG(name));
}

struct status_object operator__status_object(const struct api_object *object, struct str previous,
                                             uint64_t wall_ms)
{
    return (struct status_object){
        .kind = api_kind_name(object->key.kind),
        .name = name_of(object),
        .namespace = object->namespace,
        .generation = object->generation,
        .previous = previous,
        .now_ms = wall_ms,
    };
}

void operator__status_say(struct operator__statuses *statuses, struct str path,
                          const struct status_object *object, struct str status)
{
    if (!operator__records_say(statuses->records, path, status))
        return;
    struct buf document;
    buf_init(&document, DOCUMENT_SIZE_MAX);
    status_document_print(object, status, &document);
    struct apply_document applied = {path, OPERATOR__STATUS_MANAGER, buf_str(&document)};
    if (!buf_overflowed(&document))
        apply_set(statuses->apply, &applied);
    buf_deinit(&document);
}

/* The object of the run that is written, with the path of its status. */
static struct status_object begin(struct run *run, const struct api_object *object,
                                  struct str *ret_path)
{
    *ret_path = operator__status_path(run->arena, object);
    buf_clear(&run->status);
    return operator__status_object(
        object, operator__records_standing(run->statuses->records, *ret_path), run->view->wall_ms);
}

static void end(struct run *run, struct str path, const struct status_object *object)
{
    if (!buf_overflowed(&run->status))
        operator__status_say(run->statuses, path, object, buf_str(&run->status));
}

/* ---- Conditions ---- */

static struct status_condition condition_of(struct str type, const struct compile_condition *from)
{
    return (struct status_condition){type, from->reason, from->message,
                                     from->ok ? STATUS_TRUE : STATUS_FALSE};
}

/* What is accepted may still not be as its author hoped. */
static struct status_condition accepted_of(const struct run *run, const struct api_object *object,
                                           const struct compile_condition *from)
{
    struct status_condition condition = condition_of(STR("Accepted"), from);
    if (from->ok && from->message.size == 0)
        condition.message = finding_summarise(run->arena, object->findings, FINDING_WARNING);
    return condition;
}

/* Of Conflicted, what is well is false. */
static struct status_condition conflicted_of(const struct compile_condition *from)
{
    return (struct status_condition){STR("Conflicted"), from->reason, from->message,
                                     from->ok ? STATUS_FALSE : STATUS_TRUE};
}

/* What is not accepted, or not as a whole, is not served as it was written. */
static struct status_condition programmed_of(const struct compile_condition *accepted,
                                             const struct status_condition *verdict)
{
    if (accepted->ok || str_equal(accepted->reason, verdict->reason))
        return *verdict;
    return (struct status_condition){STR("Programmed"), accepted->reason,
                                     STR("not served as written: the condition Accepted says why"),
                                     STATUS_FALSE};
}

/* ---- MeshGateways ---- */

/* The certificates of a listener as proxies have them: those of its names in what they serve, each
 * once. While certificates change that may be two for a name. */
static void find_certificates(const struct run *run, const struct operator__verdict *verdict,
                              const struct compile_listener_report *report,
                              struct status_listener *listener)
{
    size_t most = report->secrets.count * verdict->snapshot_count;
    const struct model_secret **found = ARENA_NEW_ARRAY(run->arena, const struct model_secret *,
                                                        most);
    for (size_t i = 0; i < most; i++) {
        const struct model_snapshot *snapshot = verdict->snapshots[i % verdict->snapshot_count];
        const struct model_resource *resource = model_snapshot_find(
            snapshot, MODEL_SECRET, report->secrets.items[i / verdict->snapshot_count]);
        if (resource == NULL)
            continue;
        size_t known = 0;
        while (known < listener->certificate_count &&
               !str_equal(found[known]->fingerprint, resource->secret->fingerprint))
            known++;
        if (known == listener->certificate_count)
            found[listener->certificate_count++] = resource->secret;
    }
    listener->certificates = found;
}

static struct status_listener listener_of(const struct run *run,
                                          const struct operator__verdict *verdict,
                                          const struct compile_listener_report *report)
{
    struct status_condition *conditions = ARENA_NEW_ARRAY(run->arena, struct status_condition, 4);
    conditions[0] = condition_of(STR("Accepted"), &report->accepted);
    conditions[1] = conflicted_of(&report->conflicted);
    conditions[2] = condition_of(STR("ResolvedRefs"), &report->resolved_refs);
    conditions[3] = programmed_of(&report->accepted, &verdict->programmed.condition);
    struct status_listener listener = {
        .port = report->port,
        .protocol = api_protocol_name(report->protocol),
        .hostname = report->hostname,
        .attached_routes = report->attached_routes,
        .conditions = {conditions, 4},
    };
    find_certificates(run, verdict, report, &listener);
    return listener;
}

static void say_gateway(struct run *run, const struct compile_gateway_report *report,
                        const struct operator__verdict *verdict)
{
    struct str path;
    struct status_object object = begin(run, report->gateway, &path);
    struct status_listener *listeners = ARENA_NEW_ARRAY(run->arena, struct status_listener,
                                                        report->listener_count);
    for (size_t i = 0; i < report->listener_count; i++)
        listeners[i] = listener_of(run, verdict, &report->listeners[i]);
    const struct status_condition conditions[] = {
        accepted_of(run, report->gateway, &report->accepted),
        condition_of(STR("ResolvedRefs"), &report->resolved_refs),
        programmed_of(&report->accepted, &verdict->programmed.condition),
    };
    const struct status_gateway gateway = {
        .conditions = {conditions, ARRAY_SIZE(conditions)},
        .listeners = listeners,
        .listener_count = report->listener_count,
        .ready = verdict->programmed.ready,
        .serves = verdict->programmed.serves,
    };
    status_gateway_print(&object, &gateway, &run->status);
    end(run, path, &object);
}

/* ---- MeshGatewayRoutes ---- */

static size_t index_of(const struct run *run, const struct api_object *gateway)
{
    const struct compile_report *report = run->view->report;
    size_t i = 0;
    while (i < report->gateway_count && report->gateways[i].gateway != gateway)
        i++;
    ASSERT(i < report->gateway_count); /* both are of the cache as it is */
    return i;
}

static bool is_held(const struct run *run, const struct compile_route_report *report)
{
    for (size_t i = 0; i < report->parent_count; i++) {
        if (run->held[index_of(run, report->parents[i].gateway)])
            return true;
    }
    return false;
}

static struct status_parent parent_of(const struct run *run,
                                      const struct compile_parent_report *report)
{
    const struct operator__verdict *verdict = &run->verdicts[index_of(run, report->gateway)];
    struct status_condition *conditions = ARENA_NEW_ARRAY(run->arena, struct status_condition, 3);
    conditions[0] = condition_of(STR("Accepted"), &report->accepted);
    conditions[1] = condition_of(STR("ResolvedRefs"), &report->resolved_refs);
    conditions[2] = programmed_of(&report->accepted, &verdict->programmed.condition);
    return (struct status_parent){
        .gateway = report->gateway->key.name,
        .attached_listeners = report->attached_listeners,
        .conditions = {conditions, 3},
    };
}

/* Of the route as a whole: every gateway that it attaches to serves it. */
static struct status_condition summary_of(const struct compile_route_report *report,
                                          const struct status_parent *parents)
{
    const struct status_condition none = {STR("Programmed"), report->accepted.reason,
                                          STR("no gateway serves this route: the condition "
                                              "Accepted says why"),
                                          STATUS_FALSE};
    struct status_condition summary = none;
    bool any = false;
    for (size_t i = 0; i < report->parent_count; i++) {
        const struct status_condition *programmed = &parents[i].conditions.items[2];
        if (report->parents[i].attached_listeners == 0)
            continue;
        if (any)
            status_condition_merge(&summary, programmed);
        else
            summary = *programmed;
        any = true;
    }
    return summary;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    return hash_bytes(&number, sizeof(number), hash);
}

static uint64_t hash_text(uint64_t hash, struct str text)
{
    return hash_bytes(text.data, text.size, hash);
}

static uint64_t hash_conditions(uint64_t hash, struct status_conditions conditions)
{
    for (size_t i = 0; i < conditions.count; i++) {
        const struct status_condition *condition = &conditions.items[i];
        hash = hash_text(hash_number(hash, condition->value), condition->type);
        hash = hash_text(hash_text(hash, condition->reason), condition->message);
    }
    return hash;
}

/* Of all that a status is made of but the times of transitions. Of thousands of objects few have
 * anything new. */
static uint64_t hash_plain(const struct status_object *object, struct status_conditions conditions)
{
    return hash_conditions(hash_number(hash_seed(), object->generation), conditions);
}

static uint64_t hash_route(const struct status_object *object, const struct status_route *route)
{
    uint64_t hash = hash_plain(object, route->conditions);
    for (size_t i = 0; i < route->parent_count; i++) {
        const struct status_parent *parent = &route->parents[i];
        hash = hash_text(hash_number(hash, parent->attached_listeners), parent->gateway);
        hash = hash_conditions(hash, parent->conditions);
    }
    return hash;
}

static void say_route(struct run *run, const struct compile_route_report *report)
{
    struct str path;
    struct status_object object = begin(run, report->route, &path);
    struct status_parent *parents = ARENA_NEW_ARRAY(run->arena, struct status_parent,
                                                    report->parent_count);
    for (size_t i = 0; i < report->parent_count; i++)
        parents[i] = parent_of(run, &report->parents[i]);
    const struct status_condition conditions[] = {
        accepted_of(run, report->route, &report->accepted),
        condition_of(STR("ResolvedRefs"), &report->resolved_refs),
        summary_of(report, parents),
    };
    const struct status_route route = {
        .conditions = {conditions, ARRAY_SIZE(conditions)},
        .parents = parents,
        .parent_count = report->parent_count,
    };
    uint64_t input = hash_route(&object, &route);
    if (operator__records_knows(run->statuses->records, path, input))
        return;
    status_route_print(&object, &route, &run->status);
    end(run, path, &object);
    operator__records_note(run->statuses->records, path, input);
}

/* ---- Other kinds ---- */

static void say_other(struct run *run, const struct compile_object_report *report)
{
    struct str path;
    struct status_object object = begin(run, report->object, &path);
    const struct status_condition conditions[] = {
        accepted_of(run, report->object, &report->accepted),
        condition_of(STR("Programmed"), &report->programmed),
    };
    const struct status_conditions said = {conditions, report->programmed.ok ? 1 : 2};
    uint64_t input = hash_plain(&object, said);
    if (operator__records_knows(run->statuses->records, path, input))
        return;
    status_plain_print(&object, said, &run->status);
    end(run, path, &object);
    operator__records_note(run->statuses->records, path, input);
}

/* ---- Patience ---- */

/* Since when an acknowledgement of the gateway's proxies is missing. Remembers it. */
static uint64_t waits_since_ms(struct run *run, const struct map *before,
                               const struct api_object *gateway)
{
    struct str key = str_format(run->arena, "%.*s/%.*s", STR_ARG(gateway->key.mesh),
                                STR_ARG(gateway->key.name));
    const uint64_t *known = map_get(before, key);
    uint64_t *since_ms = MEM_NEW(uint64_t);
    *since_ms = known != NULL ? *known : run->view->now_ms;
    (void)map_set(run->statuses->waiting, key, since_ms); /* a gateway is asked about once */
    return *since_ms;
}

/* Whether a status stands that was true when it was said. */
static bool is_said(const struct run *run, const struct api_object *gateway)
{
    struct str path = operator__status_path(run->arena, gateway);
    return operator__records_standing(run->statuses->records, path).size > 0;
}

/* Whether nothing is to be said of the gateway yet. */
static bool hold(struct run *run, const struct map *before, const struct api_object *gateway,
                 const struct operator__verdict *verdict)
{
    const struct operator__view *view = run->view;
    uint64_t due_ms = 0;
    if (verdict->programmed.waiting) {
        uint64_t since_ms = waits_since_ms(run, before, gateway);
        due_ms = MAX(since_ms + OPERATOR_PATIENCE_MS, view->patience_ms);
    } else if (verdict->has_strangers && is_said(run, gateway)) {
        due_ms = view->patience_ms;
    }
    if (due_ms <= view->now_ms)
        return false;
    if (due_ms != UINT64_MAX)
        run->again_ms = MIN(run->again_ms, due_ms - view->now_ms);
    return true;
}

static void judge(struct run *run)
{
    const struct operator__view *view = run->view;
    size_t count = view->report->gateway_count;
    run->verdicts = ARENA_NEW_ARRAY(run->arena, struct operator__verdict, count);
    run->held = ARENA_NEW_ARRAY(run->arena, bool, count);
    struct map *before = TAKE(run->statuses->waiting);
    run->statuses->waiting = map_new();
    for (size_t i = 0; i < count; i++) {
        const struct api_object *gateway = view->report->gateways[i].gateway;
        run->verdicts[i] = operator__proxies_judge(view->proxies, view->groups, gateway, view->find,
                                                   view->find_arg, run->arena);
        run->held[i] = hold(run, before, gateway, &run->verdicts[i]);
    }
    waiting_free(before);
}

uint64_t operator__statuses_say(struct operator__statuses *statuses,
                                const struct operator__view *view)
{
    struct run run = {
        .statuses = statuses,
        .view = view,
        .arena = arena_new(CHUNK_SIZE),
        .again_ms = UINT64_MAX,
    };
    buf_init(&run.status, DOCUMENT_SIZE_MAX);
    judge(&run);
    for (size_t i = 0; i < view->report->gateway_count; i++) {
        if (!run.held[i] && !statuses->lacks_status[API_MESH_GATEWAY])
            say_gateway(&run, &view->report->gateways[i], &run.verdicts[i]);
    }
    for (size_t i = 0; i < view->report->route_count; i++) {
        if (!is_held(&run, &view->report->routes[i]) &&
            !statuses->lacks_status[view->report->routes[i].route->key.kind])
            say_route(&run, &view->report->routes[i]);
    }
    for (size_t i = 0; i < view->report->other_count; i++) {
        if (!statuses->lacks_status[view->report->others[i].object->key.kind])
            say_other(&run, &view->report->others[i]);
    }
    buf_deinit(&run.status);
    run.arena = arena_free(run.arena);
    return run.again_ms;
}
