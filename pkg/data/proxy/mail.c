/* Letters from the workers to the main thread: rare, so a lock is fine.
 *
 * A letter may still be under way when the proxy is freed. The box outlives it by counting the
 * tasks that are posted. */
#include "data/proxy/mail.h"

#include <pthread.h>

#include "core/base/assert.h"
#include "core/base/list.h"
#include "core/base/mem.h"

struct letter {
    struct list link;
    enum proxy__letter kind;
    void *content;
};

struct proxy__mail {
    pthread_mutex_t lock;
    struct list letters; /* under the lock, like what follows */
    uint32_t tasks;      /* posted, not yet run */
    bool closed;
    struct loop *loop;
    proxy__mail_fn fn;
    void *arg;
};

struct proxy__mail *proxy__mail_new(struct loop *loop, proxy__mail_fn fn, void *arg)
{
    struct proxy__mail *mail = MEM_NEW(struct proxy__mail);
    ASSERT(pthread_mutex_init(&mail->lock, NULL) == 0);
    list_init(&mail->letters);
    mail->loop = loop;
    mail->fn = fn;
    mail->arg = arg;
    return mail;
}

static void mail_free(struct proxy__mail *mail)
{
    (void)pthread_mutex_destroy(&mail->lock); /* nobody holds it */
    (void)mem_free(mail);                     /* always NULL */
}

static struct letter *letter_take(struct proxy__mail *mail)
{
    struct letter *letter = NULL;
    (void)pthread_mutex_lock(&mail->lock); /* a plain mutex: cannot fail, like the rest of them */
    if (!list_is_empty(&mail->letters)) {
        letter = LIST_ITEM(mail->letters.next, struct letter, link);
        list_remove(&letter->link);
    }
    (void)pthread_mutex_unlock(&mail->lock);
    return letter;
}

static void deliver(struct proxy__mail *mail)
{
    struct letter *letter;
    while ((letter = letter_take(mail)) != NULL) {
        enum proxy__letter kind = letter->kind;
        void *content = letter->content;
        (void)mem_free(letter); /* always NULL */
        mail->fn(mail->arg, kind, content);
    }
}

static void mail_on_task(void *arg)
{
    struct proxy__mail *mail = arg;
    (void)pthread_mutex_lock(&mail->lock);
    mail->tasks--;
    bool closed = mail->closed;
    bool last = closed && mail->tasks == 0;
    (void)pthread_mutex_unlock(&mail->lock);
    if (last)
        mail_free(mail);
    else if (!closed)
        deliver(mail);
}

void proxy__mail_send(struct proxy__mail *mail, enum proxy__letter kind, void *content)
{
    struct letter *letter = MEM_NEW(struct letter);
    letter->kind = kind;
    letter->content = content;
    (void)pthread_mutex_lock(&mail->lock);
    ASSERT(!mail->closed);
    list_push_back(&mail->letters, &letter->link);
    mail->tasks++;
    (void)pthread_mutex_unlock(&mail->lock);
    loop_post(mail->loop, mail_on_task, mail);
}

void proxy__mail_close(struct proxy__mail *mail)
{
    deliver(mail);
    (void)pthread_mutex_lock(&mail->lock);
    mail->closed = true;
    bool last = mail->tasks == 0;
    (void)pthread_mutex_unlock(&mail->lock);
    if (last)
        mail_free(mail);
}
