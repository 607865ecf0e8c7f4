/* The source of an API server with nothing behind it: source_probe KUBECONFIG SYSTEM_NAMESPACE
 *
 * Every event is a line of standard output. It ends in good order when standard input does. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "control/source/kube_source/kube_source.h"
#include "core/loop/loop.h"

static void print_key(const char *event, const struct api_key *key)
{
    printf("%s %.*s %.*s/%.*s\n", event, STR_ARG(api_kind_name(key->kind)), STR_ARG(key->mesh),
           STR_ARG(key->name));
}

static void on_apply(void *arg, const struct api_object *object)
{
    (void)arg;
    print_key("apply", &object->key);
}

static void on_remove(void *arg, const struct api_key *key)
{
    (void)arg;
    print_key("remove", key);
}

static void on_report(void *arg, struct str origin, const struct finding_list *findings)
{
    (void)arg;
    printf("report %.*s: %zu\n", STR_ARG(origin), finding_count(findings));
}

static void on_settled(void *arg)
{
    (void)arg;
    printf("settled\n");
}

static void on_kind(void *arg, const struct kube_source_kind *kind)
{
    static const char *const names[] = {
        [KUBE_WATCH_LISTING] = "listing",
        [KUBE_WATCH_READY] = "ready",
        [KUBE_WATCH_ABSENT] = "absent",
        [KUBE_WATCH_FAILING] = "failing",
    };
    (void)arg;
    printf("kind %.*s %s%s: %s\n", STR_ARG(kind->name), names[kind->state],
           kind->lacks_status ? " without status" : "", kind->message);
}

static void on_input(void *arg, unsigned events)
{
    char bytes[256];
    (void)events;
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (got == 0 || (got < 0 && errno != EAGAIN))
        loop_stop(arg);
}

static void run(struct loop *loop, struct kube *kube, const char *system_namespace)
{
    static const struct source_events events = {
        .apply = on_apply, .remove = on_remove, .report = on_report, .settled = on_settled};
    struct kube_source_options options = {
        .loop = loop,
        .kube = kube,
        .system_namespace = str_of(system_namespace),
        .events = &events,
        .kind = on_kind,
    };
    struct kube_source *source = kube_source_open(&options);
    struct loop_fd *input = loop_fd_open(loop, STDIN_FILENO, LOOP_READ, on_input, loop);
    if (input != NULL)
        loop_run(loop);
    input = loop_fd_close(input);
    source = kube_source_close(source);
}

int main(int argc, char **argv)
{
    struct err_info reason = {.message = ""};
    struct kube_config *config = NULL;
    struct kube *kube = NULL;
    struct loop *loop = loop_new();
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool ok = argc == 3 && kube_config_read(argv[1], STR_EMPTY, &config, &reason) == ERR_OK &&
              kube_open(loop, config, &kube, &reason) == ERR_OK;
    if (ok)
        run(loop, kube, argv[2]);
    else
        fprintf(stderr, "source_probe: %s\n", reason.message);
    kube = kube_close(kube);
    loop = loop_free(loop);
    config = kube_config_free(config);
    return ok ? 0 : 1;
}
