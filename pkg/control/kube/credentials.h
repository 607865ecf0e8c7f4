/* What a configuration names, read: the files again as they rotate. Private to control/kube. */
#pragma once

#include "control/kube/kube.h"
#include "core/base/buf.h"

/* How long what was read is taken for what is there. Tokens of pods are replaced when a fifth of
 * their life is left, so that this may be long; certificates likewise. */
#define KUBE__CREDENTIALS_MS 10000U

struct kube__credentials {
    const struct kube_config *config;
    struct buf ca; /* PEM; empty: the system's */
    struct buf certificate;
    struct buf key;
    struct buf token; /* without spaces around; empty: none */
    bool has_read;
    uint64_t read_ms;
};

/* Reads everything. Errors name the file; nothing has to be undone then. */
MUST_USE enum err kube__credentials_init(struct kube__credentials *credentials,
                                         const struct kube_config *config, uint64_t now_ms,
                                         struct err_info *reterr);

/* Wipes. */
void kube__credentials_deinit(struct kube__credentials *credentials);

/* Reads the files again, unless that was done a moment ago. What cannot be read stays as it was. */
void kube__credentials_refresh(struct kube__credentials *credentials, uint64_t now_ms);

/* The server does not take them: the next refresh reads, whatever the time. */
void kube__credentials_refused(struct kube__credentials *credentials);
