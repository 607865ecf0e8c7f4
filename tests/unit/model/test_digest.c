#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/vec.h"
#include "core/pki/pki.h"
#include "model/resource.h"
#include "shapes.h"

/* The digests that one kind can have, as far as one member alone is another. */
struct seen {
    enum model_kind kind;
    const void *content; /* of which the members are */
    VEC(struct model_digest) digests;
};

/* It is none of those before. */
static void note(struct seen *seen)
{
    struct model_digest digest = model__digest(seen->kind, seen->content);
    for (size_t i = 0; i < seen->digests.count; i++)
        assert_false(model_digest_equal(&seen->digests.items[i], &digest));
    VEC_PUSH(&seen->digests, digest);
}

static void change_members(struct seen *seen, const struct model__shape *shape, void *content);

static void change_list(struct seen *seen, const struct model__member *member, void *content)
{
    size_t count;
    const char *items = model__items(member, content, &count);
    change_members(seen, member->shape, content_at((void *)(uintptr_t)items, 0));
    *(size_t *)content_at(content, member->count_offset) = 0;
    note(seen);
    *(size_t *)content_at(content, member->count_offset) = count;
}

static void change_text(struct seen *seen, struct str *text)
{
    struct str was = *text;
    *text = STR_EMPTY;
    note(seen);
    *text = STR("tt");
    note(seen);
    *text = was;
}

static void change_names(struct seen *seen, struct model_names *names)
{
    const struct str two[] = {STR(""), STR("n")};
    struct model_names was = *names;
    *names = (struct model_names){NULL, 0};
    note(seen);
    *names = (struct model_names){two, 2};
    note(seen);
    *names = was;
}

static void change_number(struct seen *seen, void *number, size_t size)
{
    static const unsigned char zeros[8];
    memset(number, 1, size); /* whatever it is */
    note(seen);
    memcpy(number, zeros, size);
}

static void change_members(struct seen *seen, const struct model__shape *shape, void *content)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct model__member *member = &shape->members[i];
        void *at = content_at(content, member->offset);
        switch (member->type) {
        case MODEL__TEXT: change_text(seen, at); break;
        case MODEL__BOOL: change_number(seen, at, sizeof(bool)); break;
        case MODEL__U16: change_number(seen, at, sizeof(uint16_t)); break;
        case MODEL__U32: change_number(seen, at, sizeof(uint32_t)); break;
        case MODEL__U64: change_number(seen, at, sizeof(uint64_t)); break;
        case MODEL__CHOICE: change_number(seen, at, sizeof(unsigned)); break;
        case MODEL__NAMES: change_names(seen, at); break;
        case MODEL__OBJECT: change_members(seen, member->shape, at); break;
        case MODEL__LIST: change_list(seen, member, content); break;
        case MODEL__KIND: break;
        case MODEL__OTHER: fail(); break;
        }
    }
}

/* By the tables, so of every member that is yet to come, too. */
static void test_every_member_counts(void **state)
{
    (void)state;
    for (enum model_kind kind = 0; kind < MODEL_KINDS; kind++) {
        struct arena *arena = arena_new(1024);
        void *content = arena_alloc(arena, 1, model__shapes[kind].size);
        content_fill(arena, &model__shapes[kind], content);
        struct seen seen = {.kind = kind, .content = content};
        note(&seen);
        change_members(&seen, &model__shapes[kind], content);
        assert_true(seen.digests.count > model__shapes[kind].count);
        VEC_FREE(&seen.digests);
        arena = arena_free(arena);
    }
}

static struct model_digest of_host(struct str domain, struct str name, const struct str *routes,
                                   size_t count)
{
    const struct model_virtual_host host = {
        .name = name, .domain = domain, .routes = {routes, count}};
    return model__digest(MODEL_VIRTUAL_HOST, &host);
}

static void test_no_piece_can_be_taken_for_another(void **state)
{
    (void)state;
    const struct str apart[] = {STR("a"), STR("b")};
    const struct str together[] = {STR("ab")};
    const struct str behind[] = {STR("ab"), STR("")};
    const struct model_digest digests[] = {
        of_host(STR("d"), STR("n"), apart, 2),   of_host(STR("d"), STR("n"), together, 1),
        of_host(STR("d"), STR("n"), behind, 2),  of_host(STR("dn"), STR(""), apart, 2),
        of_host(STR(""), STR("dn"), apart, 2),   of_host(STR("d"), STR("n\2\1a\1b"), NULL, 0),
        of_host(STR("d\1n"), STR(""), apart, 2),
    };
    for (size_t i = 0; i < sizeof(digests) / sizeof(*digests); i++) {
        for (size_t j = 0; j < i; j++)
            assert_false(model_digest_equal(&digests[i], &digests[j]));
    }
}

static void test_kinds_differ(void **state)
{
    (void)state;
    const struct model_endpoint_set set = {.name = STR("n")};
    const struct model_route route = {.name = STR("n")};
    const struct model_digest one = model__digest(MODEL_ENDPOINT_SET, &set);
    const struct model_digest two = model__digest(MODEL_ROUTE, &route);
    assert_false(model_digest_equal(&one, &two));
}

/* Both planes have to come to the same one: this is what is hashed. */
static void test_what_is_hashed(void **state)
{
    (void)state;
    const struct str routes[] = {STR("r1"), STR("r2")};
    static const char expected[] = "\x01"              /* the kind, then by names: */
                                   "\x01*"             /* domain, */
                                   "\x04host"          /* name, */
                                   "\x02\x02r1\x02r2"; /* routes */
    struct model_digest digest = of_host(STR("*"), STR("host"), routes, 2);
    struct model_digest wanted;
    pki_sha256(expected, sizeof(expected) - 1, wanted.bytes);
    assert_true(model_digest_equal(&digest, &wanted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member_counts),
        cmocka_unit_test(test_no_piece_can_be_taken_for_another),
        cmocka_unit_test(test_kinds_differ),
        cmocka_unit_test(test_what_is_hashed),
    };
    return cmocka_run_group_tests_name("model/digest", tests, NULL, NULL);
}
