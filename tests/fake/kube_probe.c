/* The client of the API server with nothing behind it: kube_probe KUBECONFIG OPTION... WATCH...
 *
 * A WATCH is NAME=PATH, or NAME=PATH=metadata. Every event is a line of standard output that begins
 * with NAME. Standard input takes commands, one a line: `get PATH`, `apply PATH BODY`, `requests`
 * (how many the watches have made). It ends in good order when standard input does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/kube/kube.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/vec.h"
#include "core/loop/loop.h"

#define LINE_SIZE_MAX ((size_t)16 * 1024 * 1024)

struct probe;

struct watch {
    const char *name;
    struct probe *probe;
    struct kube_watch *watch;
};

struct probe {
    struct loop *loop;
    struct kube *kube;
    struct loop_fd *input;
    struct buf line;
    VEC(struct watch *) watches;
};

static void on_init(void *arg)
{
    const struct watch *watch = arg;
    printf("%s init\n", watch->name);
}

static void on_apply(void *arg, const struct jv *object, void **kept)
{
    const struct watch *watch = arg;
    const struct jv *metadata = jv_get(object, STR("metadata"));
    struct str name = jv_text(jv_get(metadata, STR("name")));
    struct str version = jv_text(jv_get(metadata, STR("resourceVersion")));
    bool has_spec = jv_get(object, STR("spec")) != NULL;
    printf("%s apply %.*s %.*s%s\n", watch->name, STR_ARG(name), STR_ARG(version),
           has_spec ? "" : " bare");
    if (*kept == NULL)
        *kept = mem_alloc(1);
}

static void on_refuse(void *arg, struct str name_space, struct str name, const char *reason,
                      void **kept)
{
    const struct watch *watch = arg;
    (void)name_space;
    printf("%s refuse %.*s: %s\n", watch->name, STR_ARG(name), reason);
    if (*kept == NULL)
        *kept = mem_alloc(1);
}

static void on_remove(void *arg, struct str name_space, struct str name, void *kept)
{
    const struct watch *watch = arg;
    (void)name_space;
    if (name.size > 0)
        printf("%s remove %.*s\n", watch->name, STR_ARG(name));
    mem_free(kept);
}

static void on_init_done(void *arg)
{
    const struct watch *watch = arg;
    printf("%s done\n", watch->name);
}

static void on_state(void *arg, enum kube_watch_state state, const struct err_info *reason)
{
    static const char *const names[] = {
        [KUBE_WATCH_LISTING] = "listing",
        [KUBE_WATCH_READY] = "ready",
        [KUBE_WATCH_ABSENT] = "absent",
        [KUBE_WATCH_FAILING] = "failing",
    };
    const struct watch *watch = arg;
    printf("%s state %s %s\n", watch->name, names[state], reason->message);
}

static void watch_add(struct probe *probe, char *argument, const struct kube_watch_options *common)
{
    struct watch *watch = MEM_NEW(struct watch);
    struct str rest = str_of(argument);
    struct str name = str_cut(&rest, '=');
    struct kube_watch_options options = *common;
    options.path = str_cut(&rest, '=');
    options.metadata_only = str_equal(rest, STR("metadata"));
    argument[name.size] = '\0';
    watch->name = argument;
    watch->probe = probe;
    struct kube_watch_events events = {
        .init = on_init,
        .apply = on_apply,
        .refuse = on_refuse,
        .remove = on_remove,
        .init_done = on_init_done,
        .state = on_state,
        .arg = watch,
    };
    watch->watch = kube_watch_open(probe->kube, &options, &events);
    VEC_PUSH(&probe->watches, watch);
}

static void on_answer(void *arg, const struct kube_answer *answer)
{
    (void)arg;
    struct str kind = jv_text(jv_get(answer->body, STR("kind")));
    printf("answer %u %s %.*s %s%s%s\n", answer->status, err_name(answer->err), STR_ARG(kind),
           answer->reason.path, answer->reason.path[0] == '\0' ? "" : ": ", answer->reason.message);
}

static void command(struct probe *probe, struct str line)
{
    struct str rest = line;
    struct str word = str_cut(&rest, ' ');
    struct str path = str_cut(&rest, ' ');
    if (str_equal(word, STR("get"))) {
        struct kube_request_options options = {.path = path, .timeout_ms = 5000};
        (void)kube_request(probe->kube, &options, on_answer, NULL);
    } else if (str_equal(word, STR("apply"))) {
        struct kube_apply_options options = {
            .path = path, .manager = STR("kube-probe"), .body = rest};
        (void)kube_apply(probe->kube, &options, on_answer, NULL);
    } else {
        printf("requests %llu\n", (unsigned long long)kube_watch_requests(probe->kube));
    }
}

static void on_input(void *arg, unsigned events)
{
    struct probe *probe = arg;
    (void)events;
    char *room = buf_reserve(&probe->line, 65536);
    ssize_t got = room == NULL ? 0 : read(STDIN_FILENO, room, 65536);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        loop_stop(probe->loop);
        return;
    }
    buf_commit(&probe->line, (size_t)got);
    size_t end = 0;
    while ((end = str_find_char(buf_str(&probe->line), '\n')) != STR_NOT_FOUND) {
        command(probe, str_first(buf_str(&probe->line), end));
        buf_consume(&probe->line, end + 1);
    }
}

static void run(struct probe *probe)
{
    buf_init(&probe->line, LINE_SIZE_MAX);
    probe->input = loop_fd_open(probe->loop, STDIN_FILENO, LOOP_READ, on_input, probe);
    if (probe->input == NULL)
        fprintf(stderr, "kube_probe: standard input cannot be watched\n");
    else
        loop_run(probe->loop);
    probe->input = loop_fd_close(probe->input);
    buf_deinit(&probe->line);
    for (size_t i = 0; i < probe->watches.count; i++) {
        struct watch *watch = probe->watches.items[i];
        watch->watch = kube_watch_close(watch->watch);
        mem_free(watch);
    }
    VEC_FREE(&probe->watches);
}

/* "--page=10" */
static bool option_take(const char *argument, struct kube_watch_options *options)
{
    struct str rest = str_of(argument);
    struct str name = str_cut(&rest, '=');
    uint64_t number = 0;
    if (!str_starts_with(name, STR("--")) || !str_parse_u64(rest, UINT32_MAX, &number))
        return false;
    if (str_equal(name, STR("--page")))
        options->page = (unsigned)number;
    else if (str_equal(name, STR("--timeout-s")))
        options->timeout_s = (unsigned)number;
    else if (str_equal(name, STR("--grace-ms")))
        options->grace_ms = (unsigned)number;
    return true;
}

int main(int argc, char **argv)
{
    struct err_info reason = {.message = ""};
    struct kube_config *config = NULL;
    struct probe probe = {.loop = loop_new()};
    struct kube_watch_options options = {.page = 0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2 || kube_config_read(argv[1], STR_EMPTY, &config, &reason) != ERR_OK ||
        kube_open(probe.loop, config, &probe.kube, &reason) != ERR_OK) {
        fprintf(stderr, "kube_probe: %s\n", reason.message);
    } else {
        for (int i = 2; i < argc; i++) {
            if (!option_take(argv[i], &options))
                watch_add(&probe, argv[i], &options);
        }
        run(&probe);
    }
    bool failed = probe.kube == NULL;
    probe.kube = kube_close(probe.kube);
    probe.loop = loop_free(probe.loop);
    config = kube_config_free(config);
    return failed ? 1 : 0;
}
