/* A certificate that is its own authority, made on the spot. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pki/pki.h"

/* For that name, from 1970 to 2100. */
static inline struct pki_bundle *self_signed_new(enum pki_key_type type, const char *name)
{
    struct str hostname = str_of(name);
    struct pki_request request = {
        .key_type = type,
        .hostnames = &hostname,
        .hostname_count = 1,
        .not_before_ms = 1000,
        .not_after_ms = 4102444800000,
    };
    struct pki_bundle *bundle = NULL;
    assert_int_equal(pki_issue_self_signed(&request, &bundle, NULL), ERR_OK);
    return bundle;
}
