/* Blocks and requests from free lists with bounds, and writing with what is left over. */
#include "data/proxy/memory.h"

#include "core/base/assert.h"
#include "core/base/mem.h"
#include "data/proxy/request.h"

#define REQUEST_ARENA 2048U

/* Free ones beyond this go back to the heap: a burst must not stay in memory. Before the sanitizer
 * all do, so that it sees what is used after it was given back. */
#ifdef __has_feature
#define IS_WATCHED __has_feature(address_sanitizer)
#else
#define IS_WATCHED 0
#endif
#define BLOCKS_KEPT   (IS_WATCHED ? 0U : 64U)
#define REQUESTS_KEPT (IS_WATCHED ? 0U : 512U)

struct proxy__block *proxy__block_take(struct proxy__worker *worker)
{
    struct proxy__block *block = worker->blocks;
    if (block != NULL) {
        worker->blocks = block->next;
        worker->blocks_free--;
    } else if (worker->block_count < PROXY_BLOCKS_MAX) {
        block = mem_alloc(sizeof(*block)); /* not zeroed: pages are touched when they are used */
    } else {
        return NULL;
    }
    worker->block_count++;
    block->next = NULL;
    block->begin = 0;
    block->end = 0;
    return block;
}

struct proxy__block *proxy__block_give(struct proxy__worker *worker, struct proxy__block *block)
{
    if (block == NULL)
        return NULL;
    ASSERT(worker->block_count > 0);
    worker->block_count--;
    if (worker->blocks_free >= BLOCKS_KEPT)
        return mem_free(block);
    block->next = worker->blocks;
    worker->blocks = block;
    worker->blocks_free++;
    return NULL;
}

struct proxy__request *proxy__request_take(struct proxy__worker *worker)
{
    struct proxy__request *request = worker->requests;
    struct arena *arena;
    if (request != NULL) {
        worker->requests = request->next;
        worker->requests_free--;
        arena = request->arena;
    } else {
        request = mem_alloc(sizeof(*request));
        arena = arena_new(REQUEST_ARENA);
    }
    worker->request_count++;
    memset(request, 0, sizeof(*request));
    request->arena = arena;
    request->worker = worker;
    return request;
}

static void request_destroy(struct proxy__request *request)
{
    request->arena = arena_free(request->arena);
    (void)mem_free(request); /* always NULL */
}

void proxy__request_give(struct proxy__worker *worker, struct proxy__request *request)
{
    ASSERT(worker->request_count > 0);
    worker->request_count--;
    if (worker->requests_free >= REQUESTS_KEPT) {
        request_destroy(request);
        return;
    }
    arena_clear(request->arena);
    request->next = worker->requests;
    worker->requests = request;
    worker->requests_free++;
}

void proxy__memory_free(struct proxy__worker *worker)
{
    while (worker->blocks != NULL) {
        struct proxy__block *block = worker->blocks;
        worker->blocks = block->next;
        (void)mem_free(block); /* always NULL */
    }
    while (worker->requests != NULL) {
        struct proxy__request *request = worker->requests;
        worker->requests = request->next;
        request_destroy(request);
    }
}

void proxy__block_compact(struct proxy__block *block)
{
    if (block->begin == 0)
        return;
    memmove(block->data, block->data + block->begin, block->end - block->begin);
    block->end -= block->begin;
    block->begin = 0;
}

bool proxy__block_append(struct proxy__block *block, const struct iovec *parts, int count,
                         size_t skip)
{
    proxy__block_compact(block);
    for (int i = 0; i < count; i++) {
        size_t left_out = MIN(skip, parts[i].iov_len);
        size_t size = parts[i].iov_len - left_out;
        skip -= left_out;
        if (size > sizeof(block->data) - block->end)
            return false;
        memcpy(block->data + block->end, (const char *)parts[i].iov_base + left_out, size);
        block->end += size;
    }
    return true;
}

/* Copies what follows the first `written` bytes of `parts` into a new block. */
static enum err rest_keep(struct proxy__worker *worker, const struct iovec *parts, int count,
                          size_t written, struct proxy__block **rest)
{
    struct proxy__block *block = proxy__block_take(worker);
    if (block == NULL)
        return ERR_LIMIT;
    bool fits = proxy__block_append(block, parts, count, written);
    ASSERT(fits);
    *rest = block;
    return ERR_AGAIN;
}

enum err proxy__write(struct proxy__worker *worker, struct net_filter *top, struct iovec *parts,
                      int count, struct proxy__block **rest, bool *ret_none)
{
    ASSERT(*rest == NULL);
    size_t size = 0;
    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    *ret_none = false;
    if (size == 0)
        return ERR_OK;
    size_t written = 0;
    enum err result = net_writev(top, parts, count, &written);
    if (result == ERR_OK && written == size)
        return ERR_OK;
    if (result == ERR_OK || result == ERR_AGAIN)
        return rest_keep(worker, parts, count, result == ERR_OK ? written : 0, rest);
    *ret_none = true;
    return result;
}

enum err proxy__write_rest(struct proxy__worker *worker, struct net_filter *top,
                           struct proxy__block **rest)
{
    struct proxy__block *block = *rest;
    while (block->begin < block->end) {
        struct iovec part = {block->data + block->begin, block->end - block->begin};
        size_t written = 0;
        enum err result = net_writev(top, &part, 1, &written);
        if (result != ERR_OK)
            return result;
        block->begin += written;
    }
    *rest = proxy__block_give(worker, block);
    return ERR_OK;
}
