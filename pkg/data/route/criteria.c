#include "data/route/criteria.h"

#include "core/base/assert.h"

struct route__answer {
    bool is_known;
    bool is_present;
    struct str value;
};

void route__questions_init(struct route__questions *questions)
{
    *questions = (struct route__questions){.fields = map_new(), .parameters = map_new()};
}

void route__questions_deinit(struct route__questions *questions)
{
    questions->fields = map_free(questions->fields);
    questions->parameters = map_free(questions->parameters);
}

static enum route__source source_of(enum http_name id)
{
    if (id == HTTP_NAME_HOST)
        return ROUTE__HOST;
    if (id == HTTP_NAME_X_FORWARDED_PROTO)
        return ROUTE__SCHEME;
    if (id == HTTP_NAME_X_ENVOY || id == HTTP_NAME_X_FORWARDED_CLIENT_CERT)
        return ROUTE__NOTHING;
    return ROUTE__FIELD;
}

const struct route__question *route__question_get(struct route__questions *questions,
                                                  struct arena *arena, struct str name,
                                                  bool is_parameter)
{
    struct map *map = is_parameter ? questions->parameters : questions->fields;
    struct route__question *question = map_get(map, name);
    if (question != NULL)
        return question;
    question = ARENA_NEW(arena, struct route__question);
    question->name = name;
    question->index = questions->count++;
    question->id = http_name_find(name);
    question->source = is_parameter ? ROUTE__PARAMETER : source_of(question->id);
    (void)map_set(map, name, question); /* looked up above: it replaces nothing */
    return question;
}

/* ---- Fields ---- */

static bool is_field(const struct route__question *question, const struct http_field *field)
{
    return field->id == question->id &&
           (field->id != HTTP_NAME_OTHER || str_equal_nocase(field->name, question->name));
}

/* The values of all fields of that name, the first of which is at `at`; `size` is their sum. */
static struct str join(const struct route__view *view, const struct route__question *question,
                       size_t at, size_t size)
{
    const struct http_fields *fields = &view->request->head->fields;
    char *text = arena_alloc(view->request->arena, size, 1);
    size_t used = 0;
    for (size_t i = at; i < fields->count; i++) {
        if (!is_field(question, &fields->items[i]))
            continue;
        struct str value = fields->items[i].value;
        if (i > at)
            text[used++] = ',';
        memcpy(text + used, value.data, value.size);
        used += value.size;
    }
    return str_make(text, used);
}

static void read_field(struct route__view *view, const struct route__question *question,
                       struct route__answer *answer)
{
    const struct http_fields *fields = &view->request->head->fields;
    size_t count = 0;
    size_t first = 0;
    size_t size = 0;
    for (size_t i = 0; i < fields->count; i++) {
        if (is_field(question, &fields->items[i])) {
            first = count++ == 0 ? i : first;
            size += fields->items[i].value.size + 1;
        }
    }
    answer->is_present = count > 0;
    if (count == 1)
        answer->value = fields->items[first].value;
    else if (count > 1)
        answer->value = join(view, question, first, size);
}

/* The target of a request overrides its Host. */
static void read_host(struct route__view *view, struct route__answer *answer)
{
    const struct http_request *head = view->request->head;
    answer->value = head->authority;
    answer->is_present = head->authority.size > 0 ||
                         http_fields_find(&head->fields, HTTP_NAME_HOST) != NULL;
}

/* ---- Parameters ---- */

/* Each parameter once, for all questions: of one name the first counts. */
static void read_query(struct route__view *view)
{
    struct str rest = view->request->head->query;
    while (rest.size > 0) {
        struct str value = str_cut(&rest, '&');
        struct str name = str_cut(&value, '=');
        const struct route__question *question = map_get(view->questions->parameters, name);
        struct route__answer *answer = question == NULL ? NULL : &view->answers[question->index];
        if (answer != NULL && !answer->is_present) {
            answer->is_present = true;
            answer->value = value;
        }
    }
    view->query_is_read = true;
}

/* ---- Answers ---- */

static void answer_read(struct route__view *view, const struct route__question *question,
                        struct route__answer *answer)
{
    answer->is_known = true;
    switch (question->source) {
    case ROUTE__PARAMETER:
        if (!view->query_is_read)
            read_query(view);
        return;
    case ROUTE__FIELD: read_field(view, question, answer); return;
    case ROUTE__HOST: read_host(view, answer); return;
    case ROUTE__SCHEME:
        answer->is_present = true;
        answer->value = view->protocol == MODEL_HTTPS ? STR("https") : STR("http");
        return;
    case ROUTE__NOTHING: return;
    }
    UNREACHABLE();
}

static const struct route__answer *answer_get(struct route__view *view,
                                              const struct route__question *question)
{
    if (view->answers == NULL)
        view->answers = ARENA_NEW_ARRAY(view->request->arena, struct route__answer,
                                        view->questions->count);
    struct route__answer *answer = &view->answers[question->index];
    if (!answer->is_known)
        answer_read(view, question, answer);
    return answer;
}

bool route__view_get(struct route__view *view, const struct route__question *question,
                     struct str *ret_value)
{
    const struct route__answer *answer = answer_get(view, question);
    if (answer->is_present)
        *ret_value = answer->value;
    return answer->is_present;
}

static bool check_passes(const struct route__check *check, struct route__view *view)
{
    const struct route__answer *answer = answer_get(view, check->question);
    const struct model_criterion *criterion = check->criterion;
    if (!answer->is_present)
        return criterion->match == MODEL_VALUE_ABSENT;
    switch (criterion->match) {
    case MODEL_VALUE_EXACT: return str_equal(answer->value, criterion->value);
    case MODEL_VALUE_PREFIX: return str_starts_with(answer->value, criterion->value);
    case MODEL_VALUE_REGEX: return regex_matches(check->regex, answer->value, &view->budget);
    case MODEL_VALUE_PRESENT: return true;
    case MODEL_VALUE_ABSENT: return false;
    }
    UNREACHABLE();
}

enum route_fate route__judge(const struct route__rule *rule, struct route__view *view,
                             const struct route__check **ret_check)
{
    const struct route_request *request = view->request;
    const struct model_rule *model = rule->model;
    view->budget.has_failed = false; /* of the rule before */
    if (rule->path_regex != NULL && !regex_matches(rule->path_regex, request->path, &view->budget))
        return view->budget.has_failed ? ROUTE_GIVEN_UP : ROUTE_OTHER_PATH;
    if (model->method.size > 0 && !str_equal(model->method, request->head->method_text))
        return ROUTE_OTHER_METHOD;
    size_t count = model->header_count + model->query_count;
    for (size_t i = 0; i < count; i++) {
        if (!check_passes(&rule->checks[i], view)) {
            *ret_check = &rule->checks[i];
            if (rule->checks[i].regex != NULL && view->budget.has_failed)
                return ROUTE_GIVEN_UP;
            return i < model->header_count ? ROUTE_OTHER_HEADER : ROUTE_OTHER_QUERY;
        }
    }
    return view->budget.is_spent ? ROUTE_GIVEN_UP : ROUTE_TAKES;
}
