/* What the files of the client share. Private to control/kube. */
#pragma once

#include "control/kube/kube.h"
#include "control/kube/transport.h"
#include "core/base/list.h"
#include "core/base/random.h"
#include "core/loop/loop.h"

struct kube {
    struct loop *loop;
    struct kube__transport *transport;
    struct random random;
    struct list waiting; /* requests */
    struct list running;
    size_t waiting_count;
    size_t running_count;
    struct loop_deferred starting; /* of those that wait */
    size_t watch_count;
    uint64_t watch_requests;
};

void kube__requests_init(struct kube *kube);
void kube__requests_deinit(struct kube *kube);
