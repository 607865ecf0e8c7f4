#include "otemon/table.h"

#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/vec.h"

enum table_column {
    COLUMN_ADDRESS,
    COLUMN_HOSTNAME,
    COLUMN_PROTOCOL,
    COLUMN_CERTIFICATE,
    COLUMN_ROUTES,
    COLUMN_BACKENDS,
};
#define COLUMNS 6

#define GAP           2  /* spaces between columns */
#define CELL_MIN      12 /* columns that a cell keeps when the terminal is narrow */
#define CELL_SIZE_MAX 8192
#define LIST_MAX      20 /* items that a cell names; a person reads no more of them */

static const struct str headings[COLUMNS] = {
    STR_INIT("ADDRESS"),     STR_INIT("HOSTNAME"), STR_INIT("PROTOCOL"),
    STR_INIT("CERTIFICATE"), STR_INIT("ROUTES"),   STR_INIT("BACK ENDS"),
};

struct table_row {
    struct str cells[COLUMNS];
};

struct table {
    struct arena *arena;
    VEC(struct table_row) rows;
};

/* A cell's list "a, b and 3 more", each item once. */
struct list_cell {
    struct buf text;
    struct map *seen;
    size_t count;
};

static void list_init(struct list_cell *list)
{
    *list = (struct list_cell){.seen = map_new()};
    buf_init(&list->text, CELL_SIZE_MAX);
}

/* Whether this is the first time that `key` comes. */
static bool list_claim(struct list_cell *list, struct str key)
{
    return map_set(list->seen, key, list) == NULL;
}

static void list_add(struct list_cell *list, struct str item)
{
    if (!list_claim(list, item) || ++list->count > LIST_MAX)
        return;
    if (list->count > 1)
        buf_append(&list->text, STR(", "));
    buf_append(&list->text, item);
}

static struct str list_take(struct table *table, struct list_cell *list)
{
    struct str cell = STR("-");
    if (list->count > LIST_MAX)
        buf_printf(&list->text, " and %zu more", list->count - LIST_MAX);
    if (list->count > 0)
        cell = str_dup(table->arena, buf_str(&list->text));
    buf_deinit(&list->text);
    list->seen = map_free(list->seen);
    return cell;
}

static const struct model_secret *secret_of(const struct model_snapshot *snapshot,
                                            const struct model_chain *chain, size_t index)
{
    return model_snapshot_get(snapshot, MODEL_SECRET, chain->secrets.items[index])->secret;
}

static size_t type_count(const struct model_snapshot *snapshot, const struct model_chain *chain,
                         struct str type)
{
    size_t count = 0;
    for (size_t i = 0; i < chain->secrets.count; i++)
        count += str_equal(secret_of(snapshot, chain, i)->key_type, type);
    return count;
}

/* "ecdsa, rsa (2) until 2036-11-24": the types of keys, how many certificates there are of each,
 * and when the first of all ends. */
static struct str certificate_cell(struct table *table, const struct model_snapshot *snapshot,
                                   const struct model_chain *chain)
{
    struct list_cell types;
    list_init(&types);
    uint64_t ends_ms = UINT64_MAX;
    for (size_t i = 0; i < chain->secrets.count; i++) {
        const struct model_secret *secret = secret_of(snapshot, chain, i);
        size_t count = type_count(snapshot, chain, secret->key_type);
        list_add(&types, count == 1 ? secret->key_type
                                    : str_format(table->arena, "%.*s (%zu)",
                                                 STR_ARG(secret->key_type), count));
        ends_ms = MIN(ends_ms, secret->not_after_ms);
    }
    bool is_any = types.count > 0;
    struct str cell = list_take(table, &types);
    if (!is_any)
        return cell;
    char text[CLOCK_TEXT_SIZE];
    clock_format(ends_ms, text);
    return str_format(table->arena, "%.*s until %.10s", STR_ARG(cell), text);
}

static const struct model_route *route_of(const struct model_snapshot *snapshot, struct str name)
{
    return model_snapshot_get(snapshot, MODEL_ROUTE, name)->route;
}

static struct str routes_cell(struct table *table, const struct model_snapshot *snapshot,
                              const struct model_virtual_host *host)
{
    struct list_cell routes;
    list_init(&routes);
    for (size_t i = 0; i < host->routes.count; i++) {
        const struct model_route *route = route_of(snapshot, host->routes.items[i]);
        if (route->route.size > 0)
            list_add(&routes, route->route);
    }
    return list_take(table, &routes);
}

/* "web (2)": the service and how many endpoints it has; or what is answered in its place. */
static struct str backend_text(struct table *table, const struct model_snapshot *snapshot,
                               const struct model_backend *backend)
{
    if (backend->cluster.size == 0)
        return str_format(table->arena, "missing (%u)", (unsigned)backend->status);
    const struct model_resource *cluster = model_snapshot_get(snapshot, MODEL_CLUSTER,
                                                              backend->cluster);
    const struct model_resource *set = model_snapshot_get(snapshot, MODEL_ENDPOINT_SET,
                                                          cluster->cluster->endpoint_set);
    struct str service = cluster->cluster->service;
    size_t count = set->endpoint_set->endpoint_count;
    if (count == 0)
        return str_format(table->arena, "%.*s (no endpoint)", STR_ARG(service));
    return str_format(table->arena, "%.*s (%zu)", STR_ARG(service), count);
}

static void backends_add(struct table *table, const struct model_snapshot *snapshot,
                         const struct model_route *route, struct list_cell *backends)
{
    for (size_t i = 0; i < route->rule_count; i++) {
        const struct model_rule *rule = &route->rules[i];
        for (size_t j = 0; j < rule->backend_count; j++) {
            if (list_claim(backends, rule->backends[j].cluster))
                list_add(backends, backend_text(table, snapshot, &rule->backends[j]));
        }
    }
}

static struct str backends_cell(struct table *table, const struct model_snapshot *snapshot,
                                const struct model_virtual_host *host)
{
    struct list_cell backends;
    list_init(&backends);
    for (size_t i = 0; i < host->routes.count; i++)
        backends_add(table, snapshot, route_of(snapshot, host->routes.items[i]), &backends);
    return list_take(table, &backends);
}

static struct str address_cell(struct table *table, const struct model_listener *listener)
{
    bool ipv6 = str_find_char(listener->address, ':') != STR_NOT_FOUND;
    return str_format(table->arena, ipv6 ? "[%.*s]:%u" : "%.*s:%u", STR_ARG(listener->address),
                      (unsigned)listener->port);
}

static void add_chain(struct table *table, const struct model_snapshot *snapshot,
                      const struct model_listener *listener, const struct model_chain *chain)
{
    for (size_t i = 0; i < chain->virtual_hosts.count; i++) {
        const struct model_resource *resource = model_snapshot_get(snapshot, MODEL_VIRTUAL_HOST,
                                                                   chain->virtual_hosts.items[i]);
        const struct model_virtual_host *host = resource->virtual_host;
        struct table_row row;
        row.cells[COLUMN_ADDRESS] = address_cell(table, listener);
        row.cells[COLUMN_HOSTNAME] = str_dup(table->arena, host->domain);
        row.cells[COLUMN_PROTOCOL] = str_of(model_protocol_name(listener->protocol));
        row.cells[COLUMN_CERTIFICATE] = certificate_cell(table, snapshot, chain);
        row.cells[COLUMN_ROUTES] = routes_cell(table, snapshot, host);
        row.cells[COLUMN_BACKENDS] = backends_cell(table, snapshot, host);
        VEC_PUSH(&table->rows, row);
    }
}

struct table *table_new(const struct model_snapshot *snapshot)
{
    struct table *table = MEM_NEW(struct table);
    table->arena = arena_new(4096);
    if (snapshot == NULL)
        return table;
    size_t count = 0;
    const struct model_resource *const *listeners = model_snapshot_kind(snapshot, MODEL_LISTENER,
                                                                        &count);
    for (size_t i = 0; i < count; i++) {
        const struct model_listener *listener = listeners[i]->listener;
        for (size_t j = 0; j < listener->chain_count; j++)
            add_chain(table, snapshot, listener, &listener->chains[j]);
    }
    return table;
}

struct table *table_free(struct table *table)
{
    if (table == NULL)
        return NULL;
    VEC_FREE(&table->rows);
    arena_free(table->arena);
    return mem_free(table);
}

size_t table_rows(const struct table *table)
{
    return table->rows.count;
}

/* Columns that the last two cells may take: what the others leave, shared evenly. */
static void widths_fit(size_t widths[COLUMNS], size_t width)
{
    if (width == 0)
        return;
    size_t fixed = 0;
    for (size_t i = 0; i < COLUMN_ROUTES; i++)
        fixed += widths[i] + GAP;
    size_t left = width > fixed + GAP ? width - fixed - GAP : 0;
    size_t wanted = widths[COLUMN_ROUTES] + widths[COLUMN_BACKENDS];
    if (wanted <= left)
        return;
    size_t routes = MIN(widths[COLUMN_ROUTES], MAX(left / 2, CELL_MIN));
    widths[COLUMN_ROUTES] = routes;
    size_t backends = left > routes ? left - routes : 0;
    widths[COLUMN_BACKENDS] = MIN(widths[COLUMN_BACKENDS], MAX(backends, CELL_MIN));
}

static void widths_grow(size_t widths[COLUMNS], const struct table *table)
{
    for (size_t i = 0; i < table->rows.count; i++) {
        for (size_t j = 0; j < COLUMNS; j++)
            widths[j] = MAX(widths[j], table->rows.items[i].cells[j].size);
    }
}

static void row_print(const struct str cells[COLUMNS], const size_t widths[COLUMNS],
                      struct buf *buf)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        struct str cell = cells[i];
        bool cut = cell.size > widths[i];
        buf_append(buf, cut ? str_first(cell, widths[i] - 1) : cell);
        if (cut)
            buf_append(buf, STR("…"));
        size_t used = MIN(cell.size, widths[i]);
        for (size_t j = used; i + 1 < COLUMNS && j < widths[i] + GAP; j++)
            buf_append_char(buf, ' ');
    }
    buf_append_char(buf, '\n');
}

static void widths_init(size_t widths[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++)
        widths[i] = headings[i].size;
}

void table_print(const struct table *table, struct table_style style, struct buf *buf)
{
    size_t widths[COLUMNS];
    widths_init(widths);
    widths_grow(widths, table);
    widths_fit(widths, style.width);
    if (style.colour)
        buf_append(buf, STR("\x1b[1m"));
    row_print(headings, widths, buf);
    if (style.colour)
        buf_append(buf, STR("\x1b[0m"));
    for (size_t i = 0; i < table->rows.count; i++)
        row_print(table->rows.items[i].cells, widths, buf);
}

/* A row is known by its address and host name. */
static const struct table_row *row_find(const struct table *table, const struct table_row *row)
{
    for (size_t i = 0; i < table->rows.count; i++) {
        const struct table_row *other = &table->rows.items[i];
        if (str_equal(other->cells[COLUMN_ADDRESS], row->cells[COLUMN_ADDRESS]) &&
            str_equal(other->cells[COLUMN_HOSTNAME], row->cells[COLUMN_HOSTNAME]))
            return other;
    }
    return NULL;
}

static bool row_equal(const struct table_row *a, const struct table_row *b)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!str_equal(a->cells[i], b->cells[i]))
            return false;
    }
    return true;
}

static void change_print(char sign, struct str colour, const struct table_row *row,
                         const size_t widths[COLUMNS], struct table_style style, struct buf *buf)
{
    if (style.colour)
        buf_append(buf, colour);
    buf_append_char(buf, sign);
    buf_append_char(buf, ' ');
    row_print(row->cells, widths, buf);
    if (style.colour)
        buf_append(buf, STR("\x1b[0m"));
}

size_t table_print_changes(const struct table *before, const struct table *after,
                           struct table_style style, struct buf *buf)
{
    size_t widths[COLUMNS];
    widths_init(widths);
    widths_grow(widths, before);
    widths_grow(widths, after);
    widths_fit(widths, style.width > GAP ? style.width - GAP : style.width);
    size_t changes = 0;
    for (size_t i = 0; i < before->rows.count; i++) {
        const struct table_row *row = &before->rows.items[i];
        if (row_find(after, row) != NULL)
            continue;
        change_print('-', STR("\x1b[31m"), row, widths, style, buf);
        changes++;
    }
    for (size_t i = 0; i < after->rows.count; i++) {
        const struct table_row *row = &after->rows.items[i];
        const struct table_row *old = row_find(before, row);
        if (old != NULL && row_equal(old, row))
            continue;
        bool is_new = old == NULL;
        change_print(is_new ? '+' : '~', is_new ? STR("\x1b[32m") : STR("\x1b[33m"), row, widths,
                     style, buf);
        changes++;
    }
    return changes;
}
