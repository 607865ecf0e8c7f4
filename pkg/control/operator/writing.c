/* What the operator writes, on its way to the API server. */
#include "control/operator/parts.h"
#include "core/base/log.h"
#include "core/base/mem.h"

struct sent {
    struct list link;
    struct operator_handle *op;
    struct arena *arena;
    struct str path;
    struct kube_request *request;
};

static void sent_free(struct sent *sent)
{
    list_remove(&sent->link);
    sent->arena = arena_free(sent->arena);
    mem_free(sent);
}

static void complain(const struct sent *sent, const struct kube_answer *answer)
{
    sent->op->write_failures++;
    LOG(LOG_WARNING, "not written", LOG_STR("path", sent->path),
        LOG_STR("reason", str_of(answer->reason.message)));
}

static void on_answer(void *arg, const struct kube_answer *answer)
{
    struct sent *sent = arg;
    struct operator_handle *op = sent->op;
    if (answer->err != ERR_OK && answer->err != ERR_NOT_FOUND)
        complain(sent, answer);
    apply_answer(op->apply, sent->path, answer->err, answer->retry_after_ms);
    (void)operator__instances_answered(&op->instances, sent->path, answer); /* or a status */
    sent_free(sent);
}

void operator__send(void *arg, const struct apply_document *document)
{
    struct operator_handle *op = arg;
    struct sent *sent = MEM_NEW(struct sent);
    sent->op = op;
    sent->arena = arena_new(256);
    sent->path = str_dup(sent->arena, document->path);
    list_push_back(&op->sent, &sent->link);
    op->writes++;
    const struct kube_apply_options options = {
        .path = document->path,
        .manager = document->manager,
        .body = document->body,
    };
    sent->request = kube_apply(op->options.kube, &options, on_answer, sent);
}

void operator__unsend(struct operator_handle *op)
{
    LIST_FOR_EACH(node, &op->sent) {
        struct sent *sent = LIST_ITEM(node, struct sent, link);
        (void)kube_request_cancel(sent->request); /* always NULL */
        sent_free(sent);
    }
}
