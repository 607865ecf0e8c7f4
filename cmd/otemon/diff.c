#include <stdio.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/json/json.h"
#include "difference/difference.h"
#include "otemon/commands.h"
#include "otemon/judgement.h"
#include "otemon/outlook.h"
#include "otemon/reading.h"

#define PROGRAM "otemon diff"

#define CHUNK_SIZE ((size_t)64 * 1024)

/* Every rule of 100,000 may be another. */
#define TEXT_SIZE_MAX ((size_t)256 * 1024 * 1024)

enum {
    FLAG_READING = 0,
    FLAG_NEW = READING_FLAGS,
    FLAG_OUTPUT,
    FLAG_COUNT,
};

static const struct command_flag flags[FLAG_COUNT] = {
    READING_FLAG_TABLE("against", FLAG_READING),
    [FLAG_NEW] =
        {
            .name = "filename",
            .letter = 'f',
            .kind = COMMAND_LIST,
            .value_name = "PATH",
            .help = "Required. The change: a file, a directory or, as -, the standard input. May "
                    "be given more than once.",
        },
    [FLAG_OUTPUT] = OUTPUT_FLAG(
        "text is lines for people, json one object: docs/explaining.md has its "
        "members."),
};

/* ---- Findings ---- */

/* Where it stands may be another file, with other lines. */
static struct str finding_key(struct arena *arena, const struct finding *finding)
{
    const struct finding_subject *subject = &finding->subject;
    return str_format(arena, "%.*s\n%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(subject->kind),
                      STR_ARG(subject->mesh), STR_ARG(subject->name), STR_ARG(finding->field),
                      STR_ARG(finding->message));
}

/* What is said after the change and was not before. */
static struct finding_list *find_new(struct arena *arena, const struct finding_list *before,
                                     const struct finding_list *after)
{
    struct finding_list *list = finding_list_new();
    struct map *known = map_new();
    for (size_t i = 0; i < finding_count(before); i++)
        (void)map_set(known, finding_key(arena, finding_get(before, i)), list); /* or is there */
    for (size_t i = 0; i < finding_count(after); i++) {
        const struct finding *finding = finding_get(after, i);
        if (map_get(known, finding_key(arena, finding)) == NULL)
            finding_add(list, finding->severity, &finding->subject, finding->mark, finding->field,
                        "%.*s", STR_ARG(finding->message));
    }
    known = map_free(known);
    return list;
}

/* ---- Printing ---- */

static void print_line(struct buf *text, const char *label, struct str words)
{
    if (words.size == 0)
        return;
    buf_append(text, str_of(label));
    log_append_visible(text, words); /* manifests may hold anything */
    buf_append_char(text, '\n');
}

static void print_difference(const struct difference *difference, struct buf *text)
{
    static const char signs[] = {
        [DIFFERENCE_ADDED] = '+', [DIFFERENCE_REMOVED] = '-', [DIFFERENCE_CHANGED] = '~'};
    struct str kind = difference_kind_name(difference->kind);
    buf_printf(text, "%c %-12.*s", signs[difference->change], STR_ARG(kind));
    print_line(text, "", difference->name);
    bool is_changed = difference->change == DIFFERENCE_CHANGED;
    print_line(text, is_changed ? "  was         " : "              ", difference->before);
    print_line(text, is_changed ? "  is          " : "              ", difference->after);
}

static void print_text(struct differences differences, const struct finding_list *findings,
                       struct buf *text)
{
    for (size_t i = 0; i < differences.count; i++)
        print_difference(&differences.items[i], text);
    if (differences.count == 0)
        buf_append(text, STR("What is served stays the same.\n"));
    if (finding_count(findings) > 0)
        buf_append(text, STR("\nWhat is said now and was not before:\n"));
    judgement_print_text(findings, text);
}

static void print_json(struct differences differences, const struct finding_list *findings,
                       struct buf *text)
{
    CLEANUP(buf_deinit) struct buf said;
    struct jv_writer json;
    buf_init(&said, JUDGEMENT_SIZE_MAX);
    judgement_print_json(findings, &said);
    jv_writer_init(&json, text);
    jv_write_object(&json);
    jv_write_key(&json, STR("changes"));
    jv_write_array(&json);
    for (size_t i = 0; i < differences.count; i++) {
        const struct difference *difference = &differences.items[i];
        jv_write_object(&json);
        jv_write_member_string(&json, STR("after"), difference->after);
        jv_write_member_string(&json, STR("before"), difference->before);
        jv_write_member_string(&json, STR("change"), difference_change_name(difference->change));
        jv_write_member_string(&json, STR("kind"), difference_kind_name(difference->kind));
        jv_write_member_string(&json, STR("name"), difference->name);
        jv_write_end(&json);
    }
    jv_write_end(&json);
    jv_write_key(&json, STR("findings"));
    jv_write_canonical(&json, str_first(buf_str(&said), said.size - 1));
    jv_write_end(&json);
    buf_append_char(text, '\n');
}

/* ---- The command ---- */

static int compare(const struct outlook *before, const struct outlook *after, bool is_json)
{
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    CLEANUP(finding_list_free)
    struct finding_list *findings = find_new(arena, before->findings, after->findings);
    CLEANUP(buf_deinit) struct buf text;
    const struct difference_side old = {before->places, before->count};
    const struct difference_side new = {after->places, after->count};
    struct differences differences = difference_find(arena, old, new);
    buf_init(&text, TEXT_SIZE_MAX);
    if (is_json)
        print_json(differences, findings, &text);
    else
        print_text(differences, findings, &text);
    (void)fwrite(text.data, 1, text.size, stdout); /* where nobody reads, nobody is told */
    (void)fflush(stdout);
    return differences.count + finding_count(findings) > 0 ? EXIT_FAILED : EXIT_DONE;
}

static int read_and_compare(struct reading *reading, const struct command_value *values)
{
    bool is_json = str_equal(values[FLAG_OUTPUT].text, STR("json"));
    uint64_t wall_ms = clock_wall_ms();
    CLEANUP(outlook_free) struct outlook *before = outlook_new(reading, OUTLOOK_ALL, wall_ms);
    reading_values(reading, &values[FLAG_NEW]);
    CLEANUP(outlook_free) struct outlook *after = outlook_new(reading, OUTLOOK_ALL, wall_ms);
    int status = compare(before, after, is_json);
    return reading->unreadable > 0 ? EXIT_USAGE : status;
}

static int diff_run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    if (!values[FLAG_NEW].given) {
        const struct err_info reason = {.path = "-f", .message = "is missing: what is the change?"};
        (void)command_failed(PROGRAM, &reason); /* the status is another: it is the command line */
        return EXIT_USAGE;
    }
    struct reading *reading = reading_new();
    int status = reading_from(reading, PROGRAM, &values[FLAG_READING]);
    if (status == EXIT_DONE)
        status = read_and_compare(reading, values);
    reading = reading_free(reading);
    return status;
}

const struct command diff_command = {
    .name = "diff",
    .summary = "say what a change of manifests would do",
    .description =
        "Reads what there is, from files or with --kube from a cluster, and what -f names over it: "
        "objects of the same kind, mesh and name are replaced, others are added. Compiles both as "
        "`otemon run` and the operator do, and says what would be served otherwise: listeners, "
        "host names, rules, back ends and certificates that come, go or change, and what there is "
        "to say of the manifests that was not to be said before. Changes nothing.\n"
        "\n"
        "Of back ends endpoints are counted; of certificates fingerprint, names and end are shown. "
        "Keys are not looked at.",
    .flags = flags,
    .flag_count = FLAG_COUNT,
    .exit_text = "0  what is served stays the same, and nothing new is to be said\n"
                 "1  there are differences, or findings that were not there\n"
                 "2  the command line was not understood, or resources cannot be read",
    .examples = " otemon diff --kube -f routes.yaml\n"
                " kubectl get meshgatewayroutes -o yaml | otemon diff --against - -f routes/\n"
                " otemon diff --against production -f staging -o json | jq '.changes | length'",
    .run = diff_run,
};
