#include "control/operator/reviews.h"

#include "core/base/log.h"
#include "core/base/mem.h"

#define PATH "/apis/authentication.k8s.io/v1/tokenreviews"

/* Around the token, which may be escaped. */
#define REVIEW_SIZE_MAX ((size_t)6 * FEED_TOKEN_SIZE_MAX + 1024)

struct review {
    struct list link; /* among those that were asked, or that wait */
    struct operator__reviews *reviews;
    struct stream *stream;
    uint64_t request;
    struct kube_request *asked;
    struct buf body; /* until it is asked */
};

void operator__reviews_init(struct operator__reviews *reviews, struct kube *kube)
{
    *reviews = (struct operator__reviews){.kube = kube};
    list_init(&reviews->asked);
    list_init(&reviews->waiting);
}

static void review_free(struct review *review)
{
    list_remove(&review->link);
    buf_deinit(&review->body);
    mem_free(review);
}

void operator__reviews_deinit(struct operator__reviews *reviews)
{
    LIST_FOR_EACH(node, &reviews->asked) {
        struct review *review = LIST_ITEM(node, struct review, link);
        (void)kube_request_cancel(review->asked); /* always NULL */
        review_free(review);
    }
    LIST_FOR_EACH(node, &reviews->waiting)
        review_free(LIST_ITEM(node, struct review, link));
}

/* The API server did not say: the proxy comes again. */
static void fail(const struct review *review, const char *reason)
{
    review->reviews->failed++;
    LOG(LOG_WARNING, "a proxy's token could not be reviewed", LOG_STR("reason", str_of(reason)));
    stream_reviewed(review->stream, review->request, NULL,
                    STR("the token could not be reviewed: the API server did not answer"));
}

static void refuse(const struct review *review, const struct err_info *reason)
{
    review->reviews->refused++;
    LOG(LOG_WARNING, "a proxy was refused", LOG_STR("reason", str_of(reason->message)));
    stream_reviewed(review->stream, review->request, NULL, str_of(reason->message));
}

static void ask_next(struct operator__reviews *reviews);

static void on_answer(void *arg, const struct kube_answer *answer)
{
    struct review *review = arg;
    struct operator__reviews *reviews = review->reviews;
    struct stream_identity identity;
    struct err_info reason = {0};
    if (answer->err != ERR_OK)
        fail(review, answer->reason.message);
    else if (stream_review_read(answer->body, &identity, &reason) != ERR_OK)
        refuse(review, &reason);
    else
        stream_reviewed(review->stream, review->request, &identity, STR_EMPTY);
    review_free(review);
    reviews->asked_count--;
    ask_next(reviews);
}

static void ask(struct review *review)
{
    struct operator__reviews *reviews = review->reviews;
    const struct kube_request_options options = {
        .method = KUBE_POST,
        .path = STR(PATH),
        .body = buf_str(&review->body),
        .timeout_ms = FEED_PENDING_MS, /* then nobody waits for it any more */
    };
    list_remove(&review->link);
    list_push_back(&reviews->asked, &review->link);
    reviews->asked_count++;
    review->asked = kube_request(reviews->kube, &options, on_answer, review);
    buf_deinit(&review->body);
}

static struct review *first_waiting(const struct operator__reviews *reviews)
{
    return LIST_ITEM(reviews->waiting.next, struct review, link);
}

static void ask_next(struct operator__reviews *reviews)
{
    if (reviews->waiting_count == 0 || reviews->asked_count == OPERATOR__REVIEWS_IN_FLIGHT)
        return;
    reviews->waiting_count--;
    ask(first_waiting(reviews));
}

/* Every session asks once: with more than there can be, one has gone, and most likely the first. */
static void drop_stale(struct operator__reviews *reviews)
{
    if (reviews->waiting_count < FEED_PENDING_MAX)
        return;
    struct review *review = first_waiting(reviews);
    fail(review, "too many wait");
    review_free(review);
    reviews->waiting_count--;
}

void operator__reviews_ask(struct operator__reviews *reviews, struct stream *stream,
                           uint64_t request, struct str token)
{
    drop_stale(reviews);
    struct review *review = MEM_NEW(struct review);
    review->reviews = reviews;
    review->stream = stream;
    review->request = request;
    buf_init_secret(&review->body, REVIEW_SIZE_MAX);
    stream_review_print(token, &review->body);
    list_push_back(&reviews->waiting, &review->link);
    reviews->waiting_count++;
    ask_next(reviews);
}
