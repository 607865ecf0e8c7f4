/* Requests as text, without sending them. Private to control/kube. */
#pragma once

#include "control/kube/kube.h"
#include "core/base/buf.h"

/* A target is a path with its query; this bounds what selectors and tokens of pages add. */
#define KUBE__TARGET_SIZE_MAX ((size_t)64 * 1024)

/* Appends "name=value" behind "?" or "&", the value escaped. */
void kube__target_add(struct buf *target, struct str name, struct str value);

/* The list of `options`, from the page that `next` names, or from its beginning. */
void kube__target_list(struct buf *target, const struct kube_watch_options *options, unsigned page,
                       struct str next);

/* The watch of `options` after `version`. */
void kube__target_watch(struct buf *target, const struct kube_watch_options *options,
                        struct str version, unsigned timeout_s);

void kube__target_apply(struct buf *target, const struct kube_apply_options *options);

/* The words of the method: "PATCH". */
const char *kube__method_name(enum kube_method method);

/* What to accept for the list (or the watch) of `options`. */
struct str kube__accept(const struct kube_watch_options *options, bool is_list);
