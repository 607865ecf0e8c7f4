/* Which of the secrets of a chain a server name gets: two look-ups of a hash, whatever the number
 * of names, and none where one choice is all there is. */
#include "core/base/assert.h"
#include "core/base/map.h"
#include "core/base/vec.h"
#include "model/model.h"

struct model_chooser {
    size_t count;
    size_t kinds[MODEL_CHAIN_SECRETS_MAX]; /* the first secret with a key of the same type */
    struct map *names; /* which secrets have "a.test", and which ".test", that is "*.test": a bit
                          for each of them */
    VEC(struct model_choice) choices; /* the first is for names of no secret, if any comes */
};

/* ---- How well they fit ---- */

/* A bit for each secret. */
struct fit {
    uintptr_t exact;
    uintptr_t wildcard;
};

static uintptr_t bits_of(const struct model_chooser *chooser, struct str key)
{
    return (uintptr_t)map_get(chooser->names, key);
}

/* What a wildcard that takes the name is kept under; empty: there can be none. */
static struct str wildcard_key(struct str name)
{
    size_t dot = str_find_char(name, '.');
    return dot == 0 || dot == STR_NOT_FOUND ? STR_EMPTY : str_from(name, dot);
}

static struct fit fit_of(const struct model_chooser *chooser, struct str name)
{
    if (str_starts_with(name, STR("."))) /* no name at all */
        return (struct fit){0, 0};
    return (struct fit){bits_of(chooser, name), bits_of(chooser, wildcard_key(name))};
}

static bool has_kind(const struct model_chooser *chooser, const struct model_choice *choice,
                     size_t kind)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (chooser->kinds[choice->secrets[i]] == kind)
            return true;
    }
    return false;
}

/* Appends those of the secrets, in their order, that are of a kind which is not there. */
static void add(const struct model_chooser *chooser, uintptr_t bits, struct model_choice *choice)
{
    for (size_t i = 0; i < chooser->count; i++) {
        if ((bits >> i & 1) != 0 && !has_kind(chooser, choice, chooser->kinds[i]))
            choice->secrets[choice->count++] = i;
    }
}

static struct model_choice choose(const struct model_chooser *chooser, struct fit fit)
{
    struct model_choice choice = {.count = 0};
    add(chooser, fit.exact, &choice);
    add(chooser, fit.wildcard, &choice);
    add(chooser, UINTPTR_MAX, &choice);
    return choice;
}

/* ---- Those that there are ---- */

static bool is_same(const struct model_choice *a, const struct model_choice *b)
{
    size_t i = 0;
    while (i < a->count && i < b->count && a->secrets[i] == b->secrets[i])
        i++;
    return i == a->count && i == b->count;
}

static const struct model_choice *find_choice(const struct model_chooser *chooser,
                                              const struct model_choice *choice)
{
    for (size_t i = 0; i < chooser->choices.count; i++) {
        if (is_same(&chooser->choices.items[i], choice))
            return &chooser->choices.items[i];
    }
    return NULL;
}

static void list_choice(struct model_chooser *chooser, struct fit fit)
{
    struct model_choice choice = choose(chooser, fit);
    choice.index = chooser->choices.count;
    if (find_choice(chooser, &choice) == NULL)
        VEC_PUSH(&chooser->choices, choice);
}

/* Whether names of that key come to a chain for "*" or for "*.suffix". */
static bool comes_to(struct str hostname, struct str key)
{
    struct str suffix = str_from(hostname, 1); /* ".suffix", or nothing */
    if (!str_ends_with(key, suffix))
        return false;
    return key.size > suffix.size || str_starts_with(key, STR("."));
}

static void list_choices(struct model_chooser *chooser, struct str hostname)
{
    if (!str_starts_with(hostname, STR("*"))) {
        list_choice(chooser, fit_of(chooser, hostname));
        return;
    }
    list_choice(chooser, (struct fit){0, 0});
    struct map_cursor at = {0};
    void *bits;
    while ((bits = map_next(chooser->names, &at)) != NULL) {
        if (!comes_to(hostname, at.key))
            continue;
        bool is_wildcard = str_starts_with(at.key, STR("."));
        list_choice(chooser,
                    is_wildcard ? (struct fit){0, (uintptr_t)bits} : fit_of(chooser, at.key));
    }
}

/* ---- Names ---- */

static void add_name(struct model_chooser *chooser, size_t secret, struct str name)
{
    bool is_wildcard = str_starts_with(name, STR("*."));
    struct str key = is_wildcard ? str_from(name, 1) : name;
    if (key.size < 2 || str_starts_with(key, STR(".")) != is_wildcard ||
        str_find_char(key, '*') != STR_NOT_FOUND)
        return; /* no server name is like this */
    uintptr_t bits = bits_of(chooser, key) | (uintptr_t)1 << secret;
    (void)map_set(chooser->names, key, (void *)bits); /* the former bits are among them */
}

/* The first secret that has a key of the same type. */
static size_t kind_of(const struct model_secret *const *secrets, size_t index)
{
    size_t kind = 0;
    while (!str_equal(secrets[kind]->key_type, secrets[index]->key_type))
        kind++;
    return kind;
}

struct model_chooser *model_chooser_new(struct str hostname,
                                        const struct model_secret *const *secrets, size_t count)
{
    ASSERT(count > 0 && count <= MODEL_CHAIN_SECRETS_MAX);
    struct model_chooser *chooser = MEM_NEW(struct model_chooser);
    chooser->count = count;
    chooser->names = map_new();
    for (size_t i = 0; i < count; i++)
        chooser->kinds[i] = kind_of(secrets, i);
    for (size_t i = 0; count > 1 && i < count; i++) {
        for (size_t j = 0; j < secrets[i]->dns_names.count; j++)
            add_name(chooser, i, secrets[i]->dns_names.items[j]);
    }
    list_choices(chooser, hostname);
    if (chooser->choices.count == 1) /* it will not be asked */
        chooser->names = map_free(chooser->names);
    return chooser;
}

struct model_chooser *model_chooser_free(struct model_chooser *chooser)
{
    if (chooser == NULL)
        return NULL;
    chooser->names = map_free(chooser->names);
    VEC_FREE(&chooser->choices);
    return mem_free(chooser);
}

const struct model_choice *model_chooser_find(const struct model_chooser *chooser,
                                              struct str server_name)
{
    if (chooser->choices.count == 1)
        return chooser->choices.items;
    struct model_choice choice = choose(chooser, fit_of(chooser, server_name));
    const struct model_choice *known = find_choice(chooser, &choice);
    return known != NULL ? known : chooser->choices.items; /* a name that does not come here */
}

const struct model_choice *model_chooser_list(const struct model_chooser *chooser,
                                              size_t *ret_count)
{
    *ret_count = chooser->choices.count;
    return chooser->choices.items;
}
