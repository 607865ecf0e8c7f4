#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>

#include <cmocka.h>

#include "data_plane/data_plane.h"

struct heard {
    struct data_plane plane;
    int signal;
    bool drained;
};

static void on_drained(void *arg)
{
    struct heard *heard = arg;
    heard->drained = true;
    loop_stop(heard->plane.loop);
}

static void on_signal(void *arg, int signal)
{
    struct heard *heard = arg;
    heard->signal = signal;
    assert_false(heard->plane.draining);
    data_plane_drain(&heard->plane, on_drained, heard);
}

static void drains_at_either_signal(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        const struct data_plane_options options = {.workers = 1, .access_log = DATA_PLANE_LOG_OFF};
        struct heard heard = {.signal = 0};
        struct err_info reason = {0};
        assert_int_equal(data_plane_open(&heard.plane, &options, on_signal, &heard, &reason),
                         ERR_OK);
        assert_int_equal(raise(signals[i]), 0);
        loop_run(heard.plane.loop);
        assert_int_equal(heard.signal, signals[i]);
        assert_true(heard.plane.draining && heard.drained);
        data_plane_close(&heard.plane);
    }
}

static void knows_the_words_of_its_flag(void **state)
{
    (void)state;
    assert_int_equal(data_plane_log_of(STR("off")), DATA_PLANE_LOG_OFF);
    assert_int_equal(data_plane_log_of(STR("text")), DATA_PLANE_LOG_TEXT);
    assert_int_equal(data_plane_log_of(STR("json")), DATA_PLANE_LOG_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drains_at_either_signal),
        cmocka_unit_test(knows_the_words_of_its_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
