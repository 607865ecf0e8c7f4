#include "control/source/files/scan.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "control/source/files/files.h"

struct scan {
    struct files__paths *directories;
    struct files__paths *manifests;
    struct finding_list *problems;
    bool full; /* the bound was reported */
};

bool files__is_manifest_name(struct str name)
{
    if (name.size == 0 || name.data[0] == '.')
        return false;
    return str_ends_with(name, STR(".yaml")) || str_ends_with(name, STR(".yml")) ||
           str_ends_with(name, STR(".json"));
}

static void complain(struct scan *scan, const char *path, const char *message)
{
    struct finding_subject subject = {.file = str_of(path)};
    finding_add(scan->problems, FINDING_ERROR, &subject, (struct finding_mark){0}, STR_EMPTY, "%s",
                message);
}

/* The paths come from a directory, each once: no need to look for them. */
static void push(struct files__paths *paths, const char *path)
{
    size_t size = strlen(path) + 1;
    char *copy = mem_alloc(size);
    memcpy(copy, path, size);
    VEC_PUSH(&paths->items, copy);
}

static enum err scan_directory(struct scan *scan, const char *path, unsigned depth,
                               struct err_info *reterr);

static void scan_entry(struct scan *scan, const char *directory, const char *name, unsigned depth)
{
    char path[PATH_MAX];
    struct stat status;
    int size = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (name[0] == '.' || size < 0 || (size_t)size >= sizeof(path) || lstat(path, &status) != 0)
        return; /* hidden, or gone meanwhile */
    if (S_ISDIR(status.st_mode)) {
        struct err_info reason = {.message = ""};
        if (depth == FILES_DEPTH_MAX)
            complain(scan, path, "is not read: it lies too deep below the directory");
        else if (scan_directory(scan, path, depth + 1, &reason) != ERR_OK)
            complain(scan, path, reason.message);
        return;
    }
    if (!files__is_manifest_name(str_of(name)))
        return;
    if (scan->manifests->items.count < FILES_MAX)
        push(scan->manifests, path);
    else if (!scan->full)
        complain(scan, path, "is not read, like those after it: there are too many files");
    scan->full = scan->manifests->items.count == FILES_MAX;
}

static enum err scan_directory(struct scan *scan, const char *path, unsigned depth,
                               struct err_info *reterr)
{
    DIR *directory = opendir(path);
    if (directory == NULL && errno == ENOENT)
        return err_set(reterr, ERR_NOT_FOUND, "there is no directory %s", path);
    if (directory == NULL && errno == ENOTDIR)
        return err_set(reterr, ERR_NOT_FOUND, "%s is no directory", path);
    if (directory == NULL && errno == EACCES)
        return err_set(reterr, ERR_UNAUTHORISED, "no permission to read the directory %s", path);
    if (directory == NULL)
        return err_set_errno(reterr, "cannot read %s", path);
    push(scan->directories, path);
    for (const struct dirent *entry = NULL; (entry = readdir(directory)) != NULL;)
        scan_entry(scan, path, entry->d_name, depth);
    (void)closedir(directory); /* it was only read */
    return ERR_OK;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err files__scan(const char *directory, struct files__paths *directories,
                     struct files__paths *manifests, struct finding_list *problems,
                     struct err_info *reterr)
{
    struct scan scan = {.directories = directories, .manifests = manifests, .problems = problems};
    enum err e = scan_directory(&scan, directory, 0, reterr);
    if (e == ERR_OK && manifests->items.count > 0)
        qsort(manifests->items.items, manifests->items.count, sizeof(char *), compare_paths);
    return e;
}
