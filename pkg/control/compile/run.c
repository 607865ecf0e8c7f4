/* Findings of a run. */
#include <stdarg.h>
#include <stdio.h>

#include "control/compile/stages.h"

#define MESSAGE_SIZE 1024

/* NOLINTNEXTLINE(readability-function-size): what a finding is, and its text */
struct str compile__find(struct compile__run *run, enum finding_severity severity,
                         const struct api_object *object, struct finding_mark mark,
                         struct str field, const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args); /* cut at its bound */
    va_end(args);
    struct finding_subject subject = api_subject(object);
    finding_add(run->findings, severity, &subject, mark, field, "%s", message);
    return str_format(run->texts, "%.*s: %s", STR_ARG(field), message);
}
