/* The rules that several kinds share. Private to control/api.
 * Source: Kuma 2.12, pkg/core/resources/apis/mesh/validators.go. */
#pragma once

#include "control/api/decode.h"

enum {
    API__TAGS_SELECTOR = 1, /* values may contain "/" or be "*" */
    API__TAGS_SOME = 2,     /* at least one tag */
    API__TAGS_SERVICE = 4,  /* kuma.io/service has to be there */
    API__TAGS_RESERVED = 8, /* Kuma's own tags may not be there */
    API__TAGS_OVERLAY = 16, /* as RESERVED, but kuma.io/service is a warning */
};

void api__check_tags(struct api__decoder *d, const struct api__place *place, struct api_tags tags,
                     unsigned rules);

/* Kuma's name of a protocol, or empty. */
struct str api__known_protocol(struct str name);

/* Likewise, of those that Kuma serves. */
struct str api__supported_protocol(struct str name);

/* The value of kuma.io/protocol, if there is one. */
void api__check_protocol(struct api__decoder *d, const struct api__place *place,
                         struct api_tags tags);

void api__check_selectors(struct api__decoder *d, const struct api__place *place,
                          struct api_selectors selectors);

void api__check_port(struct api__decoder *d, const struct api__place *place, struct str member,
                     uint32_t port);

/* A path that is no regular expression. */
void api__check_absolute(struct api__decoder *d, const struct api__place *place, struct str path);

/* A listener's hostname; empty is fine. */
void api__check_hostname(struct api__decoder *d, const struct api__place *place, struct str name);

/* The host names of a route, in lower case; what is wrong with one only keeps it from matching. */
const struct str *api__read_hostnames(struct api__decoder *d, const struct api__place *list,
                                      const struct str *names, size_t count);

/* Whether `text` can be a regular expression of RE2. */
void api__check_regex(struct api__decoder *d, const struct api__place *place, struct str text);

/* A letter or a digit of ASCII. */
bool api__is_alphanumeric(char c);

/* RFC 1123 labels, dots between them; and what Kubernetes says of what is none. */
bool api__is_domain(struct str name);
#define API__DOMAIN_RULE                                                                      \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " \
    "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "     \
    "regex used for validation is "                                                           \
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

/* A longer text is no IP address. */
#define API__IP_TEXT_MAX 64

/* Of a MeshService, and of one of several zones. */
#define API__PORTS_MAX 256

/* `selectors` of both gateway kinds. */
extern const struct api__table api__selector_table;

/* A certificate's source, of the older kinds and of those with a schema, which read no file. */
extern const struct api__table api__data_source_table;
extern const struct api__table api__schema_data_source_table;

/* A source that is there has to say where the bytes come from. */
void api__check_source(struct api__decoder *d, const struct api__place *place,
                       const struct api_data_source *source);
