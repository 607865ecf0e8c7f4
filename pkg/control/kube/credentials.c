#include "control/kube/credentials.h"

#include "control/kube/config.h"
#include "core/base/file.h"
#include "core/base/log.h"

/* A bundle of all public authorities has 220 KB; tokens with many audiences have 2 KB. */
#define FILE_SIZE_MAX ((size_t)1024 * 1024)

/* Replaces `*content` by the file's, or leaves it. */
static enum err read_into(struct str path, bool is_token, struct buf *content,
                          struct err_info *reterr)
{
    struct buf fresh;
    buf_init_secret(&fresh, FILE_SIZE_MAX);
    enum err e = file_read(path.data, &fresh, reterr);
    if (e == ERR_OK && is_token) {
        while (fresh.size > 0 && (unsigned char)fresh.data[fresh.size - 1] <= ' ')
            fresh.size--;
        if (!kube__is_token(buf_str(&fresh)))
            e = err_set(reterr, ERR_INVALID, "%s has characters that no token has", path.data);
    }
    if (e == ERR_OK && fresh.size == 0)
        e = err_set(reterr, ERR_INVALID, "%s is empty", path.data);
    if (e != ERR_OK) {
        buf_deinit(&fresh);
        return e;
    }
    buf_deinit(content);
    *content = fresh;
    return ERR_OK;
}

/* A value of the configuration, else its file. */
static enum err take(struct str value, struct str path, bool is_token, struct buf *content,
                     struct err_info *reterr)
{
    if (path.size > 0)
        return read_into(path, is_token, content, reterr);
    buf_clear(content);
    buf_append(content, value);
    return ERR_OK;
}

static enum err read_all(struct kube__credentials *c, struct err_info *reterr)
{
    const struct kube_config *config = c->config;
    enum err e = take(config->ca_pem, config->ca_file, false, &c->ca, reterr);
    if (e == ERR_OK)
        e = take(config->certificate_pem, config->certificate_file, false, &c->certificate, reterr);
    if (e == ERR_OK)
        e = take(config->key_pem, config->key_file, false, &c->key, reterr);
    if (e == ERR_OK)
        e = take(config->token, config->token_file, true, &c->token, reterr);
    return e;
}

enum err kube__credentials_init(struct kube__credentials *c, const struct kube_config *config,
                                uint64_t now_ms, struct err_info *reterr)
{
    *c = (struct kube__credentials){.config = config, .has_read = true, .read_ms = now_ms};
    buf_init_secret(&c->ca, FILE_SIZE_MAX);
    buf_init_secret(&c->certificate, FILE_SIZE_MAX);
    buf_init_secret(&c->key, FILE_SIZE_MAX);
    buf_init_secret(&c->token, FILE_SIZE_MAX);
    enum err e = read_all(c, reterr);
    if (e != ERR_OK)
        kube__credentials_deinit(c);
    return e;
}

void kube__credentials_deinit(struct kube__credentials *c)
{
    buf_deinit(&c->ca);
    buf_deinit(&c->certificate);
    buf_deinit(&c->key);
    buf_deinit(&c->token);
}

void kube__credentials_refresh(struct kube__credentials *c, uint64_t now_ms)
{
    if (c->has_read && now_ms - c->read_ms < KUBE__CREDENTIALS_MS)
        return;
    struct err_info reason = {.message = ""};
    c->has_read = true;
    c->read_ms = now_ms;
    if (read_all(c, &reason) != ERR_OK)
        LOG(LOG_DEBUG, "credentials kept", LOG_STR("reason", str_of(reason.message)));
}

void kube__credentials_refused(struct kube__credentials *c)
{
    c->has_read = false;
}
