/* Small readers of text: times, durations and quantities. */
#include "control/api/decode.h"

/* Exactly `size` digits at the start of `*rest`, which are cut off, up to `max`. */
static bool cut_number(struct str *rest, size_t size, unsigned max, unsigned *ret_number)
{
    if (rest->size < size)
        return false;
    unsigned number = 0;
    for (size_t i = 0; i < size; i++) {
        if (rest->data[i] < '0' || rest->data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(rest->data[i] - '0');
    }
    *rest = str_from(*rest, size);
    *ret_number = number;
    return number <= max;
}

static bool cut_char(struct str *rest, char wanted)
{
    if (rest->size == 0 || (rest->data[0] | 0x20) != (wanted | 0x20))
        return false;
    *rest = str_from(*rest, 1);
    return true;
}

/* Days from 1970-01-01, by counting in years that begin in March: the leap day comes last. */
static int64_t days_from_civil(unsigned year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    int64_t m = (int64_t)month + (month <= 2 ? 9 : -3);
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (int64_t)day - 1 - 719468;
}

static uint64_t cut_fraction_ms(struct str *rest)
{
    uint64_t ms = 0;
    uint64_t unit = 100;
    while (rest->size > 0 && rest->data[0] >= '0' && rest->data[0] <= '9') {
        ms += (uint64_t)(rest->data[0] - '0') * unit;
        unit /= 10;
        *rest = str_from(*rest, 1);
    }
    return ms;
}

/* "Z", "+01:30", "-08:00": minutes east of UTC. */
static bool cut_zone(struct str *rest, int *ret_minutes)
{
    *ret_minutes = 0;
    if (cut_char(rest, 'Z'))
        return true;
    if (rest->size == 0 || (rest->data[0] != '+' && rest->data[0] != '-'))
        return false;
    int sign = rest->data[0] == '-' ? -1 : 1;
    *rest = str_from(*rest, 1);
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!cut_number(rest, 2, 23, &hours) || !cut_char(rest, ':') ||
        !cut_number(rest, 2, 59, &minutes))
        return false;
    *ret_minutes = sign * (int)(hours * 60 + minutes);
    return true;
}

enum err api__time(struct str text, uint64_t *ret_wall_ms)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    int zone = 0;
    bool ok = cut_number(&text, 4, 9999, &year) && cut_char(&text, '-') &&
              cut_number(&text, 2, 12, &month) && cut_char(&text, '-') &&
              cut_number(&text, 2, 31, &day) && cut_char(&text, 'T') &&
              cut_number(&text, 2, 23, &hour) && cut_char(&text, ':') &&
              cut_number(&text, 2, 59, &minute) && cut_char(&text, ':') &&
              cut_number(&text, 2, 60, &second);
    uint64_t ms = ok && cut_char(&text, '.') ? cut_fraction_ms(&text) : 0;
    if (!ok || !cut_zone(&text, &zone) || text.size > 0 || month == 0 || day == 0)
        return ERR_INVALID;
    int64_t minutes = days_from_civil(year, month, day) * 1440 + hour * 60 + minute - zone;
    if (minutes < 0)
        return ERR_INVALID;
    *ret_wall_ms = ((uint64_t)minutes * 60 + second) * 1000 + ms;
    return ERR_OK;
}

static bool is_digit(struct str rest)
{
    return rest.size > 0 && rest.data[0] >= '0' && rest.data[0] <= '9';
}

/* "ms": in nanoseconds; 0: it is none. The longer ones first. */
static uint64_t cut_unit(struct str *rest)
{
    static const struct {
        struct str name;
        uint64_t ns;
    } units[] = {
        {STR_INIT("ns"), 1},
        {STR_INIT("us"), 1000},
        {STR_INIT("\xC2\xB5s"), 1000}, /* the micro sign, and the Greek letter */
        {STR_INIT("\xCE\xBCs"), 1000},
        {STR_INIT("ms"), 1000 * 1000},
        {STR_INIT("s"), 1000 * 1000 * 1000},
        {STR_INIT("m"), UINT64_C(60) * 1000 * 1000 * 1000},
        {STR_INIT("h"), UINT64_C(3600) * 1000 * 1000 * 1000},
    };
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (!str_starts_with(*rest, units[i].name))
            continue;
        *rest = str_from(*rest, units[i].name.size);
        return units[i].ns;
    }
    return 0;
}

/* What the digits of a fraction are of `unit`, down. From the last digit on, no step loses what the
 * whole would have. */
static uint64_t fraction_of(uint64_t unit, struct str digits)
{
    uint64_t part = 0;
    for (size_t i = digits.size; i-- > 0;)
        part = (part + (uint64_t)(digits.data[i] - '0') * unit) / 10;
    return part;
}

/* "1.5h" */
static enum err cut_part(struct str *rest, uint64_t *total_ns)
{
    uint64_t whole = 0;
    bool any = is_digit(*rest);
    for (; is_digit(*rest); *rest = str_from(*rest, 1)) {
        if (whole > INT64_MAX / 10)
            return ERR_LIMIT;
        whole = whole * 10 + (uint64_t)(rest->data[0] - '0');
    }
    if (str_starts_with(*rest, STR(".")))
        *rest = str_from(*rest, 1);
    any = any || is_digit(*rest);
    struct str fraction = *rest;
    while (is_digit(*rest))
        *rest = str_from(*rest, 1);
    fraction = str_first(fraction, fraction.size - rest->size);
    uint64_t unit = cut_unit(rest);
    if (!any || unit == 0)
        return ERR_INVALID;
    if (whole > (INT64_MAX - *total_ns) / unit)
        return ERR_LIMIT;
    *total_ns += whole * unit + fraction_of(unit, fraction);
    return *total_ns > INT64_MAX ? ERR_LIMIT : ERR_OK;
}

enum err api__duration(struct str text, uint64_t *ret_ns)
{
    uint64_t total_ns = 0;
    struct str rest = str_starts_with(text, STR("+")) ? str_from(text, 1) : text;
    enum err e = rest.size > 0 ? ERR_OK : ERR_INVALID;
    if (str_equal(rest, STR("0")))
        rest = STR_EMPTY;
    while (e == ERR_OK && rest.size > 0)
        e = cut_part(&rest, &total_ns);
    if (e == ERR_OK)
        *ret_ns = total_ns;
    return e;
}

static size_t cut_digits(struct str *rest)
{
    size_t count = 0;
    for (; is_digit(*rest); *rest = str_from(*rest, 1))
        count++;
    return count;
}

/* Digits with or without a fraction: "1", "1.", "1.5", ".5". */
static bool cut_decimal(struct str *rest)
{
    size_t digits = cut_digits(rest);
    if (cut_char(rest, '.'))
        digits += cut_digits(rest);
    return digits > 0;
}

static void cut_sign(struct str *rest)
{
    if (rest->size > 0 && (rest->data[0] == '+' || rest->data[0] == '-'))
        *rest = str_from(*rest, 1);
}

/* What stands behind the number: a unit of ten or two, or a power of ten. */
static bool is_quantity_suffix(struct str suffix)
{
    if (suffix.size == 0)
        return true;
    bool is_unit = suffix.size == 1 &&
                   str_find_char(STR("numkMGTPE"), suffix.data[0]) != STR_NOT_FOUND;
    bool is_binary = suffix.size == 2 && suffix.data[1] == 'i' &&
                     str_find_char(STR("KMGTPE"), suffix.data[0]) != STR_NOT_FOUND;
    if (is_unit || is_binary)
        return true;
    struct str power = str_from(suffix, 1);
    cut_sign(&power);
    return (suffix.data[0] | 0x20) == 'e' && cut_decimal(&power) && power.size == 0;
}

bool api__is_quantity(struct str text)
{
    cut_sign(&text);
    return cut_decimal(&text) && is_quantity_suffix(text);
}

struct str api__duration_text(struct arena *arena, uint64_t ns)
{
    const uint64_t second = UINT64_C(1000) * 1000 * 1000;
    unsigned long long whole = ns / second;
    unsigned long long rest = ns % second;
    int digits = 9;
    if (rest == 0)
        return str_format(arena, "%llus", whole);
    for (; rest % 1000 == 0; digits -= 3)
        rest /= 1000;
    return str_format(arena, "%llu.%0*llus", whole, digits, rest);
}

bool api__percentage(struct str text, bool *ret_is_negative, uint64_t *ret_ppm)
{
    if (!jv_is_number_text(text))
        return false;
    int64_t scale = 4; /* a hundredth is 10,000 millionths */
    uint64_t digits = 0;
    bool is_fraction = false;
    size_t i = text.data[0] == '-' ? 1 : 0;
    for (; i < text.size && (text.data[i] | 0x20) != 'e'; i++) {
        bool has_room = digits < UINT64_MAX / 100;
        if (text.data[i] == '.')
            is_fraction = true;
        else if (has_room)
            digits = digits * 10 + (uint64_t)(text.data[i] - '0');
        if (text.data[i] != '.')
            scale += has_room ? -(int64_t)is_fraction : !is_fraction;
    }
    struct str exponent = str_from(text, i + 1);
    bool is_small = str_starts_with(exponent, STR("-"));
    if (is_small || str_starts_with(exponent, STR("+")))
        exponent = str_from(exponent, 1);
    while (exponent.size > 1 && exponent.data[0] == '0')
        exponent = str_from(exponent, 1);
    uint64_t power = 0;
    if (exponent.size > 0 && !str_parse_u64(exponent, INT32_MAX, &power))
        power = INT32_MAX;
    scale += is_small ? -(int64_t)power : (int64_t)power;
    for (; scale > 0 && digits > 0 && digits < UINT32_MAX; scale--)
        digits *= 10;
    for (; scale < 0 && digits > 0; scale++)
        digits /= 10;
    *ret_is_negative = text.data[0] == '-' && digits > 0;
    *ret_ppm = digits;
    return true;
}
