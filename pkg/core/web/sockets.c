/* The server of WebSockets: listening, accepting, and the certificates that it has had. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "core/web/socket.h"

void web__sockets_accept(struct web_sockets *sockets)
{
    while (sockets->count < sockets->options.sockets_max) {
        int fd = web__accept_next(sockets->fd);
        if (fd == -1)
            return; /* none left, or one that has gone again: the loop comes back if there is more
                     */
        sockets->count++;
        struct lws *wsi = lws_adopt_socket_vhost(sockets->host->vhost, fd);
        sockets->host->uses++; /* as long as the connection lives */
        if (wsi == NULL)       /* it has closed the descriptor */
            web__sockets_ended(&sockets->host->owner);
        else
            lws_set_opaque_user_data(wsi, &sockets->host->owner);
    }
    loop_fd_set(sockets->watch, 0);
}

void web__sockets_ended(struct web__owner *owner)
{
    struct web__host *host = CONTAINER_OF(owner, struct web__host, owner);
    struct web_sockets *sockets = host->sockets;
    web__host_release(host);
    ASSERT(sockets->count > 0);
    if (sockets->count-- == sockets->options.sockets_max && sockets->watch != NULL)
        loop_fd_set(sockets->watch, LOOP_READ);
}

static void on_readable(void *arg, unsigned events)
{
    (void)events; /* only reading was asked for */
    web__sockets_accept(arg);
}

static enum err host_make(struct web_sockets *sockets, struct str certificates_pem,
                          struct str key_pem, struct web__host **ret_host, struct err_info *reterr)
{
    struct web__host *host = MEM_NEW(struct web__host);
    host->owner.ended = web__sockets_ended;
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
    enum err err = web__listen(sockets->options.address, sockets->options.port, &sockets->fd,
                               &sockets->port, reterr);
    if (err != ERR_OK)
        return err;
    sockets->watch = loop_fd_open(sockets->web->loop, sockets->fd, LOOP_READ, on_readable, sockets);
    if (sockets->watch != NULL)
        return ERR_OK;
    err = err_set_errno(reterr, "cannot watch port %u", (unsigned)sockets->port);
    (void)close(sockets->fd); /* nothing was written */
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
    return sockets->port;
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

void web__sockets_close(struct web_sockets *sockets)
{
    sockets->watch = loop_fd_close(sockets->watch);
    (void)close(sockets->fd); /* nothing was written */
}
