/* Secrets: one value in Universal, named entries in Kubernetes. */
#include "control/api/wrap.h"
#include "core/base/base64.h"

static const struct jv *encode(const struct api__wrapping *w, struct str bytes)
{
    struct buf text;
    buf_init_secret(&text, bytes.size * 2 + 4);
    base64_encode(bytes, &text);
    const struct jv *encoded = jv_string(w->arena, (struct jv_mark){0},
                                         str_dup(w->arena, buf_str(&text)));
    buf_deinit(&text);
    return encoded;
}

/* ---- Universal ---- */

static bool is_tls(const struct api__wrapping *w)
{
    return str_equal(jv_text(jv_get(w->document, STR("type"))), STR("kubernetes.io/tls"));
}

/* Says which of the entries are not part of the value. */
static void lose_entries(const struct api__wrapping *w, struct str map)
{
    struct api__members entries = {.arena = w->arena};
    api__members_add_all(&entries, jv_get(w->document, map));
    for (size_t i = 0; i < entries.count; i++) {
        struct str key = entries.items[i].key;
        bool is_used = is_tls(w) ? str_equal(key, STR("tls.key")) || str_equal(key, STR("tls.crt"))
                                 : str_equal(key, STR("value"));
        if (!is_used)
            api__wrap_lose(w, entries.items[i].mark,
                           str_format(w->arena, "%.*s[\"%.*s\"]", STR_ARG(map), STR_ARG(key)),
                           "is left out: in Universal a Secret has one value");
    }
}

/* What cannot be decoded stays as it is. */
static void add_value(const struct api__wrapping *w, struct api__members *members)
{
    const struct jv *entry = jv_get(jv_get(w->document, STR("data")), STR("value"));
    lose_entries(w, STR("data"));
    lose_entries(w, STR("stringData"));
    if (w->object->secret->data.size > 0 && !(is_tls(w) && w->object->broken))
        entry = encode(w, w->object->secret->data);
    api__members_add(members, STR("data"), entry);
}

/* ---- Kubernetes ---- */

static void add_entries(const struct api__wrapping *w, struct api__members *members)
{
    const struct api__printer p = {.arena = w->arena, .is_proto = true};
    struct api__members entries = {.arena = w->arena};
    const struct jv *fields = api__print(&p, w->document, &api__secret_table);
    api__members_add_text(members, STR("type"), STR("system.kuma.io/secret"));
    api__members_add(&entries, STR("value"), jv_get(fields, STR("data")));
    if (entries.count > 0)
        api__members_add(members, STR("data"), api__members_object(&entries, fields->mark));
}

/* Both envelopes alike: what the table knows, but for what stands around the fields. */
static void add_known(const struct api__wrapping *w, struct api__members *members)
{
    const struct api__printer p = {.arena = w->arena, .is_proto = w->to_universal};
    const struct api__table *table = w->to_universal ? &api__secret_table
                                                     : &api__kubernetes_secret_table;
    struct api__members known = {.arena = w->arena};
    api__members_add_all(&known, api__print(&p, w->document, table));
    for (size_t i = 0; i < known.count; i++) {
        struct str key = known.items[i].key;
        if (!str_equal(key, STR("apiVersion")) && !str_equal(key, STR("kind")) &&
            !str_equal(key, STR("metadata")))
            api__members_add(members, key, known.items[i].value);
    }
}

void api__wrap_secret(const struct api__wrapping *w, struct api__members *members)
{
    if (w->from_universal == w->to_universal)
        add_known(w, members);
    else if (w->to_universal)
        add_value(w, members);
    else
        add_entries(w, members);
}
