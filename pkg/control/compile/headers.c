/* Stage 6: header fields that a rule sets, adds and removes.
 *
 * Filters of a rule follow each other: what one sets, a later one may set again, add to or set in
 * the place of. What is left says each thing once, in the order of the model: fields that are
 * removed, then set, then added. */
#include "control/compile/plan.h"
#include "core/http/http.h"

/* A rule changes at most as many fields in one direction: a message has no more. */
#define FIELDS_MAX ((size_t)100)

/* What is to be changed in one direction. */
struct fields {
    struct model_header *set;
    size_t set_count;
    struct model_header *add;
    size_t add_count;
    struct str *remove;
    size_t remove_count;
    struct str host; /* of requests: what was set by that name; or empty */
    bool is_full;    /* which has been said */
};

/* A filter that changes fields. */
struct place {
    struct compile__rule *rule;
    size_t filter;
    bool is_request;
    struct fields *fields;
};

/* "conf.http.rules[0].filters[1].request_header.set[2]". */
static struct str field_of(const struct place *place, const char *list, size_t index)
{
    struct arena *arena = place->rule->run->arena;
    const struct compile__words *words = place->rule->spec->words;
    struct str filter = compile__filter_field(place->rule, place->filter,
                                              place->is_request ? words->request_header
                                                                : words->response_header);
    return str_format(arena, "%.*s.%s[%zu]", STR_ARG(filter), list, index);
}

static struct str find(const struct place *place, enum finding_severity severity, const char *list,
                       size_t index, const char *message)
{
    const struct compile__rule *rule = place->rule;
    return compile__find(rule->run, severity, rule->route, rule->spec->filters[place->filter].mark,
                         field_of(place, list, index), "%s", message);
}

static void refuse(const struct place *place, const char *list, size_t index, const char *message)
{
    compile__rule_refuse(place->rule, STR("a header filter of the rule cannot be served"),
                         find(place, FINDING_ERROR, list, index, message));
}

/* ---- Names ---- */

static bool is_one_of(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(name, names[i]))
            return true;
    }
    return false;
}

/* What is of a connection or frames the message is never a filter's. */
static bool is_untouchable(struct str name, bool is_request)
{
    static const struct str of_connection[] = {
        STR_INIT("connection"),        STR_INIT("content-length"),   STR_INIT("expect"),
        STR_INIT("keep-alive"),        STR_INIT("proxy-connection"), STR_INIT("te"),
        STR_INIT("transfer-encoding"), STR_INIT("upgrade"),
    };
    if (is_one_of(name, of_connection, ARRAY_SIZE(of_connection)))
        return true;
    return str_equal(name, is_request ? STR("x-kuma-tags") : STR("server"));
}

static bool is_host(struct str name)
{
    return str_equal(name, STR("host")) || str_equal(name, STR(":authority"));
}

/* The name of the field; empty: it is not to be changed, which has been said. */
static struct str name_of(const struct place *place, const char *list, size_t index,
                          struct str spec)
{
    struct str name = str_copy_lower(spec, arena_text(place->rule->run->arena, spec.size));
    if (is_untouchable(name, place->is_request)) {
        (void)find(place, FINDING_WARNING, list, index,
                   "has no effect: the gateway alone says what is in this field");
        return STR_EMPTY;
    }
    if (!place->is_request && str_equal(name, STR(":authority"))) {
        refuse(place, list, index,
               "a response has no :authority; name another field; the rule answers 500");
        return STR_EMPTY;
    }
    return name;
}

/* ---- Values ---- */

/* As the access log's operators are written: "%NAME%", "%NAME(arguments)%", "%NAME(arguments):8%".
 * The size of the one that `text` begins with; 0: it begins with none. */
static size_t operator_size(struct str text)
{
    size_t at = 1;
    while (at < text.size &&
           ((text.data[at] >= 'A' && text.data[at] <= 'Z') || text.data[at] == '_'))
        at++;
    if (at == 1)
        return 0;
    if (at < text.size && text.data[at] == '(') {
        size_t end = str_find_char(str_from(text, at), ')');
        if (end == STR_NOT_FOUND)
            return 0;
        at += end + 1;
    }
    if (at < text.size && text.data[at] == ':') {
        do
            at++;
        while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9');
    }
    return at < text.size && text.data[at] == '%' ? at + 1 : 0;
}

/* What is sent: "%%" is a per cent sign, as is one that begins no operator. */
static struct str unescape(struct arena *arena, struct str spec, bool *ret_has_operator)
{
    char *bytes = arena_alloc(arena, spec.size, 1);
    size_t size = 0;
    for (size_t i = 0; i < spec.size;) {
        struct str rest = str_from(spec, i);
        size_t step = 1;
        size_t kept = 1;
        if (str_starts_with(rest, STR("%%"))) {
            step = 2;
        } else if (rest.data[0] == '%' && operator_size(rest) > 0) {
            step = operator_size(rest);
            kept = step;
            *ret_has_operator = true;
        }
        memcpy(bytes + size, rest.data, kept);
        size += kept;
        i += step;
    }
    return str_make(bytes, size);
}

/* False: it cannot be sent, which has been said. */
static bool read_value(const struct place *place, const char *list, size_t index, struct str spec,
                       struct str *ret_value)
{
    bool has_operator = false;
    *ret_value = spec;
    if (str_find_char(spec, '%') != STR_NOT_FOUND)
        *ret_value = unescape(place->rule->run->arena, spec, &has_operator);
    if (!http_value_is_valid(*ret_value)) {
        refuse(place, list, index,
               "the value has a control character, such as the end of a line; the rule answers "
               "500");
        return false;
    }
    if (has_operator)
        (void)find(place, FINDING_WARNING, list, index,
                   "operators such as %REQ(:path)% are not replaced yet: the value is sent as it "
                   "is written; write %% for a per cent sign");
    return true;
}

/* ---- Changes ---- */

static const struct api_header_change *change_of(const struct api_filter *filter, bool is_request)
{
    bool is_request_filter = filter->type == API_FILTER_REQUEST_HEADER;
    if (!is_request_filter && filter->type != API_FILTER_RESPONSE_HEADER)
        return NULL;
    if (is_request_filter != is_request)
        return NULL;
    return is_request ? &filter->request_headers : &filter->response_headers;
}

/* With room for what the filters say, within the bound. */
static struct fields fields_new(const struct compile__rule *rule, bool is_request)
{
    struct fields most = {0};
    for (size_t i = 0; i < rule->spec->filter_count; i++) {
        const struct api_header_change *change = change_of(&rule->spec->filters[i], is_request);
        if (change == NULL)
            continue;
        most.set_count += change->set_count;
        most.add_count += change->add_count;
        most.remove_count += change->remove_count;
    }
    struct arena *arena = rule->run->arena;
    return (struct fields){
        .set = ARENA_NEW_ARRAY(arena, struct model_header, MIN(most.set_count, FIELDS_MAX)),
        .add = ARENA_NEW_ARRAY(arena, struct model_header, MIN(most.add_count, FIELDS_MAX)),
        .remove = ARENA_NEW_ARRAY(arena, struct str, MIN(most.remove_count, FIELDS_MAX)),
    };
}

static bool has_room(const struct place *place, const char *list, size_t index)
{
    struct fields *fields = place->fields;
    if (fields->set_count + fields->add_count + fields->remove_count < FIELDS_MAX)
        return true;
    if (!fields->is_full)
        refuse(place, list, index,
               "a rule changes at most 100 fields in one direction; the rule answers 500");
    fields->is_full = true;
    return false;
}

/* One that is set is there alone: what was added before is gone. */
static void set(struct fields *fields, struct model_header header)
{
    size_t kept = 0;
    for (size_t i = 0; i < fields->add_count; i++) {
        if (!str_equal(fields->add[i].name, header.name))
            fields->add[kept++] = fields->add[i];
    }
    fields->add_count = kept;
    size_t at = 0;
    while (at < fields->set_count && !str_equal(fields->set[at].name, header.name))
        at++;
    fields->set[at] = header;
    fields->set_count = MAX(fields->set_count, at + 1);
}

static void set_host(const struct place *place, size_t index, struct str value)
{
    if (http_authority_is_valid(value))
        place->fields->host = value;
    else
        refuse(place, "set", index,
               "the value is no host name and no address, with or without a port; the rule "
               "answers 500");
}

static void change_sets(const struct place *place, const struct api_header_change *change)
{
    for (size_t i = 0; i < change->set_count; i++) {
        struct model_header header = {
            .name = name_of(place, "set", i, change->set[i].name),
        };
        if (header.name.size == 0 ||
            !read_value(place, "set", i, change->set[i].value, &header.value))
            continue;
        if (place->is_request && is_host(header.name))
            set_host(place, i, header.value);
        else if (has_room(place, "set", i))
            set(place->fields, header);
    }
}

static void change_adds(const struct place *place, const struct api_header_change *change)
{
    for (size_t i = 0; i < change->add_count; i++) {
        struct model_header header = {
            .name = name_of(place, "add", i, change->add[i].name),
        };
        if (header.name.size == 0 ||
            !read_value(place, "add", i, change->add[i].value, &header.value))
            continue;
        if (place->is_request && is_host(header.name))
            refuse(place, "add", i,
                   "a request has one Host: write it under set, or rewrite it with "
                   "hostToBackendHostname; the rule answers 500");
        else if (has_room(place, "add", i))
            place->fields->add[place->fields->add_count++] = header;
    }
}

static bool is_removed(const struct fields *fields, struct str name)
{
    return is_one_of(name, fields->remove, fields->remove_count);
}

static void change_removes(const struct place *place, const struct api_header_change *change)
{
    struct fields *fields = place->fields;
    for (size_t i = 0; i < change->remove_count; i++) {
        struct str name = name_of(place, "remove", i, change->remove[i]);
        if (name.size == 0 || is_removed(fields, name))
            continue;
        if (place->is_request && is_host(name))
            refuse(place, "remove", i,
                   "a request has to have a Host: to send another, write it under set, or rewrite "
                   "it with hostToBackendHostname; the rule answers 500");
        else if (has_room(place, "remove", i))
            fields->remove[fields->remove_count++] = name;
    }
}

/* What is set is replaced anyway. */
static void drop_needless_removes(struct fields *fields)
{
    size_t kept = 0;
    for (size_t i = 0; i < fields->remove_count; i++) {
        size_t at = 0;
        while (at < fields->set_count && !str_equal(fields->set[at].name, fields->remove[i]))
            at++;
        if (at == fields->set_count)
            fields->remove[kept++] = fields->remove[i];
    }
    fields->remove_count = kept;
}

/* As they are written: "name: value", and the end of the line. */
static size_t size_of(const struct model_header *headers, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += headers[i].name.size + headers[i].value.size + 4;
    return size;
}

static void limit_size(struct compile__rule *rule, const struct fields *fields, bool is_request)
{
    size_t size = size_of(fields->set, fields->set_count) + size_of(fields->add, fields->add_count);
    if (size <= MODEL_HEADERS_MAX)
        return;
    compile__rule_refuse(
        rule, STR("a header filter of the rule cannot be served"),
        compile__find(rule->run, FINDING_ERROR, rule->route, rule->spec->mark,
                      str_format(rule->run->arena, "%.*s.filters",
                                 STR_ARG(compile__spec_inner(rule->run->arena, rule->spec))),
                      "the fields that are set and added to %s take %zu bytes, more than %zu; the "
                      "rule answers 500",
                      is_request ? "requests" : "responses", size, MODEL_HEADERS_MAX));
}

struct model_header_change compile__plan_headers(struct compile__rule *rule, bool is_request,
                                                 struct str *ret_host)
{
    struct fields fields = fields_new(rule, is_request);
    for (size_t i = 0; i < rule->spec->filter_count; i++) {
        const struct api_header_change *change = change_of(&rule->spec->filters[i], is_request);
        const struct place place = {rule, i, is_request, &fields};
        if (change == NULL)
            continue;
        change_sets(&place, change);
        change_adds(&place, change);
        change_removes(&place, change);
    }
    drop_needless_removes(&fields);
    limit_size(rule, &fields, is_request);
    *ret_host = fields.host;
    return (struct model_header_change){
        .set = fields.set,
        .set_count = fields.set_count,
        .add = fields.add,
        .add_count = fields.add_count,
        .remove = {fields.remove, fields.remove_count},
    };
}
