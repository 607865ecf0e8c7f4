/* Configurations in the making. Private to control/kube. */
#pragma once

#include "control/kube/kube.h"

struct kube_config *kube__config_new(void);

/* Tokens travel in a header line: they are visible ASCII. */
bool kube__is_token(struct str token);
