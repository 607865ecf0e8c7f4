/* Listeners that are understood and not served yet, which no snapshot has. */
#include "explain/parts.h"

/* Of one request; most gateways have a route or two. */
#define TAKERS_MAX 64

struct search {
    struct explain_answer *answer;
    struct str *takers;
};

/* How well the listener's host name takes the TLS server name; 0: not at all. Where names do not
 * choose, all listeners are alike. */
static size_t fit(const struct explain_unserved *unserved, const struct explain_request *request)
{
    struct str name = request->server_name;
    struct str pattern = unserved->hostname;
    if (str_equal(pattern, STR("*")))
        return 1;
    if (str_equal_nocase(pattern, name))
        return SIZE_MAX;
    struct str rest = str_from(pattern, 1);
    bool is_below = str_starts_with(pattern, STR("*.")) && name.size > rest.size &&
                    str_equal_nocase(str_from(name, name.size - rest.size), rest);
    return is_below ? pattern.size : 0;
}

static void add_taker(struct search *search, struct str taker)
{
    struct explain_answer *answer = search->answer;
    for (size_t i = 0; i < answer->taker_count; i++) {
        if (str_equal(search->takers[i], taker))
            return;
    }
    if (answer->taker_count == TAKERS_MAX)
        answer->has_more_takers = true;
    else
        search->takers[answer->taker_count++] = taker;
}

/* Of all listeners that take it as well as the best one. */
static void add_takers(struct search *search, size_t best)
{
    struct explain_answer *answer = search->answer;
    const struct explain_place *place = answer->place;
    for (size_t i = 0; i < place->unserved_count; i++) {
        const struct explain_unserved *unserved = &place->unserved[i];
        bool is_same = unserved->port == answer->unserved->port &&
                       str_equal(unserved->gateway, answer->unserved->gateway) &&
                       fit(unserved, answer->request) == best;
        for (size_t j = 0; j < unserved->taker_count && is_same; j++)
            add_taker(search, unserved->takers[j]);
        answer->has_more_takers |= is_same && unserved->has_more_takers;
    }
}

void explain__find_unserved(struct arena *arena, const struct explain_scope *scope,
                            struct explain_answer *answer)
{
    struct search search = {answer, ARENA_NEW_ARRAY(arena, struct str, TAKERS_MAX)};
    size_t best = 0;
    for (size_t i = 0; i < scope->count; i++) {
        const struct explain_place *place = &scope->places[i];
        for (size_t j = 0; j < place->unserved_count; j++) {
            const struct explain_unserved *unserved = &place->unserved[j];
            bool is_asked = unserved->port == answer->request->port &&
                            explain__is_wanted(scope, place, unserved->gateway);
            size_t own = fit(unserved, answer->request);
            if (!is_asked || (answer->unserved != NULL && own <= best))
                continue;
            answer->outcome = EXPLAIN_NOT_SERVED;
            answer->place = place;
            answer->unserved = unserved;
            best = own;
        }
    }
    answer->takers = search.takers;
    if (best > 0)
        add_takers(&search, best);
}
