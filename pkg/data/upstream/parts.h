/* Private to data/upstream: what its files share. */
#pragma once

#include "core/base/map.h"
#include "data/upstream/upstream.h"

struct upstream {
    struct loop *loop;
    struct map *endpoints; /* by identity, as bytes */
    struct loop_timer sweep;
    struct upstream_counts counts;
    uint64_t seed;
};

/* Zeroed before it is filled: it is compared as bytes. */
struct upstream__identity {
    struct net_address address;
    struct net_tls_client *tls; /* NULL: none is spoken */
};

struct upstream_endpoint {
    struct upstream *upstream;
    struct upstream__identity identity; /* holds a reference of its client */
    struct net_tls_session session;
    uint32_t set_count;  /* clusters that name it */
    uint32_t conn_count; /* connections that are open, idle ones too */
    uint32_t idle_count;
    struct list idle; /* last used first */
    struct list busy;
    struct str text;
    char text_area[NET_ADDRESS_TEXT_SIZE];
};

/* An endpoint, and what the cluster calls it. */
struct upstream__member {
    struct upstream_endpoint *endpoint;
    struct str hostname;
};

/* A way to choose among endpoints. `state` belongs to one cluster of one worker. */
struct upstream__balancer {
    const char *name;
    void (*init)(uint64_t *state, uint64_t seed);
    size_t (*pick)(uint64_t *state, const struct upstream__member *members, size_t count,
                   const struct upstream_endpoint *avoid);
};

extern const struct upstream__balancer upstream__round_robin;

struct upstream_cluster {
    const struct model_cluster *model;
    const struct upstream__balancer *balancer;
    uint64_t balancer_state;
    struct upstream__member *members;
    size_t member_count;
};

/* The endpoint, known or new, with its count of sets one higher. */
struct upstream_endpoint *upstream__endpoint_hold(struct upstream *upstream,
                                                  const struct upstream__identity *identity);

/* One cluster fewer names it: the last one closes what is idle. */
void upstream__endpoint_release(struct upstream_endpoint *endpoint);

/* Frees the endpoint when no set names it and no connection is open. */
void upstream__endpoint_settle(struct upstream_endpoint *endpoint);
