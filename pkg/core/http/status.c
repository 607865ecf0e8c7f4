#include "core/base/clock.h"
#include "core/http/http.h"

/* RFC 9110 15 and the registry of status codes. */
static const char *const texts[] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [207] = "Multi-Status",
    [208] = "Already Reported",
    [226] = "IM Used",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [305] = "Use Proxy",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Range Not Satisfiable",
    [417] = "Expectation Failed",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Content",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [506] = "Variant Also Negotiates",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [510] = "Not Extended",
    [511] = "Network Authentication Required",
};

struct str http_status_text(unsigned status)
{
    if (status >= ARRAY_SIZE(texts) || texts[status] == NULL) {
        return STR_EMPTY;
    }
    return str_of(texts[status]);
}

void http_date_format(uint64_t wall_ms, char ret_text[HTTP_DATE_SIZE])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[CLOCK_TEXT_SIZE]; /* "2026-11-24T03:50:19.123Z" */
    clock_format(wall_ms, iso);
    /* 1970 began on a Thursday. */
    size_t day = (size_t)((wall_ms / 86400000 + 4) % 7);
    size_t month = (size_t)((iso[5] - '0') * 10 + (iso[6] - '0') - 1);
    memcpy(ret_text, "Sun, 24 Nov 2026 03:50:19 GMT", HTTP_DATE_SIZE);
    memcpy(ret_text, days + 3 * day, 3);
    memcpy(ret_text + 5, iso + 8, 2);
    memcpy(ret_text + 8, months + 3 * month, 3);
    memcpy(ret_text + 12, iso, 4);
    memcpy(ret_text + 17, iso + 11, 8);
}
