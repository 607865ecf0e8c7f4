#include <stdio.h>

#include "control/source/files/files.h"
#include "core/base/attr.h"
#include "core/base/log.h"
#include "core/base/map.h"
#include "core/yaml/yaml.h"
#include "otemon/commands.h"
#include "otemon/judgement.h"

#define PROGRAM "otemon convert"

/* One object, printed. A text of the largest that is read may unfold by its aliases and grow by
 * indentation; what is more was made to be. */
#define OBJECT_SIZE_MAX ((size_t)64 * 1024 * 1024)

/* Names of objects that are passed over, thousands of them. */
#define NOTES_SIZE_MAX ((size_t)4 * 1024 * 1024)

#define CHUNK_SIZE ((size_t)16 * 1024)

enum {
    FLAG_TO,
    FLAG_OUTPUT,
    FLAG_NAMESPACE,
    FLAG_COUNT,
};

static const struct command_flag flags[FLAG_COUNT] = {
    [FLAG_TO] =
        {
            .name = "to",
            .kind = COMMAND_CHOICE,
            .value_name = "universal|kubernetes",
            .help = "The form of every object; without it each keeps its own and is only written "
                    "in the canonical way.",
        },
    [FLAG_OUTPUT] =
        {
            .name = "output",
            .letter = 'o',
            .kind = COMMAND_CHOICE,
            .value_name = "yaml|json",
            .fallback = "yaml",
            .help = "yaml is a stream of documents. json is the object, or for several a list as "
                    "kubectl writes it.",
        },
    [FLAG_NAMESPACE] =
        {
            .name = "namespace",
            .letter = 'n',
            .kind = COMMAND_TEXT,
            .value_name = "NAME",
            .fallback = "kuma-system",
            .help = "With --to kubernetes: the namespace of Secrets, and of objects of the other "
                    "kinds that have one where no label k8s.kuma.io/namespace says it. Routes of a "
                    "gateway have to be in the namespace of the system.",
        },
};

struct convert {
    bool has_envelope;
    enum api_envelope envelope;
    bool is_json;
    struct str namespace;
    struct finding_list *findings;
    struct map *names; /* "<kind>/<namespace>/<name>" of what was printed for Kubernetes */
    struct buf notes;
    struct buf first; /* the first object in JSON, until it shows whether there are more */
    size_t count;     /* of objects that were printed */
};

static void write_text(struct str text)
{
    (void)fwrite(text.data, 1, text.size, stdout); /* errors are asked for at the end */
}

static void write_yaml(struct convert *convert, struct str object)
{
    if (convert->count > 0)
        write_text(YAML_SEPARATOR);
    write_text(object);
}

static void write_json(struct convert *convert, struct str object)
{
    if (convert->count == 0) {
        buf_append(&convert->first, object);
        return;
    }
    if (convert->count == 1) {
        write_text(STR("{\"apiVersion\":\"v1\",\"items\":[\n"));
        write_text(buf_str(&convert->first));
    }
    write_text(STR(",\n"));
    write_text(object);
}

static void write_json_end(const struct convert *convert)
{
    if (!convert->is_json)
        return;
    if (convert->count == 0)
        write_text(STR("{\"apiVersion\":\"v1\",\"items\":["));
    if (convert->count == 1)
        write_text(buf_str(&convert->first));
    else
        write_text(convert->count == 0 ? STR("],\"kind\":\"List\"}")
                                       : STR("\n],\"kind\":\"List\"}"));
    write_text(STR("\n"));
}

/* "a.yaml:3:1: note: Deployment web is passed over: it is none of Kuma's". */
static void note_foreign(struct convert *convert, const struct files_document *document)
{
    const struct jv *metadata = jv_get(document->document, STR("metadata"));
    struct jv_mark mark = document->document->mark;
    log_append_text(&convert->notes, document->file);
    buf_printf(&convert->notes, ":%u:%u: note: ", mark.line, mark.column);
    log_append_text(&convert->notes, jv_text(jv_get(document->document, STR("kind"))));
    buf_append_char(&convert->notes, ' ');
    log_append_text(&convert->notes, jv_text(jv_get(metadata, STR("name"))));
    buf_append(&convert->notes, STR(" is passed over: it is none of Kuma's\n"));
}

/* In Universal each mesh has names of its own; applied to a cluster, the later of two objects would
 * take the place of the earlier one. */
static void check_name(struct convert *convert, struct arena *arena, const struct jv *printed,
                       const struct api_object *object)
{
    const struct jv *metadata = jv_get(printed, STR("metadata"));
    struct str namespace = jv_text(jv_get(metadata, STR("namespace")));
    struct str name = jv_text(jv_get(metadata, STR("name")));
    struct finding_subject subject = api_subject(object);
    struct str key = str_format(arena, "%.*s/%.*s/%.*s", STR_ARG(subject.kind), STR_ARG(namespace),
                                STR_ARG(name));
    if (map_set(convert->names, key, convert) != NULL)
        finding_add(convert->findings, FINDING_ERROR, &subject, object->mark, STR("name"),
                    "is the name of an object before: in Kubernetes meshes share the names of a "
                    "kind, so give one of them another");
}

static void write_object(struct convert *convert, const struct jv *printed,
                         const struct api_object *object)
{
    struct buf text;
    buf_init_secret(&text, OBJECT_SIZE_MAX); /* it may be a key */
    if (convert->is_json)
        jv_print(printed, &text);
    else
        yaml_print(printed, &text);
    if (buf_overflowed(&text)) {
        struct finding_subject subject = api_subject(object);
        finding_add(convert->findings, FINDING_ERROR, &subject, object->mark, STR_EMPTY,
                    "is left out: it unfolds to more than %zu bytes", OBJECT_SIZE_MAX);
        buf_deinit(&text);
        return;
    }
    if (convert->is_json)
        write_json(convert, buf_str(&text));
    else
        write_yaml(convert, buf_str(&text));
    convert->count++;
    buf_deinit(&text);
}

static void on_document(void *arg, const struct files_document *document)
{
    struct convert *convert = arg;
    if (document->is_foreign)
        note_foreign(convert, document);
    if (document->object == NULL)
        return;
    struct arena *arena = arena_new(CHUNK_SIZE);
    enum api_envelope envelope = convert->has_envelope ? convert->envelope
                                                       : api_envelope_of(document->document);
    finding_add_all(convert->findings, document->object->findings);
    const struct jv *printed = api_print(arena, document->document, document->object, envelope,
                                         convert->namespace, convert->findings);
    if (printed != NULL && envelope == API_KUBERNETES)
        check_name(convert, arena, printed, document->object);
    if (printed != NULL)
        write_object(convert, printed, document->object);
    arena_free_wiped(arena); /* it may hold keys */
}

/* A label of RFC 1123. */
static bool is_namespace(struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_inside = i > 0 && i + 1 < name.size;
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c == '-' && is_inside))
            return false;
    }
    return name.size > 0 && name.size <= 63;
}

/* What was converted is not to end where a disk is full. */
static int flush(void)
{
    const struct err_info reason = {.path = "standard output", .message = "cannot be written"};
    bool is_written = fflush(stdout) == 0 && ferror(stdout) == 0;
    return is_written ? EXIT_DONE : command_failed(PROGRAM, &reason);
}

static int convert_run(const struct command_input *input)
{
    const struct command_value *values = input->values;
    struct convert convert = {
        .has_envelope = values[FLAG_TO].given,
        .envelope = str_equal(values[FLAG_TO].text, STR("universal")) ? API_UNIVERSAL
                                                                      : API_KUBERNETES,
        .is_json = str_equal(values[FLAG_OUTPUT].text, STR("json")),
        .namespace = values[FLAG_NAMESPACE].text,
    };
    if (!is_namespace(convert.namespace))
        return command_wrong(PROGRAM, "namespace", convert.namespace, "the name of a namespace");
    convert.findings = finding_list_new();
    convert.names = map_new();
    buf_init(&convert.notes, NOTES_SIZE_MAX);
    buf_init_secret(&convert.first, OBJECT_SIZE_MAX);
    struct files_paths paths = {(const char *const *)input->arguments, input->argument_count};
    size_t unreadable = files_read_documents(paths, convert.findings, on_document, &convert);
    write_json_end(&convert);
    int status = flush();
    finding_sort(convert.findings);
    judgement_write(convert.findings, false, stderr);
    (void)fwrite(convert.notes.data, 1, convert.notes.size, stderr); /* nobody else to tell */
    if (status == EXIT_DONE)
        status = judgement_status(unreadable, convert.findings);
    buf_deinit(&convert.first);
    buf_deinit(&convert.notes);
    map_free(convert.names);
    finding_list_free(convert.findings);
    return status;
}

const struct command convert_command = {
    .name = "convert",
    .summary = "write manifests in the other form, or tidied up",
    .arguments = "PATH...",
    .argument_count = 1,
    .takes_more = true,
    .description =
        "Reads files, directories (every *.yaml, *.yml and *.json below them) and, as -, the "
        "standard input. Writes each object to the standard output, in the order of the input, as "
        "a Universal or as a Kubernetes resource: with Kuma's names for its fields, in one order, "
        "and without what says nothing. No file is changed.\n"
        "\n"
        "Nothing that Kuma knows is lost without a word. What is wrong with each object by itself "
        "stands on the standard error, as `otemon validate` says it, and with it what is left out: "
        "fields that nobody knows, and what the other form has no place for. A value that cannot "
        "be read stays as it is.\n"
        "\n"
        "Objects of others (Deployment, ConfigMap, ...) are passed over with a note.",
    .flags = flags,
    .flag_count = FLAG_COUNT,
    .exit_text = "0  everything was written, and there is nothing to say\n"
                 "1  there are findings, errors or warnings; what can be written was\n"
                 "2  a path cannot be read or is no YAML, which is among the findings; or the "
                 "command line was not understood",
    .examples = " otemon convert --to kubernetes universal/ | kubectl apply -f -\n"
                " kubectl get meshgateways -o yaml | otemon convert --to universal -\n"
                " otemon convert gateway.yaml | diff gateway.yaml -",
    .run = convert_run,
};
