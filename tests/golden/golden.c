/* golden [--update] <case>...: compiles <case>/in.yaml and compares with snapshot.json,
 * findings.txt and report.txt, or rewrites them. A file `args` holds options of `otemon run`, one
 * per line:
 * "--dataplane NAME", "--address IP"; or "--cluster" (workloads are taken as an API server delivers
 * them), "--one-form" (it names what goes by another name in the other envelope). Exit status: 0 as
 * expected, 1 not, 2 cannot tell.
 *
 * Each case also shows what holds for all: compiling in the opposite order of documents gives the
 * same, what is remembered is as if it were new, objects that concern nobody change nothing, and
 * the manifests, printed in either envelope, compile to the same. */
#include <stdio.h>
#include <stdlib.h>

#include "case.h"
#include "core/base/file.h"
#include "core/base/ip.h"
#include "core/base/vec.h"

#define TEXT_SIZE_MAX ((size_t)16 * 1024 * 1024)
#define PATH_SIZE     1024
#define NAMES_MAX     8
#define HASH_SIZE     16 /* hex digits behind the name of a cluster or route */

struct args {
    struct buf text;
    struct str names[NAMES_MAX];
    struct placement_options options;
    bool is_cluster;
    bool has_one_form;
};

/* In these tests this machine has the loopback addresses and no other. */
static bool is_local(void *arg, struct str address)
{
    (void)arg;
    static const unsigned char loopback[IP_SIZE_MAX] = {[IP_SIZE_MAX - 1] = 1};
    unsigned char bytes[IP_SIZE_MAX];
    size_t size = ip_parse(address, bytes);
    return size == IP_SIZE_MAX ? memcmp(bytes, loopback, size) == 0 : size > 0 && bytes[0] == 127;
}

static bool read_text(const char *directory, const char *file, struct buf *text)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, file);
    return file_read(path, text, NULL) == ERR_OK;
}

static void read_args(const char *directory, struct args *args)
{
    buf_init(&args->text, TEXT_SIZE_MAX);
    args->options = (struct placement_options){.names = args->names, .is_local = is_local};
    if (!read_text(directory, "args", &args->text))
        return; /* most cases have none */
    struct str rest = buf_str(&args->text);
    while (rest.size > 0) {
        struct str line = str_cut(&rest, '\n');
        struct str option = str_cut(&line, ' ');
        if (str_equal(option, STR("--dataplane")) && args->options.name_count < NAMES_MAX)
            args->names[args->options.name_count++] = line;
        else if (str_equal(option, STR("--address")))
            args->options.address = line;
        else if (str_equal(option, STR("--cluster")))
            args->is_cluster = true;
        else if (str_equal(option, STR("--one-form")))
            args->has_one_form = true;
    }
}

static bool expect(const char *directory, const char *file, struct str actual)
{
    struct buf expected;
    buf_init(&expected, TEXT_SIZE_MAX);
    bool same = read_text(directory, file, &expected) && str_equal(buf_str(&expected), actual);
    if (!same)
        (void)fprintf(stderr, "%s/%s is not what was compiled:\n%.*s", directory, file,
                      STR_ARG(actual));
    buf_deinit(&expected);
    return same;
}

static bool update(const char *directory, const char *file, struct str actual)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", directory, file);
    struct err_info info;
    if (file_write(path, actual, 0644, &info) == ERR_OK)
        return true;
    (void)fprintf(stderr, "%s: %s\n", path, info.message);
    return false;
}

static bool check_outcome(const char *directory, const struct golden_outcome *outcome,
                          bool is_update)
{
    struct buf snapshot;
    struct buf findings;
    buf_init(&snapshot, TEXT_SIZE_MAX);
    buf_init(&findings, TEXT_SIZE_MAX);
    golden_print_snapshot(outcome->snapshot, &snapshot);
    golden_print_findings(outcome->findings, &findings);
    bool (*check)(const char *, const char *, struct str) = is_update ? update : expect;
    bool good = check(directory, "snapshot.json", buf_str(&snapshot));
    good = check(directory, "findings.txt", buf_str(&findings)) && good;
    good = check(directory, "report.txt", buf_str(&outcome->report)) && good;
    buf_deinit(&snapshot);
    buf_deinit(&findings);
    return good;
}

static bool check_same(const char *directory, const char *what,
                       const struct golden_outcome *outcome, struct golden_outcome other,
                       bool with_findings)
{
    bool same = model_digest_equal(&outcome->snapshot->digest, &other.snapshot->digest);
    size_t count = finding_count(outcome->findings);
    if (with_findings)
        same = same && count == finding_count(other.findings) &&
               str_equal(buf_str(&outcome->report), buf_str(&other.report));
    for (size_t i = 0; with_findings && same && i < count; i++)
        same = finding_compare(finding_get(outcome->findings, i), finding_get(other.findings, i)) ==
               0;
    if (!same)
        (void)fprintf(stderr, "%s: another outcome %s\n", directory, what);
    golden_outcome_deinit(&other);
    return same;
}

/* In Kubernetes objects of the newer kinds have a namespace behind their names, and so has what
 * they become: routes, clusters and sets of endpoints, of which clusters have a hash of it, too. */
static size_t skip_namespace(struct str text)
{
    const struct str forms[] = {STR(".kuma-system"), STR("_kuma-system"), STR("kuma-system")};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (str_starts_with(text, forms[i]))
            return forms[i].size;
    }
    return 0;
}

static size_t skip_hash(struct str text)
{
    size_t size = 1;
    while (size < text.size && strchr("0123456789abcdef", text.data[size]) != NULL)
        size++;
    bool is_hash = size == 1 + HASH_SIZE && text.data[0] == '-' && text.data[size] == '"';
    return is_hash ? size : 0;
}

static void append_plain(struct buf *buf, struct str text)
{
    while (text.size > 0) {
        size_t skip = skip_namespace(text);
        if (skip == 0)
            skip = skip_hash(text);
        if (skip == 0)
            buf_append_char(buf, text.data[0]);
        text = str_from(text, MAX(skip, 1));
    }
}

static int compare_lines(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* What is served, without those, sorted by lines: names decide about their order. */
static void print_plain(const struct model_snapshot *snapshot, struct buf *buf)
{
    CLEANUP(buf_deinit) struct buf text;
    buf_init(&text, TEXT_SIZE_MAX);
    golden_print_snapshot(snapshot, &text);
    VEC(struct str) lines = {0};
    for (struct str rest = buf_str(&text); rest.size > 0;)
        VEC_PUSH(&lines, str_cut(&rest, '\n'));
    qsort(lines.items, lines.count, sizeof(*lines.items), compare_lines);
    for (size_t i = 0; i < lines.count; i++) {
        append_plain(buf, lines.items[i]);
        buf_append_char(buf, '\n');
    }
    VEC_FREE(&lines);
}

static bool check_alike(const char *directory, const struct golden_outcome *outcome,
                        struct golden_outcome other)
{
    CLEANUP(buf_deinit) struct buf here;
    CLEANUP(buf_deinit) struct buf there;
    buf_init(&here, TEXT_SIZE_MAX);
    buf_init(&there, TEXT_SIZE_MAX);
    print_plain(outcome->snapshot, &here);
    print_plain(other.snapshot, &there);
    bool alike = str_equal(buf_str(&here), buf_str(&there));
    if (!alike)
        (void)fprintf(stderr, "%s: in the other envelope it becomes\n%.*sand not\n%.*s", directory,
                      STR_ARG(buf_str(&there)), STR_ARG(buf_str(&here)));
    golden_outcome_deinit(&other);
    return alike;
}

/* What is printed of the manifests compiles to the same. */
static bool check_printed(const char *directory, const struct args *args,
                          const struct golden_outcome *outcome, bool is_turned)
{
    struct golden_reading how = {args->is_cluster, true, is_turned};
    struct golden_options options = {.placement = &args->options};
    struct golden_objects *objects = golden_objects_new();
    golden_objects_read(objects, directory, "in.yaml", how);
    struct golden_outcome other = golden_compile(objects, &options);
    bool good = is_turned && golden_objects_have(objects, API_MESH_HTTP_ROUTE)
                    ? check_alike(directory, outcome, other)
                    : check_same(directory, is_turned ? "in the other envelope" : "as printed",
                                 outcome, other, false);
    objects = golden_objects_free(objects);
    return good;
}

static bool run_case(const char *directory, bool is_update)
{
    struct args args = {0};
    read_args(directory, &args);
    struct golden_objects *objects = golden_objects_new();
    golden_objects_read(objects, directory, "in.yaml",
                        (struct golden_reading){.is_cluster = args.is_cluster});
    struct golden_options fresh = {.placement = &args.options};
    struct golden_options turned = {.placement = &args.options, .turned = true};
    struct golden_options again = {.placement = &args.options, .memory = compile_memory_new()};
    struct golden_outcome outcome = golden_compile(objects, &fresh);
    bool good = check_outcome(directory, &outcome, is_update);
    good = check_same(directory, "in the opposite order", &outcome,
                      golden_compile(objects, &turned), true) &&
           good;
    for (int i = 0; i < 3; i++)
        good = check_same(directory, "with a memory", &outcome, golden_compile(objects, &again),
                          true) &&
               good;
    golden_objects_read(objects, directory, "../../noise.yaml", (struct golden_reading){0});
    good = check_same(directory, "with objects that concern nobody", &outcome,
                      golden_compile(objects, &again), false) &&
           good;
    good = check_printed(directory, &args, &outcome, false) && good;
    if (args.options.name_count == 0 && !args.has_one_form) /* a Dataplane has another name there */
        good = check_printed(directory, &args, &outcome, true) && good;
    again.memory = compile_memory_free(again.memory);
    golden_outcome_deinit(&outcome);
    objects = golden_objects_free(objects);
    buf_deinit(&args.text);
    return good;
}

static bool nothing_leaked(void)
{
    bool clean = model_snapshots_alive() == 0 && model_resources_alive() == 0 &&
                 api_objects_alive() == 0;
    if (!clean)
        (void)fprintf(stderr, "snapshots, resources or objects were not freed\n");
    return clean;
}

int main(int argc, char **argv)
{
    bool is_update = argc > 1 && str_equal(str_of(argv[1]), STR("--update"));
    bool good = true;
    for (int i = is_update ? 2 : 1; i < argc; i++)
        good = run_case(argv[i], is_update) && good;
    return good && nothing_leaked() ? EXIT_SUCCESS : EXIT_FAILURE;
}
