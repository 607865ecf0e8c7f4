/* Private to cmd/difference: what there is to say of one side. */
#pragma once

#include "core/base/map.h"
#include "core/base/vec.h"
#include "difference/difference.h"

struct difference__fact {
    enum difference_kind kind;
    struct str key;     /* tells it from all others of the side; facts with one key are one */
    struct str name;    /* for people, who may see two with one name */
    struct str group;   /* RULE and ORDER: their route */
    struct str value;   /* for people */
    struct str detail;  /* for people, told where it is another */
    struct str content; /* what else counts */
};

struct difference__facts {
    struct arena *arena;
    struct map *by_key;
    VEC(struct difference__fact *) items;
};

void difference__facts_init(struct difference__facts *facts, struct arena *arena,
                            struct difference_side side);
void difference__facts_deinit(struct difference__facts *facts);

/* effects.c: fills in what a rule does, completely: value, detail, and of its back ends what tells
 * those of one service apart. */
void difference__effect(struct arena *arena, const struct model_snapshot *snapshot,
                        const struct model_rule *rule, struct difference__fact *fact);
