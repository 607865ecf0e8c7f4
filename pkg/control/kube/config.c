/* Where the API server is: the configuration of a pod, and what is common to both kinds. */
#include "control/kube/kube.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control/kube/config.h"
#include "core/base/file.h"
#include "core/base/mem.h"

#define NAMESPACE_SIZE_MAX ((size_t)256)

struct kube_config *kube__config_new(void)
{
    struct arena *arena = arena_new(4096);
    struct kube_config *config = ARENA_NEW(arena, struct kube_config);
    config->arena = arena;
    return config;
}

struct kube_config *kube_config_free(struct kube_config *config)
{
    if (config != NULL)
        (void)arena_free_wiped(config->arena); /* always NULL */
    return NULL;
}

/* The namespace of the pod, if its file says so. */
static void namespace_read(struct kube_config *config, const char *directory)
{
    struct str path = str_format(config->arena, "%s/namespace", directory);
    struct buf content;
    buf_init(&content, NAMESPACE_SIZE_MAX);
    if (file_read(path.data, &content, NULL) == ERR_OK)
        config->name_space = str_dup(config->arena, str_trim(buf_str(&content)));
    buf_deinit(&content);
}

enum err kube_config_in_cluster(const char *directory, struct kube_config **ret_config,
                                struct err_info *reterr)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    uint64_t number = 0;
    if (host == NULL || host[0] == '\0')
        return err_set(reterr, ERR_NOT_FOUND,
                       "KUBERNETES_SERVICE_HOST is not set, so that this is no pod: name a "
                       "kubeconfig");
    if (port == NULL || !str_parse_u64(str_of(port), UINT16_MAX, &number) || number == 0)
        return err_set(reterr, ERR_INVALID, "KUBERNETES_SERVICE_PORT is no port");
    bool is_ipv6 = str_find_char(str_of(host), ':') != STR_NOT_FOUND;
    struct kube_config *config CLEANUP(kube_config_free) = kube__config_new();
    config->server = str_format(config->arena, is_ipv6 ? "https://[%s]:%s" : "https://%s:%s", host,
                                port);
    config->token_file = str_format(config->arena, "%s/token", directory);
    config->ca_file = str_format(config->arena, "%s/ca.crt", directory);
    if (access(config->token_file.data, F_OK) != 0)
        return err_set(reterr, ERR_NOT_FOUND,
                       "%s: the pod has no token: automountServiceAccountToken is off",
                       config->token_file.data);
    namespace_read(config, directory);
    *ret_config = TAKE(config);
    return ERR_OK;
}
