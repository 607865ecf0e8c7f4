/* A line with an expression, then a text. What is taken compiles; the time of a match is bounded
 * whatever both are, and the fuzzer ends a slow one. An expression in a group, which is matched
 * without a look at its beginning first, matches the same. */
#include <stddef.h>
#include <stdint.h>

#include "core/base/assert.h"
#include "core/base/buf.h"
#include "core/regex/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct regex *regex, struct str pattern, struct str text)
{
    struct buf grouped;
    buf_init(&grouped, REGEX_PATTERN_MAX + 8);
    buf_append(&grouped, STR("(?:"));
    buf_append(&grouped, pattern);
    buf_append_char(&grouped, ')');
    struct regex *again = NULL;
    uint64_t exceeded = regex_exceeded();
    bool matches = regex_matches(regex, text, &(struct regex_budget){.bytes = REGEX_BUDGET});
    /* An open \Q takes the ")" for its own; a bound may be met by one of the two. */
    bool is_open = memmem(pattern.data, pattern.size, "\\Q", 2) != NULL;
    if (!is_open && regex_new(buf_str(&grouped), &again, NULL) == ERR_OK) {
        bool same = regex_matches(again, text, &(struct regex_budget){.bytes = REGEX_BUDGET}) ==
                    matches;
        ASSERT(same || regex_exceeded() > exceeded);
        again = regex_unref(again);
    }
    buf_deinit(&grouped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct str pattern = str_cut(&text, '\n');
    struct regex *regex = NULL;
    enum err code = regex_new(pattern, &regex, NULL);
    ASSERT(regex_check(pattern, NULL) == code);
    if (code != ERR_OK)
        return 0;
    check_same(regex, pattern, text);
    regex = regex_unref(regex);
    return 0;
}
