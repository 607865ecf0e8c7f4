/* Snapshots and questions of the tests of cmd/explain. */
#pragma once

#include "../../data/route/make.h"

#include "explain/explain.h"

/* The listener of make.h has port 80, those that are not served 5432 and 8443. */
static inline struct explain_request question(struct arena *arena, const char *method,
                                              const char *url, const struct str *fields,
                                              size_t count)
{
    const struct explain_words words = {
        .method = str_of(method), .url = str_of(url), .fields = fields, .field_count = count};
    struct explain_request request;
    struct err_info reason;
    if (explain_ask(arena, &words, &request, &reason) != ERR_OK)
        fail_msg("%s", reason.message);
    return request;
}

static inline struct explain_answer answer_of(struct arena *arena,
                                              const struct model_snapshot *snapshot,
                                              const struct explain_request *request)
{
    static const struct str one[] = {STR_INIT("MeshTCPRoute one")};
    static const struct str two[] = {STR_INIT("MeshGatewayRoute two"),
                                     STR_INIT("MeshGatewayRoute three")};
    static const struct explain_unserved unserved[] = {
        {STR_INIT("g"), 5432, STR_INIT("TCP"), STR_INIT("*"), one, 1, false},
        {STR_INIT("g"), 5432, STR_INIT("TCP"), STR_INIT("*"), two, 2, true},
        {STR_INIT("g"), 8443, STR_INIT("TLS"), STR_INIT("*"), two, 1, false},
        {STR_INIT("g"), 8443, STR_INIT("TLS"), STR_INIT("*.b.test"), one, 1, false},
        {STR_INIT("g"), 8443, STR_INIT("TLS"), STR_INIT("x.b.test"), NULL, 0, false},
    };
    struct explain_place *place = ARENA_NEW(arena, struct explain_place);
    *place = (struct explain_place){STR("m"), STR("dp"), STR_EMPTY,
                                    snapshot, unserved,  ARRAY_SIZE(unserved)};
    const struct explain_scope scope = {.places = place, .count = 1};
    struct explain_answer answer;
    struct err_info reason;
    if (explain_answer(arena, request, &scope, &answer, &reason) != ERR_OK)
        fail_msg("%s", reason.message);
    return answer;
}
