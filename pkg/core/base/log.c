#include "core/base/log.h"

#include <string.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/clock.h"

static int log_fd = STDERR_FILENO;
static enum log_level log_least = LOG_INFO;
static enum log_format log_form = LOG_TEXT;

void log_open(int fd, enum log_level least, enum log_format format)
{
    log_fd = fd;
    log_least = least;
    log_form = format;
}

bool log_enabled(enum log_level level)
{
    return level >= log_least;
}

static struct str level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return STR("debug");
    case LOG_INFO: return STR("info");
    case LOG_WARNING: return STR("warning");
    case LOG_ERROR: return STR("error");
    }
    return STR("unknown");
}

static void append_escape(struct buf *buf, unsigned char c)
{
    switch (c) {
    case '"': buf_append(buf, STR("\\\"")); return;
    case '\\': buf_append(buf, STR("\\\\")); return;
    case '\n': buf_append(buf, STR("\\n")); return;
    case '\r': buf_append(buf, STR("\\r")); return;
    case '\t': buf_append(buf, STR("\\t")); return;
    default: buf_printf(buf, "\\u%04x", c); return;
    }
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == 0x7F || c == '"' || c == '\\';
}

/* U+0080 to U+009F: some terminals obey them. */
static bool is_c1_control(struct str s)
{
    return s.size >= 2 && (unsigned char)s.data[0] == 0xC2 && (unsigned char)s.data[1] < 0xA0;
}

/* A bit of every byte. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Not 0 if a byte of the word may not stand for itself. */
static uint64_t odd_bytes(uint64_t word)
{
    uint64_t quote = word ^ EACH('"');
    uint64_t backslash = word ^ EACH('\\');
    uint64_t delete = word ^ EACH(0x7F);
    uint64_t found = (word - EACH(0x20)) | (quote - EACH(1)) | (backslash - EACH(1)) |
                     (delete - EACH(1)) | word;
    return found & EACH(0x80);
}

/* Nearly every text is ASCII without anything to escape, and that is seen eight bytes at once. */
static bool is_plain_json(struct str s)
{
    uint64_t found = 0;
    size_t i = 0;
    uint64_t word;
    for (; s.size - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, s.data + i, sizeof(word));
        found |= odd_bytes(word);
    }
    word = EACH(' ');
    if (i < s.size)
        memcpy(&word, s.data + i, s.size - i);
    return (found | odd_bytes(word)) == 0;
}

static void append_quoted(struct buf *buf, struct str s)
{
    char *room = buf_reserve(buf, s.size + 2);
    if (room == NULL)
        return;
    room[0] = '"';
    if (s.size > 0)
        memcpy(room + 1, s.data, s.size);
    room[s.size + 1] = '"';
    buf_commit(buf, s.size + 2);
}

void log_append_json(struct buf *buf, struct str s)
{
    if (is_plain_json(s)) {
        append_quoted(buf, s);
        return;
    }
    /* Text that is not UTF-8 keeps its ASCII; every other byte becomes the replacement. */
    bool utf8 = str_is_utf8(s);
    buf_append_char(buf, '"');
    size_t plain = 0;
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (utf8 && is_c1_control(str_from(s, i))) {
            buf_append(buf, str_first(str_from(s, plain), i - plain));
            append_escape(buf, (unsigned char)s.data[++i]);
            plain = i + 1;
            continue;
        }
        if (!needs_escape(c) && (utf8 || c < 0x80))
            continue;
        buf_append(buf, str_first(str_from(s, plain), i - plain));
        plain = i + 1;
        if (c >= 0x80)
            buf_append(buf, STR("\xEF\xBF\xBD"));
        else
            append_escape(buf, c);
    }
    buf_append(buf, str_from(s, plain));
    buf_append_char(buf, '"');
}

static bool is_plain_word(struct str s)
{
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (c <= 0x20 || c >= 0x7F || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return s.size > 0;
}

void log_append_visible(struct buf *buf, struct str s)
{
    bool utf8 = str_is_utf8(s);
    for (size_t i = 0; i < s.size; i++) {
        unsigned char c = (unsigned char)s.data[i];
        /* U+0080 to U+009F are controls too: C2 80 to C2 9F. */
        bool c1 = c == 0xC2 && utf8 && (unsigned char)s.data[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || c1 || (c >= 0x80 && !utf8)) {
            buf_printf(buf, "\\x%02x", c);
            if (c1)
                buf_printf(buf, "\\x%02x", (unsigned char)s.data[++i]);
        } else {
            buf_append_char(buf, s.data[i]);
        }
    }
}

void log_append_text(struct buf *buf, struct str s)
{
    if (is_plain_word(s))
        buf_append(buf, s);
    else
        log_append_json(buf, s);
}

static void append_field(struct buf *buf, const struct log_field *field)
{
    bool json = log_form == LOG_JSON;
    if (json)
        buf_printf(buf, ",\"%s\":", field->key);
    else
        buf_printf(buf, " %s=", field->key);
    if (field->is_number)
        buf_append_u64(buf, field->number);
    else if (json)
        log_append_json(buf, field->text);
    else
        log_append_text(buf, field->text);
}

static void line_build(struct buf *buf, enum log_level level, const char *event,
                       const struct log_field *fields, size_t count)
{
    char time_text[CLOCK_TEXT_SIZE];
    clock_format(clock_wall_ms(), time_text);
    struct str name = level_name(level);
    if (log_form == LOG_JSON) {
        buf_printf(buf, "{\"time\":\"%s\",\"level\":\"%.*s\",\"event\":", time_text, STR_ARG(name));
        log_append_json(buf, str_of(event));
    } else {
        buf_printf(buf, "%s %.*s %s", time_text, STR_ARG(name), event);
    }
    for (size_t i = 0; i < count; i++)
        append_field(buf, &fields[i]);
    buf_append(buf, log_form == LOG_JSON ? STR("}\n") : STR("\n"));
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    struct buf line;
    buf_init(&line, LOG_LINE_MAX);
    line_build(&line, level, event, fields, count);
    if (buf_overflowed(&line)) {
        buf_clear(&line);
        line_build(&line, level, event, &LOG_STR("dropped", STR("line too long")), 1);
    }
    /* A log that cannot be written has nobody to tell. */
    ssize_t written = write(log_fd, line.data, line.size);
    (void)written;
    buf_deinit(&line);
}
