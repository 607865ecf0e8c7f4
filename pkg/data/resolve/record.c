/* What is known of a name, and when it is to be asked for again. */
#include "core/base/backoff.h"
#include "core/base/mem.h"
#include "data/resolve/parts.h"

static bool has(const struct resolve__record *record, const struct dns_answer *answer)
{
    if (record->address_count != answer->count)
        return false;
    for (size_t i = 0; i < answer->count; i++) { /* both are sorted */
        if (!str_equal(record->addresses[i], answer->addresses[i]))
            return false;
    }
    return true;
}

static void addresses_set(struct resolve__record *record, const struct dns_answer *answer)
{
    size_t size = answer->count * sizeof(struct str);
    for (size_t i = 0; i < answer->count; i++)
        size += answer->addresses[i].size;
    resolve__record_deinit(record);
    if (answer->count == 0)
        return;
    record->addresses = mem_alloc(size);
    record->address_count = answer->count;
    char *text = (char *)(record->addresses + answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        memcpy(text, answer->addresses[i].data, answer->addresses[i].size);
        record->addresses[i] = str_make(text, answer->addresses[i].size);
        text += answer->addresses[i].size;
    }
}

static uint64_t good_for_ms(const struct dns_answer *answer, const struct resolve__limits *limits)
{
    uint64_t ttl_ms = (uint64_t)answer->ttl_s * 1000;
    return MIN(MAX(ttl_ms, limits->ttl_min_ms), RESOLVE_TTL_MAX_MS);
}

struct resolve__outcome resolve__record_take(struct resolve__record *record,
                                             const struct dns_answer *answer,
                                             const struct resolve__limits *limits,
                                             struct random *random)
{
    struct resolve__outcome outcome = {.is_news = record->reason != answer->reason};
    record->reason = answer->reason; /* constants; NULL when it was found */
    record->denials = answer->outcome == DNS_NONE ? record->denials + 1 : 0;
    if (answer->outcome == DNS_FOUND || record->denials >= RESOLVE_DENIALS)
        outcome.addresses_changed = !has(record, answer);
    if (outcome.addresses_changed)
        addresses_set(record, answer);
    outcome.is_news = outcome.is_news || outcome.addresses_changed;
    if (answer->outcome == DNS_FOUND) {
        record->failures = 0;
        outcome.pause_ms = good_for_ms(answer, limits);
    } else {
        record->failures++;
        outcome.pause_ms = backoff_ms(record->failures, limits->retry_ms, RESOLVE_RETRY_MAX_MS,
                                      random);
    }
    return outcome;
}

void resolve__record_deinit(struct resolve__record *record)
{
    record->addresses = mem_free(record->addresses);
    record->address_count = 0;
}
