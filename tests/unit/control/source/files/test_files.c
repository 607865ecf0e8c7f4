#include "control/source/files/files.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"

/* What came, one line per event: "+name" applied, "-name" removed, "!finding". */
struct fixture {
    char top[64];
    char directory[80];
    struct loop *loop;
    struct files *files;
    struct cache *cache;
    struct buf events;
    size_t settled;
    bool running;
};

static struct fixture f;

static void on_apply(void *arg, const struct api_object *object)
{
    (void)arg;
    buf_printf(&f.events, "+%.*s ", STR_ARG(object->key.name));
    cache_put(f.cache, object);
}

static void on_remove(void *arg, const struct api_key *key)
{
    (void)arg;
    buf_printf(&f.events, "-%.*s ", STR_ARG(key->name));
    cache_remove(f.cache, key);
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    (void)arg;
    (void)origin;
    for (size_t i = 0; i < finding_count(findings); i++) {
        struct buf line;
        buf_init(&line, 4096);
        finding_print(finding_get(findings, i), &line);
        struct str text = buf_str(&line);
        if (str_starts_with(text, str_of(f.top)))
            text = str_from(text, strlen(f.top) + 1);
        buf_printf(&f.events, "!%.*s ", STR_ARG(text));
        buf_deinit(&line);
    }
}

static void on_settled(void *arg)
{
    (void)arg;
    f.settled++;
    if (f.running)
        loop_stop(f.loop);
}

static const struct source_events EVENTS = {
    .apply = on_apply, .remove = on_remove, .report = on_report, .settled = on_settled};

static const char *path_of(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", f.directory, name);
    return path;
}

static void put(const char *name, const char *content)
{
    assert_int_equal(file_write(path_of(name), str_of(content), 0600, NULL), ERR_OK);
}

/* A Secret is the smallest manifest. */
static const char *secret(const char *name)
{
    static char text[128];
    (void)snprintf(text, sizeof(text), "{type: Secret, mesh: default, name: %s, data: YQ==}\n",
                   name);
    return text;
}

static int setup(void **state)
{
    (void)state;
    f = (struct fixture){
        .top = "/tmp/otemon-files-XXXXXX", .loop = loop_new(), .cache = cache_new()};
    assert_non_null(mkdtemp(f.top));
    (void)snprintf(f.directory, sizeof(f.directory), "%s/d", f.top);
    assert_int_equal(mkdir(f.directory, 0700), 0);
    buf_init(&f.events, 1 << 16);
    return 0;
}

static int unlink_entry(const char *path, const struct stat *status, int flag, struct FTW *at)
{
    (void)status;
    (void)flag;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    f.files = files_close(f.files);
    f.cache = cache_free(f.cache);
    f.loop = loop_free(f.loop);
    buf_deinit(&f.events);
    (void)nftw(f.top, unlink_entry, 8, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(api_objects_alive(), 0);
    return 0;
}

/* What came since the last look. */
static void assert_events(const char *wanted)
{
    buf_append_char(&f.events, '\0');
    assert_string_equal(f.events.data, wanted);
    buf_clear(&f.events);
}

static void open_files(const char *wanted)
{
    struct err_info reason = {.message = ""};
    if (files_open(f.loop, f.directory, &EVENTS, &f.files, &reason) != ERR_OK)
        fail_msg("%s", reason.message);
    assert_int_equal(f.settled, 1);
    assert_events(wanted);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

/* Runs until a batch settled, at most `ms`. */
static void run_for(uint64_t ms)
{
    struct loop_alarm *alarm = loop_alarm_open(f.loop, stop, f.loop);
    loop_alarm_set(alarm, ms);
    f.running = true;
    loop_run(f.loop);
    f.running = false;
    alarm = loop_alarm_close(alarm);
}

static void run(const char *wanted)
{
    size_t before = f.settled;
    run_for(5000);
    assert_int_equal(f.settled, before + 1);
    assert_events(wanted);
}

static void run_quiet(void)
{
    size_t before = f.settled;
    run_for(2 * FILES_QUIET_MS);
    assert_int_equal(f.settled, before);
    assert_events("");
}

static void reads_a_directory(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    assert_int_equal(mkdir(path_of(".hidden"), 0700), 0);
    put("a.yaml", "{type: Secret, mesh: default, name: a1, data: YQ==}\n---\n"
                  "{type: Mesh, name: a2}\n");
    put("sub/b.json", "{\"type\": \"Mesh\", \"name\": \"b\"}");
    put("sub/c.yml", secret("c"));
    put(".hidden/d.yaml", secret("d"));
    put(".e.yaml", secret("e"));
    put("f.txt", secret("f"));
    assert_int_equal(symlink(".hidden", path_of("link")), 0);
    open_files("+a1 +a2 +b +c ");
}

static void without_a_loop_it_reads_once(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    assert_int_equal(files_open(NULL, f.directory, &EVENTS, &f.files, NULL), ERR_OK);
    assert_events("+a1 ");
}

static size_t read_paths(const char *const *paths, size_t count)
{
    return files_read((struct files_paths){paths, count}, &EVENTS);
}

static void reads_paths_once(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    put("a.txt", secret("a"));
    put("sub/b.json", "{\"type\": \"Mesh\", \"name\": \"b\"}");
    put("sub/.c.yml", secret("c"));
    const char *paths[] = {path_of("a.txt"), path_of("sub"), path_of("sub/b.json")};
    assert_int_equal(read_paths(paths, 3), 0);
    assert_int_equal(f.settled, 1);
    assert_events("+a +b ");
}

/* "name", "(foreign)" or "(none)" of each document. */
static void on_document(void *arg, const struct files_document *document)
{
    (void)arg;
    assert_non_null(document->document);
    assert_true(str_starts_with(document->file, str_of(f.directory)));
    if (document->object != NULL)
        buf_printf(&f.events, "%.*s ", STR_ARG(document->object->key.name));
    else
        buf_printf(&f.events, "%s ", document->is_foreign ? "(foreign)" : "(none)");
}

static void documents_come_as_they_stand(void **state)
{
    (void)state;
    CLEANUP(finding_list_free) struct finding_list *problems = finding_list_new();
    put("b.yaml", "{type: Mesh, name: x}\n---\n{apiVersion: apps/v1, kind: Deployment}\n");
    put("a.yaml", "{apiVersion: v1, kind: List, items: [{type: Mesh, name: x}, null, {type: Mash, "
                  "name: m}]}\n");
    put("c.yaml", "a: [");
    const char *paths[] = {path_of("b.yaml"), path_of("c.yaml"), path_of("a.yaml")};
    assert_int_equal(
        files_read_documents((struct files_paths){paths, 3}, problems, on_document, NULL), 1);
    assert_events("x (foreign) x (none) (none) ");
    on_report(NULL, STR_EMPTY, problems);
    assert_events(
        "!d/c.yaml:2:1: error: did not find expected node content while parsing a flow "
        "node. Nothing of this file is used "
        "!d/a.yaml:1:68: error: Mash m: type: unknown type \"Mash\"; did you mean Mesh? ");
}

static void what_cannot_be_read_is_reported_and_the_rest_is_read(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    put("a.yaml", secret("a"));
    put("b.yaml", "a: [");
    const char *no[] = {path_of("no.yaml")};
    assert_int_equal(read_paths(no, 1), 1);
    assert_events("!d/no.yaml: error: does not exist ");
    const char *empty[] = {path_of("sub")};
    assert_int_equal(read_paths(empty, 1), 1);
    assert_events("!d/sub: error: holds no manifest: no file named *.yaml, *.yml or *.json ");
    const char *paths[] = {path_of("b.yaml"), path_of("a.yaml")};
    assert_int_equal(read_paths(paths, 2), 1);
    assert_events("+a !d/b.yaml:2:1: error: did not find expected node content while parsing a "
                  "flow node. Nothing of this file is used ");
}

static void a_list_of_too_many_objects_is_refused(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append(&text, STR("--- 1\n---\nkind: List\nitems:\n"));
    for (size_t i = 0; i < 20000; i++)
        buf_append(&text, STR("- {}\n"));
    buf_append_char(&text, '\0');
    put("a.yaml", text.data);
    buf_deinit(&text);
    const char *paths[] = {path_of("a.yaml")};
    assert_int_equal(read_paths(paths, 1), 1);
    assert_events("!d/a.yaml:3:1: error: more than 20000 objects. Nothing of this file is used ");
}

static void reads_the_standard_input(void **state)
{
    (void)state;
    put("a.yaml", "{type: Secret, mesh: default, name: a, data: YQ==}\n--- 1\n");
    int before = dup(STDIN_FILENO);
    int file = open(path_of("a.yaml"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(file, STDIN_FILENO), STDIN_FILENO);
    const char *paths[] = {"-"};
    assert_int_equal(read_paths(paths, 1), 0);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    close(file);
    close(before);
    assert_events("+a !<stdin>:2:5: error: is no resource: it has to be an object, not a number ");
}

static void a_directory_that_is_none_is_an_error(void **state)
{
    (void)state;
    struct err_info reason;
    put("a.yaml", "");
    assert_int_equal(files_open(f.loop, path_of("no"), &EVENTS, &f.files, &reason), ERR_NOT_FOUND);
    assert_int_equal(files_open(f.loop, path_of("a.yaml"), &EVENTS, &f.files, &reason),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(reason.message, "a.yaml is no directory"));
    assert_events("");
}

static void changes_come_when_the_writer_closed(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    open_files("+a1 ");
    put("b.yaml", secret("b1"));
    run("+b1 ");
    put("a.yaml", secret("a2"));
    run("-a1 +a2 ");
    put("c.tmp", secret("c1"));
    assert_int_equal(rename(path_of("c.tmp"), path_of("a.yaml")), 0);
    run("-a2 +c1 ");
    assert_int_equal(unlink(path_of("a.yaml")), 0);
    run("-c1 ");
}

static void a_slow_rewrite_loses_nothing(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    open_files("+a1 ");
    int fd = open(path_of("a.yaml"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    run_quiet(); /* empty, and not closed */
    const char *text = secret("a1");
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    run("+a1 "); /* quiet */
    close(fd);
    run("+a1 ");
}

static void an_editor_that_moves_the_old_file_away_first_loses_nothing(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    open_files("+a1 ");
    assert_int_equal(rename(path_of("a.yaml"), path_of("a.yaml~")), 0);
    put("a.yaml", secret("a1"));
    run("+a1 ");
    run_quiet();
}

static void a_file_that_is_no_yaml_keeps_its_objects(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    put("b.yaml", "[");
    open_files("+a1 !d/b.yaml:2:1: error: did not find expected node content while parsing a flow "
               "node. Nothing of this file is used ");
    put("b.yaml", "{");
    run("!d/b.yaml:2:1: error: did not find expected node content while parsing a flow node. "
        "Nothing of this file is used ");
    put("a.yaml", "a: [\n");
    run("!d/a.yaml:2:1: error: did not find expected node content while parsing a flow node. What "
        "this file said before is kept ");
    put("a.yaml", secret("a1"));
    run("+a1 ");
}

/* A second writer: it begins as soon as the first has closed the file. */
struct second_writer {
    int fd;
};

static void begin_to_write(void *arg, const struct loop_change_event *event)
{
    struct second_writer *writer = arg;
    if (event->change == LOOP_CHANGE_WRITTEN && writer->fd == -1)
        writer->fd = open(path_of("a.yaml"), O_WRONLY | O_TRUNC | O_CLOEXEC);
}

static void what_is_written_anew_while_it_is_read_does_not_count(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    open_files("+a1 ");
    struct second_writer writer = {.fd = -1};
    struct loop_watch *watch;
    int id;
    assert_int_equal(loop_watch_open(f.loop, begin_to_write, &writer, &watch, NULL), ERR_OK);
    assert_int_equal(loop_watch_add(watch, f.directory, &id, NULL), ERR_OK);
    put("a.yaml", secret("a2"));
    run(""); /* the file is empty now, but a1 does not vanish */
    assert_int_not_equal(writer.fd, -1);
    const char *text = secret("a3");
    assert_int_equal(write(writer.fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(writer.fd), 0);
    run("-a1 +a3 ");
    watch = loop_watch_close(watch);
}

static void the_first_file_by_name_wins(void **state)
{
    (void)state;
    put("b.yaml", secret("s"));
    open_files("+s ");
    put("a.yaml", secret("s"));
    char wanted[512];
    (void)snprintf(wanted, sizeof(wanted),
                   "+s !d/b.yaml:1:1: error: Secret s (mesh default): is ignored: the same object "
                   "stands in %s, line 1, which comes first ",
                   path_of("a.yaml"));
    run(wanted);
    put("b.yaml", "");
    run("");
    put("b.yaml", secret("s"));
    run(wanted + 3);
    assert_int_equal(unlink(path_of("a.yaml")), 0);
    run("+s ");
}

static void a_configmap_volume_changes_as_one(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("..1"), 0700), 0);
    assert_int_equal(mkdir(path_of("..2"), 0700), 0);
    put("..1/a.yaml", secret("a1"));
    put("..2/a.yaml", secret("a2"));
    assert_int_equal(symlink("..1", path_of("..data")), 0);
    assert_int_equal(symlink("..data/a.yaml", path_of("a.yaml")), 0);
    open_files("+a1 ");
    assert_int_equal(symlink("..2", path_of("..tmp")), 0);
    assert_int_equal(rename(path_of("..tmp"), path_of("..data")), 0);
    run("-a1 +a2 ");
}

/* The same file is known by the path that was given and, because of links, by its real one. */
static void a_relative_directory_is_read_once(void **state)
{
    (void)state;
    char before[PATH_MAX];
    assert_non_null(getcwd(before, sizeof(before)));
    put("a.yaml", secret("a1"));
    assert_int_equal(chdir(f.top), 0);
    assert_int_equal(files_open(f.loop, "d", &EVENTS, &f.files, NULL), ERR_OK);
    assert_events("+a1 ");
    put("a.yaml", secret("a2"));
    run("-a1 +a2 ");
    run_quiet();
    assert_int_equal(unlink("d/a.yaml"), 0);
    run("-a2 ");
    assert_int_equal(chdir(before), 0);
}

static void a_link_to_a_manifest_elsewhere_is_one_manifest(void **state)
{
    (void)state;
    assert_int_equal(mkdir(path_of("../elsewhere"), 0700), 0);
    put("../elsewhere/a.yaml", secret("a1"));
    put("../elsewhere/b.yaml", secret("b1"));
    assert_int_equal(symlink("../elsewhere/a.yaml", path_of("a.yaml")), 0);
    open_files("+a1 ");
    put("../elsewhere/a.yaml", secret("a2"));
    run("-a1 +a2 ");
    put("../elsewhere/b.yaml", secret("b2"));
    run_quiet();
}

static void new_directories_belong_to_it(void **state)
{
    (void)state;
    open_files("");
    assert_int_equal(mkdir(path_of("sub"), 0700), 0);
    put("sub/a.yaml", secret("a1"));
    run("");
    run("+a1 ");
    put("sub/a.yaml", secret("a2"));
    run("-a1 +a2 ");
    assert_int_equal(unlink(path_of("sub/a.yaml")), 0);
    assert_int_equal(rmdir(path_of("sub")), 0);
    run("-a2 ");
}

static void the_directory_may_go_and_come_back(void **state)
{
    (void)state;
    put("a.yaml", secret("a1"));
    open_files("+a1 ");
    char away[100];
    (void)snprintf(away, sizeof(away), "%s/away", f.top);
    assert_int_equal(rename(f.directory, away), 0);
    char wanted[256];
    (void)snprintf(wanted, sizeof(wanted),
                   "!d: error: there is no directory %s. What was read before is kept ",
                   f.directory);
    run(wanted);
    assert_int_equal(mkdir(f.directory, 0700), 0);
    put("b.yaml", secret("b1"));
    run("");
    run("+b1 -a1 ");
    put("b.yaml", secret("b2"));
    run("-b1 +b2 ");
}

static const struct api_data_source *certificate(void)
{
    const struct api_key key = {API_MESH_GATEWAY, STR_INIT("default"), STR_INIT("g")};
    return cache_find(f.cache, &key)->mesh_gateway->listeners[0].tls.certificates;
}

static void certificates_are_read_and_watched(void **state)
{
    (void)state;
    char pem[100];
    (void)snprintf(pem, sizeof(pem), "%s/x.pem", f.top);
    put("a.yaml", "{type: MeshGateway, mesh: default, name: g, "
                  "selectors: [{match: {kuma.io/service: g}}], conf: {listeners: [{port: 1, "
                  "protocol: HTTPS, tls: {mode: TERMINATE, certificates: [{file: ../x.pem}]}}]}}");
    open_files("+g ");
    assert_true(str_ends_with(certificate()->load_error, STR("x.pem does not exist")));
    assert_int_equal(file_write(pem, STR("one"), 0600, NULL), ERR_OK);
    run("+g ");
    assert_true(str_equal(certificate()->bytes, STR("one")));
    assert_int_equal(certificate()->load_error.size, 0);
    assert_int_equal(file_write(pem, STR("two"), 0600, NULL), ERR_OK);
    run("+g ");
    assert_true(str_equal(certificate()->bytes, STR("two")));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_a_directory),
        TEST(without_a_loop_it_reads_once),
        TEST(reads_paths_once),
        TEST(what_cannot_be_read_is_reported_and_the_rest_is_read),
        TEST(documents_come_as_they_stand),
        TEST(a_list_of_too_many_objects_is_refused),
        TEST(reads_the_standard_input),
        TEST(a_directory_that_is_none_is_an_error),
        TEST(changes_come_when_the_writer_closed),
        TEST(a_slow_rewrite_loses_nothing),
        TEST(an_editor_that_moves_the_old_file_away_first_loses_nothing),
        TEST(a_file_that_is_no_yaml_keeps_its_objects),
        TEST(what_is_written_anew_while_it_is_read_does_not_count),
        TEST(the_first_file_by_name_wins),
        TEST(a_configmap_volume_changes_as_one),
        TEST(a_relative_directory_is_read_once),
        TEST(a_link_to_a_manifest_elsewhere_is_one_manifest),
        TEST(new_directories_belong_to_it),
        TEST(the_directory_may_go_and_come_back),
        TEST(certificates_are_read_and_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
