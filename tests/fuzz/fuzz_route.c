/* Any request before a fixed table whose rules ask for everything there is to ask. The explanation
 * tells of each rule once, and of the same winner as the lookup. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/route/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ASKS(name, match, value)               \
    {                                          \
        STR_INIT(name), match, STR_INIT(value) \
    }

static const struct model_criterion asks[] = {
    ASKS("a", MODEL_VALUE_EXACT, "1"),          ASKS("a", MODEL_VALUE_PREFIX, "12"),
    ASKS("a", MODEL_VALUE_REGEX, "(\\w+,?)+"),  ASKS("a", MODEL_VALUE_PRESENT, ""),
    ASKS("a", MODEL_VALUE_ABSENT, ""),          ASKS("host", MODEL_VALUE_REGEX, ".*:[0-9]+"),
    ASKS("x-envoy-a", MODEL_VALUE_PRESENT, ""),
};

#define RULES (3 * ARRAY_SIZE(asks))

static void rules_fill(struct model_rule *rules)
{
    static const struct str paths[] = {STR_INIT("/a"), STR_INIT("/a"), STR_INIT("/(a|b/?)+")};
    for (size_t i = 0; i < RULES; i++) {
        rules[i] = (struct model_rule){.path_match = (enum model_path_match)(i % 3),
                                       .path = paths[i % 3],
                                       .action = MODEL_RESPOND,
                                       .status = 200};
        if (i % 2 == 0) {
            rules[i].headers = &asks[i / 3];
            rules[i].header_count = 1;
        } else {
            rules[i].queries = &asks[i / 3];
            rules[i].query_count = 1;
        }
    }
}

static const struct route_table *table_new(void)
{
    struct model_rule rules[RULES];
    const struct str name = STR("r");
    const struct model_chain chain = {.hostname = STR("*"), .virtual_hosts = {&name, 1}};
    rules_fill(rules);
    const struct model_resource *resources[] = {
        model_listener_new(&(struct model_listener){
            .name = name, .address = STR("127.0.0.1"), .chains = &chain, .chain_count = 1}),
        model_virtual_host_new(
            &(struct model_virtual_host){.name = name, .domain = STR("*"), .routes = {&name, 1}}),
        model_route_new(&(struct model_route){.name = name, .rules = rules, .rule_count = RULES}),
    };
    const struct model_snapshot *snapshot = NULL;
    const struct route_table *table = NULL;
    enum err code = model_snapshot_new(resources, ARRAY_SIZE(resources), &snapshot, NULL);
    ASSERT(code == ERR_OK);
    code = route_table_new(snapshot, model_snapshot_find(snapshot, MODEL_LISTENER, name), NULL,
                           &table, NULL);
    ASSERT(code == ERR_OK);
    (void)model_snapshot_unref(snapshot); /* the table holds it */
    return table;
}

struct heard {
    size_t count;
    size_t winner;
    bool told[RULES];
};

static bool hear(const struct route_candidate *candidate, void *arg)
{
    struct heard *heard = arg;
    ASSERT(!heard->told[candidate->rule_index]);
    heard->told[candidate->rule_index] = true;
    heard->count++;
    if (candidate->fate == ROUTE_TAKES)
        heard->winner = candidate->rule_index;
    return true;
}

static void check(const struct http_request *head, struct str path)
{
    static const struct route_table *table;
    if (table == NULL)
        table = table_new();
    struct arena *arena = arena_new(256);
    const struct route_chain *chain = route_chain_find(table, head->host);
    const struct route_request request = {head, path, arena};
    struct heard heard = {.winner = SIZE_MAX};
    struct route_match found = route_find(chain, &request);
    struct route_match explained = route_explain(chain, &request, hear, &heard);
    ASSERT(found.outcome == explained.outcome && found.rule == explained.rule);
    ASSERT(heard.count == RULES);
    ASSERT(heard.winner == (found.rule == NULL ? SIZE_MAX : found.rule_index));
    arena = arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_request head;
    struct http_scan scan = {0};
    struct http_refusal refusal;
    if (http_request_read(&scan, str_make((const char *)data, size), &head, &refusal) != HTTP_DONE)
        return 0;
    size_t area_size = HTTP_PATH_AREA(head.path.size);
    char *area = mem_alloc(area_size);
    struct str path;
    enum http_path result = http_path_normalize(head.path, area, area_size, &path);
    if (result == HTTP_PATH_SAME || result == HTTP_PATH_CHANGED)
        check(&head, path);
    mem_free(area);
    return 0;
}
