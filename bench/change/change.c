/* change [ROUTES] [ROUNDS] [HOSTS]: what one changed route, and one changed set of back ends, costs
 * among ROUTES others, stage by stage, from the decoded object to the staged transaction.
 * Microseconds of CPU, the median of ROUNDS. Each route has a Service of its own with two
 * endpoints; all are on one host name, or evenly on HOSTS of them. Without rounds it ends when all
 * was compiled the first time.
 *
 *     cmake --build build --target bench_change && build/bin/bench_change 5000 100 500 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "control/compile/compile.h"
#include "control/placement/placement.h"
#include "core/yaml/yaml.h"
#include "data/subscribe/subscribe.h"

#define ROUNDS_MAX 1000

enum stage {
    DECODE,
    PUT,
    PLACE,
    DRAFT,
    DISCOVERY,
    RESULT,
    REVIEW,
    FINDINGS,
    TRANSACTION,
    STAGING,
    RELEASE,
    TOTAL,
    STAGES,
};

static const char *const stage_names[STAGES] = {
    "decode", "cache",    "placement",   "draft",   "discovery", "result",
    "review", "findings", "transaction", "staging", "release",   "total",
};

struct world {
    unsigned hosts;    /* 0: every one */
    long compiled_kib; /* the most that was resident when the snapshot was there */
    struct cache *cache;
    struct compile_memory *memory;
    struct discovery *discovery;
    struct placement_groups *groups;
    const struct compile_draft *draft;
    struct finding_list *findings;
    struct net_tls_server *tls;
    struct subscribe *subscribe;
    const struct model_snapshot *served;
    uint64_t times[STAGES][ROUNDS_MAX];
    size_t round;
    uint64_t begin;
    uint64_t last;
};

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail with this clock */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void lap(struct world *w, enum stage stage)
{
    uint64_t now = cpu_ns();
    w->times[stage][w->round] += now - w->last;
    w->times[TOTAL][w->round] += now - w->last;
    w->last = now;
}

static void put(struct world *w, enum api_kind kind, const char *yaml)
{
    struct arena *arena = arena_new(4096);
    struct yaml_stream stream;
    struct yaml_error error;
    if (yaml_parse(arena, str_of(yaml), &stream, &error) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        exit(2);
    }
    w->last = cpu_ns();
    const struct api_origin origin = {.has_kind = true, .kind = kind};
    const struct api_object *object = api_decode(stream.documents[0], &origin, w->findings);
    lap(w, DECODE);
    cache_put(w->cache, object);
    lap(w, PUT);
    object = api_object_unref(object);
    arena = arena_free(arena);
}

static void put_route(struct world *w, unsigned index, unsigned service)
{
    char yaml[1024];
    char hostnames[64] = "";
    if (w->hosts > 0)
        (void)snprintf(hostnames, sizeof(hostnames), "hostnames: [h%u.example.com], ",
                       index % w->hosts);
    (void)snprintf(
        yaml, sizeof(yaml),
        "{metadata: {name: r%u}, mesh: default, spec: {selectors: [{match: {kuma.io/service: "
        "edge}}], conf: {http: {%srules: [{matches: [{path: {match: PREFIX, value: /r%u}}], "
        "backends: [{destination: {kuma.io/service: s%u_ns_svc_80}}]}]}}}}",
        index, hostnames, index, service);
    put(w, API_MESH_GATEWAY_ROUTE, yaml);
}

static void put_slice(struct world *w, unsigned index, unsigned last)
{
    char yaml[1024];
    (void)snprintf(yaml, sizeof(yaml),
                   "{metadata: {name: s%u-abcde, namespace: ns, labels: "
                   "{kubernetes.io/service-name: s%u}}, addressType: IPv4, endpoints: "
                   "[{addresses: [10.0.0.1]}, {addresses: [10.0.0.%u]}], ports: [{name: http, "
                   "port: 8080, protocol: TCP}]}",
                   index, index, last);
    put(w, API_ENDPOINT_SLICE, yaml);
}

static void put_gateway(struct world *w)
{
    char yaml[256];
    unsigned port = 20000 + (unsigned)getpid() % 10000; /* staging opens it */
    (void)snprintf(yaml, sizeof(yaml),
                   "{metadata: {name: edge}, mesh: default, spec: {selectors: [{match: "
                   "{kuma.io/service: edge}}], conf: {listeners: [{port: %u, protocol: HTTP}]}}}",
                   port);
    put(w, API_MESH_GATEWAY, yaml);
}

static void fill(struct world *w, unsigned routes)
{
    put_gateway(w);
    put(w, API_POD,
        "{metadata: {name: edge-1, namespace: ns, annotations: {kuma.io/gateway: builtin, "
        "kuma.io/tags: '{\"kuma.io/service\":\"edge\"}'}}}");
    for (unsigned i = 0; i < routes; i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof(yaml),
                       "{metadata: {name: s%u, namespace: ns}, spec: {ports: [{name: http, port: "
                       "80}]}}",
                       i);
        put(w, API_SERVICE, yaml);
        put_slice(w, i, 2);
        put_route(w, i, i);
    }
}

static void stage(struct world *w, const struct model_snapshot *snapshot)
{
    struct model_transaction *transaction = model_transaction_new(w->served, snapshot);
    lap(w, TRANSACTION);
    struct subscribe_state *state = NULL;
    struct err_info info = {0};
    if (subscribe_stage(w->subscribe, transaction, &state, &info) != ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", info.path, info.message);
        exit(1);
    }
    lap(w, STAGING);
    state = subscribe_state_unref(state);
    transaction = model_transaction_free(transaction);
    w->served = model_snapshot_unref(w->served);
    w->served = model_snapshot_ref(snapshot);
}

static long peak_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage); /* cannot fail with these arguments */
    return usage.ru_maxrss;
}

/* What the operator does after a burst of changes. */
static void compile(struct world *w)
{
    struct cache_changes changes = cache_take_changes(w->cache);
    finding_list_clear(w->findings);
    w->last = cpu_ns();
    if (changes.mesh_count > 0) {
        const struct placement_group_options options = {.address = STR("127.0.0.1")};
        w->groups = placement_groups_free(w->groups);
        w->groups = placement_groups_new(w->cache, &options, w->findings);
        lap(w, PLACE);
        const struct compile_input input = {.cache = w->cache,
                                            .dataplanes = w->groups->dataplanes,
                                            .dataplane_count = w->groups->count};
        w->draft = compile_draft_unref(w->draft);
        w->draft = compile_draft_new(&input, w->memory);
        lap(w, DRAFT);
    }
    if (changes.back_ends) {
        w->discovery = discovery_next(w->discovery, w->cache, &changes);
        lap(w, DISCOVERY);
    }
    struct compile_result *result = compile_result_new(w->draft, w->discovery, w->memory);
    lap(w, RESULT);
    const struct compile_input known = {.cache = w->cache,
                                        .dataplanes = w->groups->dataplanes,
                                        .dataplane_count = w->groups->count};
    const struct compile_result *results[] = {result};
    struct compile_review *review = compile_review_new(&known, results, 1);
    lap(w, REVIEW);
    finding_add_all(w->findings, result->findings);
    finding_add_all(w->findings, review->findings);
    finding_sort(w->findings);
    lap(w, FINDINGS);
    w->compiled_kib = peak_kib();
    stage(w, result->snapshot);
    review = compile_review_free(review);
    result = compile_result_free(result);
    lap(w, RELEASE);
}

/* Everything, with nothing remembered, in a process that has had the memory for it before. */
static void compile_anew(struct world *w)
{
    const struct compile_input input = {.cache = w->cache,
                                        .dataplanes = w->groups->dataplanes,
                                        .dataplane_count = w->groups->count};
    w->draft = compile_draft_unref(w->draft);
    w->memory = compile_memory_free(w->memory);
    w->discovery = discovery_free(w->discovery);
    w->memory = compile_memory_new();
    w->last = cpu_ns();
    w->draft = compile_draft_new(&input, w->memory);
    lap(w, DRAFT);
    w->discovery = discovery_new(w->cache);
    lap(w, DISCOVERY);
    struct compile_result *result = compile_result_new(w->draft, w->discovery, w->memory);
    lap(w, RESULT);
    result = compile_result_free(result);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void print(struct world *w, const char *what, size_t rounds)
{
    (void)printf("%-16s", what);
    for (size_t i = 0; i < STAGES; i++) {
        qsort(w->times[i], rounds, sizeof(w->times[i][0]), compare);
        (void)printf(" %9.1f", (double)w->times[i][rounds / 2] / 1000.0);
    }
    (void)printf("\n");
    for (size_t i = 0; i < STAGES; i++)
        memset(w->times[i], 0, sizeof(w->times[i]));
}

static void measure(struct world *w, unsigned routes, size_t rounds)
{
    (void)printf("%-16s", "us of CPU");
    for (size_t i = 0; i < STAGES; i++)
        (void)printf(" %9s", stage_names[i]);
    (void)printf("\n");
    w->round = 0;
    fill(w, routes);
    w->times[DECODE][0] = w->times[PUT][0] = w->times[TOTAL][0] = 0;
    long before = peak_kib();
    compile(w);
    print(w, "first", 1);
    (void)printf("KiB resident: %ld decoded, %ld compiled, %ld staged\n", before, w->compiled_kib,
                 peak_kib());
    if (rounds == 0)
        return;
    for (w->round = 0; w->round < rounds; w->round++)
        compile_anew(w);
    print(w, "anew", rounds);
    for (w->round = 0; w->round < rounds; w->round++) {
        put_route(w, routes / 2, (unsigned)(w->round % 2));
        compile(w);
    }
    print(w, "route", rounds);
    for (w->round = 0; w->round < rounds; w->round++) {
        put_slice(w, routes / 2, 3 + (unsigned)(w->round % 2));
        compile(w);
    }
    print(w, "endpoint", rounds);
    (void)printf("findings %zu, resources %zu\n", finding_count(w->findings), w->served->count);
}

int main(int argc, char **argv)
{
    static struct world w;
    unsigned routes = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2000;
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
    w.hosts = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    w.cache = cache_new();
    w.memory = compile_memory_new();
    w.findings = finding_list_new();
    if (net_tls_server_new(NULL, NULL, &w.tls, NULL) != ERR_OK)
        return 2;
    w.subscribe = subscribe_new(w.tls, 1, STR_EMPTY);
    measure(&w, routes, MIN(rounds, ROUNDS_MAX));
    w.subscribe = subscribe_free(w.subscribe);
    w.tls = net_tls_server_free(w.tls);
    w.served = model_snapshot_unref(w.served);
    w.draft = compile_draft_unref(w.draft);
    w.memory = compile_memory_free(w.memory);
    w.discovery = discovery_free(w.discovery);
    w.groups = placement_groups_free(w.groups);
    w.findings = finding_list_free(w.findings);
    w.cache = cache_free(w.cache);
    return 0;
}
