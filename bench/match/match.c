/* match [RULES] [LOOKUPS]: what finding the rule of a request costs among 10 rules and among RULES,
 * in nanoseconds of CPU, the median of several rounds; and what building the matcher costs. Every
 * rule is asked for as often as every other, in no order that a cache could like.
 *
 *     cmake --build build --target bench_match && build/bin/bench_match 10000 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/random.h"
#include "data/route/route.h"

#define FEW    10
#define ROUNDS 9

enum shape {
    EXACT,
    PREFIX,
    CRITERIA, /* prefixes that ask for a method, a field and a parameter, too */
    FALL,     /* a shorter prefix takes what half of the rules refuse */
    REGEX,    /* ten expressions behind all the prefixes take it */
    SHAPES,
};

static const char *const shape_names[SHAPES] = {"exact", "prefix", "criteria", "fall through",
                                                "10 expressions"};

static const struct model_criterion field = {STR_INIT("x-tenant"), MODEL_VALUE_EXACT,
                                             STR_INIT("blue")};
static const struct model_criterion parameter = {STR_INIT("v"), MODEL_VALUE_REGEX,
                                                 STR_INIT("[0-9]+")};

struct rules {
    struct model_rule *items;
    size_t count;
    struct arena *arena;
};

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* cannot fail with this clock */
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct model_rule *add(struct rules *rules, enum model_path_match match, struct str path)
{
    struct model_rule *rule = &rules->items[rules->count++];
    *rule = (struct model_rule){
        .path_match = match, .path = path, .action = MODEL_RESPOND, .status = 200};
    return rule;
}

static void fill(struct rules *rules, enum shape shape, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str path = str_format(rules->arena, "/shop%zu/v1/orders%zu", i % 97, i);
        struct model_rule *rule = add(rules, shape == EXACT ? MODEL_PATH_EXACT : MODEL_PATH_PREFIX,
                                      path);
        if (shape == CRITERIA) {
            rule->method = STR("GET");
            rule->headers = &field;
            rule->header_count = 1;
            rule->queries = &parameter;
            rule->query_count = 1;
        }
        if (shape == FALL && i % 2 == 0)
            rule->method = STR("PUT");
    }
    if (shape == FALL)
        (void)add(rules, MODEL_PATH_PREFIX, STR("/"));
    for (size_t i = 0; shape == REGEX && i < 10; i++)
        (void)add(rules, MODEL_PATH_REGEX,
                  str_format(rules->arena, "/.*/v[0-9]+/items%zu(/[a-z]+)?", i));
}

static struct str path_of(struct arena *arena, enum shape shape, size_t i)
{
    if (shape == REGEX)
        return str_format(arena, "/shop%zu/v1/items9/abc", i % 97);
    return str_format(arena, "/shop%zu/v1/orders%zu%s", i % 97, i, shape == EXACT ? "" : "/7");
}

static const struct route_table *table_new(const struct rules *rules)
{
    const struct str route = STR("r");
    const struct str host = STR("h");
    const struct model_chain chain = {.hostname = STR("*"), .virtual_hosts = {&host, 1}};
    const struct model_resource *resources[] = {
        model_listener_new(&(struct model_listener){.name = STR("l"),
                                                    .address = STR("127.0.0.1"),
                                                    .port = 80,
                                                    .protocol = MODEL_HTTP,
                                                    .chains = &chain,
                                                    .chain_count = 1}),
        model_virtual_host_new(
            &(struct model_virtual_host){.name = host, .domain = STR("*"), .routes = {&route, 1}}),
        model_route_new(&(struct model_route){
            .name = route, .rules = rules->items, .rule_count = rules->count}),
    };
    const struct model_snapshot *snapshot = NULL;
    const struct route_table *table = NULL;
    struct err_info why = {0};
    if (model_snapshot_new(resources, ARRAY_SIZE(resources), &snapshot, &why) != ERR_OK ||
        route_table_new(snapshot, model_snapshot_find(snapshot, MODEL_LISTENER, STR("l")), NULL,
                        &table, &why) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", why.message);
        exit(2);
    }
    (void)model_snapshot_unref(snapshot);
    return table;
}

static void head_read(struct http_request *head)
{
    struct http_scan scan = {0};
    struct http_refusal refusal;
    const struct str bytes = STR("GET /?page=3&v=12&sort=up HTTP/1.1\r\nhost: shop.test\r\n"
                                 "user-agent: curl/8\r\naccept: */*\r\nx-request-id: 1234\r\n"
                                 "x-tenant: blue\r\ncookie: a=b; c=d\r\n\r\n");
    if (http_request_read(&scan, bytes, head, &refusal) != HTTP_DONE)
        exit(2);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nanoseconds of a lookup. */
static double lookups(const struct route_table *table, const struct str *paths, size_t count)
{
    static struct http_request head;
    CLEANUP(arena_free) struct arena *arena = arena_new(4096);
    const struct route_chain *chain = route_chain_find(table, STR(""));
    double times[ROUNDS];
    head_read(&head);
    for (size_t round = 0; round < ROUNDS; round++) {
        uint64_t begin = cpu_ns();
        for (size_t i = 0; i < count; i++) {
            const struct route_request request = {&head, paths[i], arena};
            if (route_find(chain, &request).outcome != ROUTE_FOUND)
                exit(2);
            arena_clear(arena);
        }
        times[round] = (double)(cpu_ns() - begin) / (double)count;
    }
    qsort(times, ROUNDS, sizeof(times[0]), compare);
    return times[ROUNDS / 2];
}

static double measure(enum shape shape, size_t count, size_t wanted, double *ret_build_ms)
{
    struct rules rules = {.items = MEM_NEW_ARRAY(struct model_rule, count + 10),
                          .arena = arena_new(4096)};
    struct str *paths = MEM_NEW_ARRAY(struct str, wanted);
    struct random random = {{1, 2, 3, 4}};
    fill(&rules, shape, count);
    for (size_t i = 0; i < wanted; i++)
        paths[i] = path_of(rules.arena, shape, (size_t)random_below(&random, count));
    uint64_t begin = cpu_ns();
    const struct route_table *table = table_new(&rules);
    *ret_build_ms = (double)(cpu_ns() - begin) / 1e6;
    double ns = lookups(table, paths, wanted);
    (void)route_table_unref(table);
    rules.arena = arena_free(rules.arena);
    mem_free(rules.items);
    mem_free(paths);
    return ns;
}

int main(int argc, char **argv)
{
    size_t many = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    size_t wanted = argc > 2 ? strtoul(argv[2], NULL, 10) : 20000;
    (void)printf("%-16s %9d %9zu %9s %9s\n", "ns of a lookup", FEW, many, "ratio", "build ms");
    for (size_t i = 0; i < SHAPES; i++) {
        double build_ms = 0;
        double few = measure((enum shape)i, FEW, wanted, &build_ms);
        double cost = measure((enum shape)i, MAX(many, 1), wanted, &build_ms);
        (void)printf("%-16s %9.1f %9.1f %9.2f %9.1f\n", shape_names[i], few, cost, cost / few,
                     build_ms);
    }
    return 0;
}
