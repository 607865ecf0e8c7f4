#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/loop/loop.h"

#define EVENTS_MAX 8

struct seen {
    enum loop_change change;
    int watch;
    char name[64];
    bool is_directory;
};

struct fixture {
    struct loop *loop;
    struct loop_watch *watch;
    char directory[64];
    struct seen seen[EVENTS_MAX];
    size_t count;
    size_t count_max; /* the loop stops there */
    int remove_id;    /* removed in the callback */
    bool close_in_callback;
    bool sees_modified;
};

static const char *path_of(const struct fixture *f, const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", f->directory, name);
    return path;
}

static void put(const struct fixture *f, const char *name)
{
    assert_int_equal(file_write(path_of(f, name), STR("x"), 0600, NULL), ERR_OK);
}

static void on_change(void *arg, const struct loop_change_event *event)
{
    struct fixture *f = arg;
    if (event->change == LOOP_CHANGE_MODIFIED && !f->sees_modified)
        return;
    assert_true(f->count < EVENTS_MAX);
    struct seen *seen = &f->seen[f->count++];
    seen->change = event->change;
    seen->watch = event->watch;
    seen->is_directory = event->is_directory;
    (void)snprintf(seen->name, sizeof(seen->name), "%.*s", STR_ARG(event->name));
    if (f->remove_id != 0)
        loop_watch_remove(f->watch, f->remove_id);
    if (f->close_in_callback)
        f->watch = loop_watch_close(f->watch);
    if (f->count == f->count_max || f->close_in_callback)
        loop_stop(f->loop);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.loop = loop_new(), .directory = "/tmp/otemon-watch-XXXXXX"};
    assert_non_null(mkdtemp(fixture.directory));
    assert_int_equal(loop_watch_open(fixture.loop, on_change, &fixture, &fixture.watch, NULL),
                     ERR_OK);
    *state = &fixture;
    return 0;
}

static void remove_tree(const char *path)
{
    DIR *directory = opendir(path);
    if (directory != NULL) {
        for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                (void)unlinkat(dirfd(directory), entry->d_name,
                               entry->d_type == DT_DIR ? AT_REMOVEDIR : 0);
        }
        closedir(directory);
    }
    (void)rmdir(path);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->watch = loop_watch_close(f->watch);
    f->loop = loop_free(f->loop);
    remove_tree(f->directory);
    return 0;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* Runs until `count` events came, or for 2 ms when none is expected. */
static void run_until(struct fixture *f, size_t count)
{
    f->count = 0;
    f->count_max = count;
    struct loop_alarm *alarm = loop_alarm_open(f->loop, stop, f->loop);
    loop_alarm_set(alarm, count == 0 ? 2 : 5000);
    loop_run(f->loop);
    alarm = loop_alarm_close(alarm);
    assert_int_equal(f->count, count);
}

static void check(const struct seen *seen, enum loop_change change, int watch, const char *name)
{
    assert_int_equal(seen->change, change);
    assert_int_equal(seen->watch, watch);
    assert_string_equal(seen->name, name);
}

static int add(struct fixture *f, const char *path)
{
    int id = 0;
    assert_int_equal(loop_watch_add(f->watch, path, &id, NULL), ERR_OK);
    assert_true(id > 0);
    return id;
}

static void a_file_is_written_when_its_writer_closes_it(void **state)
{
    struct fixture *f = *state;
    int id = add(f, f->directory);
    int fd = open(path_of(f, "a.yaml"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_CREATED, id, "a.yaml");
    assert_int_equal(write(fd, "x", 1), 1);
    run_until(f, 0); /* half written is not written */
    close(fd);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_WRITTEN, id, "a.yaml");
}

static void what_has_happened_can_be_had_at_once(void **state)
{
    struct fixture *f = *state;
    int id = add(f, f->directory);
    f->count = 0;
    f->count_max = SIZE_MAX;
    loop_watch_poll(f->watch);
    assert_int_equal(f->count, 0);
    int fd = open(path_of(f, "a.yaml"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    loop_watch_poll(f->watch);
    assert_int_equal(f->count, 2);
    check(&f->seen[1], LOOP_CHANGE_WRITTEN, id, "a.yaml");
    run_until(f, 0); /* once is enough */
}

static void modifications_come_before_the_close(void **state)
{
    struct fixture *f = *state;
    f->sees_modified = true;
    put(f, "a.yaml");
    int id = add(f, f->directory);
    int fd = open(path_of(f, "a.yaml"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_MODIFIED, id, "a.yaml");
    assert_int_equal(write(fd, "y", 1), 1);
    close(fd);
    run_until(f, 2);
    check(&f->seen[0], LOOP_CHANGE_MODIFIED, id, "a.yaml");
    check(&f->seen[1], LOOP_CHANGE_WRITTEN, id, "a.yaml");
}

static void renames_and_deletions(void **state)
{
    struct fixture *f = *state;
    put(f, "a.tmp");
    int id = add(f, f->directory);
    assert_int_equal(rename(path_of(f, "a.tmp"), path_of(f, "a.yaml")), 0);
    run_until(f, 2);
    check(&f->seen[0], LOOP_CHANGE_REMOVED, id, "a.tmp");
    check(&f->seen[1], LOOP_CHANGE_WRITTEN, id, "a.yaml");
    assert_int_equal(unlink(path_of(f, "a.yaml")), 0);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_REMOVED, id, "a.yaml");
}

static void directories_are_created(void **state)
{
    struct fixture *f = *state;
    int id = add(f, f->directory);
    assert_int_equal(mkdir(path_of(f, "sub"), 0700), 0);
    assert_int_equal(rename(path_of(f, "sub"), path_of(f, "bus")), 0);
    run_until(f, 3);
    check(&f->seen[0], LOOP_CHANGE_CREATED, id, "sub");
    check(&f->seen[1], LOOP_CHANGE_REMOVED, id, "sub");
    check(&f->seen[2], LOOP_CHANGE_CREATED, id, "bus");
    assert_true(f->seen[2].is_directory);
}

static void a_single_file(void **state)
{
    struct fixture *f = *state;
    put(f, "token");
    int id = add(f, path_of(f, "token"));
    assert_int_equal(add(f, path_of(f, "token")), id); /* the same file, the same id */
    put(f, "token");
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_WRITTEN, id, "");
    assert_int_equal(unlink(path_of(f, "token")), 0);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_GONE, id, "");
    put(f, "token"); /* another file */
    run_until(f, 0);
}

static void a_watched_directory_that_moves_is_gone(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mkdir(path_of(f, "sub"), 0700), 0);
    int id = add(f, path_of(f, "sub"));
    assert_int_equal(rename(path_of(f, "sub"), path_of(f, "bus")), 0);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_GONE, id, "");
    put(f, "bus/a.yaml");
    run_until(f, 0);
    assert_int_equal(unlink(path_of(f, "bus/a.yaml")), 0);
}

static void removed_watches_are_silent(void **state)
{
    struct fixture *f = *state;
    f->remove_id = add(f, f->directory);
    assert_int_equal(add(f, f->directory), f->remove_id); /* twice is once */
    put(f, "a.yaml"); /* created and written: two events in one batch */
    run_until(f, 1);
    run_until(f, 0);
    loop_watch_remove(f->watch, f->remove_id);
}

static void closes_inside_its_callback(void **state)
{
    struct fixture *f = *state;
    f->close_in_callback = true;
    (void)add(f, f->directory);
    put(f, "a.yaml");
    run_until(f, 1);
    assert_null(f->watch);
}

static void what_cannot_be_watched(void **state)
{
    struct fixture *f = *state;
    struct err_info info;
    int id = 7;
    assert_int_equal(loop_watch_add(f->watch, path_of(f, "none"), &id, &info), ERR_NOT_FOUND);
    assert_non_null(strstr(info.message, "/none does not exist"));
    assert_int_equal(id, 7);
}

static void lost_changes_are_told(void **state)
{
    struct fixture *f = *state;
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    assert_non_null(file);
    char line[32];
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    uint64_t queued;
    assert_true(str_parse_u64(str_make(line, strcspn(line, "\n")), UINT64_MAX, &queued));
    if (queued > 100000)
        skip();
    put(f, "a");
    put(f, "b");
    int a = add(f, path_of(f, "a"));
    int b = add(f, path_of(f, "b"));
    int fd_a = open(path_of(f, "a"), O_RDWR | O_CLOEXEC);
    close(fd_a);
    /* Equal neighbours are merged by the kernel, so two files take turns. */
    for (uint64_t i = 0; i <= queued; i++)
        close(open(path_of(f, i % 2 == 0 ? "a" : "b"), O_RDWR | O_CLOEXEC));
    loop_watch_remove(f->watch, a); /* only the overflow is left to tell */
    loop_watch_remove(f->watch, b);
    run_until(f, 1);
    check(&f->seen[0], LOOP_CHANGE_OVERFLOW, 0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_written_when_its_writer_closes_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_has_happened_can_be_had_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(modifications_come_before_the_close, setup, teardown),
        cmocka_unit_test_setup_teardown(renames_and_deletions, setup, teardown),
        cmocka_unit_test_setup_teardown(directories_are_created, setup, teardown),
        cmocka_unit_test_setup_teardown(a_single_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_watched_directory_that_moves_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_watches_are_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(closes_inside_its_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_watched, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_changes_are_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
