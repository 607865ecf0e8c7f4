/* Private to control/compile: the data sources of a listener, and their certificates. */
#pragma once

#include "control/compile/data_sources.h"
#include "control/compile/stages.h"

/* Certificates that stand in the manifest, or in files that it names, so far, by type of key. */
struct compile__own {
    size_t counts[PKI_ECDSA + 1];
};

/* One data source of a listener. */
struct compile__source {
    struct compile__run *run;
    const struct compile__port *port;
    const struct compile__listener *listener;
    const struct api_data_source *data;
    size_t index;             /* among those of the listener */
    struct compile__own *own; /* of the listener; counted while loading, in order */
};

/* Its field path, in the run's arena. */
struct str compile__source_field(const struct compile__source *source);

/* The certificate that it holds, with a secret; or NULL after it was said what is wrong. */
struct compile__certificate *compile__source_load(const struct compile__source *source);
