/* The state of one compilation. */
#include <stdarg.h>
#include <stdio.h>

#include "control/compile/stages.h"

#define CHUNK_SIZE   ((size_t)16 * 1024)
#define MESSAGE_SIZE 1024

void compile__run_init(struct compile__run *run, const struct compile_input *input,
                       struct finding_list *findings)
{
    *run = (struct compile__run){
        .input = input,
        .findings = findings,
        .arena = arena_new(CHUNK_SIZE),
        .emitted = map_new(),
        .certificates = map_new(),
        .plans = map_new(),
        .services = NULL, /* made when the first back end asks */
    };
}

void compile__run_deinit(struct compile__run *run)
{
    for (size_t i = 0; i < run->resources.count; i++)
        (void)model_resource_unref(run->resources.items[i]); /* always NULL */
    VEC_FREE(&run->resources);
    for (size_t i = 0; i < run->loaded.count; i++)
        (void)model_resource_unref(run->loaded.items[i]); /* always NULL */
    VEC_FREE(&run->loaded);
    run->emitted = map_free(run->emitted);
    run->certificates = map_free(run->certificates);
    run->plans = map_free(run->plans);
    run->services = map_free(run->services);
    run->arena = arena_free(run->arena);
}

/* NOLINTNEXTLINE(readability-function-size): what a finding is, and its text */
void compile__find(struct compile__run *run, enum finding_severity severity,
                   const struct api_object *object, struct finding_mark mark, struct str field,
                   const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* cut at its bound */
    va_end(args);
    struct finding_subject subject = api_subject(object);
    finding_add(run->findings, severity, &subject, mark, field, "%s", message);
}

struct str compile__object_key(struct compile__run *run, const struct api_object *object)
{
    return str_format(run->arena, "%.*s/%.*s", STR_ARG(object->key.mesh),
                      STR_ARG(object->key.name));
}

void compile__emit(struct compile__run *run, const struct model_resource *resource)
{
    VEC_PUSH(&run->resources, resource);
}

bool compile__emit_once(struct compile__run *run, enum model_kind kind, struct str name)
{
    struct str key = str_format(run->arena, "%s %.*s", model_kind_name(kind), STR_ARG(name));
    return map_set(run->emitted, key, run) == NULL;
}
