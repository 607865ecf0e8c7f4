#include "control/instance/observe.h"
#include "control/instance/parts.h"

/* The longest name that a Service may have. */
#define SERVICE_NAME_MAX 63

static const struct str accepted_type = STR_INIT("Accepted");
static const struct str ready_type = STR_INIT("Ready");

struct judge {
    struct arena *arena;
    const struct api_object *instance;
    const struct api_object *gateway;
    const struct jv *service;    /* of this instance, or NULL */
    const struct jv *deployment; /* likewise */
    struct str name;
    struct str namespace;
};

/* ---- Accepted ---- */

/* Names of instances may be longer, and have dots. */
static bool is_service_name(struct str name)
{
    return name.size <= SERVICE_NAME_MAX && str_find_char(name, '.') == STR_NOT_FOUND;
}

static struct status_condition refusal(struct str type, struct str reason, struct str message)
{
    return (struct status_condition){type, reason, message, STATUS_FALSE};
}

static struct status_condition not_owned(const struct judge *judge, const char *kind)
{
    return refusal(accepted_type, STR("NotOwned"),
                   str_format(judge->arena,
                              "%s %.*s/%.*s is there already and belongs to somebody else: delete "
                              "it, or give this MeshGatewayInstance another name",
                              kind, STR_ARG(judge->namespace), STR_ARG(judge->name)));
}

static struct status_condition judge_accepted(const struct judge *judge,
                                              const struct instance_observed *observed)
{
    const struct api_object *object = judge->instance;
    if (object->broken)
        return refusal(accepted_type, STR("Invalid"),
                       finding_summarise(judge->arena, object->findings, FINDING_ERROR));
    if (!is_service_name(judge->name))
        return refusal(accepted_type, STR("Invalid"),
                       STR("metadata.name: a Service cannot have this name: write "
                           "at most 63 characters, and no dot"));
    if (observed->service != judge->service)
        return not_owned(judge, "Service");
    if (observed->deployment != judge->deployment)
        return not_owned(judge, "Deployment");
    return (struct status_condition){
        accepted_type,
        STR("Accepted"),
        finding_summarise(judge->arena, object->findings, FINDING_WARNING),
        STATUS_TRUE,
    };
}

/* ---- Ready ---- */

static struct status_condition no_gateway(const struct judge *judge)
{
    const struct api_object *object = judge->instance;
    const struct str *service = api_tags_find(object->mesh_gateway_instance->tags,
                                              STR("kuma.io/service"));
    return refusal(ready_type, STR("NoGatewayMatched"),
                   str_format(judge->arena,
                              "No Gateway matched by tags in mesh: '%.*s'. Write a MeshGateway of "
                              "this mesh whose selectors have kuma.io/service: %.*s",
                              STR_ARG(object->key.mesh), STR_ARG(*service)));
}

static struct status_condition deployment_condition(const struct judge *judge,
                                                    enum status_value value, struct str what)
{
    return (struct status_condition){
        ready_type,
        STR("DeploymentNotAvailable"),
        str_format(judge->arena, "Deployment %.*s/%.*s: %.*s", STR_ARG(judge->namespace),
                   STR_ARG(judge->name), STR_ARG(what)),
        value,
    };
}

/* Whether enough pods take requests; true: nothing is wrong, and `ret_condition` is untouched. */
static bool deployment_is_available(const struct judge *judge,
                                    struct status_condition *ret_condition)
{
    if (judge->deployment == NULL) {
        *ret_condition = deployment_condition(judge, STATUS_FALSE, STR("is not there yet"));
        return false;
    }
    const struct jv *available = instance__condition(judge->deployment, STR("Available"));
    struct str status = jv_text(jv_get(available, STR("status")));
    struct str message = jv_text(jv_get(available, STR("message")));
    if (str_equal(status, STR("True")))
        return true;
    if (str_equal(status, STR("False")))
        *ret_condition = deployment_condition(
            judge, STATUS_FALSE,
            str_format(judge->arena, "%.*s See kubectl -n %.*s describe pods -l app=%.*s",
                       STR_ARG(message), STR_ARG(judge->namespace), STR_ARG(judge->name)));
    else
        *ret_condition = deployment_condition(judge, STATUS_UNKNOWN,
                                              STR("its pods are not reported yet"));
    return false;
}

static struct status_condition judge_ready(const struct judge *judge, size_t address_count)
{
    const struct api_mesh_gateway_instance *spec = judge->instance->mesh_gateway_instance;
    struct status_condition condition;
    if (judge->gateway == NULL)
        return no_gateway(judge);
    if (!deployment_is_available(judge, &condition))
        return condition;
    if (address_count > 0)
        return (struct status_condition){ready_type, STR("Ready"), STR_EMPTY, STATUS_TRUE};
    const char *remedy = spec->service_type == API_SERVICE_LOAD_BALANCER
                             ? ": the cluster's load balancer has to give it one. Where there is "
                               "none, write spec.serviceType: NodePort or ClusterIP"
                             : "";
    return refusal(ready_type, STR("LoadBalancerAddressNotReady"),
                   str_format(judge->arena, "Service %.*s/%.*s has no address yet%s",
                              STR_ARG(judge->namespace), STR_ARG(judge->name), remedy));
}

/* ---- All of it ---- */

static const struct jv *owned(const struct api_object *instance, const struct jv *object)
{
    return object != NULL && instance__owns(instance, object) ? object : NULL;
}

struct instance_verdict instance_judge(struct arena *arena, const struct api_object *instance,
                                       const struct api_object *gateway,
                                       const struct instance_observed *observed)
{
    const struct judge judge = {
        .arena = arena,
        .instance = instance,
        .gateway = gateway,
        .service = owned(instance, observed->service),
        .deployment = owned(instance, observed->deployment),
        .name = instance_name(instance),
        .namespace = instance->namespace,
    };
    struct instance_verdict verdict = {.accepted = judge_accepted(&judge, observed)};
    verdict.load_balancer = instance__load_balancer(arena, judge.service);
    if (instance->mesh_gateway_instance->service_type == API_SERVICE_LOAD_BALANCER)
        verdict.addresses = instance__ingress_addresses(arena, verdict.load_balancer,
                                                        &verdict.address_count);
    else
        verdict.addresses = instance__cluster_addresses(arena, judge.service,
                                                        &verdict.address_count);
    verdict.ready = judge_ready(&judge, verdict.address_count);

    size_t port_count = 0;
    if (gateway != NULL)
        (void)instance_ports(arena, gateway->mesh_gateway, &port_count);
    bool is_accepted = verdict.accepted.value == STATUS_TRUE;
    verdict.wants_service = is_accepted && port_count > 0;
    verdict.wants_deployment = is_accepted && (port_count > 0 || judge.service != NULL);
    return verdict;
}
