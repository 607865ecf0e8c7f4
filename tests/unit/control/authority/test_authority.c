#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control/authority/authority.h"
#include "core/base/arena.h"
#include "core/base/str.h"

#define START_MS (20000 * AUTHORITY_DAY_MS)
#define NAME     STR("otemon-operator.kuma-system.svc")

static struct authority *make(const struct authority_data *data, uint64_t now_ms)
{
    return authority_new(NAME, data, now_ms);
}

static size_t count(struct str pem)
{
    size_t certificates = 0;
    struct str rest = pem;
    while (rest.size > 0) {
        struct str line = str_cut(&rest, '\n');
        certificates += str_equal(line, STR("-----BEGIN CERTIFICATE-----"));
    }
    return certificates;
}

/* Whether the text holds that certificate. */
static bool holds(struct str pem, struct str certificate)
{
    return memmem(pem.data, pem.size, certificate.data, certificate.size) != NULL;
}

static struct authority_data copy(struct arena *arena, const struct authority_data *data)
{
    return (struct authority_data){
        .current = str_dup(arena, data->current),
        .next = str_dup(arena, data->next),
        .previous = str_dup(arena, data->previous),
        .next_since = str_dup(arena, data->next_since),
    };
}

static void the_first_one_is_made_and_stored(void **state)
{
    (void)state;
    struct authority *authority CLEANUP(authority_free) = make(&(struct authority_data){0},
                                                               START_MS);
    struct authority_state first = authority_turn(authority, START_MS);
    assert_true(first.data_changed && first.leaf_changed);
    assert_int_equal(count(first.trust_pem), 1);
    assert_int_equal(first.data.next.size, 0);
    assert_int_equal(first.leaf->dns_name_count, 1);
    assert_true(str_equal(first.leaf->dns_names[0], NAME));
    assert_true(holds(first.data.current, first.trust_pem));
    assert_true(holds(first.data.current, STR("PRIVATE KEY")));
    assert_false(holds(first.trust_pem, STR("PRIVATE KEY")));
    assert_true(first.again_ms > START_MS && first.again_ms < START_MS + AUTHORITY_LEAF_MS);

    struct authority_state second = authority_turn(authority, START_MS + 1);
    assert_false(second.data_changed || second.leaf_changed);
}

static void what_was_stored_is_used_again(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    struct authority *authority = make(&(struct authority_data){0}, START_MS);
    struct authority_state first = authority_turn(authority, START_MS);
    struct authority_data data = copy(arena, &first.data);
    struct str trust = str_dup(arena, first.trust_pem);
    authority = authority_free(authority);

    authority = make(&data, START_MS + AUTHORITY_DAY_MS);
    struct authority_state second = authority_turn(authority, START_MS + AUTHORITY_DAY_MS);
    assert_false(second.data_changed);
    assert_true(second.leaf_changed); /* the leaf is not stored */
    assert_true(str_equal(second.trust_pem, trust));
    authority = authority_free(authority);
    (void)arena_free(arena); /* always NULL */
}

static void what_cannot_be_used_is_replaced(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    struct authority *authority = make(
        &(struct authority_data){.current = STR("nonsense"), .next = STR("x")}, START_MS);
    struct authority_state made = authority_turn(authority, START_MS);
    assert_true(made.data_changed);
    struct authority_data data = copy(arena, &made.data);
    authority = authority_free(authority);

    uint64_t late_ms = START_MS + AUTHORITY_LIFE_MS + 1;
    authority = make(&data, late_ms); /* nobody was there for a year */
    struct authority_state anew = authority_turn(authority, late_ms);
    assert_true(anew.data_changed);
    assert_false(str_equal(anew.data.current, data.current));
    assert_int_equal(count(anew.trust_pem), 1);
    authority = authority_free(authority);
    (void)arena_free(arena); /* always NULL */
}

/* The certificate of the authority that signs. */
static struct str signer_of(const struct authority_state *turn)
{
    struct str mark = STR("-----BEGIN CERTIFICATE-----");
    struct str bundle = turn->data.current;
    const char *begin = memmem(bundle.data, bundle.size, mark.data, mark.size);
    return str_from(bundle, (size_t)(begin - bundle.data));
}

/* Five years of turns when they are due, with a restart now and then. At every one of them the
 * certificate that is served is signed by an authority that proxies had ten minutes to learn of,
 * and not one that was served within its life has lost its authority. */
static void proxies_always_trust_what_is_served(void **state)
{
    (void)state;
    struct arena *arena = arena_new(65536);
    struct authority *authority = make(&(struct authority_data){0}, START_MS);
    uint64_t now_ms = START_MS;
    uint64_t end_ms = START_MS + 5 * AUTHORITY_LIFE_MS;
    struct str trust_since = STR_EMPTY; /* the trust of ten minutes ago, or longer */
    struct str trust_now = STR_EMPTY;
    uint64_t trust_changed_ms = 0;
    unsigned turns = 0;
    unsigned authorities = 0;
    while (now_ms < end_ms) {
        struct authority_state turn = authority_turn(authority, now_ms);
        assert_true(turn.again_ms > now_ms);
        assert_in_range(count(turn.trust_pem), 1, 3);
        if (!str_equal(turn.trust_pem, trust_now)) {
            trust_since = now_ms - trust_changed_ms >= AUTHORITY_SPREAD_MS ? trust_now
                                                                           : trust_since;
            trust_now = str_dup(arena, turn.trust_pem);
            trust_changed_ms = now_ms;
            authorities++;
        }
        assert_true(turn.leaf->not_after_ms > now_ms);
        assert_true(turn.leaf->not_before_ms < now_ms);
        /* Who signs was in what proxies had ten minutes ago. */
        if (trust_since.size > 0) {
            assert_true(holds(trust_now, signer_of(&turn)));
            assert_true(holds(trust_since, signer_of(&turn)));
        }
        if (++turns % 50 == 0) {
            struct authority_data data = copy(arena, &turn.data);
            authority = authority_free(authority);
            authority = make(&data, now_ms);
        }
        now_ms = turn.again_ms;
    }
    assert_true(authorities > 10 && turns > 1000);
    authority = authority_free(authority);
    (void)arena_free(arena); /* always NULL */
}

static void a_rotation_in_its_steps(void **state)
{
    (void)state;
    struct authority *authority CLEANUP(authority_free) = make(&(struct authority_data){0},
                                                               START_MS);
    (void)authority_turn(authority, START_MS);
    uint64_t due_ms = START_MS + AUTHORITY_LIFE_MS * 2 / 3 + AUTHORITY_SKEW_MS;
    struct authority_state both = authority_turn(authority, due_ms);
    assert_true(both.data_changed);
    assert_int_equal(count(both.trust_pem), 2);
    assert_true(both.data.next.size > 0 && both.data.previous.size == 0);
    struct authority_state signs = authority_turn(authority, due_ms + AUTHORITY_SPREAD_MS);
    assert_true(signs.data_changed && signs.leaf_changed);
    assert_int_equal(count(signs.trust_pem), 2);
    assert_true(signs.data.next.size == 0 && signs.data.previous.size > 0);
    uint64_t last_ms = due_ms + AUTHORITY_SPREAD_MS + AUTHORITY_LEAF_MS;
    assert_int_equal(count(authority_turn(authority, last_ms - 1).trust_pem), 2);
    struct authority_state alone = authority_turn(authority, last_ms);
    assert_true(alone.data_changed);
    assert_int_equal(count(alone.trust_pem), 1);
    assert_int_equal(alone.data.next_since.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_one_is_made_and_stored),
        cmocka_unit_test(what_was_stored_is_used_again),
        cmocka_unit_test(what_cannot_be_used_is_replaced),
        cmocka_unit_test(a_rotation_in_its_steps),
        cmocka_unit_test(proxies_always_trust_what_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
