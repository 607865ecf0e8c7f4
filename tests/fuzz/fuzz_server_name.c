/* Any bytes as the content of a ClientHello's server_name extension, inside a ClientHello that is
 * otherwise good, through the TLS filter as the data plane uses it. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/assert.h"
#include "core/loop/loop.h"
#include "core/net/net.h"

#define INPUT_MAX ((size_t)1000)

/* The bottom of the stack: gives the ClientHello once, swallows what is written. */
struct source {
    struct net_filter filter;
    unsigned char hello[INPUT_MAX + 128];
    size_t size;
    size_t read;
    size_t written;
};

static struct source *source_of(struct net_filter *filter)
{
    return CONTAINER_OF(filter, struct source, filter);
}

static enum err source_read(struct net_filter *filter, void *data, size_t size, size_t *ret_size)
{
    struct source *source = source_of(filter);
    size_t take = MIN(size, source->size - source->read);
    filter->wants = LOOP_READ;
    if (take == 0)
        return ERR_AGAIN;
    memcpy(data, source->hello + source->read, take);
    source->read += take;
    *ret_size = take;
    return ERR_OK;
}

static enum err source_writev(struct net_filter *filter, const struct iovec *parts, int count,
                              size_t *ret_size)
{
    ASSERT(count == 1);
    source_of(filter)->written += parts[0].iov_len;
    *ret_size = parts[0].iov_len;
    return ERR_OK;
}

static void source_free(struct net_filter *filter)
{
    (void)filter; /* on the stack */
}

static const struct net_filter_type source_type = {
    .name = "source",
    .read = source_read,
    .writev = source_writev,
    .free = source_free,
};

static void put(struct source *source, const void *data, size_t size)
{
    memcpy(source->hello + source->size, data, size);
    source->size += size;
}

static void put_u16(struct source *source, size_t value)
{
    const unsigned char bytes[] = {(unsigned char)(value >> 8), (unsigned char)value};
    put(source, bytes, sizeof(bytes));
}

/* RFC 5246 section 7.4.1.2: one suite, one extension. */
static void put_hello(struct source *source, const uint8_t *extension, size_t size)
{
    static const unsigned char version_and_random[34] = {3, 3};
    size_t body = sizeof(version_and_random) + 1 + 4 + 2 + 2 + 4 + size;
    put(source, "\x16\x03\x01", 3);
    put_u16(source, 4 + body);
    put(source, "\x01\x00", 2);
    put_u16(source, body);
    put(source, version_and_random, sizeof(version_and_random));
    put(source, "\0\0\x02\xc0\x2f\x01\0", 7); /* no session, one suite, no compression */
    put_u16(source, 4 + size);
    put_u16(source, 0); /* server_name */
    put_u16(source, size);
    put(source, extension, size);
}

static struct net_tls_context *select_none(void *arg, struct str name)
{
    *(bool *)arg = true;
    ASSERT(name.size > 0 && name.size <= NET_TLS_SERVER_NAME_MAX);
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        ASSERT(c > ' ' && c <= '~' && !(c >= 'A' && c <= 'Z'));
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct net_tls_server *server;
    if (server == NULL)
        ASSERT(net_tls_server_new(NULL, NULL, &server, NULL) == ERR_OK);
    struct source source = {.filter = {.type = &source_type}};
    put_hello(&source, data, MIN(size, INPUT_MAX));
    bool selected = false;
    struct net_filter *top = net_tls_filter_new(server, &source.filter,
                                                &(struct net_tls_selector){select_none, &selected});
    enum err e = net_handshake(top);
    /* A name that nothing serves ends without a byte, anything else with an alert. */
    ASSERT(e == (selected ? ERR_NOT_FOUND : ERR_PROTOCOL));
    ASSERT((source.written == 0) == selected);
    top = net_filter_free(top);
    return 0;
}
