/* Private to data/proxy: letters from the workers to the main thread. */
#pragma once

#include "core/loop/loop.h"

struct proxy__mail;

enum proxy__letter {
    PROXY__LETTER_SWAPPED,  /* a state is served by one worker more */
    PROXY__LETTER_RELEASED, /* a state has one hold less */
    PROXY__LETTER_LEFT,     /* nothing is open any more */
};

typedef void (*proxy__mail_fn)(void *arg, enum proxy__letter letter, void *content);

struct proxy__mail *proxy__mail_new(struct loop *loop, proxy__mail_fn fn, void *arg);

/* Any thread. */
void proxy__mail_send(struct proxy__mail *mail, enum proxy__letter letter, void *content);

/* Delivers what waits; after this nothing is delivered any more. Main thread, workers joined. */
void proxy__mail_close(struct proxy__mail *mail);
