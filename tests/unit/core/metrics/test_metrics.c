#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/metrics/metrics.h"

static const char *const route_labels[] = {"listener", "route"};
static const uint64_t bounds_us[] = {500, 2500, 1000000};

static const struct metrics_description requests = {
    .name = "requests_total",
    .help = "Requests.",
    .type = METRICS_COUNTER,
    .labels = route_labels,
    .label_count = 2,
};

static const struct metrics_description seconds = {
    .name = "request_seconds",
    .help = "Durations.",
    .type = METRICS_HISTOGRAM,
    .labels = route_labels,
    .label_count = 1,
    .bounds = bounds_us,
    .bound_count = ARRAY_SIZE(bounds_us),
    .divisor = 1000000,
};

static void assert_page(const struct metrics *metrics, const char *expected)
{
    /* Every page begins with the registry's own gauge. */
    static const char own[] =
        "# HELP otemon_metrics_series_dropped Open series that are not printed, because there are "
        "too many.\n# TYPE otemon_metrics_series_dropped gauge\notemon_metrics_series_dropped 0\n";
    struct buf page CLEANUP(buf_deinit);
    buf_init(&page, 64 * 1024);
    metrics_print(metrics, &page);
    buf_append_char(&page, '\0');
    assert_true(str_starts_with(buf_str(&page), str_of(own)));
    assert_string_equal(page.data + sizeof(own) - 1, expected);
}

static void writers_are_summed(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(3);
    struct metrics_family *family = metrics_family_new(metrics, &requests);
    struct metrics_series *series = metrics_series_open(family,
                                                        (const struct str[]){STR("web"), STR("r")});
    for (uint32_t i = 0; i < 3; i++)
        metrics_add(metrics_writer(metrics, i), series, 10 + i);
    assert_int_equal(metrics_series_value(metrics, series), 33);
    assert_page(metrics, "# HELP requests_total Requests.\n# TYPE requests_total counter\n"
                         "requests_total{listener=\"web\",route=\"r\"} 33\n");
    series = metrics_series_close(family, series);
    assert_page(metrics, "");
}

static void label_values_are_escaped(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(1);
    struct metrics_family *family = metrics_family_new(metrics, &requests);
    struct metrics_series *series = metrics_series_open(
        family, (const struct str[]){STR("a\"b\\c\nd"), STR("")});
    assert_page(metrics, "# HELP requests_total Requests.\n# TYPE requests_total counter\n"
                         "requests_total{listener=\"a\\\"b\\\\c\\nd\",route=\"\"} 0\n");
    series = metrics_series_close(family, series);
}

/* {a","x} and {a,"x} differ only by where the quotes stand. */
static void values_with_separators_do_not_collide(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(1);
    struct metrics_family *family = metrics_family_new(metrics, &requests);
    struct metrics_series *one = metrics_series_open(
        family, (const struct str[]){STR("a\",route=\"b"), STR("c")});
    struct metrics_series *other = metrics_series_open(
        family, (const struct str[]){STR("a"), STR("b\",route=\"c")});
    assert_ptr_not_equal(one, other);
    one = metrics_series_close(family, one);
    other = metrics_series_close(family, other);
}

static void a_series_that_stays_open_goes_on(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(1);
    struct metrics_family *family = metrics_family_new(metrics, &requests);
    const struct str labels[] = {STR("web"), STR("r")};
    struct metrics_series *before = metrics_series_open(family, labels);
    metrics_add(metrics_writer(metrics, 0), before, 5);
    struct metrics_series *after = metrics_series_open(family, labels);
    assert_ptr_equal(before, after);
    before = metrics_series_close(family, before);
    assert_int_equal(metrics_series_value(metrics, after), 5);
    after = metrics_series_close(family, after);
    after = metrics_series_open(family, labels);
    assert_int_equal(metrics_series_value(metrics, after), 0);
    after = metrics_series_close(family, after);
    assert_null(metrics_series_close(family, NULL));
}

static void freed_slots_are_used_again_and_clean(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(2);
    struct metrics_family *family = metrics_family_new(metrics, &seconds);
    struct str label = STR("x");
    struct metrics_series *series = metrics_series_open(family, &label);
    uint32_t slot = series->slot;
    for (int i = 0; i < 10000; i++) {
        metrics_observe(metrics_writer(metrics, 1), series, 700);
        series = metrics_series_close(family, series);
        series = metrics_series_open(family, &label);
        assert_int_equal(series->slot, slot);
        assert_int_equal(metrics_series_value(metrics, series), 0);
    }
    series = metrics_series_close(family, series);
}

static void gauges_go_up_and_down_across_writers(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(2);
    struct metrics_family *family = metrics_family_new(
        metrics, &(struct metrics_description){
                     .name = "connections", .help = "Open.", .type = METRICS_GAUGE});
    struct metrics_series *series = metrics_series_open(family, NULL);
    metrics_add(metrics_writer(metrics, 0), series, 3);
    metrics_sub(metrics_writer(metrics, 1), series, 2);
    assert_page(metrics, "# HELP connections Open.\n# TYPE connections gauge\nconnections 1\n");
    metrics_sub(metrics_writer(metrics, 1), series, 2);
    assert_page(metrics, "# HELP connections Open.\n# TYPE connections gauge\nconnections 0\n");
    series = metrics_series_close(family, series);
}

static void histograms_are_cumulative(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(2);
    struct metrics_family *family = metrics_family_new(metrics, &seconds);
    struct str label = STR("web");
    struct metrics_series *series = metrics_series_open(family, &label);
    static const uint64_t values_us[] = {1, 500, 501, 2500, 999999, 1000001, 3000000};
    for (size_t i = 0; i < ARRAY_SIZE(values_us); i++)
        metrics_observe(metrics_writer(metrics, i % 2), series, values_us[i]);
    assert_int_equal(metrics_series_value(metrics, series), 7);
    assert_page(metrics, "# HELP request_seconds Durations.\n# TYPE request_seconds histogram\n"
                         "request_seconds_bucket{listener=\"web\",le=\"0.0005\"} 2\n"
                         "request_seconds_bucket{listener=\"web\",le=\"0.0025\"} 4\n"
                         "request_seconds_bucket{listener=\"web\",le=\"1\"} 5\n"
                         "request_seconds_bucket{listener=\"web\",le=\"+Inf\"} 7\n"
                         "request_seconds_sum{listener=\"web\"} 5.003502\n"
                         "request_seconds_count{listener=\"web\"} 7\n");
    series = metrics_series_close(family, series);
}

static uint64_t read_answer(void *arg)
{
    const uint64_t *answer = arg;
    return *answer;
}

static void gauges_can_be_read_when_printed(void **state)
{
    (void)state; /* none */
    uint64_t answer = 41;
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(1);
    metrics_gauge_new(metrics, "answer", "The answer.", read_answer, &answer);
    answer++;
    assert_page(metrics, "# HELP answer The answer.\n# TYPE answer gauge\nanswer 42\n");
}

enum { ROUNDS = 20000 };

struct counting {
    struct metrics_writer *writer;
    const struct metrics_series *counter;
    const struct metrics_series *histogram;
};

static void *count_rounds(void *arg)
{
    const struct counting *counting = arg;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        metrics_add(counting->writer, counting->counter, 1);
        metrics_observe(counting->writer, counting->histogram, i);
    }
    return NULL;
}

/* For ThreadSanitizer: two threads count, a third prints and opens and closes other series. */
static void printing_while_others_count(void **state)
{
    (void)state; /* none */
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(3);
    struct metrics_family *counters = metrics_family_new(metrics, &requests);
    struct metrics_family *histograms = metrics_family_new(metrics, &seconds);
    const struct str labels[] = {STR("web"), STR("r")};
    struct metrics_series *counter = metrics_series_open(counters, labels);
    struct metrics_series *histogram = metrics_series_open(histograms, labels);
    struct counting counting[2];
    pthread_t threads[2];
    for (uint32_t i = 0; i < 2; i++) {
        counting[i] = (struct counting){metrics_writer(metrics, i + 1), counter, histogram};
        assert_int_equal(pthread_create(&threads[i], NULL, count_rounds, &counting[i]), 0);
    }
    uint64_t before = 0;
    for (int i = 0; i < 100; i++) {
        const struct str others[] = {STR("web"), STR("other")};
        struct metrics_series *other = metrics_series_open(counters, others);
        metrics_add(metrics_writer(metrics, 0), other, 1);
        struct buf page CLEANUP(buf_deinit);
        buf_init(&page, 64 * 1024);
        metrics_print(metrics, &page);
        other = metrics_series_close(counters, other);
        assert_true(metrics_series_value(metrics, counter) >= before);
        before = metrics_series_value(metrics, counter);
    }
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metrics_series_value(metrics, counter), 2 * ROUNDS);
    assert_int_equal(metrics_series_value(metrics, histogram), 2 * ROUNDS);
    counter = metrics_series_close(counters, counter);
    histogram = metrics_series_close(histograms, histogram);
}

/* Many series cross chunk borders; each still counts for itself. */
static void chunks_grow(void **state)
{
    (void)state; /* none */
    enum { COUNT = 3000 };
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(2);
    struct metrics_family *family = metrics_family_new(metrics, &seconds);
    static struct metrics_series *series[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        char text[8] = {(char)('a' + i % 26), (char)('a' + i / 26 % 26), (char)('a' + i / 676)};
        struct str label = str_of(text);
        series[i] = metrics_series_open(family, &label);
        for (uint32_t j = 0; j < i % 7; j++)
            metrics_observe(metrics_writer(metrics, i % 2), series[i], j * 1000000);
        /* The last slots of the run are there and its own, too. */
        metrics_observe(metrics_writer(metrics, 0), series[i], 5000000);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(metrics_series_value(metrics, series[i]), i % 7 + 1);
        series[i] = metrics_series_close(family, series[i]);
    }
}

/* One more than fits: it counts into nothing, and the page says that one is missing. */
static void too_many_series_are_dropped_visibly(void **state)
{
    (void)state; /* none */
    static uint64_t many_bounds[METRICS_BUCKETS_MAX];
    for (uint32_t i = 0; i < METRICS_BUCKETS_MAX; i++)
        many_bounds[i] = i;
    struct metrics *metrics CLEANUP(metrics_free) = metrics_new(1);
    struct metrics_description wide = seconds;
    wide.bounds = many_bounds;
    wide.bound_count = METRICS_BUCKETS_MAX;
    struct metrics_family *family = metrics_family_new(metrics, &wide);
    struct metrics_series *last = NULL;
    /* As many of the widest series as there are slots for, and one more. */
    for (uint32_t i = 0; last == NULL || last->slot != 0; i++) {
        assert_true(i <= METRICS_SLOTS_MAX / METRICS_BUCKETS_MAX);
        struct str label = str_make((const char *)&i, sizeof(i));
        last = metrics_series_open(family, &label);
    }
    metrics_observe(metrics_writer(metrics, 0), last, 1);
    struct buf page CLEANUP(buf_deinit);
    buf_init(&page, 256); /* the first family fits */
    metrics_print(metrics, &page);
    assert_true(buf_overflowed(&page));
    buf_append_char(&page, '\0');
    assert_non_null(strstr(page.data, "\notemon_metrics_series_dropped 1\n"));
    last = metrics_series_close(family, last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writers_are_summed),
        cmocka_unit_test(label_values_are_escaped),
        cmocka_unit_test(values_with_separators_do_not_collide),
        cmocka_unit_test(a_series_that_stays_open_goes_on),
        cmocka_unit_test(freed_slots_are_used_again_and_clean),
        cmocka_unit_test(gauges_go_up_and_down_across_writers),
        cmocka_unit_test(histograms_are_cumulative),
        cmocka_unit_test(gauges_can_be_read_when_printed),
        cmocka_unit_test(printing_while_others_count),
        cmocka_unit_test(chunks_grow),
        cmocka_unit_test(too_many_series_are_dropped_visibly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
