/* The documents. Members stand in the order of their names, which the writer insists on. */
#include "control/status/parts.h"

#include "core/base/clock.h"
#include "core/base/ip.h"

#define CHUNK_SIZE ((size_t)4096)

/* ---- What they have in common ---- */

static struct status__time time_of(uint64_t wall_ms)
{
    char text[CLOCK_TEXT_SIZE];
    struct status__time time;
    clock_format(wall_ms, text);
    memcpy(time.text, text, 19);
    memcpy(time.text + 19, "Z", 2);
    return time;
}

static void page_begin(struct status__page *page, const struct status_object *object,
                       struct buf *buf)
{
    *page = (struct status__page){
        .object = object,
        .arena = arena_new(CHUNK_SIZE),
        .now = time_of(object->now_ms),
    };
    const struct jv *previous = NULL;
    /* What stands there was written by anybody: what cannot be read counts as nothing. */
    if (object->previous.size > 0 &&
        jv_parse(page->arena, object->previous, JV_VALUES_MAX, &previous, NULL) == ERR_OK)
        page->previous = previous;
    jv_writer_init(&page->writer, buf);
    jv_write_object(&page->writer);
}

static void page_end(struct status__page *page)
{
    jv_write_end(&page->writer);
    page->arena = arena_free(page->arena);
}

/* ---- Kinds without more ---- */

void status_plain_print(const struct status_object *object, struct status_conditions conditions,
                        struct buf *buf)
{
    struct status__page page;
    page_begin(&page, object, buf);
    status__conditions_write(&page, conditions, page.previous);
    page_end(&page);
}

/* ---- MeshGateway ---- */

static void certificate_write(struct jv_writer *writer, const struct model_secret *secret)
{
    jv_write_object(writer);
    jv_write_key(writer, STR("dnsNames"));
    jv_write_array(writer);
    for (size_t i = 0; i < secret->dns_names.count; i++)
        jv_write_string(writer, secret->dns_names.items[i]);
    jv_write_end(writer);
    jv_write_member_string(writer, STR("fingerprint"), secret->fingerprint);
    jv_write_member_string(writer, STR("keyType"), secret->key_type);
    struct status__time after = time_of(secret->not_after_ms);
    jv_write_member_string(writer, STR("notAfter"), str_of(after.text));
    struct status__time before = time_of(secret->not_before_ms);
    jv_write_member_string(writer, STR("notBefore"), str_of(before.text));
    jv_write_end(writer);
}

/* The listener that stood at the same place of the status; NULL: there was none. */
static const struct jv *listener_before(const struct status__page *page,
                                        const struct status_listener *listener)
{
    const struct jv *list = jv_get(page->previous, STR("listeners"));
    for (size_t i = 0; i < jv_item_count(list); i++) {
        const struct jv *item = list->items[i];
        uint64_t port = 0;
        if (jv_u64(jv_get(item, STR("port")), UINT16_MAX, &port) && port == listener->port &&
            str_equal(jv_text(jv_get(item, STR("hostname"))), listener->hostname) &&
            str_equal(jv_text(jv_get(item, STR("protocol"))), listener->protocol))
            return item;
    }
    return NULL;
}

static void listener_write(struct status__page *page, const struct status_listener *listener)
{
    struct jv_writer *writer = &page->writer;
    jv_write_object(writer);
    jv_write_member_u64(writer, STR("attachedRoutes"), listener->attached_routes);
    if (listener->certificate_count > 0) {
        jv_write_key(writer, STR("certificates"));
        jv_write_array(writer);
        for (size_t i = 0; i < listener->certificate_count; i++)
            certificate_write(writer, listener->certificates[i]);
        jv_write_end(writer);
    }
    status__conditions_write(page, listener->conditions, listener_before(page, listener));
    jv_write_member_string(writer, STR("hostname"), listener->hostname);
    jv_write_member_u64(writer, STR("port"), listener->port);
    jv_write_member_string(writer, STR("protocol"), listener->protocol);
    jv_write_end(writer);
}

void status_gateway_print(const struct status_object *object, const struct status_gateway *gateway,
                          struct buf *buf)
{
    struct status__page page;
    page_begin(&page, object, buf);
    struct jv_writer *writer = &page.writer;
    status__conditions_write(&page, gateway->conditions, page.previous);
    jv_write_key(writer, STR("listeners"));
    jv_write_array(writer);
    for (size_t i = 0; i < gateway->listener_count; i++)
        listener_write(&page, &gateway->listeners[i]);
    jv_write_end(writer);
    jv_write_key(writer, STR("proxies"));
    jv_write_object(writer);
    jv_write_member_u64(writer, STR("programmed"), gateway->serves);
    jv_write_member_u64(writer, STR("ready"), gateway->ready);
    jv_write_end(writer);
    page_end(&page);
}

/* ---- MeshGatewayRoute ---- */

static const struct jv *parent_before(const struct status__page *page, struct str gateway)
{
    const struct jv *list = jv_get(page->previous, STR("parents"));
    for (size_t i = 0; i < jv_item_count(list); i++) {
        if (str_equal(jv_text(jv_get(list->items[i], STR("gateway"))), gateway))
            return list->items[i];
    }
    return NULL;
}

static void parent_write(struct status__page *page, const struct status_parent *parent)
{
    struct jv_writer *writer = &page->writer;
    jv_write_object(writer);
    jv_write_member_u64(writer, STR("attachedListeners"), parent->attached_listeners);
    status__conditions_write(page, parent->conditions, parent_before(page, parent->gateway));
    jv_write_member_string(writer, STR("gateway"), parent->gateway);
    jv_write_end(writer);
}

void status_route_print(const struct status_object *object, const struct status_route *route,
                        struct buf *buf)
{
    struct status__page page;
    page_begin(&page, object, buf);
    struct jv_writer *writer = &page.writer;
    status__conditions_write(&page, route->conditions, page.previous);
    jv_write_key(writer, STR("parents"));
    jv_write_array(writer);
    for (size_t i = 0; i < route->parent_count; i++)
        parent_write(&page, &route->parents[i]);
    jv_write_end(writer);
    page_end(&page);
}

/* ---- MeshGatewayInstance ---- */

static void address_write(struct jv_writer *writer, struct str address)
{
    jv_write_object(writer);
    jv_write_member_string(writer, STR("type"),
                           ip_is_address(address) ? STR("IPAddress") : STR("Hostname"));
    jv_write_member_string(writer, STR("value"), address);
    jv_write_end(writer);
}

void status_instance_print(const struct status_object *object,
                           const struct status_instance *instance, struct buf *buf)
{
    struct status__page page;
    page_begin(&page, object, buf);
    struct jv_writer *writer = &page.writer;
    jv_write_key(writer, STR("addresses"));
    jv_write_array(writer);
    for (size_t i = 0; i < instance->address_count; i++)
        address_write(writer, instance->addresses[i]);
    jv_write_end(writer);
    status__conditions_write(&page, instance->conditions, page.previous);
    if (instance->load_balancer != NULL) {
        jv_write_key(writer, STR("loadBalancer"));
        jv_write_value(writer, instance->load_balancer);
    }
    page_end(&page);
}

/* ---- Around them ---- */

void status_document_print(const struct status_object *object, struct str status, struct buf *buf)
{
    struct jv_writer writer;
    jv_writer_init(&writer, buf);
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("apiVersion"), STR("kuma.io/v1alpha1"));
    jv_write_member_string(&writer, STR("kind"), object->kind);
    jv_write_key(&writer, STR("metadata"));
    jv_write_object(&writer);
    jv_write_member_string(&writer, STR("name"), object->name);
    if (object->namespace.size > 0)
        jv_write_member_string(&writer, STR("namespace"), object->namespace);
    jv_write_end(&writer);
    jv_write_key(&writer, STR("status"));
    jv_write_canonical(&writer, status);
    jv_write_end(&writer);
}
