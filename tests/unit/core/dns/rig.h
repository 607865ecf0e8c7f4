/* A resolver and a name server on one loop, for the tests of this folder. */
#pragma once

#include "../../dns_server.h"
#include "../../turns.h"
#include "core/dns/internal.h"

struct rig {
    struct loop *loop;
    struct dns_server server;
    struct dns *dns;
    unsigned told;
    enum dns_outcome outcome;                           /* of the last answer, like what follows */
    char addresses[DNS_ADDRESSES_MAX * DNS__TEXT_SIZE]; /* "192.0.2.1 192.0.2.2" */
    size_t count;
    uint32_t ttl_s;
    const char *reason;
};

static inline void rig_on_answer(void *arg, const struct dns_answer *answer)
{
    struct rig *rig = arg;
    size_t size = 0;
    rig->addresses[0] = '\0';
    for (size_t i = 0; i < answer->count; i++)
        size += (size_t)snprintf(rig->addresses + size, sizeof(rig->addresses) - size, "%s%.*s",
                                 i == 0 ? "" : " ", STR_ARG(answer->addresses[i]));
    rig->outcome = answer->outcome;
    rig->count = answer->count;
    rig->ttl_s = answer->ttl_s;
    rig->reason = answer->reason;
    rig->told++;
    loop_stop(rig->loop);
}

static inline void rig_open(struct rig *rig, uint32_t timeout_ms)
{
    *rig = (struct rig){.loop = loop_new()};
    dns_server_open(&rig->server, rig->loop);
    struct dns_options options = {
        .loop = rig->loop, .server = str_of(rig->server.text), .timeout_ms = timeout_ms};
    assert_int_equal(dns_new(&options, &rig->dns, NULL), ERR_OK);
}

static inline void rig_close(struct rig *rig)
{
    rig->dns = dns_free(rig->dns);
    dns_server_close(&rig->server);
    rig->loop = loop_free(rig->loop);
}

static inline void rig_ask(struct rig *rig, const char *name)
{
    struct dns_question *question = dns_resolve(rig->dns, str_of(name), rig_on_answer, rig);
    assert_non_null(question);
}

static inline void rig_answer(struct rig *rig, const char *name)
{
    unsigned told = rig->told;
    rig_ask(rig, name);
    assert_int_equal(rig->told, told); /* never before it returns */
    turns_until(rig->loop, &rig->told, told + 1);
}

static inline void rig_found(struct rig *rig, const char *name, const char *addresses,
                             uint32_t ttl_s)
{
    rig_answer(rig, name);
    assert_int_equal(rig->outcome, DNS_FOUND);
    assert_string_equal(rig->addresses, addresses);
    assert_int_equal(rig->ttl_s, ttl_s);
}

static inline void rig_not_found(struct rig *rig, const char *name, enum dns_outcome outcome,
                                 const char *reason)
{
    rig_answer(rig, name);
    assert_int_equal(rig->outcome, outcome);
    assert_int_equal(rig->count, 0);
    assert_string_equal(rig->reason, reason);
}
