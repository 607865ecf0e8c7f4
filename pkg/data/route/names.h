/* Private to data/route: DNS names and wildcards to whatever stands behind them. */
#pragma once

#include <stdbool.h>

#include "core/base/map.h"
#include "core/base/str.h"

/* Longer than any DNS name; such a name is taken by "*" only. */
#define ROUTE__NAME_MAX 255

struct route__names {
    struct map *exact;
    struct map *suffixes;   /* by ".example.com" */
    size_t suffix_size_max; /* of the longest of these */
    void *any;              /* behind "*" */
};

void route__names_init(struct route__names *names);
void route__names_deinit(struct route__names *names);

/* `name` is lower case: "*", "*.example.com" or "foo.example.com". False: it is there already. */
MUST_USE bool route__names_add(struct route__names *names, struct str name, void *value);

/* What stands behind `name`, in any letter case, or NULL. */
void *route__names_find(const struct route__names *names, struct str name);
