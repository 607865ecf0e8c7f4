/* ExternalService: a back end outside of the mesh, by its tags. */
#include "control/api/check.h"
#include "control/api/kinds.h"
#include "core/base/host.h"
#include "core/base/ip.h"

/* What decoding needs besides the struct that stays. */
struct staged {
    struct api_external_service service; /* first: what is left of it */
    struct str address;
    bool skip_hostname_verification;
};

static const struct api__field tls_fields[] = {
    API__FIELD("enabled", BOOL, API__AT(struct staged, service.tls.enabled)),
    API__FIELD("caCert", OBJECT, API__AT(struct staged, service.tls.ca),
               .proto = STR_INIT("ca_cert"), .table = &api__data_source_table),
    API__FIELD("clientCert", OBJECT, API__AT(struct staged, service.tls.client_certificate),
               .proto = STR_INIT("client_cert"), .table = &api__data_source_table),
    API__FIELD("clientKey", OBJECT, API__AT(struct staged, service.tls.client_key),
               .proto = STR_INIT("client_key"), .table = &api__data_source_table),
    API__FIELD("allowRenegotiation", BOOL, API__AT(struct staged, service.tls.allow_renegotiation),
               .presence = API__OF_FIELD),
    API__FIELD("serverName", STRING, API__AT(struct staged, service.tls.server_name),
               .proto = STR_INIT("server_name"), .max = API__STRING_MAX, .presence = API__OF_FIELD),
    API__FIELD("skipHostnameVerification", BOOL, API__AT(struct staged, skip_hostname_verification),
               .presence = API__OF_FIELD),
};

/* Kuma does not ask for both. */
static void check_pair(struct api__decoder *d, const struct api__place *place, struct str name,
                       struct str other_name)
{
    struct api__place source = api__member(place, name);
    struct api__place other = api__member(place, other_name);
    if (api__is_present(&source) && !api__is_present(&other))
        api__warning(d, &source, "is not used without %.*s", STR_ARG(other_name));
}

static void check_tls(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct staged *staged = object;
    struct api_external_tls *tls = &staged->service.tls;
    struct api__place ca = api__member(place, STR("caCert"));
    struct api__place certificate = api__member(place, STR("clientCert"));
    struct api__place key = api__member(place, STR("clientKey"));
    api__check_source(d, &ca, &tls->ca);
    api__check_source(d, &certificate, &tls->client_certificate);
    api__check_source(d, &key, &tls->client_key);
    struct api__place name = api__member(place, STR("serverName"));
    if (api__is_present(&name) && tls->server_name.size == 0)
        api__error(d, &name, "cannot be empty");
    check_pair(d, place, STR("clientCert"), STR("clientKey"));
    check_pair(d, place, STR("clientKey"), STR("clientCert"));
    if (staged->skip_hostname_verification)
        tls->verification = API_VERIFY_SKIP_SAN;
}

static const struct api__table tls_table = API__TABLE(tls_fields, struct staged,
                                                      .check = check_tls);

static const struct api__field networking_fields[] = {
    API__FIELD("address", STRING, API__AT(struct staged, address), .max = API__STRING_MAX),
    API__FIELD("tls", OBJECT, .table = &tls_table),
    API__FIELD("disableHostDNSEntry", BOOL, API__AT(struct staged, service.disable_host_dns_entry)),
};

/* "host:port" and "[v6]:port". An address of IPv6 without brackets has no port. */
static bool has_port(struct str address)
{
    size_t colon = str_find_last_char(address, ':');
    if (colon == STR_NOT_FOUND)
        return false;
    if (str_starts_with(address, STR("[")))
        return address.data[colon - 1] == ']';
    return colon == str_find_char(address, ':');
}

static void check_networking(struct api__decoder *d, const struct api__place *place, void *object)
{
    struct staged *staged = object;
    struct api__place address = api__member(place, STR("address"));
    struct str host;
    struct str port;
    uint64_t number = 0;
    ip_cut_port(staged->address, &host, &port);
    staged->service.host = host;
    if (staged->address.size == 0)
        api__error(d, &address, "address can't be empty");
    else if (!has_port(staged->address))
        api__error(d, &address, "unable to parse address");
    else if (!ip_is_address(host) && !host_is_name(host))
        api__error(d, &address, "address has to be a valid IP address or a domain name");
    else if (!str_parse_u64(port, UINT32_MAX, &number))
        api__error(d, &address, "unable to parse port in address");
    else
        api__check_port(d, place, STR("address"), (uint32_t)number);
    staged->service.port = (uint32_t)number;
}

static const struct api__table networking_table = API__TABLE(networking_fields, struct staged,
                                                             .check = check_networking);

static const struct api__field fields[] = {
    API__FIELD("networking", OBJECT, .table = &networking_table),
    API__FIELD("tags", TAGS, API__AT(struct staged, service.tags), API__TAGS_BOUNDS),
};

static void check(struct api__decoder *d, const struct api__place *place, void *object)
{
    const struct staged *staged = object;
    const struct str name = STR("kuma.io/service");
    struct api__place networking = api__member(place, STR("networking"));
    if (!api__is_present(&networking))
        api__error(d, &networking, "should have networking");
    struct api__place tags = api__member(place, STR("tags"));
    api__check_protocol(d, &tags, staged->service.tags);
    api__check_tags(d, &tags, staged->service.tags, API__TAGS_SERVICE);
    const struct str *service = api_tags_find(staged->service.tags, name);
    struct api__place tag = api__key(&tags, name);
    if (service != NULL && service->size > 0 && str_equal(*service, staged->service.host))
        api__error(d, &tag, "cannot be the same as networking.address");
}

const struct api__table api__external_service_table = API__TABLE(fields, struct staged,
                                                                 .check = check);
