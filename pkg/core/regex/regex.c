/* PCRE2: compiling, and matching within bounds. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/regex/re2.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* One that ends with the text needs no line end before it; UTF as RE2 reads it. */
#define OPTIONS                                                                                   \
    (PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_UCP | PCRE2_UTF | \
     PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE)

/* Working memory of a thread. What matching needs grows with the text; the first part is on the
 * thread from the beginning, the rest when a text needs it. Without machine code the second bound
 * holds, in KiB. */
#define STACK_MIN ((size_t)32 * 1024)
#define STACK_MAX ((size_t)1024 * 1024)
#define HEAP_MAX  1024u

struct regex {
    pcre2_code *code;
    bool is_machine_code;
    atomic_uint references;
    size_t head_size;
    char head[]; /* what every text that matches begins with */
};

struct room {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t room_key;
static pcre2_general_context *memory;
static _Thread_local struct room *room_here;
static _Atomic uint64_t exceeded;

static void *allocate(size_t size, void *arg)
{
    (void)arg;
    return mem_alloc(size);
}

static void release(void *pointer, void *arg)
{
    (void)arg;
    (void)mem_free(pointer); /* always NULL */
}

static void room_free(void *arg)
{
    struct room *room = arg;
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->context);
    pcre2_jit_stack_free(room->stack);
    (void)mem_free(room); /* always NULL */
}

static void prepare(void)
{
    memory = pcre2_general_context_create(allocate, release, NULL);
    int failed = pthread_key_create(&room_key, room_free);
    ASSERT(failed == 0);
}

/* The working memory of this thread. It goes with the thread. */
static struct room *room_get(void)
{
    if (LIKELY(room_here != NULL))
        return room_here;
    struct room *room = MEM_NEW(struct room);
    room->data = pcre2_match_data_create(1, memory);
    room->context = pcre2_match_context_create(memory);
    room->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, memory); /* NULL: no machine code */
    pcre2_jit_stack_assign(room->context, NULL, room->stack);
    (void)pcre2_set_heap_limit(room->context, HEAP_MAX); /* cannot fail */
    int failed = pthread_setspecific(room_key, room);
    ASSERT(failed == 0);
    room_here = room;
    return room;
}

/* What else PCRE2 may say of an expression that RE2 would take. */
static enum err refuse(struct err_info *reterr, int code)
{
    if (code == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY)
        return err_set(reterr, ERR_INVALID, "a name behind \\p is not known to it");
    if (code == PCRE2_ERROR_PATTERN_TOO_LARGE)
        return err_set(reterr, ERR_INVALID, "it is too large");
    PCRE2_UCHAR text[128];
    (void)pcre2_get_error_message(code, text, sizeof(text)); /* cut at worst */
    return err_set(reterr, ERR_INVALID, "%s", (const char *)text);
}

static pcre2_code *code_new(struct str pattern, int *ret_code)
{
    (void)pthread_once(&once, prepare); /* cannot fail */
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF); /* cannot fail, nor the next */
    (void)pcre2_set_parens_nest_limit(context, REGEX_DEPTH_MAX + 2);
    size_t at = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size, OPTIONS, ret_code, &at,
                                     context);
    pcre2_compile_context_free(context);
    return code;
}

static struct regex *wrap(pcre2_code *code, struct str head)
{
    struct regex *regex = mem_zero(1, sizeof(*regex) + head.size);
    regex->code = code;
    regex->head_size = head.size;
    if (head.size > 0)
        memcpy(regex->head, head.data, head.size);
    atomic_init(&regex->references, 1);
    return regex;
}

static enum err compile(struct str pattern, struct regex **ret_regex, struct err_info *reterr)
{
    CLEANUP(regex__scan_free) struct regex__scan *scan = regex__scan_new(pattern);
    const char *problem = regex__translate(scan);
    if (problem != NULL)
        return err_set(reterr, ERR_INVALID, "%s", problem);
    ASSERT(!buf_overflowed(&scan->out));
    int why = 0;
    pcre2_code *code = code_new(buf_str(&scan->out), &why);
    if (code == NULL)
        return refuse(reterr, why);
    *ret_regex = wrap(code, buf_str(&scan->head));
    return ERR_OK;
}

enum err regex_check(struct str pattern, struct err_info *reterr)
{
    struct regex *regex = NULL;
    enum err code = compile(pattern, &regex, reterr);
    (void)regex_unref(regex); /* always NULL */
    return code;
}

enum err regex_new(struct str pattern, struct regex **ret_regex, struct err_info *reterr)
{
    struct regex *regex = NULL;
    enum err code = compile(pattern, &regex, reterr);
    if (code != ERR_OK)
        return code;
    /* Where the system has no memory to write code to, it is interpreted. */
    regex->is_machine_code = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
    *ret_regex = regex;
    return ERR_OK;
}

struct regex *regex_ref(struct regex *regex)
{
    unsigned before = atomic_fetch_add_explicit(&regex->references, 1, memory_order_relaxed);
    ASSERT(before > 0);
    return regex;
}

struct regex *regex_unref(struct regex *regex)
{
    if (regex == NULL ||
        atomic_fetch_sub_explicit(&regex->references, 1, memory_order_acq_rel) > 1) {
        return NULL;
    }
    pcre2_code_free(regex->code);
    return mem_free(regex);
}

/* A step may look at the whole text, so there are fewer of them for a longer one. */
static uint32_t steps_max(size_t size)
{
    size_t steps = REGEX_BYTES_MAX / MAX(size, 1);
    return (uint32_t)MAX(MIN(steps, REGEX_STEPS_MAX), REGEX_STEPS_MIN);
}

static int run(const struct regex *regex, struct str text, struct room *room, uint32_t steps)
{
    PCRE2_SPTR data = (PCRE2_SPTR)(text.size == 0 ? "" : text.data);
    (void)pcre2_set_match_limit(room->context, steps); /* cannot fail */
    return LIKELY(regex->is_machine_code)
               ? pcre2_jit_match(regex->code, data, text.size, 0, 0, room->data, room->context)
               : pcre2_match(regex->code, data, text.size, 0, 0, room->data, room->context);
}

/* Takes them from the budget; false: there are not so many. */
static bool pay(struct regex_budget *budget, struct str text, uint32_t steps)
{
    size_t price = steps * MAX(text.size, REGEX_STEP_BYTES);
    budget->is_spent = budget->is_spent || budget->bytes < price;
    if (budget->bytes < price)
        return false;
    budget->bytes -= price;
    return true;
}

/* With ever more steps, as long as they do not do and there are any. */
static int run_all(const struct regex *regex, struct str text, struct room *room,
                   struct regex_budget *budget)
{
    uint32_t max = steps_max(text.size);
    uint32_t steps = REGEX_STEPS_FIRST;
    int code = PCRE2_ERROR_MATCHLIMIT;
    while (code == PCRE2_ERROR_MATCHLIMIT && pay(budget, text, steps)) {
        code = run(regex, text, room, steps);
        if (steps == max)
            break;
        steps = MIN(steps * 4, max);
    }
    return code;
}

bool regex_matches(const struct regex *regex, struct str text, struct regex_budget *budget)
{
    budget->has_failed = false;
    if (!str_starts_with(text, str_make(regex->head, regex->head_size)))
        return false;
    struct room *room = room_get();
    int code = run_all(regex, text, room, budget);
    budget->has_failed = code < 0 && code != PCRE2_ERROR_NOMATCH;
    if (UNLIKELY(budget->has_failed))
        atomic_fetch_add_explicit(&exceeded, 1, memory_order_relaxed);
    /* The interpreter takes what stands between bytes that are no UTF-8 for texts of their own. */
    const size_t *ends = pcre2_get_ovector_pointer(room->data);
    return code >= 0 && ends[0] == 0 && ends[1] == text.size;
}

uint64_t regex_exceeded(void)
{
    return atomic_load_explicit(&exceeded, memory_order_relaxed);
}
