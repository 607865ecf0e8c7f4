/* The server of WebSockets: listening, accepting, and the certificates that it has had. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/web/socket.h"

static bool has_room(void *arg)
{
    const struct web_sockets *sockets = arg;
    return sockets->count < sockets->options.sockets_max;
}

static void on_connection_gone(struct web__owner *owner)
{
    struct web__host *host = CONTAINER_OF(owner, struct web__host, owner);
    struct web_sockets *sockets = host->sockets;
    web__host_release(host);
    ASSERT(sockets->count > 0);
    if (sockets->count-- == sockets->options.sockets_max)
        web__listener_resume(&sockets->listener);
}

static void on_accepted(void *arg, int fd)
{
    struct web_sockets *sockets = arg;
    sockets->count++;
    sockets->host->uses++; /* as long as the connection lives */
    struct lws *wsi = lws_adopt_socket_vhost(sockets->host->vhost, fd);
    if (wsi == NULL) /* it has closed the descriptor */
        on_connection_gone(&sockets->host->owner);
    else
        lws_set_opaque_user_data(wsi, &sockets->host->owner);
}

static enum err host_make(struct web_sockets *sockets, struct str certificates_pem,
                          struct str key_pem, struct web__host **ret_host, struct err_info *reterr)
{
    struct web__host *host = MEM_NEW(struct web__host);
    host->owner.ended = on_connection_gone;
    host->web = sockets->web;
    host->sockets = sockets;
    host->uses = 1; /* of new connections */
    host->certificates_pem = certificates_pem;
    host->key_pem = key_pem;
    host->reterr = reterr;
    enum err err = web__host_open(host, LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX);
    if (err == ERR_OK)
        *ret_host = host;
    return err;
}

static enum err sockets_listen(struct web_sockets *sockets, struct err_info *reterr)
{
    const struct web_sockets_options *options = &sockets->options;
    sockets->listener = (struct web__listener){
        .loop = sockets->web->loop, .has_room = has_room, .accepted = on_accepted, .arg = sockets};
    enum err err = web__listener_open(&sockets->listener, options->address, options->port, reterr);
    if (err != ERR_OK)
        return err;
    err = web__listener_start(&sockets->listener, reterr);
    if (err != ERR_OK)
        web__listener_close(&sockets->listener);
    return err;
}

enum err web_sockets_open(struct web *web, const struct web_sockets_options *options,
                          struct web_sockets **ret_sockets, struct err_info *reterr)
{
    ASSERT(web->context != NULL && options->sockets_max > 0 &&
           options->sockets_max <= WEB_SOCKETS_MAX);
    struct web_sockets *sockets = MEM_NEW(struct web_sockets);
    sockets->web = web;
    sockets->options = *options;
    enum err err = host_make(sockets, options->certificates_pem, options->key_pem, &sockets->host,
                             reterr);
    if (err == ERR_OK) {
        err = sockets_listen(sockets, reterr);
        if (err != ERR_OK)
            web__host_release(sockets->host);
    }
    if (err != ERR_OK) {
        mem_free(sockets);
        return err;
    }
    sockets->next = web->sockets;
    web->sockets = sockets;
    *ret_sockets = sockets;
    return ERR_OK;
}

uint16_t web_sockets_port(const struct web_sockets *sockets)
{
    return sockets->listener.port;
}

enum err web_sockets_identity(struct web_sockets *sockets, struct str certificates_pem,
                              struct str key_pem, struct err_info *reterr)
{
    struct web__host *host = NULL;
    enum err err = host_make(sockets, certificates_pem, key_pem, &host, reterr);
    if (err != ERR_OK)
        return err;
    web__host_release(sockets->host);
    sockets->host = host;
    return ERR_OK;
}
