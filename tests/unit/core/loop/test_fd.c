#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/loop/internal.h"

struct fixture {
    struct loop *loop;
    int near; /* watched */
    int far;
    struct loop_fd *fd;
    struct loop_fd *other;
    unsigned seen;
    int calls;
    int calls_max; /* the loop stops after so many */
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.loop = loop_new(), .calls_max = 1};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    fixture.near = pair[0];
    fixture.far = pair[1];
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->fd = loop_fd_close(f->fd);
    close(f->near);
    close(f->far);
    f->loop = loop_free(f->loop);
    return 0;
}

static void count(void *arg, unsigned events)
{
    struct fixture *f = arg;
    f->seen = events;
    if (++f->calls == f->calls_max)
        loop_stop(f->loop);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* Runs the loop for as many turns as it takes for `ms` to pass. */
static void run_for(struct loop *loop, uint64_t ms)
{
    struct loop_alarm *alarm = loop_alarm_open(loop, stop, loop);
    loop_alarm_set(alarm, ms);
    loop_run(loop);
    alarm = loop_alarm_close(alarm);
}

static void readable_and_writable(void **state)
{
    struct fixture *f = *state;
    f->fd = loop_fd_open(f->loop, f->near, LOOP_READ, count, f);
    assert_non_null(f->fd);
    assert_true((fcntl(f->near, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(write(f->far, "x", 1), 1);
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_READ);

    loop_fd_set(f->fd, LOOP_WRITE);
    f->calls = 0;
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_WRITE);

    loop_fd_set(f->fd, LOOP_READ | LOOP_WRITE);
    f->calls = 0;
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_READ | LOOP_WRITE);
}

static void unwanted_events_are_not_seen_and_come_back(void **state)
{
    struct fixture *f = *state;
    f->calls_max = 100;
    f->fd = loop_fd_open(f->loop, f->near, LOOP_READ, count, f);
    loop_fd_set(f->fd, 0);
    assert_int_equal(write(f->far, "x", 1), 1);
    run_for(f->loop, 2);
    assert_int_equal(f->calls, 0);

    f->calls_max = 1;
    loop_fd_set(f->fd, LOOP_READ); /* the byte is still there: level-triggered */
    loop_run(f->loop);
    assert_int_equal(f->calls, 1);
}

static void count_turn(uv_prepare_t *handle)
{
    ++*(int *)handle->data;
}

/* The kernel goes on to report what is still true: after the first time it must not be asked. */
static void unwanted_events_do_not_keep_the_loop_busy(void **state)
{
    struct fixture *f = *state;
    int turns = 0;
    uv_prepare_t prepare = {.data = &turns};
    assert_int_equal(uv_prepare_init(&f->loop->uv, &prepare), 0);
    assert_int_equal(uv_prepare_start(&prepare, count_turn), 0);
    f->fd = loop_fd_open(f->loop, f->near, LOOP_READ | LOOP_WRITE, count, f);
    loop_fd_set(f->fd, 0);
    run_for(f->loop, 5);
    assert_int_equal(f->calls, 0);
    assert_true(turns <= 5);
    uv_close((uv_handle_t *)&prepare, NULL);
    run_for(f->loop, 0);
}

static void hang_up_comes_as_what_is_wanted(void **state)
{
    struct fixture *f = *state;
    f->calls_max = 100;
    f->fd = loop_fd_open(f->loop, f->near, 0, count, f);
    close(f->far);
    f->far = -1;
    run_for(f->loop, 2);
    assert_int_equal(f->calls, 0); /* nothing wanted, nothing told */
    f->calls_max = 1;
    loop_fd_set(f->fd, LOOP_READ);
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_READ);
    char byte;
    assert_int_equal(read(f->near, &byte, 1), 0);
}

/* The write end of a pipe without readers reports an error alone. libuv then stops watching; we
 * must not. */
/* For one who does not read at present: data waits, the end is told. */
static void the_end_is_told_without_reading(void **state)
{
    struct fixture *f = *state;
    f->fd = loop_fd_open(f->loop, f->near, LOOP_HANGUP, count, f);
    assert_int_equal(write(f->far, "x", 1), 1);
    run_for(f->loop, 5);
    assert_int_equal(f->calls, 0);
    assert_int_equal(shutdown(f->far, SHUT_WR), 0);
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_HANGUP);

    loop_fd_set(f->fd, LOOP_READ | LOOP_HANGUP);
    f->calls = 0;
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_READ | LOOP_HANGUP);

    loop_fd_set(f->fd, LOOP_READ);
    f->calls = 0;
    loop_run(f->loop);
    assert_int_equal(f->seen, LOOP_READ);
}

static void error_comes_as_what_is_wanted(void **state)
{
    struct fixture *f = *state;
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    close(pipes[0]);
    f->calls_max = 3;
    struct loop_fd *fd = loop_fd_open(f->loop, pipes[1], LOOP_WRITE, count, f);
    loop_run(f->loop);
    assert_int_equal(f->calls, 3); /* again and again until the owner acts */
    assert_int_equal(f->seen, LOOP_WRITE);
    f->calls = 0;
    loop_fd_set(fd, LOOP_READ | LOOP_WRITE);
    loop_run(f->loop);
    assert_int_equal(f->calls, 3);
    assert_int_equal(f->seen, LOOP_READ | LOOP_WRITE);

    loop_fd_set(fd, 0);
    run_for(f->loop, 2);
    assert_int_equal(f->calls, 3);
    loop_fd_set(fd, LOOP_WRITE);
    f->calls_max = 4;
    loop_run(f->loop);
    assert_int_equal(f->calls, 4);
    fd = loop_fd_close(fd);
    close(pipes[1]);
}

static void close_itself(void *arg, unsigned events)
{
    (void)events;
    struct fixture *f = arg;
    f->calls++;
    loop_fd_set(f->fd, LOOP_READ); /* what was seen is not wanted now */
    f->fd = loop_fd_close(f->fd);
    close(f->near);
    f->near = -1;
    loop_stop(f->loop);
}

static void closes_inside_its_own_callback(void **state)
{
    struct fixture *f = *state;
    f->fd = loop_fd_open(f->loop, f->near, LOOP_READ | LOOP_WRITE, close_itself, f);
    loop_run(f->loop);
    run_for(f->loop, 2);
    assert_int_equal(f->calls, 1);
}

static void close_both(void *arg, unsigned events)
{
    (void)events;
    struct fixture *f = arg;
    f->calls++;
    f->fd = loop_fd_close(f->fd);
    f->other = loop_fd_close(f->other);
    loop_stop(f->loop);
}

/* Both ends are ready in one batch; whichever comes first closes the other. */
static void no_callback_after_close_within_a_batch(void **state)
{
    struct fixture *f = *state;
    f->fd = loop_fd_open(f->loop, f->near, LOOP_WRITE, close_both, f);
    f->other = loop_fd_open(f->loop, f->far, LOOP_WRITE, close_both, f);
    loop_run(f->loop);
    run_for(f->loop, 2);
    assert_int_equal(f->calls, 1);
}

static void a_reused_descriptor_number_is_a_new_watch(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        int pipes[2];
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        f->calls = 0;
        struct loop_fd *fd = loop_fd_open(f->loop, pipes[1], LOOP_WRITE, count, f);
        loop_run(f->loop);
        assert_int_equal(f->calls, 1);
        fd = loop_fd_close(fd);
        close(pipes[0]);
        close(pipes[1]);
    }
}

static void regular_files_cannot_be_watched(void **state)
{
    struct fixture *f = *state;
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_null(loop_fd_open(f->loop, fd, LOOP_READ, count, f));
    assert_int_equal(errno, EPERM);
    close(fd);
}

static void many_close_and_are_recycled(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 1100 }; /* above what the free list keeps */
    static int copies[COUNT];
    static struct loop_fd *fds[COUNT];
    for (int round = 0; round < 2; round++) {
        int opened = 0;
        for (; opened < COUNT; opened++) {
            copies[opened] = fcntl(f->near, F_DUPFD_CLOEXEC, 0);
            if (copies[opened] == -1)
                break; /* a low limit on descriptors: fewer will do */
            fds[opened] = loop_fd_open(f->loop, copies[opened], LOOP_READ, count, f);
            assert_non_null(fds[opened]);
        }
        for (int i = 0; i < opened; i++) {
            fds[i] = loop_fd_close(fds[i]);
            close(copies[i]);
        }
        run_for(f->loop, 0);
    }
    assert_int_equal(f->calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(readable_and_writable, setup, teardown),
        cmocka_unit_test_setup_teardown(unwanted_events_are_not_seen_and_come_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(unwanted_events_do_not_keep_the_loop_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(hang_up_comes_as_what_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_is_told_without_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(error_comes_as_what_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(closes_inside_its_own_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(no_callback_after_close_within_a_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reused_descriptor_number_is_a_new_watch, setup, teardown),
        cmocka_unit_test_setup_teardown(regular_files_cannot_be_watched, setup, teardown),
        cmocka_unit_test_setup_teardown(many_close_and_are_recycled, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
