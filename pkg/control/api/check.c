#include "control/api/check.h"

#define HOSTNAME_MAX 253

bool api__is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, digits and the characters of `others`. */
static bool consists_of(struct str s, struct str others)
{
    for (size_t i = 0; i < s.size; i++) {
        if (!api__is_alphanumeric(s.data[i]) && str_find_char(others, s.data[i]) == STR_NOT_FOUND)
            return false;
    }
    return true;
}

static bool is_reserved(struct str name)
{
    return str_equal(name, STR("kuma.io/external-service-name")) ||
           str_equal(name, STR("kuma.io/protocol")) || str_equal(name, STR("kuma.io/service")) ||
           str_equal(name, STR("kuma.io/zone"));
}

static void check_reserved(struct api__decoder *d, const struct api__place *place, struct str name,
                           unsigned rules)
{
    if ((rules & (API__TAGS_RESERVED | API__TAGS_OVERLAY)) == 0 || !is_reserved(name))
        return;
    if ((rules & API__TAGS_OVERLAY) != 0 && str_equal(name, STR("kuma.io/service")))
        api__warning(d, place,
                     "is used, but Kuma refuses this tag on a listener: "
                     "set another tag and select by that");
    else
        api__error(d, place, "tag name must not be \"%.*s\"", STR_ARG(name));
}

static void check_value(struct api__decoder *d, const struct api__place *place, struct str value,
                        unsigned rules)
{
    if (value.size == 0)
        api__error(d, place, "tag value must be non-empty");
    if ((rules & API__TAGS_SELECTOR) == 0) {
        if (!consists_of(value, STR(".-_:")))
            api__error(d, place,
                       "tag value must consist of alphanumeric characters, dots, dashes and "
                       "underscores");
    } else if (!consists_of(value, STR(".-_:/")) && !str_equal(value, STR("*"))) {
        api__error(d, place,
                   "tag value must consist of alphanumeric characters, dots, dashes, slashes and "
                   "underscores or be \"*\"");
    }
}

void api__check_tags(struct api__decoder *d, const struct api__place *place, struct api_tags tags,
                     unsigned rules)
{
    if ((rules & API__TAGS_SOME) != 0 && tags.count == 0)
        api__error(d, place, "must have at least one tag");
    for (size_t i = 0; i < tags.count; i++) {
        struct str name = tags.items[i].name;
        struct api__place tag = api__key(place, name);
        if (name.size == 0)
            api__error(d, place, "tag name must be non-empty");
        if (!consists_of(name, STR(".-_:/")))
            api__error(d, &tag,
                       "tag name must consist of alphanumeric characters, dots, dashes, slashes "
                       "and underscores");
        check_reserved(d, &tag, name, rules);
        check_value(d, &tag, tags.items[i].value, rules);
    }
    if ((rules & API__TAGS_SERVICE) != 0 && api_tags_find(tags, STR("kuma.io/service")) == NULL)
        api__error(d, place, "mandatory tag \"kuma.io/service\" is missing");
}

struct str api__known_protocol(struct str name)
{
    static const struct str protocols[] = {
        STR_INIT("http"), STR_INIT("http2"), STR_INIT("tcp"),   STR_INIT("tls"),
        STR_INIT("grpc"), STR_INIT("kafka"), STR_INIT("mysql"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        if (str_equal_nocase(protocols[i], name))
            return protocols[i];
    }
    return STR_EMPTY;
}

struct str api__supported_protocol(struct str name)
{
    struct str known = api__known_protocol(name);
    bool is_unserved = str_equal(known, STR("tls")) || str_equal(known, STR("mysql"));
    return is_unserved ? STR_EMPTY : known;
}

void api__check_protocol(struct api__decoder *d, const struct api__place *place,
                         struct api_tags tags)
{
    const struct str *value = api_tags_find(tags, STR("kuma.io/protocol"));
    if (value == NULL || api__supported_protocol(*value).size > 0)
        return;
    struct api__place tag = api__key(place, STR("kuma.io/protocol"));
    api__error(d, &tag,
               "tag \"kuma.io/protocol\" has an invalid value \"%.*s\". "
               "Allowed values: grpc, http, http2, kafka, tcp",
               STR_ARG(*value));
}

void api__check_selectors(struct api__decoder *d, const struct api__place *place,
                          struct api_selectors selectors)
{
    if (selectors.count == 0)
        api__error(d, place, "must have at least one element");
    for (size_t i = 0; i < selectors.count; i++) {
        struct api__place selector = api__item(place, i);
        struct api__place match = api__member(&selector, STR("match"));
        api__check_tags(d, &match, selectors.items[i].match,
                        API__TAGS_SELECTOR | API__TAGS_SOME | API__TAGS_SERVICE);
    }
}

void api__check_port(struct api__decoder *d, const struct api__place *place, struct str member,
                     uint32_t port)
{
    if (port == 0 || port > UINT16_MAX)
        api__error_in(d, place, member, "port must be in the range [1, 65535]");
}

static bool is_label(struct str label)
{
    if (label.size == 0 || label.data[0] == '-' || label.data[label.size - 1] == '-')
        return false;
    for (size_t i = 0; i < label.size; i++) {
        char c = label.data[i];
        if (!api__is_alphanumeric(c) && c != '-')
            return false;
        if (c >= 'A' && c <= 'Z')
            return false;
    }
    return true;
}

bool api__is_domain(struct str name)
{
    while (name.data != NULL) {
        if (!is_label(str_cut(&name, '.')))
            return false;
    }
    return true;
}

/* What Kuma says of a name that is no listener's, or NULL. */
static const char *hostname_problem(struct str name)
{
    if (name.size == 0 || str_equal(name, STR("*")))
        return NULL;
    if (str_starts_with(name, STR("*.")))
        return api__is_domain(str_from(name, 2)) ? NULL : "invalid wildcard domain";
    return api__is_domain(name) ? NULL : "invalid hostname";
}

/* What its author has to write instead. */
static const char *hostname_remedy(struct str name)
{
    bool has_upper = false;
    for (size_t i = 0; i < name.size; i++) {
        if (memchr(":/?#", name.data[i], 4) != NULL)
            return "write the name alone, without scheme, port and path";
        if (name.data[i] == '*' && i > 0)
            return "a wildcard is * or begins with *., for all names below";
        has_upper = has_upper || (name.data[i] >= 'A' && name.data[i] <= 'Z');
    }
    if (name.data[0] == '*')
        return "a wildcard is * or begins with *., for all names below";
    return has_upper ? "write it in lower case"
                     : "labels of a-z, 0-9 and - are joined by dots, and neither begin nor end "
                       "with -";
}

void api__check_absolute(struct api__decoder *d, const struct api__place *place, struct str path)
{
    if (path.size == 0)
        api__error(d, place, "must be an absolute path; it begins with /");
    else if (!str_starts_with(path, STR("/")))
        api__error(d, place, "must be an absolute path; write /%.*s",
                   STR_ARG(str_first(path, API__QUOTED_MAX)));
}

void api__check_hostname(struct api__decoder *d, const struct api__place *place, struct str name)
{
    const char *problem = hostname_problem(name);
    if (name.size > HOSTNAME_MAX)
        api__error(d, place, "must be at most 253 characters");
    if (problem != NULL)
        api__error(d, place, "%s; %s", problem, hostname_remedy(name));
}

const struct str *api__read_hostnames(struct api__decoder *d, const struct api__place *list,
                                      const struct str *names, size_t count)
{
    struct str *lower = ARENA_NEW_ARRAY(d->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct api__place place = api__item(list, i);
        lower[i] = str_copy_lower(names[i], arena_text(d->arena, names[i].size));
        const char *problem = hostname_problem(lower[i]);
        if (problem != NULL)
            api__warning(d, &place, "matches no request: %s; %s", problem,
                         hostname_remedy(lower[i]));
        else if (lower[i].size > HOSTNAME_MAX)
            api__warning(d, &place, "matches no request: it is longer than 253 characters");
    }
    return lower;
}

static const struct api__field selector_fields[] = {
    API__FIELD("match", TAGS, API__AT(struct api_selector, match), API__TAGS_BOUNDS),
};
const struct api__table api__selector_table = API__TABLE(
    selector_fields, struct api_selector, .mark = offsetof(struct api_selector, mark));
