/* Two outcomes that have to be one. */
#pragma once

#include "manifests.h"

static inline void outcome_assert_condition(const struct compile_condition *a,
                                            const struct compile_condition *b)
{
    assert_int_equal(a->ok, b->ok);
    assert_true(str_equal(a->reason, b->reason));
    assert_true(str_equal(a->message, b->message));
}

static inline void outcome_assert_reports(const struct compile_report *a,
                                          const struct compile_report *b)
{
    assert_int_equal(a->gateway_count, b->gateway_count);
    for (size_t i = 0; i < a->gateway_count; i++) {
        assert_ptr_equal(a->gateways[i].gateway, b->gateways[i].gateway);
        outcome_assert_condition(&a->gateways[i].accepted, &b->gateways[i].accepted);
        assert_int_equal(a->gateways[i].listener_count, b->gateways[i].listener_count);
        for (size_t j = 0; j < a->gateways[i].listener_count; j++)
            assert_int_equal(a->gateways[i].listeners[j].attached_routes,
                             b->gateways[i].listeners[j].attached_routes);
    }
    assert_int_equal(a->route_count, b->route_count);
    for (size_t i = 0; i < a->route_count; i++) {
        assert_ptr_equal(a->routes[i].route, b->routes[i].route);
        outcome_assert_condition(&a->routes[i].accepted, &b->routes[i].accepted);
        outcome_assert_condition(&a->routes[i].resolved_refs, &b->routes[i].resolved_refs);
        assert_int_equal(a->routes[i].parent_count, b->routes[i].parent_count);
    }
}

static inline void outcome_assert_same(const struct compile_result *a,
                                       const struct compile_result *b)
{
    assert_true(model_digest_equal(&a->snapshot->digest, &b->snapshot->digest));
    assert_int_equal(finding_count(a->findings), finding_count(b->findings));
    for (size_t i = 0; i < finding_count(a->findings); i++)
        assert_int_equal(finding_compare(finding_get(a->findings, i), finding_get(b->findings, i)),
                         0);
    outcome_assert_reports(&a->report, &b->report);
}
