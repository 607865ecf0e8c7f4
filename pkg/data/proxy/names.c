/* Names of back ends: what the main thread hears of them, and what it says. */
#include "core/base/assert.h"
#include "data/proxy/main.h"

/* More addresses are not shown in a line. */
#define SHOWN_SIZE_MAX 1024

static void addresses_print(const struct resolve_status *status, struct buf *buf)
{
    for (size_t i = 0; i < status->address_count; i++)
        buf_printf(buf, "%s%.*s", i > 0 ? " " : "", STR_ARG(status->addresses[i]));
}

static void say(const struct resolve_status *status)
{
    struct buf area;
    buf_init(&area, (size_t)DNS_ADDRESSES_MAX * NET_ADDRESS_TEXT_SIZE);
    addresses_print(status, &area);
    struct str addresses = str_first(buf_str(&area), SHOWN_SIZE_MAX);
    if (status->reason == NULL)
        LOG(LOG_INFO, "a back end was resolved", LOG_STR("name", status->name),
            LOG_STR("addresses", addresses));
    else if (status->address_count > 0)
        LOG(LOG_WARNING, "a back end is not resolved: its last addresses stay",
            LOG_STR("name", status->name), LOG_STR("reason", str_of(status->reason)),
            LOG_STR("addresses", addresses));
    else
        LOG(LOG_WARNING, "a back end is not resolved: it has no address",
            LOG_STR("name", status->name), LOG_STR("reason", str_of(status->reason)));
    buf_deinit(&area);
}

static void on_answered(void *arg, const struct resolve_status *status, bool is_news)
{
    struct proxy *proxy = arg;
    if (is_news)
        say(status);
    proxy__names_publish(proxy);
}

static void on_changed(void *arg)
{
    proxy__resolved(arg);
}

static void on_ready(void *arg)
{
    proxy__ready(arg);
}

enum err proxy__names_open(struct proxy *proxy, struct str server, struct err_info *reterr)
{
    struct dns_options options = {.loop = proxy->loop, .server = server};
    enum err result = dns_new(&options, &proxy->dns, reterr);
    if (result != ERR_OK)
        return result;
    struct resolve_options resolve = {
        .loop = proxy->loop,
        .dns = proxy->dns,
        .events = {.changed = on_changed, .ready = on_ready, .answered = on_answered, .arg = proxy},
    };
    proxy->resolve = resolve_new(&resolve);
    return ERR_OK;
}

void proxy__names_close(struct proxy *proxy)
{
    proxy->resolve = resolve_free(proxy->resolve);
    proxy->dns = dns_free(proxy->dns);
}
