#include "control/operator/instances.h"

#include "control/operator/observed.h"
#include "control/placement/placement.h"
#include "core/base/clock.h"
#include "core/base/mem.h"

#define CHUNK_SIZE        ((size_t)4096)
#define DOCUMENT_SIZE_MAX ((size_t)1 << 20)

/* One of the two objects of an instance. */
struct part {
    struct entry *entry;
    struct str path;
    struct operator__observed observed;
    uint64_t applied; /* the version that the server made of what we applied last */
    bool is_wanted;
    bool is_doubtful; /* it was changed, by others or by what is under way */
    bool is_refused;
    struct err_info refusal;
};

struct entry {
    struct operator__instances *instances;
    struct arena *arena;
    struct part service;
    struct part deployment;
    bool is_seen; /* in the update that runs */
};

void operator__instances_init(struct operator__instances *instances,
                              const struct operator__instances_options *options)
{
    *instances = (struct operator__instances){*options, map_new()};
}

/* ---- What is there ---- */

/* Our fields may not be as we said any more: they are said anew. What is told may be of our own
 * making; while that is under way only its answer says so. */
static void on_observed(void *arg, bool by_others)
{
    struct part *part = arg;
    const struct operator__instances_options *options = &part->entry->instances->options;
    if (by_others && apply_is_sent(options->apply, part->path))
        part->is_doubtful = true;
    else if (by_others && part->observed.version != part->applied)
        apply_forget(options->apply, part->path);
    options->changed(options->arg);
}

static void part_init(struct part *part, struct entry *entry, const struct api_object *object,
                      const char *group, const char *plural)
{
    struct str collection = str_format(entry->arena, "/%s/namespaces/%.*s/%s", group,
                                       STR_ARG(object->namespace), plural);
    struct str name = str_dup(entry->arena, instance_name(object));
    part->entry = entry;
    part->path = str_format(entry->arena, "%.*s/%.*s", STR_ARG(collection), STR_ARG(name));
    const struct operator__observed_options options = {
        .kube = entry->instances->options.kube,
        .collection = collection,
        .name = name,
        .changed = on_observed,
        .arg = part,
    };
    operator__observed_init(&part->observed, &options);
}

static struct entry *entry_make(struct operator__instances *instances,
                                const struct api_object *object)
{
    struct entry *entry = map_get(instances->by_name, object->key.name);
    if (entry != NULL)
        return entry;
    entry = MEM_NEW(struct entry);
    entry->instances = instances;
    entry->arena = arena_new(CHUNK_SIZE);
    part_init(&entry->service, entry, object, "api/v1", "services");
    part_init(&entry->deployment, entry, object, "apis/apps/v1", "deployments");
    (void)map_set(instances->by_name, object->key.name, entry); /* it was not there */
    return entry;
}

static void part_deinit(struct part *part)
{
    operator__observed_deinit(&part->observed);
    apply_forget(part->entry->instances->options.apply, part->path);
}

static void entry_free(struct entry *entry)
{
    part_deinit(&entry->service);
    part_deinit(&entry->deployment);
    entry->arena = arena_free(entry->arena);
    mem_free(entry);
}

void operator__instances_deinit(struct operator__instances *instances)
{
    struct map_cursor at = {0};
    struct entry *entry;
    while ((entry = map_next(instances->by_name, &at)) != NULL)
        entry_free(entry);
    instances->by_name = map_free(instances->by_name);
}

/* ---- What shall be there ---- */

static void part_apply(struct part *part, bool is_wanted, const struct buf *body)
{
    struct apply *apply = part->entry->instances->options.apply;
    if (!is_wanted && part->is_wanted)
        apply_forget(apply, part->path);
    if (!is_wanted)
        part->is_refused = false;
    part->is_wanted = is_wanted;
    if (!is_wanted || buf_overflowed(body))
        return;
    struct apply_document document = {part->path, OPERATOR__MANAGER, buf_str(body)};
    apply_set(apply, &document);
}

static void apply_service(struct entry *entry, const struct api_object *object,
                          const struct api_object *gateway, bool is_wanted, struct arena *arena)
{
    struct buf body;
    buf_init(&body, DOCUMENT_SIZE_MAX);
    if (is_wanted) {
        size_t count = 0;
        const uint32_t *ports = instance_ports(arena, gateway->mesh_gateway, &count);
        instance_service_print(object, ports, count, &body);
    }
    part_apply(&entry->service, is_wanted, &body);
    buf_deinit(&body);
}

static void apply_deployment(struct entry *entry, const struct api_object *object, bool is_wanted)
{
    struct buf body;
    buf_init(&body, DOCUMENT_SIZE_MAX);
    if (is_wanted) {
        /* Its pods mount the ConfigMap. */
        operator__trust_spread(entry->instances->options.trust, object->namespace);
        instance_deployment_print(object, &entry->instances->options.instance, &body);
    }
    part_apply(&entry->deployment, is_wanted, &body);
    buf_deinit(&body);
}

/* ---- What is said ---- */

/* What the API server did not take comes before what is there without it. */
static void judge_refusal(const struct part *part, const char *kind, struct arena *arena,
                          struct status_condition *ready)
{
    if (!part->is_refused)
        return;
    *ready = (struct status_condition){
        .type = ready->type,
        .reason = STR("Refused"),
        .message = str_format(arena, "%s: the API server does not take it: %s", kind,
                              part->refusal.message),
        .value = STATUS_FALSE,
    };
}

static void say(const struct entry *entry, const struct api_object *object,
                const struct instance_verdict *verdict, struct arena *arena, uint64_t wall_ms)
{
    struct operator__statuses *statuses = entry->instances->options.statuses;
    if (statuses->lacks_status[API_MESH_GATEWAY_INSTANCE])
        return;
    struct str path = operator__status_path(arena, object);
    struct status_object target = operator__status_object(
        object, operator__records_standing(statuses->records, path), wall_ms);
    struct status_condition ready = verdict->ready;
    judge_refusal(&entry->deployment, "Deployment", arena, &ready);
    judge_refusal(&entry->service, "Service", arena, &ready);
    const struct status_condition conditions[] = {verdict->accepted, ready};
    const struct status_instance instance = {
        .conditions = {conditions, ARRAY_SIZE(conditions)},
        .load_balancer = verdict->load_balancer,
        .addresses = verdict->addresses,
        .address_count = verdict->address_count,
    };
    struct buf status;
    buf_init(&status, DOCUMENT_SIZE_MAX);
    status_instance_print(&target, &instance, &status);
    if (!buf_overflowed(&status))
        operator__status_say(statuses, path, &target, buf_str(&status));
    buf_deinit(&status);
}

/* ---- The update ---- */

/* Of a namespace where there may be no gateways nothing is made. */
static void forbid(struct instance_verdict *verdict, const struct api_object *object,
                   struct arena *arena)
{
    verdict->wants_service = false;
    verdict->wants_deployment = false;
    verdict->accepted = (struct status_condition){
        .type = STR("Accepted"),
        .reason = STR("NotPermitted"),
        .message = str_format(arena,
                              "metadata.namespace: there may be no gateways in namespace %.*s; add "
                              "it to the chart's gatewayNamespaces",
                              STR_ARG(object->namespace)),
        .value = STATUS_FALSE,
    };
}

static void update(struct entry *entry, const struct api_object *object, uint64_t wall_ms)
{
    const struct operator__instances_options *options = &entry->instances->options;
    if (!entry->service.observed.is_known || !entry->deployment.observed.is_known)
        return;
    struct arena *arena = arena_new(CHUNK_SIZE);
    const struct api_object *gateway = placement_gateway_of(options->cache, object->key.mesh,
                                                            object->mesh_gateway_instance->tags);
    const struct instance_observed observed = {
        .service = operator__observed_read(&entry->service.observed, arena),
        .deployment = operator__observed_read(&entry->deployment.observed, arena),
    };
    struct instance_verdict verdict = instance_judge(arena, object, gateway, &observed);
    if (!placement_is_permitted(options->namespaces, options->namespace_count, object->namespace))
        forbid(&verdict, object, arena);
    apply_service(entry, object, gateway, verdict.wants_service, arena);
    apply_deployment(entry, object, verdict.wants_deployment);
    say(entry, object, &verdict, arena, wall_ms);
    arena = arena_free(arena);
}

static void drop_unseen(struct operator__instances *instances)
{
    struct map_cursor at = {0};
    struct entry *entry;
    while ((entry = map_next(instances->by_name, &at)) != NULL) {
        bool is_seen = entry->is_seen;
        entry->is_seen = false;
        if (is_seen)
            continue;
        (void)map_remove(instances->by_name, at.key); /* the same */
        entry_free(entry);
    }
}

void operator__instances_update(struct operator__instances *instances)
{
    size_t count;
    const struct api_object *const *objects = cache_list_all(instances->options.cache,
                                                             API_MESH_GATEWAY_INSTANCE, &count);
    uint64_t wall_ms = clock_wall_ms();
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = entry_make(instances, objects[i]);
        entry->is_seen = true;
        update(entry, objects[i], wall_ms);
    }
    drop_unseen(instances);
}

/* ---- Answers ---- */

/* What another try may change is no refusal. */
static bool is_refusal(const struct kube_answer *answer)
{
    return answer->err == ERR_INVALID || answer->err == ERR_UNAUTHORISED ||
           answer->err == ERR_CONFLICT;
}

/* Whether others have changed it while it was under way. What failed is sent again anyway. */
static bool was_overtaken(struct part *part, const struct kube_answer *answer)
{
    bool is_doubtful = part->is_doubtful;
    part->is_doubtful = false;
    if (answer->err != ERR_OK)
        return false;
    part->applied = operator__observed_version(answer->body);
    return is_doubtful && part->observed.version != part->applied;
}

static bool answered(struct part *part, struct str path, const struct kube_answer *answer)
{
    if (!str_equal(part->path, path))
        return false;
    const struct operator__instances_options *options = &part->entry->instances->options;
    bool was_refused = part->is_refused;
    part->is_refused = is_refusal(answer);
    if (part->is_refused)
        part->refusal = answer->reason;
    bool is_overtaken = was_overtaken(part, answer);
    if (is_overtaken)
        apply_forget(options->apply, part->path);
    if (part->is_refused || was_refused || is_overtaken)
        options->changed(options->arg);
    return true;
}

bool operator__instances_answered(struct operator__instances *instances, struct str path,
                                  const struct kube_answer *answer)
{
    struct map_cursor at = {0};
    struct entry *entry;
    while ((entry = map_next(instances->by_name, &at)) != NULL) {
        if (answered(&entry->service, path, answer) || answered(&entry->deployment, path, answer))
            return true;
    }
    return false;
}
