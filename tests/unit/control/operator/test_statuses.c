#include "world.h"

#include "../../turns.h"
#include "control/operator/operator.h"
#include "control/operator/statuses.h"
#include "core/base/base64.h"
#include "core/base/vec.h"
#include "core/loop/loop.h"
#include "core/pki/pki.h"

#define EDGE_PATH  "/apis/kuma.io/v1alpha1/meshgateways/edge/status"
#define ROUTE_PATH "/apis/kuma.io/v1alpha1/meshgatewayroutes/r/status"

/* 2036-11-24T00:00:00Z, when the loop's clock is 0. */
#define WALL_MS 2111097600000ULL

struct document {
    struct str path;
    struct str body;
};

static struct world w;
static struct operator__records records;
static struct operator__statuses statuses;
static struct loop *loop;
static struct apply *apply;
static VEC(struct document) sent;
static uint64_t patience_ms;

static void on_send(void *arg, const struct apply_document *document)
{
    (void)arg; /* there is one */
    assert_true(str_equal(document->manager, STR("otemon-status")));
    struct document copy = {str_dup(w.arena, document->path), str_dup(w.arena, document->body)};
    VEC_PUSH(&sent, copy);
}

static int setup(void **state)
{
    (void)state;
    world_init(&w, NULL, 0);
    loop = loop_new();
    apply = apply_new(loop, on_send, NULL);
    operator__records_init(&records);
    operator__statuses_init(&statuses, &records, apply);
    patience_ms = 0;
    world_put_gateway(&w, "default", "edge", 80);
    world_put_pod(&w, "default", "a", "1", EDGE_TAGS);
    world_put_slice(&w, "edge-1", "a", "true");
    world_put_back_end(&w, "10.0.0.1");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    operator__statuses_deinit(&statuses);
    operator__records_deinit(&records);
    apply = apply_free(apply);
    loop = loop_free(loop);
    VEC_FREE(&sent);
    world_deinit(&w);
    return 0;
}

static uint64_t say_of(struct operator__statuses *of, const struct operator__groups *groups,
                       const struct operator__proxies *proxies, uint64_t now_ms)
{
    struct compile_review *review = operator__groups_review(groups);
    const struct operator__view view = {
        .report = &review->report,
        .groups = groups,
        .proxies = proxies,
        .find = world_find_pod,
        .find_arg = &w,
        .now_ms = now_ms,
        .wall_ms = WALL_MS + now_ms,
        .patience_ms = patience_ms,
    };
    uint64_t again_ms = operator__statuses_say(of, &view);
    review = compile_review_free(review);
    return again_ms;
}

/* A pass if there is something new, and what is said after it; the server takes it. */
static uint64_t say(uint64_t now_ms)
{
    if (w.groups.placement == NULL || cache_has_changes(w.cache))
        world_update(&w);
    sent.count = 0;
    uint64_t again_ms = say_of(&statuses, &w.groups, &w.proxies, now_ms);
    turns_now(loop);
    for (size_t i = 0; i < sent.count; i++)
        apply_answer(apply, sent.items[i].path, ERR_OK, 0);
    return again_ms;
}

/* ---- What was said ---- */

static const struct jv *parse(struct str json)
{
    const struct jv *value = NULL;
    assert_int_equal(jv_parse(w.arena, json, JV_VALUES_MAX, &value, NULL), ERR_OK);
    return value;
}

static struct str text_of(const struct jv *object, const char *name)
{
    return jv_text(jv_get(object, str_of(name)));
}

static uint64_t number_of(const struct jv *object, const char *name)
{
    uint64_t number = 0;
    assert_true(jv_u64(jv_get(object, str_of(name)), UINT64_MAX, &number));
    return number;
}

/* "Accepted+ Programmed-Pending g3 @00 01": whether each is true, with its reason where that is no
 * repetition; their generation; the seconds of their times, if there shall be any. */
static void print_conditions(const struct jv *of, bool times, struct buf *buf)
{
    const struct jv *list = jv_get(of, STR("conditions"));
    uint64_t generation = number_of(list->items[0], "observedGeneration");
    for (size_t i = 0; i < jv_item_count(list); i++) {
        const struct jv *item = list->items[i];
        struct str type = text_of(item, "type");
        struct str reason = text_of(item, "reason");
        bool is_true = str_equal(text_of(item, "status"), STR("True"));
        assert_true(is_true || str_equal(text_of(item, "status"), STR("False")));
        assert_int_equal(number_of(item, "observedGeneration"), generation);
        buf_printf(buf, " %.*s%s%.*s", STR_ARG(type), is_true ? "+" : "-",
                   STR_ARG(is_true && str_equal(type, reason) ? STR_EMPTY : reason));
    }
    buf_printf(buf, " g%u%s", (unsigned)generation, times ? " @" : "");
    for (size_t i = 0; times && i < jv_item_count(list); i++) {
        struct str since = text_of(list->items[i], "lastTransitionTime");
        buf_printf(buf, "%s%.*s", i == 0 ? "" : " ", STR_ARG(str_first(str_from(since, 17), 2)));
    }
    buf_append_char(buf, '\n');
}

static void print_listeners(const struct jv *list, bool times, struct buf *buf)
{
    for (size_t i = 0; i < jv_item_count(list); i++) {
        const struct jv *item = list->items[i];
        buf_printf(buf, "%.*s %u %.*s, %u attached:", STR_ARG(text_of(item, "protocol")),
                   (unsigned)number_of(item, "port"), STR_ARG(text_of(item, "hostname")),
                   (unsigned)number_of(item, "attachedRoutes"));
        print_conditions(item, times, buf);
    }
}

static void print_parents(const struct jv *list, bool times, struct buf *buf)
{
    for (size_t i = 0; i < jv_item_count(list); i++) {
        const struct jv *item = list->items[i];
        buf_printf(buf, "%.*s, %u attached:", STR_ARG(text_of(item, "gateway")),
                   (unsigned)number_of(item, "attachedListeners"));
        print_conditions(item, times, buf);
    }
}

/* A status in few words. */
static struct str summary_of(const struct jv *status, bool times)
{
    const struct jv *proxies = jv_get(status, STR("proxies"));
    bool is_route = jv_get(status, STR("parents")) != NULL;
    struct buf buf;
    buf_init(&buf, 65536);
    if (proxies != NULL)
        buf_printf(&buf, "%u/%u:", (unsigned)number_of(proxies, "programmed"),
                   (unsigned)number_of(proxies, "ready"));
    else
        buf_append(&buf, is_route ? STR("route:") : STR("other:"));
    print_conditions(status, times, &buf);
    print_listeners(jv_get(status, STR("listeners")), times, &buf);
    print_parents(jv_get(status, STR("parents")), times, &buf);
    struct str text = str_dup(w.arena, buf_str(&buf));
    buf_deinit(&buf);
    return text;
}

/* What was sent to that path by the last `say`; NULL: nothing. */
static const struct document *find_sent(const char *path)
{
    const struct document *found = NULL;
    for (size_t i = 0; i < sent.count; i++) {
        if (!str_equal(sent.items[i].path, str_of(path)))
            continue;
        assert_null(found); /* once */
        found = &sent.items[i];
    }
    return found;
}

static void expect_said(const char *path, const char *wanted)
{
    const struct document *document = find_sent(path);
    assert_non_null(document);
    const struct jv *body = parse(document->body);
    assert_true(str_equal(text_of(body, "apiVersion"), STR("kuma.io/v1alpha1")));
    struct str text = summary_of(jv_get(body, STR("status")), true);
    if (!str_equal(text, str_of(wanted)))
        fail_msg("%.*s", STR_ARG(text));
}

/* A piece of the document, as JSON. */
static void expect_text(const char *path, const char *wanted)
{
    const struct document *document = find_sent(path);
    assert_non_null(document);
    if (strstr(document->body.data, wanted) == NULL)
        fail_msg("%.*s", STR_ARG(document->body));
}

static void expect_nothing(void)
{
    assert_int_equal(sent.count, 0);
}

/* ---- Served ---- */

static void what_is_served_is_said(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    assert_int_equal(say(0), UINT64_MAX);
    assert_int_equal(sent.count, 2);
    expect_said(EDGE_PATH, "1/1: Accepted+ ResolvedRefs+ Programmed+ g3 @00 00 00\n"
                           "HTTP 80 *, 1 attached: Accepted+ Conflicted-NoConflicts ResolvedRefs+ "
                           "Programmed+ g3 @00 00 00 00\n");
    expect_text(EDGE_PATH, "\"kind\":\"MeshGateway\"");
    expect_text(EDGE_PATH, "\"name\":\"edge\"");
    expect_text(EDGE_PATH, "1/1 proxies serve this");
    expect_said(ROUTE_PATH, "route: Accepted+ ResolvedRefs+ Programmed+ g5 @00 00 00\n"
                            "edge, 1 attached: Accepted+ ResolvedRefs+ Programmed+ g5 @00 00 00\n");
    expect_text(ROUTE_PATH, "\"kind\":\"MeshGatewayRoute\"");
}

static void an_equal_status_is_not_said_again(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* that nothing comes of itself is tested above */
    assert_int_equal(sent.count, 2);
    (void)say(1000); /* the same */
    expect_nothing();
    world_put_back_end(&w, "10.0.0.2");
    apply_forget(apply, STR(EDGE_PATH)); /* what stands there is for the records to say */
    (void)say(3000);                     /* the same */
    expect_nothing();
}

/* ---- Waiting ---- */

static void while_an_acknowledgement_is_missing_nothing_is_said(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    assert_int_equal(say(5000), OPERATOR_PATIENCE_MS);
    expect_nothing();
    assert_int_equal(say(5400), OPERATOR_PATIENCE_MS - 400);
    assert_int_equal(say(5999), 1);
    expect_nothing();
    world_acknowledge(&w, "1", EDGE_KEY);
    assert_int_equal(say(5999), UINT64_MAX);
    assert_int_equal(sent.count, 2);
    world_know(&w, "1")->connected = false; /* another wait, which begins now */
    assert_int_equal(say(9000), OPERATOR_PATIENCE_MS);
    expect_nothing();
}

static void patience_ends(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    assert_int_equal(say(0), OPERATOR_PATIENCE_MS);
    assert_int_equal(say(1000), UINT64_MAX);
    assert_int_equal(sent.count, 2);
    expect_text(EDGE_PATH, "0/1 proxies serve this; waiting for ns/a");
    expect_said(ROUTE_PATH,
                "route: Accepted+ ResolvedRefs+ Programmed-Pending g5 @01 01 01\n"
                "edge, 1 attached: Accepted+ ResolvedRefs+ Programmed-Pending g5 @01 01 01\n");
    assert_int_equal(say(2000), UINT64_MAX);
    expect_nothing();
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(3000); /* nothing comes of itself */
    assert_int_equal(sent.count, 2);
    expect_text(ROUTE_PATH, "\"lastTransitionTime\":\"2036-11-24T00:00:03Z\"");
    expect_text(ROUTE_PATH, "\"lastTransitionTime\":\"2036-11-24T00:00:01Z\"");
}

/* Its generation stays behind, and the condition does not flicker. */
static void a_change_that_is_served_in_time_keeps_true(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* see above */
    world_put(&w, "{kind: MeshGatewayRoute, mesh: default, metadata: {name: r, generation: 6, uid: "
                  "u-r}, spec: {selectors: [{match: {kuma.io/service: edge}}], conf: {http: "
                  "{rules: [{matches: [{path: {match: PREFIX, value: /shop}}], backends: "
                  "[{destination: {kuma.io/service: web_shop_svc_80}}]}]}}}}");
    assert_int_equal(say(7000), OPERATOR_PATIENCE_MS);
    expect_nothing();
    world_acknowledge(&w, "1", EDGE_KEY);
    assert_int_equal(say(7500), UINT64_MAX);
    assert_int_equal(sent.count, 1); /* of the gateway there is nothing new */
    expect_said(ROUTE_PATH, "route: Accepted+ ResolvedRefs+ Programmed+ g6 @00 00 00\n"
                            "edge, 1 attached: Accepted+ ResolvedRefs+ Programmed+ g6 @00 00 00\n");
}

/* Proxies may still be on their way back to an operator that has just started. */
static void at_first_there_is_more_patience(void **state)
{
    (void)state;
    patience_ms = 9000;
    assert_int_equal(say(2000), 7000);
    assert_int_equal(say(4000), 5000);
    expect_nothing();
    assert_int_equal(say(9000), UINT64_MAX);
    assert_int_equal(sent.count, 1);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(9100); /* nothing comes of itself */
    world_know(&w, "1")->connected = false;
    assert_int_equal(say(9200), OPERATOR_PATIENCE_MS);
}

/* Nobody can have acknowledged anything yet. */
static void who_serves_nobody_waits_for_ever(void **state)
{
    (void)state;
    patience_ms = UINT64_MAX;
    assert_int_equal(say(2000), UINT64_MAX);
    assert_int_equal(say(90000), UINT64_MAX);
    expect_nothing();
    patience_ms = 95000;
    assert_int_equal(say(94000), 1000);
    expect_nothing();
}

/* A route is said when all of its gateways can be, others do not wait for it. */
static void a_gateway_that_waits_holds_its_routes_alone(void **state)
{
    (void)state;
    world_put_gateway(&w, "default", "side", 81);
    world_put_pod(&w, "default", "b", "2", "\"kuma.io/service\":\"side\"");
    world_put_slice(&w, "side-1", "b", "true");
    world_put_route(&w, "default", "r", "*", "/");
    world_put_route(&w, "default", "s", "side", "/");
    world_update(&w);
    world_acknowledge(&w, "2", "default/kuma.io/service=side");
    assert_int_equal(say(0), OPERATOR_PATIENCE_MS);
    assert_int_equal(sent.count, 2);
    assert_non_null(find_sent("/apis/kuma.io/v1alpha1/meshgateways/side/status"));
    assert_non_null(find_sent("/apis/kuma.io/v1alpha1/meshgatewayroutes/s/status"));
    (void)say(1000); /* nothing comes of itself */
    assert_int_equal(sent.count, 2);
    expect_said(ROUTE_PATH,
                "route: Accepted+ ResolvedRefs+ Programmed-Pending g5 @01 01 01\n"
                "edge, 1 attached: Accepted+ ResolvedRefs+ Programmed-Pending g5 @01 01 01\n"
                "side, 1 attached: Accepted+ ResolvedRefs+ Programmed+ g5 @01 01 01\n");
}

/* ---- Not served ---- */

static void without_proxies_that_is_said_at_once(void **state)
{
    (void)state;
    world_remove(&w, API_POD, "default", "a.ns");
    world_put_route(&w, "default", "r", "edge", "/");
    assert_int_equal(say(0), UINT64_MAX);
    expect_said(ROUTE_PATH,
                "route: Accepted+ ResolvedRefs+ Programmed-NoProxies g5 @00 00 00\n"
                "edge, 1 attached: Accepted+ ResolvedRefs+ Programmed-NoProxies g5 @00 00 00\n");
    expect_text(EDGE_PATH, "create a MeshGatewayInstance");
}

static void a_route_that_attaches_to_nothing(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "nobody", "/");
    (void)say(0); /* the gateway waits, which is none of its business */
    assert_int_equal(sent.count, 1);
    expect_said(ROUTE_PATH, "route: Accepted-NoMatchingParent ResolvedRefs+ "
                            "Programmed-NoMatchingParent g5 @00 00 00\n");
    expect_text(ROUTE_PATH, "\"parents\":[]");
    expect_text(ROUTE_PATH, "no gateway serves this route: the condition Accepted says why");
}

/* It attaches to one gateway; that the other has no such host name says nothing of it. */
static void the_summary_is_of_gateways_that_it_attaches_to(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: named, generation: 1}, "
                  "spec: {selectors: [{match: {kuma.io/service: named}}], conf: {listeners: "
                  "[{port: 81, protocol: HTTP, hostname: a.test}]}}}\n---\n"
                  "{kind: MeshGatewayRoute, mesh: default, metadata: {name: r, generation: 5}, "
                  "spec: {selectors: [{match: {kuma.io/service: '*'}}], conf: {http: {hostnames: "
                  "[b.test], rules: [{matches: [{path: {match: PREFIX, value: /}}], backends: "
                  "[{destination: {kuma.io/service: web_shop_svc_80}}]}]}}}}");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* nothing comes of itself */
    expect_said(ROUTE_PATH, "route: Accepted+ ResolvedRefs+ Programmed+ g5 @00 00 00\n"
                            "edge, 1 attached: Accepted+ ResolvedRefs+ Programmed+ g5 @00 00 00\n"
                            "named, 0 attached: Accepted-NoMatchingListenerHostname ResolvedRefs+ "
                            "Programmed-NoMatchingListenerHostname g5 @00 00 00\n");
}

static void a_refusal_is_said_at_once(void **state)
{
    (void)state;
    world_put_route(&w, "default", "r", "edge", "/");
    world_update(&w);
    struct world_pod *pod = world_know(&w, "1");
    pod->connected = true;
    pod->state = PUBLISH_REFUSED;
    assert_int_equal(say(0), UINT64_MAX);
    assert_int_equal(sent.count, 2);
    expect_text(EDGE_PATH, "\"message\":\"0/1 proxies serve this: ns/a refused it: listener "
                           "edge:80: port 80 is in use; what was served before is still served\","
                           "\"observedGeneration\":3,\"reason\":\"Invalid\",\"status\":\"False\"");
    expect_text(ROUTE_PATH, "port 80 is in use");
}

static void what_is_not_accepted_is_not_programmed(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: edge, generation: 4, uid: "
                  "u-edge}, spec: {selectors: [{match: {kuma.io/service: edge}}], conf: "
                  "{listeners: [{port: 81, protocol: HTTP}, {port: 80, protocol: HTTP}, {port: 80, "
                  "protocol: HTTP}, {port: 90, "
                  "protocol: TLS, tls: {mode: PASSTHROUGH}}]}}}\n---\n"
                  "{kind: MeshGateway, mesh: default, metadata: {name: broken, generation: 2}, "
                  "spec: {selectors: [{match: {kuma.io/service: broken}}]}}");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* nothing comes of itself */
    expect_text(EDGE_PATH, "not served as written: the condition Accepted says why");
    expect_said(EDGE_PATH,
                "1/1: Accepted+ListenersNotValid ResolvedRefs+ Programmed+ g4 @00 00 00\n"
                "HTTP 81 *, 0 attached: Accepted+ Conflicted-NoConflicts ResolvedRefs+ Programmed+ "
                "g4 @00 00 00 00\n"
                "HTTP 80 *, 0 attached: Accepted-HostnameConflict Conflicted+HostnameConflict "
                "ResolvedRefs+ Programmed-HostnameConflict g4 @00 00 00 00\n"
                "HTTP 80 *, 0 attached: Accepted-HostnameConflict Conflicted+HostnameConflict "
                "ResolvedRefs+ Programmed-HostnameConflict g4 @00 00 00 00\n"
                "TLS 90 *, 0 attached: Accepted-UnsupportedProtocol Conflicted-NoConflicts "
                "ResolvedRefs+ Programmed-UnsupportedProtocol g4 @00 00 00 00\n");
    expect_said("/apis/kuma.io/v1alpha1/meshgateways/broken/status",
                "0/0: Accepted-Invalid ResolvedRefs+ Programmed-Invalid g2 @00 00 00\n");
}

/* Its selector matches pods that another gateway has. */
static void a_gateway_that_lost_its_pods_has_none(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: loser, generation: 2}, "
                  "spec: {selectors: [{match: {kuma.io/service: edge}}], conf: {listeners: "
                  "[{port: 81, protocol: HTTP}]}}}");
    (void)say(0); /* the other gateway waits */
    assert_int_equal(sent.count, 1);
    expect_said("/apis/kuma.io/v1alpha1/meshgateways/loser/status",
                "0/0: Accepted-NoProxies ResolvedRefs+ Programmed-NoProxies g2 @00 00 00\n");
    expect_text("/apis/kuma.io/v1alpha1/meshgateways/loser/status", "bound to MeshGateway edge");
    expect_text("/apis/kuma.io/v1alpha1/meshgateways/loser/status", "no ready proxy runs");
}

static void warnings_stand_in_accepted(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: edge, generation: 4, uid: "
                  "u-edge}, spec: {selectors: [{match: {kuma.io/service: edge}}], colour: blue, "
                  "conf: {listeners: [{port: 80, protocol: HTTP}]}}}");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* nothing comes of itself */
    expect_text(EDGE_PATH, "\"message\":\"colour: ");
    expect_said(EDGE_PATH, "1/1: Accepted+ ResolvedRefs+ Programmed+ g4 @00 00 00\n"
                           "HTTP 80 *, 0 attached: Accepted+ Conflicted-NoConflicts ResolvedRefs+ "
                           "Programmed+ g4 @00 00 00 00\n");
}

/* ---- Certificates ---- */

/* Puts Secret c with a certificate of its own; its fingerprint. */
static struct str put_secret(void)
{
    const struct str hostname = STR("a.test");
    const struct pki_request request = {.key_type = PKI_ECDSA,
                                        .hostnames = &hostname,
                                        .hostname_count = 1,
                                        .not_before_ms = WALL_MS,
                                        .not_after_ms = WALL_MS + 86400000};
    struct pki_bundle *bundle = NULL;
    struct buf text;
    assert_int_equal(pki_issue_self_signed(&request, &bundle, NULL), ERR_OK);
    struct str pem = str_format(w.arena, "%.*s%.*s", STR_ARG(bundle->certificates_pem),
                                STR_ARG(bundle->key_pem));
    struct str fingerprint = str_dup(w.arena, bundle->fingerprint);
    bundle = pki_bundle_free(bundle);
    buf_init(&text, 65536);
    base64_encode(pem, &text);
    world_put(&w, str_format(w.arena,
                             "{kind: Secret, type: system.kuma.io/secret, metadata: {name: c, "
                             "namespace: kuma-system, labels: {kuma.io/mesh: default}}, data: "
                             "{value: %.*s}}",
                             STR_ARG(buf_str(&text)))
                      .data);
    buf_deinit(&text);
    return fingerprint;
}

/* The certificates of the first listener in what was said of the gateway. */
static void expect_certificates(struct str first, struct str second)
{
    const struct jv *status = jv_get(parse(find_sent(EDGE_PATH)->body), STR("status"));
    const struct jv *list = jv_get(jv_get(status, STR("listeners"))->items[0], STR("certificates"));
    assert_int_equal(jv_item_count(list), (first.size > 0) + (second.size > 0));
    if (first.size > 0)
        assert_true(str_equal(text_of(list->items[0], "fingerprint"), first));
    if (second.size > 0)
        assert_true(str_equal(text_of(list->items[1], "fingerprint"), second));
}

static void certificates_are_those_that_proxies_have(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGateway, mesh: default, metadata: {name: edge, generation: 4, uid: "
                  "u-edge}, spec: {selectors: [{match: {kuma.io/service: edge}}], conf: "
                  "{listeners: [{port: 443, protocol: HTTPS, hostname: a.test, tls: {mode: "
                  "TERMINATE, certificates: [{secret: c}]}}, {port: 80, protocol: HTTP}]}}}");
    world_put_pod(&w, "default", "b", "2", EDGE_TAGS);
    world_put_slice(&w, "edge-2", "b", "true");
    struct str old = put_secret();
    (void)say(0);
    (void)say(1000); /* patience has ended */
    expect_certificates(STR_EMPTY, STR_EMPTY);
    world_acknowledge(&w, "1", EDGE_KEY);
    world_acknowledge(&w, "2", EDGE_KEY);
    (void)say(2000); /* nothing comes of itself */
    expect_certificates(old, STR_EMPTY);

    world_put_route(&w, "default", "r", "edge", "/"); /* two snapshots, and one certificate */
    world_update(&w);
    world_acknowledge(&w, "2", EDGE_KEY);
    (void)say(3000);
    (void)say(4000); /* patience has ended */
    expect_certificates(old, STR_EMPTY);

    struct str new = put_secret();
    world_update(&w);
    world_acknowledge(&w, "2", EDGE_KEY);
    (void)say(5000); /* the same */
    expect_certificates(old, new);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(7000); /* nothing comes of itself */
    expect_certificates(new, STR_EMPTY);
}

/* ---- What stands there ---- */

static void transitions_are_kept_from_what_stands(void **state)
{
    (void)state;
    const char *standing =
        "{\"conditions\":[{\"type\":\"Accepted\",\"status\":\"True\",\"lastTransitionTime\":"
        "\"2020-01-01T11:11:11Z\"},{\"type\":\"Programmed\",\"status\":\"False\","
        "\"lastTransitionTime\":\"2020-01-01T22:22:22Z\"}],\"listeners\":[{\"port\":80,"
        "\"protocol\":\"HTTP\",\"hostname\":\"*\",\"conditions\":[{\"type\":\"Programmed\","
        "\"status\":\"True\",\"lastTransitionTime\":\"2020-01-01T09:09:09Z\"}]}]}";
    assert_false(
        operator__records_see(&records, STR(EDGE_PATH), STR("u-edge"), parse(str_of(standing))));
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* nothing comes of itself */
    expect_said(EDGE_PATH, "1/1: Accepted+ ResolvedRefs+ Programmed+ g3 @11 00 00\n"
                           "HTTP 80 *, 0 attached: Accepted+ Conflicted-NoConflicts ResolvedRefs+ "
                           "Programmed+ g3 @00 00 00 09\n");
    const struct jv *said = jv_get(parse(find_sent(EDGE_PATH)->body), STR("status"));
    assert_false(operator__records_see(&records, STR(EDGE_PATH), STR("u-edge"), said));

    /* Somebody else writes: it is put right, with their times. */
    assert_true(
        operator__records_see(&records, STR(EDGE_PATH), STR("u-edge"), parse(str_of(standing))));
    apply_forget(apply, STR(EDGE_PATH));
    (void)say(5000); /* nothing comes of itself */
    expect_text(EDGE_PATH, "\"lastTransitionTime\":\"2036-11-24T00:00:05Z\"");
    expect_text(EDGE_PATH, "\"lastTransitionTime\":\"2020-01-01T11:11:11Z\"");
    (void)say(6000); /* the same */
    expect_nothing();
}

static void instances_have_a_namespace(void **state)
{
    (void)state;
    world_put(&w, "{kind: MeshGatewayInstance, metadata: {name: edge, namespace: ns, generation: "
                  "7}, spec: {tags: {kuma.io/service: edge}}}");
    const struct api_object *object = world_object(&w, API_MESH_GATEWAY_INSTANCE, "default",
                                                   "edge.ns");
    assert_true(
        str_equal(operator__status_path(w.arena, object),
                  STR("/apis/kuma.io/v1alpha1/namespaces/ns/meshgatewayinstances/edge/status")));
    struct status_object said = operator__status_object(object, STR("{}"), 5);
    assert_true(str_equal(said.kind, STR("MeshGatewayInstance")));
    assert_true(str_equal(said.name, STR("edge")));
    assert_true(str_equal(said.namespace, STR("ns")));
    assert_int_equal(said.generation, 7);
}

/* ---- Other kinds ---- */

#define TIMEOUT_PATH "/apis/kuma.io/v1alpha1/namespaces/ns/meshtimeouts/slow/status"

static void put_timeout(unsigned generation)
{
    world_put(&w, str_format(w.arena,
                             "{kind: MeshTimeout, metadata: {name: slow, namespace: ns, uid: u, "
                             "generation: %u}, spec: {rules: [{}]}}",
                             generation)
                      .data);
}

static void other_kinds_are_told_once(void **state)
{
    (void)state;
    put_timeout(2);
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* that nothing comes of itself is tested above */
    expect_said(TIMEOUT_PATH, "other: Accepted+ Programmed-UnsupportedValue g2 @00 00\n");
    expect_text(TIMEOUT_PATH, "MeshTimeout is not served yet");
    (void)say(1000); /* the same */
    expect_nothing();
    put_timeout(3);
    (void)say(2000); /* the same */
    expect_said(TIMEOUT_PATH, "other: Accepted+ Programmed-UnsupportedValue g3 @00 00\n");
}

static void of_kinds_without_a_status_nothing_is_said(void **state)
{
    (void)state;
    statuses.lacks_status[API_MESH_TIMEOUT] = true;
    statuses.lacks_status[API_MESH_GATEWAY] = true;
    put_timeout(2);
    world_put_route(&w, "default", "r", "edge", "/");
    world_update(&w);
    world_acknowledge(&w, "1", EDGE_KEY);
    (void)say(0); /* that nothing comes of itself is tested above */
    assert_int_equal(sent.count, 1);
    assert_non_null(find_sent(ROUTE_PATH));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_served_is_said),
        TEST(an_equal_status_is_not_said_again),
        TEST(while_an_acknowledgement_is_missing_nothing_is_said),
        TEST(patience_ends),
        TEST(a_change_that_is_served_in_time_keeps_true),
        TEST(at_first_there_is_more_patience),
        TEST(who_serves_nobody_waits_for_ever),
        TEST(a_gateway_that_waits_holds_its_routes_alone),
        TEST(without_proxies_that_is_said_at_once),
        TEST(a_route_that_attaches_to_nothing),
        TEST(the_summary_is_of_gateways_that_it_attaches_to),
        TEST(a_refusal_is_said_at_once),
        TEST(what_is_not_accepted_is_not_programmed),
        TEST(a_gateway_that_lost_its_pods_has_none),
        TEST(warnings_stand_in_accepted),
        TEST(certificates_are_those_that_proxies_have),
        TEST(transitions_are_kept_from_what_stands),
        TEST(instances_have_a_namespace),
        TEST(other_kinds_are_told_once),
        TEST(of_kinds_without_a_status_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
