#include "control/source/files/files.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "control/source/files/manifest.h"
#include "control/source/files/scan.h"
#include "control/source/files/settle.h"
#include "core/base/map.h"
#include "core/base/mem.h"

/* A manifest, and the paths whose change concerns it: itself, what its link leads to, and what its
 * data sources name. */
struct known {
    struct files__paths paths;
    bool readable; /* now or before: it has said something */
    bool seen;     /* by the scan that runs */
};

/* A directory that is watched. One inode has one id, but may have several paths. */
struct watched {
    int id;
    bool is_tree; /* manifests that appear in it belong to us */
    char *path;
};

struct files {
    struct source_events events;
    struct files__index *index;
    struct files__settle *settle;
    struct map *known; /* struct known, by path */
    char *directory;
    char *parent;      /* of the directory, to see it come back */
    struct loop *loop; /* NULL: nothing is watched, like what follows */
    struct loop_watch *watch;
    struct loop_alarm *alarm;
    bool following; /* the first scan is done */
    bool quiet;     /* what is read now has been quiet for a while */
    VEC(struct watched) watched;
};

/* The path under which a new scan waits: no file has it. */
#define RESCAN STR("/")

static char *text_dup(struct str s)
{
    char *copy = mem_alloc(s.size + 1);
    memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return copy;
}

static struct str directory_of(struct str path)
{
    size_t slash = str_find_last_char(path, '/');
    if (slash == STR_NOT_FOUND)
        return STR(".");
    return str_first(path, slash == 0 ? 1 : slash);
}

/* "." + "a" = "a", which is how the paths of files are written too. */
static void path_join(char ret_path[PATH_MAX], const char *directory, struct str name)
{
    bool bare = strcmp(directory, ".") == 0;
    bool root = strcmp(directory, "/") == 0;
    /* What is cut names nothing we know. */
    (void)snprintf(ret_path, PATH_MAX, "%s%s%.*s", bare ? "" : directory,
                   bare || root || name.size == 0 ? "" : "/", STR_ARG(name));
}

static bool is_empty_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0;
}

static enum err watch_directory(struct files *files, const char *path, bool is_tree,
                                struct err_info *reterr)
{
    if (files->watch == NULL)
        return ERR_OK;
    for (size_t i = 0; i < files->watched.count; i++) {
        struct watched *watched = &files->watched.items[i];
        if (strcmp(watched->path, path) != 0)
            continue;
        watched->is_tree |= is_tree;
        return ERR_OK;
    }
    struct watched added = {.is_tree = is_tree};
    enum err e = loop_watch_add(files->watch, path, &added.id, reterr);
    if (e != ERR_OK)
        return e;
    added.path = text_dup(str_of(path));
    VEC_PUSH(&files->watched, added);
    return ERR_OK;
}

/* Watches what a manifest depends on. A directory that is not there cannot be watched: then the
 * data source has said so, and reading the manifest again finds it. */
static void watch_paths(struct files *files, const struct files__paths *paths)
{
    for (size_t i = 0; i < paths->items.count; i++) {
        char *directory = text_dup(directory_of(str_of(paths->items.items[i])));
        (void)watch_directory(files, directory, false, NULL); /* see above */
        mem_free(directory);
    }
}

static void known_free(struct known *known)
{
    files__paths_clear(&known->paths);
    mem_free(known);
}

static void forget(struct files *files, const char *path)
{
    struct known *known = map_remove(files->known, str_of(path));
    if (known != NULL)
        known_free(known);
    files__index_drop(files->index, str_of(path));
}

/* Whether a manifest, or something that it depends on, may have been read half: it changed since
 * `moment`, or it is empty, which may be the first step of a rewrite that the kernel has not told
 * of yet. Then it is read again when it is quiet. */
static bool is_overtaken(struct files *files, const char *path, const struct files__paths *paths,
                         uint64_t moment)
{
    if (!files->following)
        return false; /* what happened meanwhile is delivered soon */
    bool closed = is_empty_file(path) && !files->quiet;
    bool any = closed;
    for (size_t i = 0; i < paths->items.count && !files->quiet; i++)
        any |= is_empty_file(paths->items.items[i]);
    loop_watch_poll(files->watch); /* after the look: a file that is empty no more was changed */
    any |= files__settle_is_written(files->settle, str_of(path), moment);
    for (size_t i = 0; i < paths->items.count && !any; i++)
        any = files__settle_is_written(files->settle, str_of(paths->items.items[i]), moment);
    if (any)
        files__settle_defer(files->settle, str_of(path), closed, loop_now_ms(files->loop));
    return any;
}

static void read_manifest(struct files *files, const char *path)
{
    struct files__content content;
    struct files__paths paths = {0};
    files__content_init(&content);
    struct known *known = map_get(files->known, str_of(path));
    content.has_former = known != NULL && known->readable;
    uint64_t moment = files__settle_moment(files->settle);
    enum err e = files__manifest_read(path, &content, &paths);
    if (is_overtaken(files, path, &paths, moment)) {
        files__paths_clear(&paths);
    } else if (e == ERR_NOT_FOUND) {
        files__paths_clear(&paths);
        forget(files, path);
    } else {
        if (known == NULL) {
            known = MEM_NEW(struct known);
            (void)map_set(files->known, str_of(path), known); /* there was none */
        }
        watch_paths(files, &paths);
        files__paths_clear(&known->paths);
        known->paths = paths;
        known->readable |= e == ERR_OK;
        if (e == ERR_OK)
            files__index_put(files->index, str_of(path), &content);
        else
            files__index_keep(files->index, str_of(path), &content);
    }
    files__content_deinit(&content);
}

/* Reads again every manifest that `path` concerns. One that waits by itself is read then. */
static void read_dependants(struct files *files, struct str path)
{
    struct files__paths concerned = {0};
    struct map_cursor at = {0};
    for (const struct known *known = NULL; (known = map_next(files->known, &at)) != NULL;) {
        if (!files__settle_waits(files->settle, at.key) && files__paths_have(&known->paths, path))
            files__paths_add(&concerned, at.key);
    }
    for (size_t i = 0; i < concerned.items.count; i++)
        read_manifest(files, concerned.items.items[i]);
    files__paths_clear(&concerned);
}

static void note(struct files *files, struct str path, bool closed)
{
    files__settle_note(files->settle, path, closed, loop_now_ms(files->loop));
}

/* The directory of `path` has been watched only since `watched_before` others were. */
static bool is_newly_watched(const struct files *files, const char *path, size_t watched_before)
{
    struct str directory = directory_of(str_of(path));
    for (size_t i = watched_before; i < files->watched.count; i++) {
        if (str_equal(str_of(files->watched.items[i].path), directory))
            return true;
    }
    return false;
}

/* What a later scan found: what is new, what may have changed while nobody watched, and what
 * vanished. It settles first. */
static void note_scan(struct files *files, const struct files__paths *manifests,
                      size_t watched_before)
{
    for (size_t i = 0; i < manifests->items.count; i++) {
        const char *path = manifests->items.items[i];
        struct known *known = map_get(files->known, str_of(path));
        if (known != NULL)
            known->seen = true;
        if ((known == NULL || is_newly_watched(files, path, watched_before)) &&
            !files__settle_waits(files->settle, str_of(path)))
            note(files, str_of(path), false);
    }
    struct map_cursor at = {0};
    for (struct known *known = NULL; (known = map_next(files->known, &at)) != NULL;) {
        if (!known->seen && !files__settle_waits(files->settle, at.key))
            note(files, at.key, false);
        known->seen = false;
    }
}

/* Watches before it reads, so that nothing is missed in between. */
static enum err take_scan(struct files *files, const struct files__paths *directories,
                          const struct files__paths *manifests, bool first, struct err_info *reterr)
{
    size_t watched_before = files->watched.count;
    for (size_t i = 0; i < directories->items.count; i++) {
        enum err e = watch_directory(files, directories->items.items[i], true, reterr);
        if (e != ERR_OK)
            return e;
    }
    if (!first)
        note_scan(files, manifests, watched_before);
    for (size_t i = 0; first && i < manifests->items.count; i++)
        read_manifest(files, manifests->items.items[i]);
    return ERR_OK;
}

static enum err rescan(struct files *files, bool first, struct err_info *reterr)
{
    struct files__content content; /* what there is to say about the directory itself */
    struct files__paths directories = {0};
    struct files__paths manifests = {0};
    files__content_init(&content);
    enum err e = files__scan(files->directory, &directories, &manifests, content.problems, reterr);
    if (e == ERR_OK)
        e = take_scan(files, &directories, &manifests, first, reterr);
    if (e != ERR_OK) {
        struct finding_subject subject = {.file = str_of(files->directory)};
        finding_add(content.problems, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY,
                    "%s. What was read before is kept", reterr->message);
    }
    files__index_put(files->index, str_of(files->directory), &content);
    files__content_deinit(&content);
    files__paths_clear(&directories);
    files__paths_clear(&manifests);
    return e;
}

static void arm(struct files *files)
{
    uint64_t due_ms = files__settle_due(files->settle);
    uint64_t now_ms = loop_now_ms(files->loop);
    if (due_ms == FILES__NEVER)
        loop_alarm_cancel(files->alarm);
    else
        loop_alarm_set(files->alarm, due_ms > now_ms ? due_ms - now_ms : 0);
}

/* Whether the directory is one whose manifests are ours; others are watched for single files. */
static bool is_of_tree(const struct files *files, struct str directory)
{
    for (size_t i = 0; i < files->watched.count; i++) {
        const struct watched *watched = &files->watched.items[i];
        if (watched->is_tree && str_equal(str_of(watched->path), directory))
            return true;
    }
    return false;
}

/* False: there was nothing to do yet. */
static bool refresh(struct files *files, struct str path, bool closed)
{
    char terminated[PATH_MAX];
    path_join(terminated, ".", path);
    if (!closed && is_empty_file(terminated))
        return false; /* its writer has only begun */
    bool is_known = map_get(files->known, path) != NULL;
    read_dependants(files, path);
    size_t slash = str_find_last_char(path, '/');
    struct str name = slash == STR_NOT_FOUND ? path : str_from(path, slash + 1);
    if (!is_known && files__is_manifest_name(name) && is_of_tree(files, directory_of(path)) &&
        map_count(files->known) < FILES_MAX)
        read_manifest(files, terminated);
    return true;
}

static void on_due(void *arg)
{
    struct files *files = arg;
    struct files__due due;
    bool any = false;
    while (files__settle_take(files->settle, loop_now_ms(files->loop), &due)) {
        struct err_info reason = {.message = ""};
        files->quiet = due.quiet;
        if (str_equal(due.path, RESCAN))
            (void)rescan(files, false, &reason); /* reported as a finding */
        else if (!refresh(files, due.path, due.closed))
            continue;
        any = true;
    }
    if (any)
        files__index_flush(files->index);
    arm(files);
}

/* The path is a manifest of the tree, or concerns one. */
static bool is_concerned(const struct files *files, const struct watched *watched, struct str path,
                         struct str name)
{
    if (watched->is_tree && files__is_manifest_name(name))
        return true;
    struct map_cursor at = {0};
    for (const struct known *known = NULL; (known = map_next(files->known, &at)) != NULL;) {
        if (files__paths_have(&known->paths, path))
            return true;
    }
    return false;
}

/* Everything known that lies in `directory`, or leads through it, may have changed. */
static void note_directory(struct files *files, struct str directory, bool closed)
{
    struct map_cursor at = {0};
    for (const struct known *known = NULL; (known = map_next(files->known, &at)) != NULL;) {
        for (size_t i = 0; i < known->paths.items.count; i++) {
            struct str path = str_of(known->paths.items.items[i]);
            if (str_equal(directory_of(path), directory))
                note(files, at.key, closed);
        }
    }
}

/* One event, for one of the paths of the directory it happened in. */
static void note_event(struct files *files, const struct watched *watched,
                       const struct loop_change_event *event)
{
    char path[PATH_MAX];
    path_join(path, watched->path, event->name);
    bool closed = event->change == LOOP_CHANGE_WRITTEN;
    if (str_starts_with(event->name, STR(".."))) {
        /* The link of a ConfigMap or Secret volume: all files behind it changed at once. */
        if (event->change != LOOP_CHANGE_REMOVED) {
            note_directory(files, str_of(watched->path), true);
            files__settle_note(files->settle, RESCAN, true, loop_now_ms(files->loop));
        }
    } else if (strcmp(path, files->directory) == 0 || (event->is_directory && watched->is_tree)) {
        note(files, RESCAN, event->change != LOOP_CHANGE_REMOVED);
    } else if (is_concerned(files, watched, str_of(path), event->name)) {
        note(files, str_of(path), closed);
    }
}

static void unwatch(struct files *files, int id)
{
    for (size_t i = files->watched.count; i-- > 0;) {
        if (files->watched.items[i].id != id)
            continue;
        mem_free(files->watched.items[i].path);
        VEC_REMOVE_UNORDERED(&files->watched, i);
    }
}

static void on_change(void *arg, const struct loop_change_event *event)
{
    struct files *files = arg;
    if (event->change == LOOP_CHANGE_OVERFLOW) {
        struct map_cursor at = {0};
        while (map_next(files->known, &at) != NULL)
            note(files, at.key, false);
        note(files, RESCAN, false);
    } else if (event->change == LOOP_CHANGE_GONE) {
        unwatch(files, event->watch);
        note(files, RESCAN, false);
    } else {
        for (size_t i = 0; i < files->watched.count; i++) {
            if (files->watched.items[i].id == event->watch)
                note_event(files, &files->watched.items[i], event);
        }
    }
    arm(files);
}

static enum err watch_open(struct files *files, struct err_info *reterr)
{
    enum err e = loop_watch_open(files->loop, on_change, files, &files->watch, reterr);
    if (e != ERR_OK)
        return e;
    files->alarm = loop_alarm_open(files->loop, on_due, files);
    /* Without it, only the return of a lost directory goes unnoticed. */
    (void)watch_directory(files, files->parent, false, NULL);
    return ERR_OK;
}

/* "dir/" and "dir" are one directory. */
static struct str without_slashes(struct str path)
{
    while (path.size > 1 && path.data[path.size - 1] == '/')
        path.size--;
    return path;
}

enum err files_open(struct loop *loop, const char *directory, const struct source_events *events,
                    struct files **ret_files, struct err_info *reterr)
{
    struct err_info reason = {.message = ""};
    struct files *files = MEM_NEW(struct files);
    files->events = *events;
    files->index = files__index_new(&files->events);
    files->settle = files__settle_new(FILES_QUIET_MS);
    files->known = map_new();
    files->directory = text_dup(without_slashes(str_of(directory)));
    files->parent = text_dup(directory_of(str_of(files->directory)));
    files->loop = loop;
    enum err e = loop == NULL ? ERR_OK : watch_open(files, &reason);
    if (e == ERR_OK)
        e = rescan(files, true, &reason);
    if (e != ERR_OK) {
        (void)files_close(files); /* always NULL */
        return err_set(reterr, e, "%s", reason.message);
    }
    files__index_flush(files->index);
    files->following = loop != NULL;
    *ret_files = files;
    return ERR_OK;
}

struct files *files_close(struct files *files)
{
    if (files == NULL)
        return NULL;
    files->watch = loop_watch_close(files->watch);
    files->alarm = loop_alarm_close(files->alarm);
    while (files->watched.count > 0)
        unwatch(files, files->watched.items[0].id);
    VEC_FREE(&files->watched);
    struct map_cursor at = {0};
    for (struct known *known = NULL; (known = map_next(files->known, &at)) != NULL;)
        known_free(known);
    files->known = map_free(files->known);
    files->settle = files__settle_free(files->settle);
    files->index = files__index_free(files->index);
    mem_free(files->directory);
    mem_free(files->parent);
    return mem_free(files);
}
