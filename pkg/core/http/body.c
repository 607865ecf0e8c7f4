#include "core/http/parse.h"

enum {
    STATE_SIZE_FIRST, /* the first digit of a chunk's size */
    STATE_SIZE,
    STATE_EXTENSION,
    STATE_SIZE_END,
    STATE_DATA,
    STATE_DATA_CR,
    STATE_DATA_LF,
    STATE_TRAILER_FIRST, /* the first byte of a trailer line */
    STATE_TRAILER,
    STATE_TRAILER_LF,
    STATE_LAST_LF,
    STATE_DONE,
    STATE_BROKEN,
};

void http_body_init(struct http_body *body, enum http_framing framing, uint64_t content_length)
{
    *body = (struct http_body){.framing = framing, .state = STATE_DATA};
    if (framing == HTTP_FRAMING_CHUNKED) {
        body->state = STATE_SIZE_FIRST;
    } else if (framing == HTTP_FRAMING_LENGTH && content_length > 0) {
        body->left = content_length;
    } else if (framing != HTTP_FRAMING_CLOSE) {
        body->state = STATE_DONE;
    }
}

bool http_body_is_done(const struct http_body *body)
{
    return body->state == STATE_DONE;
}

bool http_body_end(struct http_body *body)
{
    if (body->state == STATE_DONE) {
        return true;
    }
    bool is_complete = body->framing == HTTP_FRAMING_CLOSE && body->state == STATE_DATA;
    body->state = is_complete ? STATE_DONE : STATE_BROKEN;
    return is_complete;
}

uint64_t http_body_left(const struct http_body *body)
{
    if (body->state == STATE_DONE) {
        return 0;
    }
    return body->framing == HTTP_FRAMING_LENGTH ? body->left : UINT64_MAX;
}

static bool is_text(char c)
{
    return (unsigned char)c >= 0x20 ? c != 0x7f : c == '\t';
}

/* One byte of a chunk's size line. */
static unsigned size_step(struct http_body *body, char c)
{
    if (++body->line > HTTP_CHUNK_LINE_MAX) {
        return STATE_BROKEN;
    }
    if (body->state == STATE_SIZE_END) {
        body->line = 0;
        if (c != '\n') {
            return STATE_BROKEN;
        }
        return body->left > 0 ? STATE_DATA : STATE_TRAILER_FIRST;
    }
    if (body->state == STATE_EXTENSION) {
        return c == '\r' ? STATE_SIZE_END : is_text(c) ? STATE_EXTENSION : STATE_BROKEN;
    }
    int digit = http__hex(c);
    if (digit >= 0) {
        if (body->left > (uint64_t)INT64_MAX >> 4) {
            return STATE_BROKEN;
        }
        body->left = body->left << 4 | (unsigned)digit;
        return STATE_SIZE;
    }
    if (body->state == STATE_SIZE_FIRST) {
        return STATE_BROKEN;
    }
    return c == '\r' ? STATE_SIZE_END : c == ';' ? STATE_EXTENSION : STATE_BROKEN;
}

/* One byte of the trailer section. */
static unsigned trailer_step(struct http_body *body, char c)
{
    if (++body->trailers > HTTP_TRAILERS_MAX) {
        return STATE_BROKEN;
    }
    if (body->state == STATE_LAST_LF) {
        return c == '\n' ? STATE_DONE : STATE_BROKEN;
    }
    if (body->state == STATE_TRAILER_LF) {
        return c == '\n' ? STATE_TRAILER_FIRST : STATE_BROKEN;
    }
    if (c == '\r') {
        return body->state == STATE_TRAILER_FIRST ? STATE_LAST_LF : STATE_TRAILER_LF;
    }
    return is_text(c) ? STATE_TRAILER : STATE_BROKEN;
}

static unsigned byte_step(struct http_body *body, char c)
{
    if (body->state == STATE_DATA_CR) {
        return c == '\r' ? STATE_DATA_LF : STATE_BROKEN;
    }
    if (body->state == STATE_DATA_LF) {
        return c == '\n' ? STATE_SIZE_FIRST : STATE_BROKEN;
    }
    return body->state < STATE_DATA ? size_step(body, c) : trailer_step(body, c);
}

static struct str take_data(struct http_body *body, struct str input)
{
    if (body->framing == HTTP_FRAMING_CLOSE) {
        return input;
    }
    size_t size = body->left < input.size ? (size_t)body->left : input.size;
    body->left -= size;
    if (body->left == 0) {
        body->state = body->framing == HTTP_FRAMING_CHUNKED ? STATE_DATA_CR : STATE_DONE;
    }
    return str_first(input, size);
}

enum http_body_step http_body_read(struct http_body *body, struct str input, size_t *ret_used,
                                   struct str *ret_data)
{
    size_t used = 0;
    while (body->state != STATE_DONE && body->state != STATE_BROKEN && used < input.size) {
        if (body->state == STATE_DATA) {
            *ret_data = take_data(body, str_from(input, used));
            *ret_used = used + ret_data->size;
            return HTTP_BODY_DATA;
        }
        body->state = byte_step(body, input.data[used++]);
    }
    *ret_used = used;
    if (body->state == STATE_BROKEN) {
        return HTTP_BODY_BROKEN;
    }
    return body->state == STATE_DONE ? HTTP_BODY_DONE : HTTP_BODY_MORE;
}

size_t http_chunk_head(uint64_t size, char area[HTTP_CHUNK_HEAD_MAX])
{
    unsigned digits = 1 + (unsigned)(63 - __builtin_clzll(size | 1)) / 4;
    for (unsigned i = 0; i < digits; i++) {
        area[i] = "0123456789abcdef"[size >> (4 * (digits - 1 - i)) & 15];
    }
    area[digits] = '\r';
    area[digits + 1] = '\n';
    return digits + 2;
}
