#include "explain/explain.h"

#include <stdio.h>

#include "core/base/clock.h"
#include "otemon/commands.h"
#include "otemon/judgement.h"
#include "otemon/outlook.h"
#include "otemon/reading.h"

#define PROGRAM "otemon explain"

#define CHUNK_SIZE ((size_t)16 * 1024)

/* Findings that people read here; `otemon validate` has the others. */
#define FINDINGS_MAX 20

enum {
    FLAG_READING = 0,
    FLAG_HEADER = READING_FLAGS,
    FLAG_GATEWAY,
    FLAG_SNI,
    FLAG_OUTPUT,
    FLAG_COUNT,
};

static const struct command_flag flags[FLAG_COUNT] = {
    READING_FLAG_TABLE("resources", FLAG_READING),
    [FLAG_HEADER] =
        {
            .name = "header",
            .letter = 'H',
            .kind = COMMAND_LIST,
            .value_name = "'NAME: VALUE'",
            .help = "A field of the request. May be given more than once. Host stands in the place "
                    "of the URL's.",
        },
    [FLAG_GATEWAY] =
        {
            .name = "gateway",
            .kind = COMMAND_TEXT,
            .value_name = "[MESH/]NAME",
            .help = "The MeshGateway that is asked, where several have this port.",
        },
    [FLAG_SNI] =
        {
            .name = "sni",
            .kind = COMMAND_TEXT,
            .value_name = "NAME",
            .may_be_empty = true,
            .help = "With https: the TLS server name that the client sends, empty for none. "
                    "Without it, the URL's host.",
        },
    [FLAG_OUTPUT] = OUTPUT_FLAG(
        "text is lines for people, json one object: docs/explaining.md has its "
        "members."),
};

/* ---- What there is to say about the objects involved ---- */

static bool names_rule(const struct finding *finding, const struct model_rule *rule)
{
    return rule != NULL && str_equal(finding->subject.name, rule->route);
}

static bool is_route(const struct finding *finding)
{
    return str_ends_with(finding->subject.kind, STR("Route"));
}

static bool names_route(const struct finding *finding, const struct explain_answer *answer)
{
    bool is_named = names_rule(finding, answer->rule);
    for (size_t i = 0; i < answer->candidate_count; i++)
        is_named = is_named || names_rule(finding, answer->candidates[i].rule);
    return is_named;
}

/* Of what is no object, because of its kind or its name. */
static bool is_lost(const struct finding *finding)
{
    return finding->severity == FINDING_ERROR && finding->subject.mesh.size == 0 &&
           !str_equal(finding->subject.kind, STR("Mesh"));
}

/* Of a route that attaches to nothing: it may be of another mesh by mistake. */
static bool is_of_orphan(const struct finding *finding)
{
    return is_route(finding) && (str_equal(finding->field, STR("selectors")) ||
                                 str_equal(finding->field, STR("spec.targetRef")));
}

/* Of what may keep a request from its rule. */
static bool is_of_gateways(const struct finding *finding)
{
    const struct str kinds[] = {STR("MeshGateway"), STR("MeshGatewayInstance"), STR("Dataplane"),
                                STR("Secret"), STR("Pod")};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (str_equal(finding->subject.kind, kinds[i]))
            return true;
    }
    return is_route(finding) || is_lost(finding);
}

/* Of what may keep requests from their back ends. */
static bool is_of_back_ends(const struct finding *finding)
{
    const struct str kinds[] = {STR("Dataplane"), STR("ExternalService"), STR("MeshService"),
                                STR("MeshExternalService"), STR("MeshMultiZoneService")};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (str_equal(finding->subject.kind, kinds[i]))
            return true;
    }
    return false;
}

static bool lacks_back_end(const struct explain_answer *answer)
{
    for (size_t i = 0; i < answer->backend_count; i++) {
        if (answer->backends[i].status != 0)
            return true;
    }
    return false;
}

static bool is_involved(const struct finding *finding, const struct explain_answer *answer)
{
    const struct finding_subject *subject = &finding->subject;
    bool is_known = subject->kind.size > 0 && subject->name.size > 0;
    if (!is_known) /* a file, or a kind as a whole */
        return true;
    if (answer->place != NULL && subject->mesh.size > 0 &&
        !str_equal(subject->mesh, answer->place->mesh))
        return !explain_is_taken(answer) && is_of_orphan(finding);
    if (!explain_is_taken(answer))
        return is_of_gateways(finding);
    if (is_route(finding))
        return names_route(finding, answer);
    if (is_of_back_ends(finding))
        return lacks_back_end(answer);
    if (str_equal(subject->kind, STR("MeshGatewayInstance")))
        return true; /* files are served without its pods */
    return str_equal(subject->kind, STR("MeshGateway")) &&
           str_equal(subject->name, answer->listener->gateway);
}

/* The first of them; what was left out is counted. */
static struct finding_list *involved(const struct finding_list *all,
                                     const struct explain_answer *answer, size_t *ret_omitted)
{
    struct finding_list *list = finding_list_new();
    size_t omitted = 0;
    for (size_t i = 0; i < finding_count(all); i++) {
        const struct finding *finding = finding_get(all, i);
        if (!is_involved(finding, answer))
            continue;
        if (finding_count(list) < FINDINGS_MAX)
            finding_add(list, finding->severity, &finding->subject, finding->mark, finding->field,
                        "%.*s", STR_ARG(finding->message));
        else
            omitted++;
    }
    *ret_omitted = omitted;
    return list;
}

/* ---- The command ---- */

static void print(const struct explain_answer *answer, const struct finding_list *all, bool is_json)
{
    size_t omitted;
    CLEANUP(finding_list_free) struct finding_list *findings = involved(all, answer, &omitted);
    CLEANUP(buf_deinit) struct buf text;
    CLEANUP(buf_deinit) struct buf said;
    buf_init(&text, EXPLAIN_SIZE_MAX);
    buf_init(&said, JUDGEMENT_SIZE_MAX);
    if (is_json) {
        judgement_print_json(findings, &said);
        explain_json(answer, str_first(buf_str(&said), said.size - 1), &text);
        buf_append_char(&text, '\n');
    } else {
        explain_text(answer, &text);
        if (finding_count(findings) > 0)
            buf_append(&text, STR("\nWhat is said of these objects:\n"));
        judgement_print_text(findings, &text);
        if (omitted > 0)
            buf_printf(&text, "and %zu more: `otemon validate` has them\n", omitted);
    }
    (void)fwrite(text.data, 1, text.size, stdout); /* where nobody reads, nobody is told */
    (void)fflush(stdout);
}

static int answer_status(const struct explain_answer *answer, const struct reading *reading)
{
    if (answer->outcome == EXPLAIN_AMBIGUOUS || reading->unreadable > 0)
        return EXIT_USAGE;
    return explain_is_taken(answer) ? EXIT_DONE : EXIT_FAILED;
}

static int answer_with(const struct reading *reading, const struct explain_request *request,
                       const struct command_value *values, struct arena *arena)
{
    CLEANUP(outlook_free)
    struct outlook *outlook = outlook_new(reading, OUTLOOK_COMPLETE, clock_wall_ms());
    const struct explain_scope scope = {
        .places = outlook->places,
        .count = outlook->count,
        .wishes = outlook->wishes,
        .wish_count = outlook->wish_count,
        .gateway = values[FLAG_GATEWAY].text,
    };
    struct explain_answer answer;
    struct err_info reason = {0};
    if (explain_answer(arena, request, &scope, &answer, &reason) != ERR_OK) {
        (void)command_failed(PROGRAM, &reason); /* the status is another: nothing can be said */
        return EXIT_USAGE;
    }
    print(&answer, outlook->findings, str_equal(values[FLAG_OUTPUT].text, STR("json")));
    return answer_status(&answer, reading);
}

static int explain_run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    CLEANUP(arena_free) struct arena *arena = arena_new(CHUNK_SIZE);
    const struct explain_words words = {
        .method = str_of(input->arguments[0]),
        .url = str_of(input->arguments[1]),
        .fields = values[FLAG_HEADER].list,
        .field_count = values[FLAG_HEADER].list_count,
        .has_server_name = values[FLAG_SNI].given,
        .server_name = values[FLAG_SNI].text,
    };
    struct explain_request request;
    struct err_info reason = {0};
    if (explain_ask(arena, &words, &request, &reason) != ERR_OK) {
        (void)command_failed(PROGRAM, &reason); /* the status is another: it is the command line */
        return EXIT_USAGE;
    }
    struct reading *reading = reading_new();
    int status = reading_from(reading, PROGRAM, &values[FLAG_READING]);
    if (status == EXIT_DONE)
        status = answer_with(reading, &request, values, arena);
    reading = reading_free(reading);
    return status;
}

const struct command explain_command = {
    .name = "explain",
    .summary = "say what becomes of a request, and why",
    .arguments = "METHOD URL",
    .argument_count = 2,
    .description =
        "Reads manifests, or with --kube a cluster, compiles them as `otemon run` and the operator "
        "do, and asks the data plane's own matcher about one request. Sends nothing.\n"
        "\n"
        "Says which gateway, listener, certificate, host name and rule take it, what the request "
        "becomes, which back ends get which share of it, or where a redirect leads; and which "
        "other rules were near and why each does not answer. Where nothing takes it: why, what the "
        "client sees, what to write, where else it would be taken, and what is wrong with the "
        "objects involved.",
    .flags = flags,
    .flag_count = FLAG_COUNT,
    .exit_text = "0  the request would be forwarded, redirected, or answered by a rule\n"
                 "1  nothing takes it: no listener, no host name, no route or no rule\n"
                 "2  the command line was not understood, resources cannot be read, or several "
                 "gateways have the port and none was chosen",
    .examples = " otemon explain --resources examples/quickstart GET "
                "http://shop.example.com:8080/api/cart\n"
                " otemon explain GET https://a.example.com/ -H 'x-team: blue' --sni b.example.com\n"
                " otemon explain --kube -o json GET http://shop.example.com/ | jq .why",
    .run = explain_run,
};
