#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_READ_STEP ((size_t)64 * 1024)

static enum err open_failed(const char *path, struct err_info *reterr)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return err_set(reterr, ERR_NOT_FOUND, "%s does not exist", path);
    if (errno == EACCES || errno == EPERM)
        return err_set(reterr, ERR_UNAUTHORISED, "%s: permission denied", path);
    return err_set_errno(reterr, "cannot open %s", path);
}

static enum err read_all(int fd, const char *path, struct buf *buf, struct err_info *reterr)
{
    for (;;) {
        char chunk[FILE_READ_STEP];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got == 0)
            return ERR_OK;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(reterr, "cannot read %s", path);
        buf_append(buf, str_make(chunk, (size_t)got));
        if (buf_overflowed(buf))
            return err_set(reterr, ERR_LIMIT, "%s is larger than %zu bytes", path, buf->size_max);
    }
}

enum err file_read(const char *path, struct buf *buf, struct err_info *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd == -1)
        return open_failed(path, reterr);
    struct stat status;
    enum err e = ERR_OK;
    if (fstat(fd, &status) == -1)
        e = err_set_errno(reterr, "cannot read %s", path);
    else if (S_ISDIR(status.st_mode))
        e = err_set(reterr, ERR_INVALID, "%s is a directory", path);
    else if (S_ISBLK(status.st_mode) || S_ISSOCK(status.st_mode))
        e = err_set(reterr, ERR_INVALID, "%s is not a file", path);
    else
        e = read_all(fd, path, buf, reterr);
    (void)close(fd); /* nothing was written */
    return e;
}

enum err file_read_stdin(struct buf *buf, struct err_info *reterr)
{
    return read_all(STDIN_FILENO, "the standard input", buf, reterr);
}

static enum err write_all(int fd, const char *path, struct str content, struct err_info *reterr)
{
    while (content.size > 0) {
        ssize_t put = write(fd, content.data, content.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_set_errno(reterr, "cannot write %s", path);
        content = str_from(content, (size_t)put);
    }
    return ERR_OK;
}

/* Takes away what `mode` does not grant: a key written over a file that all could read. */
static enum err restrict_mode(int fd, const char *path, mode_t mode, struct err_info *reterr)
{
    struct stat status;
    if (fstat(fd, &status) == -1)
        return err_set_errno(reterr, "cannot write %s", path);
    if (S_ISREG(status.st_mode) && (status.st_mode & 0777 & ~mode) != 0 &&
        fchmod(fd, status.st_mode & mode & 0777) == -1)
        return err_set_errno(reterr, "cannot restrict the mode of %s", path);
    return ERR_OK;
}

enum err file_write(const char *path, struct str content, unsigned mode, struct err_info *reterr)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    if (fd == -1)
        return open_failed(path, reterr);
    enum err e = restrict_mode(fd, path, (mode_t)mode, reterr);
    if (e == ERR_OK)
        e = write_all(fd, path, content, reterr);
    if (close(fd) == -1 && e == ERR_OK)
        e = err_set_errno(reterr, "cannot write %s", path);
    return e;
}
