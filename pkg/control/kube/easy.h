/* Handles of libcurl, prepared: where to connect, who we are, and what is asked. Private to
 * control/kube. */
#pragma once

#include <curl/curl.h>

#include "control/kube/credentials.h"
#include "control/kube/transport.h"

/* An option of `easy`, unless one before it failed. */
#define KUBE__SET(option, value) \
    (code = code != CURLE_OK ? code : curl_easy_setopt(easy, option, value))

/* Where the server is. */
struct kube__place {
    char *base; /* what targets are appended to */
    struct curl_slist *connect_to;
};

/* ERR_INVALID: the server is no URL. */
MUST_USE enum err kube__place_init(struct kube__place *place, const struct kube_config *config,
                                   struct err_info *reterr);
void kube__place_deinit(struct kube__place *place);

/* Prepares `easy`, whose header lines have to live as long and are to be freed afterwards, whatever
 * is returned. */
MUST_USE CURLcode kube__easy_set(CURL *easy, const struct kube__place *place,
                                 const struct kube__credentials *credentials,
                                 const struct kube__transfer_options *options,
                                 struct curl_slist **ret_headers);
