#include "control/kube/kube.h"

#include "control/kube/internal.h"
#include "core/base/assert.h"
#include "core/base/mem.h"

enum err kube_open(struct loop *loop, const struct kube_config *config, struct kube **ret_kube,
                   struct err_info *reterr)
{
    struct kube *kube = MEM_NEW(struct kube);
    enum err e = kube__transport_open(loop, config, &kube->transport, reterr);
    if (e != ERR_OK) {
        mem_free(kube);
        return e;
    }
    kube->loop = loop;
    random_init(&kube->random);
    kube__requests_init(kube);
    *ret_kube = kube;
    return ERR_OK;
}

struct kube *kube_close(struct kube *kube)
{
    if (kube == NULL)
        return NULL;
    ASSERT(kube->watch_count == 0);
    kube__requests_deinit(kube);
    kube->transport = kube__transport_close(kube->transport);
    return mem_free(kube);
}

uint64_t kube_watch_requests(const struct kube *kube)
{
    return kube->watch_requests;
}
