/* Names while they are wanted: what is resolved is what was published, with other sets. */
#include "../../dns_server.h"
#include "../../turns.h"
#include "core/base/random.h"
#include "data/resolve/parts.h"

#define SETS 12

struct rig {
    struct loop *loop;
    struct dns_server server;
    struct dns *dns;
    struct resolve *resolve;
    unsigned changed;
    unsigned ready;
    unsigned answered;
    unsigned news;
};

static void on_changed(void *arg)
{
    struct rig *rig = arg;
    rig->changed++;
    loop_stop(rig->loop);
}

static void on_ready(void *arg)
{
    struct rig *rig = arg;
    rig->ready++;
    loop_stop(rig->loop);
}

static void on_answered(void *arg, const struct resolve_status *status, bool is_news)
{
    struct rig *rig = arg;
    assert_true(status->address_count > 0 || status->reason != NULL);
    rig->answered++;
    rig->news += is_news ? 1 : 0;
    loop_stop(rig->loop);
}

/* Answers are good for `ttl_ms`. */
static void open_rig(struct rig *rig, uint32_t ttl_ms)
{
    *rig = (struct rig){.loop = loop_new()};
    dns_server_open(&rig->server, rig->loop);
    struct dns_options dns = {.loop = rig->loop, .server = str_of(rig->server.text)};
    assert_int_equal(dns_new(&dns, &rig->dns, NULL), ERR_OK);
    struct resolve_options options = {
        .loop = rig->loop,
        .dns = rig->dns,
        .events = {on_changed, on_ready, on_answered, rig},
        .ttl_min_ms = ttl_ms,
        .retry_ms = ttl_ms,
    };
    rig->resolve = resolve_new(&options);
}

static void close_rig(struct rig *rig)
{
    rig->resolve = resolve_free(rig->resolve);
    rig->dns = dns_free(rig->dns);
    dns_server_close(&rig->server);
    rig->loop = loop_free(rig->loop);
    assert_int_equal(model_resources_alive(), 0);
    assert_int_equal(model_snapshots_alive(), 0);
}

/* A snapshot with a cluster for each set. Set i has the addresses named in `addresses[i]`; NULL: it
 * is not there. */
static const struct model_snapshot *snapshot_of(const char *const *addresses, size_t count)
{
    const struct model_resource *resources[2 * SETS];
    size_t made = 0;
    char names[SETS][16];
    for (size_t i = 0; i < count; i++) {
        struct model_endpoint endpoints[4];
        size_t endpoint_count = 0;
        if (addresses[i] == NULL)
            continue;
        (void)snprintf(names[i], sizeof(names[i]), "set-%02zu", i);
        struct str rest = str_of(addresses[i]);
        while (rest.size > 0) {
            struct str address = str_cut(&rest, ' ');
            endpoints[endpoint_count++] = (struct model_endpoint){
                .address = address, .port = 80, .hostname = address};
        }
        struct model_endpoint_set set = {
            .name = str_of(names[i]), .endpoints = endpoints, .endpoint_count = endpoint_count};
        struct model_cluster cluster = {
            .name = set.name, .service = set.name, .endpoint_set = set.name};
        resources[made++] = model_endpoint_set_new(&set);
        resources[made++] = model_cluster_new(&cluster);
    }
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, made, &snapshot, NULL), ERR_OK);
    return snapshot;
}

static bool set(struct rig *rig, const char *const *addresses, size_t count)
{
    const struct model_snapshot *snapshot = snapshot_of(addresses, count);
    bool is_ready = resolve_set(rig->resolve, snapshot);
    assert_null(model_snapshot_unref(snapshot));
    return is_ready;
}

/* What is in set 0. */
static void assert_first_set(struct rig *rig, const char *addresses)
{
    const struct model_snapshot *snapshot = resolve_snapshot(rig->resolve);
    const struct model_resource *found = model_snapshot_find(snapshot, MODEL_ENDPOINT_SET,
                                                             STR("set-00"));
    struct buf text;
    buf_init(&text, 4096);
    assert_non_null(found);
    for (size_t i = 0; i < found->endpoint_set->endpoint_count; i++)
        buf_printf(&text, "%s%.*s", i > 0 ? " " : "",
                   STR_ARG(found->endpoint_set->endpoints[i].address));
    buf_append_char(&text, '\0');
    assert_string_equal(text.data, addresses);
    buf_deinit(&text);
    assert_null(model_snapshot_unref(snapshot));
}

static void without_names_it_is_what_was_published(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 0);
    const char *const addresses[] = {"192.0.2.1", "", "2001:db8::1 192.0.2.2"};
    const struct model_snapshot *published = snapshot_of(addresses, 3);
    assert_true(resolve_set(rig.resolve, published));
    const struct model_snapshot *resolved = resolve_snapshot(rig.resolve);
    assert_ptr_equal(resolved, published);
    assert_null(model_snapshot_unref(resolved));
    assert_null(model_snapshot_unref(published));
    assert_int_equal(resolve_counts(rig.resolve).names, 0);
    close_rig(&rig);
}

static void new_names_are_waited_for(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){
                                    .name = "a.test", .ipv4 = "192.0.2.2 192.0.2.1", .ttl = 60});
    const char *const addresses[] = {"a.test. none.test."};
    assert_false(set(&rig, addresses, 1));
    assert_first_set(&rig, "");
    turns_until(rig.loop, &rig.ready, 1);
    assert_first_set(&rig, "192.0.2.1 192.0.2.2");
    assert_int_equal(rig.answered, 2);
    assert_int_equal(rig.news, 2);
    assert_int_equal(rig.changed, 0);
    assert_true(set(&rig, addresses, 1)); /* none of them is new */
    struct resolve_counts counts = resolve_counts(rig.resolve);
    assert_int_equal(counts.names, 2);
    assert_int_equal(counts.queries, 2);
    assert_int_equal(counts.failures, 1);
    close_rig(&rig);
}

static void silence_is_not_waited_for_long_nor_again(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .is_silent = true});
    const char *const addresses[] = {"a.test. 192.0.2.9"};
    uint64_t begin = loop_now_ms(rig.loop);
    assert_false(set(&rig, addresses, 1));
    turns_until(rig.loop, &rig.ready, 1);
    assert_true(loop_now_ms(rig.loop) - begin >= RESOLVE_WAIT_MS);
    assert_int_equal(rig.answered, 0);
    assert_first_set(&rig, "192.0.2.9");
    assert_true(set(&rig, addresses, 1));
    assert_int_equal(rig.server.asked, 1);
    close_rig(&rig);
}

static void other_addresses_are_a_change(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 60);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    const char *const addresses[] = {"a.test."};
    assert_false(set(&rig, addresses, 1));
    turns_until(rig.loop, &rig.ready, 1);
    turns_until(rig.loop, &rig.answered, 4); /* again and again, and always the same */
    assert_int_equal(rig.changed, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.7"});
    turns_until(rig.loop, &rig.changed, 1);
    assert_first_set(&rig, "192.0.2.7");
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "a.test", .code = DNS_SERVER_FAILED});
    unsigned news = rig.news;
    turns_until(rig.loop, &rig.answered, rig.answered + 3);
    assert_int_equal(rig.changed, 1);
    assert_int_equal(rig.news, news + 1);
    assert_first_set(&rig, "192.0.2.7");
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "a.test", .code = DNS_SERVER_NO_NAME});
    turns_until(rig.loop, &rig.changed, 2);
    assert_first_set(&rig, "");
    close_rig(&rig);
}

static void names_that_are_not_wanted_any_more_are_not_asked_for(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 50);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    const char *const with[] = {"a.test. b.test."};
    const char *const without[] = {"192.0.2.3"};
    assert_false(set(&rig, with, 1));
    assert_true(set(&rig, without, 1)); /* before they were answered */
    assert_int_equal(resolve_counts(rig.resolve).names, 0);
    turns_for(rig.loop, 300);
    assert_int_equal(rig.answered + rig.ready + rig.changed, 0);
    assert_first_set(&rig, "192.0.2.3");
    assert_false(set(&rig, with, 1)); /* and are new when they come back */
    turns_until(rig.loop, &rig.ready, 1);
    close_rig(&rig);
}

static void what_is_known_is_printed(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 0);
    dns_server_set(&rig.server, (struct dns_server_name){.name = "a.test", .ipv4 = "192.0.2.1"});
    const char *const addresses[] = {"a.test.", "none.test."};
    assert_false(set(&rig, addresses, 2));
    turns_until(rig.loop, &rig.ready, 1);
    struct buf text;
    buf_init(&text, 4096);
    resolve_print(rig.resolve, &text);
    buf_append_char(&text, '\0');
    assert_non_null(strstr(text.data, "[{\"addresses\":[\"192.0.2.1\"],\"ageMs\":"));
    assert_non_null(strstr(text.data, "\"name\":\"a.test.\"},{\"addresses\":[],\"name\":"
                                      "\"none.test.\",\"reason\":\"there is no such name\"}]"));
    buf_deinit(&text);
    close_rig(&rig);
}

/* ---- Whatever is published in whatever order ---- */

static struct random chance;

static const char *draw(void)
{
    static const char *const all[] = {
        NULL,         "",
        "192.0.2.1",  "192.0.2.1 2001:db8::1",
        "a.test.",    "a.test. 192.0.2.9",
        "b.test.",    "a.test. b.test.",
        "none.test.", "192.0.2.4",
    };
    return all[random_below(&chance, ARRAY_SIZE(all))];
}

/* What `address` stands for. */
static const char *resolved_of(struct str address)
{
    if (str_equal(address, STR("a.test.")))
        return "198.51.100.1 198.51.100.2";
    if (str_equal(address, STR("b.test.")))
        return "198.51.100.3";
    return str_equal(address, STR("none.test.")) ? "" : NULL;
}

static const struct model_resource *expected(const struct model_endpoint_set *published)
{
    struct model_endpoint endpoints[16];
    size_t count = 0;
    for (size_t i = 0; i < published->endpoint_count; i++) {
        const char *addresses = resolved_of(published->endpoints[i].address);
        struct str rest = addresses != NULL ? str_of(addresses) : published->endpoints[i].address;
        while (rest.size > 0) {
            endpoints[count] = published->endpoints[i];
            endpoints[count++].address = str_cut(&rest, ' ');
        }
    }
    struct model_endpoint_set resolved = *published;
    resolved.endpoints = endpoints;
    resolved.endpoint_count = count;
    return model_endpoint_set_new(&resolved);
}

/* Every set is what it is to be; everything else is the very same. */
static void assert_resolved(const struct model_snapshot *published,
                            const struct model_snapshot *resolved)
{
    assert_int_equal(published->count, resolved->count);
    for (size_t i = 0; i < published->count; i++) {
        const struct model_resource *from = published->resources[i];
        if (from->kind != MODEL_ENDPOINT_SET || !resolve__set_has_names(from->endpoint_set)) {
            assert_ptr_equal(from, resolved->resources[i]);
            continue;
        }
        const struct model_resource *to = expected(from->endpoint_set);
        assert_true(model_digest_equal(&to->digest, &resolved->resources[i]->digest));
        assert_null(model_resource_unref(to));
    }
}

/* The sets of `snapshot` that `before` has, too, are the very same. */
static const struct model_snapshot *share(const struct model_snapshot *before,
                                          const struct model_snapshot *snapshot)
{
    struct model_transaction *transaction = model_transaction_new(before, snapshot);
    const struct model_snapshot *next = NULL;
    assert_int_equal(model_transaction_apply(transaction, before, &next, NULL), ERR_OK);
    assert_null(model_transaction_free(transaction));
    assert_null(model_snapshot_unref(snapshot));
    return next;
}

static void resolved_is_published_with_other_sets(void **state)
{
    (void)state; /* none */
    struct rig rig;
    open_rig(&rig, 0);
    random_init(&chance);
    dns_server_set(&rig.server,
                   (struct dns_server_name){.name = "a.test", .ipv4 = "198.51.100.2 198.51.100.1"});
    dns_server_set(&rig.server, (struct dns_server_name){.name = "b.test", .ipv4 = "198.51.100.3"});
    const char *addresses[SETS] = {0};
    const struct model_snapshot *published = snapshot_of(addresses, SETS);
    for (int i = 0; i < 300; i++) {
        for (uint64_t changes = 1 + random_below(&chance, 3); changes > 0; changes--)
            addresses[random_below(&chance, SETS)] = draw();
        const struct model_snapshot *next = share(published, snapshot_of(addresses, SETS));
        assert_null(model_snapshot_unref(published));
        published = next;
        if (!resolve_set(rig.resolve, published))
            turns_until(rig.loop, &rig.ready, rig.ready + 1);
        const struct model_snapshot *resolved = resolve_snapshot(rig.resolve);
        assert_resolved(published, resolved);
        assert_null(model_snapshot_unref(resolved));
    }
    assert_null(model_snapshot_unref(published));
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_names_it_is_what_was_published),
        cmocka_unit_test(new_names_are_waited_for),
        cmocka_unit_test(silence_is_not_waited_for_long_nor_again),
        cmocka_unit_test(other_addresses_are_a_change),
        cmocka_unit_test(names_that_are_not_wanted_any_more_are_not_asked_for),
        cmocka_unit_test(what_is_known_is_printed),
        cmocka_unit_test(resolved_is_published_with_other_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
