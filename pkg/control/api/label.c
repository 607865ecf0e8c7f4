/* Labels, in the words in which Kubernetes refuses them: Kuma relays these. */
#include "control/api/check.h"
#include "control/api/envelope.h"

#define PART_MAX   ((size_t)63)
#define PREFIX_MAX ((size_t)253)

#define QUALIFIED                                                                               \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " \
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "      \
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

/* Of letters, digits, "-", "_" and ".", with one of the first two at both ends. */
static bool is_word(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool is_end = i == 0 || i + 1 == text.size;
        bool is_mark = str_find_char(STR("-_."), text.data[i]) != STR_NOT_FOUND;
        if (!api__is_alphanumeric(text.data[i]) && (is_end || !is_mark))
            return false;
    }
    return text.size > 0;
}

static void check_prefix(struct api__decoder *d, const struct api__place *label, struct str prefix)
{
    if (prefix.size == 0) {
        api__error(d, label, "prefix part must be non-empty");
        return;
    }
    if (prefix.size > PREFIX_MAX)
        api__error(d, label, "prefix part must be no more than 253 characters");
    if (!api__is_domain(prefix))
        api__error(d, label, "prefix part " API__DOMAIN_RULE);
}

static void check_key(struct api__decoder *d, const struct api__place *label)
{
    struct str rest = label->name;
    struct str first = str_cut(&rest, '/');
    bool has_prefix = rest.data != NULL;
    struct str name = has_prefix ? rest : first;
    if (str_find_char(name, '/') != STR_NOT_FOUND) {
        api__error(d, label,
                   "a qualified name " QUALIFIED " with an optional DNS subdomain prefix and '/' "
                   "(e.g. 'example.com/MyName')");
        return;
    }
    if (has_prefix)
        check_prefix(d, label, first);
    if (name.size == 0)
        api__error(d, label, "name part must be non-empty");
    else if (name.size > PART_MAX)
        api__error(d, label, "name part must be no more than 63 characters");
    if (!is_word(name))
        api__error(d, label, "name part " QUALIFIED);
}

static void check_value(struct api__decoder *d, const struct api__place *label, struct str value)
{
    if (value.size > PART_MAX)
        api__error(d, label, "must be no more than 63 characters");
    if (value.size > 0 && !is_word(value))
        api__error(d, label,
                   "a valid label must be an empty string or consist of alphanumeric characters, "
                   "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
                   "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                   "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
}

struct api_tags api__read_labels(struct api__decoder *d, const struct jv *labels,
                                 api__label_fn keeps)
{
    if (labels == NULL || labels->type != JV_OBJECT)
        return (struct api_tags){0};
    struct api_tag *tags = ARENA_NEW_ARRAY(d->arena, struct api_tag, labels->count);
    size_t count = 0;
    for (size_t i = 0; i < labels->count; i++) {
        const struct jv_member *label = &labels->members[labels->sorted[i]];
        if (keeps == NULL || keeps(label))
            tags[count++] = (struct api_tag){str_dup(d->arena, label->key),
                                             str_dup(d->arena, jv_text(label->value))};
    }
    return (struct api_tags){tags, count};
}

void api__check_label_syntax(struct api__decoder *d, const struct api__envelope *e,
                             const struct api__place *root)
{
    struct api__place metadata = api__member(root, STR("metadata"));
    struct api__place labels = api__member(e->is_universal ? root : &metadata, STR("labels"));
    bool is_object = api__is_present(&labels) && labels.value->type == JV_OBJECT;
    if (api__is_present(&labels) && !is_object)
        api__error(d, &labels, "must be an object of strings, not %s",
                   jv_type_name(labels.value->type));
    for (size_t i = 0; is_object && i < labels.value->count && !api__is_full(d); i++) {
        struct api__place label = api__key(&labels, labels.value->members[i].key);
        check_key(d, &label);
        if (label.value->type == JV_STRING)
            check_value(d, &label, label.value->text);
        else if (label.value->type != JV_NULL)
            api__error(d, &label, "must be a string, not %s: write it in quotes",
                       jv_type_name(label.value->type));
    }
}
