#include "otemon/judgement.h"

#include "core/json/json.h"

int judgement_status(size_t unreadable, const struct finding_list *findings)
{
    if (unreadable > 0)
        return JUDGEMENT_UNREADABLE;
    return finding_count(findings) > 0 ? JUDGEMENT_FINDINGS : JUDGEMENT_CLEAN;
}

void judgement_print_text(const struct finding_list *findings, struct buf *buf)
{
    for (size_t i = 0; i < finding_count(findings); i++) {
        finding_print(finding_get(findings, i), buf);
        buf_append_char(buf, '\n');
    }
}

static void print_object(const struct finding *finding, struct buf *buf)
{
    bool is_error = finding->severity == FINDING_ERROR;
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("field"), finding->field);
    jv_write_member_string(&writer, STR("file"), finding->subject.file);
    jv_write_member_string(&writer, STR("kind"), finding->subject.kind);
    jv_write_member_u64(&writer, STR("line"), finding->mark.line);
    jv_write_member_string(&writer, STR("mesh"), finding->subject.mesh);
    jv_write_member_string(&writer, STR("message"), finding->message);
    jv_write_member_string(&writer, STR("name"), finding->subject.name);
    jv_write_member_string(&writer, STR("severity"), is_error ? STR("error") : STR("warning"));
    jv_write_end(&writer);
}

void judgement_print_json(const struct finding_list *findings, struct buf *buf)
{
    buf_append_char(buf, '[');
    for (size_t i = 0; i < finding_count(findings); i++) {
        buf_append(buf, i == 0 ? STR("\n") : STR(",\n"));
        print_object(finding_get(findings, i), buf);
    }
    buf_append(buf, finding_count(findings) > 0 ? STR("\n]\n") : STR("]\n"));
}

void judgement_write(const struct finding_list *findings, bool is_json, FILE *stream)
{
    struct buf text;
    buf_init(&text, JUDGEMENT_SIZE_MAX);
    if (is_json)
        judgement_print_json(findings, &text);
    else
        judgement_print_text(findings, &text);
    (void)fwrite(text.data, 1, text.size, stream);
    (void)fflush(stream);
    buf_deinit(&text);
}
