/* The rules of a virtual host that do not answer: those for the path, and of the others those whose
 * paths are nearest. */
#include "explain/parts.h"

struct other {
    struct explain_candidate candidate;
    size_t shared; /* bytes at the beginning of the path */
};

struct listing {
    struct arena *arena;
    struct str path;
    struct explain_candidate *tried;
    size_t tried_count;
    struct other others[EXPLAIN_OTHERS_MAX]; /* the nearest first */
    size_t other_count;
    size_t rule_count; /* without the one that answers */
    const struct model_rule *winner;
};

static size_t shared_size(struct str a, struct str b)
{
    size_t size = 0;
    while (size < a.size && size < b.size && a.data[size] == b.data[size])
        size++;
    return size;
}

/* Sentences are made for those only that are told, for there may be many thousand rules. */
static struct explain_candidate candidate_of(const struct listing *listing,
                                             const struct route_candidate *told)
{
    return (struct explain_candidate){
        .rule = told->rule,
        .fate = told->fate,
        .why = explain__fate_text(listing->arena, told, listing->path, listing->winner),
    };
}

/* Of equally near ones the first stays. */
static void put_other(struct listing *listing, const struct route_candidate *told)
{
    size_t shared = shared_size(told->rule->path, listing->path);
    size_t at = listing->other_count;
    while (at > 0 && listing->others[at - 1].shared < shared)
        at--;
    if (at == EXPLAIN_OTHERS_MAX)
        return;
    size_t behind = MIN(listing->other_count, EXPLAIN_OTHERS_MAX - 1) - at;
    memmove(listing->others + at + 1, listing->others + at, behind * sizeof(*listing->others));
    listing->others[at] = (struct other){candidate_of(listing, told), shared};
    listing->other_count = MIN(listing->other_count + 1, EXPLAIN_OTHERS_MAX);
}

static bool on_candidate(const struct route_candidate *told, void *arg)
{
    struct listing *listing = arg;
    if (told->fate == ROUTE_TAKES)
        return true;
    listing->rule_count++;
    if (told->fate == ROUTE_OTHER_PATH)
        put_other(listing, told);
    else if (listing->tried_count < EXPLAIN_CANDIDATES_MAX)
        listing->tried[listing->tried_count++] = candidate_of(listing, told);
    return true;
}

/* Rules that have nothing in common with the path but "/" are told where there is nothing else to
 * tell. */
static bool is_worth_telling(const struct listing *listing, size_t other)
{
    bool is_all = listing->winner == NULL && listing->tried_count == 0 &&
                  listing->others[0].shared <= 1;
    return is_all || listing->others[other].shared > 1;
}

/* Rules that have lost are told of after the one that answers is known. */
static const struct model_rule *winner_of(const struct route_chain *chain,
                                          const struct route_request *request)
{
    struct route_match match = route_find(chain, request);
    return match.outcome == ROUTE_FOUND ? match.rule : NULL;
}

struct route_match explain__find_rule(struct arena *arena, const struct route_chain *chain,
                                      struct explain_answer *answer)
{
    const struct route_request request = {&answer->request->head, answer->path, arena};
    struct listing listing = {
        .arena = arena,
        .path = answer->path,
        .tried = ARENA_NEW_ARRAY(arena, struct explain_candidate,
                                 EXPLAIN_CANDIDATES_MAX + EXPLAIN_OTHERS_MAX),
        .winner = winner_of(chain, &request),
    };
    struct route_match match = route_explain(chain, &request, on_candidate, &listing);
    size_t count = listing.tried_count;
    for (size_t i = 0; i < listing.other_count && is_worth_telling(&listing, i); i++)
        listing.tried[count++] = listing.others[i].candidate;
    answer->candidates = listing.tried;
    answer->candidate_count = count;
    answer->omitted_count = listing.rule_count - count;
    return match;
}
