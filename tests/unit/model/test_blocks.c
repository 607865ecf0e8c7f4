#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "make.h"
#include "model/blocks.h"
#include "model/transaction.h"

/* More than a few blocks. */
#define COUNT 1000

static const struct model_resource *draw(uint32_t *random, size_t index)
{
    char name[32];
    *random = *random * 1664525 + 1013904223;
    (void)snprintf(name, sizeof(name), "set%zu", index);
    return make_set(name, (uint16_t)(*random >> 16 | 1));
}

/* The digest is of what is there, however it came to be: one more, one less, one other. */
static void test_what_was_known_changes_no_digest(void **state)
{
    (void)state;
    uint32_t random = 7;
    const struct model_resource *all[COUNT] = {0};
    bool present[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        all[i] = draw(&random, i);
        present[i] = i % 3 != 0;
    }
    const struct model_snapshot *former = NULL;
    for (size_t round = 0; round < 300; round++) {
        size_t index = (size_t)(random >> 8) % COUNT;
        all[index] = model_resource_unref(all[index]);
        all[index] = draw(&random, index);
        present[index] = round % 4 != 0;
        const struct model_resource *resources[COUNT];
        size_t count = 0;
        for (size_t i = 0; i < COUNT; i++) {
            if (present[i])
                resources[count++] = all[i];
        }
        const struct model_snapshot *fresh = NULL;
        const struct model_snapshot *after = NULL;
        assert_int_equal(model_snapshot_after(NULL, resources, count, &fresh, NULL), ERR_OK);
        assert_int_equal(model_snapshot_after(former, resources, count, &after, NULL), ERR_OK);
        assert_true(model_digest_equal(&fresh->digest, &after->digest));
        assert_true(former == NULL || !present[index] ||
                    !model_digest_equal(&former->digest, &after->digest));
        fresh = model_snapshot_unref(fresh);
        former = model_snapshot_unref(former);
        former = after;
    }
    former = model_snapshot_unref(former);
    for (size_t i = 0; i < COUNT; i++)
        all[i] = model_resource_unref(all[i]);
    assert_int_equal(model_resources_alive(), 0);
}

static size_t shared_count(const struct model__blocks *a, const struct model__blocks *b)
{
    size_t count = 0;
    for (size_t i = 0; i < a->list.count; i++) {
        for (size_t j = 0; j < b->list.count; j++)
            count += a->list.items[i] == b->list.items[j];
    }
    return count;
}

/* Blocks are one after the other, and what has not changed is not cut anew, but shared. */
static void test_blocks_cover_everything(void **state)
{
    (void)state;
    uint32_t random = 3;
    const struct model_resource *resources[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        resources[i] = draw(&random, i);
    const struct model_snapshot *snapshot = NULL;
    assert_int_equal(model_snapshot_new(resources, COUNT, &snapshot, NULL), ERR_OK);
    const struct model__blocks *blocks = model__snapshot_blocks(snapshot);
    assert_true(blocks->list.count > 5 && blocks->list.count < 50);
    size_t at = 0;
    for (size_t i = 0; i < blocks->list.count; i++) {
        const struct model__block *block = blocks->list.items[i];
        assert_memory_equal(block->resources, snapshot->resources + at,
                            block->count * sizeof(block->resources[0]));
        at += block->count;
    }
    assert_int_equal(at, COUNT);

    const struct model_resource *other = make_set("set500", 7);
    const struct model_snapshot *next = NULL;
    assert_int_equal(model_snapshot_with(snapshot, &other, 1, &next, NULL), ERR_OK);
    other = model_resource_unref(other);
    assert_true(shared_count(blocks, model__snapshot_blocks(next)) >= blocks->list.count - 2);
    snapshot = model_snapshot_unref(snapshot);
    next = model_snapshot_unref(next);
    assert_int_equal(model_resources_alive(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_known_changes_no_digest),
        cmocka_unit_test(test_blocks_cover_everything),
    };
    return cmocka_run_group_tests_name("model/blocks", tests, NULL, NULL);
}
