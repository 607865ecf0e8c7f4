/* The server of WebSockets: listening, accepting, and what it presents. */
#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/pki/pki.h"
#include "core/web/socket.h"

static bool has_room(void *arg)
{
    const struct web_sockets *sockets = arg;
    return sockets->count < sockets->options.sockets_max;
}

static void on_connection_gone(struct web__owner *owner)
{
    struct web_sockets *sockets = CONTAINER_OF(owner, struct web_sockets, owner);
    ASSERT(sockets->count > 0);
    if (sockets->count-- == sockets->options.sockets_max)
        web__listener_resume(&sockets->listener);
}

static void on_accepted(void *arg, int fd)
{
    struct web_sockets *sockets = arg;
    sockets->count++;
    struct lws *wsi = lws_adopt_socket_vhost(sockets->host.vhost, fd);
    if (wsi == NULL) /* it has closed the descriptor */
        on_connection_gone(&sockets->owner);
    else
        lws_set_opaque_user_data(wsi, &sockets->owner);
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

/* Connections come in later turns, when there is a vhost. */
static enum err sockets_start(struct web_sockets *sockets, struct err_info *reterr)
{
    const struct web_sockets_options *options = &sockets->options;
    enum err err = pki_identity_new(options->certificates_pem, options->key_pem, &sockets->identity,
                                    reterr);
    if (err == ERR_OK)
        err = sockets_listen(sockets, reterr);
    if (err != ERR_OK)
        return err;
    err = web__host_open(&sockets->host);
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
    sockets->owner.ended = on_connection_gone;
    sockets->web = web;
    sockets->options = *options;
    sockets->host = (struct web__host){
        .web = web, .identity = &sockets->identity, .reterr = reterr};
    enum err err = sockets_start(sockets, reterr);
    if (err != ERR_OK) {
        web__sockets_free(sockets);
        return err;
    }
    sockets->next = web->sockets;
    web->sockets = sockets;
    *ret_sockets = sockets;
    return ERR_OK;
}

void web__sockets_free(struct web_sockets *sockets)
{
    sockets->identity = pki_identity_free(sockets->identity);
    mem_free(sockets);
}

uint16_t web_sockets_port(const struct web_sockets *sockets)
{
    return sockets->listener.port;
}

enum err web_sockets_identity(struct web_sockets *sockets, struct str certificates_pem,
                              struct str key_pem, struct err_info *reterr)
{
    struct pki_identity *identity = NULL;
    enum err err = pki_identity_new(certificates_pem, key_pem, &identity, reterr);
    if (err != ERR_OK)
        return err;
    sockets->identity = pki_identity_free(sockets->identity);
    sockets->identity = identity;
    return ERR_OK;
}
