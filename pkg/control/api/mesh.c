#include "control/api/kinds.h"

/* A mesh exists as soon as it is named: nothing in it concerns what is served here so far. */
static const struct api__field fields[] = {
    {.name = STR_INIT("mtls"), .type = API__IGNORED},
    {.name = STR_INIT("routing"), .type = API__IGNORED},
    {.name = STR_INIT("networking"), .type = API__IGNORED},
    {.name = STR_INIT("meshServices"), .type = API__IGNORED},
    {.name = STR_INIT("constraints"), .type = API__IGNORED},
    {.name = STR_INIT("logging"), .type = API__IGNORED},
    {.name = STR_INIT("tracing"), .type = API__IGNORED},
    {.name = STR_INIT("metrics"), .type = API__IGNORED},
    {.name = STR_INIT("skipCreatingInitialPolicies"), .type = API__IGNORED},
};

const struct api__table api__mesh_table = API__TABLE(fields, struct api_object, .check = NULL);
