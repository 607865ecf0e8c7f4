/* Whether dataplanes may be members of their mesh. Nobody is kept out here: it is said. */
#include "control/compile/review.h"
#include "control/select/select.h"
#include "core/base/buf.h"

#define TEXT_MAX ((size_t)1024) /* of a message, which is cut there, too */

struct member {
    const struct api_object *dataplane;
    const struct api_object *mesh;
    struct finding_list *findings;
};

/* As Kuma writes tags: "a=b c=d". */
static void print_tags(struct api_tags tags, struct buf *buf)
{
    for (size_t i = 0; i < tags.count && !buf_overflowed(buf); i++)
        buf_printf(buf, "%s%.*s=%.*s", i == 0 ? "" : " ", STR_ARG(tags.items[i].name),
                   STR_ARG(tags.items[i].value));
}

static const struct api_selector *first_match(struct api_selectors selectors, struct api_tags tags)
{
    for (size_t i = 0; i < selectors.count; i++) {
        if (select_match(selectors.items[i].match, tags))
            return &selectors.items[i];
    }
    return NULL;
}

/* `restricted`: the tags that the mesh does not take; NULL: it requires others. */
static void report(const struct member *member, struct api_tags tags, struct finding_mark mark,
                   struct str field, const struct api_selector *restricted)
{
    struct buf buf;
    buf_init(&buf, TEXT_MAX);
    buf_printf(&buf, "dataplane cannot be a member of mesh \"%.*s\" because its tags \"",
               STR_ARG(member->mesh->key.name));
    print_tags(tags, &buf);
    if (restricted == NULL) {
        buf_append(&buf, STR("\" does not fulfill any requirements defined on the Mesh"));
    } else {
        buf_append(&buf, STR("\" matches restricted tags \""));
        print_tags(restricted->match, &buf);
        buf_append(&buf, STR("\" defined on the Mesh"));
    }
    struct finding_subject subject = api_subject(member->dataplane);
    finding_add(member->findings, FINDING_ERROR, &subject, mark, field, "%.*s",
                STR_ARG(buf_str(&buf)));
    buf_deinit(&buf);
}

static void check_tags(const struct member *member, struct api_tags tags, struct finding_mark mark,
                       struct str field)
{
    const struct api_mesh *mesh = member->mesh->mesh;
    const struct api_selector *restricted = first_match(mesh->restrictions, tags);
    if (mesh->requirements.count > 0 && first_match(mesh->requirements, tags) == NULL)
        report(member, tags, mark, field, NULL);
    else if (restricted != NULL)
        report(member, tags, mark, field, restricted);
}

static void check_dataplane(const struct member *member)
{
    const struct api_dataplane *dataplane = member->dataplane->dataplane;
    if (dataplane->gateway_tags.count > 0)
        check_tags(member, dataplane->gateway_tags, member->dataplane->mark,
                   STR("networking.gateway.tags"));
    struct arena *arena = arena_new(TEXT_MAX);
    for (size_t i = 0; i < dataplane->inbound_count; i++) {
        const struct api_inbound *inbound = &dataplane->inbounds[i];
        check_tags(member, inbound->tags, inbound->mark,
                   str_format(arena, "networking.inbound[%zu].tags", i));
    }
    arena = arena_free(arena);
}

void compile__check_member(const struct cache *cache, const struct api_object *dataplane,
                           struct finding_list *findings)
{
    const struct api_key key = {API_MESH, STR_EMPTY, dataplane->key.mesh};
    const struct member member = {dataplane, cache_find(cache, &key), findings};
    if (member.mesh != NULL && !member.mesh->broken)
        check_dataplane(&member);
}
