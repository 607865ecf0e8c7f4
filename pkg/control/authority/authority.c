#include "control/authority/authority.h"

#include "core/base/assert.h"
#include "core/base/buf.h"
#include "core/base/mem.h"

#define TEXT_SIZE_MAX PKI_BUNDLE_SIZE_MAX

/* An authority, and its bundle as it is stored; without a key it is only trusted. */
struct signer {
    struct pki_bundle *bundle; /* NULL: absent */
    struct buf text;
};

struct authority {
    struct str name;
    struct arena *arena;
    struct signer current;
    struct signer next;
    struct signer previous;
    uint64_t next_since_ms;
    struct buf next_since;
    struct buf trust;
    struct pki_bundle *leaf;
    bool data_changed;
};

static void signer_clear(struct signer *signer)
{
    signer->bundle = pki_bundle_free(signer->bundle);
    buf_clear(&signer->text);
}

static void signer_set(struct signer *signer, struct pki_bundle *bundle)
{
    signer_clear(signer);
    signer->bundle = bundle;
    buf_append(&signer->text, bundle->key_pem);
    buf_append(&signer->text, bundle->certificates_pem);
}

/* The content moves. */
static void signer_move(struct signer *to, struct signer *from)
{
    signer_set(to, TAKE(from->bundle));
    signer_clear(from);
}

static bool has_ended(const struct pki_bundle *bundle, uint64_t now_ms)
{
    return bundle->not_after_ms <= now_ms;
}

static void signer_read(struct signer *signer, struct str pem, uint64_t now_ms)
{
    struct pki_bundle *bundle = NULL;
    if (pem.size == 0 || pki_bundle_read(pem, &bundle, NULL) != ERR_OK)
        return;
    if (has_ended(bundle, now_ms))
        bundle = pki_bundle_free(bundle);
    else
        signer_set(signer, bundle);
}

static struct pki_bundle *signer_make(uint64_t now_ms)
{
    struct pki_bundle *bundle = NULL;
    enum err err = pki_issue_authority(STR("otemon-operator authority"),
                                       now_ms > AUTHORITY_SKEW_MS ? now_ms - AUTHORITY_SKEW_MS : 0,
                                       now_ms + AUTHORITY_LIFE_MS, &bundle, NULL);
    ASSERT(err == ERR_OK); /* the name is ours, the times are in order */
    return bundle;
}

struct authority *authority_new(struct str name, const struct authority_data *data, uint64_t now_ms)
{
    struct authority *authority = MEM_NEW(struct authority);
    authority->arena = arena_new(256);
    authority->name = str_dup(authority->arena, name);
    buf_init_secret(&authority->current.text, TEXT_SIZE_MAX);
    buf_init_secret(&authority->next.text, TEXT_SIZE_MAX);
    buf_init_secret(&authority->previous.text, TEXT_SIZE_MAX);
    buf_init(&authority->next_since, 32);
    buf_init(&authority->trust, TEXT_SIZE_MAX);
    signer_read(&authority->current, data->current, now_ms);
    signer_read(&authority->next, data->next, now_ms);
    signer_read(&authority->previous, data->previous, now_ms);
    if (!str_parse_u64(data->next_since, UINT64_MAX, &authority->next_since_ms))
        authority->next_since_ms = now_ms;
    return authority;
}

struct authority *authority_free(struct authority *authority)
{
    if (authority == NULL)
        return NULL;
    struct signer *signers[] = {&authority->current, &authority->next, &authority->previous};
    for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
        signer_clear(signers[i]);
        buf_deinit(&signers[i]->text);
    }
    authority->leaf = pki_bundle_free(authority->leaf);
    buf_deinit(&authority->next_since);
    buf_deinit(&authority->trust);
    authority->arena = arena_free(authority->arena);
    return mem_free(authority);
}

/* Two thirds of a life, after which there is a successor. */
static uint64_t due_ms(const struct pki_bundle *bundle)
{
    return bundle->not_after_ms - (bundle->not_after_ms - bundle->not_before_ms) / 3;
}

/* When the last certificate that the previous one signed has ended. */
static uint64_t previous_end_ms(const struct authority *authority)
{
    return authority->next_since_ms + AUTHORITY_SPREAD_MS + AUTHORITY_LEAF_MS;
}

static void signers_turn(struct authority *authority, uint64_t now_ms)
{
    if (authority->current.bundle == NULL) {
        if (authority->next.bundle != NULL)
            signer_move(&authority->current, &authority->next);
        else
            signer_set(&authority->current, signer_make(now_ms));
        authority->data_changed = true;
    }
    if (authority->next.bundle == NULL && now_ms >= due_ms(authority->current.bundle)) {
        signer_set(&authority->next, signer_make(now_ms));
        authority->next_since_ms = now_ms;
        authority->data_changed = true;
    }
    if (authority->next.bundle != NULL &&
        now_ms >= authority->next_since_ms + AUTHORITY_SPREAD_MS) {
        signer_move(&authority->previous, &authority->current);
        signer_move(&authority->current, &authority->next);
        authority->data_changed = true;
    }
    if (authority->previous.bundle != NULL && now_ms >= previous_end_ms(authority)) {
        signer_clear(&authority->previous);
        authority->data_changed = true;
    }
}

/* Whether there is a new leaf: it is renewed in time, and when another authority signs. */
static bool leaf_turn(struct authority *authority, uint64_t now_ms, bool signer_changed)
{
    if (authority->leaf != NULL && !signer_changed && now_ms < due_ms(authority->leaf))
        return false;
    struct pki_request request = {
        .usage = PKI_SERVER,
        .key_type = PKI_ECDSA,
        .hostnames = &authority->name,
        .hostname_count = 1,
        .not_before_ms = now_ms > AUTHORITY_SKEW_MS ? now_ms - AUTHORITY_SKEW_MS : 0,
        .not_after_ms = now_ms + AUTHORITY_LEAF_MS,
    };
    struct pki_bundle *leaf = NULL;
    enum err err = pki_issue_signed(&request, authority->current.bundle, &leaf, NULL);
    ASSERT(err == ERR_OK); /* the authority was read as one, or made here */
    authority->leaf = pki_bundle_free(authority->leaf);
    authority->leaf = leaf;
    return true;
}

static void trust_write(struct authority *authority)
{
    const struct signer *signers[] = {&authority->current, &authority->next, &authority->previous};
    buf_clear(&authority->trust);
    for (size_t i = 0; i < ARRAY_SIZE(signers); i++) {
        if (signers[i]->bundle != NULL)
            buf_append(&authority->trust, signers[i]->bundle->certificates_pem);
    }
}

static uint64_t next_turn_ms(const struct authority *authority)
{
    uint64_t again_ms = due_ms(authority->leaf);
    if (authority->next.bundle != NULL)
        again_ms = MIN(again_ms, authority->next_since_ms + AUTHORITY_SPREAD_MS);
    else
        again_ms = MIN(again_ms, due_ms(authority->current.bundle));
    if (authority->previous.bundle != NULL)
        again_ms = MIN(again_ms, previous_end_ms(authority));
    return again_ms;
}

struct authority_state authority_turn(struct authority *authority, uint64_t now_ms)
{
    const struct pki_bundle *before = authority->current.bundle;
    authority->data_changed = false;
    signers_turn(authority, now_ms);
    bool signer_changed = before != authority->current.bundle;
    bool leaf_changed = leaf_turn(authority, now_ms, signer_changed);
    trust_write(authority);
    buf_clear(&authority->next_since);
    if (authority->next.bundle != NULL || authority->previous.bundle != NULL)
        buf_append_u64(&authority->next_since, authority->next_since_ms);
    return (struct authority_state){
        .data_changed = authority->data_changed,
        .leaf_changed = leaf_changed,
        .data =
            {
                .current = buf_str(&authority->current.text),
                .next = buf_str(&authority->next.text),
                .previous = buf_str(&authority->previous.text),
                .next_since = buf_str(&authority->next_since),
            },
        .trust_pem = buf_str(&authority->trust),
        .leaf = authority->leaf,
        .again_ms = next_turn_ms(authority),
    };
}
