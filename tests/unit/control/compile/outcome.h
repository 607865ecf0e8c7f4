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

static inline void outcome_assert_listener(const struct compile_listener_report *a,
                                           const struct compile_listener_report *b)
{
    assert_int_equal(a->attached_routes, b->attached_routes);
    outcome_assert_condition(&a->accepted, &b->accepted);
    outcome_assert_condition(&a->resolved_refs, &b->resolved_refs);
    outcome_assert_condition(&a->conflicted, &b->conflicted);
    assert_int_equal(a->secrets.count, b->secrets.count);
    for (size_t i = 0; i < a->secrets.count; i++)
        assert_true(str_equal(a->secrets.items[i], b->secrets.items[i]));
    assert_int_equal(a->is_unserved, b->is_unserved);
    assert_int_equal(a->taker_count, b->taker_count);
    for (size_t i = 0; i < a->taker_count; i++)
        assert_ptr_equal(a->takers[i], b->takers[i]);
}

static inline void outcome_assert_gateway(const struct compile_gateway_report *a,
                                          const struct compile_gateway_report *b)
{
    assert_ptr_equal(a->gateway, b->gateway);
    outcome_assert_condition(&a->accepted, &b->accepted);
    outcome_assert_condition(&a->resolved_refs, &b->resolved_refs);
    assert_int_equal(a->listener_count, b->listener_count);
    for (size_t i = 0; i < a->listener_count; i++)
        outcome_assert_listener(&a->listeners[i], &b->listeners[i]);
}

static inline void outcome_assert_route(const struct compile_route_report *a,
                                        const struct compile_route_report *b)
{
    assert_ptr_equal(a->route, b->route);
    assert_int_equal(a->is_attached, b->is_attached);
    outcome_assert_condition(&a->accepted, &b->accepted);
    outcome_assert_condition(&a->resolved_refs, &b->resolved_refs);
    assert_int_equal(a->parent_count, b->parent_count);
    for (size_t i = 0; i < a->parent_count; i++) {
        assert_ptr_equal(a->parents[i].gateway, b->parents[i].gateway);
        assert_int_equal(a->parents[i].attached_listeners, b->parents[i].attached_listeners);
        outcome_assert_condition(&a->parents[i].accepted, &b->parents[i].accepted);
        outcome_assert_condition(&a->parents[i].resolved_refs, &b->parents[i].resolved_refs);
    }
}

static inline void outcome_assert_reports(const struct compile_report *a,
                                          const struct compile_report *b)
{
    assert_int_equal(a->gateway_count, b->gateway_count);
    for (size_t i = 0; i < a->gateway_count; i++)
        outcome_assert_gateway(&a->gateways[i], &b->gateways[i]);
    assert_int_equal(a->route_count, b->route_count);
    for (size_t i = 0; i < a->route_count; i++)
        outcome_assert_route(&a->routes[i], &b->routes[i]);
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
