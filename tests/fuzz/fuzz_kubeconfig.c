/* Any bytes as a kubeconfig: what is refused says why, what is accepted can be connected to. */
#include <stddef.h>
#include <stdint.h>

#include "control/kube/config.h"
#include "core/base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kube_config *config = NULL;
    struct err_info reason = {.message = ""};
    enum err e = kube_config_parse(str_make((const char *)data, size), STR("/home"), STR_EMPTY,
                                   &config, &reason);
    if (e != ERR_OK) {
        ASSERT(config == NULL && reason.code == e && reason.message[0] != '\0');
        return 0;
    }
    ASSERT(str_starts_with(config->server, STR("http")));
    ASSERT(!str_ends_with(config->server, STR("/")));
    ASSERT(config->token.size == 0 || config->token_file.size == 0);
    ASSERT(kube__is_token(config->token));
    ASSERT(config->certificate_pem.size == 0 || config->certificate_file.size == 0);
    config = kube_config_free(config);
    return 0;
}
