/* How a request ended, before anybody knows what it meant. Private to control/kube. */
#pragma once

#include "control/kube/kube.h"

struct kube__outcome {
    enum err err; /* ERR_OK: the response came to its end; else the transfer failed, and the status
                     is what came before, or 0 */
    unsigned status;
    uint64_t retry_after_ms;
    struct str body;     /* borrowed; of a watch only when its status is not 200 */
    const char *message; /* of a failed transfer */
};

/* The error that a status means; see struct kube_answer. */
enum err kube__status_err(unsigned status);

/* Says in `reterr` why the outcome is no success: with the reason and message of a Status object
 * when it has one, and the field that its first cause names. Returns its code. */
enum err kube__outcome_reason(const struct kube__outcome *outcome, struct err_info *reterr);

/* The same from a Status that stands in a watch; `status` is its code. */
enum err kube__status_reason(const struct jv *status, struct err_info *reterr);

/* The code of a Status object, 0 without one. */
unsigned kube__status_code(const struct jv *status);
