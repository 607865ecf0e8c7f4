#include "control/finding/finding.h"

#include "core/base/map.h"
#include "core/base/mem.h"

struct finding_book {
    struct map *by_origin; /* struct finding_list */
};

struct finding_book *finding_book_new(void)
{
    struct finding_book *book = MEM_NEW(struct finding_book);
    book->by_origin = map_new();
    return book;
}

struct finding_book *finding_book_free(struct finding_book *book)
{
    if (book == NULL)
        return NULL;
    struct map_cursor at = {0};
    struct finding_list *findings;
    while ((findings = map_next(book->by_origin, &at)) != NULL)
        finding_list_free(findings);
    book->by_origin = map_free(book->by_origin);
    return mem_free(book);
}

void finding_book_set(struct finding_book *book, struct str origin,
                      const struct finding_list *findings)
{
    finding_list_free(map_remove(book->by_origin, origin));
    if (finding_count(findings) == 0)
        return;
    struct finding_list *copy = finding_list_new();
    finding_add_all(copy, findings);
    (void)map_set(book->by_origin, origin, copy); /* just removed: replaces nothing */
}

void finding_book_collect(const struct finding_book *book, struct finding_list *list)
{
    struct map_cursor at = {0};
    const struct finding_list *findings;
    while ((findings = map_next(book->by_origin, &at)) != NULL)
        finding_add_all(list, findings);
}
