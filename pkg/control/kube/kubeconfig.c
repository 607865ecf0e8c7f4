/* The kubeconfig: named clusters and users, and contexts that pair them, in YAML.
 *
 * Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
#include <limits.h>

#include "control/kube/config.h"
#include "core/base/base64.h"
#include "core/base/file.h"
#include "core/yaml/yaml.h"

/* Some kilobytes for each cluster. */
#define KUBECONFIG_SIZE_MAX ((size_t)1024 * 1024)

/* A kubeconfig that is being read. */
struct reader {
    struct arena *arena; /* of the tree, which holds keys: wiped */
    const struct jv *root;
    struct kube_config *config;
    struct str directory;
    struct err_info *reterr;
};

/* An entry of one of the lists: "users[2].user". */
struct entry {
    const struct jv *fields;
    struct str path;
};

/* A field may be absent or null; else it is a string. */
static enum err text_take(const struct reader *r, const struct entry *entry, struct str name,
                          struct str *ret_text)
{
    const struct jv *value = jv_get(entry->fields, name);
    if (value == NULL || value->type == JV_NULL)
        return ERR_OK;
    if (value->type == JV_STRING) {
        *ret_text = str_dup(r->config->arena, value->text);
        return ERR_OK;
    }
    enum err e = err_set(r->reterr, ERR_INVALID, "must be a string, not %s",
                         jv_type_name(value->type));
    err_prefix(r->reterr, name);
    err_prefix(r->reterr, entry->path);
    return e;
}

/* The value of `name` is base64. */
static enum err data_take(const struct reader *r, const struct entry *entry, struct str name,
                          struct str *ret_bytes)
{
    struct str text = STR_EMPTY;
    enum err e = text_take(r, entry, name, &text);
    if (e != ERR_OK || text.size == 0)
        return e;
    if (base64_decode(r->config->arena, text, ret_bytes) == ERR_OK)
        return ERR_OK;
    e = err_set(r->reterr, ERR_INVALID, "is not base64 (with + and /, padded with =)");
    err_prefix(r->reterr, name);
    err_prefix(r->reterr, entry->path);
    return e;
}

/* A path that is relative is so to the kubeconfig. */
static enum err path_take(const struct reader *r, const struct entry *entry, struct str name,
                          struct str *ret_path)
{
    struct str text = STR_EMPTY;
    enum err e = text_take(r, entry, name, &text);
    if (e != ERR_OK || text.size == 0)
        return e;
    if (text.data[0] == '/' || r->directory.size == 0)
        *ret_path = text;
    else
        *ret_path = str_format(r->config->arena, "%.*s/%s", STR_ARG(r->directory), text.data);
    return ERR_OK;
}

/* The text in `data`, else the path in `file`: kubectl prefers the data, too. */
static enum err pem_take(const struct reader *r, const struct entry *entry, struct str field,
                         struct str *ret_pem, struct str *ret_file)
{
    struct str data_name = str_format(r->arena, "%.*s-data", STR_ARG(field));
    enum err e = data_take(r, entry, data_name, ret_pem);
    if (e == ERR_OK && ret_pem->size == 0)
        e = path_take(r, entry, field, ret_file);
    return e;
}

/* Finds the entry of `list` that is called `name`: its fields stand under `member`. */
static enum err entry_find(const struct reader *r, struct str list, struct str member,
                           struct str name, struct entry *ret_entry)
{
    const struct jv *entries = jv_get(r->root, list);
    size_t count = jv_item_count(entries);
    for (size_t i = 0; i < count; i++) {
        const struct jv *fields = jv_get(entries->items[i], member);
        if (!str_equal(jv_text(jv_get(entries->items[i], STR("name"))), name))
            continue;
        ret_entry->path = str_format(r->arena, "%.*s[%zu].%.*s", STR_ARG(list), i, STR_ARG(member));
        ret_entry->fields = fields;
        if (fields != NULL && fields->type == JV_OBJECT)
            return ERR_OK;
        enum err e = err_set(r->reterr, ERR_INVALID, "must be an object");
        err_prefix(r->reterr, ret_entry->path);
        return e;
    }
    enum err e = err_set(r->reterr, ERR_NOT_FOUND, "has no entry with the name \"%.*s\"",
                         STR_ARG(name));
    err_prefix(r->reterr, list);
    return e;
}

static enum err wrong(const struct reader *r, const struct entry *entry, struct str field,
                      const char *message)
{
    enum err e = err_set(r->reterr, ERR_INVALID, "%s", message);
    err_prefix(r->reterr, field);
    err_prefix(r->reterr, entry->path);
    return e;
}

static enum err server_take(const struct reader *r, const struct entry *cluster)
{
    struct kube_config *config = r->config;
    enum err e = text_take(r, cluster, STR("server"), &config->server);
    if (e != ERR_OK)
        return e;
    if (!str_starts_with(config->server, STR("https://")) &&
        !str_starts_with(config->server, STR("http://")))
        return wrong(r, cluster, STR("server"), "must begin with https:// or http://");
    for (size_t i = 0; i < config->server.size; i++) {
        unsigned char c = (unsigned char)config->server.data[i];
        if (c <= ' ' || c > '~' || c == '?' || c == '#')
            return wrong(r, cluster, STR("server"), "must be an address without a query");
    }
    while (str_ends_with(config->server, STR("/")))
        config->server.size--;
    config->server = str_dup(config->arena, config->server);
    return ERR_OK;
}

static enum err cluster_take(const struct reader *r, struct str name)
{
    struct kube_config *config = r->config;
    struct entry cluster;
    enum err e = entry_find(r, STR("clusters"), STR("cluster"), name, &cluster);
    if (e == ERR_OK)
        e = server_take(r, &cluster);
    if (e == ERR_OK)
        e = text_take(r, &cluster, STR("tls-server-name"), &config->server_name);
    if (e == ERR_OK)
        e = text_take(r, &cluster, STR("proxy-url"), &config->proxy);
    if (e == ERR_OK)
        e = pem_take(r, &cluster, STR("certificate-authority"), &config->ca_pem, &config->ca_file);
    if (e != ERR_OK)
        return e;
    const struct jv *insecure = jv_get(cluster.fields, STR("insecure-skip-tls-verify"));
    if (insecure != NULL && insecure->type != JV_BOOL && insecure->type != JV_NULL)
        return wrong(r, &cluster, STR("insecure-skip-tls-verify"), "must be true or false");
    config->insecure = insecure != NULL && insecure->boolean;
    return ERR_OK;
}

/* Ways to log in that we do not have. */
static enum err refuse_others(const struct reader *r, const struct entry *user)
{
    static const struct {
        struct str field;
        const char *message;
    } others[] = {
        {STR_INIT("exec"), "is not supported: credentials come from no program; use a token or a "
                           "client certificate"},
        {STR_INIT("auth-provider"), "is not supported; use a token or a client certificate"},
        {STR_INIT("username"), "is not supported, nor is it by Kubernetes since 1.19; use a token "
                               "or a client certificate"},
        {STR_INIT("as"), "is not supported: impersonation is for people"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        const struct jv *value = jv_get(user->fields, others[i].field);
        if (value != NULL && value->type != JV_NULL)
            return wrong(r, user, others[i].field, others[i].message);
    }
    return ERR_OK;
}

bool kube__is_token(struct str token)
{
    for (size_t i = 0; i < token.size; i++) {
        unsigned char c = (unsigned char)token.data[i];
        if (c <= ' ' || c > '~')
            return false;
    }
    return true;
}

static enum err user_take(const struct reader *r, struct str name)
{
    struct kube_config *config = r->config;
    struct entry user;
    enum err e = entry_find(r, STR("users"), STR("user"), name, &user);
    if (e == ERR_OK)
        e = refuse_others(r, &user);
    if (e == ERR_OK)
        e = pem_take(r, &user, STR("client-certificate"), &config->certificate_pem,
                     &config->certificate_file);
    if (e == ERR_OK)
        e = pem_take(r, &user, STR("client-key"), &config->key_pem, &config->key_file);
    if (e == ERR_OK)
        e = path_take(r, &user, STR("tokenFile"), &config->token_file);
    if (e == ERR_OK && config->token_file.size == 0)
        e = text_take(r, &user, STR("token"), &config->token);
    if (e != ERR_OK)
        return e;
    if (!kube__is_token(config->token))
        return wrong(r, &user, STR("token"), "has characters that no token has");
    bool has_certificate = config->certificate_pem.size > 0 || config->certificate_file.size > 0;
    bool has_key = config->key_pem.size > 0 || config->key_file.size > 0;
    if (has_certificate != has_key)
        return wrong(r, &user, has_key ? STR("client-certificate") : STR("client-key"),
                     "is missing: certificate and key belong together");
    return ERR_OK;
}

static enum err context_take(const struct reader *r, struct str name)
{
    struct entry context;
    struct str cluster = STR_EMPTY;
    struct str user = STR_EMPTY;
    enum err e = entry_find(r, STR("contexts"), STR("context"), name, &context);
    if (e == ERR_OK)
        e = text_take(r, &context, STR("cluster"), &cluster);
    if (e == ERR_OK)
        e = text_take(r, &context, STR("user"), &user);
    if (e == ERR_OK)
        e = text_take(r, &context, STR("namespace"), &r->config->name_space);
    if (e == ERR_OK)
        e = cluster_take(r, cluster);
    if (e == ERR_OK && user.size > 0)
        e = user_take(r, user);
    if (e != ERR_OK)
        return e;
    if (str_starts_with(r->config->server, STR("http://")) &&
        (r->config->token.size > 0 || r->config->token_file.size > 0))
        return wrong(r, &context, STR("cluster"),
                     "has a server without TLS, to which no token is sent");
    return ERR_OK;
}

static enum err root_take(struct reader *r, struct str text, struct str context)
{
    struct yaml_stream stream;
    struct yaml_error error = {.message = ""};
    enum err e = yaml_parse(r->arena, text, &stream, &error);
    if (e != ERR_OK)
        return err_set(r->reterr, e, "line %u, column %u: %s", (unsigned)error.mark.line,
                       (unsigned)error.mark.column, error.message);
    if (stream.count != 1 || stream.documents[0]->type != JV_OBJECT)
        return err_set(r->reterr, ERR_INVALID, "is no kubeconfig: it has to be one object");
    r->root = stream.documents[0];
    if (context.size == 0)
        context = jv_text(jv_get(r->root, STR("current-context")));
    if (context.size > 0)
        return context_take(r, context);
    e = err_set(r->reterr, ERR_INVALID, "is empty: name a context");
    err_prefix(r->reterr, STR("current-context"));
    return e;
}

enum err kube_config_parse(struct str text, struct str directory, struct str context,
                           struct kube_config **ret_config, struct err_info *reterr)
{
    struct kube_config *config CLEANUP(kube_config_free) = kube__config_new();
    struct reader reader = {
        .arena = arena_new(4096),
        .config = config,
        .directory = directory,
        .reterr = reterr,
    };
    enum err e = root_take(&reader, text, context);
    reader.arena = arena_free_wiped(reader.arena);
    if (e == ERR_OK)
        *ret_config = TAKE(config);
    return e;
}

/* "FILE: FIELD: MESSAGE", whatever went wrong. */
static enum err in_file(const char *path, enum err e, const struct err_info *reason,
                        struct err_info *reterr)
{
    const char *colon = reason->path[0] == '\0' ? "" : ": ";
    return err_set(reterr, e, "%s: %s%s%s", path, reason->path, colon, reason->message);
}

enum err kube_config_read(const char *path, struct str context, struct kube_config **ret_config,
                          struct err_info *reterr)
{
    struct err_info reason = {.message = ""};
    struct buf content;
    buf_init_secret(&content, KUBECONFIG_SIZE_MAX);
    enum err e = file_read(path, &content, &reason);
    if (e != ERR_OK) {
        buf_deinit(&content);
        return err_set(reterr, e, "%s", reason.message);
    }
    size_t slash = str_find_last_char(str_of(path), '/');
    struct str directory = slash == STR_NOT_FOUND ? STR_EMPTY : str_make(path, MAX(slash, 1U));
    e = kube_config_parse(buf_str(&content), directory, context, ret_config, &reason);
    buf_deinit(&content);
    return e == ERR_OK ? e : in_file(path, e, &reason, reterr);
}
