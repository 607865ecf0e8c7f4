#include "control/operator/reviews.h"

#include "core/base/log.h"
#include "core/base/mem.h"

#define PATH "/apis/authentication.k8s.io/v1/tokenreviews"

/* Around the token, which may be escaped. */
#define REVIEW_SIZE_MAX ((size_t)6 * FEED_TOKEN_SIZE_MAX + 1024)

struct review {
    struct list link;
    struct operator__reviews *reviews;
    struct stream *stream;
    uint64_t request;
    struct kube_request *asked;
};

void operator__reviews_init(struct operator__reviews *reviews, struct kube *kube)
{
    *reviews = (struct operator__reviews){.kube = kube};
    list_init(&reviews->asked);
}

static void review_free(struct review *review)
{
    list_remove(&review->link);
    mem_free(review);
}

void operator__reviews_deinit(struct operator__reviews *reviews)
{
    LIST_FOR_EACH(node, &reviews->asked) {
        struct review *review = LIST_ITEM(node, struct review, link);
        (void)kube_request_cancel(review->asked); /* always NULL */
        review_free(review);
    }
}

/* The API server did not say: the proxy comes again. */
static void fail(const struct review *review, const struct kube_answer *answer)
{
    review->reviews->failed++;
    LOG(LOG_WARNING, "a proxy's token could not be reviewed",
        LOG_STR("reason", str_of(answer->reason.message)));
    stream_reviewed(review->stream, review->request, NULL,
                    STR("the token could not be reviewed: the API server did not answer"));
}

static void refuse(const struct review *review, const struct err_info *reason)
{
    review->reviews->refused++;
    LOG(LOG_WARNING, "a proxy was refused", LOG_STR("reason", str_of(reason->message)));
    stream_reviewed(review->stream, review->request, NULL, str_of(reason->message));
}

static void on_answer(void *arg, const struct kube_answer *answer)
{
    struct review *review = arg;
    struct stream_identity identity;
    struct err_info reason = {0};
    if (answer->err != ERR_OK)
        fail(review, answer);
    else if (stream_review_read(answer->body, &identity, &reason) != ERR_OK)
        refuse(review, &reason);
    else
        stream_reviewed(review->stream, review->request, &identity, STR_EMPTY);
    review_free(review);
}

void operator__reviews_ask(struct operator__reviews *reviews, struct stream *stream,
                           uint64_t request, struct str token)
{
    struct review *review = MEM_NEW(struct review);
    struct buf body;
    review->reviews = reviews;
    review->stream = stream;
    review->request = request;
    list_push_back(&reviews->asked, &review->link);
    buf_init(&body, REVIEW_SIZE_MAX);
    stream_review_print(token, &body);
    const struct kube_request_options options = {
        .method = KUBE_POST,
        .path = STR(PATH),
        .body = buf_str(&body),
    };
    review->asked = kube_request(reviews->kube, &options, on_answer, review);
    mem_wipe(body.data, body.capacity);
    buf_deinit(&body);
}
